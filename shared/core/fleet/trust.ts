import { rotatingFunctions } from '../function-name.ts';
import type { AccountReason } from './account-reasons.ts';
import { externalIdOf, type MemberRole, ROLE_PATH } from './member-roles.ts';
import { rolesTaken } from './policy.ts';

/** Of the template that this deployment goes with, as the tag `keyturn:template` of its roles says. */
export const TEMPLATE = '1';

/** What a member's roles trust: functions of one hub, for one account. */
export interface Trusted {
  readonly partition: string;
  readonly hubAccountId: string;
  readonly organizationId: string;
  /** The fleet's. */
  readonly externalId: string;
  readonly roleSuffix: string;
  /** The member. */
  readonly accountId: string;
}

/** The functions that may take a role there. The one that gathers evidence is always named, whether it is deployed or not. */
export function takersOf(role: MemberRole): readonly string[] {
  const taking = Object.entries(rolesTaken).filter(([, roles]) => roles.some((each) => each === role));
  const names = taking.map(([name]) => name);
  return [...new Set([...names, ...(role === 'observe' ? ['evidence-collector'] : [])])];
}

/** The trust policy of a role as the template writes it. */
export function expectedTrust(role: MemberRole, trusted: Trusted) {
  const { partition, hubAccountId, organizationId, externalId, roleSuffix, accountId } = trusted;
  const hub = `arn:${partition}:iam::${hubAccountId}`;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'HubTakesRole',
        Effect: 'Allow',
        Principal: { AWS: `${hub}:root` },
        Action: 'sts:AssumeRole',
        Condition: {
          StringEquals: {
            'aws:PrincipalOrgID': organizationId,
            'sts:ExternalId': externalIdOf(externalId, accountId),
          },
          ArnEquals: {
            'aws:PrincipalArn': takersOf(role).map((name) => `${hub}:role${ROLE_PATH}keyturn-${name}${roleSuffix}`),
          },
          StringLike: { 'sts:RoleSessionName': 'keyturn-*' },
        },
      },
    ],
  };
}

/** What is different about a trust policy, and whether it only lets in fewer functions than it should. */
export interface TrustDifference {
  readonly says: string;
  readonly isNarrower: boolean;
}

/** Undefined: the policy means what it should, however it is written. */
export function trustDifference(found: unknown, role: MemberRole, trusted: Trusted): TrustDifference | undefined {
  const statements = statementsOf(found);
  const [statement] = statements;
  if (statement === undefined || statements.length > 1) {
    return { says: `it has ${statements.length} statements, not one`, isNarrower: false };
  }
  const actual = partsOf(statement);
  const wanted = partsOf(statementsOf(expectedTrust(role, trusted))[0]);
  const names = [...new Set([...wanted.keys(), ...actual.keys()])];
  const different = names.filter((name) => !isSame(actual.get(name) ?? [], wanted.get(name) ?? []));
  if (different.length === 0) return undefined;
  const isNarrower = different.every(
    (name) => name === CALLERS && isSome(actual.get(name) ?? [], wanted.get(name) ?? []),
  );
  return { says: different.map((name) => `${name} is ${shown(actual.get(name))}`).join('; '), isNarrower };
}

const CALLERS = 'arnequals aws:principalarn';

function shown(values: readonly string[] | undefined): string {
  return values === undefined ? 'absent' : values.join(', ');
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((value) => others.includes(value));
}

/** Not of nobody: that would be a condition that is not there. */
function isSome(some: readonly string[], all: readonly string[]): boolean {
  return some.length > 0 && some.every((value) => all.includes(value));
}

function statementsOf(document: unknown): unknown[] {
  const { Statement } = recordOf(document);
  return [Statement ?? []].flat();
}

/** Each element by itself, and each condition by operator and key; the ID of a statement means nothing. */
function partsOf(statement: unknown): Map<string, readonly string[]> {
  const { Sid: _, Condition, Principal, ...elements } = recordOf(statement);
  const conditions = Object.entries(recordOf(Condition)).flatMap(([operator, keys]) =>
    Object.entries(recordOf(keys)).map(([key, values]): [string, unknown] => [`${operator} ${key}`, values]),
  );
  const principals = typeof Principal === 'string' ? { '*': Principal } : recordOf(Principal);
  const named = Object.entries(principals).map(([kind, values]): [string, unknown] => [`Principal ${kind}`, values]);
  const all = [...Object.entries(elements), ...named, ...conditions];
  // Names of operators and keys match ignoring case.
  return new Map(all.map(([name, values]) => [name.toLowerCase(), textsOf(values)]));
}

