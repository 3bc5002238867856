import { activityOf, decisionsOf, type Hears, type Triaged } from './activity.ts';
import { audienceHears, audienceNotes, isDeaf } from './audience.ts';
import type { Digest } from './digest.ts';
import { freezeEnd } from './freeze.ts';
import { breakerOpen, dayFull, putOff } from './limits.ts';
import { attributesOf } from './messages/build-message.ts';
import type { Limits } from './model.ts';
import { parseSecretTags } from './read-secret-tags.ts';
import { commonRefusal, describeRefusal } from './refusals.ts';
import { type RunTimes, runNumber } from './runs.ts';
import { environmentName, type Settings } from './settings.ts';
import { byAge, type Probe, probeOf } from './shares.ts';
import { DAY, hasPassed, type Instant } from './time.ts';
import { parseUserSettings } from './user-settings.ts';

/** What the steps of one scheduled run share, beside what they call. */
export interface RunFacts {
  settings: Settings;
  runId: string;
  times: Times;
  isDryRun: boolean;
  errors: readonly string[];
}

export interface Times {
  /** This run and the one before it. */
  run: RunTimes;
  /** What the digest covers. */
  digest: RunTimes;
  /** By a schedule that says when it was due. */
  isScheduled: boolean;
  /** The run before is known. */
  isRemembered: boolean;
}

/** What the scan saw of the account as a whole. */
interface Seen {
  accountId: string;
  at: Instant;
  secretsWithoutUser: readonly string[];
  findings: readonly string[];
  rootActiveKeys?: number;
}

/** AWS refuses all users, as the tags say, or as it seems if there are no tags yet. */
export interface Refused {
  probe: Probe | undefined;
  note: string;
}

/**
 * What was refused to everybody, by the tags that remember it. Where AWS refuses to make a secret there is none to
 * remember it in: then nobody was issued a key since the run before this one, and the same users wait as did then.
 */
export function refusedOf(
  { settings, times: { run, isRemembered, digest } }: Pick<RunFacts, 'settings' | 'times'>,
  { triaged, dueUsers, at }: { triaged: readonly Triaged[]; dueUsers: readonly Triaged[]; at: Instant },
  limits: Limits | undefined,
): Refused | undefined {
  const tried = triaged.map(({ scanned: { user, secret } }) => {
    return { userName: user.userName, tags: parseSecretTags(secret?.tags ?? {}, at).tags };
  });
  const refusal = commonRefusal(tried, at);
  if (refusal !== undefined) {
    const note = `${describeRefusal(refusal)}. The message about it says what to do; until then one user is tried in each run.`;
    return { probe: probeOf(dueUsers, refusal), note };
  }
  const isLimited = limits === undefined || limitNote(settings, limits, at) !== undefined || freezeEnd(settings, at);
  if (!isRemembered || isLimited || activityOf(triaged, digest, at).rotated > 0) return undefined;
  const among = dueUsers.filter((user) => !user.scanned.secret && wasDue(user, settings, run.previousAt));
  if (among.length < SUSPICIOUS) return undefined;
  const names = among.slice(0, SUSPICIOUS).map(({ scanned: { user } }) => user.userName);
  const note =
    `${among.length} users have waited for a first key of Keyturn since before the last run, among them ${names.join(', ')}, and none ` +
    'was issued one: AWS may refuse it for all of them. Each run tries one of them; see the log of the rotation worker.';
  return { probe: { among, turn: runNumber(run.scheduledAt, settings.runEveryDays) }, note };
}

const SUSPICIOUS = 3;

function wasDue({ scanned: { user }, verdict }: Triaged, settings: Settings, at: Instant): boolean {
  if (!verdict.isLimited || verdict.oldestActiveAt === undefined) return false;
  const own = parseUserSettings(user, settings, at).settings;
  return hasPassed(verdict.oldestActiveAt, own.maxAccessKeyAgeDays - own.rotateAheadDays, at);
}

interface Outcome {
  enqueued: number;
  limits: Limits | undefined;
  deadLetters: number | undefined;
  refused: Refused | undefined;
}

