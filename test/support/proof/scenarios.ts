import type { BeforeCall } from '../../../local/aws/aws.ts';
import type { Command } from './checker.ts';
import { currentKeyId, DAY, keysOf, lookAt, SECOND, tag } from './keys.ts';
import {
  hasCurrent,
  isActive,
  later,
  passesOn,
  rotatedOnce,
  rotatedTwice,
  rotatedTwoTimes,
  stageWith,
} from './prepared.ts';
import type { Ending } from './process.ts';
import { pass, rotateUser, type Stage } from './stage.ts';

/** A world shortly before the one invocation that is disturbed. */
export interface Scenario {
  readonly name: string;
  prepare(): Promise<Stage>;
  /** The invocation of interest. */
  act(stage: Stage, before?: BeforeCall): Promise<Ending>;
  /** Of a command: whether it shows its effect. Until then its operator gives it again each day. */
  isReached?(stage: Stage): boolean;
  /** Issues a key: also disturbed in pairs. */
  readonly isIssue?: true;
  /** Nobody uses a key. */
  readonly isOwnerAway?: true;
  /** Whether another end than the undisturbed one is as good: it depends on how far the invocation came. */
  mayEndOtherwise?(stage: Stage): boolean;
  /** What must hold after the undisturbed invocation, beside every rule. */
  expectAfter?(stage: Stage): string[];
}

function act(stage: Stage, before?: BeforeCall): Promise<Ending> {
  return pass(stage, before);
}

function command(asked: (stage: Stage) => Omit<Command, 'userName'>): Scenario['act'] {
  return (stage, before) => rotateUser(stage, asked(stage), before);
}

function dateIn({ aws }: Stage, days: number): string {
  return new Date(aws.clock.now() + days * DAY).toISOString().slice(0, 10);
}

function olderKey(stage: Stage): string {
  const [first] = keysOf(lookAt(stage.aws, stage.userId)).toSorted((a, b) => a.createdAt - b.createdAt);
  return first?.accessKeyId ?? '-';
}

function recreate(stage: Stage): void {
  stage.aws.iam.deleteUser(stage.userName);
  const { userId, keys } = stage.aws.iam.addUser({ userName: stage.userName, keys: [{ ageDays: 90 }] });
  stage.userId = userId;
  stage.hand.clear();
  for (const { accessKeyId } of keys) stage.hand.add(accessKeyId);
  stage.checker.outside();
}

function rename(stage: Stage, newName: string): void {
  const { state } = stage.aws.iam;
  const user = state.user(stage.userName);
  state.save({ ...user, userName: newName, arn: state.arnOf(user.path, newName) });
  stage.userName = newName;
  stage.checker.outside();
}

/** A command that is given once more each day until it shows: with force, once the one that died has left its hold. */
const rollback = command((stage) => ({
  action: 'rollback',
  holdUntil: dateIn(stage, 3),
  ...(tag(lookAt(stage.aws, stage.userId), 'hold') === undefined ? {} : { force: true }),
}));

/** Remembers, for each stage, which key a command was about when it was first given. */
const targets = new WeakMap<Stage, string>();

function targetOf(stage: Stage): string {
  const known = targets.get(stage) ?? olderKey(stage);
  targets.set(stage, known);
  return known;
}

/** Somebody moves AWSCURRENT back to the version before at the very moment in which the new key is to become current. */
function swapLost(before: BeforeCall | undefined, stage: Stage): BeforeCall {
  return async (call) => {
    const { state } = stage.aws.secrets;
    const secret = state.find(`keyturn/${stage.userId}/access-key`);
    const isSwap = call.operation === 'UpdateSecretVersionStage' && call.input.VersionStage === 'AWSCURRENT';
    if (isSwap && secret !== undefined) {
      const versions = secret.versions.map((version) => {
        const labels = version.labels.filter((label) => label !== 'AWSCURRENT' && label !== 'AWSPREVIOUS');
        if (version.labels.includes('AWSPREVIOUS')) return { ...version, labels: [...labels, 'AWSCURRENT'] };
        return version.labels.includes('AWSCURRENT') ? { ...version, labels: [...labels, 'AWSPREVIOUS'] } : version;
      });
      state.save({ ...secret, versions });
      stage.checker.outside();
    }
    return before?.(call);
  };
}

