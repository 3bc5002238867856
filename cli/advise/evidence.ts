import {
  type AttachedPolicy,
  type GroupDetail,
  paginateGetAccountAuthorizationDetails,
  type UserDetail,
} from '@aws-sdk/client-iam';
import { readCredentialReport } from '../../shared/aws/account-report.ts';
import { mapConcurrently } from '../../shared/aws/map-concurrently.ts';
import { getLastUsed, listAccessKeys } from '../../shared/aws/observe.ts';
import { lookUpUses, TRAIL_PAUSE, type TrailUse } from '../../shared/aws/trail.ts';
import type { CredentialReport, ReportRow } from '../../shared/core/credential-report.ts';
import { collect, type Failures, isFailure, messageOf } from '../../shared/core/errors.ts';
import { DAY, type Instant } from '../../shared/core/time.ts';
import { userTagNames } from '../../shared/core/user-settings.ts';
import type { Account } from '../accounts.ts';
import type { Context } from '../context.ts';
import type { Evidence, KeyEvidence } from './signs.ts';

/** One who has an Active key, with the ARN that questions about them need. */
export interface Person {
  evidence: Evidence;
  arn?: string;
}

export interface Gathered {
  people: readonly Person[];
  /** Sentences: what could not be read, and of whom. */
  errors: readonly string[];
  causes: readonly unknown[];
}

export interface Question {
  account: Pick<Account, 'aws'>;
  now: Instant;
  /** Everybody, if empty. */
  users: readonly string[];
  /** Days to look back in CloudTrail; without it CloudTrail is not asked. */
  trailDays?: number;
}

/** What is known of everybody who has an Active key: the root user first, then users by name. */
export async function gather({ shell }: Context, question: Question): Promise<Gathered> {
  const { account, users: names, now } = question;
  const { aws } = account;
  const [report, { users, groups }] = await Promise.all([readCredentialReport(aws, shell), readUsers(aws)]);
  const failures = { errors: [], causes: [] } satisfies Failures;
  const policiesOf = new Map(groups.map((group) => [group.GroupName ?? '', attached(group.AttachedManagedPolicies)]));
  const asked = users.filter(({ UserName = '' }) => names.length === 0 || names.includes(UserName));
  const read = await mapConcurrently(asked, async (detail): Promise<Person[]> => {
    const row = report.users.get(detail.Arn ?? '');
    if (row !== undefined && !row.keys.some(({ isActive }) => isActive)) return [];
    try {
      const keys = await readKeys(aws, detail.UserName ?? '');
      if (keys.length === 0) return [];
      return [{ evidence: evidenceOf(detail, { now, row, keys, policiesOf }), arn: detail.Arn ?? '' }];
    } catch (error) {
      // Deleted since the list of users was read.
      if (!isFailure(error, 'NoSuchEntity')) collect(failures, error, `${detail.UserName}: ${messageOf(error)}`);
      return [];
    }
  });
  const people = read.flat().toSorted((a, b) => (a.evidence.userName < b.evidence.userName ? -1 : 1));
  const isRootAsked = names.length === 0 && report.rootActiveKeys > 0;
  const traced = question.trailDays === undefined ? people : await trace(shell, { ...question, people, failures });
  return { people: [...(isRootAsked ? [{ evidence: rootOf(report, now) }] : []), ...traced], ...failures };
}

async function readUsers(aws: Account['aws']): Promise<{ users: UserDetail[]; groups: GroupDetail[] }> {
  const users: UserDetail[] = [];
  const groups: GroupDetail[] = [];
  const pages = paginateGetAccountAuthorizationDetails(
    { client: aws.iam, pageSize: 1_000 },
    { Filter: ['User', 'Group'] },
  );
  for await (const page of pages) {
    users.push(...(page.UserDetailList ?? []));
    groups.push(...(page.GroupDetailList ?? []));
  }
  return { users, groups };
}

/** The report names no key, and may be four hours old. */
async function readKeys(aws: Account['aws'], userName: string): Promise<KeyEvidence[]> {
  const active = (await listAccessKeys(aws, userName)).filter(({ status }) => status === 'Active');
  return mapConcurrently(active, async ({ accessKeyId, createdAt }) => {
    const lastUsed = await getLastUsed(aws, accessKeyId);
    return { accessKeyId, createdAt, ...(lastUsed === undefined ? {} : { lastUsed }) };
  });
}

