import { handOnProblem } from './hand-on.ts';
import type { User } from './model.ts';
import { readersOf } from './secret-policy.ts';
import { regionName, type SecretReader } from './setting-schemas.ts';
import { type Settings, settingSpecs, timelineProblem } from './settings.ts';
import { formatDate, type Instant, parseDate } from './time.ts';
import type * as z from './zod.ts';

export const userTagNames = {
  exempt: 'keyturn:exempt',
  maxAgeDays: 'keyturn:max-age-days',
  graceDays: 'keyturn:grace-days',
  owner: 'keyturn:owner',
  unused: 'keyturn:unused',
  exemptReason: 'keyturn:exempt-reason',
  ownersRead: 'keyturn:owners-read',
  sesSmtpRegions: 'keyturn:ses-smtp-regions',
} as const;

/** Why a user is exempt, and until when (`undefined`: without a date). */
export interface Exemption {
  because: string;
  until?: Instant;
}

/** In a sentence. */
export function describeExemption(userName: string, { because, until }: Exemption): string {
  return `User ${userName} is exempt${until === undefined ? '' : ` until ${formatDate(until)}`}: ${because}.`;
}

/** The settings that hold for one user: the function's own, with the user's IAM tags over them. */
export interface UserSettings extends Settings {
  owner?: string;
  exemption?: Exemption;
  /** Why the user is exempt, in the words of the person who exempted them. */
  exemptReason?: string;
  /** Regions in which the user sends mail by SMTP of SES: the secret has a password for each. */
  sesSmtpRegions?: readonly string[];
}

export type ParsedUserSettings = { settings: UserSettings; problems: readonly string[] };

/**
 * Never throws: what does not parse is returned as problems, so that its user is left alone and reported. An unknown
 * `keyturn:` tag is a problem too, because it may be a misspelt exemption. Names of tags, groups and paths are compared
 * without case, as IAM does: no two of one user differ in case only.
 */
export function parseUserSettings(
  user: Pick<User, 'userName' | 'tags' | 'groups' | 'path'>,
  settings: Settings,
  now: Instant,
): ParsedUserSettings {
  const problems: string[] = [];
  const parsed: { -readonly [Name in keyof UserSettings]: UserSettings[Name] } = { ...settings };
  for (const [tag, value] of Object.entries(user.tags)) {
    const name = sameCase(tag);
    if (!name.startsWith('keyturn:')) continue;
    const own = (readers[name] ?? unknownTag)({ tag, value, now });
    if (typeof own === 'string') problems.push(own);
    else Object.assign(parsed, own);
  }
  const membership = exemptionByMembership(user, settings);
  if (membership !== undefined) parsed.exemption ??= membership;
  const overrun = timelineProblem(parsed);
  if (problems.length === 0 && overrun !== undefined) problems.push(`with the tags of this user ${overrun}`);
  if (!parsed.ownersRead && readersOf(user, settings.readerArns).length === 0) {
    problems.push(`tag ${userTagNames.ownersRead} is false, but no reader may read this user's secret`);
  }
  const unhanded = handOnProblem(user, parsed);
  if (unhanded !== undefined) problems.push(unhanded);
  return { settings: parsed, problems };
}

/** What IAM takes for one name, whichever letters are capitals. */
function sameCase(name: string): string {
  return name.toLowerCase();
}

/** `tag` as it is written on the user, which is how messages name it. */
interface GivenTag {
  tag: string;
  value: string;
  now: Instant;
}

type Overrides = Partial<UserSettings>;

/** What a tag of the user says in place of the settings, or what is wrong with it. */
type TagReader = (given: GivenTag) => Overrides | string;

const readers: Readonly<Record<string, TagReader>> = {
  [userTagNames.exempt]: exemptionByTag,
  [userTagNames.maxAgeDays]: (given) => {
    return override(given, settingSpecs.maxAccessKeyAgeDays.schema, (days) => ({ maxAccessKeyAgeDays: days }));
  },
  [userTagNames.graceDays]: (given) => {
    return override(given, settingSpecs.graceDays.schema, (graceDays) => ({ graceDays }));
  },
  [userTagNames.unused]: (given) => {
    return override(given, settingSpecs.unused.schema, (unused) => ({ unused }), 'neither rotate nor retire');
  },
  [userTagNames.owner]: ({ value }) => ({ owner: value }),
  [userTagNames.exemptReason]: ({ value }) => ({ exemptReason: value }),
  [userTagNames.ownersRead]: (given) => {
    return override(given, settingSpecs.ownersRead.schema, (ownersRead) => ({ ownersRead }), 'neither true nor false');
  },
  [userTagNames.sesSmtpRegions]: smtpRegions,
};

