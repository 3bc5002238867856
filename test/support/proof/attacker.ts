import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { BeforeCall } from '../../../local/aws/aws.ts';
import type { Secret } from '../../../local/aws/secrets-manager/secret-state.ts';
import { DAY, HOUR, keysOf, lookAt } from './keys.ts';
import { ATTACKER, type Stage } from './stage.ts';

/** One thing that somebody with `secretsmanager:*`, `kms:*` and `sqs:SendMessage` tries, and no permission on IAM. */
export type Deed =
  | { readonly does: 'forge tag' | 'replay tag' | 'untag'; readonly tag: string; readonly n: number }
  | { readonly does: SecretDeed; readonly n: number };

const secretDeeds = [
  'create secret',
  'copy secret',
  'forge label',
  'replay label',
  'take label off',
  'put value',
  'move current',
  'policy off',
  'open policy',
  'replay policy',
  'delete secret',
  'destroy secret',
  'restore secret',
  'fill tags',
  'rotate secret',
  'send message',
  'read',
  'make a MAC',
] as const;
type SecretDeed = (typeof secretDeeds)[number];

export const stateTags = [
  'doing',
  'current-since',
  'issued-on',
  'deactivated',
  'inactive-seen',
  'confirmed',
  'announced',
  'stuck',
  'hold',
  'notice',
  'exposed',
  'policy',
  'made',
  'user-id',
  'handed-on',
] as const;

/** Remembers all that was ever to be seen of a secret, and what of it must not have worked. */
export interface Attacker {
  readonly problems: readonly string[];
  /** Calls as a role of its own, so policies really refuse it; a refusal is the end of the deed, and no failure. */
  act(deed: Deed, before?: BeforeCall): Promise<void>;
}

/** What was seen of a secret, by its name: what was deleted and made again can be given what it had before. */
interface Memory {
  readonly tags: Map<string, string[]>;
  readonly labels: { versionId: string; label: string }[];
  readonly policies: string[];
  /** ARNs whose policy the attacker has changed, or which it made: there it may read. */
  readonly opened: Set<string>;
}

const attackers = new WeakMap<Stage['world'], Attacker>();

/** Of a stage, from its beginning or its present state on. */
export function attackerOf(stage: Stage): Attacker {
  const known = attackers.get(stage.world);
  if (known !== undefined) return known;
  const made = createAttacker(stage);
  attackers.set(stage.world, made);
  return made;
}

function createAttacker(stage: Stage): Attacker {
  const { aws, queueUrl } = stage.world;
  const { accessKeyId, secretAccessKey } = aws.iam.addRole({ name: 'power-user' });
  const problems: string[] = [];
  const memory: Memory = { tags: new Map(), labels: [], policies: [], opened: new Set() };
  const seen = new Set<Secret>();
  const watch = (): void => {
    const { secret } = lookAt(aws, stage.userId);
    if (secret === undefined || seen.has(secret)) return;
    seen.add(secret);
    remember(memory, secret);
  };
  watch();
  aws.onCall(watch);

  return {
    problems,
    async act(deed, before) {
      const config = {
        region: aws.region,
        credentials: { accessKeyId, secretAccessKey },
        requestHandler: aws.connect(ATTACKER, before).requestHandler,
        maxAttempts: 1,
      };
      const clients = {
        secrets: new SecretsManagerClient(config),
        kms: new KMSClient(config),
        sqs: new SQSClient(config),
      };
      try {
        await perform({ stage, memory, problems, queueUrl, ...clients }, deed);
      } catch (error) {
        // A call that was refused has done nothing; whatever else is wrong is a fault of the proof.
        const isAnswer = error instanceof Error && '$metadata' in error;
        if (!isAnswer) throw error;
      }
      stage.checker.outside();
    },
  };
}

function remember({ tags, labels, policies }: Memory, secret: Secret): void {
  for (const { Key, Value } of secret.tags) {
    const known = tags.get(Key) ?? [];
    if (!known.includes(Value)) tags.set(Key, [...known, Value]);
  }
  for (const version of secret.versions) {
    for (const label of version.labels) {
      const isNew = !labels.some((known) => known.label === label && known.versionId === version.versionId);
      if (isNew && !label.startsWith('AWS')) labels.push({ versionId: version.versionId, label });
    }
  }
  const document = secret.policy?.document;
  if (document !== undefined && !policies.includes(document)) policies.push(document);
}

interface Hand {
  readonly stage: Stage;
  readonly memory: Memory;
  readonly problems: string[];
  readonly queueUrl: string;
  readonly secrets: SecretsManagerClient;
  readonly kms: KMSClient;
  readonly sqs: SQSClient;
}

