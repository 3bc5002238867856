import type { User } from '../account.ts';
import { bridge } from '../bridge.ts';
import { check, step } from '../report.ts';
import type { Deployed, People, World } from '../world.ts';
import { type DryRun, inventory, readOutputs, STATE_KEY } from './deploy.ts';

/** As docs/operations.md says of a later deployment, in place of one that was removed. */
export async function deployAgain(
  world: World,
  before: Deployed,
  people: People,
  users: readonly User[],
): Promise<Deployed> {
  step('A later deployment beside what is left');
  const { account, terminal } = world;
  const { StateKeyArn: stateKeyArn = '' } = before.outputs;
  const left = await inventory(world, users);
  const { code, stdout, stderr } = await terminal.trySls('deploy', '--param=enforce=true');
  const isRefused = code !== 0 && (stdout + stderr).includes(`${STATE_KEY} already exists`);
  check('without the key it fails: the alias is taken', isRefused, { code, stdout, stderr });
  await terminal.sls('deploy', '--param=enforce=true', `--param=stateKeyArn=${stateKeyArn}`);
  await bridge(world);
  const outputs = await readOutputs(world);
  check('with stateKeyArn it takes the key', outputs.StateKeyArn === stateKeyArn, outputs);
  await account.letOwnersRead(outputs.OwnerPolicyArn ?? '');
  const { plan } = JSON.parse(
    await terminal.sls('invoke', '-f', 'scheduled-rotation', '--data', '{"dryRun":true}'),
  ) as DryRun;
  const odd = plan.filter(({ reason }) => reason === 'secret-foreign' || reason === 'state-unverified');
  // Their secrets have the KMS key of the deployment before, which this one was not given.
  const isOther = odd.every(({ userName }) => userName === 'mia' || userName === 'nora');
  check('what the first one signed counts: the secrets that it made are its own', plan.length > 0 && isOther, plan);
  check('and nothing has changed', left === (await inventory(world, users)));
  const data = JSON.stringify({ userName: people.alice.userName, action: 'policy' });
  const answer = JSON.parse(await terminal.sls('invoke', '-f', 'rotate-user', '--data', data)) as { status: string };
  check("it writes into alice's secret", answer.status === 'changed', answer);
  return { ...before, outputs };
}
