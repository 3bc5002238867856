import { type TransitionVerb, transitionVerbs } from './model.ts';
import { DAY, formatInstant, type Instant, parseDate, parseInstant } from './time.ts';

/** Names of the tags that carry all of the rotator's own state (design, section 2). */
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
} as const;

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

export interface CurrentSince extends KeyRecord {
  graceDays?: number;
}

export interface Announced {
  event: string;
  at: Instant;
  accessKeyId?: string;
  /** Its reason code. Tags of earlier versions have none. */
  reason?: string;
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
  deactivated?: KeyRecord;
  inactiveSeen?: KeyRecord;
  confirmed?: KeyRecord;
  announced?: Announced;
  /** Exclusive: held before this instant. */
  holdUntil?: Instant;
  /** A tag of its own: in `announced` it would hide the reminder that a deactivation waits for. */
  stuck?: Stuck;
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
  read(secretTagNames.deactivated, parseKeyRecord, (value) => {
    tags.deactivated = value;
  });
  read(secretTagNames.inactiveSeen, parseKeyRecord, (value) => {
    tags.inactiveSeen = value;
  });
  read(secretTagNames.confirmed, parseKeyRecord, (value) => {
    tags.confirmed = value;
  });
  read(secretTagNames.announced, parseAnnounced, (value) => {
    tags.announced = value;
  });
  read(secretTagNames.issuedOn, parseDay, (value) => {
    tags.issuedOn = value.day;
  });
  read(secretTagNames.hold, parseDay, (value) => {
    tags.holdUntil = value.day;
  });
  read(secretTagNames.stuck, parseStuck, (value) => {
    tags.stuck = value;
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

function parseCurrentSince(fields: string[]): CurrentSince | undefined {
  const record = parseKeyRecord(fields.slice(0, 2));
  const graceDays = parseGrace(fields.slice(2));
  return record === undefined || graceDays === undefined ? undefined : { ...record, ...graceDays };
}

function parseAnnounced(fields: string[]): Announced | undefined {
  const [event = '', instant = '', accessKeyId = '-', code, ...rest] = fields;
  const at = parseInstant(instant);
  if (at === undefined || rest.length > 0) return undefined;
  if (![event, code ?? 'none'].every((word) => /^[a-z-]+$/.test(word))) return undefined;
  const reason = code === undefined ? {} : { reason: code };
  if (accessKeyId === '-') return { event, at, ...reason };
  return keyId.test(accessKeyId) ? { event, at, accessKeyId, ...reason } : undefined;
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

function graceField(graceDays: number | undefined): string {
  return graceDays === undefined ? '' : ` grace=${graceDays}`;
}

export function formatKeyRecord(record: KeyRecord): string {
  return `${formatInstant(record.at)} ${record.accessKeyId}`;
}

export function formatCurrentSince(record: CurrentSince): string {
  return formatKeyRecord(record) + graceField(record.graceDays);
}

export function formatAnnounced({ event, at, accessKeyId, reason }: Announced): string {
  return `${event} ${formatInstant(at)} ${accessKeyId ?? '-'}${reason === undefined ? '' : ` ${reason}`}`;
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
