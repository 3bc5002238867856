import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { Runtime } from '../../shared/aws/runtime.ts';
import { readStateKey } from '../../shared/aws/state-key.ts';
import { settingsHash } from '../../shared/core/secret-settings.ts';
import { secretTagNames, signedTagNames } from '../../shared/core/secret-tags.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { signMade, signTag } from '../../shared/core/signed-state.ts';
import type { StateKey } from '../../shared/core/state-key.ts';
import type { World } from './world.ts';

/** Made once for each world: clients cost more than all they are asked for here. */
const seeders = new WeakMap<World['logged'], Runtime>();

function seeder(world: World): Runtime {
  const made = seeders.get(world.logged) ?? world.runtime('rotate-user');
  seeders.set(world.logged, made);
  return made;
}

/** What tells the state of this world's functions from anything else. */
export function stateKeyOf(world: World, settings = parseSettings(world.environment)): Promise<StateKey> {
  return readStateKey(seeder(world), settings);
}

const nameOf = (userId: string): string => `keyturn/${userId}/access-key`;

/** The tags as a function would have written them; the names without their prefix. */
export async function signed(
  world: World,
  userId: string,
  tags: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  return signedWith(await stateKeyOf(world), world, userId, tags);
}

function signedWith(
  key: StateKey,
  world: World,
  userId: string,
  tags: Readonly<Record<string, string>>,
): Record<string, string> {
  const arn = world.aws.secrets.find(nameOf(userId))?.arn ?? '';
  const entries = Object.entries(tags).map(([tag, value]) => {
    const name = `keyturn:${tag}`;
    return [name, signedTagNames.includes(name) ? signTag(key, { arn }, userId, { name, value }) : value];
  });
  return Object.fromEntries(entries);
}

/** Writes tags of state past all policies: as if a function had. */
export async function setSigned(world: World, userId: string, tags: Readonly<Record<string, string>>): Promise<void> {
  world.aws.secrets.setTags(nameOf(userId), await signed(world, userId, tags));
}

/** An empty secret of ours, with today's policy and these tags of state. */
export async function makeSecret(
  world: World,
  userId: string,
  tags: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { aws } = world;
  const user = aws.iam.state.users.get(userId);
  const { accountId } = aws;
  const settings = parseSettings(world.environment);
  const key = await stateKeyOf(world, settings);
  const made = signMade(key, nameOf(userId), { accountId, userId }, aws.clock.now());
  const Tags = [
    { Key: secretTagNames.userId, Value: userId },
    { Key: secretTagNames.made, Value: made },
  ];
  await seeder(world).aws.secrets.send(new CreateSecretCommand({ Name: nameOf(userId), Tags }));
  const policy = user && settingsHash(user, settings);
  const all = { ...(policy === undefined ? {} : { policy }), ...tags };
  aws.secrets.setTags(nameOf(userId), signedWith(key, world, userId, all));
}
