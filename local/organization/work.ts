import { AsyncLocalStorage } from 'node:async_hooks';
import { isRecord } from '../aws/input.ts';

const atWork = new AsyncLocalStorage<readonly string[]>();

/**
 * Runs an invocation. Each of its calls is then known to be for the accounts that its event is about: those of its
 * messages, or the one that it names. Those of an event that names none are the hub's own.
 */
export function workingOn<T>(event: unknown, hub: string, work: () => T): T {
  const about = accountsOf(event);
  return atWork.run(about.length === 0 ? [hub] : about, work);
}

/** What the invocation is about that the present call is made in; undefined: it is made in none. */
export function presentWork(): readonly string[] | undefined {
  return atWork.getStore();
}

function accountsOf(event: unknown): string[] {
  if (!isRecord(event)) return [];
  const { Records, detail, accountId, account } = event;
  if (Array.isArray(Records)) return [...new Set(Records.flatMap((record) => accountsOf(bodyOf(record))))];
  // AWS Health tells the account that looks after the organization; the event is about another.
  const named = (isRecord(detail) ? detail.affectedAccount : undefined) ?? accountId ?? account;
  return typeof named === 'string' ? [named] : [];
}

function bodyOf(record: unknown): unknown {
  return isRecord(record) && typeof record.body === 'string' ? parsed(record.body) : undefined;
}

/** Undefined: it is no JSON. */
export function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