async function perform(hand: Hand, deed: Deed): Promise<void> {
  const { stage, memory, secrets } = hand;
  const { aws, userId } = stage;
  const SecretId = `keyturn/${userId}/access-key`;
  const { secret } = lookAt(aws, userId);
  const versionId = pick(secret?.versions ?? [], deed.n)?.versionId;
  const current = secret?.versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.versionId;
  switch (deed.does) {
    case 'forge tag':
      await secrets.send(new TagResourceCommand({ SecretId, Tags: [forged(hand, deed.tag, deed.n)] }));
      return;
    case 'replay tag': {
      const Key = `keyturn:${deed.tag}`;
      const Value = pick(memory.tags.get(Key) ?? [], deed.n);
      if (Value !== undefined) await secrets.send(new TagResourceCommand({ SecretId, Tags: [{ Key, Value }] }));
      return;
    }
    case 'untag':
      await secrets.send(new UntagResourceCommand({ SecretId, TagKeys: [`keyturn:${deed.tag}`] }));
      return;
    case 'create secret':
    case 'copy secret':
      await create(hand, SecretId, deed);
      return;
    case 'forge label':
    case 'replay label': {
      const replayed = deed.does === 'replay label' ? pick(memory.labels, deed.n) : undefined;
      const VersionStage = replayed?.label ?? `${someKey(stage, deed.n)}.${MAC}`;
      const MoveToVersionId = replayed?.versionId ?? versionId;
      await secrets.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId }));
      return;
    }
    case 'take label off': {
      const own = pick(
        (secret?.versions ?? []).flatMap((version) =>
          version.labels.filter((label) => !label.startsWith('AWS')).map((label) => ({ label, id: version.versionId })),
        ),
        deed.n,
      );
      if (own === undefined) return;
      const command = { SecretId, VersionStage: own.label, RemoveFromVersionId: own.id };
      await secrets.send(new UpdateSecretVersionStageCommand(command));
      return;
    }
    case 'put value': {
      const SecretString = JSON.stringify({ AccessKeyId: someKey(stage, deed.n), SecretAccessKey: 'of-an-attacker' });
      const label = pick([undefined, pick(memory.labels, deed.n)?.label], deed.n);
      const VersionStages = ['AWSCURRENT', ...(label === undefined ? [] : [label])];
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString, VersionStages }));
      return;
    }
    case 'move current': {
      const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: versionId, RemoveFromVersionId: current };
      await secrets.send(new UpdateSecretVersionStageCommand(move));
      return;
    }
    case 'policy off':
      await secrets.send(new DeleteResourcePolicyCommand({ SecretId }));
      if (secret !== undefined) memory.opened.add(secret.arn);
      return;
    case 'open policy':
    case 'replay policy': {
      const old = deed.does === 'replay policy' ? pick(memory.policies, deed.n) : undefined;
      const ResourcePolicy = old ?? openPolicy(aws.accountId);
      await secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy }));
      if (secret !== undefined) memory.opened.add(secret.arn);
      return;
    }
    case 'delete secret':
      await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
      return;
    case 'destroy secret':
      await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
      return;
    case 'restore secret':
      await secrets.send(new RestoreSecretCommand({ SecretId }));
      return;
    case 'fill tags': {
      const Tags = Array.from({ length: 40 }, (_, i) => ({ Key: `filler-${i}`, Value: '-' }));
      await secrets.send(new TagResourceCommand({ SecretId, Tags }));
      return;
    }
    case 'rotate secret': {
      const RotationLambdaARN = `arn:aws:lambda:${aws.region}:${aws.accountId}:function:of-an-attacker`;
      aws.secrets.rotations.register(RotationLambdaARN, async () => undefined);
      await secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN }));
      return;
    }
    case 'send message':
      await sendMessage(hand, deed.n);
      return;
    case 'read': {
      await secrets.send(new GetSecretValueCommand({ SecretId }));
      if (secret === undefined || memory.opened.has(secret.arn)) return;
      hand.problems.push('read: somebody else has read a secret whose policy nobody had lifted');
      return;
    }
    case 'make a MAC': {
      const Message = Buffer.from(pick(['keyturn/state-key/1/epoch/1', 'anything'], deed.n) ?? '-');
      const asked = { KeyId: 'alias/keyturn-state', Message, MacAlgorithm: 'HMAC_SHA_256' } as const;
      await hand.kms.send(new GenerateMacCommand(asked));
      hand.problems.push('author: somebody else has made a MAC with the state key');
    }
  }
}

/** A secret of the name: with forged state, or with all that the last one had. */
async function create({ stage, memory, secrets }: Hand, Name: string, { does, n }: Deed): Promise<void> {
  const userId = { Key: 'keyturn:user-id', Value: stage.userId };
  const old = [...memory.tags].flatMap(([Key, values]) => {
    const Value = values.at(-1 - (n % values.length));
    return Value === undefined || Key === userId.Key ? [] : [{ Key, Value }];
  });
  const hand = { stage, memory } as const;
  const state = stateTags
    .filter((tag, i) => tag !== 'user-id' && (n >> (i % 5)) % 2 === 1)
    .map((tag) => forged(hand, tag, n));
  const Tags = [userId, ...(does === 'copy secret' ? old : state)];
  const { ARN } = await secrets.send(new CreateSecretCommand({ Name, Tags }));
  if (ARN !== undefined) memory.opened.add(ARN);
}

/** Of the right form, over nothing. */
const MAC = '1AAAAAAAAAAAAAAAAAAAAAA';

