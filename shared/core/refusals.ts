import { RotationError } from './errors.ts';
import type { CommonRefusal } from './model.ts';
import type { Announced, SecretTags } from './secret-tags.ts';
import { DAY, hasPassed, type Instant } from './time.ts';

/*
 * AWS refuses for one user (a boundary, a key policy), or for everybody (a service control policy, a role that lacks a
 * permission). The second is one cause: it is told once, and nobody else is tried meanwhile but one user a run, the
 * probe. Workers share no memory, so what was refused is read from the tags that remember failures.
 */

/** As many as make a refusal look like one of everybody. */
const EVERYBODY = 3;
/** What was not refused again for so long is forgotten. */
const FORGOTTEN_DAYS = 7;
const CAUSE_MAX = 80;
const NAMED = 3;

/** What a container has seen AWS refuse, by UserId: for users without a secret nothing else remembers. */
export type RefusalMemory = Map<string, { userName: string; announced: Announced }>;

/** A user, and what the tags of their secret say. */
export interface Tried {
  userName: string;
  tags: Pick<SecretTags, 'announced' | 'currentSince' | 'issuedOn'>;
}

/** `iam:CreateAccessKey/AccessDenied`: which call AWS refused, and how; undefined for any other failure. */
export function causeOf(error: unknown): string | undefined {
  if (!(error instanceof RotationError)) return undefined;
  const { action = '' } = error.facts;
  // A step that failed has the call that was refused as its cause.
  if (!action.includes(':')) return causeOf(error.cause);
  if (!error.isDefinite || error.isTransient) return undefined;
  return `${action}/${error.code}`.replace(/[^\w.:/-]/g, '').slice(0, CAUSE_MAX);
}

/**
 * The refusal that met everybody: at least three users in a week, and at least half of those who were tried in the day
 * before the newest of them. A key that was issued since says that it is over.
 */
export function commonRefusal(tried: readonly Tried[], now: Instant): CommonRefusal | undefined {
  const refused = tried.flatMap(({ userName, tags: { announced } }) => {
    if (announced?.event !== 'failed' || announced.cause === undefined) return [];
    return hasPassed(announced.at, FORGOTTEN_DAYS, now) ? [] : [{ userName, cause: announced.cause, at: announced.at }];
  });
  const [newest] = refused.toSorted((a, b) => b.at - a.at);
  if (newest === undefined) return undefined;
  const userNames = refused.filter(({ cause }) => cause === newest.cause).map(({ userName }) => userName);
  const issued = tried.map(({ tags }) => issuedAt(tags)).filter((at) => at !== undefined);
  const isOver = issued.some((at) => at > newest.at);
  const lately = issued.filter((at) => at > newest.at - DAY).length;
  return isOver || userNames.length < Math.max(EVERYBODY, lately) ? undefined : { cause: newest.cause, userNames };
}

/** A grace period that merely began again is no issue. */
function issuedAt({ currentSince, issuedOn }: Tried['tags']): Instant | undefined {
  if (currentSince === undefined || issuedOn === undefined) return undefined;
  return currentSince.at - issuedOn < 2 * DAY ? currentSince.at : undefined;
}

/** As a clause: the call, how many it met, and the first of them. */
export function describeRefusal({ cause, userNames }: CommonRefusal): string {
  const [call, code] = cause.split('/');
  const more = userNames.length - NAMED;
  const names = userNames.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `AWS refuses ${call} (${code}) for every user tried: ${userNames.length} users, ${names}`;
}
