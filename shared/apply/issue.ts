import { randomUUID } from 'node:crypto';
import { describeSecret, listAccessKeys } from '../aws/observe.ts';
import { RotationError } from '../core/errors.ts';
import type { AccessKey, Secret } from '../core/model.ts';
import { SECOND } from '../core/time.ts';
import { createAccessKey, deleteAccessKey, type NewKey } from './access-keys.ts';
import { tell } from './announce.ts';
import { type Attempt, outcome, type StepOf } from './attempt.ts';
import { waitToReplace } from './exposed.ts';
import { endingOfIssue, promote } from './finish-issue.ts';
import { conclude } from './frame.ts';
import { abandon, acquire, isStillOurs, type Leased, readBack } from './lease.ts';
import type { Outcome, Result } from './pass.ts';
import { proveKey } from './prove.ts';
import { putPolicy } from './put-policy.ts';
import { isStillPlanned } from './replan.ts';
import { ensureSecret, refreshDescription, tagSecret, userNameTag } from './secret.ts';
import { storeKey, takeLabelOff } from './secret-value.ts';

/** An orphan is known by its creation close to the intent; a later creation would not be. */
const CREATE_LATEST = 30 * SECOND;

type IssueStep = StepOf<'issue'>;
type Issuing = Leased<IssueStep>;

/** A key that works, stored under a version that is not current yet; its intent is still in place. */
interface Stored extends Issuing {
  key: NewKey;
  versionId: string;
}

/**
 * The whole issue sequence: announce the intent, create, prove in memory, store, make current, tell, record. The order
 * is what makes a crash after any call recoverable: whatever is there by then is named by the intent or by a label, so
 * that a later pass finishes it, or takes the key away.
 */
export async function issue(attempt: Attempt<IssueStep>): Promise<Outcome> {
  const { versionId } = attempt.step;
  const stored = await issueAndStore(attempt, versionId ?? randomUUID());
  if ('result' in stored) return stored;
  // Left pending, under the version ID that Secrets Manager's own rotation chose. The intent stays: the rotation's last
  // step takes it over, or the schedule once its deadline is past.
  if (versionId !== undefined) return outcomeFor(stored, 'done');
  if (!(await promote(stored, stored.versionId))) {
    await giveWay(stored);
    return outcomeFor(stored, 'lost');
  }
  await conclude(stored, endingOfIssue(stored, stored.key.accessKeyId));
  return outcomeFor(stored, 'done');
}

function outcomeFor(issuing: Issuing & { key: NewKey }, result: Result): Outcome {
  const { accessKeyId } = issuing.key;
  return { ...outcome(issuing, result, issuing.lease.transitionId), accessKeyId };
}

/** Until the key is stored under that version ID; an outcome, if nothing was stored. */
async function issueAndStore(attempt: Attempt<IssueStep>, versionId: string): Promise<Stored | Outcome> {
  const { pass, state } = attempt;
  const secret = await ensureSecret(pass, state);
  await waitToReplace(pass, secret);
  const policyTag = await putPolicy(pass, secret, state.user);
  const readAt = pass.runtime.clock();
  const fresh = await observeForIssue(attempt, secret, policyTag);
  if (fresh === undefined || !isStillPlanned(attempt, fresh)) return outcome(attempt, 'changed');
  await refreshDescription(pass, fresh.secret, state.user);
  const lease = await acquire(
    { ...attempt, state: fresh },
    { secret: fresh.secret, at: readAt },
    {
      verb: 'issue',
      accessKeyIds: fresh.keys.map(({ accessKeyId }) => accessKeyId),
      graceDays: attempt.step.graceDays,
      alsoTag: { ...policyTag, ...userNameTag(state.user) },
    },
  );
  if (lease === 'busy' || !(await readBack(pass, lease))) return outcome(attempt, 'busy');
  // Whoever issues in another Region meanwhile has written an intent there, or sees ours.
  const elsewhere = await pass.runtime.regionsElsewhere?.(pass.settings, state.user);
  if ((elsewhere ?? []).length > 0 || pass.runtime.clock() - lease.intent.at > CREATE_LATEST) {
    await abandon(pass, lease);
    return outcome(attempt, 'changed', lease.transitionId);
  }
  const issuing = { ...attempt, state: fresh, lease };
  const key = await create(issuing);
  const failure = await prove(issuing, key);
  if (failure !== undefined) return outcomeFor({ ...issuing, key }, failure);
  const stored = { ...issuing, key, versionId };
  await store(stored);
  return stored;
}

