import type { SQSEvent } from 'aws-lambda';
import { createLocalAws, type LocalAws } from '../aws/aws.ts';
import type { FaultRule } from '../aws/faults.ts';
import type { AccessKey } from '../aws/iam/iam-state.ts';
import type { FunctionName } from '../aws/principals.ts';
import { HTTP, startServer } from '../aws/server.ts';
import { type Checker, createChecker } from '../checker/checker.ts';
import type { Command, Invocation, Limits } from '../checker/expectations.ts';
import { documentOf } from '../checker/json.ts';
import { parseMessage } from '../checker/mailbox.ts';
import { drain } from '../host/event-source.ts';
import { type Process, ProcessDied, startProcess } from '../host/process.ts';
import { httpLine, type LogLine } from '../host/runtime.ts';
import { addCharacter, createResources, type Resources } from '../host/set-up.ts';
import { type Character, cast } from './cast.ts';
import { type Actor, type Chronicle, shorten } from './chronicle.ts';
import { createOwner, type Owner } from './owners.ts';

const dayMs = 86_400_000;

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

/** Raises the curtain: the embedded AWS listens on a free port of 127.0.0.1, the cast has its keys. */
export async function createStage({ startsAt, chronicle, freeze }: StageOptions): Promise<Stage> {
  const aws = createLocalAws({ now: startsAt });
  const server = await startServer(aws);
  const resources = createResources(aws, { KEYTURN_FREEZE: JSON.stringify([freeze]) });
  const owners = new Map<string, Owner>();
  const processes = new Map<FunctionName, Process>();
  const checker = createChecker(aws, {
    limits: demoLimits,
    freezes: [[Date.parse(freeze[0]), Date.parse(freeze[1])]],
    handOf: (userId) => new Set(owners.get(userId)?.hand.keys() ?? []),
  });
  let faultsUntil: number | undefined;
  let read = 0;
  let lonelySecrets = 0;
  /** The user whose message the worker has. */
  let atHand: string | undefined;

  const userNamed = (userName: string) => aws.iam.users().find((user) => user.userName === userName);

  function narrate(actor: Actor, userName: string | undefined, event: string, text: string): void {
    const userId = userName === undefined ? undefined : userNamed(userName)?.userId;
    chronicle.add({ at: aws.clock.now(), actor, event, userId, userName, text: shorten(text) });
  }

  function enter(character: Character): void {
    const { userId, keys } = addCharacter(aws, character);
    const world = {
      aws,
      chronicle,
      endpoint: server.url,
      confirm: (id: string) => confirm(id),
    };
    owners.set(userId, createOwner(character, userId, keys, world));
  }

  function log({ level, message, facts }: LogLine): void {
    checker.readText('a log line', JSON.stringify({ level, message, facts }));
    if (message === 'Message failed') {
      narrate('world', atHand, 'retry', 'a pass fails; its message comes back in half an hour');
    }
  }

  function start(name: FunctionName): Process {
    const line = httpLine(aws, server.url);
    return startProcess(name, { aws, line, environment: resources.environment, onLog: log });
  }

  async function invoke(name: FunctionName, event: unknown, about: Partial<Invocation> = {}): Promise<unknown> {
    checker.begin({ ...about, caller: HTTP });
    const warm = processes.get(name);
    const process = warm === undefined || warm.isDead ? start(name) : warm;
    processes.set(name, process);
    try {
      const answer = await process.invoke(event);
      checker.readText(`what ${name} returned`, JSON.stringify(answer) ?? '');
      return answer;
    } catch (error) {
      checker.readText(`what ${name} threw`, error instanceof Error ? `${error.stack} ${error.cause}` : String(error));
      if (error instanceof ProcessDied)
        narrate(
          'world',
          atHand,
          'crash',
          `the process of ${name} dies; its message comes back to the queue after half an hour`,
        );
      else narrate('world', undefined, 'error', `${name} failed: ${error instanceof Error ? error.message : error}`);
      throw error;
    } finally {
      checker.end(HTTP);
      readMail();
    }
  }

  function oldestDays(userName: string): number {
    const createdAt = aws.iam.keysOf(userName).map((key) => key.createdAt);
    return Math.floor((aws.clock.now() - Math.min(...createdAt)) / dayMs);
  }

  /** Everybody reads what was published about them. */
  function readMail(): void {
    for (const published of aws.sns.published.slice(read)) {
      const message = parseMessage(published);
      if (message === undefined) {
        readDigest(published.message.default ?? '');
        continue;
      }
      const { userId } = message;
      const replacedDays = message.event === 'issued' ? oldestDays(message.userName) : undefined;
      chronicle.add({ ...message, actor: 'keyturn', text: shorten(message.message), replacedDays });
      owners.get(userId)?.hear(message);
    }
    read = aws.sns.published.length;
  }

  function readDigest(digest: string): void {
    const { secretsWithoutUserCount: count } = documentOf(digest);
    if (typeof count !== 'number' || count <= lonelySecrets) return;
    lonelySecrets = count;
    narrate('keyturn', undefined, 'digest', 'the digest reports a secret whose user is gone; it is never touched');
  }

  async function orderFaults(rules: readonly FaultRule[], until?: number): Promise<void> {
    faultsUntil = until;
    await fetch(`${server.url}/_local/faults`, { method: 'POST', body: JSON.stringify(rules) });
  }

  async function rotateUser(command: Command): Promise<void> {
    await invoke('rotate-user', command, { command });
  }

  async function confirm(userId: string): Promise<void> {
    const userName = aws.iam.state.users.get(userId)?.userName ?? '';
    narrate('owner', userName, 'confirm', 'confirms the switch (`rotate-user` action confirm)');
    await rotateUser({ userName, action: 'confirm' });
  }

  for (const character of cast) enter(character);
  return {
    aws,
    endpoint: server.url,
    resources,
    checker,
    owners,
    owner(userName) {
      const owner = owners.get(userNamed(userName)?.userId ?? '');
      if (owner === undefined) throw new Error(`There is no user ${userName} on the stage.`);
      return owner;
    },
    keysOf: (userName) => (userNamed(userName) === undefined ? [] : aws.iam.keysOf(userName)),
    narrate,
    orderFaults,
    hire(userName) {
      const character = cast.find((candidate) => candidate.userName === userName);
      if (character !== undefined) enter({ ...character, keys: [{ ageDays: 0 }] });
    },
    rotateUser,
    scan: (event) => invoke('scheduled-rotation', event ?? {}, { isDryRun: event?.dryRun ?? false }),
    async work() {
      const { queueUrl } = resources;
      const handler = (event: SQSEvent) => {
        atHand = userNameIn(event.Records[0]?.body ?? '');
        return invoke('rotation-worker', event);
      };
      for (;;) {
        await drain(aws, { queueUrl, handler });
        const next = Math.min(...aws.sqs.messages(queueUrl).map(({ visibleAt }) => visibleAt));
        if (!Number.isFinite(next)) return;
        aws.clock.set(Math.max(next, aws.clock.now()));
        if (faultsUntil !== undefined && aws.clock.now() >= faultsUntil) await orderFaults([]);
      }
    },
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
