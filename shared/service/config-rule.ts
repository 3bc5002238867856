import {
  type Former,
  formerResults,
  type Judged,
  observeByUserId,
  putEvaluations,
  recordedItem,
} from '../aws/config.ts';
import { mapConcurrently } from '../aws/map-concurrently.ts';
import { listAccessKeys } from '../aws/observe.ts';
import { ownAccountId } from '../aws/own-account.ts';
import { callsMade, type Invocation, type Runtime } from '../aws/runtime.ts';
import { scanAccount } from '../aws/scan.ts';
import { verifyingReader } from '../aws/state-key.ts';
import { type ComplianceType, judge, notApplicable, prejudge, type Verdict } from '../core/compliance.ts';
import { type ChangedItem, type RuleEvent, USER_TYPE } from '../core/config-events.ts';
import { EventError, isFailure, messageOf, RotationError } from '../core/errors.ts';
import type { AccessKey, User, UserState } from '../core/model.ts';
import { parseSettings, type Settings } from '../core/settings.ts';
import type { Instant } from '../core/time.ts';
import type { ScannedUser } from '../core/triage/facts.ts';
import { needsExactKeys } from '../core/triage/triage.ts';
import { describeMember, nameOf } from './fleet-account.ts';
import { type FleetRuntime, hasFleet } from './has-fleet.ts';
import { asMember } from './member.ts';

/** The answer of `config-rule`; every field is explained in docs/reference.md. */
export interface Evaluated {
  schemaVersion: 1;
  ruleName: string;
  accountId: string;
  testMode: boolean;
  /** Compliance type → evaluations that were put. */
  evaluations: Record<ComplianceType, number>;
  /** Users who were judged from their exact keys. */
  judgedExactly: number;
  awsCalls: number;
}

/** What the steps of one invocation share. */
interface Run {
  runtime: Runtime;
  settings: Settings;
  event: RuleEvent;
  now: Instant;
  /** Sentences: of whom there is no verdict, or whose was not taken. */
  problems: string[];
  judgedExactly: number;
}

/**
 * Judges one user, or all, and tells AWS Config; changes nothing. Where a verdict would be a guess there is none:
 * all others are put, and then it throws a RotationError that names every failure.
 */
export async function evaluateRule(
  hub: Runtime,
  { runId }: Pick<Invocation, 'runId'>,
  event: RuleEvent,
): Promise<Evaluated> {
  const callsBefore = callsMade(hub);
  const found = hasFleet(hub) ? await inAccountOf(hub, event, runId) : hub;
  const { ruleName, accountId, isTest: testMode } = event;
  const about = { schemaVersion: 1, ruleName, accountId, testMode } as const;
  if ('because' in found) {
    hub.log.info('Not judged', { runId, ruleName, accountId, because: found.because });
    return { ...about, evaluations: countByType([]), judgedExactly: 0, awsCalls: callsMade(hub) - callsBefore };
  }
  const runtime = found;
  const settings = parseSettings(runtime.environment);
  const run: Run = { runtime, settings, event, now: runtime.clock(), problems: [], judgedExactly: 0 };
  const judged = event.kind === 'periodic' ? await judgeEverybody(run) : [await judgeItem(run, event.item)];
  run.problems.push(...(await putEvaluations(runtime.aws, event, judged)));
  const evaluations = countByType(judged);
  const counts = Object.entries(evaluations).map(([type, count]) => `${type}: ${count}`);
  const { judgedExactly, problems } = run;
  runtime.log.info('Evaluated', { runId, ruleName, kind: event.kind, testMode, evaluations: counts, judgedExactly });
  if (problems.length > 0) throw failureOf(run, judged.length);
  const awsCalls = callsMade(runtime) - callsBefore;
  return { ...about, evaluations, judgedExactly, awsCalls };
}

/**
 * An organization's rule asks about its members: looked at, and told, by the role there that changes nothing. It asks about
 * those that the fleet leaves out too, in which nobody could tell AWS Config anything: that is no failure.
 */
async function inAccountOf(
  hub: FleetRuntime,
  { accountId }: RuleEvent,
  runId: string,
): Promise<Runtime | { because: string }> {
  const own = await ownAccountId(hub.aws);
  const described = await describeMember(hub, accountId);
  const { place, selection } = described;
  if (selection.isMember) return asMember(hub, { ...place, isDryRun: true }, 'observe', { by: 'config-rule', runId });
  if (accountId === own) return hub;
  return { because: `${nameOf(described)} ${selection.because}.` };
}

function countByType(judged: readonly Judged[]): Record<ComplianceType, number> {
  const count = (type: ComplianceType): number => judged.filter(({ complianceType }) => complianceType === type).length;
  return {
    COMPLIANT: count('COMPLIANT'),
    NON_COMPLIANT: count('NON_COMPLIANT'),
    NOT_APPLICABLE: count('NOT_APPLICABLE'),
  };
}

function failureOf({ event: { accountId, ruleName }, problems }: Run, total: number): RotationError {
  const message =
    `Rule ${ruleName} judged ${total} resources of account ${accountId}, but ${problems.length} ` +
    `${problems.length === 1 ? 'thing' : 'things'} failed: ${problems.join(' | ')}`;
  return new RotationError(message, { accountId });
}

