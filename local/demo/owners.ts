import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import type { LocalAws } from '../aws/aws.ts';
import { DAY } from '../aws/clock.ts';
import type { IamUser } from '../aws/iam/iam-state.ts';
import type { KeyPair } from '../aws/principals.ts';
import { storedKey } from '../checker/look.ts';
import type { Message } from '../checker/mailbox.ts';
import type { Character } from './cast.ts';
import { type Chronicle, shorten } from './chronicle.ts';

/** A person or robot with access keys, who knows nothing but the messages and the secret. */
export interface Owner {
  readonly character: Character;
  readonly userId: string;
  /** Secrets of the keys that the owner has, by access key ID. */
  readonly hand: ReadonlyMap<string, string>;
  /** Days on which a key was needed and none worked. */
  readonly outageDays: number;
  /** Of the oldest key that there is, on this day. */
  readonly oldestKeyDays: number;
  /** A message about this user arrives. */
  hear(message: Message): void;
  /** The owner makes a key for themselves. */
  take(key: KeyPair): void;
  /** What the owner does today: read a new key, confirm, call services. */
  live(): Promise<void>;
}

export interface OwnerWorld {
  readonly aws: LocalAws;
  /** How a client of the owner's reaches the account, signed with this key. */
  clientOptions(credentials: KeyPair): SecretsManagerClientConfig;
  readonly chronicle: Chronicle;
  confirm(userId: string): Promise<void>;
}

/** Messages after which there is another key to use; the secret says which. */
const keyChanged = ['issued', 'moved-forward', 'grace-restarted'];

/** An owner as they change from day to day. */
interface Life {
  readonly character: Character;
  readonly userId: string;
  readonly world: OwnerWorld;
  readonly hand: Map<string, string>;
  inUse: string;
  /** Days from one message to the switch; the last one is for all that follow. */
  patience: readonly number[];
  readsAt: number | undefined;
  confirmsAt: number | undefined;
  isBroken: boolean;
  outageDays: number;
}

function userOf({ world, userId }: Life): IamUser | undefined {
  return world.aws.iam.state.users.get(userId);
}

function isActive(life: Life, accessKeyId: string): boolean {
  return userOf(life)?.keys.some((key) => key.accessKeyId === accessKeyId && key.status === 'Active') ?? false;
}

function tell(life: Life, event: string, text: string): void {
  const { userId, character, world, inUse: accessKeyId } = life;
  const userName = userOf(life)?.userName ?? character.userName;
  const at = world.aws.clock.now();
  world.chronicle.add({ at, actor: 'owner', event, userId, userName, text: shorten(text), accessKeyId });
}

/** As the email says: over the wire, signed with a key that still works. */
async function readSecret(life: Life): Promise<void> {
  const { hand, inUse, userId, world } = life;
  const working = [...hand].filter(([id]) => isActive(life, id));
  const [accessKeyId, secretAccessKey] = working.find(([id]) => id === inUse) ?? working[0] ?? [];
  if (accessKeyId === undefined || secretAccessKey === undefined) return;
  const { accountId } = world.aws;
  const client = new SecretsManagerClient(world.clientOptions({ accessKeyId, secretAccessKey }));
  try {
    const SecretId = `keyturn/${userId}/access-key`;
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
    const value = storedKey(SecretString);
    if (value === undefined) throw new Error(`The secret ${SecretId} of account ${accountId} holds no access key.`);
    hand.set(value.accessKeyId, value.secretAccessKey);
    if (value.accessKeyId !== inUse) {
      life.inUse = value.accessKeyId;
      tell(life, 'switched', `reads the secret with ${accessKeyId} and goes on with ${life.inUse}`);
    }
  } finally {
    client.destroy();
  }
}

function work(life: Life): void {
  const { character, inUse, world, isBroken } = life;
  life.isBroken = !isActive(life, inUse);
  if (!life.isBroken) {
    world.aws.iam.useKey(inUse, { service: character.service, region: world.aws.region });
    if (isBroken) tell(life, 'works-again', `works again with ${inUse}`);
    return;
  }
  life.outageDays++;
  if (!isBroken) tell(life, 'outage', `${character.service} calls fail: ${inUse} is no longer active`);
}

function hear(life: Life, { event, at, accessKeyId }: Message): void {
  if (event === 'rolled-back' && accessKeyId !== undefined && life.hand.has(accessKeyId)) {
    life.inUse = accessKeyId;
    life.readsAt = undefined;
    return;
  }
  const [days, ...rest] = life.patience;
  if (!keyChanged.includes(event) || days === undefined) return;
  if (rest.length > 0) life.patience = rest;
  life.readsAt = at + days * DAY;
}

async function live(life: Life): Promise<void> {
  const { character, userId, world } = life;
  const now = world.aws.clock.now();
  if (userOf(life) === undefined) return;
  if (life.readsAt !== undefined && now >= life.readsAt) {
    life.readsAt = undefined;
    await readSecret(life);
    const { confirmsAfterDays } = character;
    if (confirmsAfterDays !== undefined) life.confirmsAt = now + confirmsAfterDays * DAY;
  }
  if (life.confirmsAt !== undefined && now >= life.confirmsAt) {
    life.confirmsAt = undefined;
    await world.confirm(userId);
  }
  const { usesEveryDays } = character;
  if (usesEveryDays !== undefined && Math.floor(now / DAY) % usesEveryDays === 0) work(life);
}

export function createOwner(character: Character, userId: string, keys: readonly KeyPair[], world: OwnerWorld): Owner {
  const life: Life = {
    character,
    userId,
    world,
    hand: new Map(keys.map(({ accessKeyId, secretAccessKey }) => [accessKeyId, secretAccessKey])),
    inUse: keys[0]?.accessKeyId ?? '',
    patience: [character.switchesAfterDays ?? []].flat(),
    readsAt: undefined,
    confirmsAt: undefined,
    isBroken: false,
    outageDays: 0,
  };
  return {
    character,
    userId,
    hand: life.hand,
    get outageDays() {
      return life.outageDays;
    },
    get oldestKeyDays() {
      const createdAt = (userOf(life)?.keys ?? []).map((key) => key.createdAt);
      return Math.floor((world.aws.clock.now() - Math.min(...createdAt)) / DAY);
    },
    hear: (message) => hear(life, message),
    take({ accessKeyId, secretAccessKey }) {
      life.hand.set(accessKeyId, secretAccessKey);
    },
    live: () => live(life),
  };
}
