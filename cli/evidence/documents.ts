import { carriedFacts } from '../../shared/core/evidence/carried-keys.ts';
import { digestSchema, signatureSchema } from '../../shared/core/evidence/chain.ts';
import { keyEventNames } from '../../shared/core/evidence/event-windows.ts';
import {
  controlIds,
  type Finding,
  findingReasons,
  findingStatuses,
  resourceTypes,
} from '../../shared/core/evidence/finding.ts';
import { carriedChanges } from '../../shared/core/evidence/key-changes.ts';
import { manifestSchema } from '../../shared/core/evidence/manifest.ts';
import { telling } from '../../shared/core/evidence/what-to-tell.ts';
import * as z from '../../shared/core/zod.ts';
import { gapKinds } from './period/gaps.ts';
import { toldBy } from './period/key-lives.ts';
import type { PeriodReport } from './period/report.ts';
import { statesOfDays } from './period/states.ts';

/*
 * What lies in the bucket, and what a report about a period says: published as docs/evidence.schema.json, which a test
 * makes from what stands here and holds against what the functions write. Within a version fields are only added.
 */

const text = z.string();
const count = z.number();
const orNull = <T extends z.ZodMiniType>(schema: T) => z.nullable(schema);
const all = <T extends z.ZodMiniType>(schema: T) => z.readonly(z.array(schema));
const control = z.enum(controlIds);
const status = z.enum(findingStatuses);
const reason = z.enum(Object.values(findingReasons).flat());
const accepted = {
  until: orNull(text),
  because: text,
  ...{ approvedBy: orNull(text), approvedAt: orNull(text), eventId: orNull(text) },
  source: z.enum(['tag', 'file']),
};

const finding: z.ZodMiniType<Finding> = z.object({
  id: text,
  control: z.strictObject({ id: control, version: count, title: text }),
  ...{ status, reason, sentence: text },
  resource: z.object({
    ...{ type: z.enum(resourceTypes), id: text, accountId: text, region: text },
    ...{ arn: z.exactOptional(text), userId: z.exactOptional(text), userName: z.exactOptional(text) },
  }),
  facts: z.record(text, z.union([text, count, z.boolean(), z.null(), all(text)])),
  ...{ asOf: text, since: text, isSinceKnown: z.boolean() },
  lastKnown: orNull(z.object({ status, reason, since: text, isSinceKnown: z.boolean() })),
  handOver: orNull(z.object({ newAccessKeyId: orNull(text), sentence: text, until: orNull(text) })),
  accepted: orNull(z.strictObject(accepted)),
  remediation: text,
  references: all(
    z.strictObject({ framework: text, requirement: text, basis: z.enum(['benchmark', 'security-hub', 'text']) }),
  ),
});

const head = orNull(z.object({ sequence: count, sha256: text, madeAt: text }));
const ages = z.object({ count, p50: orNull(count), p90: orNull(count), p99: orNull(count), max: orNull(count) });
const told = z.object({
  at: text,
  after: orNull(text),
  source: z.enum(toldBy),
  ...{ reference: text, by: orNull(text) },
});
const daysByState = z.record(z.enum(statesOfDays), count);
const oldKey = z.object({ accessKeyId: text, userName: text, ageDays: count, isActive: z.boolean() });
const key = z.object({
  ...{ accessKeyId: text, userId: text, userName: text, limitDays: orNull(count) },
  changes: all(
    z.object({
      what: z.enum(['created', 'activated', 'deactivated', 'deleted']),
      ...{ told: all(told), disagree: z.boolean() },
    }),
  ),
  ...{ activeDays: count, inactiveDays: count, overDays: count },
  states: all(
    z.object({
      ...{ state: z.enum(statesOfDays), firstDay: text, lastDay: text, days: count },
      ...{ source: orNull(text), because: orNull(text) },
    }),
  ),
  daysByState,
});
const rotation = z.object({
  ...{ transitionId: text, userId: text, userName: text, oldAccessKeyId: orNull(text), newAccessKeyId: text },
  ...{ issuedAt: text, limitAt: orNull(text), deactivatedAt: orNull(text), deletedAt: orNull(text) },
  ...{ onTime: orNull(z.boolean()), handOverDays: orNull(count), recordKey: text, recordSha256: text },
  eventIds: all(text),
});
const exposure = z.object({
  ...{ accessKeyId: text, userName: text, reason: text, reportedAt: orNull(text), deactivatedAt: orNull(text) },
  ...{ source: orNull(z.enum(toldBy)), minutes: orNull(count), recordKey: text, recordSha256: text },
});
const due = z.object({
  ...{ accessKeyId: text, userName: text, limitAt: text, outcome: z.enum(['on-time', 'late', 'not-done']) },
  ...{ daysLate: orNull(count), reason: text },
});
const spell = z.object({
  ...{ control, resource: text, reason: text, sentence: text, firstDay: text, lastDay: text },
  ...{ settledDay: orNull(text), days: count, handOverDays: count, acceptedDays: count },
});
const exception = z.object({
  ...{ control, resource: text, ...accepted, firstDay: text, lastDay: text, days: count },
  ended: z.enum(['in use at the end', 'its date came', 'no longer used']),
});
const controlOver = z.object({
  ...{ control, passDays: count, failDays: count, errorDays: count, spells: count, openAtEnd: count },
  ...{ meanDaysToSettle: orNull(count), maxDaysToSettle: orNull(count) },
});