/** A plausible value of a tag, about a key of the user, with a made-up MAC, another tag's, or none. */
function forged(
  { stage, memory }: Pick<Hand, 'stage' | 'memory'>,
  tag: string,
  n: number,
): { Key: string; Value: string } {
  const { aws, userId } = stage;
  const now = aws.clock.now();
  const iso = (ms: number): string => new Date(now + ms).toISOString();
  const key = pick(keysOf(lookAt(aws, userId)), n);
  const id = key?.accessKeyId ?? 'AKIA0000000000000000';
  const made = (key?.createdAt ?? now) - now;
  const run = '00000000-0000-4000-a000-000000000000';
  const doings = [
    `roll-back ${iso(-HOUR)} ${iso(-HOUR / 2)} ${run} ${id} -`,
    `issue ${iso(made)} ${iso(made + HOUR / 10)} ${run} - -`,
    `delete ${iso(-HOUR)} ${iso(-HOUR / 2)} ${run} ${id} -`,
    `deactivate ${iso(-HOUR)} ${iso(-HOUR / 2)} ${run} ${id} -`,
    `retire ${iso(-HOUR)} ${iso(-HOUR / 2)} ${run} ${id} -`,
    `move-forward ${iso(-HOUR)} ${iso(-HOUR / 2)} ${run} ${id} -`,
    `issue ${iso(0)} ${iso(DAY)} ${run} - -`,
  ];
  const values: Readonly<Record<string, string>> = {
    doing: pick(doings, n) ?? '',
    'current-since': `${iso(-11 * DAY)} ${id}`,
    'issued-on': `${iso(0).slice(0, 10)} schedule`,
    deactivated: `${iso(-11 * DAY)} ${id}`,
    'inactive-seen': `${iso(-11 * DAY)} ${id}`,
    confirmed: `${iso(-HOUR)} ${id}`,
    announced: `failed ${iso(-HOUR)} ${id} not-proven`,
    stuck: `${iso(-HOUR)} 00000000-0000-4000-a000-000000000000`,
    hold: iso(30 * DAY).slice(0, 10),
    notice: `${iso(-DAY)} ${id} ${pick(['deactivation', 'retirement', 'deletion'], n)} ${iso(-HOUR)}`,
    exposed: `${iso(-HOUR)} ${id}`,
    policy: '0'.repeat(32),
    made: iso(0),
    'user-id': 'AIDA0000000000000000',
    'handed-on': `${iso(-HOUR)} ${id}`,
  };
  const others = [...memory.tags.values()].flat().flatMap((value) => / (1[\w-]{22})$/.exec(value)?.[1] ?? []);
  const mac = pick([MAC, pick(others, n), undefined], n >> 2);
  return { Key: `keyturn:${tag}`, Value: [values[tag] ?? '-', ...(mac === undefined ? [] : [mac])].join(' ') };
}

function someKey({ aws, userId }: Stage, n: number): string {
  return pick(keysOf(lookAt(aws, userId)), n)?.accessKeyId ?? 'AKIA0000000000000000';
}

function openPolicy(accountId: string): string {
  const Principal = { AWS: `arn:aws:iam::${accountId}:role/power-user` };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'secretsmanager:*', Resource: '*' }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

/** Nothing of what it says has a valid MAC. */
async function sendMessage({ stage, queueUrl, sqs }: Hand, n: number): Promise<void> {
  const { aws, userId, userName } = stage;
  const origin = pick(['exposed', 'schedule', 'config', 'exposed'], n);
  const about = origin === 'exposed' ? { accessKeyId: someKey(stage, n) } : {};
  const body = {
    schemaVersion: 1,
    accountId: aws.accountId,
    userId,
    userName,
    origin,
    requestId: `forged-${n}`,
    ...about,
  };
  const more = pick([{}, { mayIssue: true }, { mac: MAC }], n >> 2);
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: JSON.stringify({ ...body, ...more }),
      MessageGroupId: pick([userId, `exposed/${someKey(stage, n)}`], n) ?? userId,
      MessageDeduplicationId: `${origin}/${aws.clock.now()}/${n}`,
    }),
  );
}

/** The n-th, round and round; undefined of nothing. */
function pick<T>(items: readonly T[], n: number): T | undefined {
  return items[n % Math.max(1, items.length)];
}

/** Deeds that need a policy off first, with that before them: what is refused is tried too, but not most of the time. */
export function campaign(deeds: readonly Deed[], isPolicyLifted: boolean): readonly Deed[] {
  return isPolicyLifted ? [{ does: 'policy off', n: 0 }, ...deeds] : deeds;
}

/** Every kind of deed, for whoever draws one. */
export function deedOf(kind: number, n: number): Deed {
  const tagged = (['forge tag', 'replay tag', 'untag'] as const).flatMap((does) =>
    stateTags.map((tag): Deed => ({ does, tag, n })),
  );
  const all: readonly Deed[] = [...tagged, ...secretDeeds.map((does): Deed => ({ does, n }))];
  return all[kind % all.length] ?? { does: 'policy off', n };
}
export const deedKinds = 3 * stateTags.length + secretDeeds.length;
