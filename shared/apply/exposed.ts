import { describeSecret, listAccessKeys } from '../aws/observe.ts';
import { ConflictError, messageOf, RotationError } from '../core/errors.ts';
import { REPLACED_LATER, workingKey } from '../core/exposure.ts';
import { formatExposed } from '../core/format-secret-tags.ts';
import type { Secret, User, UserState } from '../core/model.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { type Instant, SECOND } from '../core/time.ts';
import { verifiedSecret } from '../core/verify-secret.ts';
import { setStatus } from './access-keys.ts';
import { tell } from './announce.ts';
import { type Attempt, type StepOf, situationOf } from './attempt.ts';
import { renewPolicy } from './authorship.ts';
import { unleased } from './frame.ts';
import type { Outcome, Pass } from './pass.ts';
import { recordNow } from './records.ts';
import { ensureSecret, STALE_READS, tagSecret } from './secret.ts';

/**
 * Deactivates an exposed key before anything is written or asked: another run could have the lease, and every minute
 * counts. Then the key is reported, recorded, and kept out of the secret with all its sessions. The replacement starts
 * from that record. After a crash in between it is reported again. Throws what AWS refused, once that is recorded.
 */
export function deactivateExposed(attempt: Attempt<StepOf<'deactivate-exposed'>>): Promise<Outcome> {
  return unleased(attempt, async (fresh) => {
    const { pass, state, step, now } = fresh;
    const { accessKeyId } = step;
    const key = situationOf(fresh, now).keys.find((candidate) => candidate.accessKeyId === accessKeyId);
    if (key === undefined) throw new ConflictError(`User ${state.user.userName} no longer has key ${accessKeyId}.`);
    try {
      if (key.status !== 'Inactive') await deactivate(pass, state.user, accessKeyId);
    } catch (error) {
      await reportStillActive(fresh, error);
      throw error;
    }
    const seenAt = (key.status === 'Inactive' ? key.inactiveSince : undefined) ?? pass.runtime.clock();
    const inactive = { ...fresh, state: withStatus(state, accessKeyId, 'Inactive') };
    const announcement = {
      event: 'exposed',
      accessKeyId,
      newAccessKeyId: workingKey(situationOf(inactive, now).keys)?.accessKeyId,
      next: step.notBefore === undefined ? undefined : { action: 'delete', notBefore: step.notBefore },
    } as const;
    return tell(inactive, announcement, async (tag) => {
      pass.told.add(accessKeyId);
      const secret = await record(inactive, { at: seenAt, accessKeyId }, () => ({
        ...(key.inactiveSince === undefined ? recordNow(pass, 'deactivated', { accessKeyId }) : {}),
        ...tag,
      }));
      if (secret !== undefined) await renewPolicy(pass, { ...inactive.state, secret }, { parts: ['policy'] });
    });
  });
}

/** Until a list shows it: only what is written after that is safe from the key. A key that is gone is as good. */
async function deactivate(pass: Pass, user: User, accessKeyId: string): Promise<void> {
  const { runtime } = pass;
  await setStatus(pass, user, { accessKeyId, status: 'Inactive' });
  for (const endsAt = runtime.clock() + STALE_READS; ; await runtime.sleep(2 * SECOND)) {
    const keys = await listAccessKeys(runtime.aws, user.userName);
    if (keys.every((key) => key.accessKeyId !== accessKeyId || key.status === 'Inactive')) return;
    if (runtime.clock() >= endsAt) {
      const message = `Key ${accessKeyId} of ${user.userName} was deactivated, but IAM does not show it Inactive.`;
      throw new RotationError(message, { isTransient: true, userName: user.userName, accessKeyId });
    }
  }
}

/** Recorded, so that every run tries and reports it again until the key is inactive. */
async function reportStillActive({ pass, state, step }: Attempt<StepOf<'deactivate-exposed'>>, error: unknown) {
  const { accessKeyId, reason } = step;
  const message =
    `Key ${accessKeyId} of ${state.user.userName} is known to others and still active: it could not be deactivated. ` +
    `Until it is, no new key is issued. ${messageOf(error)}`;
  const told = { pass, state, step: { reason, message } };
  await tell(told, { event: 'exposed', accessKeyId }, async (tag) => {
    pass.told.add(accessKeyId);
    const exposed = { at: pass.runtime.clock(), accessKeyId, isStillActive: true } as const;
    await record(told, exposed, () => tag).catch((failure: unknown) => {
      // What it failed on is in the log; an operator has to resolve what AWS refused first.
      pass.runtime.log.error('Exposed key not recorded', { accessKeyId, because: messageOf(failure) });
    });
  });
}

