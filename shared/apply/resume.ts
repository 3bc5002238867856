import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { versionWith } from '../core/secret-versions.ts';
import type { Attempt, StepOf } from './attempt.ts';
import { endingOfIssue, promote } from './finish-issue.ts';
import { type Ending, leased } from './frame.ts';
import { countedBy, type Leased, release, settle } from './lease.ts';
import type { Outcome, Result } from './pass.ts';
import { untagSecret } from './secret.ts';
import { endingOf } from './transitions.ts';

/** Finishes, or clears, what another run began. */
export function resume(attempt: Attempt<StepOf<'finish' | 'clear-intent'>>): Promise<Outcome> {
  return leased(attempt, 'interrupted', async (ours): Promise<Ending | Result> => {
    const { step } = ours;
    if (step.action === 'clear-intent') return clear({ ...ours, step });
    return step.verb === 'issue' ? finishIssue({ ...ours, step }) : endingOf({ ...ours, step }, step.verb);
  });
}

async function finishIssue(ours: Leased<StepOf<'finish'>>): Promise<Ending | Result> {
  const { secret } = ours.state;
  const { accessKeyId } = ours.step;
  const versionId = versionWith(secret, accessKeyId);
  if (versionId === undefined) return 'changed';
  const isCurrent = versionWith(secret, 'AWSCURRENT') === versionId;
  if (!isCurrent && !(await promote(ours, versionId))) return 'lost';
  return endingOfIssue(ours, accessKeyId);
}

async function clear(ours: Leased<StepOf<'clear-intent'>>): Promise<Ending> {
  const { pass, state, step } = ours;
  const { tells: event, accessKeyId } = step;
  if (step.restartGrace) await untagSecret(pass, state.secret, secretTagNames.currentSince);
  const told = event === undefined ? {} : { announcement: { event, accessKeyId } };
  return { ...told, release: () => forget(ours) };
}

/**
 * Takes the intent off. An issue's stays while a key shows that it may have left behind, unless it is too old to be acted
 * on: then the key is somebody's to decide about, and to keep the intent would be to tell of it every day.
 */
async function forget(ours: Leased<StepOf<'clear-intent'>>): Promise<Result> {
  const { pass, step, lease } = ours;
  const isTold = step.tells === 'failed';
  if (!isTold) return (await settle(ours, ...fruitless(ours))) ? 'done' : 'changed';
  await release(pass, lease, ...fruitless(ours));
  return 'done';
}

/** An issue that was announced to the owner has only its intent left to remove. */
function fruitless({ state: { secret }, lease: { intent } }: Leased): string[] {
  const { currentSince: since } = parseSecretTags(secret.tags, ANY_TIME).tags;
  return since !== undefined && since.at >= intent.at ? [] : countedBy(intent.verb);
}