/** The keys first and the secret after them; with both slots taken there is nothing to issue into. */
async function observeForIssue(
  { pass, state }: Attempt,
  known: Secret,
  policyTag: Record<string, string>,
): Promise<Issuing['state'] | undefined> {
  const listed = await listAccessKeys(pass.runtime.aws, state.user.userName);
  const secret = await describeSecret(pass.reader, known.name);
  if (listed.length > 1 || secret === undefined) return undefined;
  const keys = listed.map((key): AccessKey => {
    const lastUsed = state.keys.find(({ accessKeyId }) => accessKeyId === key.accessKeyId)?.lastUsed;
    return lastUsed === undefined ? key : { ...key, lastUsed };
  });
  // The policy was put just now; the tag that says so goes with the intent.
  return { user: state.user, keys, secret: { ...secret, tags: { ...secret.tags, ...policyTag } } };
}

/** A definite refusal made no key, unless the list says otherwise; after an ambiguous one the intent must stay. */
async function create({ pass, state: { user }, lease }: Issuing): Promise<NewKey> {
  try {
    return await createAccessKey(pass, user);
  } catch (error) {
    if (error instanceof RotationError && error.isDefinite) {
      const keys = await listAccessKeys(pass.runtime.aws, user.userName);
      const isExplained = keys.every(({ accessKeyId }) => lease.intent.accessKeyIds.includes(accessKeyId));
      if (isExplained) await abandon(pass, lease);
    }
    throw error;
  }
}

/** Undefined: the key works, and the lease is still ours. */
async function prove(issuing: Issuing, key: NewKey): Promise<Result | undefined> {
  const { pass, state, lease } = issuing;
  const isProven = await proveKey(pass, state.user, key);
  if (isProven && (await isStillOurs(pass, lease))) return undefined;
  await deleteAccessKey(pass, state.user, key.accessKeyId);
  if (!isProven) await reportFailedProof(issuing, key);
  await abandon(pass, lease);
  return isProven ? 'busy' : 'not-proven';
}

async function reportFailedProof({ pass, state, lease }: Issuing, { accessKeyId }: NewKey): Promise<void> {
  const { userName } = state.user;
  const message = `The new key ${accessKeyId} of ${userName} never worked and was deleted. The old key stays as it is.`;
  await tell(
    { pass, state, step: { reason: 'not-proven', message } },
    { event: 'failed', transitionId: lease.transitionId, newAccessKeyId: accessKeyId },
    (told) => tagSecret(pass, lease.secret, told),
  );
}

/** Refused for certain, the key is deleted: nobody has its secret. */
async function store({ pass, state, lease, key, versionId }: Stored): Promise<void> {
  try {
    await storeKey(pass, state, { key, versionId });
  } catch (error) {
    if (error instanceof RotationError && error.isDefinite) {
      await deleteAccessKey(pass, state.user, key.accessKeyId);
      await abandon(pass, lease);
    }
    throw error;
  }
}

/** Another version became current first. The label comes off before the key, so that no label ever names a lost key. */
async function giveWay({ pass, state, lease, key: { accessKeyId }, versionId }: Stored): Promise<void> {
  await takeLabelOff(pass, lease.secret, { accessKeyId, versionId });
  await deleteAccessKey(pass, state.user, accessKeyId);
  await abandon(pass, lease);
}
