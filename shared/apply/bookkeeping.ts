import type { Step } from '../core/answer.ts';
import { formatNotice, formatStuck } from '../core/format-secret-tags.ts';
import type { UserState } from '../core/model.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { assess } from '../core/situation.ts';
import { DAY, formatDate, type Instant } from '../core/time.ts';
import { type Announcement, announce } from './announce.ts';
import { adoptSecret, dropTags, renewPolicy, syncReplicas } from './authorship.ts';
import { announceExposed } from './exposed.ts';
import { currentSince } from './issue.ts';
import type { Outcome, Pass } from './pass.ts';
import { stillPlanned } from './replan.ts';
import { ensureSecret, restoreSecret, tagSecret, untagSecret } from './secret.ts';
import { forgetKey, outcome, recordNow, recordsOf } from './transitions.ts';

type Of<Name extends Step['action']> = Extract<Step, { action: Name }>;

/** Steps that touch no key, or only remember what somebody else did to one: tags and messages, without an intent. */
export type BookkeepingStep = Of<
  | 'forget'
  | 'restart-grace'
  | 'start-grace'
  | 'remind'
  | 'postpone'
  | 'record-inactive'
  | 'confirm'
  | 'hold'
  | 'restore-secret'
  | 'drop-tags'
  | 'put-policy'
  | 'sync-replicas'
  | 'adopt-secret'
  | 'announce-blocked'
  | 'announce-exposed'
  | 'announce-stuck'
  | 'end-exposure'
>;

/** Publish, then record: what dies in between is published again. */
export async function keepBooks(pass: Pass, state: UserState, step: BookkeepingStep, now: Instant): Promise<Outcome> {
  // A message alone changes nothing, and the state that it tells of was read in this very pass.
  const fresh = isMessage(step) ? state : await stillPlanned(pass, state, step, now);
  if (fresh === undefined) return outcome(step, 'changed');
  const transitionId = await perform(pass, fresh, step, now);
  return { ...outcome(step, 'done'), transitionId: transitionId ?? '-' };
}

function isMessage({ action }: BookkeepingStep): boolean {
  return ['remind', 'postpone', 'announce-blocked', 'announce-exposed', 'announce-stuck'].includes(action);
}

async function perform(pass: Pass, state: UserState, step: BookkeepingStep, now: Instant): Promise<string | undefined> {
  switch (step.action) {
    case 'forget':
      return forget(pass, state, step);
    case 'restart-grace':
      return restartGrace(pass, state, step, now);
    case 'start-grace':
      return startGrace(pass, state, step, now);
    case 'remind':
    case 'postpone':
      return notify(pass, state, step);
    case 'record-inactive':
      return recordInactive(pass, state, step, now);
    case 'confirm':
      return confirm(pass, state, step);
    case 'hold':
      return hold(pass, state, step);
    case 'restore-secret':
      if (state.secret !== undefined) await restoreSecret(pass, state.secret);
      return undefined;
    case 'drop-tags':
      return dropTags(pass, state, step);
    case 'put-policy':
      return renewPolicy(pass, state, step);
    case 'sync-replicas':
      return syncReplicas(pass, state, step);
    case 'adopt-secret':
      return adoptSecret(pass, state, step);
    case 'announce-blocked':
      return announceBlocked(pass, state, step);
    case 'announce-exposed':
      return announceExposed(pass, state, step);
    case 'announce-stuck':
      return announceStuck(pass, state, step);
    case 'end-exposure':
      return endExposure(pass, state);
  }
}

/** The policy's text follows: its hash is no longer that of today's. */
async function endExposure(pass: Pass, state: UserState): Promise<undefined> {
  await untagSecret(pass, await ensureSecret(pass, state.user, state.secret), secretTagNames.exposed);
}

async function forget(pass: Pass, state: UserState, step: Of<'forget'>): Promise<string> {
  const secret = await ensureSecret(pass, state.user, state.secret);
  const { transitionId, tag } = await announce(pass, state, step, { event: 'deleted', accessKeyId: step.accessKeyId });
  await forgetKey(pass, secret, step.accessKeyId);
  await tagSecret(pass, secret, tag);
  return transitionId;
}

/** The grace first: with the record off and the old grace still there, the key would be deactivated without notice. */
async function restartGrace(pass: Pass, state: UserState, step: Of<'restart-grace'>, now: Instant): Promise<string> {
  const { current, settings } = assess(state, pass.request, pass.settings, now);
  const isSuperseded = current?.isActive && current.accessKeyId !== step.accessKeyId;
  const graceEnd = pass.runtime.clock() + settings.graceDays * DAY;
  const secret = await ensureSecret(pass, state.user, state.secret);
  await untagSecret(pass, secret, secretTagNames.currentSince);
  const { transitionId, tag } = await announce(pass, state, step, {
    event: 'reactivated',
    accessKeyId: step.accessKeyId,
    next: isSuperseded ? { action: 'deactivate', notBefore: graceEnd } : undefined,
  });
  await untagSecret(pass, secret, ...recordsOf(secret, step.accessKeyId));
  const since = isSuperseded ? currentSince(pass, settings, current.accessKeyId) : undefined;
  const grace = since === undefined ? {} : { [secretTagNames.currentSince]: since };
  await tagSecret(pass, secret, { ...grace, ...tag });
  return transitionId;
}