interface Facts {
  now: Instant;
  row: ReportRow | undefined;
  keys: readonly KeyEvidence[];
  /** By the name of a group. */
  policiesOf: ReadonlyMap<string, readonly string[]>;
}

function evidenceOf(detail: UserDetail, { now, row, keys, policiesOf }: Facts): Evidence {
  const { UserName = '', GroupList = [], AttachedManagedPolicies, UserPolicyList = [], Tags = [] } = detail;
  const own = attached(AttachedManagedPolicies);
  const policies = [...new Set([...own, ...GroupList.flatMap((group) => policiesOf.get(group) ?? [])])];
  const isInlineOnly = own.length === 0 && GroupList.length === 0;
  const allowedActions = isInlineOnly
    ? actionsOf(UserPolicyList.map(({ PolicyDocument = '' }) => PolicyDocument))
    : undefined;
  const tag = (name: string) => Tags.find(({ Key = '' }) => Key.toLowerCase() === name)?.Value;
  const isExempt = ![undefined, 'false'].includes(tag(userTagNames.exempt)?.toLowerCase());
  const exemptReason = tag(userTagNames.exemptReason);
  return {
    now,
    userName: UserName,
    isRoot: false,
    keys,
    hasPassword: row?.hasPassword ?? false,
    hasMfa: row?.hasMfa ?? false,
    policies,
    ...(allowedActions === undefined ? {} : { allowedActions }),
    ...(isExempt && exemptReason !== undefined ? { exemptReason } : {}),
  };
}

function rootOf({ reportedAt }: CredentialReport, now: Instant): Evidence {
  const known = { hasPassword: true, hasMfa: false, policies: [] };
  return { now: Math.max(now, reportedAt), userName: '<root_account>', isRoot: true, keys: [], ...known };
}

function attached(policies: readonly AttachedPolicy[] = []): string[] {
  return policies.map(({ PolicyName = '' }) => PolicyName);
}

/** Every action that they allow; nothing if one of them is not understood, or allows all but something. */
function actionsOf(documents: readonly string[]): readonly string[] | undefined {
  try {
    return documents.flatMap((document) => {
      const { Statement }: { Statement: unknown } = JSON.parse(decodeURIComponent(document));
      return [Statement].flat().flatMap(allowedBy);
    });
  } catch {
    return undefined;
  }
}

function allowedBy(statement: unknown): string[] {
  const members = new Map(Object.entries(Object(statement)));
  if (members.get('Effect') !== 'Allow') return [];
  const action = members.get('Action');
  if (action === undefined) throw new Error('It allows all but something.');
  return [action].flat().map(String);
}

interface Trace extends Question {
  people: readonly Person[];
  failures: Failures;
}

/** One look-up at a time: CloudTrail answers two a second, for the whole account. */
async function trace(
  shell: Context['shell'],
  { account, people, now, trailDays = 0, failures }: Trace,
): Promise<Person[]> {
  const traced: Person[] = [];
  for (const person of people) {
    const uses: TrailUse[] = [];
    try {
      for (const { accessKeyId, lastUsed } of person.evidence.keys) {
        for (const region of regionsOf(lastUsed?.region)) {
          await shell.sleep(TRAIL_PAUSE);
          const runtime = { aws: account.aws, sleep: shell.sleep };
          const asked = { accessKeyId, region, from: now - trailDays * DAY, to: now };
          for await (const page of lookUpUses(runtime, asked)) uses.push(...page);
        }
      }
      traced.push({ ...person, evidence: { ...person.evidence, uses } });
    } catch (error) {
      collect(failures, error, `${person.evidence.userName}: ${messageOf(error)}`);
      traced.push(person);
    }
  }
  return traced;
}

/** Where the key was used last, and where global services write. */
function regionsOf(region = ''): string[] {
  return [...new Set([region, 'us-east-1'])].filter((name) => /^[a-z]{2}(-[a-z]+)+-\d+$/.test(name));
}
