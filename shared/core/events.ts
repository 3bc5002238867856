import * as z from 'zod';
import { EventError } from './errors.ts';
import { type Asked, rotateUserActions } from './model.ts';
import { parseDate } from './time.ts';

const userName = z
  .string()
  .regex(/^[\w+=,.@-]{1,64}$/, 'must be an IAM user name: 1 to 64 letters, digits and _+=,.@-');
const accessKeyId = z
  .string()
  .regex(/^[A-Z0-9]{16,128}$/, 'must be an access key ID: 16 to 128 capital letters and digits');
const date = z.string().transform((value, context) => {
  const instant = parseDate(value);
  if (instant === undefined) context.addIssue({ code: 'custom', message: 'must be a date YYYY-MM-DD' });
  return instant ?? z.NEVER;
});

const rotateUserEvent = z
  .strictObject({
    userName,
    action: z.enum(rotateUserActions, `must be one of ${rotateUserActions.join(', ')}`).default('plan'),
    accessKeyId: accessKeyId.optional(),
    graceDays: z
      .number()
      .max(3_650)
      .refine((value) => value === 0 || value >= 1, 'must be 0 or at least 1')
      .optional(),
    holdUntil: date.optional(),
    force: z.boolean().optional(),
    restoreSecret: z.boolean().optional(),
  })
  .superRefine((event, context) => {
    const only = (field: keyof typeof event, actions: readonly string[]): void => {
      if (event[field] === undefined || actions.includes(event.action)) return;
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `goes with ${actions.join(' or ')}, not with ${event.action}`,
      });
    };
    only('accessKeyId', ['rotate', 'retire']);
    only('graceDays', ['rotate']);
    only('restoreSecret', ['rotate']);
    only('holdUntil', ['hold', 'rollback']);
    if (event.action === 'hold' && event.holdUntil === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['holdUntil'],
        message: 'is required for hold; a past date lifts the hold',
      });
    }
  });

/** What was asked for one user by hand. Throws an EventError that names each wrong field and the way out. */
export function parseRotateUserEvent(event: unknown): { userName: string; asked: Asked } {
  const { userName: name, action, holdUntil, ...rest } = parse(rotateUserEvent, event, 'rotate-user');
  const options = definedOnly(rest);
  if (action === 'hold') return { userName: name, asked: { ...options, action, holdUntil: holdUntil ?? 0 } };
  return { userName: name, asked: { ...options, action, ...(holdUntil === undefined ? {} : { holdUntil }) } };
}

const scheduledEvent = z.strictObject({ dryRun: z.boolean().optional() });
/** An EventBridge rule or schedule without an input of its own. */
const schedulerEvent = z.object({ source: z.enum(['aws.events', 'aws.scheduler']) });

/** Throws an EventError for anything but `{}`, `{"dryRun": …}` and a scheduler's own event. */
export function parseScheduledEvent(event: unknown): { dryRun: boolean } {
  if (schedulerEvent.safeParse(event).success) return { dryRun: false };
  return { dryRun: parse(scheduledEvent, event, 'scheduled-rotation').dryRun ?? false };
}

const workMessage = z.strictObject({
  schemaVersion: z.literal(1),
  accountId: z.string().regex(/^\d{12}$/, 'must be an account ID of 12 digits'),
  userId: z.string().regex(/^[A-Za-z0-9]{16,128}$/, 'must be a UserId (AIDA…)'),
  userName,
  origin: z.enum(['schedule', 'config', 'exposed']),
  requestId: z.string().min(1).max(80),
  accessKeyId: accessKeyId.optional(),
});

/** One user to look at. It carries no decision: the worker observes again. */
export type WorkMessage = z.output<typeof workMessage>;

/** Throws an EventError that names the field; the queue then keeps the message for its dead-letter queue. */
export function parseWorkMessage(body: string): WorkMessage {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new EventError('Cannot read the message: its body is not JSON.');
  }
  return parse(workMessage, json, 'message');
}

const EXPOSED = 'AWS_RISK_CREDENTIALS_EXPOSED';

const healthEvent = z.object({
  id: z.string().min(1).max(80),
  source: z.literal('aws.health', 'must be aws.health'),
  detail: z.object({
    eventTypeCode: z.literal(EXPOSED, `must be ${EXPOSED}`),
    affectedEntities: z.array(z.object({ entityValue: accessKeyId })).min(1, 'must name at least one access key'),
  }),
});

/** The access keys that AWS found in public. */
export interface ExposureEvent {
  eventId: string;
  accessKeyIds: readonly string[];
}

/** Throws an EventError for anything but AWS Health's event about exposed credentials. */
export function parseExposureEvent(event: unknown): ExposureEvent {
  const { id, detail } = parse(healthEvent, event, 'exposed-key');
  const ids = detail.affectedEntities.map(({ entityValue }) => entityValue);
  return { eventId: id, accessKeyIds: [...new Set(ids)] };
}

function parse<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
  );
  throw new EventError(`Cannot read the ${what} event: ${problems.join('; ')}.`);
}

/** Without the members that are undefined. */
function definedOnly<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
