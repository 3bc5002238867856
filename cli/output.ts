import { actionNames } from '../shared/core/answer.ts';
import { roles } from '../shared/core/model.ts';
import { reasons } from '../shared/core/reasons.ts';
import * as z from '../shared/core/zod.ts';
import { confidences, rules } from './advise/rules.ts';

/*
 * What `--json` prints: published as docs/schemas/*.schema.json, which a test makes from what stands here. Within a
 * version fields are only added.
 */

const text = z.string();
const count = z.int().check(z.nonnegative());
const instant = z.iso.datetime();
const accessKeyId = text.check(z.regex(/^[A-Z0-9]{16,128}$/));
const accountId = text.check(z.regex(/^\d{12}$/));

/** As the Lambda functions show a step, with what it is founded on. */
const step = z.strictObject({
  userName: text,
  action: z.enum(actionNames),
  accessKeyId: z.optional(accessKeyId),
  reason: z.enum(Object.keys(reasons)),
  message: text,
  notBefore: z.optional(instant),
  /** Recorded state counts as it stands: a preview cannot verify who wrote it. */
  basis: z.literal('as-recorded'),
});

const settings = z.strictObject({
  from: z.enum(['deployment', 'environment', 'defaults']),
  stage: text,
  region: text,
  enforce: z.boolean(),
  maxAccessKeyAgeDays: z.number(),
  rotateAheadDays: z.number(),
  graceDays: z.number(),
  quietDays: z.number(),
  maxPostponeDays: z.number(),
  recoveryDays: z.number(),
  unusedDays: z.number(),
  maxNewRotationsPerDay: z.number(),
});

/** What a user's plan came to; `act` where something is due. */
const status = z.enum(['act', 'unchanged', 'blocked', 'busy', 'failed']);

const account = {
  profile: z.optional(text),
  accountId,
  settings,
  /** How it is known who would hear of a step. */
  subscriptions: z.enum(['read', 'counted', 'assumed', 'not-required']),
  notes: z.array(text),
  errors: z.array(text),
  awsCalls: count,
};

/** `keyturn plan --json`. Each account has the fields that `scheduled-rotation` answers with, and more. */
export const planOutput = z.strictObject({
  schemaVersion: z.literal(1),
  accounts: z.array(
    z.strictObject({
      ...account,
      schemaVersion: z.literal(1),
      runId: text,
      dryRun: z.literal(true),
      usersScanned: count,
      enqueued: z.literal(0),
      skipped: z.record(text, count),
      plan: z.array(step),
      users: z.array(z.strictObject({ userName: text, status, reason: text, message: text })),
      leftAlone: z.optional(z.array(z.strictObject({ userName: text, reason: text, because: z.optional(text) }))),
    }),
  ),
});
export type PlanOutput = z.output<typeof planOutput>;

const lastUsed = z.optional(z.strictObject({ at: instant, service: text, region: text }));

const key = z.strictObject({
  accessKeyId,
  status: text,
  createdAt: instant,
  ageDays: z.number(),
  role: z.enum(roles),
  isExposed: z.boolean(),
  lastUsed,
  deletableAt: z.optional(instant),
});

/** `keyturn status --json`. */
export const statusOutput = z.strictObject({
  schemaVersion: z.literal(1),
  accounts: z.array(
    z.strictObject({
      ...account,
      users: z.array(
        z.strictObject({
          userName: text,
          userId: text,
          owner: z.optional(text),
          status,
          reason: text,
          message: text,
          keys: z.array(key),
          secret: z.optional(z.strictObject({ name: text, arn: text, versionId: z.optional(text) })),
          currentSince: z.optional(instant),
          /** Of the key before the current one. */
          grace: z.optional(z.strictObject({ until: instant, atLatest: instant })),
          heldUntil: z.optional(instant),
          plan: z.array(step),
        }),
      ),
    }),
  ),
});
export type StatusOutput = z.output<typeof statusOutput>;

/** `keyturn explain --json`. */
export const explainOutput = z.strictObject({
  schemaVersion: z.literal(1),
  reasons: z.record(text, z.strictObject({ says: text, todo: text })),
});

/** `keyturn doctor --json`. */
export const doctorOutput = z.strictObject({
  schemaVersion: z.literal(1),
  accounts: z.array(
    z.strictObject({
      profile: z.optional(text),
      accountId,
      region: text,
      stage: text,
      faults: count,
      warnings: count,
      checks: z.array(
        z.strictObject({
          check: text,
          verdict: z.enum(['ok', 'warning', 'fault', 'unknown']),
          says: text,
          /** The way out, line by line. */
          todo: z.array(text),
        }),
      ),
    }),
  ),
});
export type DoctorOutput = z.output<typeof doctorOutput>;

