import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { User } from './account.ts';
import { type Emulator, REGION } from './emulator.ts';
import { check } from './report.ts';
import type { Finished, KeyPair, Terminal } from './terminal.ts';
import type { World } from './world.ts';

/** Somebody who works with an access key, and has it in the profile `default` of the aws CLI. */
export interface Owner extends User {
  inUse: KeyPair;
}

export function createOwner(terminal: Terminal, user: User): Owner {
  const [inUse] = user.keys;
  if (inUse === undefined) throw new Error(`${user.userName} has no key`);
  terminal.configure(user.userName, inUse);
  return { ...user, inUse };
}

/** One call a day, which is also how AWS comes to know that a key is in use. False if AWS refuses the key. */
export async function worksWith({ endpoint }: Emulator, credentials: KeyPair): Promise<boolean> {
  const sts = new STSClient({ endpoint, region: REGION, credentials });
  try {
    await sts.send(new GetCallerIdentityCommand({}));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidClientTokenId') return false;
    throw error;
  } finally {
    sts.destroy();
  }
}

export function readSecret(terminal: Terminal, reader: User, whose: User): Promise<Finished> {
  const secretId = `keyturn/${whose.userId}/access-key`;
  const query = ['--query', 'SecretString', '--output', 'text'];
  return terminal.awsAs(reader.userName, 'secretsmanager', 'get-secret-value', '--secret-id', secretId, ...query);
}

/** The commands of the last email about the user: what is set off by blank lines and indented. */
export async function emailTo({ emulator }: Pick<World, 'emulator'>, userName: string) {
  const { event, text = '' } = (await emulator.emails(userName)).at(-1) ?? {};
  const blocks = text.split('\n\n').filter((block) => block.startsWith('    '));
  return { event, text, commands: blocks.map((block) => block.replaceAll(/^ {4}/gm, '')) };
}

/**
 * As the last email says, word for word: reads with the present key, writes the profile. Then signs a call with the new
 * key.
 */
export async function switchKey(world: Pick<World, 'emulator' | 'terminal'>, owner: Owner): Promise<void> {
  const { terminal } = world;
  const { userName, inUse } = owner;
  const { event, text, commands } = await emailTo(world, userName);
  const command = commands.find((each) => each.includes('get-secret-value')) ?? 'false';
  const { code, stdout, stderr } = await terminal.shellAs(userName, command);
  check(
    `the command of the email (${event}) reads the new key of ${userName} with the present one`,
    code === 0,
    stderr,
  );
  check('and shows nothing', stdout === '', stdout.length);
  owner.inUse = terminal.keyOf(userName);
  owner.keys.push(owner.inUse);
  const { accessKeyId } = owner.inUse;
  const which = commands.find((each) => each.startsWith('aws configure get')) ?? 'false';
  const shown = (await terminal.shellAs(userName, which)).stdout.trim();
  const isNew = accessKeyId !== inUse.accessKeyId && shown === accessKeyId;
  check(
    `the profile of ${userName} holds ${accessKeyId} now, as the email said`,
    isNew && text.includes(`print ${accessKeyId}:`),
    shown,
  );
  const identity = await terminal.awsAs(userName, 'sts', 'get-caller-identity');
  check(
    `${userName} signs a call with the new key, and is ${userName}`,
    identity.stdout.includes(`/${userName}"`),
    identity.stderr,
  );
}

/** As the email says for keys that are also kept elsewhere: the first line alone shows the new key. */
export async function showKey(world: Pick<World, 'emulator' | 'terminal'>, { userName, inUse }: Owner): Promise<void> {
  const { commands } = await emailTo(world, userName);
  const [line = ''] = commands.find((each) => each.includes('get-secret-value'))?.split('\n') ?? [];
  const { stdout, stderr } = await world.terminal.shellAs(userName, line.replace(/ \|$/, ''));
  const { Version, AccessKeyId } = JSON.parse(stdout || '{}') as { Version?: number; AccessKeyId?: string };
  const isOutput = Version === 1 && AccessKeyId !== undefined && AccessKeyId !== inUse.accessKeyId;
  check('what is read is the output of a credential_process, with another key', isOutput, { AccessKeyId, stderr });
}
