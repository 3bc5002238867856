import { inspect } from 'node:util';
import type { BeforeCall, Call, LocalAws, LocalAwsOptions } from '../../../local/aws/aws.ts';
import { DAY, HOUR, MINUTE } from '../../../local/aws/clock.ts';
import type { FunctionName } from '../../../local/aws/principals.ts';
import { type Checker, createChecker } from '../../../local/checker/checker.ts';
import type { Command, Invocation, Limits } from '../../../local/checker/expectations.ts';
import { currentKeyId, keyLabels, keyOf, keysOf, type Look, lookAt, tag } from '../../../local/checker/look.ts';
import { drain } from '../../../local/host/event-source.ts';
import { createWorld, sqsEvent, type World } from '../world.ts';
import { type Ending, type Process, startProcess } from './process.ts';

/** Short periods, so that a whole rotation is over in a dozen passes. */
export const limits: Limits = {
  maxAgeDays: 90,
  graceDays: 4,
  quietDays: 1,
  maxPostponeDays: 3,
  recoveryDays: 3,
  unusedDays: 60,
};

const environmentOf = ({ graceDays, quietDays, maxPostponeDays, recoveryDays, unusedDays }: Limits) => ({
  KEYTURN_GRACE_DAYS: String(graceDays),
  KEYTURN_QUIET_DAYS: String(quietDays),
  KEYTURN_MAX_POSTPONE_DAYS: String(maxPostponeDays),
  KEYTURN_RECOVERY_DAYS: String(recoveryDays),
  KEYTURN_UNUSED_DAYS: String(unusedDays),
});

/** A deployment with other periods, in the middle of what is going on. */
export function changeSettings(stage: Stage, changed: Partial<Limits>): void {
  Object.assign(stage.limits, changed);
  Object.assign(stage.world.environment, environmentOf(stage.limits));
}

/** Who hears: everybody by one email address, nobody, or that address of what the filter lets through. */
export function changeAudience(
  { world: { aws, topicArn } }: Stage,
  filter: 'none' | 'nobody' | readonly string[],
): void {
  for (const { arn } of aws.sns.subscriptions(topicArn)) aws.sns.unsubscribeByLink(arn);
  const attributes = typeof filter === 'string' ? {} : { FilterPolicy: JSON.stringify({ event: filter }) };
  if (filter !== 'nobody') aws.sns.subscribe(topicArn, 'email', `owner-${aws.clock.now()}@example.com`, attributes);
}

/** The name by which somebody else calls AWS. */
export const ATTACKER = 'attacker';

/** Of the account's people only this role may change a secret's policy. */
export const administered: StageOptions = {
  environment: { KEYTURN_ADMINISTRATOR_ARNS: '["arn:aws:iam::111122223333:role/security-admin"]' },
};

/** A role carries every user's key to where it is used. */
const READER = { arn: 'arn:aws:iam::111122223333:role/hand-on', handOn: true };
export const handingOn: StageOptions = { environment: { KEYTURN_READER_ARNS: JSON.stringify([READER]) } };

/** One user, their owner, the service, and the checker that watches. */
export interface Stage {
  readonly world: World;
  readonly aws: LocalAws;
  readonly checker: Checker;
  /** Of the user under proof; another one after a re-creation. */
  userName: string;
  userId: string;
  readonly hand: Set<string>;
  /** Of today; somebody may change the settings. */
  readonly limits: Limits;
  /** What the last pass decided. */
  decided: { reason: string; status: string } | undefined;
}

