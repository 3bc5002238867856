import { ConflictError, EventError } from '../core/errors.ts';
import { parseWorkMessage } from '../core/events.ts';
import { parseSettings } from '../core/settings.ts';
import type { Invocation } from '../lambda/handler.ts';
import type { Runtime } from '../lambda/runtime.ts';
import { createPass } from './pass.ts';
import { type Reconciled, reconcile } from './reconcile.ts';

/**
 * One message of the queue: one user, observed anew, so an old or repeated message is harmless. Throws what should
 * bring the message back: a body that does not parse, and failures that may pass. Blocked and busy are success.
 */
export async function work(runtime: Runtime, invocation: Invocation, body: string): Promise<Reconciled | undefined> {
  const settings = parseSettings(runtime.environment);
  const { origin, userName, userId, accountId, accessKeyId } = parseWorkMessage(body);
  const asks = { origin, ...(accessKeyId === undefined ? {} : { accessKeyId }) };
  const pass = createPass(runtime, settings, invocation, asks, { isQueued: true });
  const result = await reconcile(pass, { userName, userId }, { isDryRun: !settings.enforce });
  const found = result.state?.user.accountId ?? accountId;
  if (found !== accountId) throw new EventError(`accountId: ${userName} is in account ${found}, not in ${accountId}.`);
  if (result.status === 'busy' && origin === 'exposed')
    throw new ConflictError(result.message, { userName, accountId });
  count(runtime, result);
  return result;
}

const counted = {
  issue: 'Rotated',
  deactivate: 'Deactivated',
  retire: 'Deactivated',
  delete: 'Deleted',
  postpone: 'Postponed',
} as const;

function count({ meter }: Runtime, { outcomes, status }: Reconciled): void {
  for (const { action, result } of outcomes) {
    const name = Object.entries(counted).find(([verb]) => verb === action)?.[1];
    if (name !== undefined && result === 'done') meter.add(name, 1);
  }
  if (status === 'blocked') meter.add('Blocked', 1);
  if (status === 'failed') meter.add('Failed', 1);
}
