import { SettingsError } from './errors.ts';
import { type Instant, parseDate } from './time.ts';
import * as z from './zod.ts';

const text = z.string();
const textLike = (pattern: RegExp, otherwise: string) => text.check(z.regex(pattern, otherwise));
const flag = z.pipe(
  z.enum(['true', 'false']),
  z.transform((value) => value === 'true'),
);
const toNumber = z.transform((value: string) => Number(value));
const number = z.pipe(textLike(/^\d+(\.\d+)?$/, 'must be a number'), toNumber);
const days = z.pipe(number, z.number().check(z.maximum(3_650, 'must be at most 3650 days')));
const someDays = z.pipe(days, z.number().check(z.minimum(1, 'must be at least 1 day')));
const wholeNumber = z.pipe(textLike(/^\d+$/, 'must be a whole number'), toNumber);

/** JSON inside an environment variable: IAM names may hold commas, so no separator would do. */
function json<T extends z.ZodMiniType>(schema: T) {
  const parsed = z.transform((input: string, { issues }): unknown => {
    try {
      return JSON.parse(input);
    } catch {
      issues.push({ code: 'custom', input, message: 'must be JSON' });
      return z.NEVER;
    }
  });
  return z.pipe(z.pipe(text, parsed), schema);
}

/** A value that could match nothing is refused: nobody would notice an exemption that exempts nobody. */
const path = textLike(/^\/([!-~]+\/)?$/, 'must begin and end with /, without spaces');
const groups = json(z.array(textLike(/^[\w+=,.@-]{1,128}$/, 'must be names of groups, not ARNs or paths')));
export const regionName = /^[a-z]{2,4}(-[a-z]+)+-\d+$/;
const regions = json(z.array(textLike(regionName, 'must be names of Regions: eu-west-1')));

/** Who may read secrets beside their owners: every secret, or those of some users only. */
export interface SecretReader {
  arn: string;
  /** Names, with `*`; heeds case. */
  users: readonly string[];
  /** IAM paths, as prefixes. Without users and paths: every user. */
  paths: readonly string[];
  /** May write the tag `keyturn:handed-on`, and nothing else. */
  handOn: boolean;
}

/** As `aws:PrincipalArn` has them: a session of a role has the ARN of the role. */
const principal = textLike(
  /^arn:[\w*-]+:(iam::(\d{12}|\d*\*\d*):(root$|\*|(user|role)\/.)|sts::(\d{12}|\d*\*\d*):federated-user\/.)/,
  'must be ARNs of users or roles, not of sessions or groups: arn:aws:iam::123456789012:role/name',
);
const arns = json(
  z.array(
    principal.check(
      z.regex(/^arn:[\w*-]+:\w+::\d{12}:/, 'must name their account: arn:aws:iam::123456789012:role/name'),
    ),
  ),
);
/** An empty list would be for everybody, and was written for nobody. */
const named = z.minLength(1, 'users and paths must not be empty: leave them out for every user');
const userNames = z.array(textLike(/^[\w+=,.@*-]{1,64}$/, 'users must be names of users, not ARNs or paths'));

/** https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices */
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const tagLetters = 'tags take letters, digits, spaces and _.:/=+-@';
const SECRET_TAGS_MAX = 20;

const everyKey = (test: (key: string) => boolean, otherwise: string) =>
  z.refine<Record<string, string>>((given) => Object.keys(given).every(test), otherwise);

