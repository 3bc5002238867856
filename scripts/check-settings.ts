import { SettingsError } from '../shared/core/errors.ts';
import type { Fleet } from '../shared/core/fleet/fleet.ts';
import { checkOverrides } from '../shared/core/fleet/settings-for.ts';
import { environmentName, readSettings, type Settings, settingSpecs } from '../shared/core/settings.ts';
import { longestGapDays } from './schedule.ts';

/** What serverless.yml is once its variables are resolved, as far as parameters are in it. */
export interface Service {
  provider: { environment?: Readonly<Record<string, unknown>>; region?: string };
  custom?: { given?: Readonly<Record<string, unknown>>; stack?: Readonly<Record<string, unknown>>; fleet?: string };
}

/** What the stack gives to its functions itself; CloudFormation knows the values. */
const MADE: Readonly<Record<string, string>> = {
  topicArn: 'arn:aws:sns:eu-west-1:000000000000:own',
  queueUrl: 'https://queue',
};

/** What is wrong with a value that is given, as the end of a sentence; undefined: nothing. */
type Rule = (value: string, region: string) => string | undefined;

/**
 * Throws a SettingsError that names every parameter of which the functions would say that they cannot start with it, or
 * which the templates would take for another than it is: a deployment that does not take place harms nobody, one that
 * stops every run does.
 */
export function checkSettings({ provider, custom }: Service, fleet?: Fleet): void {
  const { environment, region = '' } = provider;
  const values = { ...environment, ...custom?.given };
  const given = (name: string): string | undefined => textOf(values[name]) ?? textOf(values[environmentName(name)]);
  const known = (name: string): string | undefined => given(name) ?? MADE[name];
  const settings = readSettings(known, { cannot: 'Cannot deploy', nameOf: (name) => name });
  if (fleet !== undefined) checkOverrides(fleet, known);
  const stack = (name: string): string | undefined => textOf(custom?.stack?.[name]);
  const problems = [
    ...broken(settingRules(settings), given, region),
    ...broken(stackRules, stack, region),
    ...(stack('createKmsKey') === 'true' && settings.kmsKeyId !== ''
      ? ['createKmsKey is "true": must be false where kmsKeyId names a key']
      : []),
    ...(stack('createOrganizationConfigRule') === 'true' && fleet === undefined
      ? ['createOrganizationConfigRule is "true": must be false without a fleet']
      : []),
    ...ownerOfNoBucket(stack),
    ...expiresTooSoon(stack),
  ];
  if (problems.length > 0) throw new SettingsError(`Cannot deploy: ${problems.join('. ')}.`);
}

/** Beyond the lock, so that an audit that begins late still finds all of its year. */
const BEYOND_LOCK = 35;

/** What is locked cannot expire. */
function expiresTooSoon(stack: (name: string) => string | undefined): string[] {
  const [lock, expire] = [Number(stack('evidenceLockDays')), Number(stack('evidenceExpireDays'))];
  if (!(expire > 0 && expire < lock + BEYOND_LOCK)) return [];
  return [
    `evidenceExpireDays is "${expire}": must be 0, which is never, or at least ${BEYOND_LOCK} more than evidenceLockDays, ${lock}`,
  ];
}

/** A bucket that the stack makes is of its own account. */
function ownerOfNoBucket(stack: (name: string) => string | undefined): string[] {
  const owner = stack('evidenceBucketOwner');
  if (owner === undefined || stack('evidenceBucket') !== undefined) return [];
  return [`evidenceBucketOwner is "${owner}": must be empty without evidenceBucket`];
}

function broken(
  rules: Readonly<Record<string, readonly Rule[]>>,
  given: (name: string) => string | undefined,
  region: string,
): string[] {
  return Object.entries(rules).flatMap(([name, all]) => {
    const value = given(name);
    if (value === undefined) return [];
    const wrong = all.map((rule) => rule(value, region)).find((each) => each !== undefined);
    return wrong === undefined ? [] : [`${name} is "${value}": ${wrong}`];
  });
}

const like =
  (pattern: RegExp, otherwise: string): Rule =>
  (value) =>
    pattern.test(value) ? undefined : otherwise;

/** Of another schedule the alarm would ring between two runs, and days would be without evidence. */
const daily: Rule = (schedule) => {
  const gap = longestGapDays(schedule);
  return gap === undefined || gap > 1 ? 'must be a schedule of which it is plain that it runs each day' : undefined;
};

const inRegion: Rule = (arn, region) => {
  const where = arn.split(':')[3];
  return region === '' || where === region ? undefined : `is in ${where}, and must be in ${region}, as the stack is`;
};

const between =
  (least: number, most: number): Rule =>
  (value) =>
    /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}`;

const flag = like(/^(true|false)$/, 'must be true or false');
const key = like(
  /^arn:[^:]+:kms:[^:]+:\d{12}:key\//,
  "must be the ARN of the key itself (arn:aws:kms:…:key/…), which the roles' policies name",
);
const topic: Rule = (value) => settingSpecs.topicArn.schema.safeParse(value).error?.issues[0]?.message;

/** What only the deployment knows of settings that parse. */
function settingRules({ replicaRegions }: Settings): Record<string, readonly Rule[]> {
  const elsewhere: Rule = (_, region) =>
    replicaRegions.includes(region) ? `must not hold ${region}, where the secrets are` : undefined;
  return { topicArn: [inRegion], kmsKeyId: [key, inRegion], replicaRegions: [elsewhere] };
}

/** Parameters that no function reads. The templates compare texts: `True` would be a no, and nobody would notice. */
const stackRules: Record<string, readonly Rule[]> = {
  createKmsKey: [flag],
  createConfigRule: [flag],
  createOrganizationConfigRule: [flag],
  deployerArn: [
    like(
      /^arn:[\w-]+:iam::\d{12}:(root$|(user|role)\/[^*?]+$)/,
      'must be the ARN of a user or role, not of a session: arn:aws:iam::123456789012:role/name',
    ),
  ],
  permissionsBoundaryArn: [
    like(
      /^arn:[\w-]+:iam::(\d{12}|aws):policy\/./,
      'must be the ARN of a policy: arn:aws:iam::123456789012:policy/name',
    ),
  ],
  alarmTopicArn: [topic, inRegion],
  topicKmsKeyArn: [key, inRegion],
  keepEvidence: [flag],
  evidenceBucket: [like(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket, not its ARN')],
  evidenceBucketOwner: [like(/^\d{12}$/, 'must be the number of an account')],
  evidenceLockMode: [like(/^(governance|compliance|none)$/, 'must be governance, compliance or none')],
  evidenceLockDays: [between(1, 3_650)],
  evidenceExpireDays: [between(0, 36_500)],
  evidenceSigning: [
    like(
      /^(true|false|arn:[\w-]+:kms:[\w-]+:\d{12}:key\/.+)$/,
      'must be true, false, or the ARN of a KMS key: arn:aws:kms:…:key/…',
    ),
  ],
  bucketEncryption: [like(/^(any|kms|customer-key)$/, 'must be any, kms or customer-key')],
  evidenceSchedule: [daily],
  unusedCredentialDays: [between(1, 3_650)],
  mfaMessages: [flag],
  trailLogGroupName: [like(/^[\w./#-]{1,512}$/, 'must be the name of a log group, not its ARN')],
  remediationConcurrency: [like(/^\d+$/, 'must be a whole number')],
};

/** A reference to what the stack makes is no text. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
