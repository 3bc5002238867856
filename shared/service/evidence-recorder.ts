import { keep } from '../apply/keep.ts';
import type { Runtime } from '../aws/runtime.ts';
import type { EvidenceSettings } from '../core/evidence/evidence-settings.ts';
import { nameRecord } from '../core/evidence/record-name.ts';

/**
 * Keeps one message of the topic as a record. Whatever is not kept throws, so that the message stays in its queue; what
 * is neither ours nor about us is told of and let go.
 */
export async function keepRecord(
  { aws, clock, log }: Pick<Runtime, 'aws' | 'clock' | 'log'>,
  settings: EvidenceSettings,
  { body, messageId }: { body: string; messageId: string },
): Promise<'kept' | 'was-there' | 'foreign'> {
  const naming = nameRecord(body, { accountId: settings.accountId, isKnown: () => false, now: clock() });
  if (naming.kind === 'foreign') {
    log.warn('Foreign', { messageId });
    return 'foreign';
  }
  const result = await keep(aws, settings, { key: naming.key, body });
  log.info('Recorded', { key: naming.key, result });
  return result;
}
