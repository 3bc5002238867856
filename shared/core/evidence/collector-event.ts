import { EventError } from '../errors.ts';

/** What the collector is asked for. */
export interface CollectorRequest {
  action: 'collect';
  trigger: 'schedule' | 'hand';
}

/** `{}` by hand, or what the schedule sends. Throws an EventError that names what is wrong. */
export function parseCollectorEvent(event: unknown): CollectorRequest {
  const fields = typeof event === 'object' && event !== null ? Object.entries(event) : [];
  const named = new Map<string, unknown>(fields);
  if (typeof named.get('detail-type') === 'string' || typeof named.get('scheduledAt') === 'string') {
    return { action: 'collect', trigger: 'schedule' };
  }
  const [unknown] = named.keys();
  if (unknown !== undefined) throw new EventError(`Unknown field ${unknown}: evidence is collected by {}.`);
  return { action: 'collect', trigger: 'hand' };
}