async function judgeEverybody(run: Run): Promise<Judged[]> {
  const { runtime, event } = run;
  // Before the list of users: a user made in between must not look like one who is gone.
  const former = await formerOrNone(run);
  const expected = run.settings.memberRegion === undefined ? undefined : event.accountId;
  const scan = await scanAccount(await verifyingReader(runtime, run.settings), runtime, undefined, expected);
  refuseOtherAccount(event, scan.accountId);
  run.problems.push(...scan.errors);
  run.now = scan.at;
  // A user called non-compliant by exact keys is not acquitted by a report, which may show those keys as younger.
  const accused = new Set(former.filter(isAccused).map(({ resourceId }) => resourceId));
  const verdicts = await mapConcurrently(scan.users, (scanned) =>
    attempt(run, scanned.user, () => judgeScanned(run, scanned, accused.has(scanned.user.userId))),
  );
  const judged = verdicts.filter((each) => each !== undefined);
  const present = new Set(scan.users.map(({ user }) => user.userId));
  const gone = former
    .filter(({ resourceType, resourceId }) => resourceType !== USER_TYPE || !present.has(resourceId))
    .map(({ resourceType, resourceId }) => ({ resourceType, resourceId, ...GONE }));
  const all = [...judged, ...gone];
  // A rule without any result would look as if it had never run.
  return all.length > 0 || run.problems.length > 0 ? all : [ofAccount(event.accountId)];
}

const GONE = notApplicable('The user is gone, or is outside the path that this deployment looks after.');

function isAccused({ complianceType }: Former): boolean {
  return complianceType === 'NON_COMPLIANT';
}

function ofAccount(accountId: string): Judged {
  const verdict = notApplicable('There is no IAM user to judge.');
  return { resourceType: 'AWS::::Account', resourceId: accountId, ...verdict };
}

/** A rule that is only tried out may not exist. */
async function formerOrNone({ runtime, event }: Run): Promise<Former[]> {
  try {
    return await formerResults(runtime.aws, event.ruleName);
  } catch (error) {
    if (event.isTest && isFailure(error, 'NoSuchConfigRule')) return [];
    throw error;
  }
}

/** One user's failure never stops the others. */
async function attempt(
  { problems }: Run,
  { userId, userName }: User,
  judgeOne: () => Promise<Verdict | undefined>,
): Promise<Judged | undefined> {
  try {
    const verdict = await judgeOne();
    return verdict && { resourceType: USER_TYPE, resourceId: userId, ...verdict };
  } catch (error) {
    problems.push(`${userName}: ${messageOf(error)}`);
    return undefined;
  }
}

/** Undefined where the scan has failed to read the user's keys already. */
async function judgeScanned(run: Run, scanned: ScannedUser, isFormerlyAccused: boolean): Promise<Verdict | undefined> {
  const { settings, now, runtime } = run;
  const { parameters } = run.event;
  if (scanned.keys === undefined && needsExactKeys(scanned, settings, now)) return undefined;
  const early = prejudge(isFormerlyAccused ? withoutReport(scanned) : scanned, settings, parameters, now);
  if (early !== undefined && !isVanished(scanned)) return early;
  run.judgedExactly++;
  const { user, secret } = scanned;
  const keys = isVanished(scanned) ? undefined : (scanned.keys ?? (await keysOf(runtime, user)));
  const state = keys && { user, keys, ...(secret === undefined ? {} : { secret }) };
  const byKeys = state && judge(state, settings, parameters, now);
  if (byKeys !== undefined && byKeys.complianceType !== 'NON_COMPLIANT') return byKeys;
  // The rest is read only of those who are over the limit: it says what happens next.
  return judgeState(run, await observeByUserId(await verifyingReader(runtime, settings), user));
}

function withoutReport({ report: _, ...scanned }: ScannedUser): ScannedUser {
  return scanned;
}

/** No keys where the report has an Active one: deleted, or the user was deleted or renamed during the scan. */
function isVanished({ keys, report }: ScannedUser): boolean {
  return keys?.length === 0 && report !== undefined && report.keys.some(({ isActive }) => isActive);
}

/** Undefined if there is no longer a user of that name: deleted since the scan, or renamed. */
async function keysOf({ aws }: Runtime, { userName }: User): Promise<AccessKey[] | undefined> {
  try {
    return await listAccessKeys(aws, userName);
  } catch (error) {
    if (isFailure(error, 'NoSuchEntity')) return undefined;
    throw error;
  }
}

/** A change is only the occasion: the item holds no access key, so the user is read from IAM. */
async function judgeItem(run: Run, item: ChangedItem): Promise<Judged> {
  const about = { resourceType: item.resourceType, resourceId: item.resourceId };
  if (item.resourceType !== USER_TYPE) return { ...about, ...notApplicable('Only IAM users have access keys.') };
  const { event, runtime } = run;
  const isThere = !event.hasLeftScope && isRecorded(item);
  const exact = isThere && event.kind === 'oversized' ? await recordedItem(runtime.aws, item, event.orderingAt) : item;
  if (!isThere || !isRecorded(exact)) return { ...about, ...notApplicable('The user is gone, or left the scope.') };
  const { resourceName: userName = item.resourceName } = exact;
  run.judgedExactly++;
  const user = { userId: item.resourceId, ...(userName === undefined ? {} : { userName }) };
  const state = await observeByUserId(await verifyingReader(runtime, run.settings), user);
  return { ...about, ...judgeState(run, state) };
}

/** Config no longer knows a resource that was deleted or is not recorded. */
function isRecorded({ status }: ChangedItem): boolean {
  return status === 'OK' || status === 'ResourceDiscovered';
}

function judgeState({ settings, event, now }: Run, state: UserState | undefined): Verdict {
  if (state === undefined) return GONE;
  refuseOtherAccount(event, state.user.accountId);
  if (!state.user.path.startsWith(settings.userPathPrefix)) return GONE;
  return judge(state, settings, event.parameters, now);
}

/** The function sees its own account only: about any other it would have to guess. */
function refuseOtherAccount(event: RuleEvent, accountId: string): void {
  if (event.accountId === accountId) return;
  const message = `accountId: the rule is of account ${event.accountId}, but this function looks after ${accountId}.`;
  throw new EventError(message, { accountId });
}