const report: z.ZodMiniType<PeriodReport> = z.object({
  ...{ schemaVersion: z.literal(1), accountId: text, isPreliminary: z.boolean() },
  period: z.object({ name: text, firstDay: text, lastDay: text }),
  chain: z.object({
    result: z.enum(['valid', 'invalid', 'not-checked']),
    ...{ digests: count, first: head, last: head },
  }),
  days: z.object({ expected: count, withEvidence: count, bySchedule: count, byHand: count, incomplete: count }),
  records: z.object({ transitions: count, repeats: count }),
  gaps: z.array(z.object({ kind: z.enum(gapKinds), from: text, to: text, what: text, reference: text })),
  keyAge: z.object({
    ...{ activeKeyDays: count, overLimitKeyDays: count, overLimitPercent: orNull(count), ended: ages, active: ages },
    oldest: z.array(oldKey),
  }),
  keys: z.array(key),
  timeInState: daysByState,
  due: z.object({
    ...{ onTime: count, late: count, notDone: count, keys: z.array(due), daysLate: ages },
    notDoneBy: z.record(text, count),
  }),
  rotations: z.array(rotation),
  handOverDays: ages,
  rolledBack: count,
  exposures: z.array(exposure),
  exposedMinutes: ages,
  ...{ controls: z.array(controlOver), findings: z.array(spell), exceptions: z.array(exception) },
  mfa: z.array(
    z.object({
      ...{ date: text, with: count, without: count, notKnown: count, users: orNull(count) },
      ...{ percentOfConsoleUsers: orNull(count), percentOfUsers: orNull(count) },
    }),
  ),
  people: z.array(
    z.object({
      ...{ userId: text, userName: text, daysWith: count, daysWithout: count, daysNotKnown: count },
      ...{ firstDayWithout: orNull(text), lastDayWithout: orNull(text) },
    }),
  ),
  outside: z.array(
    z.object({
      ...{ at: text, name: z.enum(keyEventNames), accessKeyId: orNull(text), userName: orNull(text), by: text },
      eventId: text,
    }),
  ),
});

/** One line of `key-changes.jsonl`. */
const keyChange = z.object({
  ...{ eventId: text, at: text, name: z.enum(keyEventNames), caller: text },
  ...{ callerType: z.optional(text), invokedBy: z.optional(text), sourceAddress: z.optional(text) },
  ...{ userAgent: z.optional(text), userName: z.optional(text), accessKeyId: z.optional(text) },
  ...{ status: z.optional(text), errorCode: z.optional(text) },
  tags: z.optional(z.record(text, text)),
  tagKeys: z.optional(all(text)),
});

/** By the name that it has in the schema. */
export const documents = {
  /** `findings.json.gz` of a run; `carried`, `changes` and `telling` are what it hands on to the next. */
  run: z.object({
    schemaVersion: z.literal(1),
    findings: z.array(finding),
    carried: carriedFacts,
    changes: carriedChanges,
    telling: z.exactOptional(telling),
  }),
  finding,
  keyChange,
  manifest: manifestSchema,
  /** The first line of a digest, and the second. */
  digest: digestSchema,
  signature: signatureSchema,
  report,
} as const;
