import { randomUUID } from 'node:crypto';
import { describeSecret, listAccessKeys, observeAgain } from '../aws/observe.ts';
import type { Step } from '../core/answer.ts';
import { ConflictError, RotationError } from '../core/errors.ts';
import { formatCurrentSince, formatIssued } from '../core/format-secret-tags.ts';
import type { AccessKey, Secret, UserState } from '../core/model.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { assess, versionWith } from '../core/situation.ts';
import { DAY, type Instant, SECOND } from '../core/time.ts';
import type { UserSettings } from '../core/user-settings.ts';
import { createAccessKey, deleteAccessKey, type NewKey, proveKey } from './access-keys.ts';
import { announce } from './announce.ts';
import { waitToReplace } from './exposed.ts';
import { abandon, confirm, holds, type Lease, releaseBy, takeLease } from './lease.ts';
import type { Outcome, Pass, Result } from './pass.ts';
import { isStillPlanned } from './replan.ts';
import {
  ensureSecret,
  moveCurrent,
  putPolicy,
  refreshDescription,
  storeKey,
  tagSecret,
  takeLabelOff,
  userNameTag,
} from './secret.ts';

/** An orphan is known by its creation close to the intent; a later creation would not be. */
const CREATE_LATEST = 30 * SECOND;

export type IssueStep = Extract<Step, { action: 'issue' }>;

/** A key that works, stored under a version that is not current yet; its intent is still in place. */
export interface StoredKey {
  state: IssueState;
  lease: Lease;
  key: NewKey;
  versionId: string;
}

/**
 * The whole issue sequence: announce the intent, create, prove in memory, store, make current, tell, record. The order
 * is what makes a crash after any call recoverable; see the table in the design, section 4.
 */
export async function issue(pass: Pass, state: UserState, step: IssueStep, now: Instant): Promise<Outcome> {
  const stored = await issueAndStore(pass, state, step, now, randomUUID());
  if ('result' in stored) return stored;
  const { state: fresh, lease, key, versionId } = stored;
  if (!(await promote(pass, lease, versionId))) {
    await giveWay(pass, fresh, lease, key, versionId);
    return issueOutcome('lost', lease, key);
  }
  await tell(pass, fresh, step, lease, key.accessKeyId);
  return issueOutcome('done', lease, key);
}

/** Steps 1 to 5, with the key stored under that version ID; an outcome, if nothing was stored. */
export async function issueAndStore(
  pass: Pass,
  state: UserState,
  step: IssueStep,
  now: Instant,
  versionId: string,
): Promise<StoredKey | Outcome> {
  const { user } = state;
  const secret = await ensureSecret(pass, user, state.secret);
  await waitToReplace(pass, secret);
  const policyTag = await putPolicy(pass, secret, user);
  const readAt = pass.runtime.clock();
  const fresh = await observeForIssue(pass, state, secret, policyTag);
  if (fresh === undefined || !isStillPlanned(pass, fresh, step, now)) return issueOutcome('changed');
  await refreshDescription(pass, fresh.secret, user);
  const lease = await intend(pass, fresh, step, { readAt, policyTag });
  if (lease === undefined || !(await confirm(pass, lease))) return issueOutcome('busy');
  if (pass.runtime.clock() - lease.doing.at > CREATE_LATEST) {
    await abandon(pass, lease);
    return issueOutcome('changed', lease);
  }
  const key = await create(pass, fresh, lease);
  const failure = await prove(pass, fresh, lease, key);
  if (failure !== undefined) return issueOutcome(failure, lease, key);
  await store(pass, fresh, lease, key, versionId);
  return { state: fresh, lease, key, versionId };
}

export function issueOutcome(result: Result, lease?: Lease, key?: NewKey): Outcome {
  const about = key === undefined ? {} : { accessKeyId: key.accessKeyId };
  return { action: 'issue', result, transitionId: lease?.transitionId ?? '-', ...about };
}

