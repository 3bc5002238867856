import type { SQSEvent } from 'aws-lambda';
import { createLocalAws, type LocalAws } from '../aws/aws.ts';
import type { FaultRule } from '../aws/faults.ts';
import type { AccessKey, IamUser } from '../aws/iam/iam-state.ts';
import type { FunctionName } from '../aws/principals.ts';
import { HTTP, type LocalServer, startServer } from '../aws/server.ts';
import { type Checker, createChecker } from '../checker/checker.ts';
import type { Command, Invocation, Limits } from '../checker/expectations.ts';
import { documentOf } from '../checker/json.ts';
import { drain } from '../host/event-source.ts';
import { createFleet, type Fleet, ProcessDied, startProcess } from '../host/process.ts';
import { httpLine, type LogLine } from '../host/runtime.ts';
import { sdkOptions } from '../host/sdk-options.ts';
import { addCharacter, createResources, type Resources } from '../host/set-up.ts';
import { type Character, cast } from './cast.ts';
import { type Actor, type Chronicle, shorten } from './chronicle.ts';
import { createMail, type Mail } from './mail.ts';
import { createOwner, type Owner, type OwnerWorld } from './owners.ts';

/** Everything that the year is played on: the account, its people, the service, and the checker that watches. */
export interface Stage {
  readonly aws: LocalAws;
  readonly endpoint: string;
  readonly resources: Resources;
  readonly checker: Checker;
  /** By UserId; whoever was deleted stays. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Of the user of that name today. */
  owner(userName: string): Owner;
  keysOf(userName: string): readonly AccessKey[];
  narrate(actor: Actor, userName: string | undefined, event: string, text: string): void;
  /** Through the control route, as a person trying it would; cleared when the local clock gets there. */
  orderFaults(rules: readonly FaultRule[], until?: number): Promise<void>;
  /** One more user like the character of that name, with one fresh key. */
  hire(userName: string): void;
  rotateUser(command: Command): Promise<void>;
  scan(event?: { readonly dryRun: boolean }): Promise<unknown>;
  /** Lets the worker have every message, also those that come back after a failure. */
  work(): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly startsAt: number;
  readonly chronicle: Chronicle;
  readonly freeze: readonly [from: string, to: string];
  /** How long before their limit keys get replacements, as the setting says it: 0. */
  readonly rotateAheadDays?: number;
}

/** What the functions are given by default. */
export const demoLimits: Limits = {
  maxAgeDays: 90,
  graceDays: 10,
  quietDays: 2,
  maxPostponeDays: 10,
  recoveryDays: 10,
  unusedDays: 90,
};

/** What is behind the stage. */
interface Backstage {
  readonly aws: LocalAws;
  readonly server: LocalServer;
  readonly resources: Resources;
  readonly chronicle: Chronicle;
  readonly checker: Checker;
  readonly owners: Map<string, Owner>;
  readonly mail: Mail;
  readonly fleet: Fleet;
  faultsUntil: number | undefined;
  /** The user whose message the worker has. */
  atHand: string | undefined;
}

function userNamed(aws: LocalAws, userName: string | undefined): IamUser | undefined {
  return aws.iam.users().find((user) => user.userName === userName);
}

function narrate(back: Backstage, ...[actor, userName, event, text]: Parameters<Stage['narrate']>): void {
  const { aws, chronicle } = back;
  const userId = userNamed(aws, userName)?.userId;
  chronicle.add({ at: aws.clock.now(), actor, event, userId, userName, text: shorten(text) });
}

function enter(back: Backstage, character: Character): void {
  const { aws, chronicle, owners, server } = back;
  const { userId, keys } = addCharacter(aws, character);
  const world: OwnerWorld = {
    aws,
    chronicle,
    clientOptions: (key) => sdkOptions(aws.region, server.url, key),
    confirm: (id) => confirm(back, id),
  };
  owners.set(userId, createOwner(character, userId, keys, world));
}

function log(back: Backstage, { level, message, facts }: LogLine): void {
  back.checker.readText('a log line', JSON.stringify({ level, message, facts }));
  if (message !== 'Message failed') return;
  narrate(back, 'world', back.atHand, 'retry', 'a pass fails; its message comes back in half an hour');
}

async function invoke(
  back: Backstage,
  name: FunctionName,
  event: unknown,
  about: Partial<Invocation> = {},
): Promise<unknown> {
  const { checker, fleet, mail } = back;
  checker.begin({ ...about, caller: HTTP });
  try {
    const answer = await fleet.invoke(name, event);
    checker.readText(`what ${name} returned`, JSON.stringify(answer) ?? '');
    return answer;
  } catch (error) {
    checker.readText(`what ${name} threw`, error instanceof Error ? `${error.stack} ${error.cause}` : String(error));
    narrateFailure(back, name, error);
    throw error;
  } finally {
    checker.end(HTTP);
    mail.read();
  }
}

