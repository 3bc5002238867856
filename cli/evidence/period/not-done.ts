import type { ReadRecord, RecordedTransition } from '../../../shared/core/evidence/transitions.ts';
import { jsonOf } from '../../../shared/core/json.ts';
import { type Instant, parseInstant } from '../../../shared/core/time.ts';
import * as z from '../../../shared/core/zod.ts';
import type { Day } from './day.ts';
import { seenKeys } from './key-lives.ts';
import { isWithin, type Period } from './period.ts';
import type { KeyInPeriod } from './states.ts';

/** What the digest of a scheduled rotation says: of everybody, and of those who need a decision. */
export interface Told {
  at: Instant;
  dryRun: boolean;
  note: string | undefined;
  reasons: ReadonlyMap<string, string>;
}

const digestSchema = z.looseObject({
  event: z.literal('digest'),
  at: z.string(),
  dryRun: z.boolean(),
  note: z.optional(z.string()),
  needsDecision: z.array(z.looseObject({ userName: z.string(), reason: z.string() })),
});

/** The last digest of the period. */
export function lastDigest(records: readonly ReadRecord[], period: Period): Told | undefined {
  const told = records.flatMap(({ body }): Told[] => {
    const parsed = digestSchema.safeParse(jsonOf(body));
    const at = parsed.success ? parseInstant(parsed.data.at) : undefined;
    if (!parsed.success || at === undefined || !isWithin(period, at)) return [];
    const { dryRun, note, needsDecision } = parsed.data;
    return [{ at, dryRun, note, reasons: new Map(needsDecision.map(({ userName, reason }) => [userName, reason])) }];
  });
  return told.toSorted((a, b) => a.at - b.at).at(-1);
}

export interface WhyAsked {
  days: readonly Day[];
  records: readonly RecordedTransition[];
  digest: Told | undefined;
  period: Period;
}

/**
 * Why a key was not replaced in time: where it stood when it was last seen, else what the last digest says of its user or
 * of everybody, else what Keyturn said last of the key.
 */
export function whyNotDone({ days, records, digest, period }: WhyAsked): (life: KeyInPeriod) => string {
  const seen = seenKeys(days);
  const accepted = new Set(
    days.flatMap(({ open }) => open.filter((finding) => finding.accepted !== null).map(({ id }) => id)),
  );
  return ({ accessKeyId, userId, userName, states }) => {
    const state = states.findLast((spell) => spell.state !== 'not-known' && spell.state !== 'inactive')?.state;
    const answer = [...(seen.get(accessKeyId)?.values() ?? [])].findLast((key) => key.answer !== undefined)?.answer;
    if (state === 'blocked' && answer !== undefined) return answer;
    if (state === 'held' || state === 'exempt' || state === 'frozen' || state === 'not-managed') return state;
    if (accepted.has(`key-age/${userId}/${accessKeyId}`)) return 'accepted';
    if (digest?.dryRun === true) return 'dry-run';
    const decision = digest?.reasons.get(userName) ?? digest?.note;
    if (decision !== undefined) return decision;
    const told = records.findLast(({ record, at }) => record.accessKeyId === accessKeyId && at < period.to);
    if (told !== undefined) return toldReason(told);
    return answer ?? 'no record tells why';
  };
}

function toldReason({ event, record: { reason } }: RecordedTransition): string {
  return reason === undefined ? event : `${event}: ${reason}`;
}
