import { describeSecret } from '../aws/observe.ts';
import { ConflictError } from '../core/errors.ts';
import { versionWith } from '../core/secret-versions.ts';
import { DAY } from '../core/time.ts';
import { situationOf } from './attempt.ts';
import type { Ending } from './frame.ts';
import { type Leased, settle } from './lease.ts';
import { currentSince } from './records.ts';
import { tagSecret } from './secret.ts';
import { moveCurrent } from './secret-value.ts';

/**
 * Moves AWSCURRENT from the version that the intent names to the key's: true once it is there, false if another version
 * became current first. AWS gives a secret's very first version AWSCURRENT by itself; then there is nothing to move.
 */
export async function promote({ pass, lease }: Leased, versionId: string): Promise<boolean> {
  const { secret, intent } = lease;
  const expected = intent.versionId;
  let refused: unknown;
  try {
    if (expected !== undefined) {
      await moveCurrent(pass, secret, { fromVersionId: expected, toVersionId: versionId });
      return true;
    }
  } catch (error) {
    refused = error;
  }
  const now = await describeSecret(pass.reader, secret.name);
  const current = versionWith(now, 'AWSCURRENT');
  if (now !== undefined && current === undefined && expected === undefined) {
    // Refused by AWS if the label is on a version by now: that one is not named as the one to remove it from.
    await moveCurrent(pass, secret, { fromVersionId: undefined, toVersionId: versionId });
    return true;
  }
  if (now === undefined || current === undefined) {
    throw refused ?? new ConflictError(`Secret ${secret.name} has no value.`);
  }
  if (current === versionId) return true;
  // Still where it was: no other run was faster, so the call failed for another reason. The next pass finishes it.
  if (refused !== undefined && current === expected) throw refused;
  return false;
}

/** The owner is told, and their grace period begins. */
export function endingOfIssue(ours: Leased, accessKeyId: string): Ending {
  const { pass, state, step, lease } = ours;
  const { settings, now, tags, keys } = situationOf(ours);
  const isForExposed = step.reason === 'exposed' || step.reason === 'compromised';
  // The exposed key may be gone, its slot having been needed; whatever else is there is not what is replaced.
  const [old] = isForExposed ? (tags.exposed?.accessKeyIds ?? []) : lease.intent.accessKeyIds;
  const isExposed = isForExposed || keys.some((key) => key.accessKeyId === old && key.isExposed);
  const asked = lease.intent.graceDays;
  // It is Inactive already: its owner must not be told that it works for days to come.
  const graceDays = isExposed ? 0 : (asked ?? settings.graceDays);
  const replaced = { accessKeyId: old, next: { action: 'deactivate', notBefore: now + graceDays * DAY } };
  const promised = isExposed ? { ...settings, graceDays } : settings;
  return {
    announcement: { event: 'issued', newAccessKeyId: accessKeyId, ...(old === undefined ? {} : replaced) },
    record: (told) =>
      tagSecret(pass, state.secret, {
        ...currentSince(pass, promised, { accessKeyId, graceDays: asked }),
        ...told,
      }),
    // While a key shows that may be its leftover, the intent stays: the next pass sees to it.
    release: async () => {
      await settle(ours);
      return 'done';
    },
  };
}
