import { SettingsError } from './errors.ts';
import { present } from './present.ts';
import {
  arns,
  dateRanges,
  days,
  flag,
  grace,
  groups,
  json,
  path,
  readers,
  regions,
  someDays,
  tags,
  text,
  textLike,
  wholeNumber,
} from './setting-schemas.ts';
import * as z from './zod.ts';

/** One line for each setting: how it is parsed, its default as written in an environment variable, what it is for. */
export const settingSpecs = {
  enforce: spec(flag, 'false', 'Change things. While false every run is a dry run.'),
  secretPrefix: spec(
    textLike(/^[\w+=.@-]+(\/[\w+=.@-]+)*$/, 'must be letters, digits and _+=.@- with single slashes between'),
    'keyturn',
    'First part of every secret name: `<prefix>/<UserId>/access-key`.',
  ),
  topicArn: spec(
    textLike(
      /^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]+$/,
      'must be the ARN of a standard SNS topic, not of a FIFO one: arn:aws:sns:eu-west-1:123456789012:name',
    ),
    undefined,
    'SNS topic for all messages.',
  ),
  queueUrl: spec(textLike(/^https?:/, 'must be a queue URL'), undefined, 'SQS FIFO queue between scan and worker.'),
  kmsKeyId: spec(
    textLike(
      /^(|arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)\/.+|alias\/.+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/,
      'must be the ARN of a KMS key (arn:aws:kms:…:key/…), its ID, or alias/…',
    ),
    '',
    'KMS key for secrets; empty for the `aws/secretsmanager` key.',
  ),
  readerArns: spec(
    readers,
    '[]',
    'Principals that may read secrets in addition to their owners, as a JSON array: an ARN (with `*` as wildcard) for every secret, or `{"arn", "users"?, "paths"?, "handOn"?}` for those of some users.',
  ),
  ownersRead: spec(flag, 'true', 'Owners read their own secret; `false` leaves reading to the readers.'),
  administratorArns: spec(
    arns,
    '[]',
    'Principals that alone may change the policy of a secret, delete it or have it rotated, as a JSON array.',
  ),
  roleSuffix: spec(
    textLike(/^(-[\w+=,.@-]+)?$/, 'must begin with a hyphen'),
    '',
    'End of the names of all roles: `-team-a`.',
  ),
  // A principal who may move an alias could put a key of their own behind it, and sign what they like.
  stateKeyArn: spec(
    textLike(
      /^(arn:[\w-]+:kms:[\w-]+:\d{12}:key\/.+)?$/,
      'must be the ARN of the KMS key itself, not of an alias: arn:aws:kms:…:key/…',
    ),
    '',
    'KMS HMAC key that signs the state; empty for `alias/keyturn-state<roleSuffix>`.',
  ),
  stateEpoch: spec(
    z.pipe(wholeNumber, z.number().check(z.minimum(1, 'must be at least 1'), z.maximum(35, 'must be at most 35'))),
    '1',
    'Raise it by one, and the next run signs everything again. Signatures of the previous epoch count until it is raised once more.',
  ),
  runEveryDays: spec(
    z.pipe(wholeNumber, z.number().check(z.minimum(1, 'must be at least 1'), z.maximum(7, 'must be at most 7'))),
    '1',
    'The longest gap between two scheduled runs, in days: 3 for weekdays only.',
  ),
  exemptGroups: spec(groups, '[]', 'IAM groups whose members are exempt, as a JSON array.'),
  exemptPaths: spec(json(z.array(path)), '[]', 'IAM paths below which users are exempt, as a JSON array.'),
  userPathPrefix: spec(path, '/', 'Only users below this IAM path.'),
  onBlocked: spec(
    z.enum(['report', 'retire-least-used']),
    'report',
    'What to do about two active keys that block a rotation.',
  ),
  unused: spec(z.enum(['rotate', 'retire']), 'rotate', 'What to do about a due key unused for `unusedDays`.'),
  maxAccessKeyAgeDays: spec(someDays, '90', 'Age at which a key is due.'),
  rotateAheadDays: spec(days, '0', 'How long before `maxAccessKeyAgeDays` a replacement is issued.'),
  graceDays: spec(grace, '10', 'From the announcement to the deactivation of the old key; 0 means no grace period.'),
  quietDays: spec(days, '2', 'How long the old key must not have been used before it is deactivated.'),
  maxPostponeDays: spec(
    days,
    '10',
    'How long at most a deactivation is postponed while the old key is in use or the new one is not.',
  ),
  recoveryDays: spec(someDays, '10', 'From the deactivation to the deletion of a key.'),
  unusedDays: spec(someDays, '90', 'After how long without use a key counts as unused.'),
  exactSweepDays: spec(
    z.pipe(wholeNumber, z.number().check(z.minimum(1, 'must be at least 1'))),
    '30',
    'Every this many days, the keys of each user are listed directly instead of read from the credential report.',
  ),
  freeze: spec(
    dateRanges,
    '[]',
    'Date ranges without changes: `[["2026-12-20","2027-01-05"]]`, the second date exclusive.',
  ),
  maxNewRotationsPerDay: spec(wholeNumber, '25', 'New rotations a UTC day, by schedule and Config together.'),
  requireSubscription: spec(flag, 'true', 'Issue nothing while the topic has no confirmed subscription.'),
  replicaRegions: spec(regions, '[]', 'Regions that secrets are replicated to, as a JSON array.'),
  secretTags: spec(tags, '{}', 'Tags of your own on every secret, as a JSON object; at most 20.'),
  cloudtrailLookups: spec(flag, 'false', 'Say in reminders, from CloudTrail, what still uses the old key.'),
  suspectedKeys: spec(
    z.enum(['tell', 'act']),
    'tell',
    'What to do about a key that AWS only suspects to be in the wrong hands: `act` deactivates it as an exposed one.',
  ),
  // It is typed as it stands in an email: one line, and nothing that a terminal would take for more than text.
  switchCommand: spec(
    textLike(
      /^(|[!-~]([ -~]{0,98}[!-~])?)$/,
      'must be one line of at most 100 ASCII characters, without blanks at its ends',
    ),
    '',
    'How owners call `keyturn`, which emails then offer first: `keyturn`. Empty: no email names it.',
  ),
  secretRotationFunctionArn: spec(
    textLike(/^(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:.+)?$/, 'must be the ARN of a Lambda function'),
    '',
    'The only rotation function a secret may name.',
  ),
  deadLetterQueueUrl: spec(text, '', 'Dead-letter queue of the worker; its depth is in the digest.'),
  configRuleName: spec(text, '', 'Our AWS Config rule; it is evaluated again after a key was deactivated or deleted.'),
} as const;

