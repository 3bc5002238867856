import { EventError } from './errors.ts';
import { accessKeyId, accountId, date, instant, organizationPath, parseEvent, userName } from './event-fields.ts';
import { type Asked, rotateUserActions } from './model.ts';
import { present } from './present.ts';
import { type Instant, parseInstant } from './time.ts';
import * as z from './zod.ts';

const graceDays = z.number().check(
  z.maximum(3_650),
  z.refine((value) => value === 0 || value >= 1, 'must be 0 or at least 1'),
);

const rotateUserEvent = z
  .strictObject({
    /** Of a fleet's member; absent: the account of this deployment. */
    accountId: z.optional(accountId),
    userName,
    action: z._default(z.enum(rotateUserActions, `must be one of ${rotateUserActions.join(', ')}`), 'plan'),
    accessKeyId: z.optional(accessKeyId),
    graceDays: z.optional(graceDays),
    holdUntil: z.optional(date),
    force: z.optional(z.boolean()),
    restoreSecret: z.optional(z.boolean()),
    compromised: z.optional(z.boolean()),
  })
  .check(({ value: event, issues }) => {
    const only = (field: keyof typeof event, actions: readonly string[]): void => {
      if (event[field] === undefined || actions.includes(event.action)) return;
      const message = `goes with ${actions.join(' or ')}, not with ${event.action}`;
      issues.push({ code: 'custom', input: event, path: [field], message });
    };
    only('accessKeyId', ['rotate', 'retire']);
    only('graceDays', ['rotate']);
    only('restoreSecret', ['rotate']);
    only('compromised', ['rotate']);
    only('holdUntil', ['hold', 'rollback']);
    if (event.compromised && event.graceDays !== undefined) {
      const message = 'does not go with compromised: the key is deactivated first, without grace';
      issues.push({ code: 'custom', input: event, path: ['graceDays'], message });
    }
    if (event.action === 'hold' && event.holdUntil === undefined) {
      const message = 'is required for hold; a past date lifts the hold';
      issues.push({ code: 'custom', input: event, path: ['holdUntil'], message });
    }
  });

/** What was asked for one user by hand. Throws an EventError that names each wrong field and the way out. */
export function parseRotateUserEvent(event: unknown): RotateUserEvent {
  const {
    accountId: account,
    userName: name,
    action,
    holdUntil,
    ...rest
  } = parseEvent(rotateUserEvent, event, 'rotate-user');
  const about = { ...present({ accountId: account }), userName: name };
  const options = present(rest);
  if (action === 'hold') return { ...about, asked: { ...options, action, holdUntil: holdUntil ?? 0 } };
  return { ...about, asked: { ...options, action, ...(holdUntil === undefined ? {} : { holdUntil }) } };
}

/** One user, and what was asked for. */
export interface RotateUserEvent {
  /** Absent: of the account of this deployment. */
  accountId?: string;
  userName: string;
  asked: Asked;
}

const scheduledEvent = z
  .strictObject({
    dryRun: z.optional(z.boolean()),
    scheduledAt: z.optional(instant),
    accountId: z.optional(accountId),
    digest: z.optional(z.literal(true)),
    check: z.optional(z.literal(true)),
  })
  .check(({ value: { digest, check, accountId, dryRun, scheduledAt }, issues }) => {
    const refuse = (field: string, message: string): void => {
      issues.push({ code: 'custom', input: field, path: [field], message });
    };
    if (check && accountId === undefined) refuse('check', 'goes with the accountId that is to be checked');
    if (digest && (check || accountId !== undefined || dryRun !== undefined)) {
      refuse('digest', 'goes with scheduledAt alone');
    }
    if (accountId !== undefined && scheduledAt !== undefined) {
      refuse('accountId', 'does not go with scheduledAt: a schedule is for all accounts');
    }
  });
/** An EventBridge rule or schedule without an input of its own. */
const schedulerEvent = z.object({ source: z.enum(['aws.events', 'aws.scheduler']), time: z.optional(instant) });

/** One scheduled run; without an instant it was begun by hand. */
export interface ScheduledEvent {
  dryRun: boolean;
  /** When it was due, which is before it began, and the same when it is repeated. */
  scheduledAt?: Instant;
  /** One account of the fleet, by hand. */
  accountId?: string;
  /** The fleet's digest of what its accounts have answered. */
  digest?: true;
  /** Whether that account is ready: nothing is scanned. */
  check?: true;
}

/**
 * Throws an EventError for anything but `{}`, `{"dryRun", "scheduledAt", "accountId"}`, `{"digest"}`, `{"check",
 * "accountId"}` and a scheduler's own event.
 */
export function parseScheduledEvent(event: unknown): ScheduledEvent {
  const byScheduler = schedulerEvent.safeParse(event);
  if (byScheduler.success) return { dryRun: false, ...present({ scheduledAt: byScheduler.data.time }) };
  const { dryRun = false, ...rest } = parseEvent(scheduledEvent, event, 'scheduled-rotation');
  return { dryRun, ...present(rest) };
}

const instantText = z.string().check(z.refine((text) => parseInstant(text) !== undefined, 'must be an instant'));

