import type { Step } from '../core/answer.ts';
import { formatNotice, formatStuck } from '../core/format-secret-tags.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { DAY, formatDate } from '../core/time.ts';
import { type Announcement, tell } from './announce.ts';
import { type Attempt, outcome, type StepOf, situationOf } from './attempt.ts';
import { adoptSecret, dropTags, renewPolicy, syncReplicas } from './authorship.ts';
import { announceExposed } from './exposed.ts';
import { unleased } from './frame.ts';
import type { Outcome } from './pass.ts';
import { currentSince, forgetKey, recordNow, recordsOf } from './records.ts';
import { ensureSecret, restoreSecret, tagSecret, untagSecret } from './secret.ts';

/** Steps that touch no key, or only record what others did to one: tags and messages, without an intent. */
type BookkeepingStep = StepOf<
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

/** What died before it was recorded is told again. */
export async function keepBooks(attempt: Attempt<BookkeepingStep>): Promise<Outcome> {
  if (!isMessage(attempt.step)) return unleased(attempt, perform);
  // A message alone changes nothing, and the state that it tells of was read in this very pass.
  return outcome(attempt, 'done', await perform(attempt));
}

function isMessage({ action }: BookkeepingStep): boolean {
  return ['remind', 'postpone', 'announce-blocked', 'announce-exposed', 'announce-stuck'].includes(action);
}

async function perform(attempt: Attempt<BookkeepingStep>): Promise<string | undefined> {
  const { pass, state, step } = attempt;
  switch (step.action) {
    case 'forget':
      return forget({ ...attempt, step });
    case 'restart-grace':
      return restartGrace({ ...attempt, step });
    case 'start-grace':
      return startGrace({ ...attempt, step });
    case 'remind':
    case 'postpone':
      return notify({ ...attempt, step });
    case 'record-inactive':
      return recordInactive({ ...attempt, step });
    case 'confirm':
      return confirm({ ...attempt, step });
    case 'hold':
      return hold({ ...attempt, step });
    case 'restore-secret':
      if (state.secret !== undefined) await restoreSecret(pass, state.secret);
      return undefined;
    case 'drop-tags':
      return dropTags({ ...attempt, step });
    case 'put-policy':
      return renewPolicy(pass, state, step);
    case 'sync-replicas':
      return syncReplicas({ ...attempt, step });
    case 'adopt-secret':
      return adoptSecret({ ...attempt, step });
    case 'announce-blocked':
      return announceBlocked({ ...attempt, step });
    case 'announce-exposed':
      return announceExposed({ ...attempt, step });
    case 'announce-stuck':
      return announceStuck({ ...attempt, step });
    case 'end-exposure':
      return endExposure(attempt);
  }
}

/** The policy's text follows: its hash is no longer that of today's. */
async function endExposure({ pass, state }: Attempt): Promise<undefined> {
  await untagSecret(pass, await ensureSecret(pass, state), secretTagNames.exposed);
}

async function forget(attempt: Attempt<StepOf<'forget'>>): Promise<string> {
  const { pass, state, step } = attempt;
  const { accessKeyId } = step;
  const secret = await ensureSecret(pass, state);
  return tell(attempt, { event: 'deleted', accessKeyId }, async (told) => {
    await forgetKey(pass, secret, accessKeyId);
    await tagSecret(pass, secret, told);
  });
}

/** The grace first: with the record off and the old grace still there, the key would be deactivated without notice. */
async function restartGrace(attempt: Attempt<StepOf<'restart-grace'>>): Promise<string> {
  const { pass, state, step } = attempt;
  const { current, settings } = situationOf(attempt, attempt.now);
  const isSuperseded = current?.isActive && current.accessKeyId !== step.accessKeyId;
  const graceEnd = pass.runtime.clock() + settings.graceDays * DAY;
  const secret = await ensureSecret(pass, state);
  await untagSecret(pass, secret, secretTagNames.currentSince);
  const announcement = {
    event: 'reactivated',
    accessKeyId: step.accessKeyId,
    next: isSuperseded ? { action: 'deactivate', notBefore: graceEnd } : undefined,
  } as const;
  return tell(attempt, announcement, async (told) => {
    await untagSecret(pass, secret, ...recordsOf(secret, step.accessKeyId));
    const grace = isSuperseded ? currentSince(pass, settings, { accessKeyId: current.accessKeyId }) : {};
    await tagSecret(pass, secret, { ...grace, ...told });
  });
}

