import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { User } from './account.ts';
import { type Emulator, REGION } from './emulator.ts';
import { check, done } from './report.ts';
import type { Finished, KeyPair, Terminal } from './terminal.ts';

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

/** As the message says: reads with the present key, writes the profile; then signs a call with the new key. */
export async function switchKey(terminal: Terminal, owner: Owner): Promise<void> {
  const { userName, inUse } = owner;
  const { code, stdout, stderr } = await readSecret(terminal, owner, owner);
  check(`${userName} reads the new key with the aws CLI, signed with the present one`, code === 0, stderr);
  const value = JSON.parse(stdout) as { Version: number; AccessKeyId: string; SecretAccessKey: string };
  check('what is read is the output of a credential_process, with another key', isNew(value, inUse.accessKeyId), {
    accessKeyId: value.AccessKeyId,
  });
  owner.inUse = { accessKeyId: value.AccessKeyId, secretAccessKey: value.SecretAccessKey };
  owner.keys.push(owner.inUse);
  terminal.configure(userName, owner.inUse);
  done(`${userName} writes ${value.AccessKeyId} to the profile`);
  const identity = await terminal.awsAs(userName, 'sts', 'get-caller-identity');
  check(
    `${userName} signs a call with the new key, and is ${userName}`,
    identity.stdout.includes(`:user/${userName}"`),
    {
      ...identity,
    },
  );
}

function isNew(value: { Version: number; AccessKeyId: string }, before: string): boolean {
  return value.Version === 1 && value.AccessKeyId !== before;
}