export function digestOf(
  { runId, isDryRun, settings, times, errors }: RunFacts,
  scan: Seen,
  triaged: readonly Triaged[],
  { enqueued, limits, deadLetters, refused }: Outcome,
): Digest {
  const { accountId, at, secretsWithoutUser, findings, rootActiveKeys = 0 } = scan;
  const note = [refused?.note, noteOf(settings, limits, at)].filter((each) => each !== undefined).join(' ');
  const decisions = decisionsOf(triaged, times.digest, at, hearsOf(settings, limits, at));
  const [oldest] = triaged.filter(({ verdict }) => verdict.oldestActiveAt !== undefined).toSorted(byAge);
  const exemptions = triaged
    .map(({ scanned: { user } }) => parseUserSettings(user, settings, at).settings.exemption)
    .filter((exemption) => exemption !== undefined);
  return {
    accountId,
    runId,
    at,
    dryRun: isDryRun,
    usersScanned: triaged.length,
    enqueued,
    skipped: countSkipped(triaged),
    ...activityOf(triaged, times.digest, at),
    from: times.digest.previousAt,
    until: times.digest.scheduledAt,
    blocked: decisions.filter(({ isBlocked }) => isBlocked).length,
    needsDecision: decisions,
    exemptWithDate: exemptions.filter(({ until }) => until !== undefined).length,
    exemptWithoutDate: exemptions.filter(({ until }) => until === undefined).length,
    activeRootKeys: rootActiveKeys,
    secretsWithoutUser,
    ...(oldest?.verdict.oldestActiveAt === undefined
      ? {}
      : {
          oldestActiveKeyDays: Math.max(0, at - oldest.verdict.oldestActiveAt) / DAY,
          oldestActiveKeyUser: oldest.scanned.user.userName,
        }),
    errors,
    findings,
    ...(deadLetters === undefined ? {} : { deadLetters }),
    ...(note === '' ? {} : { note }),
  };
}

/** If no message would reach anyone, the note says so. */
function hearsOf(settings: Settings, limits: Limits | undefined, now: Instant): Hears {
  const audience = limits?.audience;
  if (audience === undefined || isDeaf(audience)) return () => true;
  return (user, event) => {
    const { accountId, userName } = user;
    const { owner } = parseUserSettings(user, settings, now).settings;
    return audienceHears(audience, attributesOf({ event, accountId, userName, owner, reason: 'due' }));
  };
}

/** Nobody would get the messages about the users of this account, though somebody listens to the topic. */
export function isUnheard(
  triaged: readonly Triaged[],
  settings: Settings,
  limits: Limits | undefined,
  now: Instant,
): boolean {
  const hears = hearsOf(settings, limits, now);
  return triaged.length > 0 && triaged.every(({ scanned: { user } }) => !hears(user, 'issued'));
}

function countSkipped(triaged: readonly Triaged[]): Record<string, number> {
  const skipped: Record<string, number> = {};
  for (const { verdict } of triaged) if (!verdict.isDue) skipped[verdict.reason] = (skipped[verdict.reason] ?? 0) + 1;
  return skipped;
}

/** What concerns all users: why nothing more is done, and which messages may reach no one, each with the way out. */
function noteOf(settings: Settings, limits: Limits | undefined, now: Instant): string | undefined {
  const notes = [
    limitNote(settings, limits, now),
    ...(limits?.audience === undefined ? [] : audienceNotes(limits.audience)),
  ];
  return notes.filter((note) => note !== undefined).join(' ') || undefined;
}

/** Why no more keys are issued today, if that is so. */
function limitNote(settings: Settings, limits: Limits | undefined, now: Instant): string | undefined {
  if (limits === undefined) return undefined;
  const { audience, isBreakerOpen, issuedToday } = limits;
  if (audience !== undefined && isDeaf(audience)) {
    return (
      `Topic ${settings.topicArn} has no confirmed subscription, so no key is issued and none is taken away: no one would be told. Subscribe ` +
      `and confirm, or set ${environmentName('requireSubscription')} to false.`
    );
  }
  if (isBreakerOpen) {
    return `${putOff('All rotations are', breakerOpen, now)} See the log of the rotation worker.`;
  }
  if (issuedToday < settings.maxNewRotationsPerDay) return undefined;
  return putOff('All other rotations are', dayFull(issuedToday, settings.maxNewRotationsPerDay), now);
}
