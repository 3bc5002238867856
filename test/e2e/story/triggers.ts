import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNT, ROOT } from '../emulator.ts';
import { emailTo, switchKey } from '../owner.ts';
import { check, step } from '../report.ts';
import type { Deployed, People, World } from '../world.ts';
import { aws } from './deploy.ts';

/** A sample event for this account, with these texts instead of those. As a file: `sls invoke --path`. */
export function sampleEvent({ terminal }: World, name: string, instead: Record<string, string> = {}): string {
  const text = readFileSync(join(ROOT, 'events', `${name}.json`), 'utf8');
  const own = Object.entries({ '111122223333': ACCOUNT, ...instead }).reduce(
    (sum, [a, b]) => sum.replaceAll(a, b),
    text,
  );
  const file = `events/e2e-${name}.json`;
  writeFileSync(join(terminal.stackDirectory, file), own);
  return file;
}

/** What docs/reference.md says of each: two of the triggers that need no other service than moto's. */
export async function otherTriggers(world: World, deployed: Deployed, people: People): Promise<void> {
  step('Secrets Manager rotates a secret by itself; AWS Health reports an exposed key');
  await Promise.all([rotateSecret(world, deployed, people), exposeKey(world, people), refuseUnknownSecret(world)]);
  const events = (await world.account.readInbox()).map(({ event, userName }) => `${event} ${userName}`).sort();
  check('the operators hear of both', events.join() === 'exposed bob,issued bob,issued carol', events);
  await switchKey(world, people.carol);
}

/** The command of docs/operations.md. */
async function rotateSecret(world: World, { outputs }: Deployed, { carol }: People): Promise<void> {
  const { account } = world;
  const before = await account.secretOf(carol);
  await aws(world, [
    ...['secretsmanager', 'rotate-secret', '--secret-id', `keyturn/${carol.userId}/access-key`],
    ...['--rotation-lambda-arn', outputs.SecretRotationFunctionArn ?? ''],
    ...['--rotation-rules', 'AutomaticallyAfterDays=60'],
  ]);
  const after = await account.secretOf(carol);
  const versionId = after?.labels.get('AWSCURRENT');
  const current = [...(after?.labels ?? [])].find(([label, id]) => label.startsWith('AKIA') && id === versionId)?.[0];
  check(
    'aws secretsmanager rotate-secret made another version current, with another key',
    current !== undefined && versionId !== before?.labels.get('AWSCURRENT') && current !== carol.inUse.accessKeyId,
    [...(after?.labels ?? [])],
  );
  const keys = await account.keysOf('carol');
  check('carol has both keys, Active', keys.size === 2 && keys.get(current) === 'Active', [...keys]);
}

interface Exposed {
  keys: { status: string; userName: string }[];
}

async function exposeKey(world: World, { bob }: People): Promise<void> {
  const { account, terminal } = world;
  const { accessKeyId } = bob.inUse;
  const path = sampleEvent(world, 'exposed-key-health', { AKIAIOSFODNN7EXAMPLE: accessKeyId });
  const answer = JSON.parse(await terminal.sls('invoke', '-f', 'exposed-key', '--path', path)) as Exposed;
  check('sls invoke -f exposed-key --path events/exposed-key-health.json deals with it', isBob(answer), answer);
  const keys = await account.keysOf('bob');
  check('the exposed key is Inactive, and bob has a new one', isReplaced(keys, accessKeyId), [...keys]);
  const { commands } = await emailTo(world, 'bob');
  const show = commands.find((command) => command.includes('aws lambda invoke')) ?? 'false';
  const { stdout, stderr } = await terminal.shellAsDeployer(show);
  check(
    "the email's command without Keyturn's source code shows his keys",
    stdout.includes(`"${accessKeyId}"`),
    stderr,
  );
}

function isBob({ keys: [key, ...more] }: Exposed): boolean {
  return key?.userName === 'bob' && key.status === 'changed' && more.length === 0;
}

function isReplaced(keys: Map<string, string>, exposed: string): boolean {
  return keys.size === 2 && keys.get(exposed) === 'Inactive' && [...keys.values()].includes('Active');
}

async function refuseUnknownSecret(world: World): Promise<void> {
  const path = sampleEvent(world, 'secret-rotation-create');
  const { code, stdout, stderr } = await world.terminal.trySls('invoke', '-f', 'secret-rotation', '--path', path);
  const isRefused = code !== 0 && /RotationError|EventError/.test(stdout + stderr);
  check('sls invoke -f secret-rotation refuses the sample event: there is no such secret', isRefused, {
    stdout,
    stderr,
  });
}