/** Distinct, in order; an account alone stands for its root. */
function textsOf(values: unknown): string[] {
  const texts = [values ?? []].flat().map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  const whole = texts.map((text) => text.replace(/^arn:[\w-]+:iam::(\d{12}):root$/, '$1'));
  return [...new Set(whole)].sort();
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

/** Whether no user is below both paths. */
export function areDisjoint(one: string, other: string): boolean {
  return !one.startsWith(other) && !other.startsWith(one);
}

export const trustFindingKinds = [
  'no-external-id',
  'trust-drifted',
  'role-missing',
  'own-deployment',
  'second-hub',
  'paused',
  'looks-only',
  'template-outdated',
  'parameters-differ',
] as const;
export type TrustFindingKind = (typeof trustFindingKinds)[number];

/** What is not as it should be about an account's roles. */
export interface TrustFinding {
  readonly kind: TrustFindingKind;
  /** What digests count it as. */
  readonly reason: AccountReason;
  /** A sentence. */
  readonly message: string;
  /** Nobody there is worked on until it is put right. */
  readonly isRefusal: boolean;
}

/** What each kind is told as, and whether it keeps us from the account. */
const MEANINGS: Readonly<Record<TrustFindingKind, Pick<TrustFinding, 'reason' | 'isRefusal'>>> = {
  'no-external-id': { reason: 'trust-changed', isRefusal: true },
  'trust-drifted': { reason: 'trust-changed', isRefusal: true },
  'role-missing': { reason: 'role-refused', isRefusal: true },
  'own-deployment': { reason: 'own-deployment', isRefusal: true },
  'second-hub': { reason: 'second-hub', isRefusal: true },
  paused: { reason: 'paused', isRefusal: false },
  'looks-only': { reason: 'paused', isRefusal: false },
  'template-outdated': { reason: 'template-outdated', isRefusal: false },
  'parameters-differ': { reason: 'parameters-differ', isRefusal: false },
};

export function finding(kind: TrustFindingKind, message: string): TrustFinding {
  return { kind, message, ...MEANINGS[kind] };
}

/** Parameters of the template without which a hub that needs them is refused there, by their tag. */
const OPTIONS = { 'cloudtrail-lookups': 'CloudtrailLookups', evidence: 'Evidence', 'aws-config': 'AwsConfig' } as const;
export type TemplateOption = keyof typeof OPTIONS;

/** What the template was given, as its roles say by their tags, and what the settings need of it. */
export function tagFindings(
  name: string,
  tags: Readonly<Record<string, string>>,
  wanted: {
    userPathPrefix: string;
    secretPrefix: string;
    region: string;
    kmsKeyId: string;
    needs: readonly TemplateOption[];
  },
): TrustFinding[] {
  const template = tags['keyturn:template'];
  const outdated =
    template === TEMPLATE
      ? []
      : [
          finding(
            'template-outdated',
            `${name} is of template ${template ?? 'none'}, and the hub is of ${TEMPLATE}: update the StackSet.`,
          ),
        ];
  const users = tags['keyturn:user-path-prefix'] ?? '/';
  const secrets = tags['keyturn:secret-prefix'] ?? wanted.secretPrefix;
  const region = tags['keyturn:secret-region'] ?? wanted.region;
  const alias = tags['keyturn:kms-alias'];
  const isOwnKey = wanted.kmsKeyId !== '' && !wanted.kmsKeyId.endsWith('alias/aws/secretsmanager');
  const problems = [
    wanted.userPathPrefix.startsWith(users)
      ? ''
      : `users below ${users}, and the settings want ${wanted.userPathPrefix}`,
    secrets === wanted.secretPrefix ? '' : `secrets of ${secrets}/, and the settings want ${wanted.secretPrefix}/`,
    region === wanted.region ? '' : `secrets in ${region}, and the settings want ${wanted.region}`,
    isOwnKey && alias === undefined ? `no KMS key, and the settings want ${wanted.kmsKeyId}` : '',
    isOwnKey && alias !== undefined && wanted.kmsKeyId.includes('alias/') && !wanted.kmsKeyId.endsWith(alias)
      ? `the KMS key ${alias}, and the settings want ${wanted.kmsKeyId}`
      : '',
    ...wanted.needs
      .filter((option) => tags[`keyturn:${option}`] === 'false')
      .map((option) => `a hub that needs no ${OPTIONS[option]}, and this one does`),
  ].filter((problem) => problem !== '');
  return [...outdated, ...problems.map((problem) => finding('parameters-differ', `${name} is for ${problem}.`))];
}

/** Whether a role is that of a function of the deployment with this suffix. */
export function isFunctionOf(roleName: string, roleSuffix: string): boolean {
  return rotatingFunctions.some((name) => roleName === `keyturn-${name}${roleSuffix}`);
}

/** What a role of this service in an account is that rotates, and is not the one that the hub takes. */
export function rotatorOf(roleName: string, roleSuffix: string): 'own-deployment' | 'second-hub' | undefined {
  if (rotatingFunctions.some((name) => roleName.startsWith(`keyturn-${name}`))) return 'own-deployment';
  return roleName.startsWith('keyturn-rotate') && roleName !== `keyturn-rotate${roleSuffix}` ? 'second-hub' : undefined;
}
