import {
  type EventSourceMappingConfiguration,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { EventError, isFailure } from '../shared/core/errors.ts';
import { functionNameOf } from '../shared/core/function-name.ts';
import type { ActOptions } from './acting.ts';
import type { Context } from './context.ts';
import { commandFor, connect, type Deployed, placeOf, refuseSeveralProfiles } from './deployed.ts';
import { type ExitCode, exitCodes } from './exit-code.ts';

/** What nobody is worked on means. SQS keeps a message for four days. */
const WAITS =
  'While the worker is paused, the schedule and AWS Config issue, announce, deactivate and delete nothing. Their ' +
  'messages wait in the queue for four days; each scheduled run sends them again. Commands for one user and exposed keys ' +
  'do not wait.';

/** Switches the event source mapping of the worker's queue. One that is so already is left as it is. */
export async function switchWorker(context: Context, options: ActOptions, isOn: boolean): Promise<ExitCode> {
  const { yes = false } = options;
  refuseSeveralProfiles(context);
  const what = isOn ? 'Resume the worker' : 'Pause the worker';
  if (!yes) context.ask.ready(`${what}?`, '--yes');
  const deployed = await connect(context, options);
  const lambda = deployed.aws.clientOf((options) => new LambdaClient(options));
  const { UUID, State } = await workerMapping(lambda, deployed);
  const isThere = (isOn ? ['Enabled', 'Enabling'] : ['Disabled', 'Disabling']).includes(State ?? '');
  if (!isThere) {
    if (!isOn) context.note(WAITS);
    if (!yes && !(await context.ask.confirm(`${what} of keyturn-${deployed.stage} ${placeOf(deployed)}?`, '--yes'))) {
      context.warn('Nothing was changed.');
      return exitCodes.failed;
    }
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: isOn }));
  }
  say(context, deployed, { isOn, isChanged: !isThere });
  return exitCodes.done;
}

/** The one of the queue. Throws an EventError where there is none, since nothing is deployed then. */
export async function workerMapping(
  lambda: LambdaClient,
  { stage, region, accountId }: Deployed,
): Promise<EventSourceMappingConfiguration> {
  const functionName = functionNameOf(stage, 'rotation-worker');
  const found = await listMappings(lambda, functionName);
  const mapping = found.find(({ EventSourceArn }) => EventSourceArn?.includes(':sqs:'));
  if (mapping !== undefined) return mapping;
  throw new EventError(
    `No queue feeds ${functionName} in ${region} of account ${accountId}: give --stage and --region of the deployment, or ` +
      'deploy first.',
  );
}

async function listMappings(lambda: LambdaClient, FunctionName: string): Promise<EventSourceMappingConfiguration[]> {
  try {
    const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
    return EventSourceMappings;
  } catch (error) {
    if (isFailure(error, 'ResourceNotFound')) return [];
    throw error;
  }
}

function say(
  context: Context,
  { stage, accountId }: Deployed,
  { isOn, isChanged }: { isOn: boolean; isChanged: boolean },
): void {
  const state = isOn ? 'enabled' : 'paused';
  const already = isChanged ? '' : ' already';
  const answer = { schemaVersion: 1, accountId, stage, worker: state, changed: isChanged };
  context.print(
    context.options.json
      ? JSON.stringify(answer, undefined, 2)
      : `The worker of keyturn-${stage} is ${state}${already}.`,
  );
  context.note(`Next: ${commandFor(context, isOn ? 'doctor' : 'resume')}`);
}
