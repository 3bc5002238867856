import { requestOrigins, transitionVerbs } from './model.ts';
import {
  type Announced,
  type CurrentSince,
  type DeactivatedRecord,
  type Exposed,
  type Intent,
  type Issued,
  isKeyLabel,
  type KeyRecord,
  type NoticeGiven,
  noticeKinds,
  type ParsedSecretTags,
  type PolicyPut,
  type Promised,
  recordsOf,
  type SecretTags,
  type Stuck,
  secretTagNames,
} from './secret-tags.ts';
import { DAY, type Instant, parseDate, parseInstant } from './time.ts';

/** For a reader that only compares: then nothing lies in the future. */
export const ANY_TIME: Instant = Number.POSITIVE_INFINITY;

/** What the fields of each tag say; undefined if they do not parse. */
const readers: Readonly<Record<string, (fields: string[]) => SecretTags | undefined>> = {
  [secretTagNames.doing]: (fields) => as(parseIntent(fields), (intent) => ({ intent })),
  [secretTagNames.currentSince]: (fields) => as(parseCurrentSince(fields), (currentSince) => ({ currentSince })),
  [secretTagNames.deactivated]: (fields) => as(parseDeactivated(fields), (deactivated) => ({ deactivated })),
  [secretTagNames.inactiveSeen]: (fields) => as(parseDeactivated(fields), (inactiveSeen) => ({ inactiveSeen })),
  [secretTagNames.confirmed]: (fields) => as(parseKeyRecord(fields), (confirmed) => ({ confirmed })),
  [secretTagNames.announced]: (fields) => as(parseAnnounced(fields), (announced) => ({ announced })),
  [secretTagNames.issuedOn]: (fields) =>
    as(parseIssued(fields), ({ day, origin }) => ({ issuedOn: day, issuedFor: origin })),
  [secretTagNames.hold]: (fields) => as(parseDay(fields), ({ day }) => ({ holdUntil: day })),
  [secretTagNames.stuck]: (fields) => as(parseStuck(fields), (stuck) => ({ stuck })),
  [secretTagNames.notice]: (fields) => as(parseNotice(fields), (notice) => ({ notice })),
  [secretTagNames.exposed]: (fields) => as(parseExposed(fields), (exposed) => ({ exposed })),
  [secretTagNames.policy]: (fields) => as(parsePolicyPut(fields), (policy) => ({ policy })),
};

function as<T>(parsed: T | undefined, tags: (value: T) => SecretTags): SecretTags | undefined {
  return parsed === undefined ? undefined : tags(parsed);
}

/** Never throws: each tag that does not parse is a problem that names it, and is left out of the result. */
export function parseSecretTags(raw: Readonly<Record<string, string>>, now: Instant): ParsedSecretTags {
  const tags: SecretTags = {};
  const problems: string[] = [];
  for (const [name, read] of Object.entries(readers)) {
    const value = raw[name];
    if (value === undefined) continue;
    const own = read(value.split(' '));
    if (own === undefined) problems.push(`tag ${name} of the secret does not parse: "${value}"`);
    else if (liesAhead(own, now)) problems.push(`tag ${name} of the secret lies in the future: "${value}"`);
    else Object.assign(tags, own);
  }
  return { tags, problems };
}

/**
 * A clock may be a little ahead of ours; a record a day ahead was written by hand, and would stand still for as long
 * as its date says without anybody being told.
 */
function liesAhead(own: SecretTags, now: Instant): boolean {
  const limit = now + DAY;
  return (
    recordsOf(own).some(({ at }) => at > limit) ||
    [own.intent?.deadlineAt, own.stuck?.at].some((at) => (at ?? 0) > limit)
  );
}

function parseDay(fields: string[]): { day: Instant } | undefined {
  const [date = '', ...rest] = fields;
  const day = parseDate(date);
  return day === undefined || rest.length > 0 ? undefined : { day };
}

function parseKeyRecord(fields: string[]): KeyRecord | undefined {
  const [instant = '', accessKeyId = '', ...rest] = fields;
  const at = parseInstant(instant);
  return at === undefined || !isKeyLabel(accessKeyId) || rest.length > 0 ? undefined : { at, accessKeyId };
}

function parseIssued(fields: string[]): Issued | undefined {
  const [date = '', name = 'schedule', ...rest] = fields;
  const day = parseDate(date);
  const origin = requestOrigins.find((candidate) => candidate === name);
  return day === undefined || origin === undefined || rest.length > 0 ? undefined : { day, origin };
}

function parseCurrentSince(fields: string[]): CurrentSince | undefined {
  const [instant = '', accessKeyId = '', ...options] = fields;
  const record = parseKeyRecord([instant, accessKeyId]);
  const promises = options.filter((option) => option.startsWith('promised='));
  const graceDays = parseGrace(options.filter((option) => !option.startsWith('promised=')));
  const promised = parsePromised(promises);
  if (record === undefined || graceDays === undefined || promised === undefined) return undefined;
  return { ...record, ...graceDays, ...promised };
}

const number = String.raw`\d+(?:\.\d+)?`;

/** `promised=<grace>/<postponement>`, in days. */
function parsePromised(fields: string[]): { promised?: Promised } | undefined {
  if (fields.length === 0) return {};
  const [option = '', ...rest] = fields;
  const match = new RegExp(`^promised=(${number})/(${number})$`).exec(option);
  return match === null || rest.length > 0
    ? undefined
    : { promised: { graceDays: Number(match[1]), postponeDays: Number(match[2]) } };
}

