import type { User } from '../account.ts';
import { ACCOUNT } from '../emulator.ts';
import { type Owner, switchKey } from '../owner.ts';
import { check, done, step } from '../report.ts';
import type { Deployed, People, World } from '../world.ts';
import { aws } from './deploy.ts';
import { asRole } from './rotate.ts';

/** May do everything that IAM can allow: what keeps it out is in the policies of secrets and of the state key. */
export const ADMINISTRATOR = 'platform-admin';
const ADMINISTRATOR_ARN = `arn:aws:iam::${ACCOUNT}:role/${ADMINISTRATOR}`;
/** Of the right form, and signed by nobody. */
const FALSE_MAC = `1${'A'.repeat(22)}`;

const secretIdOf = ({ userId }: User) => `keyturn/${userId}/access-key`;

/** As the administrator: a secret in the owner's name that says her only key was deactivated long ago. */
export async function forge(world: World, { userId, userName, inUse }: Owner): Promise<void> {
  const { account, emulator, terminal } = world;
  await createAdministrator(world);
  const now = await emulator.now();
  const instant = (daysAgo: number) =>
    `${new Date(Date.parse(now) - daysAgo * 86_400_000).toISOString().slice(0, 19)}Z`;
  const tags = {
    'keyturn:user-id': userId,
    'keyturn:user-name': userName,
    'keyturn:made': `${instant(0)} ${FALSE_MAC}`,
    'keyturn:deactivated': `${instant(40)} ${inUse.accessKeyId} ${FALSE_MAC}`,
    'keyturn:doing': `retire ${instant(0)} ${inUse.accessKeyId} ${FALSE_MAC}`,
  };
  terminal.configure(ADMINISTRATOR, await account.assume(ADMINISTRATOR_ARN));
  const as = async (...args: string[]) => {
    const { code, stderr } = await terminal.awsAs(ADMINISTRATOR, 'secretsmanager', ...args);
    if (code !== 0) throw new Error(stderr);
  };
  const name = `keyturn/${userId}/access-key`;
  const pairs = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await as('create-secret', '--name', name, '--secret-string', '{}', '--tags', JSON.stringify(pairs));
  const { VersionIdsToStages: versions } = await aws<{ VersionIdsToStages: Record<string, string[]> }>(world, [
    ...['secretsmanager', 'describe-secret', '--secret-id', name],
  ]);
  const [versionId = ''] = Object.keys(versions);
  const label = [
    'update-secret-version-stage',
    '--secret-id',
    name,
    '--version-stage',
    `${inUse.accessKeyId}.${FALSE_MAC}`,
  ];
  await as(...label, '--move-to-version-id', versionId);
  done(`an administrator makes ${name} of ${userName}, with state that Keyturn never wrote`);
}

async function createAdministrator(world: World): Promise<void> {
  const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } };
  const trust = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const { terminal } = world;
  await terminal.aws('iam', 'create-role', '--role-name', ADMINISTRATOR, '--assume-role-policy-document', trust);
  const policy = ['--policy-name', 'everything', '--policy-document', JSON.stringify(all)];
  await terminal.aws('iam', 'put-role-policy', '--role-name', ADMINISTRATOR, ...policy);
}

export async function movesNothing({ account }: World, gina: Owner): Promise<void> {
  const keys = [...(await account.keysOf('gina'))];
  const isSame = keys.length === 1 && keys[0]?.[0] === gina.inUse.accessKeyId && keys[0]?.[1] === 'Active';
  check("the forged secret moves nothing: gina's one key is Active as it was", isSame, keys);
  const secret = await account.secretOf(gina);
  const isForged = [...(secret?.tags.values() ?? [])].filter((value) => value.endsWith(FALSE_MAC)).length === 3;
  check('and nothing was written into it', isForged && secret?.policy === '', secret);
}

interface Answer {
  status: string;
  reason: string;
  plan: { message: string }[];
}

async function byHand({ terminal }: World, request: object): Promise<Answer> {
  return JSON.parse(await terminal.sls('invoke', '-f', 'rotate-user', '--data', JSON.stringify(request))) as Answer;
}

