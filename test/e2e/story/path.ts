import type { User } from '../account.ts';
import { bridge } from '../bridge.ts';
import { drain } from '../event-source.ts';
import { createOwner, type Owner, switchKey } from '../owner.ts';
import { check, done, step } from '../report.ts';
import { type Deployed, everyone, type People, runSchedule, type World } from '../world.ts';
import { aws, type DryRun, inventory, readOutputs, same } from './deploy.ts';
import { asRole } from './rotate.ts';
import { sampleEvent } from './triggers.ts';

/** 95 days, as everybody's here: frank stays outside the path of the second deployment. */
const AGE_DAYS = 95;
const PATH = '/team-a/';

export async function backToDryRun(world: World, deployed: Deployed, people: People): Promise<User> {
  step('sls deploy without enforce=true: back to a dry run');
  const { account, emulator, terminal } = world;
  const frank = await account.createUser('frank', [AGE_DAYS]);
  await terminal.sls('deploy');
  check('the outputs are the same', same(await readOutputs(world), deployed.outputs));
  const users = [...everyone(people), frank];
  const before = await inventory(world, users);
  await emulator.advanceDays(1);
  const answer = (await runSchedule(world, deployed.schedule)) as DryRun;
  const planned = answer.plan.some(({ userName, action }) => userName === 'frank' && action === 'issue');
  check('the schedule only plans: issue for frank', answer.dryRun && answer.enqueued === 0 && planned, answer);
  const byHand = await rotate(world, 'frank');
  check('so does sls invoke -f rotate-user with action rotate', byHand.dryRun && byHand.status === 'planned', byHand);
  check('the queue is empty', (await drain(emulator, account, deployed.mapping)) === 0);
  check('no key and no secret has changed', before === (await inventory(world, users)));
  const said = (await account.readInbox()).filter(({ event }) => event !== 'digest');
  check('and nothing was announced but a digest', said.length === 0, said);
  return frank;
}

async function rotate({ terminal }: World, userName: string): Promise<{ dryRun: boolean; status: string }> {
  const data = JSON.stringify({ userName, action: 'rotate' });
  return JSON.parse(await terminal.sls('invoke', '-f', 'rotate-user', '--data', data));
}

/** Everything that a parameter adds, in place: another path, a key of one's own, the Config rule. */
export async function anotherPath(world: World, deployed: Deployed, frank: User): Promise<User[]> {
  const params = ['enforce=true', `userPathPrefix=${PATH}`, 'createKmsKey=true', 'createConfigRule=true'];
  step(`sls deploy --param="${params.join('" --param="')}"`);
  const { account, terminal } = world;
  await terminal.sls('deploy', ...params.map((param) => `--param=${param}`));
  await bridge(world);
  const outputs = await readOutputs(world);
  const { KmsKeyArn: keyArn = '', ...others } = outputs;
  const isThere = keyArn.startsWith('arn:aws:kms:');
  check('the outputs are the same, with KmsKeyArn', isThere && same(others, deployed.outputs), outputs);
  const query = 'ConfigRules[0].[ConfigRuleName,Source.SourceIdentifier]';
  const [ruleName = '', identifier] = await aws<string[]>(world, [
    ...['configservice', 'describe-config-rules', '--query', query],
  ]);
  check('the Config rule asks config-rule', identifier?.endsWith(':keyturn-e2e-config-rule') === true, identifier);
  const mia = createOwner(terminal, await account.createUser('mia', [AGE_DAYS], { path: PATH }));
  await account.addOwners([mia]);
  done(`mia, in ${PATH}, has a key of ${AGE_DAYS} days like frank, who is in /`);
  await onlyBelowThePath(world, deployed, { mia, frank, keyArn });
  const nora = await account.createUser('nora', [AGE_DAYS], { path: PATH });
  await config(world, deployed, { mia, frank, nora, ruleName });
  await outsideThePath(world, deployed, frank);
  return [mia, nora];
}

interface Two {
  mia: Owner;
  frank: User;
}

async function onlyBelowThePath(
  world: World,
  deployed: Deployed,
  { mia, frank, keyArn }: Two & { keyArn: string },
): Promise<void> {
  const { account, emulator } = world;
  const answer = (await runSchedule(world, deployed.schedule)) as DryRun;
  check('the schedule scans and enqueues mia alone', answer.usersScanned === 1 && answer.enqueued === 1, answer);
  await drain(emulator, account, deployed.mapping);
  check('mia has a second key', (await account.keysOf('mia')).size === 2);
  const secret = await account.secretOf(mia);
  check('her secret is encrypted with the key of the stack', secret?.kmsKeyId === keyArn, secret?.kmsKeyId);
  check('frank has the one key he had, and no secret', await isUntouched(world, frank));
  await switchKey(world, mia);
}

async function isUntouched({ account }: World, user: User): Promise<boolean> {
  const keys = [...(await account.keysOf(user.userName))];
  const isSame = keys.length === 1 && keys[0]?.[0] === user.keys[0]?.accessKeyId && keys[0]?.[1] === 'Active';
  return isSame && (await account.secretOf(user)) === undefined;
}

