import { DAY, HOUR } from '../../../local/aws/clock.ts';
import type { Command } from '../../../local/checker/expectations.ts';
import { currentKeyId, keysOf, lookAt, tag } from '../../../local/checker/look.ts';
import { attackerOf, type Deed } from './attacker.ts';
import { faultAt, faultKinds, staleRead } from './faults.ts';
import { type Actor, type Gate, interleave, type Schedule } from './interleave.ts';
import { startProcess } from './process.ts';
import { scenarios } from './scenarios.ts';
import { invoke, messageOf, pass, type Stage, searchForSecrets, settle } from './stage.ts';

/** Two invocations on one user that begin at the same time. */
export interface Contest {
  readonly name: string;
  prepare(): Promise<Stage>;
  readonly actors: readonly ((stage: Stage) => Actor)[];
  /** How many keys may be made by both together. */
  readonly mostIssued: number;
  /** Schedules that once broke a rule. */
  readonly pinned?: readonly (readonly number[])[];
}

let callers = 0;

function worker(stage: Stage): Actor {
  return (gate) => {
    const name = `contest-worker-${++callers}`;
    const process = startProcess(stage.world, 'rotation-worker', { name, ...gate });
    return invoke(stage, 'rotation-worker', messageOf(stage), { name, process });
  };
}

function byHand(asked: (stage: Stage) => Omit<Command, 'userName'>): (stage: Stage) => Actor {
  return (stage) => (gate) => {
    const name = `contest-rotate-user-${++callers}`;
    const process = startProcess(stage.world, 'rotate-user', { name, ...gate });
    const command = { userName: stage.userName, ...asked(stage) };
    return invoke(stage, 'rotate-user', command, { name, process, command });
  };
}

function prepared(name: string): () => Promise<Stage> {
  const scenario = scenarios.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
  return scenario.prepare;
}

/** An hour after an issue that died right after this operation. */
function crashedIssue(operation: string): () => Promise<Stage> {
  const [, crash] = faultKinds;
  return async () => {
    const stage = await prepared('due, second rotation')();
    await pass(stage, (call) =>
      call.operation === operation && crash !== undefined ? faultAt(call.n, crash)(call) : undefined,
    );
    stage.aws.clock.advance(HOUR);
    return stage;
  };
}

const rotate = byHand(() => ({ action: 'rotate' }));
const rollback = byHand((stage) => ({
  action: 'rollback',
  holdUntil: new Date(stage.aws.clock.now() + 3 * DAY).toISOString().slice(0, 10),
}));

export const contests: readonly Contest[] = [
  {
    name: 'worker and worker, first rotation',
    prepare: prepared('due, first rotation'),
    actors: [worker, worker],
    mostIssued: 1,
  },
  {
    name: 'worker and worker, second rotation',
    prepare: prepared('due, second rotation'),
    actors: [worker, worker],
    mostIssued: 1,
  },
  {
    name: 'worker and rotate, first rotation',
    prepare: prepared('due, first rotation'),
    actors: [worker, rotate],
    mostIssued: 1,
  },
  {
    name: 'worker and rotate, second rotation',
    prepare: prepared('due, second rotation'),
    actors: [worker, rotate],
    mostIssued: 1,
  },
  {
    name: 'rotate and rotate, first key',
    prepare: prepared('first key by hand'),
    actors: [rotate, rotate],
    mostIssued: 2,
    // Both write their intent at once; without a wait each sees its own.
    pinned: [
      [
        2, 3, 4, 2, 1, 1, 1, 2, 1, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 2, 2, 1, 1, 1, 2, 1, 3,
        2, 1, 3,
      ],
    ],
  },
  {
    name: 'deactivation and deactivation',
    prepare: prepared('grace end, second rotation'),
    actors: [worker, worker],
    mostIssued: 0,
  },
  {
    name: 'deactivation and rollback',
    prepare: prepared('grace end, second rotation'),
    actors: [worker, rollback],
    mostIssued: 0,
  },
  {
    name: 'deletion and rollback',
    prepare: prepared('recovery end, second rotation'),
    actors: [worker, rollback],
    mostIssued: 0,
  },
  {
    name: 'rollback and rollback',
    prepare: prepared('rollback of a deactivated key'),
    actors: [rollback, rollback],
    mostIssued: 0,
    // With stale reads, the second writes its intent over one that it had not seen when it planned.
    pinned: [[13, 9]],
  },
  {
    name: 'deactivation and retirement of the other key',
    prepare: prepared('grace end, second rotation'),
    actors: [
      worker,
      byHand((stage) => ({ action: 'retire', accessKeyId: currentKeyId(lookAt(stage.aws, stage.userId)) ?? '-' })),
    ],
    mostIssued: 0,
  },
  {
    name: 'give-up and give-up of the other key',
    prepare: prepared('give-up'),
    actors: [0, 1].map((slot) =>
      byHand((stage) => ({
        action: 'rotate',
        accessKeyId: keysOf(lookAt(stage.aws, stage.userId))[slot]?.accessKeyId ?? '-',
      })),
    ),
    mostIssued: 0,
    // The first is slow to write its intent, and meets one that was read back and found good meanwhile.
    pinned: [[9, 20, 11, 5, 2]],
  },
  {
    name: 'deactivation and give-up of the current key',
    prepare: prepared('grace end, second rotation'),
    actors: [
      worker,
      byHand((stage) => ({ action: 'rotate', accessKeyId: currentKeyId(lookAt(stage.aws, stage.userId)) ?? '-' })),
    ],
    mostIssued: 0,
    pinned: [
      // The worker has read the user before the other wrote its intent, and writes its own over it.
      [1, 4, 3, 14, 4, 11, 5],
      // The same with stale reads, by which each still finds its own after 15 seconds.
      [0, 4, 21, 6, 1],
      // With stale reads, each has deactivated a key by what it had planned on.
      [0, 1, 2, 2, 1, 2, 1, 2, 3, 2, 5, 2, 3, 2, 1],
    ],
  },
  {
    name: 'issue and hold',
    prepare: prepared('due, second rotation'),
    actors: [
      worker,
      byHand((stage) => ({
        action: 'hold',
        holdUntil: new Date(stage.aws.clock.now() + 3 * DAY).toISOString().slice(0, 10),
      })),
    ],
    mostIssued: 1,
  },
  {
    name: 'move forward and rollback',
    prepare: prepared('hold ending after a rollback'),
    actors: [worker, rollback],
    mostIssued: 0,
  },
  {
    name: 'recovery of an orphan and rotate',
    prepare: crashedIssue('CreateAccessKey'),
    actors: [worker, rotate],
    mostIssued: 0,
  },
  {
    name: 'recovery of an orphan, twice',
    prepare: crashedIssue('CreateAccessKey'),
    actors: [worker, worker],
    mostIssued: 0,
  },
  {
    name: 'finishing forward, twice',
    prepare: crashedIssue('PutSecretValue'),
    actors: [worker, worker],
    mostIssued: 0,
  },
  {
    name: 'finishing forward and rotate',
    prepare: crashedIssue('PutSecretValue'),
    actors: [worker, rotate],
    mostIssued: 0,
  },
];