const unknownTag: TagReader = ({ tag }) =>
  `tag ${tag} is unknown: the tags are ${Object.values(userTagNames).join(', ')}`;

function override<T>(
  { tag, value }: GivenTag,
  schema: z.ZodMiniType<T>,
  as: (parsed: T) => Overrides,
  otherwise?: string,
): Overrides | string {
  const result = schema.safeParse(value);
  if (result.success) return as(result.data);
  const why =
    otherwise === undefined ? `: ${result.error.issues.map((i) => i.message).join('; ')}` : `, which is ${otherwise}`;
  return `tag ${tag} is "${value}"${why}`;
}

function exemptionByTag({ tag, value, now }: GivenTag): Overrides | string {
  const because = `tag ${tag}`;
  const answer = value.toLowerCase();
  if (answer === 'true') return { exemption: { because } };
  if (answer === 'false') return {};
  const until = parseDate(value);
  if (until === undefined) return `tag ${tag} is "${value}", which is neither true, false nor a date YYYY-MM-DD`;
  return now < until ? { exemption: { because, until } } : {};
}

function smtpRegions({ tag, value }: GivenTag): Overrides | string {
  // A tag value holds no comma.
  const regions = [...new Set(value.split(' ').filter((region) => region !== ''))];
  const odd = regions.find((region) => !regionName.test(region));
  if (odd === undefined) return { sesSmtpRegions: regions };
  return `tag ${tag} is "${value}": ${odd} is no Region; separate Regions by spaces`;
}

/**
 * Names in the settings that parse and match nobody, each in a sentence: most likely misspelt, and somebody counts on
 * them. Of all users of the account, not only of those below `userPathPrefix`.
 */
export function matchNobody(
  users: readonly Pick<User, 'userName' | 'groups' | 'path'>[],
  { exemptGroups, exemptPaths, userPathPrefix, readerArns }: Settings,
): string[] {
  const groups = new Set(users.flatMap((user) => user.groups.map(sameCase)));
  const paths = new Set(users.map(({ path }) => sameCase(path)));
  const isEmpty = (prefix: string): boolean => ![...paths].some((path) => path.startsWith(sameCase(prefix)));
  const isUnreached = users.length > 0 && !users.some(({ path }) => path.startsWith(userPathPrefix));
  return [
    ...exemptGroups
      .filter((group) => !groups.has(sameCase(group)))
      .map((group) => `exemptGroups: no user is in the group ${group}, so it exempts no one.`),
    ...exemptPaths
      .filter(isEmpty)
      .map((path) => `exemptPaths: no user is below the path ${path}, so it exempts no one.`),
    ...(isUnreached
      ? [`userPathPrefix: no user is below the path ${userPathPrefix}, which is compared letter by letter.`]
      : []),
    ...readerArns.flatMap((reader) => readsNobody(users, reader)),
  ];
}

function readsNobody(
  users: readonly Pick<User, 'userName' | 'path'>[],
  { users: names, paths, ...reader }: SecretReader,
): string[] {
  const isEmpty = (by: Pick<SecretReader, 'users' | 'paths'>): boolean =>
    users.every((user) => readersOf(user, [{ ...reader, ...by }]).length === 0);
  const missing = [
    ...names.filter((name) => isEmpty({ users: [name], paths: [] })).map((name) => `called ${name}`),
    ...paths.filter((path) => isEmpty({ users: [], paths: [path] })).map((path) => `below the path ${path}`),
  ];
  return missing.map(
    (what) =>
      `readerArns: no user is ${what}, which is compared letter by letter, so ${reader.arn} reads nothing by it.`,
  );
}

/** Without case where it leaves a user alone; exactly where it reaches, since conditions of IAM policies heed case. */
function exemptionByMembership(user: Pick<User, 'groups' | 'path'>, settings: Settings): Exemption | undefined {
  const exemptGroups = new Set(settings.exemptGroups.map(sameCase));
  const group = user.groups.find((name) => exemptGroups.has(sameCase(name)));
  if (group !== undefined) return { because: `member of the group ${group}` };
  if (!user.path.startsWith(settings.userPathPrefix))
    return { because: `not below the path ${settings.userPathPrefix}` };
  const path = settings.exemptPaths.find((prefix) => sameCase(user.path).startsWith(sameCase(prefix)));
  return path === undefined ? undefined : { because: `below the path ${path}` };
}