/** Our own key is gone again, and AWSCURRENT is where somebody wanted it. */
function gaveWay(stage: Stage): string[] {
  const look = lookAt(stage.aws, stage.userId);
  const { length } = keysOf(look);
  const labels = look.secret?.versions.find((version) => version.labels.includes('AWSCURRENT'))?.labels ?? [];
  return [
    ...(length === 1 ? [] : [`the user has ${length} keys after a lost swap`]),
    ...(labels.length === 1 ? [] : [`AWSCURRENT was taken to ${labels.join(', ')} from where somebody had put it`]),
  ];
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'first key by hand',
    isIssue: true,
    prepare: () => stageWith({ keys: [] }),
    act: command(() => ({ action: 'rotate' })),
    isReached: hasCurrent,
  },
  { name: 'due, first rotation', isIssue: true, prepare: () => stageWith(), act },
  { name: 'due, second rotation', isIssue: true, prepare: () => rotatedOnce(), act },
  {
    name: 'due, an Inactive stranger in the other slot',
    prepare: () => stageWith({ keys: [{ ageDays: 90 }, { ageDays: 300, status: 'Inactive', usedDaysAgo: 200 }] }),
    act,
  },
  {
    name: 'that stranger deleted',
    prepare: async () =>
      later(
        await passesOn(
          await stageWith({ keys: [{ ageDays: 90 }, { ageDays: 300, status: 'Inactive', usedDaysAgo: 200 }] }),
          [0, 1],
        ),
        2.5,
      ),
    act,
  },
  { name: 'a reminder', prepare: async () => later(await passesOn(await stageWith(), [0]), 1.1), act },
  {
    name: 'grace end, first rotation',
    prepare: async () => later(await passesOn(await stageWith(), [0, 1.1, 3.1]), 1.2),
    act,
  },
  { name: 'grace end, second rotation', prepare: async () => later(await rotatedTwice([0, 1.1, 3.1]), 1.2), act },
  {
    name: 'put off',
    prepare: async () => later(await passesOn(await stageWith(), [0, 1.1, 3.1], false), 1.2),
    act,
  },
  {
    name: 'the hard limit, never switched',
    prepare: async () => later(await passesOn(await stageWith(), [0, 1.1, 3.1, 4.1, 5.1, 6.1], false), 1.2),
    act,
  },
  {
    name: 'recovery end, first rotation',
    prepare: async () => later(await passesOn(await stageWith(), [0, 1.1, 3.1, 4.3, 5.4]), 2.1),
    act,
  },
  {
    name: 'recovery end, second rotation',
    prepare: async () => later(await rotatedTwice([0, 1.1, 3.1, 4.3, 5.4]), 2.1),
    act,
  },
  {
    name: 'confirm',
    prepare: async () => later(await passesOn(await stageWith(), [0], false), 1),
    act: command(() => ({ action: 'confirm' })),
    isReached: (stage) =>
      !isActive(stage, targetOf(stage)) || tag(lookAt(stage.aws, stage.userId), 'confirmed') !== undefined,
  },
  {
    name: 'rollback in the grace period',
    prepare: async () => later(await rotatedTwice([0]), 1),
    act: rollback,
    isReached: (stage) => currentKeyId(lookAt(stage.aws, stage.userId)) === targetOf(stage),
  },
  {
    name: 'rollback of a deactivated key',
    prepare: async () => later(await rotatedTwice([0, 1.1, 3.1, 4.3]), 0.5),
    act: rollback,
    isReached: (stage) => currentKeyId(lookAt(stage.aws, stage.userId)) === targetOf(stage),
  },
  {
    name: 'rollback of a key that was never stored',
    prepare: async () => later(await passesOn(await stageWith(), [0, 1.1, 3.1, 4.3]), 0.5),
    act: rollback,
    isReached: (stage) => isActive(stage, targetOf(stage)),
  },
  {
    name: 'hold ending after a rollback',
    prepare: async () => {
      const stage = later(await rotatedTwice([0, 1.1, 3.1, 4.3]), 0.5);
      await rollback(stage);
      return later(await passesOn(stage, [1, 2]), 2);
    },
    act,
  },
  {
    name: 'retire',
    prepare: () => stageWith({ keys: [{ ageDays: 40 }] }),
    act: command(() => ({ action: 'retire' })),
    isReached: (stage) => !isActive(stage, targetOf(stage)),
  },
  {
    name: 'unused, retired by schedule',
    isOwnerAway: true,
    prepare: () => stageWith({ keys: [{ ageDays: 100, usedDaysAgo: 80 }], tags: { 'keyturn:unused': 'retire' } }),
    act,
  },
  {
    name: 'give-up',
    prepare: () => stageWith({ keys: [{ ageDays: 20 }, { ageDays: 95, usedDaysAgo: 50 }] }),
    act: command((stage) => ({ action: 'rotate', accessKeyId: targetOf(stage) })),
    isReached: (stage) => !isActive(stage, targetOf(stage)),
  },
  {
    name: 'reactivated old key',
    prepare: async () => {
      const stage = later(await passesOn(await stageWith(), [0, 1.1, 3.1, 4.3]), 0.5);
      stage.aws.iam.setKeyStatus(stage.firstKey, 'Active');
      stage.checker.outside();
      return later(stage, 0.2);
    },
    act,
  },
  {
    name: 'old key deleted by somebody',
    prepare: async () => {
      const stage = later(await rotatedTwice([0, 1.1]), 0.5);
      stage.aws.iam.deleteKey(olderKey(stage));
      stage.checker.outside();
      return later(stage, 0.2);
    },
    act,
  },
  {
    name: 'an issue that died four days ago',
    prepare: async () => {
      const stage = await stageWith();
      await pass(stage, ({ operation }) => (operation === 'CreateAccessKey' ? { kind: 'crash-after' } : undefined));
      return later(stage, 4);
    },
    act,
  },
  {
    name: 'a key made by hand, and used, in the minute of an issue that died',
    prepare: async () => {
      const stage = await stageWith();
      await pass(stage, ({ operation }) => (operation === 'TagResource' ? { kind: 'crash-after' } : undefined));
      stage.aws.clock.advance(20 * SECOND);
      const { accessKeyId } = stage.aws.iam.addKey(stage.userName);
      stage.hand.add(accessKeyId);
      stage.aws.iam.useKey(accessKeyId, { service: 's3', region: 'eu-west-1' });
      stage.checker.outside();
      return later(stage, 0.1);
    },
    act,
  },
  {
    name: 'two active keys, blocked',
    prepare: () => stageWith({ keys: [{ ageDays: 20 }, { ageDays: 95, usedDaysAgo: 50 }] }),
    act,
  },
  {
    name: 'another version becomes current first',
    mayEndOtherwise: () => true,
    prepare: () => rotatedTwoTimes(),
    act: (stage, before) => pass(stage, swapLost(before, stage)),
    expectAfter: gaveWay,
  },
  {
    name: 'due, lists of one key a page',
    prepare: () =>
      stageWith({ keys: [{ ageDays: 90 }, { ageDays: 300, status: 'Inactive', usedDaysAgo: 200 }], pageSize: 1 }),
    act,
  },
  {
    name: 'renamed user',
    isIssue: true,
    prepare: async () => {
      const stage = await rotatedOnce();
      rename(stage, 'alice.new');
      return stage;
    },
    act,
  },
  {
    name: 're-created user',
    isIssue: true,
    prepare: async () => {
      const stage = await rotatedOnce();
      recreate(stage);
      return later(stage, 1);
    },
    act,
  },
  { name: 'grace 0', prepare: () => stageWith({ tags: { 'keyturn:grace-days': '0' } }), act },
  {
    name: 'grace 0, second rotation',
    prepare: () => rotatedOnce({ tags: { 'keyturn:grace-days': '0' } }),
    act,
  },
];
