import { EventError } from '../errors.ts';
import { present } from '../present.ts';

/** A run, as its manifest says who asked for it. */
export interface CollectorRequest {
  action: 'collect';
  trigger: 'schedule' | 'hand';
  /** A member of the fleet; absent: the account of the deployment. */
  accountId?: string;
}

/** What the collector is asked for. */
export type CollectorEvent = CollectorRequest | { action: 'test' };

/** Fields beside those of AWS's own events. */
const known: readonly string[] = ['action', 'accountId', 'scheduledAt'];

/**
 * `{}`, `{"accountId":…}` or `{"action":"test"}` by hand, or what the schedule sends. Throws an EventError that names what
 * is wrong.
 */
export function parseCollectorEvent(event: unknown): CollectorEvent {
  const fields = typeof event === 'object' && event !== null ? Object.entries(event) : [];
  const named = new Map<string, unknown>(fields);
  if (typeof named.get('detail-type') === 'string') return { action: 'collect', trigger: 'schedule' };
  const unknown = [...named.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new EventError(`Unknown field ${unknown}: evidence is collected by {}.`);
  if (named.has('action')) return actionOf(named);
  const trigger = typeof named.get('scheduledAt') === 'string' ? 'schedule' : 'hand';
  return { action: 'collect', trigger, ...present({ accountId: accountIn(named) }) };
}

function actionOf(named: ReadonlyMap<string, unknown>): CollectorEvent {
  const action = named.get('action');
  if (action !== 'test') {
    throw new EventError(`Unknown action ${String(action)}; known: test. Evidence is collected by {}.`);
  }
  if (named.has('accountId')) throw new EventError('accountId: a test is of the deployment alone, leave it out.');
  return { action };
}

function accountIn(named: ReadonlyMap<string, unknown>): string | undefined {
  const accountId = named.get('accountId');
  if (accountId === undefined) return undefined;
  if (typeof accountId === 'string' && /^\d{12}$/.test(accountId)) return accountId;
  throw new EventError('accountId: must be the 12 digits of an account.');
}