type Specs = typeof settingSpecs;
export type SettingName = keyof Specs;
type Parsed = { readonly [Name in SettingName]: z.output<Specs[Name]['schema']> };
export type Settings = Parsed & Membership;

/** Not for an operator to set: known of an account in which a hub works by a role there. */
interface Membership {
  /** Where its secrets are. */
  readonly memberRegion?: string;
  /** What people call it, as AWS Organizations has it. */
  readonly memberName?: string;
}

/** The variables that say so. */
export const MEMBER_VARIABLE = 'KEYTURN_MEMBER_REGION';
export const MEMBER_NAME_VARIABLE = 'KEYTURN_MEMBER_NAME';

interface Spec<T extends z.ZodMiniType> {
  schema: T;
  /** `undefined`: must be given. */
  default: string | undefined;
  describes: string;
}

function spec<T extends z.ZodMiniType>(schema: T, fallback: string | undefined, describes: string): Spec<T> {
  return { schema, default: fallback, describes };
}

/** `maxAccessKeyAgeDays` → `KEYTURN_MAX_ACCESS_KEY_AGE_DAYS`. */
export function environmentName(setting: string): string {
  return `KEYTURN_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * The settings, from environment variables. An empty variable counts as absent: that is how a template writes "not
 * given". Throws a SettingsError that names every variable that is wrong, and what it may be.
 */
export function parseSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const settings = readSettings((name) => environment[environmentName(name)], {
    cannot: 'Cannot start',
    nameOf: environmentName,
  });
  const { [MEMBER_VARIABLE]: memberRegion, [MEMBER_NAME_VARIABLE]: memberName } = environment;
  return memberRegion ? { ...settings, memberRegion, ...present({ memberName }) } : settings;
}

/** The same for callers that have the values under other names: `nameOf` is what the sentences call a setting. */
export function readSettings(
  given: (setting: string) => string | undefined,
  { cannot, nameOf }: { cannot: string; nameOf: (setting: string) => string },
): Settings {
  const read = settingsOrProblems(given, nameOf);
  if ('problems' in read) throw new SettingsError(`${cannot}: ${read.problems.join('. ')}.`);
  return read;
}

/** The settings, or why they are none: clauses. */
export function settingsOrProblems(
  given: (setting: string) => string | undefined,
  nameOf: (setting: string) => string,
): Settings | { problems: readonly string[] } {
  const parsed: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { schema, default: fallback }] of Object.entries(settingSpecs)) {
    const value = given(name) || fallback;
    if (value === undefined) {
      problems.push(`${nameOf(name)} is missing`);
      continue;
    }
    const result = schema.safeParse(value);
    if (result.success) parsed[name] = result.data;
    else problems.push(`${nameOf(name)} is "${value}": ${result.error.issues.map((i) => i.message).join('; ')}`);
  }
  if (problems.length > 0) return { problems };
  const settings = parsed as Parsed;
  const overrun = timelineProblem(settings) ?? unreadable(settings, nameOf);
  return overrun === undefined ? settings : { problems: [overrun] };
}

/** Why no one at all could read a secret, or undefined. */
function unreadable(
  { ownersRead, readerArns }: Pick<Settings, 'ownersRead' | 'readerArns'>,
  nameOf: (setting: string) => string,
): string | undefined {
  if (ownersRead || readerArns.length > 0) return undefined;
  return `${nameOf('ownersRead')} is false, but ${nameOf('readerArns')} is empty: no one could read a new key`;
}

/** The days that decide whether one rotation is over before the next one begins. */
export type Timeline = Pick<
  Settings,
  'maxAccessKeyAgeDays' | 'rotateAheadDays' | 'graceDays' | 'maxPostponeDays' | 'recoveryDays' | 'runEveryDays'
>;

/**
 * Why one rotation could still be running when the next one is due (it would then find no free key slot), or undefined.
 */
export function timelineProblem(timeline: Timeline): string | undefined {
  const available = timeline.maxAccessKeyAgeDays - timeline.rotateAheadDays;
  // Issue and limit are each up to one run late.
  const late = 2 * timeline.runEveryDays;
  const needed = timeline.graceDays + timeline.maxPostponeDays + timeline.recoveryDays + late;
  if (available >= needed) return undefined;
  return (
    `maxAccessKeyAgeDays - rotateAheadDays is ${available} days, but graceDays + maxPostponeDays + recoveryDays + ${late} ` +
    `is ${needed}: raise the first or lower the second`
  );
}