export interface StageOptions extends LocalAwsOptions {
  readonly userName?: string;
  readonly keys?: readonly { ageDays: number; status?: 'Active' | 'Inactive'; usedDaysAgo?: number }[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly environment?: Record<string, string>;
}

export function createStage(options: StageOptions = {}): Stage {
  const { userName = 'alice', keys = [{ ageDays: 90 }], tags = {}, environment: given, ...rest } = options;
  const world = createWorld({ ...rest, environment: { ...environmentOf(limits), ...given } });
  const { aws } = world;
  const own = { ...limits };
  const handsOn = world.environment.KEYTURN_READER_ARNS === handingOn.environment?.KEYTURN_READER_ARNS;
  const checker = createChecker(aws, { limits: own, handsOn });
  const made = aws.iam.addUser({
    userName,
    tags,
    createdAt: aws.clock.now() - 1_000 * DAY,
    keys: keys.map(({ ageDays, status = 'Active', usedDaysAgo = 1 }) => ({
      ageDays,
      status,
      lastUsed: { at: aws.clock.now() - usedDaysAgo * DAY, service: 's3', region: 'eu-west-1' },
    })),
  });
  const hand = new Set(made.keys.map(({ accessKeyId }) => accessKeyId));
  return { world, aws, checker, userName, userId: made.userId, hand, limits: own, decided: undefined };
}

let callers = 0;

interface InvokeOptions extends Pick<Invocation, 'command' | 'exposedKeyId'> {
  readonly before?: BeforeCall | undefined;
  readonly name?: string;
  readonly process?: Process;
}

/** One invocation of a function in a process of its own. */
export async function invoke(
  stage: Stage,
  functionName: FunctionName,
  event: unknown,
  options: InvokeOptions = {},
): Promise<Ending> {
  const { before, process: given, name = `${functionName}-${++callers}`, ...asked } = options;
  const isDryRun = stage.world.environment.KEYTURN_ENFORCE !== 'true';
  stage.checker.begin({ caller: name, isDryRun, ...asked });
  const process = given ?? startProcess(stage.world, functionName, { name, before });
  const ending = await process.invoke(event);
  noteDecision(stage);
  return ending;
}

export function messageOf(stage: Stage): unknown {
  const { aws, userId, userName } = stage;
  return sqsEvent({
    schemaVersion: 1,
    accountId: aws.accountId,
    userId,
    userName,
    origin: 'schedule',
    requestId: 'proof',
  });
}

const warm = new WeakMap<World, Process>();

/** One pass of the worker, as the queue would drive it. Undisturbed ones share a process, as on Lambda. */
export async function pass(stage: Stage, before?: BeforeCall): Promise<Ending> {
  if (before !== undefined) return invoke(stage, 'rotation-worker', messageOf(stage), { before });
  const process = warmWorker(stage);
  const begunAt = stage.aws.clock.now();
  const ending = await invoke(stage, 'rotation-worker', messageOf(stage), { name: 'worker', process });
  if (isComplete(stage, ending)) stage.checker.passed(stage.userId, begunAt);
  return ending;
}

function warmWorker({ world }: Stage): Process {
  const process = warm.get(world) ?? startProcess(world, 'rotation-worker', { name: 'worker' });
  warm.set(world, process);
  return process;
}

/** What waits in the queue, each message delivered twice: nothing keeps a queue from that. */
export async function deliverTwice(stage: Stage): Promise<void> {
  const { aws, queueUrl } = stage.world;
  const process = warmWorker(stage);
  await drain(aws, {
    queueUrl,
    handler: async (event) => {
      const body = event.Records[0]?.body ?? '{}';
      const { accessKeyId: exposedKeyId }: { accessKeyId?: string } = JSON.parse(body);
      const about = exposedKeyId === undefined || !isSentByUs(aws, body) ? {} : { exposedKeyId };
      const deliver = (): Promise<Ending> =>
        invoke(stage, 'rotation-worker', event, { name: 'worker', process, ...about });
      await deliver();
      aws.clock.advance(2 * MINUTE);
      const ending = await deliver();
      if (ending.kind !== 'answered') throw new Error('The worker failed.');
      return ending.answer;
    },
  });
}

/** What somebody else has put into the queue says nothing about a key. */
function isSentByUs({ calls }: LocalAws, body: string): boolean {
  const sent = JSON.stringify(body);
  return calls.some(
    ({ caller, operation, input }) =>
      caller !== ATTACKER && operation.startsWith('SendMessage') && JSON.stringify(input).includes(sent),
  );
}

/** Not one that found somebody else at work, failed, or was only tried out. */
function isComplete({ decided, world }: Stage, ending: Ending): boolean {
  if (world.environment.KEYTURN_ENFORCE !== 'true' || decided?.status === 'busy') return false;
  return ending.kind === 'answered' && JSON.stringify(ending.answer) === '{"batchItemFailures":[]}';
}

export async function rotateUser(stage: Stage, asked: Omit<Command, 'userName'>, before?: BeforeCall): Promise<Ending> {
  const command = { userName: stage.userName, ...asked };
  return invoke(stage, 'rotate-user', command, { command, before });
}

function noteDecision(stage: Stage): void {
  const line = stage.world.logged.findLast((text) => text.includes('"message":"Decided"'));
  const { reason = '?', status = '?' }: { reason?: string; status?: string } = JSON.parse(line ?? '{}');
  stage.decided = { reason, status };
}

/** The owner reads the secret with a key that works, and uses the newest key that does. */
export function ownerLives(stage: Stage, { reads = true }: { reads?: boolean } = {}): void {
  const { aws, hand } = stage;
  const look = lookAt(aws, stage.userId);
  const works = (id: string): boolean => keyOf(look, id)?.status === 'Active';
  const current = currentKeyId(look);
  if (reads && current !== undefined && [...hand].some(works)) {
    hand.delete(current);
    hand.add(current);
  }
  const inUse = [...hand].findLast(works);
  if (inUse !== undefined) aws.iam.useKey(inUse, { service: 's3', region: 'eu-west-1' });
  stage.checker.outside();
}

/** Where a rotation has come to its end: nothing is planned, or somebody has to act and was told. */
const atRest = ['nothing-due', 'no-active-key'];

export function isAtRest({ decided }: Stage): boolean {
  return decided !== undefined && (atRest.includes(decided.reason) || decided.status === 'blocked');
}

/** Passes an hour later and then daily, the owner behaving, until nothing is planned twice. Answers their number. */
export async function settle(stage: Stage, most = 60): Promise<number> {
  stage.aws.clock.advance(HOUR);
  let quiet = 0;
  for (let passes = 1; passes <= most; passes++) {
    const from = stage.aws.calls.length;
    await pass(stage);
    ownerLives(stage);
    const isIdle = isAtRest(stage) && stage.aws.calls.slice(from).every(({ mutating }) => !mutating);
    quiet = isIdle ? quiet + 1 : 0;
    if (quiet === 2) {
      stage.checker.atRest(stage.userId, stage.decided?.status === 'blocked');
      return passes;
    }
    stage.aws.clock.advance(DAY);
  }
  stage.checker.atRest(stage.userId, stage.decided?.status === 'blocked');
  return Number.POSITIVE_INFINITY;
}

/** A state, without what may differ between two runs of the same scenario: identifiers and instants. */
export interface Summary {
  keys: string[];
  labels: string[];
  tags: string[];
  secret: string;
  settled: string;
}

const fleeting = ['doing', 'deactivated', 'inactive-seen', 'hold'];

export function summarize(stage: Stage): Summary {
  const look = lookAt(stage.aws, stage.userId);
  const labelled = keyLabels(look);
  const current = currentKeyId(look);
  const roleOf = (id: string): string =>
    id === current ? 'current' : labelled.some(({ label }) => label === id) ? 'stored' : 'stranger';
  const since = tag(look, 'current-since')?.split(' ')[1];
  return {
    keys: keysOf(look)
      .map(({ accessKeyId, status }) => `${roleOf(accessKeyId)} ${status}`)
      .toSorted(),
    labels: labelled.map(({ label }) => (keyOf(look, label) === undefined ? 'of a key that is gone' : roleOf(label))),
    tags: fleeting.filter((name) => tag(look, name) !== undefined),
    secret: secretSummary(stage, look),
    settled: `${stage.decided?.reason}; grace of ${since === undefined ? 'none' : since === current ? 'the current key' : 'another key'}`,
  };
}

function secretSummary({ userName }: Stage, look: Look): string {
  const { secret } = look;
  if (secret === undefined) return 'none';
  const isNamed = tag(look, 'user-name') === userName && secret.description?.includes(userName);
  return `${secret.deletedAt === undefined ? 'there' : 'pending deletion'}, ${isNamed ? 'named' : 'not named'} after its user`;
}

/** No secret in any log line, message, answer or error, at full depth. */
export function searchForSecrets({ world }: Stage): string[] {
  const { logged, shown, aws } = world;
  const texts = {
    'a log line': logged.join('\n'),
    'a message': JSON.stringify(aws.sns.published),
    'an answer or an error': inspect(shown, {
      depth: 8,
      showHidden: true,
      maxArrayLength: null,
      maxStringLength: null,
    }),
  };
  const secrets = [...aws.iam.everySecretAccessKey(), ...aws.secrets.rotations.tokens];
  return Object.entries(texts).flatMap(([where, text]) =>
    secrets.some((secret) => text.includes(secret)) ? [`a secret is in ${where}`] : [],
  );
}

/** What to print of a run that failed. */
export function trace({ aws, world }: Stage, from = 0, most = 120): string {
  const line = (call: Call): string =>
    `  ${new Date(call.at).toISOString()} ${call.caller} ${call.n} ${call.service}:${call.operation} ${describe(call)} ${call.outcome}${call.fault === undefined ? '' : ` <-- ${call.fault.kind}`}`;
  const lines = aws.calls
    .slice(from)
    .map((call) => ({ at: call.at, text: line(call) }))
    .slice(0, most);
  const decisions = world.logged.filter((text) => text.includes('Decided')).slice(-12);
  return [...lines.map(({ text }) => text), ...decisions.map((text) => `  ${text}`)].join('\n');
}

function describe({ input, operation }: Call): string {
  const { AccessKeyId, Status, Tags, TagKeys, VersionStage, MoveToVersionId, VersionStages } = input;
  const parts = [AccessKeyId, Status, VersionStage, MoveToVersionId, VersionStages, TagKeys].filter(
    (x) => x !== undefined,
  );
  if (operation === 'TagResource' && Array.isArray(Tags)) {
    parts.push(...Tags.map((t: { Key?: string; Value?: string }) => `${t.Key?.slice(8)}=${t.Value}`));
  }
  return parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ');
}
