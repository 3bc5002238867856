import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNT, ROOT } from '../emulator.ts';
import { check, done, step } from '../report.ts';
import type { Deployed, World } from '../world.ts';
import type { DryRun } from './deploy.ts';

const EXAMPLE = join(ROOT, 'examples/fleet/four-accounts');
/** The account of users in the example, and its hub. */
export const USERS = '111111111111';
const HUB = '222222222222';
const CODE = '654321';

/** Users in one account, Keyturn in another: the role and the profile of the example, by the AWS CLI. */
export async function operate(world: World, { outputs }: Deployed): Promise<void> {
  step('An operator from another account, with MFA');
  const { emulator, terminal } = world;
  await deployRole(world, 'o-a1b2c3d4e5');
  await addUser(world, 'operator', '/operators/');
  await addUser(world, 'stranger', '/');
  done(`operator and stranger are users of ${USERS}, and have the profile of the example`);
  const answerFile = join(emulator.workDir, 'dry-run.json');
  const scan = (owner: string, code: string, functionName = outputs.ScheduledRotationFunctionName ?? '') =>
    terminal.awsWithCode(
      owner,
      'keyturn',
      code,
      ...['lambda', 'invoke', '--function-name', functionName, '--payload', '{"dryRun":true}', answerFile],
    );
  const wrong = await scan('operator', '000000');
  check('with another code than that of the device AWS refuses the role', isRefused(wrong, 'AssumeRole'), wrong);
  const stranger = await scan('stranger', CODE);
  check('whoever is no operator is refused it, code or not', isRefused(stranger, 'AssumeRole'), stranger);
  const answer = await scan('operator', CODE);
  const run = existsSync(answerFile) ? (JSON.parse(readFileSync(answerFile, 'utf8')) as DryRun) : undefined;
  check('with the code the operator starts a dry run', answer.code === 0 && run?.dryRun === true, answer);
  const other = await scan('operator', CODE, 'keyturn-e2e-exposed-key');
  check('and the role starts no other function', isRefused(other, 'Invoke'), other);
}

/** In an organization: what the operator asks for by hand is done in the member that is named, and only in members. */
export async function operateInMembers(
  world: World,
  { organizationId, functionName }: { organizationId: string; functionName: string },
  { member, excluded }: { member: string; excluded: string },
): Promise<void> {
  step('The operator, with MFA, holds a user of a member');
  await deployRole(world, organizationId);
  await addUser(world, 'operator', '/operators/');
  const answerFile = join(world.emulator.workDir, 'held.json');
  const hold = async (accountId: string) => {
    const payload = JSON.stringify({ accountId, userName: 'deploy-bot', action: 'hold', holdUntil: '2030-01-01' });
    const command = ['lambda', 'invoke', '--function-name', functionName, '--payload', payload, answerFile];
    const ran = await world.terminal.awsWithCode('operator', 'keyturn', CODE, ...command);
    check('the role starts the function', ran.code === 0, ran);
    return JSON.parse(readFileSync(answerFile, 'utf8')) as Record<string, unknown>;
  };
  const held = await hold(member);
  check('the user of the member is held', held.status === 'changed', held);
  const refused = await hold(excluded);
  check('an account that fleet.yml leaves out is refused by its name', isNamed(refused, excluded), refused);
}

function isNamed({ errorType, errorMessage }: Record<string, unknown>, accountId: string): boolean {
  return errorType === 'EventError' && String(errorMessage).includes(accountId);
}

async function addUser({ emulator, terminal }: World, userName: string, path: string): Promise<void> {
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }] };
  const key = await emulator.userElsewhere({ accountId: USERS, path, userName, policy });
  terminal.configure(userName, key, 'identity');
  terminal.writeConfig(userName, readFileSync(join(EXAMPLE, 'config'), 'utf8').replaceAll(HUB, ACCOUNT));
}

function isRefused({ code, stderr }: { code: number; stderr: string }, operation: string): boolean {
  return code !== 0 && stderr.includes('AccessDenied') && stderr.includes(operation);
}

async function deployRole({ terminal }: World, organizationId: string): Promise<void> {
  const parameters = ['Stage=e2e', `IamAccountId=${USERS}`, `OrganizationId=${organizationId}`];
  await terminal.aws(
    ...['cloudformation', 'deploy', '--stack-name', 'operators', '--capabilities', 'CAPABILITY_NAMED_IAM'],
    ...['--template-file', join(EXAMPLE, 'operator-role.yml'), '--parameter-overrides', ...parameters],
  );
}

/** Gone before the run ends, which looks for what is left. */
export async function removeOperators({ terminal }: World): Promise<void> {
  await terminal.aws('cloudformation', 'delete-stack', '--stack-name', 'operators');
}
