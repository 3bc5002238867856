import { hashInName } from '../../../shared/core/evidence/record-name.ts';
import type { RecordedTransition } from '../../../shared/core/evidence/transitions.ts';
import { formatInstant, type Instant, MINUTE, parseInstant } from '../../../shared/core/time.ts';
import { instantOfChange, type KeyChange, type KeyLife, type Told, textOf } from './key-lives.ts';
import { isWithin, type Period } from './period.ts';

/** A key that others knew, or may have known. */
export interface Exposure {
  accessKeyId: string;
  userName: string;
  reason: string;
  /** When AWS, or whoever called by hand, said so; null: no message tells. */
  reportedAt: string | null;
  /** When it could no longer be used; null: it still could, or nothing tells. */
  deactivatedAt: string | null;
  source: Told['source'] | null;
  /** From the one to the other; 0: it was inactive already. Null where either is not known to the minute. */
  minutes: number | null;
  recordKey: string;
  recordSha256: string;
}

/** One a key, by its first message of the period. */
export function exposuresOf(
  records: readonly RecordedTransition[],
  lives: readonly KeyLife[],
  period: Period,
): Exposure[] {
  const byKey = new Map(lives.map((life) => [life.accessKeyId, life]));
  const first = new Map<string, RecordedTransition>();
  for (const told of records) {
    const { accessKeyId } = told.record;
    if (told.event !== 'exposed' || accessKeyId === undefined || !isWithin(period, told.at)) continue;
    if (!first.has(accessKeyId)) first.set(accessKeyId, told);
  }
  return [...first].map(([accessKeyId, { record, at, key }]): Exposure => {
    const reportedAt = parseInstant(textOf(record.reportedAt));
    const end = endAfter(byKey.get(accessKeyId), reportedAt ?? at);
    const told = end?.told[0];
    // Of days it is known between which it was, and not when.
    const endedAt = told === undefined || told.after !== null ? undefined : parseInstant(told.at);
    return {
      ...{ accessKeyId, userName: textOf(record.userName), reason: textOf(record.reason) },
      reportedAt: reportedAt === undefined ? null : formatInstant(reportedAt),
      ...{ deactivatedAt: told?.at ?? null, source: told?.source ?? null },
      minutes: reportedAt === undefined || endedAt === undefined ? null : minutesFrom(reportedAt, endedAt),
      ...{ recordKey: key, recordSha256: hashInName(key) ?? '' },
    };
  });
}

/** What had ended its use by then, or else what ended it next. */
function endAfter(life: KeyLife | undefined, at: Instant): KeyChange | undefined {
  const changes = life?.changes ?? [];
  const before = changes.findLast((change) => instantOfChange(change) <= at);
  if (before !== undefined && isEnd(before)) return before;
  return changes.find((change) => instantOfChange(change) > at && isEnd(change));
}

function isEnd({ what }: KeyChange): boolean {
  return what === 'deactivated' || what === 'deleted';
}

/** With a tenth. */
function minutesFrom(from: Instant, to: Instant): number {
  return Math.max(0, Math.round(((to - from) / MINUTE) * 10) / 10);
}