function parseDeactivated(fields: string[]): DeactivatedRecord | undefined {
  const [instant = '', accessKeyId = '', recovery, ...rest] = fields;
  const record = parseKeyRecord([instant, accessKeyId]);
  if (record === undefined || rest.length > 0) return undefined;
  if (recovery === undefined) return record;
  const match = new RegExp(`^recovery=(${number})$`).exec(recovery);
  return match === null ? undefined : { ...record, recoveryDays: Number(match[1]) };
}

function parseNotice(fields: string[]): NoticeGiven | undefined {
  const [instant = '', accessKeyId = '', name = '', earliest = '', ...rest] = fields;
  const record = parseKeyRecord([instant, accessKeyId]);
  const kind = noticeKinds.find((candidate) => candidate === name);
  const earliestAt = parseInstant(earliest);
  if (record === undefined || kind === undefined || earliestAt === undefined || rest.length > 0) return undefined;
  return { ...record, kind, earliestAt };
}

function parseExposed(fields: string[]): Exposed | undefined {
  const [instant = '', ids = '', active, ...rest] = fields;
  const at = parseInstant(instant);
  const accessKeyIds = ids.split('/');
  const areKeys = accessKeyIds.length <= 2 && accessKeyIds.every((id) => isKeyLabel(id));
  if (at === undefined || !areKeys || (active ?? 'active') !== 'active' || rest.length > 0) return undefined;
  return { at, accessKeyIds, ...(active === undefined ? {} : { isStillActive: true }) };
}

/** `<hash>`, `<hash> tried=<instant>` or `<hash> tried=<instant> told=<instant>`. */
function parsePolicyPut(fields: string[]): PolicyPut | undefined {
  const [, hash = '', tried, told] = /^([0-9a-f]{32})(?: tried=(\S+))?(?: told=(\S+))?$/.exec(fields.join(' ')) ?? [];
  const triedAt = tried === undefined ? undefined : parseInstant(tried);
  const toldAt = told === undefined ? undefined : parseInstant(told);
  const isWrong = (text: string | undefined, at: Instant | undefined) => text !== undefined && at === undefined;
  if (hash === '' || isWrong(tried, triedAt) || isWrong(told, toldAt)) return undefined;
  return { hash, ...(triedAt === undefined ? {} : { triedAt }), ...(toldAt === undefined ? {} : { toldAt }) };
}

function parseAnnounced(fields: string[]): Announced | undefined {
  const [event = '', instant = '', accessKeyId = '-', code, ...options] = fields;
  const at = parseInstant(instant);
  const more = parseFailure(options);
  if (at === undefined || more === undefined) return undefined;
  if (![event, code ?? 'none'].every((word) => /^[a-z-]+$/.test(word))) return undefined;
  const reason = code === undefined ? {} : { reason: code };
  if (accessKeyId === '-') return { event, at, ...reason, ...more };
  return isKeyLabel(accessKeyId) ? { event, at, accessKeyId, ...reason, ...more } : undefined;
}

/** `cause=<call>/<code>` and `told=<instant>`, in this order. */
function parseFailure(fields: string[]): Pick<Announced, 'cause' | 'toldAt'> | undefined {
  const match = /^(?: cause=([\w.:/-]+))?(?: told=(\S+))?$/.exec(fields.map((field) => ` ${field}`).join(''));
  const [, cause, told] = match ?? [];
  const toldAt = told === undefined ? undefined : parseInstant(told);
  if (match === null || (told !== undefined && toldAt === undefined)) return undefined;
  return { ...(cause === undefined ? {} : { cause }), ...(toldAt === undefined ? {} : { toldAt }) };
}

function parseStuck(fields: string[]): Stuck | undefined {
  const [instant = '', versionId = '', ...rest] = fields;
  const at = parseInstant(instant);
  return at === undefined || versionId === '' || rest.length > 0 ? undefined : { at, versionId };
}

function parseIntent(fields: string[]): Intent | undefined {
  const [name = '', instant = '', deadline = '', runId = '', ids = '', version = '', ...rest] = fields;
  const verb = transitionVerbs.find((candidate) => candidate === name);
  const at = parseInstant(instant);
  const deadlineAt = parseInstant(deadline);
  const accessKeyIds = ids === '-' ? [] : ids.split('/');
  const graceDays = parseGrace(rest);
  if (verb === undefined || at === undefined || deadlineAt === undefined || graceDays === undefined) return undefined;
  if (runId === '' || version === '' || !accessKeyIds.every((id) => isKeyLabel(id))) return undefined;
  if (deadlineAt < at) return undefined;
  // Every other transition is about one key; without it nothing could be finished or cleared.
  if (verb !== 'issue' && accessKeyIds.length !== 1) return undefined;
  const versionId = version === '-' ? {} : { versionId: version };
  return { verb, at, deadlineAt, runId, accessKeyIds, ...versionId, ...graceDays };
}

function parseGrace(fields: string[]): { graceDays?: number } | undefined {
  if (fields.length === 0) return {};
  const [option = '', ...rest] = fields;
  const match = /^grace=(\d+(?:\.\d+)?)$/.exec(option);
  return match === null || rest.length > 0 ? undefined : { graceDays: Number(match[1]) };
}
