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
  await deployRole(world);
  for (const [userName, path] of [
    ['operator', '/operators/'],
    ['stranger', '/'],
  ] as const) {
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }] };
    const key = await emulator.userElsewhere({ accountId: USERS, path, userName, policy });
    terminal.configure(userName, key, 'identity');
    terminal.writeConfig(userName, readFileSync(join(EXAMPLE, 'config'), 'utf8').replaceAll(HUB, ACCOUNT));
  }
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

function isRefused({ code, stderr }: { code: number; stderr: string }, operation: string): boolean {
  return code !== 0 && stderr.includes('AccessDenied') && stderr.includes(operation);
}

async function deployRole({ terminal }: World): Promise<void> {
  const parameters = ['Stage=e2e', `IamAccountId=${USERS}`, 'OrganizationId=o-a1b2c3d4e5'];
  await terminal.aws(
    ...['cloudformation', 'deploy', '--stack-name', 'operators', '--capabilities', 'CAPABILITY_NAMED_IAM'],
    ...['--template-file', join(EXAMPLE, 'operator-role.yml'), '--parameter-overrides', ...parameters],
  );
}

/** Gone before the run ends, which looks for what is left. */
export async function removeOperators({ terminal }: World): Promise<void> {
  await terminal.aws('cloudformation', 'delete-stack', '--stack-name', 'operators');
}
