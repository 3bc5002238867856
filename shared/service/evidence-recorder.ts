import { putEvidence } from '../apply/put-evidence.ts';
import type { Runtime } from '../aws/runtime.ts';
import { EventError } from '../core/errors.ts';
import type { EvidenceSettings } from '../core/evidence/evidence-settings.ts';
import { accountOfMessage, nameRecord } from '../core/evidence/record-name.ts';
import { type FleetRuntime, hasFleet } from './has-fleet.ts';

/**
 * Keeps one message of the topic as a record. Whatever is not kept throws, so that the message stays in its queue; what
 * is neither ours nor about us is told of and let go.
 */
export async function keepRecord(
  runtime: Runtime,
  settings: EvidenceSettings,
  { body, messageId }: { body: string; messageId: string },
): Promise<'kept' | 'was-there' | 'foreign'> {
  const { aws, clock, log } = runtime;
  const { accountId } = settings;
  const about = accountOfMessage(body);
  const isElsewhere = about !== undefined && about !== accountId && hasFleet(runtime);
  const isMember = isElsewhere && (await isInFleet(runtime, about));
  const naming = nameRecord(body, { accountId, isKnown: (named) => isMember && named === about, now: clock() });
  if (naming.kind === 'foreign') {
    log.warn('Foreign', { messageId });
    return 'foreign';
  }
  const result = await putEvidence(aws, settings, { key: naming.key, body });
  log.info('Recorded', { key: naming.key, result });
  return result;
}

/** Asked once in a container's life. Nobody who publishes on the topic chooses an account: the organization knows them. */
async function isInFleet(runtime: FleetRuntime, accountId: string): Promise<boolean> {
  const { memory } = runtime;
  memory.members ??= new Map();
  const known = memory.members.get(accountId);
  if (known !== undefined) return known;
  const { describeMember } = await import('./fleet-account.ts');
  try {
    const { selection } = await describeMember(runtime, accountId);
    memory.members.set(accountId, selection.isMember);
    return selection.isMember;
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    memory.members.set(accountId, false);
    return false;
  }
}