export async function adopt(world: World, { gina }: People): Promise<void> {
  step('rotate-user with action adopt: the secret from elsewhere');
  const { account } = world;
  const list = await byHand(world, { userName: 'gina', action: 'adopt' });
  const said = list.plan[0]?.message ?? '';
  check(
    'lists the one label that it would sign',
    list.status !== 'changed' && said.includes(gina.inUse.accessKeyId),
    list,
  );
  await movesNothing(world, gina);
  const signed = await byHand(world, { userName: 'gina', action: 'adopt', force: true });
  check('with force it signs', signed.status === 'changed', signed);
  const secret = await account.secretOf(gina);
  const written = [...(secret?.tags.values() ?? []), ...(secret?.writtenLabels ?? [])];
  check('of what was forged nothing is left', !written.some((text) => text.endsWith(FALSE_MAC)), written);
  const issued = await byHand(world, { userName: 'gina', action: 'rotate' });
  check('from then on her key is rotated as others are', issued.status === 'changed', issued);
  await switchKey(world, gina);
}

export async function outsiders(world: World, { outputs }: Deployed, { alice }: People): Promise<void> {
  step('Only the functions write and sign');
  const { account } = world;
  const secretId = ['--secret-id', secretIdOf(alice)];
  const before = await account.secretOf(alice);
  const { labels, policy } = before ?? { labels: new Map<string, string>(), policy: '' };
  const versionId = labels.get('AWSCURRENT') ?? '';
  const writes = {
    TagResource: ['tag-resource', ...secretId, '--tags', 'Key=keyturn:hold,Value=2099-01-01'],
    UntagResource: ['untag-resource', ...secretId, '--tag-keys', 'keyturn:current-since'],
    PutSecretValue: ['put-secret-value', ...secretId, '--secret-string', '{}'],
    UpdateSecretVersionStage: [
      ...['update-secret-version-stage', ...secretId, '--version-stage', 'OURS'],
      ...['--move-to-version-id', versionId],
    ],
  };
  for (const [name, args] of Object.entries(writes)) {
    const refusal = await asRole(world, ADMINISTRATOR, ADMINISTRATOR_ARN, 'secretsmanager', ...args);
    check(`an administrator may not ${name}`, refusal.includes('AccessDenied'), refusal);
  }
  const mac = ['kms', 'generate-mac', '--key-id', outputs.StateKeyArn ?? '', '--mac-algorithm', 'HMAC_SHA_256'];
  const refusal = await asRole(world, ADMINISTRATOR, ADMINISTRATOR_ARN, ...mac, '--message', 'a2V5dHVybg==');
  check('nor sign with the state key', refusal.includes('AccessDenied'), refusal);
  check('her secret is as it was', JSON.stringify(before) === JSON.stringify(await account.secretOf(alice)));
  await putAgain(world, alice, policy);
}

/** Whoever takes the policy off is undone by the next command, and would be by the next change of a setting. */
async function putAgain(world: World, alice: Owner, policy: string): Promise<void> {
  const { account, terminal } = world;
  const functions = await aws<{ FunctionName: string; Role: string }[]>(world, [
    ...['lambda', 'list-functions', '--query', 'Functions[].{FunctionName:FunctionName,Role:Role}'],
  ]);
  const writers = ['rotation-worker', 'rotate-user', 'exposed-key', 'secret-rotation'];
  const roles = functions.filter(({ FunctionName }) => writers.some((name) => FunctionName.endsWith(name)));
  const isNamed = roles.length === writers.length && roles.every(({ Role }) => policy.includes(`"${Role}"`));
  check('its policy names the deployed roles of those that write', isNamed, { roles, policy });
  await terminal.aws('secretsmanager', 'delete-resource-policy', '--secret-id', secretIdOf(alice));
  check('somebody takes the policy off', (await account.secretOf(alice))?.policy === '');
  const answer = await byHand(world, { userName: 'alice', action: 'policy' });
  const again = await account.secretOf(alice);
  check(
    'rotate-user with action policy puts it again',
    answer.status === 'changed' && again?.policy === policy,
    answer,
  );
}
