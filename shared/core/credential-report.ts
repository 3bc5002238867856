import { RotationError } from './errors.ts';
import { present } from './present.ts';
import { recordsOf, type SecretTags } from './secret-tags.ts';
import { type Instant, MINUTE, SECOND } from './time.ts';

/** One of the two slots of a user. The report names no key, and its slots are in no order. */
export interface ReportKey {
  isActive: boolean;
  /** Created, or activated last: a toggled key looks younger than it is. Absent for an empty slot. */
  rotatedAt?: Instant;
  lastUsedAt?: Instant;
  lastUsedService?: string;
  lastUsedRegion?: string;
}

/** The root user: no user of IAM, and judged apart. */
export interface RootRow {
  /** False where the organization has taken the credentials of the root user away. */
  mayHavePassword: boolean;
  hasMfa: boolean;
  activeKeys: number;
}

export interface ReportRow {
  userName: string;
  arn: string;
  /** Tells a user from a namesake that was deleted after the report was made. */
  userCreatedAt: Instant;
  /** When the report was made: up to four hours ago. */
  reportedAt: Instant;
  keys: readonly [ReportKey, ReportKey];
  /** Of the console; for advice only. */
  hasPassword?: boolean;
  hasMfa?: boolean;
  passwordLastUsedAt?: Instant;
  passwordChangedAt?: Instant;
}

export interface CredentialReport {
  reportedAt: Instant;
  /** By ARN. */
  users: ReadonlyMap<string, ReportRow>;
  rootActiveKeys: number;
  root: RootRow;
}

/** The report tells time in whole seconds, by rounding or cutting; IAM's own answers may have fractions. */
export function isSameCreation(row: ReportRow, createdAt: Instant): boolean {
  return Math.abs(row.userCreatedAt - createdAt) < SECOND;
}

/** A report takes a while to be made, from reads that may lag. */
export const REPORT_LAG = 15 * MINUTE;

/** A report from before our latest write would show a state that the tags know to be over. */
export function isOutdated({ reportedAt }: ReportRow, tags: SecretTags): boolean {
  return recordsOf(tags).some(({ at }) => at > reportedAt - REPORT_LAG);
}

const ROOT = '<root_account>';
const slots = ['access_key_1', 'access_key_2'] as const;
const columns = [
  'user',
  'arn',
  'user_creation_time',
  ...slots.flatMap((slot) => [`${slot}_active`, `${slot}_last_rotated`, `${slot}_last_used_date`]),
];

/**
 * Reads the report by the names of its columns: AWS has added some before. A row that does not parse is left out, so
 * that its user counts as not reported and is looked at exactly. Throws a RotationError if a needed column is missing,
 * or the row of the root user.
 */
export function parseCredentialReport(csv: string, reportedAt: Instant): CredentialReport {
  const [header = [], ...records] = parseCsv(csv);
  const missing = columns.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    const message = `Cannot read the credential report: it has no column ${missing.join(', ')}. AWS may have changed its format.`;
    throw new RotationError(message, { action: 'iam:GetCredentialReport' });
  }
  // A name with an unquoted comma would shift every field after it.
  const whole = records.filter(({ length }) => length === header.length);
  const rows = whole.map((record) => new Map(header.map((name, index) => [name, record[index] ?? ''])));
  const root = rows.find((row) => row.get('user') === ROOT);
  if (root === undefined) {
    const message = 'Cannot read the credential report: it has no row of the root user.';
    throw new RotationError(message, { action: 'iam:GetCredentialReport' });
  }
  const users = rows.filter((row) => row !== root).flatMap((row) => parseRow(row, reportedAt) ?? []);
  return {
    reportedAt,
    users: new Map(users.map((row) => [row.arn, row])),
    rootActiveKeys: rootRow(root).activeKeys,
    root: rootRow(root),
  };
}

function rootRow(row: Row): RootRow {
  return {
    mayHavePassword: row.get('password_enabled')?.toLowerCase() !== 'false',
    hasMfa: isTrue(row, 'mfa_active'),
    activeKeys: slots.filter((slot) => isActiveSlot(row, slot)).length,
  };
}

type Row = ReadonlyMap<string, string>;
type Slot = (typeof slots)[number];

function parseRow(row: Row, reportedAt: Instant): ReportRow | undefined {
  const userName = row.get('user');
  const arn = row.get('arn');
  const userCreatedAt = parseDate(row.get('user_creation_time'));
  const one = parseKey(row, 'access_key_1');
  const two = parseKey(row, 'access_key_2');
  if (!userName || !arn || userCreatedAt === undefined || one === undefined || two === undefined) return undefined;
  const [hasPassword, hasMfa] = [isTrue(row, 'password_enabled'), isTrue(row, 'mfa_active')];
  const passwordLastUsedAt = parseDate(row.get('password_last_used'));
  const passwordChangedAt = parseDate(row.get('password_last_changed'));
  return {
    ...{ userName, arn, userCreatedAt, reportedAt, keys: [one, two], hasPassword, hasMfa },
    ...present({ passwordLastUsedAt, passwordChangedAt }),
  };
}

/** An Active key without a date, or an activity that is neither, is a doubt. */
function parseKey(row: Row, slot: Slot): ReportKey | undefined {
  const isActive = isActiveSlot(row, slot);
  const rotatedAt = parseDate(row.get(`${slot}_last_rotated`));
  const lastUsedAt = parseDate(row.get(`${slot}_last_used_date`));
  if (isActive === undefined || (isActive && rotatedAt === undefined)) return undefined;
  return {
    isActive,
    ...present({ rotatedAt }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt, ...useOf(row, slot) }),
  };
}

/** What used the key last, where the report has these columns. */
function useOf(row: Row, slot: Slot): Pick<ReportKey, 'lastUsedService' | 'lastUsedRegion'> {
  const [service, region] = [row.get(`${slot}_last_used_service`), row.get(`${slot}_last_used_region`)];
  return {
    ...present({ lastUsedService: service, lastUsedRegion: region }),
  };
}

function isTrue(row: Row, column: string): boolean {
  return row.get(column)?.toLowerCase() === 'true';
}

/** The guide writes TRUE and FALSE, AWS sends true and false. */
function isActiveSlot(row: Row, slot: Slot): boolean | undefined {
  const activity = row.get(`${slot}_active`)?.toLowerCase();
  if (activity === 'true') return true;
  return activity === 'false' ? false : undefined;
}

/** `N/A`, `no_information` and `not_supported` are no dates. */
function parseDate(text = ''): Instant | undefined {
  const instant = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(instant) ? undefined : instant;
}

/**
 * RFC 4180: fields may be quoted, with doubled quotes, commas and line breaks inside. Empty lines are skipped; what is
 * not CSV ends the reading, and the users after it count as not reported.
 */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  // Each match is one field and what ends it: a comma, a line break, or the end of the text.
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy)) {
    record.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  }
  return records;
}