async function startGrace(pass: Pass, state: UserState, step: Of<'start-grace'>, now: Instant): Promise<string> {
  const { settings } = assess(state, pass.request, pass.settings, now);
  const secret = await ensureSecret(pass, state.user, state.secret);
  const old = state.keys.find(({ accessKeyId, status }) => accessKeyId !== step.accessKeyId && status === 'Active');
  const { transitionId, tag } = await announce(pass, state, step, {
    event: 'grace-restarted',
    newAccessKeyId: step.accessKeyId,
    accessKeyId: old?.accessKeyId,
    next: next(step, 'deactivate'),
  });
  await tagSecret(pass, secret, {
    [secretTagNames.currentSince]: currentSince(pass, settings, step.accessKeyId),
    ...tag,
  });
  return transitionId;
}

/** The notice that a later step waits for: remembered only once SNS has taken it. */
async function notify(pass: Pass, state: UserState, step: Of<'remind' | 'postpone'>): Promise<string> {
  const { accessKeyId, earliestAt } = step;
  const kind = step.action === 'remind' ? step.kind : 'deactivation';
  const lastUsed = state.keys.find((key) => key.accessKeyId === accessKeyId)?.lastUsed;
  const usedBy = lastUsed && kind === 'deactivation' ? await pass.whoUses?.(accessKeyId, lastUsed) : undefined;
  const secret = await ensureSecret(pass, state.user, state.secret);
  const { transitionId, at, tag } = await announce(pass, state, step, {
    event: step.action === 'remind' ? 'reminder' : 'postponed',
    accessKeyId,
    next: { action: kind === 'deletion' ? 'delete' : 'deactivate', notBefore: earliestAt },
    latestAt: step.action === 'postpone' ? step.latestAt : undefined,
    usedBy,
  });
  await tagSecret(pass, secret, {
    [secretTagNames.notice]: formatNotice({ at, accessKeyId, kind, earliestAt }),
    ...tag,
  });
  return transitionId;
}

/** A record of ours that no longer holds would hide the new one, so it comes off after it. */
async function recordInactive(
  pass: Pass,
  state: UserState,
  step: Of<'record-inactive'>,
  now: Instant,
): Promise<string> {
  const { recoveryDays } = assess(state, pass.request, pass.settings, now).settings;
  const secret = await ensureSecret(pass, state.user, state.secret);
  const { accessKeyId } = step;
  const announcement = { event: 'inactive-seen', accessKeyId, next: next(step, 'delete') } as const;
  const { transitionId, tag } = await announce(pass, state, step, announcement);
  await tagSecret(pass, secret, { ...recordNow(pass, 'inactiveSeen', accessKeyId, recoveryDays), ...tag });
  const voided = recordsOf(secret, accessKeyId).filter((name) => name === secretTagNames.deactivated);
  await untagSecret(pass, secret, ...voided);
  return transitionId;
}

async function confirm(pass: Pass, state: UserState, { accessKeyId }: Of<'confirm'>): Promise<undefined> {
  const secret = await ensureSecret(pass, state.user, state.secret);
  const at = pass.runtime.clock();
  pass.wroteAt.add(at);
  await tagSecret(pass, secret, { [secretTagNames.confirmed]: `${new Date(at).toISOString()} ${accessKeyId}` });
}

/** The tag first: a hold that is announced must be there. */
async function hold(pass: Pass, state: UserState, step: Of<'hold'>): Promise<string | undefined> {
  const secret = await ensureSecret(pass, state.user, state.secret);
  if (step.holdUntil === undefined) {
    await untagSecret(pass, secret, secretTagNames.hold);
    return undefined;
  }
  await tagSecret(pass, secret, { [secretTagNames.hold]: formatDate(step.holdUntil) });
  const { transitionId } = await announce(pass, state, step, { event: 'held', next: next(step, 'none') });
  return transitionId;
}

async function announceBlocked(pass: Pass, state: UserState, step: Of<'announce-blocked'>): Promise<string> {
  const { transitionId, tag } = await announce(pass, state, step, { event: 'blocked', accessKeyId: step.accessKeyId });
  if (step.isRecordable) await tagSecret(pass, await ensureSecret(pass, state.user, state.secret), tag);
  return transitionId;
}

/** Remembered in a tag of its own: `announced` may hold the reminder that a deactivation waits for. */
async function announceStuck(pass: Pass, state: UserState, step: Of<'announce-stuck'>): Promise<string> {
  const { currentKeyId } = assess(state, pass.request, pass.settings, pass.runtime.clock());
  const { transitionId } = await announce(pass, state, step, { event: 'stuck', accessKeyId: currentKeyId });
  const secret = await ensureSecret(pass, state.user, state.secret);
  const told = formatStuck({ at: pass.runtime.clock(), versionId: step.versionId });
  await tagSecret(pass, secret, { [secretTagNames.stuck]: told });
  return transitionId;
}

function next({ notBefore }: Step, action: string): Announcement['next'] {
  return notBefore === undefined ? undefined : { action, notBefore };
}
