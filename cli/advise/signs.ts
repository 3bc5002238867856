import type { TrailUse } from '../../shared/aws/trail.ts';
import type { LastUsed } from '../../shared/core/model.ts';
import { DAY, type Instant } from '../../shared/core/time.ts';

/** An Active key. */
export interface KeyEvidence {
  accessKeyId: string;
  createdAt: Instant;
  lastUsed?: LastUsed;
}

/** One use of one of the keys, by CloudTrail. */
export type UseEvidence = TrailUse;

/** What is known of one user, or of the root user, who has an Active key. */
export interface Evidence {
  now: Instant;
  userName: string;
  isRoot: boolean;
  /** None of the root user: nothing tells their IDs. */
  keys: readonly KeyEvidence[];
  hasPassword: boolean;
  hasMfa: boolean;
  /** Names of managed policies, those of groups too. */
  policies: readonly string[];
  /** Present only if nothing but inline policies of the user allows anything. */
  allowedActions?: readonly string[];
  /** The words of the tag `keyturn:exempt-reason`, if the user is exempt by tag. */
  exemptReason?: string;
  /** Absent unless CloudTrail was asked. */
  uses?: readonly UseEvidence[];
}

/** In what is known: in words what it says, or nothing. */
export type Sign = (evidence: Evidence) => string | undefined;

const UNUSED_DAYS = 90;

/** For emergencies alone: it is unused on good days. */
export function isBreakGlass({ exemptReason = '' }: Evidence): boolean {
  return /break[ -]?glass|emergency/i.test(exemptReason);
}

/** Counts from the later of creation and last use, of every key. */
export function unused({ keys, now }: Evidence): string | undefined {
  const quiet = keys.map(({ createdAt, lastUsed }) => now - Math.max(createdAt, lastUsed?.at ?? 0));
  const shortest = Math.floor(Math.min(...quiet) / DAY);
  if (keys.length === 0 || shortest <= UNUSED_DAYS) return undefined;
  const isNever = keys.every(({ lastUsed }) => lastUsed === undefined);
  return isNever ? `never used in ${shortest} days` : `not used for ${shortest} days`;
}

/** Exactly these, in lower case. */
export function allows(actions: readonly string[] | undefined, only: readonly string[]): boolean {
  return actions !== undefined && actions.length > 0 && actions.every((action) => only.includes(action.toLowerCase()));
}

export function byAgent(pattern: RegExp): Sign {
  return ({ uses = [] }) => {
    const matching = uses.filter(({ userAgent }) => pattern.test(userAgent));
    const [first] = matching;
    if (first === undefined) return undefined;
    const calls = `${matching.length} ${matching.length === 1 ? 'call' : 'calls'}`;
    return `user agent ${brief(pattern.exec(first.userAgent)?.[0] ?? '')}, ${calls}`;
  };
}

/** By IAM, which nobody can steer but by a true call. */
export function lastService(keys: readonly KeyEvidence[], services: readonly string[]): string | undefined {
  const last = keys.flatMap(({ lastUsed }) => lastUsed?.service ?? []).find((name) => services.includes(name));
  return last === undefined ? undefined : `last used with ${last}`;
}

export function byService(services: readonly string[]): Sign {
  return ({ keys, uses = [] }) => {
    const last = lastService(keys, services);
    if (last !== undefined) return last;
    const seen = uses.map(({ eventSource }) => eventSource.split('.')[0] ?? '').find((name) => services.includes(name));
    return seen === undefined ? undefined : `CloudTrail has calls of ${seen}`;
  };
}

export function counted(uses: readonly UseEvidence[]): string {
  const addresses = new Set(uses.map(({ sourceIp }) => sourceIp)).size;
  return `used from ${addresses} ${addresses === 1 ? 'address' : 'addresses'}`;
}

/** What somebody else wrote must not fill a table. */
export function brief(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

/** `AWS Internal`, and names of services, are no addresses. */
export function isAddress(text: string): boolean {
  return /^[\d.]+$|:/.test(text);
}

/** In three of the four quarters of the day: nobody works that long. */
export function isDayAndNight(uses: readonly UseEvidence[]): boolean {
  return new Set(uses.flatMap(({ at }) => (at === undefined ? [] : Math.floor((at % DAY) / (DAY / 4))))).size >= 3;
}
