import type { Invocation, Runtime } from '../aws/runtime.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { CollectorRequest } from '../core/evidence/collector-event.ts';
import type { Collecting } from '../core/evidence/evidence-settings.ts';
import { type CollectorAnswer, collectEvidence } from './evidence-collector.ts';
import { hasFleet } from './has-fleet.ts';
import { refuseOtherAccount } from './other-account.ts';

/** Of whichever account is asked for; in the hub of a fleet a scheduled run begins those of all members as well. */
export async function evidenceOf(
  runtime: Runtime,
  invocation: Invocation,
  request: CollectorRequest,
  collecting: Collecting,
): Promise<CollectorAnswer> {
  const { accountId, trigger } = request;
  const own = collecting.settings.accountId;
  const collectHere = () => collectEvidence(runtime, invocation, request, collecting);
  if (!hasFleet(runtime)) {
    await refuseOtherAccount(runtime, accountId);
    return collectHere();
  }
  if (accountId === own || (accountId === undefined && trigger === 'hand')) return collectHere();
  const { collectInMember, startInMembers } = await import('./fleet-evidence.ts');
  if (accountId !== undefined) return collectInMember(runtime, invocation, { ...request, accountId }, collecting);
  const [started, collected] = await Promise.allSettled([startInMembers(runtime, invocation, own), collectHere()]);
  if (collected.status === 'fulfilled' && started.status === 'fulfilled') return collected.value;
  // Neither hides the other: each may go on failing for days.
  const failures = [collected, started].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (failures.length === 1) throw failures[0];
  throw new RotationError(failures.map(messageOf).join(' '), { cause: failures[0] });
}
