import type { LocalAws } from '../aws/aws.ts';
import type { Invoke } from '../aws/control.ts';
import { functionRoleArn } from '../aws/principals.ts';
import { functionNames, isFunctionName } from './process.ts';
import type { Resources } from './set-up.ts';

/** Of every name that the stack would have given: `keyturn-local-rotate-user`. */
export const localStage = 'local';

/** As in resources/policies.yml. */
const neverReadSecrets = {
  Version: '2012-10-17',
  Statement: {
    Effect: 'Deny',
    Action: ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'],
    Resource: '*',
  },
};

/** As in resources/monitoring.yml, after the stack's name. */
export const alarmNames: readonly string[] = [
  ...functionNames.map((name) => `${name}-errors`),
  'dead-letters',
  'failed-runs',
  'no-scheduled-run',
  'blocked-users',
  'failed-passes',
  'circuit-breaker',
  'overdue-key',
];

/** What the stack would have made around the functions: their roles' deny, the worker's queue, the alarms. */
export function deployFunctions(aws: LocalAws, { environment, queueUrl }: Resources, invoke: Invoke): void {
  const nameOf = (name: string) => `keyturn-${localStage}-${name}`;
  for (const name of functionNames.filter(isFunctionName)) {
    const roleArn = functionRoleArn(aws.accountId, name);
    const handler = (event: unknown) => invoke(name, event);
    aws.lambda.deploy({ functionName: nameOf(name), roleArn, environment, handler });
    aws.iam.putRolePolicy(roleArn, neverReadSecrets);
  }
  aws.lambda.addEventSourceMapping({
    functionName: nameOf('rotation-worker'),
    eventSourceArn: aws.sqs.queueArn(queueUrl),
  });
  for (const name of alarmNames) aws.cloudWatch.setAlarm(nameOf(name), 'OK');
}
