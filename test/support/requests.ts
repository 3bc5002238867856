import type { Call } from '../../local/aws/aws.ts';
import { actionOf } from '../../local/aws/iam/asked-of-iam.ts';
import type { Request } from '../../local/aws/policies/policy.ts';
import type { FunctionName } from '../../local/aws/principals.ts';
import { evidenceBucket } from './evidence.ts';
import type { World } from './world.ts';

/** Of a deployed stack, in place of the world's own. */
export interface Targets {
  topicArn: string;
  queueArn: string;
  deadLetterQueueArn: string;
  stateKeyArn: string;
  evidenceBucketArn: string;
  signingKeyArn: string;
}

/** The functions, by what tests call their connections. */
const FUNCTIONS: Record<string, FunctionName> = {
  'config-remediation': 'config-remediation',
  'config-rule': 'config-rule',
  'evidence-collector': 'evidence-collector',
  'evidence-recorder': 'evidence-recorder',
  'exposed-key': 'exposed-key',
  'rotate-user': 'rotate-user',
  scan: 'scheduled-rotation',
  'scheduled-rotation': 'scheduled-rotation',
  'secret-rotation': 'secret-rotation',
  worker: 'rotation-worker',
  'rotation-worker': 'rotation-worker',
};

/** The function that a connection of that name stands for, if it is one. */
export function functionNamed(name: string): FunctionName | undefined {
  return FUNCTIONS[name];
}

/** The function whose role a call was made with, if it is one that a policy decides about. */
export function functionOf({ caller, service }: Call): string | undefined {
  // Everybody may ask who they are: no policy can forbid it.
  return service === 'sts' ? undefined : FUNCTIONS[caller];
}

/** One call as IAM sees it. */
export function requestOf(world: World, call: Call, targets: Targets): Request {
  return {
    action: actionOf(`${call.service}:${call.operation}`),
    resource: resourceOf(world, call, targets),
    context: contextOf(call),
  };
}

function contextOf({ input }: Call): Record<string, string> {
  return 'BlockPublicPolicy' in input ? { 'secretsmanager:BlockPublicPolicy': String(input.BlockPublicPolicy) } : {};
}

function resourceOfSqs({ aws, deadLetterQueueUrl }: World, url: string, targets: Targets): string {
  // Of evidence, by the names that its template has.
  const name = /\/(Evidence\w*Queue)$/.exec(url)?.[1];
  if (name !== undefined) return `arn:aws:sqs:${aws.region}:${aws.accountId}:${name}`;
  return url === deadLetterQueueUrl ? targets.deadLetterQueueArn : targets.queueArn;
}

function resourceOf(world: World, { service, operation, input }: Call, targets: Targets): string {
  const { aws } = world;
  if (service === 'sns') return targets.topicArn;
  if (service === 'kms') return operation === 'Sign' ? targets.signingKeyArn : targets.stateKeyArn;
  if (['logs', 'cloudwatch'].includes(service)) return watchedBy(aws, input.logGroupName);
  if (service === 's3') return resourceOfS3(input, targets);
  if (service === 'cloudtrail') return String(input.Name ?? input.TrailName ?? '*');
  if (service === 'sqs') return resourceOfSqs(world, String(input.QueueUrl), targets);
  if (service === 'config') return OF_A_RULE.includes(operation) ? CONFIG_RULE : '*';
  if (service === 'secretsmanager') {
    const id = input.SecretId ?? input.Name;
    if (id === undefined) return '*';
    // A secret that is not there yet is checked by its name alone.
    const arn = aws.secrets.find(String(id))?.arn;
    if (arn !== undefined) return arn;
    // Of a secret that was deleted since, the call itself still tells.
    return String(id).startsWith('arn:')
      ? String(id)
      : `arn:aws:secretsmanager:${aws.region}:${aws.accountId}:secret:${id}`;
  }
  if (input.UserName === undefined && input.AccessKeyId === undefined) return '*';
  const userName = String(input.UserName ?? 'alice');
  return aws.iam.state.findUser(userName)?.arn ?? `arn:aws:iam::${aws.accountId}:user/team/${userName}`;
}

/** CloudWatch asks about all alarms, whatever is named. */
function watchedBy({ region, accountId }: World['aws'], logGroupName: unknown): string {
  return logGroupName === undefined
    ? `arn:aws:cloudwatch:${region}:${accountId}:alarm:*`
    : `arn:aws:logs:${region}:${accountId}:log-group:${logGroupName}:log-stream:`;
}

function resourceOfS3({ Bucket, Key }: Call['input'], { evidenceBucketArn }: Targets): string {
  // Every test has the one bucket of evidence, under a name of its own.
  const bucket = Bucket === evidenceBucket ? evidenceBucketArn : `arn:aws:s3:::${Bucket}`;
  if (!Bucket) return '*';
  return Key ? `${bucket}/${Key}` : bucket;
}

const OF_A_RULE = ['GetComplianceDetailsByConfigRule', 'StartConfigRulesEvaluation'];
const CONFIG_RULE = 'arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-0123ab';
