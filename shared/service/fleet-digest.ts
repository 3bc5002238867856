import { drain, type Received } from '../aws/dequeue.ts';
import { countMessages } from '../aws/enqueue.ts';
import { publish } from '../aws/notify.ts';
import { listAccounts } from '../aws/organization.ts';
import { ownAccountId } from '../aws/own-account.ts';
import { attempt } from '../aws/plan-users.ts';
import { callsMade } from '../aws/runtime.ts';
import type { ScheduledEvent } from '../core/events.ts';
import { attentionOf } from '../core/fleet/attention.ts';
import { addUp, type FleetDigest, type FleetFacts, lastResults, type Named } from '../core/fleet/fleet-digest.ts';
import { buildFleetDigestMessage } from '../core/fleet/fleet-digest-message.ts';
import { countBy, parseReported, runIdOf, scheduledAtOf } from '../core/fleet/messages.ts';
import { ACCOUNTS_DEAD_VARIABLE, fleetQueue } from '../core/fleet/queues.ts';
import { select } from '../core/fleet/select.ts';
import { present } from '../core/present.ts';
import { parseSettings, type Settings } from '../core/settings.ts';
import { DAY, type Instant } from '../core/time.ts';
import { clearResults, type Read, rememberCovered } from './clear-results.ts';
import type { FleetRuntime } from './has-fleet.ts';

/** The answer of `{"digest": true}`: what was published, in numbers. */
export interface FleetDigested {
  schemaVersion: 1;
  runId: string;
  selected: number;
  answered: number;
  silent: number;
  errors: readonly string[];
  awsCalls: number;
}

/**
 * The fleet's digest of one run: what the accounts have answered, and who has not. Results are deleted only once it is
 * published, so that a digest that dies is made again; one that was published twice says the same.
 */
export async function publishFleetDigest(
  runtime: FleetRuntime,
  { scheduledAt }: Pick<ScheduledEvent, 'scheduledAt'>,
): Promise<FleetDigested> {
  const callsBefore = callsMade(runtime);
  const { aws, clock, environment } = runtime;
  const settings = parseSettings(environment);
  const url = fleetQueue(environment, 'resultsQueueUrl');
  const dueAt = scheduledAt ?? clock();
  const errors: string[] = [];
  const accounts = await attempt({ errors }, () => accountsOf(runtime));
  const isEnough = (received: readonly Received[]): boolean => isWhole(received.map(read), dueAt, settings);
  const messages = (await drain(aws, url, { ...runtime, isEnough })).map(read);
  const digest = addUp(await factsOf(runtime, { messages, accounts, dueAt, errors, settings }));
  log(runtime, digest);
  await publish(aws, settings.topicArn, buildFleetDigestMessage(digest));
  // Only now: whatever was not told is told by the next digest.
  await rememberCovered(runtime, url, digest);
  await clearResults(runtime, url, messages, digest.runId);
  const { runId, selected, results, silent } = digest;
  return {
    schemaVersion: 1,
    runId,
    selected: selected.length,
    answered: results.length,
    silent: silent.length,
    errors,
    awsCalls: callsMade(runtime) - callsBefore,
  };
}

async function accountsOf({
  aws,
  sleep,
  fleet,
  clock,
}: FleetRuntime): Promise<{ selected: Named[]; skipped: Record<string, number> }> {
  const now = clock();
  const selected: Named[] = [];
  const reasons: string[] = [];
  for await (const account of listAccounts(aws, { sleep })) {
    const selection = select(fleet, account, now);
    if (selection.isMember) selected.push({ accountId: account.accountId, name: account.name });
    else reasons.push(selection.reason);
  }
  return { selected, skipped: countBy(reasons) };
}

function read(received: Received): Read {
  try {
    return { received, reported: parseReported(received.body) };
  } catch {
    return { received, reported: undefined };
  }
}

/** The newest run that was due before this digest, and not before the one that the last digest should have told of. */
function ownRun(messages: readonly Read[], dueAt: Instant, { runEveryDays }: Pick<Settings, 'runEveryDays'>): string {
  const times = messages.flatMap(({ reported }) => {
    const at = reported === undefined || reported.kind === 'covered' ? undefined : scheduledAtOf(reported.runId);
    return at === undefined || at > dueAt || at <= dueAt - runEveryDays * DAY ? [] : [at];
  });
  // Of no run there are no results, which is said then.
  return runIdOf(times.length === 0 ? dueAt : Math.max(...times));
}