function withStatus(state: UserState, accessKeyId: string, status: string): UserState {
  return { ...state, keys: state.keys.map((key) => (key.accessKeyId === accessKeyId ? { ...key, status } : key)) };
}

interface Found {
  at: Instant;
  accessKeyId: string;
  isStillActive?: true;
}

/** How often a record is written again if another run's record has crossed it. */
const MOST_TRIES = 3;

/**
 * Adds the key to `keyturn:exposed`, and reads it back: two keys of one user may be reported at the same moment, and
 * neither may be forgotten. The secret as it is then; undefined if nothing may be written, or there is no signer.
 */
async function record(
  { pass, state }: Pick<Attempt, 'pass' | 'state'>,
  found: Found,
  alsoTag: () => Record<string, string>,
): Promise<Secret | undefined> {
  const { user } = state;
  if (pass.stateKey === undefined) return undefined;
  const known = state.secret ?? (await ensureSecret(pass, { user }));
  if (verifiedSecret(known, user, pass.settings) === undefined) return undefined;
  let secret = (await describeSecret(pass.reader, known.name)) ?? known;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const value = exposedValue(pass, { ...state, secret }, found);
    if (found.at > pass.runtime.clock() - STALE_READS) pass.wroteAt.add(found.at);
    await tagSecret(pass, secret, { [secretTagNames.exposed]: value, ...(tries === 0 ? alsoTag() : {}) });
    const seen = await readUntilRecorded(pass, secret, found.accessKeyId);
    if (isRecorded(seen, found.accessKeyId)) return seen;
    secret = seen;
  }
  throw new RotationError(`Secret ${secret.name} does not show yet that key ${found.accessKeyId} is exposed.`, {
    isTransient: true,
  });
}

/**
 * Of the keys that it named before, those that are still there: there are never more than two. One of them is still
 * Active until a run has found each Inactive, and reported it.
 */
function exposedValue(
  { told }: Pass,
  { keys, secret }: Pick<UserState, 'keys'> & { secret: Secret },
  { at, accessKeyId, isStillActive }: Found,
): string {
  const before = parseSecretTags(secret.tags, ANY_TIME).tags.exposed;
  const others = keys.map((key) => key.accessKeyId).filter((id) => before?.accessKeyIds.includes(id));
  const accessKeyIds = [...new Set([...others, accessKeyId])];
  const isOtherOpen = keys.some(
    (key) =>
      key.accessKeyId !== accessKeyId &&
      others.includes(key.accessKeyId) &&
      (key.status !== 'Inactive' || !told.has(key.accessKeyId)),
  );
  const isOneActive = isStillActive ?? (before?.isStillActive && isOtherOpen);
  return formatExposed({
    at: Math.max(at, before?.at ?? 0),
    accessKeyIds,
    ...(isOneActive ? { isStillActive: true } : {}),
  });
}

async function readUntilRecorded(pass: Pass, secret: Secret, accessKeyId: string): Promise<Secret> {
  const { clock, sleep } = pass.runtime;
  for (const endsAt = clock() + STALE_READS; ; await sleep(2 * SECOND)) {
    const seen = (await describeSecret(pass.reader, secret.name)) ?? secret;
    if (isRecorded(seen, accessKeyId) || clock() >= endsAt) return seen;
  }
}

function isRecorded({ tags }: Secret, accessKeyId: string): boolean {
  return parseSecretTags(tags, ANY_TIME).tags.exposed?.accessKeyIds.includes(accessKeyId) === true;
}

/** Its people have to see to it; told with the key's status as it is now. */
export async function announceExposed(
  exposed: Pick<Attempt<StepOf<'announce-exposed'>>, 'pass' | 'state' | 'step'>,
): Promise<string> {
  const { accessKeyId } = exposed.step;
  const transitionId = await tell(exposed, { event: 'exposed', accessKeyId });
  exposed.pass.told.add(accessKeyId);
  return transitionId;
}

/** A message changes nothing, so a dry run sends this one: a person has to act, because the run will not. */
export async function tellInDryRun({ pass, state, step }: Attempt<StepOf<'deactivate-exposed'>>): Promise<void> {
  const { accessKeyId, reason } = step;
  const message = `This is a dry run, so nothing was changed. Otherwise: ${step.message} Then it is replaced.`;
  await tell({ pass, state, step: { reason, message } }, { event: 'exposed', accessKeyId });
}

/** A replacement is later than the end of the exposed key by every clock: what is earlier counts as exposed, too. */
export async function waitToReplace({ runtime }: Pass, secret: Secret | undefined): Promise<void> {
  const { exposed } = parseSecretTags({ ...secret?.tags }, ANY_TIME).tags;
  const wait = exposed === undefined ? 0 : exposed.at + REPLACED_LATER - runtime.clock();
  if (wait > 0) await runtime.sleep(wait);
}