type IssueState = UserState & { secret: Secret };

/** The keys first and the secret after them; with both slots taken there is nothing to issue into. */
async function observeForIssue(
  pass: Pass,
  state: UserState,
  known: Secret,
  policyTag: Record<string, string>,
): Promise<IssueState | undefined> {
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

async function intend(
  pass: Pass,
  state: IssueState,
  step: IssueStep,
  { readAt, policyTag }: { readAt: Instant; policyTag: Record<string, string> },
): Promise<Lease | undefined> {
  const versionId = versionWith(state.secret, 'AWSCURRENT');
  const intent = {
    verb: 'issue',
    accessKeyIds: state.keys.map(({ accessKeyId }) => accessKeyId),
    ...(versionId === undefined ? {} : { versionId }),
    ...(step.graceDays === undefined ? {} : { graceDays: step.graceDays }),
  } as const;
  const { origin } = pass.request;
  return takeLease(pass, state, state.secret, intent, readAt, {
    [secretTagNames.issuedOn]: formatIssued({ day: pass.runtime.clock(), origin }),
    ...policyTag,
    ...userNameTag(state.user),
  });
}

/** A definite refusal made no key, unless the list says otherwise; after an ambiguous one the intent must stay. */
async function create(pass: Pass, state: IssueState, lease: Lease): Promise<NewKey> {
  try {
    return await createAccessKey(pass, state.user);
  } catch (error) {
    if (error instanceof RotationError && error.isDefinite) {
      const keys = await listAccessKeys(pass.runtime.aws, state.user.userName);
      const isExplained = keys.every(({ accessKeyId }) => lease.doing.accessKeyIds.includes(accessKeyId));
      if (isExplained) await abandon(pass, lease);
    }
    throw error;
  }
}

/** Undefined: the key works, and the lease is still ours. */
async function prove(pass: Pass, state: IssueState, lease: Lease, key: NewKey): Promise<Result | undefined> {
  const isProven = await proveKey(pass, state.user, key);
  if (isProven && (await holds(pass, lease))) return undefined;
  await deleteAccessKey(pass, state.user, key.accessKeyId);
  if (!isProven) await reportFailedProof(pass, state, lease, key);
  await abandon(pass, lease);
  return isProven ? 'busy' : 'not-proven';
}

async function reportFailedProof(pass: Pass, state: IssueState, lease: Lease, { accessKeyId }: NewKey): Promise<void> {
  const { userName } = state.user;
  const message = `The new key ${accessKeyId} of ${userName} never worked and was deleted; the old key stays as it is.`;
  const announcement = { event: 'failed', transitionId: lease.transitionId, newAccessKeyId: accessKeyId } as const;
  const failed = await announce(pass, state, { reason: 'not-proven', message }, announcement);
  await tagSecret(pass, lease.secret, failed.tag);
}

/** Refused for certain, the key is deleted: nobody has its secret. */
async function store(pass: Pass, state: IssueState, lease: Lease, key: NewKey, versionId: string): Promise<void> {
  try {
    await storeKey(pass, state.secret, state.user, key, versionId);
  } catch (error) {
    if (error instanceof RotationError && error.isDefinite) {
      await deleteAccessKey(pass, state.user, key.accessKeyId);
      await abandon(pass, lease);
    }
    throw error;
  }
}

/**
 * Moves AWSCURRENT from the version that the intent names to the key's: true once it is there, false if another version
 * became current first. AWS gives a secret's very first version AWSCURRENT by itself; then there is nothing to move.
 */
export async function promote(pass: Pass, lease: Lease, versionId: string): Promise<boolean> {
  const expected = lease.doing.versionId;
  let refused: unknown;
  try {
    if (expected !== undefined) {
      await moveCurrent(pass, lease.secret, expected, versionId);
      return true;
    }
  } catch (error) {
    refused = error;
  }
  const now = await describeSecret(pass.reader, lease.secret.name);
  const current = versionWith(now, 'AWSCURRENT');
  if (now !== undefined && current === undefined && expected === undefined) {
    // Refused by AWS if the label is on a version by now: that one is not named as the one to remove it from.
    await moveCurrent(pass, lease.secret, undefined, versionId);
    return true;
  }
  if (now === undefined || current === undefined)
    throw refused ?? new ConflictError(`Secret ${lease.secret.name} has no value.`);
  if (current === versionId) return true;
  // Still where it was: nobody was faster, the call failed for another reason. The next pass finishes forward.
  if (refused !== undefined && current === expected) throw refused;
  return false;
}

/** Another version became current first. The label comes off before the key, so that no label ever names a lost key. */
async function giveWay(pass: Pass, state: IssueState, lease: Lease, key: NewKey, versionId: string): Promise<void> {
  await takeLabelOff(pass, lease.secret, key.accessKeyId, versionId);
  await deleteAccessKey(pass, state.user, key.accessKeyId);
  await abandon(pass, lease);
}

/** Steps 7 and 8: tell, start the grace clock, and take the intent off. */
export async function tell(pass: Pass, state: UserState, step: Step, lease: Lease, accessKeyId: string): Promise<void> {
  const { settings, now, tags, keys } = assess(state, pass.request, pass.settings, pass.runtime.clock());
  const isForExposed = step.reason === 'exposed' || step.reason === 'compromised';
  // The exposed key may be gone, its slot having been needed; whatever else is there is not what is replaced.
  const [old] = isForExposed ? (tags.exposed?.accessKeyIds ?? []) : lease.doing.accessKeyIds;
  const isExposed = isForExposed || keys.some((key) => key.accessKeyId === old && key.isExposed);
  // It is Inactive already: its owner must not be told that it works for days to come.
  const graceDays = isExposed ? 0 : (lease.doing.graceDays ?? settings.graceDays);
  const announced = await announce(pass, state, step, {
    event: 'issued',
    transitionId: lease.transitionId,
    newAccessKeyId: accessKeyId,
    ...(old === undefined
      ? {}
      : { accessKeyId: old, next: { action: 'deactivate', notBefore: now + graceDays * DAY } }),
  });
  await tagSecret(pass, lease.secret, {
    [secretTagNames.currentSince]: currentSince(
      pass,
      { ...settings, ...(isExposed ? { graceDays } : {}) },
      accessKeyId,
      lease.doing.graceDays,
    ),
    ...announced.tag,
  });
  await settle(pass, state, lease);
}

/** The grace clock, from now, with what was promised: written only after the owner was told. */
export function currentSince(
  pass: Pass,
  { graceDays, maxPostponeDays }: Pick<UserSettings, 'graceDays' | 'maxPostponeDays'>,
  accessKeyId: string,
  asked?: number,
): string {
  const at = pass.runtime.clock();
  pass.wroteAt.add(at);
  const promised = { graceDays: asked ?? graceDays, postponeDays: maxPostponeDays };
  return formatCurrentSince({ at, accessKeyId, promised, ...(asked === undefined ? {} : { graceDays: asked }) });
}

/**
 * Takes an issue's intent off, and with it tags that have nothing to say any more, only while fresh reads show no key
 * that it may have left behind: the facts that the planner judges by, last uses too. False: the intent stays.
 */
export async function settle(pass: Pass, { user }: UserState, lease: Lease, ...alsoUntag: string[]): Promise<boolean> {
  const orphansOf = (state: UserState): readonly AccessKey[] =>
    assess(state, pass.request, pass.settings, pass.runtime.clock()).orphans;
  const state = await observeAgain(pass.reader, user, (known, id) =>
    orphansOf(known).some(({ accessKeyId }) => accessKeyId === id),
  );
  if (orphansOf(state).length > 0) return false;
  return releaseBy(pass, lease, state.secret, ...alsoUntag);
}
