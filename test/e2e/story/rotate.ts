import type { Announcement } from '../account.ts';
import { drain } from '../event-source.ts';
import { readSecret, showKey, switchKey } from '../owner.ts';
import { check, done, step } from '../report.ts';
import { type Deployed, type People, runSchedule, type World } from '../world.ts';
import { aws } from './deploy.ts';
import { movesNothing } from './forged.ts';

interface Answer {
  status: string;
  outcomes: { action: string; result: string; accessKeyId: string; transitionId: string }[];
  secret?: { name: string; versionId?: string };
}

export async function rotateAlice(world: World, { alice }: People): Promise<void> {
  step(`sls invoke -f rotate-user --data '{"userName":"alice","action":"rotate"}'`);
  const { account, terminal } = world;
  const data = '{"userName":"alice","action":"rotate"}';
  const answer = JSON.parse(await terminal.sls('invoke', '-f', 'rotate-user', '--data', data)) as Answer;
  const [outcome] = answer.outcomes;
  check('a key was issued', answer.status === 'changed' && outcome?.result === 'done', answer);
  const accessKeyId = outcome?.accessKeyId ?? '';
  const keys = await account.keysOf('alice');
  check('alice has two Active keys', keys.size === 2 && [...keys.values()].every((status) => status === 'Active'));
  const secret = await account.secretOf(alice);
  check('the secret is named after her UserId', secret?.name === `keyturn/${alice.userId}/access-key`, secret?.name);
  const version = secret.labels.get('AWSCURRENT');
  check('its current version carries the new key ID as a label', secret.labels.get(accessKeyId) === version);
  check('its policy denies the read to everybody else', isPrivate(secret.policy, alice.userId), secret.policy);
  check('current-since names the new key, and no intent is left', isSettled(secret.tags, accessKeyId), [
    ...secret.tags,
  ]);
  const issued = (await account.readInbox()).find(({ event }) => event === 'issued');
  check('the operators were told, with the same transition', issued?.transitionId === outcome?.transitionId, issued);
}

function isPrivate(policy: string, userId: string): boolean {
  return policy.includes('"Deny"') && policy.includes('secretsmanager:GetSecretValue') && policy.includes(userId);
}

function isSettled(tags: Map<string, string>, accessKeyId: string): boolean {
  return tags.get('keyturn:current-since')?.includes(accessKeyId) === true && !tags.has('keyturn:doing');
}

export async function rotateBySchedule(world: World, deployed: Deployed, people: People): Promise<void> {
  step('The schedule enqueues, the queue drives the worker');
  const { account, emulator, terminal } = world;
  const answer = JSON.parse(await terminal.sls('invoke', '-f', 'scheduled-rotation')) as {
    enqueued: number;
    skipped: Record<string, number>;
  };
  const foreign = answer.skipped['secret-foreign'] ?? 0;
  check(
    'sls invoke -f scheduled-rotation enqueues bob and erin; alice is in her grace period, and gina told of at most',
    answer.enqueued + foreign === 3 && answer.skipped['in-grace'] === 1,
    answer,
  );
  const delivered = await drain(emulator, account, deployed.mapping);
  check('the worker takes the messages, and none fails', delivered === answer.enqueued, delivered);
  check('nothing is due for alice, who has her two keys', (await account.keysOf('alice')).size === 2);
  check('bob has a second key', (await account.keysOf('bob')).size === 2);
  check('erin has the keys she had', (await account.keysOf('erin')).size === 2);
  check('carol and dave have the one key they had', await hasOne(world, 'carol', 'dave'));
  await movesNothing(world, people.gina);
  const events = heard(await account.readInbox())
    .map(({ event, userName }) => `${event} ${userName ?? ''}`.trim())
    .sort();
  check('the operators hear of bob, of erin, and get a digest', isHeard(events), events);
  const again = (await runSchedule(world, deployed.schedule)) as { enqueued: number };
  await drain(emulator, account, deployed.mapping);
  check('a second run on the same day issues nothing', (await account.keysOf('bob')).size === 2, again);
  const said = heard(await account.readInbox()).filter(({ event }) => event !== 'digest');
  check('and announces nothing', said.length === 0, said);
  const dead = await deadLetters(world, deployed);
  check('the dead-letter queue is empty', dead === '0', dead);
  done(`${people.bob.userName} goes on with the old key for now`);
}

/** Of gina, into whose secret nothing is written, messages come on one day of the week, and which depends on her UserId. */
function heard(announcements: readonly Announcement[]): Announcement[] {
  return announcements.filter(({ userName }) => userName !== 'gina');
}

async function hasOne({ account }: World, ...names: string[]): Promise<boolean> {
  for (const name of names) if ((await account.keysOf(name)).size !== 1) return false;
  return true;
}

function isHeard(events: string[]): boolean {
  return JSON.stringify(events) === JSON.stringify(['blocked erin', 'digest', 'issued bob']);
}

async function deadLetters(world: World, { outputs }: Deployed): Promise<string | undefined> {
  const { Attributes } = await aws<{ Attributes: Record<string, string> }>(world, [
    'sqs',
    'get-queue-attributes',
    '--queue-url',
    outputs.DeadLetterQueueUrl ?? '',
    '--attribute-names',
    'ApproximateNumberOfMessages',
  ]);
  return Attributes.ApproximateNumberOfMessages;
}

export async function switchToNewKey(world: World, { alice, bob, dave }: People): Promise<void> {
  step('The owner reads the new key with the aws CLI and switches; nobody else can read it');
  const { terminal } = world;
  await showKey(world, alice);
  await switchKey(world, alice);
  for (const reader of [bob, dave]) {
    terminal.configure(reader.userName, reader.keys[0] ?? { accessKeyId: '', secretAccessKey: '' });
    const { code, stderr } = await readSecret(terminal, reader, alice);
    check(`${reader.userName} cannot read alice's secret`, code !== 0 && stderr.includes('AccessDenied'), stderr);
  }
  const functions = await aws<{ FunctionName: string; Role: string }[]>(world, [
    'lambda',
    'list-functions',
    '--query',
    'Functions[].{FunctionName:FunctionName,Role:Role}',
  ]);
  for (const { FunctionName, Role } of functions) {
    const refusal = await readAsRole(world, FunctionName, Role, alice.userId);
    check(`the role of ${FunctionName} cannot read it`, refusal.includes('AccessDenied'), refusal);
  }
}

/** Signed by the role of a function. What it was refused with, or that it was not. */
export async function asRole(world: World, name: string, roleArn: string, ...args: string[]): Promise<string> {
  const { account, terminal } = world;
  terminal.configure(name, await account.assume(roleArn));
  const { code, stderr } = await terminal.awsAs(name, ...args);
  return code === 0 ? 'it could' : stderr;
}

async function readAsRole(world: World, name: string, roleArn: string, userId: string): Promise<string> {
  const secretId = `keyturn/${userId}/access-key`;
  return asRole(world, name, roleArn, 'secretsmanager', 'get-secret-value', '--secret-id', secretId, '--query', 'Name');
}

export async function stopSwitch(world: World, { outputs }: Deployed): Promise<void> {
  step('The stop switch');
  const update = ['lambda', 'update-event-source-mapping', '--uuid', outputs.WorkerMappingId ?? ''];
  const off = await aws<{ State: string }>(world, [...update, '--no-enabled']);
  check('the command of the output disables the mapping', off.State === 'Disabled' || off.State === 'Disabling', off);
  const on = await aws<{ State: string }>(world, [...update, '--enabled']);
  check('and --enabled enables it again', on.State === 'Enabled' || on.State === 'Enabling', on);
}