async function startGrace(attempt: Attempt<StepOf<'start-grace'>>): Promise<string> {
  const { pass, state, step } = attempt;
  const { settings } = situationOf(attempt, attempt.now);
  const secret = await ensureSecret(pass, state);
  const old = state.keys.find(({ accessKeyId, status }) => accessKeyId !== step.accessKeyId && status === 'Active');
  const { accessKeyId } = step;
  const announcement = {
    event: 'grace-restarted',
    newAccessKeyId: accessKeyId,
    accessKeyId: old?.accessKeyId,
    next: next(step, 'deactivate'),
  } as const;
  return tell(attempt, announcement, (told) =>
    tagSecret(pass, secret, { ...currentSince(pass, settings, { accessKeyId }), ...told }),
  );
}

/** The notice that a later step waits for: remembered only once SNS has taken it. */
async function notify(attempt: Attempt<StepOf<'remind' | 'postpone'>>): Promise<string> {
  const { pass, state, step } = attempt;
  const { accessKeyId, earliestAt } = step;
  const kind = step.action === 'remind' ? step.kind : 'deactivation';
  const lastUsed = state.keys.find((key) => key.accessKeyId === accessKeyId)?.lastUsed;
  const usedBy = lastUsed && kind === 'deactivation' ? await pass.whoUses?.(accessKeyId, lastUsed) : undefined;
  const secret = await ensureSecret(pass, state);
  const announcement = {
    event: step.action === 'remind' ? 'reminder' : 'postponed',
    accessKeyId,
    next: { action: kind === 'deletion' ? 'delete' : 'deactivate', notBefore: earliestAt },
    latestAt: step.action === 'postpone' ? step.latestAt : undefined,
    usedBy,
  } as const;
  return tell(attempt, announcement, (told, at) => {
    const notice = formatNotice({ at, accessKeyId, kind, earliestAt });
    return tagSecret(pass, secret, { [secretTagNames.notice]: notice, ...told });
  });
}

/** A record of ours that no longer holds would hide the new one, so it comes off after it. */
async function recordInactive(attempt: Attempt<StepOf<'record-inactive'>>): Promise<string> {
  const { pass, state, step } = attempt;
  const { recoveryDays } = situationOf(attempt, attempt.now).settings;
  const secret = await ensureSecret(pass, state);
  const { accessKeyId } = step;
  const announcement = { event: 'inactive-seen', accessKeyId, next: next(step, 'delete') } as const;
  return tell(attempt, announcement, async (told) => {
    await tagSecret(pass, secret, { ...recordNow(pass, 'inactiveSeen', { accessKeyId, recoveryDays }), ...told });
    const voided = recordsOf(secret, accessKeyId).filter((name) => name === secretTagNames.deactivated);
    await untagSecret(pass, secret, ...voided);
  });
}

async function confirm({ pass, state, step: { accessKeyId } }: Attempt<StepOf<'confirm'>>): Promise<undefined> {
  const secret = await ensureSecret(pass, state);
  const at = pass.runtime.clock();
  pass.wroteAt.add(at);
  await tagSecret(pass, secret, { [secretTagNames.confirmed]: `${new Date(at).toISOString()} ${accessKeyId}` });
}

/** The tag first: a hold that is announced must be there. */
async function hold(attempt: Attempt<StepOf<'hold'>>): Promise<string | undefined> {
  const { pass, state, step } = attempt;
  const secret = await ensureSecret(pass, state);
  if (step.holdUntil === undefined) {
    await untagSecret(pass, secret, secretTagNames.hold);
    return undefined;
  }
  await tagSecret(pass, secret, { [secretTagNames.hold]: formatDate(step.holdUntil) });
  return tell(attempt, { event: 'held', next: next(step, 'none') });
}

async function announceBlocked(attempt: Attempt<StepOf<'announce-blocked'>>): Promise<string> {
  const { pass, state, step } = attempt;
  return tell(attempt, { event: 'blocked', accessKeyId: step.accessKeyId }, async (told) => {
    if (step.isRecordable) await tagSecret(pass, await ensureSecret(pass, state), told);
  });
}

/** Remembered in a tag of its own: `announced` may hold the reminder that a deactivation waits for. */
async function announceStuck(attempt: Attempt<StepOf<'announce-stuck'>>): Promise<string> {
  const { pass, state, step } = attempt;
  const { currentKeyId } = situationOf(attempt);
  return tell(attempt, { event: 'stuck', accessKeyId: currentKeyId }, async () => {
    const secret = await ensureSecret(pass, state);
    const stuck = formatStuck({ at: pass.runtime.clock(), versionId: step.versionId });
    await tagSecret(pass, secret, { [secretTagNames.stuck]: stuck });
  });
}

function next({ notBefore }: Step, action: string): Announcement['next'] {
  return notBefore === undefined ? undefined : { action, notBefore };
}
