import { type RequestOrigin, requestOrigins, type TransitionVerb, transitionVerbs } from './model.ts';
import { DAY, formatDate, formatInstant, type Instant, parseDate, parseInstant } from './time.ts';

/** Names of the tags that carry all of the rotator's own state. */
export const secretTagNames = {
  userId: 'keyturn:user-id',
  userName: 'keyturn:user-name',
  doing: 'keyturn:doing',
  currentSince: 'keyturn:current-since',
  issuedOn: 'keyturn:issued-on',
  deactivated: 'keyturn:deactivated',
  inactiveSeen: 'keyturn:inactive-seen',
  confirmed: 'keyturn:confirmed',
  announced: 'keyturn:announced',
  hold: 'keyturn:hold',
  stuck: 'keyturn:stuck',
  notice: 'keyturn:notice',
  exposed: 'keyturn:exposed',
  policy: 'keyturn:policy',
  made: 'keyturn:made',
  handedOn: 'keyturn:handed-on',
} as const;

/** Every tag whose value ends in our own MAC; without a valid one it counts as absent. */
export const signedTagNames: readonly string[] = [
  secretTagNames.doing,
  secretTagNames.currentSince,
  secretTagNames.issuedOn,
  secretTagNames.deactivated,
  secretTagNames.inactiveSeen,
  secretTagNames.confirmed,
  secretTagNames.announced,
  secretTagNames.hold,
  secretTagNames.stuck,
  secretTagNames.notice,
  secretTagNames.exposed,
  secretTagNames.policy,
];

/** The write-ahead intent of the one transition in flight, and the lease. */
export interface Doing {
  verb: TransitionVerb;
  at: Instant;
  deadlineAt: Instant;
  runId: string;
  /** For an issue the keys that were there before; otherwise the key that the transition is about. */
  accessKeyIds: readonly string[];
  /** The version that carried AWSCURRENT when the intent was written. */
  versionId?: string;
  /** Asked for by hand, for this rotation only. */
  graceDays?: number;
}

/** An instant and the key it is about. */
export interface KeyRecord {
  at: Instant;
  accessKeyId: string;
}

/** How long the old key was promised to go on working, in days: by settings that may have been changed since. */
export interface Promised {
  graceDays: number;
  postponeDays: number;
}

export interface CurrentSince extends KeyRecord {
  /** Asked for by hand, for this rotation only: neither more nor less. */
  graceDays?: number;
  promised?: Promised;
}

/** Of a key that is Inactive. */
export interface DeactivatedRecord extends KeyRecord {
  /** How long it was promised to be kept, in days. */
  recoveryDays?: number;
}

