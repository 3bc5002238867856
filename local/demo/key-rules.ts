import type { LocalAws } from '../aws/aws.ts';
import { DAY } from '../aws/clock.ts';
import { currentKeyOf, idleFor, isStored, type KeyState } from '../checker/key-state.ts';
import type { Announcements } from './announcements.ts';

/** The settings that the run under check was given, and what only people know. */
export interface Expectations {
  readonly graceDays: number;
  readonly quietDays: number;
  readonly maxPostponeDays: number;
  readonly recoveryDays: number;
  readonly unusedDays: number;
  readonly freeze: readonly (readonly [from: number, to: number])[];
  /** The access key IDs whose secrets the owner has. */
  handOf(userId: string): ReadonlySet<string>;
}

/** What somebody asks `rotate-user` for: it excuses what the schedule may not do. */
export type Asked = 'confirm' | 'give-up' | 'hold' | 'retire' | 'rollback' | 'rotate';

export interface Rules {
  /** Why this key may not be deactivated, deleted, or made, now; undefined: it may. */
  deactivationFault(key: KeyState, at: number): string | undefined;
  deletionFault(key: KeyState, at: number): string | undefined;
  creationFault(key: KeyState, at: number): string | undefined;
}

interface Facts {
  readonly told: Announcements;
  readonly expected: Expectations;
  wasAsked(userId: string, at: number, ...what: Asked[]): boolean;
}

const proofMs = 15 * 60_000;
/** Messages that begin, or begin again, the grace period of an old key. */
const graceEvents = ['issued', 'grace-restarted', 'moved-forward', 'reactivated'];
const inactiveEvents = ['deactivated', 'retired', 'inactive-seen', 'orphan-removed'];

/** Design section 5, for one change of one key, from the embedded AWS's state and its topic. */
export function createRules(aws: LocalAws, { told, expected, wasAsked }: Facts): Rules {
  const isFrozen = (at: number) => expected.freeze.some(([from, to]) => from <= at && at < to);

  /** An orphan: nobody ever had its secret. */
  function isLost({ userId, accessKeyId }: KeyState): boolean {
    return !isStored(aws, userId, accessKeyId) && !expected.handOf(userId).has(accessKeyId);
  }

  function ladderFault(old: KeyState, at: number): string | undefined {
    const { userId, accessKeyId } = old;
    const current = currentKeyOf(aws, userId);
    if (current === undefined || current.accessKeyId === accessKeyId || current.status !== 'Active') {
      return 'was deactivated while no other Active key was stored under AWSCURRENT';
    }
    const begin = told.latest(userId, graceEvents, [accessKeyId, current.accessKeyId], at);
    if (begin === undefined) return 'was deactivated before its owner was told of another one';
    const toldDays = (at - begin.at) / DAY;
    const isConfirmed = wasAsked(userId, at, 'confirm');
    if (toldDays < expected.graceDays && !isConfirmed)
      return `was deactivated after ${toldDays.toFixed(1)} days of grace`;
    const notice = told.latest(userId, ['reminder', 'postponed'], [accessKeyId], at);
    const noticeDays = notice === undefined || notice.at < begin.at ? 0 : (at - notice.at) / DAY;
    if (noticeDays < 0.5 || noticeDays > 3)
      return 'was deactivated without a message about it half a day to 3 days before';
    if (toldDays >= expected.graceDays + expected.maxPostponeDays) return undefined;
    const isUnused = idleFor(old, at) >= expected.unusedDays * DAY;
    if (idleFor(old, at) < expected.quietDays * DAY) return 'was deactivated while in use';
    const hasSwitched = isConfirmed || isUnused || current.lastUsedAt > begin.at + proofMs;
    if (!hasSwitched) return 'was deactivated before its owner had switched';
    return isUnused || canWork(userId) ? undefined : 'was deactivated, which left its owner without a working key';
  }

  /** The owner has the secret of an Active key, and can read a newer one with it. */
  function canWork(userId: string): boolean {
    const hand = expected.handOf(userId);
    const keys = aws.iam.state.users.get(userId)?.keys ?? [];
    return keys.some(({ accessKeyId, status }) => status === 'Active' && hand.has(accessKeyId));
  }

  return {
    deactivationFault(key, at) {
      if (isLost(key) || wasAsked(key.userId, at, 'retire', 'give-up')) return undefined;
      if (isFrozen(at)) return 'was deactivated in a freeze';
      const isRetired = key.userTags['keyturn:unused'] === 'retire' && idleFor(key, at) >= expected.unusedDays * DAY;
      return isRetired ? undefined : ladderFault(key, at);
    },
    deletionFault(key, at) {
      const { userId, accessKeyId } = key;
      const isOurLoss = isLost(key);
      if (key.status === 'Active') {
        return isOurLoss && at - key.createdAt < 300_000 ? undefined : 'was deleted while it was Active';
      }
      if (isFrozen(at) && !isOurLoss) return 'was deleted in a freeze';
      const record = told.latest(userId, inactiveEvents, [accessKeyId], at);
      if (record === undefined) return 'was deleted before anybody was told that it is inactive';
      const days = (at - record.at) / DAY;
      if (days < (isOurLoss ? 0.5 : expected.recoveryDays))
        return `was deleted after ${days.toFixed(1)} days of recovery`;
      if (key.lastUsedAt > record.at) return 'was deleted although it was used since it was deactivated';
      const others = aws.iam.state.users.get(userId)?.keys ?? [];
      const isOtherActive = others.length === 0 || others.some(({ status }) => status === 'Active');
      return isOtherActive ? undefined : 'was deleted while no other key was Active';
    },
    creationFault({ userId }, at) {
      return isFrozen(at) && !wasAsked(userId, at, 'rotate') ? 'was made in a freeze' : undefined;
    },
  };
}