/** `keyturn advise --json`. */
export const adviseOutput = z.strictObject({
  schemaVersion: z.literal(1),
  accounts: z.array(
    z.strictObject({
      profile: z.optional(text),
      accountId,
      region: text,
      /** Absent unless CloudTrail was asked. */
      cloudTrailDays: z.optional(count),
      errors: z.array(text),
      awsCalls: count,
      users: z.array(
        z.strictObject({
          userName: text,
          keys: z.array(
            z.strictObject({
              accessKeyId,
              createdAt: instant,
              lastUsed,
            }),
          ),
          /** All that fit; the first is the advice. */
          advice: z.array(
            z.strictObject({
              rule: z.enum(rules.map(({ id }) => id)),
              confidence: z.enum(confidences),
              doInstead: text,
              because: text,
              source: text,
            }),
          ),
          /** What a role would have to allow, where the advice is one. */
          roleNeeds: z.optional(z.array(z.strictObject({ service: text, actions: z.array(text) }))),
        }),
      ),
    }),
  ),
});
export type AdviseOutput = z.output<typeof adviseOutput>;

const fleetAccount = { accountId, name: text, path: text, wave: z.optional(text) };

/** `keyturn fleet check --json`. */
export const fleetCheckOutput = z.strictObject({
  schemaVersion: z.literal(1),
  organizationId: text,
  /** With how many functions may run at once there; absent if that may not be read. */
  hub: z.strictObject({ accountId, region: text, stage: text, concurrency: z.optional(count) }),
  ready: count,
  /** By `select.tags`. */
  leftOut: count,
  notReady: count,
  accounts: z.array(
    z.strictObject({
      ...fleetAccount,
      dryRun: z.boolean(),
      status: z.enum(['ready', 'not-selected', 'refused', 'failed']),
      /** `todo` is a command, or a sentence where there is none. */
      findings: z.array(z.strictObject({ reason: text, message: text, todo: text })),
    }),
  ),
});
export type FleetCheckOutput = z.output<typeof fleetCheckOutput>;

/** `keyturn fleet plan --json`. */
export const fleetPlanOutput = z.strictObject({
  schemaVersion: z.literal(1),
  organizationId: text,
  hub: z.strictObject({ accountId, region: text, stage: text }),
  waves: z.array(
    z.strictObject({
      name: text,
      begins: text,
      accounts: count,
      users: count,
      /** Users for whom something would be done. */ changed: count,
    }),
  ),
  accounts: z.array(
    z.strictObject({
      ...fleetAccount,
      /** By its wave nothing would be done yet. */
      dryRun: z.boolean(),
      status: z.enum(['planned', 'not-deployed', 'failed']),
      usersScanned: count,
      skipped: z.record(text, count),
      /** As the hub answers: a newer one may know more actions and reasons. */
      plan: z.array(
        z.strictObject({
          userName: text,
          action: text,
          accessKeyId: z.optional(text),
          reason: text,
          message: text,
          notBefore: z.optional(text),
        }),
      ),
      errors: z.array(text),
    }),
  ),
  /** Accounts that the deployed fleet selects and the present fleet.yml does not. */
  departures: z.array(z.strictObject({ accountId, name: text, reason: text, message: text })),
});
export type FleetPlanOutput = z.output<typeof fleetPlanOutput>;

/** `keyturn fleet leave --json`. */
export const fleetLeaveOutput = z.strictObject({
  schemaVersion: z.literal(1),
  accountId,
  /** The role that the hub takes is there, and fleet.yml does not exclude the account. */
  isMember: z.boolean(),
  users: z.array(
    z.strictObject({
      userName: text,
      message: text,
      currentKeyId: z.optional(accessKeyId),
      oldKeyId: z.optional(accessKeyId),
      /** Commands: the new key stays. */
      confirm: z.array(text),
      /** Commands: the old key stays. */
      rollback: z.array(text),
    }),
  ),
});
export type FleetLeaveOutput = z.output<typeof fleetLeaveOutput>;

/** By the command whose `--json` each is of. */
export const outputs = {
  'fleet-leave': fleetLeaveOutput,
  'fleet-plan': fleetPlanOutput,
  'fleet-check': fleetCheckOutput,
  plan: planOutput,
  status: statusOutput,
  explain: explainOutput,
  advise: adviseOutput,
  doctor: doctorOutput,
};
