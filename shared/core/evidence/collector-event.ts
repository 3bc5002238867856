import { EventError } from '../errors.ts';

/** A run, as its manifest says who asked for it. */
export interface CollectorRequest {
  action: 'collect';
  trigger: 'schedule' | 'hand';
}

/** What the collector is asked for. */
export type CollectorEvent = CollectorRequest | { action: 'test' };

/** By the field `action`; without it evidence is collected. */
const actions: ReadonlyMap<unknown, CollectorEvent> = new Map<unknown, CollectorEvent>([
  [undefined, { action: 'collect', trigger: 'hand' }],
  ['test', { action: 'test' }],
]);

/** `{}` or `{"action":"test"}` by hand, or what the schedule sends. Throws an EventError that names what is wrong. */
export function parseCollectorEvent(event: unknown): CollectorEvent {
  const fields = typeof event === 'object' && event !== null ? Object.entries(event) : [];
  const named = new Map<string, unknown>(fields);
  if (typeof named.get('detail-type') === 'string' || typeof named.get('scheduledAt') === 'string') {
    return { action: 'collect', trigger: 'schedule' };
  }
  const unknown = [...named.keys()].find((name) => name !== 'action');
  if (unknown !== undefined) throw new EventError(`Unknown field ${unknown}: evidence is collected by {}.`);
  const asked = actions.get(named.get('action'));
  if (asked !== undefined) return asked;
  const known = [...actions.keys()].filter((action) => action !== undefined).join(', ');
  throw new EventError(`Unknown action ${String(named.get('action'))}; known: ${known}. Evidence is collected by {}.`);
}
