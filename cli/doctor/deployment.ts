import { CloudWatchClient, type MetricAlarm, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { type FunctionConfiguration, GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mapConcurrently } from '../../shared/aws/map-concurrently.ts';
import { EventError, isFailure, RotationError, SettingsError } from '../../shared/core/errors.ts';
import { functionNameOf } from '../../shared/core/function-name.ts';
import { parseSettings, type Settings } from '../../shared/core/settings.ts';
import type { Deployed } from '../deployed.ts';
import { workerMapping } from '../worker.ts';
import { type Found, fault, ok, unknown, warning } from './finding.ts';

/** Of the stack, after `keyturn-<stage>-`. */
export const functionNames = [
  'scheduled-rotation',
  'rotation-worker',
  'rotate-user',
  'config-rule',
  'config-remediation',
  'secret-rotation',
  'exposed-key',
  'evidence-recorder',
  'evidence-collector',
] as const;

/** A function as it is deployed, or why it cannot be seen. */
export interface SeenFunction {
  name: (typeof functionNames)[number];
  configuration?: FunctionConfiguration;
  refusal?: RotationError;
}

/** Throws an EventError if none of them is there. */
export async function readFunctions({ aws, stage, region, accountId }: Deployed): Promise<SeenFunction[]> {
  const lambda = aws.clientOf((options) => new LambdaClient(options));
  const seen = await mapConcurrently(functionNames, async (name): Promise<SeenFunction> => {
    const command = new GetFunctionConfigurationCommand({ FunctionName: functionNameOf(stage, name) });
    try {
      return { name, configuration: await lambda.send(command) };
    } catch (error) {
      if (isFailure(error, 'ResourceNotFound')) return { name };
      if (error instanceof RotationError) return { name, refusal: error };
      throw error;
    }
  });
  if (seen.some(({ configuration, refusal }) => configuration !== undefined || refusal !== undefined)) return seen;
  throw new EventError(
    `There is no deployment keyturn-${stage} in ${region} of account ${accountId}: give --stage and --region, or deploy first.`,
  );
}

export function judgeFunctions(seen: readonly SeenFunction[], stage: string): Found[] {
  const refusal = seen.find((each) => each.refusal !== undefined)?.refusal;
  const faults = seen.flatMap(({ name, configuration, refusal: because }) => {
    if (because !== undefined) return [];
    const function_ = functionNameOf(stage, name);
    if (configuration === undefined) return [fault(`${function_} is not there`, 'Deploy the stack again.')];
    const { State, StateReason = '', LastUpdateStatus, LastUpdateStatusReason = '' } = configuration;
    if (State !== 'Active' && State !== 'Inactive')
      return [fault(`${function_} is ${State}: ${StateReason}`, 'Deploy the stack again.')];
    if (LastUpdateStatus !== 'Failed') return [];
    return [fault(`the last update of ${function_} failed: ${LastUpdateStatusReason}`, 'Deploy the stack again.')];
  });
  if (faults.length > 0) return faults;
  if (refusal !== undefined) return [unknown(refusal.message)];
  const runtimes = [...new Set(seen.map(({ configuration }) => configuration?.Runtime))].join(', ');
  return [ok(`${seen.length} of ${seen.length} are there and active, ${runtimes}`)];
}

/** What the scheduled run goes by. */
export function settingsOf(seen: readonly SeenFunction[]): { settings?: Settings; found: Found } {
  const { configuration, refusal } = seen.find(({ name }) => name === 'scheduled-rotation') ?? {};
  if (configuration === undefined) return { found: unknown(refusal?.message ?? 'scheduled-rotation is not there') };
  const variables = configuration.Environment?.Variables;
  if (variables === undefined) {
    return { found: unknown(configuration.Environment?.Error?.Message ?? 'AWS shows no environment of it') };
  }
  try {
    const settings = parseSettings(variables);
    if (settings.enforce) return { settings, found: ok('they parse; enforce is on') };
    const way = 'Deploy with enforce=true to let Keyturn act.';
    return { settings, found: warning('they parse; enforce is off, so every run is a dry run', way) };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { found: fault(error.message, 'Correct it, and deploy again.') };
  }
}

export async function checkWorker(deployed: Deployed, command: (text: string) => string): Promise<Found> {
  const lambda = deployed.aws.clientOf((options) => new LambdaClient(options));
  try {
    const { State = 'unknown' } = await workerMapping(lambda, deployed);
    if (State === 'Enabled') return ok('its queue feeds it');
    if (State === 'Disabled') return fault('it is paused: nothing is rotated by schedule', command('resume'));
    return warning(`its event source mapping is ${State}`, 'Look again in a minute.');
  } catch (error) {
    if (error instanceof EventError) return fault('no queue feeds it', 'Deploy the stack again.');
    throw error;
  }
}

const reads = ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'];

/** No function can read a secret, whatever else its role may be given: simulated for each. */
export async function checkRoles(
  { aws, region, accountId, callerArn }: Deployed,
  { seen, secretPrefix }: { seen: readonly SeenFunction[]; secretPrefix: string },
): Promise<Found | Found[]> {
  const partition = callerArn.split(':')[1] ?? 'aws';
  const resource = `arn:${partition}:secretsmanager:${region}:${accountId}:secret:${secretPrefix}/*`;
  const roles = seen.flatMap(({ configuration }) => configuration?.Role ?? []);
  if (roles.length === 0) return unknown('no role of a function could be seen');
  const faults = await mapConcurrently(roles, async (role) => {
    const command = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: role,
      ActionNames: reads,
      ResourceArns: [resource],
    });
    const { EvaluationResults = [] } = await aws.iam.send(command);
    const open = EvaluationResults.filter(({ EvalDecision }) => EvalDecision !== 'explicitDeny');
    const actions = open.map(({ EvalActionName }) => EvalActionName).join(' and ');
    const way = 'Put the policy never-read-secrets back: deploy the stack again.';
    return open.length === 0 ? [] : [fault(`${actions} is not explicitly denied to ${role}`, way)];
  });
  const found = faults.flat();
  return found.length > 0
    ? found
    : ok(`${roles.length} of ${roles.length} are explicitly denied to read a secret (simulated)`);
}

export async function checkAlarms({ aws, stage }: Deployed): Promise<Found | Found[]> {
  const client = aws.clientOf((options) => new CloudWatchClient(options));
  const alarms: MetricAlarm[] = [];
  for await (const page of paginateDescribeAlarms({ client }, { AlarmNamePrefix: `keyturn-${stage}-` })) {
    alarms.push(...(page.MetricAlarms ?? []));
  }
  if (alarms.length === 0) return fault('there is none', 'Deploy the stack again: it makes them.');
  const ringing = alarms.filter(({ StateValue }) => StateValue === 'ALARM');
  if (ringing.length === 0) return ok(`${alarms.length} of ${alarms.length} are quiet`);
  return ringing.map(({ AlarmName = '', StateReason = '' }) =>
    fault(`${AlarmName}: ${StateReason || 'it is in ALARM'}`, 'What each alarm means: docs/operations.md.'),
  );
}
