import { readFileSync } from 'node:fs';
import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { BeforeCall } from '../../../local/aws/aws.ts';
import { MINUTE } from '../../../local/aws/clock.ts';
import type { FunctionName } from '../../../local/aws/principals.ts';
import { currentKeyId, keysOf, lookAt } from '../../../local/checker/look.ts';
import { hasCurrent, later, type Prepared, passesOn, rotatedOnce, stageWith } from './prepared.ts';
import type { Ending } from './process.ts';
import type { Scenario } from './scenarios.ts';
import { invoke, rotateUser, type Stage } from './stage.ts';

/** An event that AWS delivers to a function asynchronously: Lambda tries a failed one twice more. */
async function delivered(
  stage: Stage,
  functionName: FunctionName,
  event: unknown,
  options: { before?: BeforeCall | undefined; exposedKeyId?: string } = {},
): Promise<Ending> {
  let ending = await invoke(stage, functionName, event, options);
  const { before, ...about } = options;
  for (let minutes = 1; minutes <= 2 && ending.kind !== 'answered'; minutes++) {
    stage.aws.clock.advance(minutes * MINUTE);
    ending = await invoke(stage, functionName, event, about);
  }
  return ending;
}

// ---- exposed-key ----

const health = JSON.parse(readFileSync(new URL('../../../events/exposed-key-health.json', import.meta.url), 'utf8'));

/** AWS finds a key in public. */
export function findInPublic(stage: Stage, exposedKeyId: string, before?: BeforeCall): Promise<Ending> {
  const event = { ...health, detail: { ...health.detail, affectedEntities: [{ entityValue: exposedKeyId }] } };
  return delivered(stage, 'exposed-key', event, { before, exposedKeyId });
}

/** A key of the user is found. */
function exposed(keyOf: (stage: Stage) => string): Pick<Scenario, 'act' | 'isReached'> {
  const found = new WeakMap<Stage, string>();
  const keyIdOf = (stage: Stage): string => {
    const exposedKeyId = found.get(stage) ?? keyOf(stage);
    found.set(stage, exposedKeyId);
    return exposedKeyId;
  };
  return {
    act: (stage, before) => findInPublic(stage, keyIdOf(stage), before),
    isReached: (stage) =>
      stage.aws.sns.published.some(
        ({ attributes, message }) =>
          attributes.event === 'exposed' && message.default?.includes(`"accessKeyId":"${keyIdOf(stage)}"`),
      ),
  };
}

/** What died after making a key has taken the slot of the replacement: by hand only, and somebody was told. */
function isToldOfNoKey({ aws }: Stage): boolean {
  return aws.sns.published.some(({ message }) => message.default?.includes('no key is left to work with'));
}

const first = (stage: Stage): string => keysOf(lookAt(stage.aws, stage.userId))[0]?.accessKeyId ?? '-';
const current = (stage: Stage): string => currentKeyId(lookAt(stage.aws, stage.userId)) ?? '-';

// ---- secret-rotation ----

const ROTATOR = 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-test-secret-rotation';
const environment = { KEYTURN_SECRET_ROTATION_FUNCTION_ARN: ROTATOR };

/** One attempt of Secrets Manager at all four steps, each an invocation of its own; the calls count through. */
async function attemptRotation(stage: Stage, before?: BeforeCall): Promise<Ending> {
  const { rotations } = stage.aws.secrets;
  let n = 0;
  let ending: Ending = { kind: 'answered', answer: undefined };
  rotations.register(ROTATOR, async (event) => {
    ending = await invoke(stage, 'secret-rotation', event, {
      before: (call) => {
        n++;
        return before?.({ ...call, n });
      },
    });
    if (ending.kind !== 'answered') throw new Error(`${event.Step} failed.`);
  });
  await rotations.attempt();
  return ending;
}

/** An operator asks Secrets Manager to rotate the secret; the steps come later. */
async function asked<T extends Stage>(stage: T): Promise<T> {
  stage.aws.secrets.rotations.register(ROTATOR, async () => undefined);
  const { secrets } = stage.world.runtime('operator').aws;
  const SecretId = `keyturn/${stage.userId}/access-key`;
  await secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: ROTATOR }));
  stage.checker.outside();
  return stage;
}

/** The secret is there, with tags and no value. */
async function withEmptySecret(): Promise<Prepared> {
  const stage = await stageWith({ keys: [{ ageDays: 30 }], environment });
  await rotateUser(stage, { action: 'hold', holdUntil: '2030-01-01' });
  await rotateUser(stage, { action: 'hold', holdUntil: '2020-01-01' });
  return later(stage, 1);
}

function isRotated(stage: Stage): boolean {
  const versions = lookAt(stage.aws, stage.userId).secret?.versions ?? [];
  return versions.some(({ labels }) => labels.includes('AWSCURRENT') && labels.includes('AWSPENDING'));
}

const rotation = { act: attemptRotation, isReached: isRotated };

/** The triggers beside the schedule and the operator. */
export const triggers: readonly Scenario[] = [
  {
    name: 'an exposed key',
    prepare: () => stageWith({ keys: [{ ageDays: 5 }] }),
    ...exposed(first),
    mayEndOtherwise: isToldOfNoKey,
  },
  {
    name: 'an exposed current key',
    prepare: async () => later(await passesOn(await stageWith(), [0, 1, 3, 4.5, 5.5, 7.6]), 5),
    ...exposed(current),
    mayEndOtherwise: isToldOfNoKey,
  },
  {
    name: 'an exposed key, another Active one beside it',
    prepare: () => stageWith({ keys: [{ ageDays: 5 }, { ageDays: 20 }] }),
    ...exposed(first),
  },
  {
    name: 'an exposed key, an Inactive one beside it',
    prepare: () => stageWith({ keys: [{ ageDays: 5 }, { ageDays: 300, status: 'Inactive', usedDaysAgo: 200 }] }),
    ...exposed(first),
  },
  {
    name: 'an exposed key of an exempt user',
    prepare: () => stageWith({ keys: [{ ageDays: 5 }], tags: { 'keyturn:exempt': '2026-01-02' } }),
    ...exposed(first),
  },
  {
    name: 'RotateSecret, first rotation',
    prepare: async () => asked(await withEmptySecret()),
    ...rotation,
  },
  {
    name: 'RotateSecret, second rotation',
    prepare: async () => asked(await rotatedOnce({ environment })),
    ...rotation,
  },
  {
    name: 'config-remediation of a due user',
    prepare: () => stageWith(),
    act: (stage, before) => delivered(stage, 'config-remediation', { resourceId: stage.userId }, { before }),
    isReached: hasCurrent,
  },
  {
    name: 'the daily scan of a due user',
    prepare: () => stageWith(),
    act: (stage, before) => delivered(stage, 'scheduled-rotation', {}, { before }),
    isReached: hasCurrent,
  },
];
