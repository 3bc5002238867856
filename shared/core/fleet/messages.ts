import { EventError } from '../errors.ts';
import { accountId, instant, organizationPath } from '../event-fields.ts';
import { clamp, clean } from '../messages/text.ts';
import { formatInstant, type Instant, parseDate, parseInstant } from '../time.ts';
import * as z from '../zod.ts';

/*
 * What the functions of a fleet's hub tell each other. None carries a decision: path and wave choose settings, IAM
 * decides how far a session reaches, and whoever acts looks again.
 */

const count = z.number().check(z.int(), z.minimum(0));
const counts = z.record(z.string(), count);
const text = z.string();
const head = { schemaVersion: z.literal(1), runId: z.string().check(z.minLength(1), z.maxLength(80)) };

const accountMessage = z.strictObject({
  ...head,
  kind: z.literal('account'),
  accountId,
  path: organizationPath,
  name: text,
  joinedAt: z.optional(instant),
  isManagement: z.optional(z.boolean()),
  /** When the run before was due, if that is known. */
  previousAt: z.optional(instant),
  dryRun: z.boolean(),
  notAfter: instant,
});

/** One account to be scanned. */
export type AccountMessage = z.output<typeof accountMessage>;

/**
 * What an account's scan came to: `scanned`; `refused`, something stands in its way that somebody has to see to, or that
 * somebody wants so; `failed`, whatever else went wrong.
 */
export const resultStatuses = ['scanned', 'refused', 'failed'] as const;

const resultMessage = z.strictObject({
  ...head,
  kind: z.literal('result'),
  accountId,
  path: organizationPath,
  name: text,
  wave: z.optional(text),
  dryRun: z.boolean(),
  at: instant,
  status: z.enum(resultStatuses),
  /** A reason code, unless all went well. */
  reason: z.optional(text),
  /** Sentences: how the roles there differ from what they should be. */
  trust: z.optional(z.array(text)),
  usersScanned: count,
  enqueued: count,
  skipped: counts,
  rotated: count,
  deactivated: count,
  deleted: count,
  postponed: count,
  blocked: count,
  failed: count,
  /** Users in the middle of a rotation. */
  underWay: count,
  /** In a dry run: users for whom something would be done. */
  due: count,
  /** Users where the fleet expects none. */
  isUnexpected: z.optional(z.boolean()),
  /** The topic has subscriptions, and none would deliver the messages of this account. */
  isUnheard: z.optional(z.boolean()),
  oldestActiveKeyDays: z.optional(z.number()),
  oldestActiveKeyUser: z.optional(text),
  activeRootKeys: count,
  exemptWithDate: count,
  exemptWithoutDate: count,
  secretsWithoutUser: count,
  /** Of these and of who needs a decision the first, by name; the log of the scan has all. */
  secretNames: z.optional(z.array(text)),
  needsDecision: z.optional(z.array(text)),
  needsDecisionCount: z.optional(count),
  /** Exempt users whose secret is still there: who takes over the hub could read the key in it. */
  exemptWithSecret: z.optional(z.array(text)),
  exemptWithSecretCount: z.optional(count),
  /** Sentences: what looks wrong in the account, and what concerns all of its users. */
  findings: z.optional(z.array(text)),
  notes: z.optional(z.array(text)),
  errors: z.array(text),
  errorCount: count,
});

/** What became of one account in one run. */
export type ResultMessage = z.output<typeof resultMessage>;

const fanOutMessage = z.strictObject({
  ...head,
  kind: z.literal('fan-out'),
  startedAt: instant,
  /** When the list of accounts was sent whole: until then somebody may be missing. */
  selected: count,
  /** Reason → accounts that are left out. */
  skipped: counts,
  /** Accounts that no message could be sent for. */
  unsent: z.array(accountId),
});

/** What one fan-out sent. */
export type FanOutMessage = z.output<typeof fanOutMessage>;

