import type { ControlId, Finding } from '../../../shared/core/evidence/finding.ts';
import { setsExemption } from '../../../shared/core/evidence/key-changes.ts';
import type { KeyEvent } from '../../../shared/core/evidence/reconcile.ts';
import { formatInstant, type Instant } from '../../../shared/core/time.ts';
import type { Day } from './day.ts';

/** What somebody has accepted, and how long it was relied on. */
export interface ExceptionUsed extends NonNullable<Finding['accepted']> {
  control: ControlId;
  resource: string;
  firstDay: string;
  lastDay: string;
  days: number;
  ended: 'in use at the end' | 'its date came' | 'no longer used';
}

export function exceptionsOf(days: readonly Day[], events: readonly KeyEvent[]): ExceptionUsed[] {
  const found = new Map<string, ExceptionUsed>();
  const last = days.at(-1)?.date ?? '';
  for (const { date, at, open } of days) {
    for (const { id, control, resource, accepted, userName } of open) {
      if (accepted === null) continue;
      const { until, because, approvedBy, source } = accepted;
      const name = JSON.stringify([id, until, because, approvedBy, source]);
      const approval = approvalOf(accepted, events, { userName, at });
      const before = found.get(name) ?? { control, resource, ...accepted, ...approval, firstDay: date, days: 0 };
      found.set(name, { ...before, lastDay: date, days: before.days + 1, ended: 'in use at the end' });
    }
  }
  return [...found.values()].map((used) => {
    if (used.lastDay === last) return used;
    return { ...used, ended: used.until !== null && used.until <= last ? 'its date came' : 'no longer used' };
  });
}

/** The call that set the tag: as the run knew it, or the last one before the exemption was seen. */
function approvalOf(
  { source, approvedBy, approvedAt, eventId }: NonNullable<Finding['accepted']>,
  events: readonly KeyEvent[],
  { userName, at }: { userName: string | undefined; at: Instant },
): Pick<ExceptionUsed, 'approvedAt' | 'eventId'> {
  if (eventId !== null) return { approvedAt, eventId };
  const set = events.findLast(
    (event) => event.at <= at && event.userName === userName && event.caller === approvedBy && setsExemption(event),
  );
  if (source !== 'tag' || set === undefined) return { approvedAt: null, eventId: null };
  return { approvedAt: formatInstant(set.at), eventId: set.eventId };
}
