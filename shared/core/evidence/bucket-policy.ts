import { jsonOf } from '../json.ts';

// What the stack asks of the bucket that it keeps evidence in (resources/evidence.yml, held together by a test).

/** Who writes, and what the bucket is to withstand. */
export interface AskedOfBucket {
  bucket: string;
  partition: string;
  /** The account in which Keyturn is deployed. */
  homeAccountId: string;
  roleSuffix: string;
  lock: { mode: 'governance' | 'compliance' | 'none'; days: number };
  /** 0: nothing is taken. */
  expireDays: number;
}

type Statement = Readonly<Record<string, unknown>>;

/** What is denied to everybody. */
export function denialsAsked(asked: AskedOfBucket): Statement[] {
  const arn = `arn:${asked.partition}:s3:::${asked.bucket}`;
  const below = (...folders: readonly string[]) => folders.map((folder) => `${arn}/????????????/${folder}/*`);
  const role = (name: string) =>
    `arn:${asked.partition}:iam::${asked.homeAccountId}:role/keyturn/keyturn-${name}${asked.roleSuffix}`;
  const deny = (Sid: string, Action: string | readonly string[], more: Statement): Statement => {
    return { Sid, Effect: 'Deny', Principal: '*', Action, Resource: `${arn}/*`, ...more };
  };
  const notBy = (name: string) => ({ ArnNotEquals: { 'aws:PrincipalArn': role(name) } });
  const { Resource: _, ...nowhereElse } = deny('NowhereElse', 's3:PutObject', {
    NotResource: below('chain', 'records', 'reports', 'runs', 'tests'),
  });
  const neverDelete = deny('NeverDelete', ['s3:DeleteObject', 's3:DeleteObjectVersion'], {});
  return [
    deny('OnlyTls', 's3:*', { Resource: [arn, `${arn}/*`], Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    deny('NeverOverwrite', 's3:PutObject', {
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    }),
    ...(asked.lock.mode === 'none' ? [] : [neverDelete]),
    deny('NeverPassTheLock', 's3:BypassGovernanceRetention', {}),
    deny('OnlyTheRecorder', 's3:PutObject', { Resource: below('records'), Condition: notBy('evidence-recorder') }),
    deny('OnlyTheCollector', 's3:PutObject', {
      Resource: below('chain', 'reports', 'runs', 'tests'),
      Condition: notBy('evidence-collector'),
    }),
    nowhereElse,
  ];
}

/** Denials that are asked for and not there, word for word. What else is denied or allowed cannot undo them. */
export function policyProblems(document: string | undefined, asked: AskedOfBucket): string[] {
  const policy: unknown = jsonOf(document);
  const statements =
    typeof policy === 'object' && policy !== null && 'Statement' in policy ? [policy.Statement].flat() : [];
  const found = new Set(statements.map(wordsOf));
  const missing = denialsAsked(asked).filter((statement) => !found.has(wordsOf(statement)));
  return missing.map(({ Sid }) => `its policy does not have the denial ${Sid} as it was deployed`);
}

/** The same for statements that mean the same: lists in any order, one item with or without a list, and no name. */
function wordsOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? wordsOf(value[0]) : value.map(wordsOf).toSorted().join();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([name]) => name !== 'Sid');
  const [[only, item] = []] = members;
  if (members.length === 1 && only === 'AWS') return wordsOf(item);
  return `{${members
    .map(([name, member]) => `${name}=${wordsOf(member)}`)
    .toSorted()
    .join()}}`;
}

/** What matters of a rule of a lifecycle. */
export interface LifecycleRule {
  Status?: string | undefined;
  Expiration?: { Days?: number | undefined; Date?: Date | undefined } | undefined;
  NoncurrentVersionExpiration?: object | undefined;
  Transitions?: readonly object[] | undefined;
  NoncurrentVersionTransitions?: readonly object[] | undefined;
}

/** Nothing goes before its time. */
export function lifecycleProblems(rules: readonly LifecycleRule[], { expireDays }: AskedOfBucket): string[] {
  const on = rules.filter(({ Status }) => Status === 'Enabled');
  const days = on.flatMap(({ Expiration }) => Expiration?.Days ?? []);
  const early = days.filter((each) => expireDays === 0 || each < expireDays);
  const isDated = on.some(({ Expiration }) => Expiration?.Date !== undefined);
  const takesVersions = on.some((rule) => rule.NoncurrentVersionExpiration !== undefined);
  const moves = on.some(
    ({ Transitions = [], NoncurrentVersionTransitions = [] }) =>
      [...Transitions, ...NoncurrentVersionTransitions].length > 0,
  );
  const asked = expireDays === 0 ? 'never' : `after ${expireDays}`;
  return [
    ...early.map((each) => `its lifecycle takes objects after ${each} days, not ${asked}`),
    ...(isDated ? ['its lifecycle takes objects at a date'] : []),
    ...(takesVersions && expireDays === 0 ? ['its lifecycle takes older versions'] : []),
    ...(moves ? ['its lifecycle moves objects to a storage class that cannot be read immediately'] : []),
    ...(expireDays > 0 && days.length === 0
      ? [`its lifecycle does not take objects ${asked} days, as digests say`]
      : []),
  ];
}
