import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { LocalAws } from '../aws/aws.ts';
import { DAY } from '../aws/clock.ts';
import type { KeyPair } from '../aws/iam/iam-helpers.ts';
import { storedKey } from '../checker/look.ts';
import type { Message } from '../checker/mailbox.ts';
import { sdkOptions } from '../host/runtime.ts';
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
  /** A message about this user arrives. */
  hear(message: Message): void;
  /** The owner makes a key for themselves. */
  take(key: KeyPair): void;
  /** What the owner does today: read a new key, confirm, call services. */
  live(): Promise<void>;
}

export interface OwnerWorld {
  readonly aws: LocalAws;
  readonly endpoint: string;
  readonly chronicle: Chronicle;
  confirm(userId: string): Promise<void>;
}

/** Messages after which there is another key to use; the secret says which. */
const keyChanged = ['issued', 'moved-forward', 'grace-restarted'];

export function createOwner(character: Character, userId: string, keys: readonly KeyPair[], world: OwnerWorld): Owner {
  const { aws, chronicle } = world;
  const { accountId } = aws;
  const hand = new Map(keys.map(({ accessKeyId, secretAccessKey }) => [accessKeyId, secretAccessKey]));
  let inUse = keys[0]?.accessKeyId ?? '';
  let patience = [character.switchesAfterDays ?? []].flat();
  let readsAt: number | undefined;
  let confirmsAt: number | undefined;
  let isBroken = false;
  let outageDays = 0;

  const user = () => aws.iam.state.users.get(userId);
  const isActive = (accessKeyId: string) =>
    user()?.keys.some((key) => key.accessKeyId === accessKeyId && key.status === 'Active') ?? false;
  const tell = (event: string, text: string, accessKeyId = inUse) => {
    const userName = user()?.userName ?? character.userName;
    chronicle.add({ at: aws.clock.now(), actor: 'owner', event, userId, userName, text: shorten(text), accessKeyId });
  };

  /** As the email says: over the wire, signed with a key that still works. */
  async function readSecret(): Promise<void> {
    const [accessKeyId, secretAccessKey] =
      [...hand].find(([id]) => id === inUse && isActive(id)) ?? [...hand].find(([id]) => isActive(id)) ?? [];
    if (accessKeyId === undefined || secretAccessKey === undefined) return;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new SecretsManagerClient(sdkOptions(aws.region, world.endpoint, credentials));
    try {
      const SecretId = `keyturn/${userId}/access-key`;
      const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
      const value = storedKey(SecretString);
      if (value === undefined) throw new Error(`The secret ${SecretId} of account ${accountId} holds no access key.`);
      hand.set(value.accessKeyId, value.secretAccessKey);
      if (value.accessKeyId !== inUse) {
        inUse = value.accessKeyId;
        tell('switched', `reads the secret with ${accessKeyId} and goes on with ${inUse}`);
      }
    } finally {
      client.destroy();
    }
  }

  function work(): void {
    if (isActive(inUse)) {
      aws.iam.useKey(inUse, { service: character.service, region: aws.region });
      if (isBroken) tell('works-again', `works again with ${inUse}`);
      isBroken = false;
      return;
    }
    outageDays++;
    if (!isBroken) tell('outage', `${character.service} calls fail: ${inUse} is not active any more`);
    isBroken = true;
  }

  return {
    character,
    userId,
    hand,
    get outageDays() {
      return outageDays;
    },
    hear({ event, at, accessKeyId }) {
      if (event === 'rolled-back' && accessKeyId !== undefined && hand.has(accessKeyId)) {
        inUse = accessKeyId;
        readsAt = undefined;
        return;
      }
      const [days, ...rest] = patience;
      if (!keyChanged.includes(event) || days === undefined) return;
      if (rest.length > 0) patience = rest;
      readsAt = at + days * DAY;
    },
    take({ accessKeyId, secretAccessKey }) {
      hand.set(accessKeyId, secretAccessKey);
    },
    async live() {
      const now = aws.clock.now();
      if (user() === undefined) return;
      if (readsAt !== undefined && now >= readsAt) {
        readsAt = undefined;
        await readSecret();
        const { confirmsAfterDays } = character;
        if (confirmsAfterDays !== undefined) confirmsAt = now + confirmsAfterDays * DAY;
      }
      if (confirmsAt !== undefined && now >= confirmsAt) {
        confirmsAt = undefined;
        await world.confirm(userId);
      }
      const { usesEveryDays } = character;
      if (usesEveryDays !== undefined && Math.floor(now / DAY) % usesEveryDays === 0) work();
    },
  };
}