export const noticeKinds = ['deactivation', 'retirement', 'deletion'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What the owner was last told is going to be taken away. */
export interface NoticeGiven extends KeyRecord {
  kind: NoticeKind;
  /** The earliest day that the message named. */
  earliestAt: Instant;
}

/** Keys that others know: never in use again. */
export interface Exposed {
  /** When they were seen Inactive. */
  at: Instant;
  accessKeyIds: readonly string[];
  /** Not all of them were: AWS refused, or did not show it. */
  isStillActive?: true;
}

/** What was last put into the secret by the settings, and what is not seen to be so yet. */
export interface PolicyPut {
  /** Of the policy, and of all that goes with it. */
  hash: string;
  /** When replicas were last ordered, or a change that may not show. Absent: all is as ordered. */
  triedAt?: Instant;
  /** When a replica that failed was last told of. */
  toldAt?: Instant;
}

/** Who began the last issue, and on which UTC day. */
export interface Issued {
  /** Start of the day. */
  day: Instant;
  origin: RequestOrigin;
}

export interface Announced {
  event: string;
  at: Instant;
  accessKeyId?: string;
  /** Its reason code. Tags of earlier versions have none. */
  reason?: string;
  /** Of a failure: which call AWS refused, and how: `iam:CreateAccessKey/AccessDenied`. */
  cause?: string;
  /** Of a failure that goes on: when it was last told of, which is not at each try. */
  toldAt?: Instant;
}

/** When a rotation by Secrets Manager was last announced as stuck, and which version it left pending. */
export interface Stuck {
  at: Instant;
  versionId: string;
}

export interface SecretTags {
  doing?: Doing;
  currentSince?: CurrentSince;
  /** Start of the UTC day on which the last issue intent was written. */
  issuedOn?: Instant;
  /** Who that issue was for. */
  issuedFor?: RequestOrigin;
  deactivated?: DeactivatedRecord;
  inactiveSeen?: DeactivatedRecord;
  confirmed?: KeyRecord;
  announced?: Announced;
  /** Exclusive: held before this instant. */
  holdUntil?: Instant;
  /** A tag of its own: in `announced` it would hide the reminder that a deactivation waits for. */
  stuck?: Stuck;
  notice?: NoticeGiven;
  exposed?: Exposed;
  policy?: PolicyPut;
}

export type ParsedSecretTags = { tags: SecretTags; problems: readonly string[] };

type Tags = Readonly<Record<string, string>>;

/** For a reader that only compares: then nothing lies in the future. */
export const ANY_TIME: Instant = Number.POSITIVE_INFINITY;

/** Never throws: each tag that does not parse is a problem that names it, and is left out of the result. */
export function parseSecretTags(raw: Tags, now: Instant): ParsedSecretTags {
  const tags: SecretTags = {};
  const problems: string[] = [];
  const read = <T extends object>(
    name: string,
    parse: (fields: string[]) => T | undefined,
    set: (value: T) => void,
  ): void => {
    const value = raw[name];
    if (value === undefined) return;
    const parsed = parse(value.split(' '));
    if (parsed === undefined) problems.push(`tag ${name} of the secret does not parse: "${value}"`);
    else if (liesAhead(parsed, now)) problems.push(`tag ${name} of the secret lies in the future: "${value}"`);
    else set(parsed);
  };
  read(secretTagNames.doing, parseDoing, (value) => {
    tags.doing = value;
  });
  read(secretTagNames.currentSince, parseCurrentSince, (value) => {
    tags.currentSince = value;
  });
  read(secretTagNames.deactivated, parseDeactivated, (value) => {
    tags.deactivated = value;
  });
  read(secretTagNames.inactiveSeen, parseDeactivated, (value) => {
    tags.inactiveSeen = value;
  });
  read(secretTagNames.confirmed, parseKeyRecord, (value) => {
    tags.confirmed = value;
  });
  read(secretTagNames.announced, parseAnnounced, (value) => {
    tags.announced = value;
  });
  read(secretTagNames.issuedOn, parseIssued, ({ day, origin }) => {
    tags.issuedOn = day;
    tags.issuedFor = origin;
  });
  read(secretTagNames.hold, parseDay, (value) => {
    tags.holdUntil = value.day;
  });
  read(secretTagNames.stuck, parseStuck, (value) => {
    tags.stuck = value;
  });
  read(secretTagNames.notice, parseNotice, (value) => {
    tags.notice = value;
  });
  read(secretTagNames.exposed, parseExposed, (value) => {
    tags.exposed = value;
  });
  read(secretTagNames.policy, parsePolicyPut, (value) => {
    tags.policy = value;
  });
  return { tags, problems };
}

/**
 * A clock may be a little ahead of ours; a record a day ahead was written by hand, and would stand still for as long
 * as its date says without anybody being told.
 */
function liesAhead(value: object, now: Instant): boolean {
  return Object.entries(value).some(([name, at]) => (name === 'at' || name === 'deadlineAt') && at > now + DAY);
}

const keyId = /^[A-Z0-9]{16,128}$/;

function parseDay(fields: string[]): { day: Instant } | undefined {
  const day = fields.length === 1 ? parseDate(fields[0] ?? '') : undefined;
  return day === undefined ? undefined : { day };
}

function parseKeyRecord(fields: string[]): KeyRecord | undefined {
  const [instant = '', accessKeyId = '', ...rest] = fields;
  const at = parseInstant(instant);
  return at === undefined || !keyId.test(accessKeyId) || rest.length > 0 ? undefined : { at, accessKeyId };
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
  const match = fields.length === 1 ? new RegExp(`^promised=(${number})/(${number})$`).exec(fields[0] ?? '') : null;
  return match === null ? undefined : { promised: { graceDays: Number(match[1]), postponeDays: Number(match[2]) } };
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
  const areKeys = accessKeyIds.length <= 2 && accessKeyIds.every((id) => keyId.test(id));
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
  return keyId.test(accessKeyId) ? { event, at, accessKeyId, ...reason, ...more } : undefined;
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

function parseDoing(fields: string[]): Doing | undefined {
  const [name = '', instant = '', deadline = '', runId = '', ids = '', version = '', ...rest] = fields;
  const verb = transitionVerbs.find((candidate) => candidate === name);
  const at = parseInstant(instant);
  const deadlineAt = parseInstant(deadline);
  const accessKeyIds = ids === '-' ? [] : ids.split('/');
  const graceDays = parseGrace(rest);
  if (verb === undefined || at === undefined || deadlineAt === undefined || graceDays === undefined) return undefined;
  if (runId === '' || version === '' || !accessKeyIds.every((id) => keyId.test(id))) return undefined;
  if (deadlineAt < at) return undefined;
  // Every other transition is about one key; without it nothing could be finished or cleared.
  if (verb !== 'issue' && accessKeyIds.length !== 1) return undefined;
  const versionId = version === '-' ? {} : { versionId: version };
  return { verb, at, deadlineAt, runId, accessKeyIds, ...versionId, ...graceDays };
}

function parseGrace(fields: string[]): { graceDays?: number } | undefined {
  if (fields.length === 0) return {};
  const match = fields.length === 1 ? /^grace=(\d+(?:\.\d+)?)$/.exec(fields[0] ?? '') : null;
  return match === null ? undefined : { graceDays: Number(match[1]) };
}

/** A tag has room for a few digits, and a tenth of a second more or less is no promise. */
function daysField(days: number): string {
  return String(Number(days.toFixed(3)));
}

function graceField(graceDays: number | undefined): string {
  return graceDays === undefined ? '' : ` grace=${daysField(graceDays)}`;
}

export function formatKeyRecord(record: KeyRecord): string {
  return `${formatInstant(record.at)} ${record.accessKeyId}`;
}

export function formatCurrentSince({ promised, ...record }: CurrentSince): string {
  const promise =
    promised === undefined ? '' : ` promised=${daysField(promised.graceDays)}/${daysField(promised.postponeDays)}`;
  return formatKeyRecord(record) + graceField(record.graceDays) + promise;
}

export function formatDeactivated(record: DeactivatedRecord): string {
  const { recoveryDays } = record;
  return formatKeyRecord(record) + (recoveryDays === undefined ? '' : ` recovery=${daysField(recoveryDays)}`);
}

export function formatNotice({ kind, earliestAt, ...record }: NoticeGiven): string {
  return `${formatKeyRecord(record)} ${kind} ${formatInstant(earliestAt)}`;
}

export function formatExposed({ at, accessKeyIds, isStillActive }: Exposed): string {
  return `${formatInstant(at)} ${accessKeyIds.join('/')}${isStillActive ? ' active' : ''}`;
}

export function formatPolicyPut({ hash, triedAt, toldAt }: PolicyPut): string {
  const tried = triedAt === undefined ? '' : ` tried=${formatInstant(triedAt)}`;
  return hash + tried + (toldAt === undefined ? '' : ` told=${formatInstant(toldAt)}`);
}

export function formatIssued({ day, origin }: Issued): string {
  return `${formatDate(day)} ${origin}`;
}

export function formatAnnounced({ event, at, accessKeyId, reason, cause, toldAt }: Announced): string {
  const options = [
    ...(reason === undefined ? [] : [reason]),
    ...(cause === undefined ? [] : [`cause=${cause}`]),
    ...(toldAt === undefined ? [] : [`told=${formatInstant(toldAt)}`]),
  ];
  return [event, formatInstant(at), accessKeyId ?? '-', ...options].join(' ');
}

export function formatStuck({ at, versionId }: Stuck): string {
  return `${formatInstant(at)} ${versionId}`;
}

/** At most 256 characters (AWS's limit for a tag value): two 20-character key IDs and two UUIDs make about 200. */
export function formatDoing(doing: Doing): string {
  const ids = doing.accessKeyIds.length === 0 ? '-' : doing.accessKeyIds.join('/');
  return (
    `${doing.verb} ${formatInstant(doing.at)} ${formatInstant(doing.deadlineAt)} ${doing.runId} ${ids} ` +
    `${doing.versionId ?? '-'}${graceField(doing.graceDays)}`
  );
}

/** `<prefix>/<UserId>/access-key`: the fixed suffix keeps a name from ending in a hyphen and six characters. */
export function secretNameOf(prefix: string, userId: string): string {
  return `${prefix}/${userId}/access-key`;
}

/** The UserId in a secret's name, or undefined if the name is not one of ours. */
export function userIdOfSecretName(prefix: string, name: string): string | undefined {
  const match = name.startsWith(`${prefix}/`)
    ? /^([A-Za-z0-9]+)\/access-key$/.exec(name.slice(prefix.length + 1))
    : null;
  return match?.[1];
}

/** True for a version label that is an access key ID; AWS's own labels are shorter. */
export function isKeyLabel(label: string): boolean {
  return keyId.test(label);
}