const coveredAccount = z.strictObject({ accountId, name: text, underWay: count });
const coveredMessage = z.strictObject({
  ...head,
  kind: z.literal('covered'),
  accounts: z.array(coveredAccount),
});

/** Accounts that a digest covered, for the next one to tell who has left. */
export type CoveredMessage = z.output<typeof coveredMessage>;
export type CoveredAccount = z.output<typeof coveredAccount>;

const reported = z.discriminatedUnion('kind', [resultMessage, fanOutMessage, coveredMessage]);
export type Reported = z.output<typeof reported>;

const ticket = z.strictObject({
  date: z.string().check(z.refine((value) => parseDate(value) !== undefined, 'must be a date YYYY-MM-DD')),
  n: count,
});

/** The right to begin one of the fleet's new rotations of that UTC day. */
export type Ticket = z.output<typeof ticket>;

/** Throws an EventError that names the field, as for each of these messages. */
export const parseAccountMessage = (body: string): AccountMessage => parse(accountMessage, body, 'account message');
/** What stands in the results queue. */
export const parseReported = (body: string): Reported => parse(reported, body, 'result');
export const parseTicket = (body: string): Ticket => parse(ticket, body, 'ticket');

function parse<T extends z.ZodMiniType>(schema: T, body: string, what: string): z.output<T> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new EventError(`Cannot read the ${what}: its body is not JSON.`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
  throw new EventError(`Cannot read the ${what}: ${problems.join('; ')}.`);
}

/** A run by a schedule is called by the time at which it was due, and nothing else; one by hand is not. */
export function runIdOf(scheduledAt: Instant): string {
  return formatInstant(scheduledAt);
}

/** Undefined for a run by hand, which answers whoever began it and tells nobody else. */
export function scheduledAtOf(runId: string): Instant | undefined {
  return parseInstant(runId);
}

const NAME_MAX = 64;

/** Whoever administers an account names it, so that a name must not pass for anything but one. */
export function shownName(name: string): string {
  return clamp(clean(name), NAME_MAX);
}

/** The body of any of these messages: instants as text. */
export function bodyOf(message: AccountMessage | ResultMessage | FanOutMessage | CoveredMessage): string {
  return JSON.stringify(message, (key, value: unknown) =>
    typeof value === 'number' && instants.has(key) ? formatInstant(value) : value,
  );
}

const instants = new Set(['at', 'joinedAt', 'previousAt', 'notAfter', 'startedAt']);

const RESULT_MAX = 4_096;
const ERRORS_MAX = 5;
const ERROR_MAX = 200;
const SKIPPED_MAX = 40;

/** Sentences and names: the first of each go into a message, as far as there is room. */
const lists = [
  'trust',
  'errors',
  'needsDecision',
  'exemptWithSecret',
  'secretNames',
  'findings',
  'notes',
] as const satisfies readonly (keyof ResultMessage)[];

/** A result that fits into 4 KB whatever an account's users and errors are called; counts are never cut. */
export function boundedResult(result: ResultMessage): ResultMessage {
  const skipped = Object.fromEntries(Object.entries(result.skipped).slice(0, SKIPPED_MAX));
  const bounded = { ...result, name: shownName(result.name), skipped };
  for (const length of [ERROR_MAX, ERROR_MAX / 2, ERROR_MAX / 4, 0]) {
    for (const name of lists) {
      const list = bounded[name];
      if (list !== undefined) bounded[name] = firstOf(list, length);
    }
    if (Buffer.byteLength(bodyOf(bounded)) <= RESULT_MAX) break;
  }
  return bounded;
}

function firstOf(sentences: readonly string[], length: number): string[] {
  if (length === 0) return [];
  return sentences.slice(0, ERRORS_MAX).map((sentence) => clamp(clean(sentence), length));
}

/** How often each occurs. */
export function countBy(reasons: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const reason of reasons) counted[reason] = (counted[reason] ?? 0) + 1;
  return counted;
}