const requestId = z.string().check(z.minLength(1), z.maxLength(80));
const workMessage = z.strictObject({
  schemaVersion: z.literal(1),
  accountId,
  userId: z.string().check(z.regex(/^[A-Za-z0-9]{16,128}$/, 'must be a UserId (AIDA…)')),
  userName,
  origin: z.enum(['schedule', 'config', 'exposed']),
  requestId,
  accessKeyId: z.optional(accessKeyId),
  /** The run has kept one of the day's new rotations for this user. */
  mayIssue: z.optional(z.boolean()),
  /** Whether this is the run that tells again of what no tag can remember, as one does each week. */
  mayRepeat: z.optional(z.boolean()),
  /** AWS seems to refuse all users: this one is tried, and the digest says what happened. */
  isProbe: z.optional(z.boolean()),
  /** In a fleet: where the account was in the organization. Chooses settings, never permissions. */
  path: z.optional(organizationPath),
  /** In a fleet: an older message is dropped, since an account may have moved. */
  notAfter: z.optional(instantText),
  /** In a fleet: what people call the account, for what they are told. Nothing is decided by it. */
  accountName: z.optional(z.string()),
  /** With origin `exposed`: when it was reported. */
  reportedAt: z.optional(instantText),
  /** With origin `exposed`, over the rest of the body: not every sender may ask for a deactivation. */
  mac: z.optional(z.string()),
});

/** One user to look at. It carries no decision: the worker observes again. */
export type WorkMessage = z.output<typeof workMessage>;

/** What a message about a user of a member says beside. */
export type OfMember = Pick<WorkMessage, 'path' | 'notAfter' | 'accountName'>;

/** Throws an EventError that names the field; the queue then keeps the message for its dead-letter queue. */
export function parseWorkMessage(body: string): WorkMessage {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new EventError('Cannot read the message: its body is not JSON.');
  }
  return parseEvent(workMessage, json, 'message');
}

/** How sure AWS is that others have the keys. */
export type Certainty = 'confirmed' | 'suspected';

/** The codes of which AWS is sure; every other one of this family only suspects (docs/assumptions.md, A46). */
const EXPOSURE = 'AWS_RISK_CREDENTIALS_';
const CONFIRMED: readonly string[] = [`${EXPOSURE}EXPOSED`, `${EXPOSURE}COMPROMISED`];

const healthEvent = z.object({
  id: requestId,
  source: z.literal('aws.health', 'must be aws.health'),
  account: z.optional(z.string()),
  // Only told of: no key stays active for the form of its time.
  time: z.optional(z.unknown()),
  detail: z.object({
    eventTypeCode: z.string().check(z.startsWith(EXPOSURE, `must begin with ${EXPOSURE}`)),
    affectedAccount: z.nullish(z.string()),
    affectedEntities: z.array(z.unknown()).check(z.minLength(1, 'must name at least one access key')),
  }),
});

/** Of a user, or of a session. `AIDA…` is a user, and other IDs of IAM would pass for a key too. */
const exposedKeyId = z.string().check(z.regex(/^A[KS]IA[A-Z0-9]{12,124}$/));
const keyEntity = z.object({ entityValue: exposedKeyId });
const otherEntity = z.object({ entityValue: z.string() });

/** What AWS Health says about access keys that others have. */
export interface ExposureEvent {
  eventId: string;
  /** `AWS_RISK_CREDENTIALS_EXPOSED` and the like. */
  code: string;
  certainty: Certainty;
  /** Whose keys they are: a delegated administrator is sent the events of other accounts too. */
  accountId?: string;
  /** Where the event is from, as EventBridge says: nobody else can. */
  sentBy?: string;
  /** When EventBridge had it. */
  reportedAt?: Instant;
  accessKeyIds: readonly string[];
  /** Affected entities that are no key IDs, cut to a length that fits into a message: a person must look. */
  unreadable: readonly string[];
}

const UNREADABLE_MAX = 200;

/**
 * Throws an EventError for anything but AWS Health's events about credentials in the wrong hands. An entity that cannot
 * be read stops none of the others.
 */
export function parseExposureEvent(event: unknown): ExposureEvent {
  const { id, detail, account, time } = parseEvent(healthEvent, event, 'exposed-key');
  const accessKeyIds = new Set<string>();
  const unreadable = new Set<string>();
  for (const entity of detail.affectedEntities) {
    const key = keyEntity.safeParse(entity);
    if (key.success) accessKeyIds.add(key.data.entityValue);
    else unreadable.add(nameOf(entity));
  }
  return {
    eventId: id,
    code: detail.eventTypeCode,
    certainty: CONFIRMED.includes(detail.eventTypeCode) ? 'confirmed' : 'suspected',
    ...(detail.affectedAccount ? { accountId: detail.affectedAccount } : {}),
    ...present({ sentBy: account, reportedAt: parseInstant(String(time)) }),
    accessKeyIds: [...accessKeyIds],
    unreadable: [...unreadable],
  };
}

function nameOf(entity: unknown): string {
  const named = otherEntity.safeParse(entity);
  const text = named.success && named.data.entityValue !== '' ? named.data.entityValue : JSON.stringify(entity);
  return text.slice(0, UNREADABLE_MAX);
}