function narrateFailure(back: Backstage, name: FunctionName, error: unknown): void {
  if (error instanceof ProcessDied) {
    const text = `the process of ${name} dies; its message comes back to the queue after half an hour`;
    narrate(back, 'world', back.atHand, 'crash', text);
  } else {
    const text = `${name} failed: ${error instanceof Error ? error.message : error}`;
    narrate(back, 'world', undefined, 'error', text);
  }
}

async function orderFaults(back: Backstage, rules: readonly FaultRule[], until?: number): Promise<void> {
  back.faultsUntil = until;
  await fetch(`${back.server.url}/_local/faults`, { method: 'POST', body: JSON.stringify(rules) });
}

async function rotateUser(back: Backstage, command: Command): Promise<void> {
  await invoke(back, 'rotate-user', command, { command });
}

async function confirm(back: Backstage, userId: string): Promise<void> {
  const userName = back.aws.iam.state.users.get(userId)?.userName ?? '';
  narrate(back, 'owner', userName, 'confirm', 'confirms the switch (`rotate-user` action confirm)');
  await rotateUser(back, { userName, action: 'confirm' });
}

async function work(back: Backstage): Promise<void> {
  const { aws, resources } = back;
  const { queueUrl } = resources;
  const handler = (event: SQSEvent) => {
    back.atHand = userNameIn(event.Records[0]?.body ?? '');
    return invoke(back, 'rotation-worker', event);
  };
  for (;;) {
    await drain(aws, { queueUrl, handler });
    const next = Math.min(...aws.sqs.messages(queueUrl).map(({ visibleAt }) => visibleAt));
    if (!Number.isFinite(next)) return;
    aws.clock.set(Math.max(next, aws.clock.now()));
    if (back.faultsUntil !== undefined && aws.clock.now() >= back.faultsUntil) await orderFaults(back, []);
  }
}

async function setUp({ startsAt, chronicle, freeze, rotateAheadDays = 0 }: StageOptions): Promise<Backstage> {
  const aws = createLocalAws({ now: startsAt });
  const server = await startServer(aws);
  const resources = createResources(aws, {
    KEYTURN_FREEZE: JSON.stringify([freeze]),
    KEYTURN_ROTATE_AHEAD_DAYS: String(rotateAheadDays),
  });
  const owners = new Map<string, Owner>();
  const checker = createChecker(aws, {
    limits: { ...demoLimits, maxAgeDays: demoLimits.maxAgeDays - rotateAheadDays },
    freezes: [[Date.parse(freeze[0]), Date.parse(freeze[1])]],
    handOf: (userId) => new Set(owners.get(userId)?.hand.keys() ?? []),
  });
  const mail = createMail(aws, chronicle, owners);
  const onLog = (line: LogLine) => log(back, line);
  const { environment } = resources;
  const fleet = createFleet((name) => startProcess(name, { aws, line: httpLine(aws, server.url), environment, onLog }));
  const told = { faultsUntil: undefined, atHand: undefined };
  const back: Backstage = { aws, server, resources, chronicle, checker, owners, mail, fleet, ...told };
  return back;
}

/** Raises the curtain: the embedded AWS listens on a free port of 127.0.0.1, the cast has its keys. */
export async function createStage(options: StageOptions): Promise<Stage> {
  const back = await setUp(options);
  const { aws, server, resources, checker, owners } = back;
  for (const character of cast) enter(back, character);
  return {
    aws,
    endpoint: server.url,
    resources,
    checker,
    owners,
    owner(userName) {
      const owner = owners.get(userNamed(aws, userName)?.userId ?? '');
      if (owner === undefined) throw new Error(`There is no user ${userName} on the stage.`);
      return owner;
    },
    keysOf: (userName) => userNamed(aws, userName)?.keys ?? [],
    narrate: (...told) => narrate(back, ...told),
    orderFaults: (rules, until) => orderFaults(back, rules, until),
    hire(userName) {
      const character = cast.find((candidate) => candidate.userName === userName);
      if (character !== undefined) enter(back, { ...character, keys: [{ ageDays: 0 }] });
    },
    rotateUser: (command) => rotateUser(back, command),
    scan: (event) => invoke(back, 'scheduled-rotation', event ?? {}, { isDryRun: event?.dryRun ?? false }),
    work: () => work(back),
    async close() {
      checker.stop();
      await server.close();
    },
  };
}

function userNameIn(body: string): string | undefined {
  const { userName } = documentOf(body);
  return typeof userName === 'string' ? userName : undefined;
}