function attacker(deeds: readonly Deed[]): (stage: Stage) => Actor {
  return (stage) => async (gate) => {
    for (const deed of deeds) await attackerOf(stage).act(deed, gate.before);
  };
}

/** What somebody does to the secret, between any two calls of whoever works on it. */
export const attackedWork: readonly { name: string; prepare(): Promise<Stage>; actor: (stage: Stage) => Actor }[] = [
  ...[
    'due, first rotation',
    'due, second rotation',
    'grace end, second rotation',
    'recovery end, second rotation',
    'hold ending after a rollback',
    'reactivated old key',
  ].map((name) => ({ name, prepare: prepared(name), actor: worker })),
  { name: 'a rollback', prepare: prepared('rollback of a deactivated key'), actor: rollback },
  { name: 'recovery of an orphan', prepare: crashedIssue('CreateAccessKey'), actor: worker },
  { name: 'finishing forward', prepare: crashedIssue('PutSecretValue'), actor: worker },
];

/** A contest of work with an attack. */
export function attackOn(name: string, deeds: readonly Deed[]): Contest {
  const work = attackedWork.find((candidate) => candidate.name === name);
  if (work === undefined) throw new Error(`There is no work ${name}.`);
  const { prepare, actor } = work;
  return { name, prepare, actors: [actor, attacker(deeds)], mostIssued: 1 };
}

export interface Outcome {
  readonly problems: readonly string[];
  readonly steps: readonly number[];
  readonly stage: Stage;
  readonly from: number;
}

export interface FightOptions {
  /** Every read of either is as old as it may be. */
  readonly isStale?: boolean;
  /** The second is somebody else: what is left of the state is what they left. */
  readonly isAttacked?: boolean;
}

/** Calls wait for their turn as ever, and then read what was. */
function staleGate({ before, sleep }: Gate): Gate {
  return { sleep, before: async (call) => (await before(call)) ?? staleRead(call) };
}

/** One schedule of a contest, and what remains of it when everything has come to rest. */
export async function fight(
  contest: Contest,
  schedule: Schedule,
  { isStale, isAttacked }: FightOptions = {},
): Promise<Outcome> {
  const stage = await contest.prepare();
  const attacker = isAttacked ? attackerOf(stage) : undefined;
  const from = stage.aws.calls.length;
  const steps = await interleave(
    stage.aws,
    contest.actors.map((create): Actor => {
      const actor = create(stage);
      return isStale ? (gate) => actor(staleGate(gate)) : actor;
    }),
    schedule,
  );
  const issued = stage.aws.calls
    .slice(from)
    .filter(({ operation, outcome }) => operation === 'CreateAccessKey' && outcome === 'ok');
  const survivors = issued.length - deleted(stage, from);
  const passes = await settle(stage);
  return {
    steps,
    stage,
    from,
    problems: [
      ...stage.checker.violations.map(({ rule, what, where }) => `${rule}: ${what} (${where})`),
      ...(survivors > contest.mostIssued ? [`${survivors} keys were issued`] : []),
      ...(Number.isFinite(passes) ? [] : ['no rest after 60 passes']),
      ...(attacker?.problems ?? unsound(stage)),
      ...searchForSecrets(stage),
    ],
  };
}

/** Keys that the contest made and took back by itself. */
function deleted({ aws }: Stage, from: number): number {
  return aws.calls.slice(from).filter(({ operation, outcome }) => operation === 'DeleteAccessKey' && outcome === 'ok')
    .length;
}

/** What must not be left when nothing is planned any more. */
export function unsound(stage: Stage): string[] {
  const look = lookAt(stage.aws, stage.userId);
  const left = ['doing', 'deactivated', 'inactive-seen'].filter((name) => tag(look, name) !== undefined);
  return [
    ...(left.length === 0 || stage.decided?.status === 'blocked' ? [] : [`at rest with the tags ${left.join(', ')}`]),
    ...stage.checker.lostKeys(stage.userId).map((id) => `${id} is still there, and its secret is nowhere`),
  ];
}
