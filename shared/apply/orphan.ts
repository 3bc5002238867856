import { ORPHAN_RECOVERY } from '../core/situation.ts';
import type { Instant } from '../core/time.ts';
import { deleteAccessKey, setStatus } from './access-keys.ts';
import { tell } from './announce.ts';
import type { Attempt, StepOf } from './attempt.ts';
import { type Ending, leased, unleased } from './frame.ts';
import { countedBy, type Leased, settle } from './lease.ts';
import type { Outcome, Pass } from './pass.ts';
import { forgetKey, recordNow } from './records.ts';
import { tagSecret } from './secret.ts';

type OrphanStep = StepOf<'deactivate-orphan' | 'record-orphan' | 'delete-orphan'>;

/** Deals with the leftover of a crashed issue under that issue's own intent, which stays until the key is gone. */
export function removeOrphan(attempt: Attempt<OrphanStep>): Promise<Outcome> {
  return leased(attempt, 'interrupted', async (ours) => {
    const { pass, state, step } = ours;
    const { accessKeyId } = step;
    if (step.action === 'delete-orphan') {
      await deleteAccessKey(pass, state.user, accessKeyId);
      return deleted(ours);
    }
    if (step.action === 'deactivate-orphan') await setStatus(pass, state.user, { accessKeyId, status: 'Inactive' });
    return deactivated(ours);
  });
}

function deleted(ours: Leased<OrphanStep>): Ending {
  const { pass, state, step, lease } = ours;
  const { accessKeyId } = step;
  return {
    announcement: { event: 'orphan-removed', accessKeyId },
    record: async (told) => {
      await tagSecret(pass, state.secret, told);
      await forgetKey(pass, state.secret, accessKeyId);
    },
    release: async () => {
      await settle(ours, ...countedBy(lease.intent.verb));
      return 'done';
    },
  };
}

function deactivated({ pass, state, step: { accessKeyId } }: Leased<OrphanStep>): Ending {
  return {
    announcement: { event: 'orphan-removed', accessKeyId, next: deletion(pass) },
    record: (told) => tagSecret(pass, state.secret, { ...recordNow(pass, 'deactivated', { accessKeyId }), ...told }),
    release: async () => 'done',
  };
}

/** A secret that may not be ours gets no tag. The key is still deactivated, and reported. */
export function removeUnrecorded(attempt: Attempt<StepOf<'deactivate-unrecorded'>>): Promise<Outcome> {
  return unleased(attempt, async (fresh) => {
    const { pass, state, step } = fresh;
    const { accessKeyId } = step;
    await setStatus(pass, state.user, { accessKeyId, status: 'Inactive' });
    return tell(fresh, { event: 'orphan-removed', accessKeyId, next: deletion(pass) });
  });
}

function deletion({ runtime }: Pass): { action: string; notBefore: Instant } {
  return { action: 'delete-orphan', notBefore: runtime.clock() + ORPHAN_RECOVERY };
}