const tags = json(
  z
    .record(
      text,
      textLike(tagText, tagLetters).check(z.maxLength(256, 'the value of a tag has at most 256 characters')),
    )
    .check(
      everyKey((key) => tagText.test(key), tagLetters),
      everyKey((key) => key.length >= 1 && key.length <= 128, 'the key of a tag has 1 to 128 characters'),
      everyKey((key) => !/^(aws|keyturn):/i.test(key), 'the key of a tag must not begin with aws: or keyturn:'),
      z.refine(
        (given) => Object.keys(given).length <= SECRET_TAGS_MAX,
        `must be at most ${SECRET_TAGS_MAX} tags, since Keyturn needs room for its own`,
      ),
    ),
);
const readers = json(
  z.array(
    z.pipe(
      z.union([
        principal,
        z
          .strictObject({
            arn: principal,
            users: z.optional(userNames.check(named)),
            paths: z.optional(z.array(path).check(named)),
            handOn: z.optional(z.boolean()),
          })
          .check(
            z.refine(
              ({ arn, handOn }) => !handOn || /^arn:[\w-]+:iam::\d{12}:role\/[^*?]+$/.test(arn),
              'with handOn, arn must be the ARN of one role, without wildcards',
            ),
          ),
      ]),
      z.transform((entry): SecretReader => {
        const { arn, users = [], paths = [], handOn = false } = typeof entry === 'string' ? { arn: entry } : entry;
        return { arn, users, paths, handOn };
      }),
    ),
  ),
);
const date = z.pipe(
  text,
  z.transform((input: string, { issues }): Instant => {
    const instant = parseDate(input);
    if (instant === undefined) issues.push({ code: 'custom', input, message: `"${input}" is not a date YYYY-MM-DD` });
    return instant ?? z.NEVER;
  }),
);
const dateRanges = json(
  z.array(z.tuple([date, date]).check(z.refine(([from, to]) => from < to, 'each range must begin before it ends'))),
);

/**
 * Grace 0 is the immediate hand-over; anything between would give the owner less than one daily pass to be reminded.
 */
const grace = z.pipe(
  days,
  z.number().check(z.refine((value) => value === 0 || value >= 1, 'must be 0 or at least 1 day')),
);

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
    'Principals that may read secrets beside their owners, as a JSON array: an ARN (with `*` as wildcard) for every secret, or `{"arn", "users"?, "paths"?, "handOn"?}` for those of some users.',
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
  // Whoever may move an alias could put a key of their own behind it, and sign whatever they like.
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
    'Raised by one, the next run signs everything anew; what the epoch before signed still counts until it is raised again.',
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
  rotateAheadDays: spec(days, '0', 'How long before that a replacement is issued.'),
  graceDays: spec(grace, '10', 'From the announcement to the deactivation of the old key; 0 hands over at once.'),
  quietDays: spec(days, '2', 'How long the old key must not have been used before it is deactivated.'),
  maxPostponeDays: spec(days, '10', 'How long a deactivation is put off at most while the old key is in use.'),
  recoveryDays: spec(someDays, '10', 'From the deactivation to the deletion of a key.'),
  unusedDays: spec(someDays, '90', 'After how long without use a key counts as unused.'),
  exactSweepDays: spec(
    z.pipe(wholeNumber, z.number().check(z.minimum(1, 'must be at least 1'))),
    '30',
    'Every user is looked at exactly, not by the credential report, once in so many days.',
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
export type Settings = { readonly [Name in SettingName]: z.output<Specs[Name]['schema']> };

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
  return readSettings((name) => environment[environmentName(name)], {
    cannot: 'Cannot start',
    nameOf: environmentName,
  });
}

/** The same for whoever has the values under other names: `nameOf` is how the sentences call a setting. */
export function readSettings(
  given: (setting: string) => string | undefined,
  { cannot, nameOf }: { cannot: string; nameOf: (setting: string) => string },
): Settings {
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
  if (problems.length > 0) throw new SettingsError(`${cannot}: ${problems.join('. ')}.`);
  const settings = parsed as Settings;
  const overrun = timelineProblem(settings) ?? unreadable(settings, nameOf);
  if (overrun !== undefined) throw new SettingsError(`${cannot}: ${overrun}.`);
  return settings;
}

/** Why nobody at all could read a secret, or undefined. */
function unreadable(
  { ownersRead, readerArns }: Pick<Settings, 'ownersRead' | 'readerArns'>,
  nameOf: (setting: string) => string,
): string | undefined {
  if (ownersRead || readerArns.length > 0) return undefined;
  return `${nameOf('ownersRead')} is false, but ${nameOf('readerArns')} names nobody: no one could read a new key`;
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

/** The end of the freeze that `now` lies in, or undefined. */
export function freezeEnd(settings: Pick<Settings, 'freeze'>, now: Instant): Instant | undefined {
  return settings.freeze.find(([from, to]) => from <= now && now < to)?.[1];
}

/** When what is to happen at `at` happens at the earliest: no freeze holds it then. */
export function afterFreeze(settings: Pick<Settings, 'freeze'>, at: Instant): Instant {
  const end = freezeEnd(settings, at);
  return end === undefined ? at : afterFreeze(settings, end);
}