interface Evaluations {
  testMode: boolean;
  evaluations: Record<string, number>;
}

/** What AWS Config would start, and what would start config-remediation. */
async function config(
  world: World,
  { mapping }: Deployed,
  { mia, frank, nora, ruleName }: Two & { nora: User; ruleName: string },
): Promise<void> {
  const { account, emulator, terminal } = world;
  // What was recorded a minute ago says nothing of what comes next.
  await emulator.advanceDays(5 / 1440);
  const periodic = sampleEvent(world, 'config-rule-periodic');
  const tried = JSON.parse(await terminal.sls('invoke', '-f', 'config-rule', '--path', periodic)) as Evaluations;
  check('sls invoke -f config-rule tries the rule out: two are over the limit', isTried(tried), tried);
  await emulator.invoke('keyturn-e2e-config-rule', ruleEvent(ruleName));
  const { EvaluationResults: results } = await aws<{ EvaluationResults: Result[] }>(world, [
    ...['configservice', 'get-compliance-details-by-config-rule', '--config-rule-name', ruleName],
    ...['--compliance-types', 'NON_COMPLIANT'],
  ]);
  const ids = results.map((result) => result.EvaluationResultIdentifier.EvaluationResultQualifier.ResourceId).sort();
  check('asked by Config, it calls mia and nora NON_COMPLIANT', ids.join() === [mia.userId, nora.userId].sort().join());
  check('and says what happens next', results.every(isExplained), results);

  const remediate = async (user: User): Promise<{ status: string; reason: string }> => {
    const instead = { AIDAEXAMPLEEXAMPLE00: user.userId, 'keyturn-prod-access-keys': ruleName };
    const path = sampleEvent(world, 'config-remediation-own', instead);
    return JSON.parse(await terminal.sls('invoke', '-f', 'config-remediation', '--path', path));
  };
  const [inside, outside] = [await remediate(nora), await remediate(frank)];
  check('sls invoke -f config-remediation enqueues nora', inside.status === 'enqueued', inside);
  check(
    'and not frank, who is outside the path',
    outside.status === 'unchanged' && outside.reason === 'exempt',
    outside,
  );
  const delivered = await drain(emulator, account, mapping);
  check('the worker issues a key for nora', delivered === 1 && (await account.keysOf('nora')).size === 2, delivered);
}

interface Result {
  Annotation: string;
  EvaluationResultIdentifier: { EvaluationResultQualifier: { ResourceId: string } };
}

function isTried({ testMode, evaluations }: Evaluations): boolean {
  return testMode && evaluations.NON_COMPLIANT === 2 && evaluations.COMPLIANT === 0;
}

function isExplained({ Annotation }: Result): boolean {
  return /is 95 days old; the limit is 90 days\./.test(Annotation) && /is (deactivated|issued)/.test(Annotation);
}

/** As Config invokes a custom rule; moto_gaps.py knows a rule by this token. */
function ruleEvent(configRuleName: string): object {
  const messageType = 'ScheduledNotification';
  const notificationCreationTime = new Date().toISOString();
  const accountId = '123456789012';
  return {
    invokingEvent: JSON.stringify({ awsAccountId: accountId, notificationCreationTime, messageType }),
    resultToken: `token of ${configRuleName}`,
    eventLeftScope: false,
    configRuleName,
    accountId,
  };
}

async function outsideThePath(world: World, { mapping }: Deployed, frank: User): Promise<void> {
  const { account, terminal } = world;
  const [accessKeyId = ''] = frank.keys.map((key) => key.accessKeyId);
  const update = ['iam', 'update-access-key', '--user-name', 'frank', '--access-key-id', accessKeyId];
  const refusal = await asRole(world, 'worker', mapping.workerRoleArn, ...update, '--status', 'Inactive');
  check("the worker's role may not deactivate frank's key", refusal.includes('AccessDenied'), refusal);
  const data = '{"userName":"frank","action":"rotate"}';
  const { code, stdout, stderr } = await terminal.trySls('invoke', '-f', 'rotate-user', '--data', data);
  const isRefused = code !== 0 && stdout.includes(`frank, who may not be below ${PATH}`);
  check('rotate-user may not even look at him, and says so', isRefused, { stdout, stderr });
  await account.readInbox();
  const path = sampleEvent(world, 'exposed-key-health', { AKIAIOSFODNN7EXAMPLE: accessKeyId });
  const answer = JSON.parse(await terminal.sls('invoke', '-f', 'exposed-key', '--path', path)) as {
    keys: { status: string }[];
  };
  check('exposed-key leaves his key to others', answer.keys[0]?.status === 'unchanged', answer);
  const events = (await account.readInbox()).map(({ event, userName }) => `${event} ${userName}`);
  check('but tells the operators', events.join() === 'exposed frank', events);
  check('frank has the one key he had, and no secret', await isUntouched(world, frank));
}
