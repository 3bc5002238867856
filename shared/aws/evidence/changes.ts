import { judgeChanges } from '../../core/evidence/judge-changes.ts';
import type { Judgement } from '../../core/evidence/judgement.ts';
import { type CarriedChanges, type History, intentsIn, toCarry } from '../../core/evidence/key-changes.ts';
import { keyChanges, ownRoles, reconcile } from '../../core/evidence/reconcile.ts';
import type { Seen, SeenUser } from '../../core/evidence/snapshot.ts';
import { transitionsOf } from '../../core/evidence/transitions.ts';
import { parseInstant } from '../../core/time.ts';
import type { EvidenceReader } from './bucket.ts';
import type { KeyEventsSeen } from './key-events.ts';
import { readChangeRecords } from './records.ts';
import { type Inspection, tryRead } from './try-read.ts';

export interface ToReconcile {
  accountId: string;
  history: History;
  keyEvents: KeyEventsSeen;
  /** What the run before handed on. */
  before: CarriedChanges | undefined;
  /** As this run saw them. */
  users: Seen<readonly SeenUser[]>;
}

/** What CloudTrail told of changes, beside what was recorded of them; what the next run is handed; and which records there are. */
export async function reconcileChanges(
  inspection: Inspection,
  reader: EvidenceReader,
  { accountId, history, keyEvents, before, users }: ToReconcile,
): Promise<{ judgements: readonly Judgement[]; changes: CarriedChanges; recorded: readonly string[] }> {
  const { clock, settings } = inspection;
  const { from } = history;
  const now = clock();
  const { records: known = [], events: carried = [] } = before ?? {};
  // The first run sees changes from before there was evidence, and those have no records.
  const isCarried = new Set(carried.map(({ eventId }) => eventId));
  const events = history.events.filter(({ at, eventId }) => at >= from || isCarried.has(eventId));
  // Whatever is still compared may have been recorded on its own day.
  const first = Math.min(from, ...events.map(({ at }) => at));
  const read = await tryRead(inspection, () => readChangeRecords(reader, { accountId, from: first, to: now, known }));
  const { records, keys } = read.isSeen ? read.value : { records: known, keys: [] };
  const untils = keyChanges.map((name) => parseInstant(keyEvents.eventsUntil[name] ?? '') ?? from);
  const lines = reconcile({
    ...{ events, records: transitionsOf(records), isOwnRole: ownRoles(accountId, settings.roleSuffix) },
    ...{ knownFrom: from, knownUntil: Math.min(...untils), now },
    intents: users.isSeen ? intentsIn(users.value, settings, now) : [],
  });
  const unknown = [...keyEvents.unknown, ...(read.isSeen ? [] : [read])];
  // Without records nothing can be said of what Keyturn did.
  const judged = read.isSeen ? lines : lines.filter(({ is }) => is === 'outside');
  return {
    judgements: judgeChanges({ accountId, at: now, unknown, lines: judged }),
    changes: toCarry(history, records, { lines, now }),
    recorded: keys,
  };
}