/** Every account that the run was for has answered. */
function isWhole(messages: readonly Read[], dueAt: Instant, settings: Settings): boolean {
  const runId = ownRun(messages, dueAt, settings);
  const { fanOut, results } = ofRun(messages, runId);
  return fanOut !== undefined && results.length >= fanOut.selected - fanOut.unsent.length;
}

function ofRun(messages: readonly Read[], runId: string): Pick<FleetFacts, 'fanOut' | 'results'> {
  const all = messages.flatMap(({ reported }) => (reported === undefined ? [] : [reported]));
  // A fan-out that was repeated leaves two records that say the same.
  const fanOut = all.filter((each) => each.kind === 'fan-out').findLast((each) => each.runId === runId);
  const results = lastResults(
    all.filter((each) => each.kind === 'result'),
    runId,
  );
  return { results, ...present({ fanOut }) };
}

interface Gathered {
  messages: readonly Read[];
  accounts: Awaited<ReturnType<typeof accountsOf>> | undefined;
  dueAt: Instant;
  errors: string[];
  settings: Settings;
}

async function factsOf(runtime: FleetRuntime, gathered: Gathered): Promise<FleetFacts> {
  const { messages, accounts, dueAt, errors, settings } = gathered;
  const { aws, fleet } = runtime;
  const at = runtime.clock();
  const runId = ownRun(messages, dueAt, settings);
  const { fanOut, results } = ofRun(messages, runId);
  const accountId = await ownAccountId(aws);
  const deadLetters = await attempt({ errors }, async () => deadLettersOf(runtime, settings));
  return {
    organizationId: fleet.organizationId,
    accountId,
    runId,
    at,
    results,
    ...present({ fanOut }),
    // Who belongs is not known without the organization: nobody is called silent, and nobody is said to have left.
    ...(accounts === undefined ? { isUnlisted: true } : {}),
    selected: accounts?.selected ?? results,
    skipped: accounts?.skipped ?? {},
    waves: fleet.waves.map(({ name, enforceFrom }) => {
      const isDryRun = enforceFrom === undefined || at < enforceFrom;
      return { name, isDryRun, ...present({ enforceFrom }) };
    }),
    coveredBefore: coveredBefore(messages, runId),
    errors,
    unreadable: messages.filter(({ reported }) => reported === undefined).length,
    ...present({ deadLetters }),
  };
}

/** By the newest digest of an earlier run: this one may have left some already, and died. */
function coveredBefore(messages: readonly Read[], runId: string): FleetFacts['coveredBefore'] {
  const covered = messages
    .flatMap(({ reported }) => (reported?.kind === 'covered' ? [reported] : []))
    .filter((each) => each.runId < runId);
  const newest = covered
    .map((each) => each.runId)
    .toSorted()
    .at(-1);
  const byId = new Map(
    covered
      .filter((each) => each.runId === newest)
      .flatMap(({ accounts }) => accounts.map((account) => [account.accountId, account] as const)),
  );
  return [...byId.values()];
}

async function deadLettersOf({ aws, environment }: FleetRuntime, settings: Settings): Promise<number | undefined> {
  const urls = [settings.deadLetterQueueUrl, environment[ACCOUNTS_DEAD_VARIABLE]].flatMap((url) => url || []);
  let count = 0;
  for (const url of urls) count += await countMessages(aws, url);
  return urls.length === 0 ? undefined : count;
}

/** The log has what the digest has no room for. */
function log({ log: { info, warn } }: FleetRuntime, digest: FleetDigest): void {
  const { runId, silent, unreadable, results, selected } = digest;
  info('Fleet digest', {
    runId,
    selected: selected.length,
    answered: results.length,
    silent: silent.length,
    unreadable,
  });
  for (const { kind, message, accounts } of attentionOf(digest))
    info('To be checked', { runId, kind, finding: message, accounts });
  if (unreadable > 0) warn('Results that cannot be read are dropped', { runId, unreadable });
}
