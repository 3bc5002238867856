// local/aws/iam/simulation.ts, local/host/deployment.ts

import { readFileSync } from 'node:fs';
import { SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { createLocalAws } from '../../../local/aws/aws.ts';
import { functionRoleArn } from '../../../local/aws/principals.ts';
import { alarmNames, deployFunctions } from '../../../local/host/deployment.ts';
import { functionNames } from '../../../local/host/process.ts';
import { createResources } from '../../../local/host/set-up.ts';
import { refusal, setUp } from './clients.ts';

const PolicySourceArn = functionRoleArn('111122223333', 'rotate-user');
const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyturn/x/access-key-abcdef';

describe('SimulatePrincipalPolicy', () => {
  test('an explicit deny beats an allow, and what no policy names is denied implicitly', async () => {
    const { aws, iam } = setUp();
    const allow = { Effect: 'Allow', Action: 'secretsmanager:*', Resource: `${secret.slice(0, -6)}*` };
    const deny = { Effect: 'Deny', Action: 'secretsmanager:GetSecretValue', Resource: '*' };
    aws.iam.putRolePolicy(PolicySourceArn, { Version: '2012-10-17', Statement: allow });
    aws.iam.putRolePolicy(PolicySourceArn, { Version: '2012-10-17', Statement: [deny] });
    const ActionNames = ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret', 'iam:CreateUser'];
    const { EvaluationResults = [], IsTruncated } = await iam.send(
      new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames, ResourceArns: [secret] }),
    );
    expect(EvaluationResults.map((result) => [result.EvalActionName, result.EvalDecision])).toEqual([
      ['secretsmanager:GetSecretValue', 'explicitDeny'],
      ['secretsmanager:DescribeSecret', 'allowed'],
      ['iam:CreateUser', 'implicitDeny'],
    ]);
    expect(EvaluationResults[0]?.EvalResourceName).toBe(secret);
    expect(IsTruncated).toBe(false);
  });

  test('a role without policies may do nothing, on * unless a resource is named', async () => {
    const { iam } = setUp();
    const { EvaluationResults } = await iam.send(
      new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: ['iam:GetUser'] }),
    );
    expect(EvaluationResults).toMatchObject([{ EvalResourceName: '*', EvalDecision: 'implicitDeny' }]);
  });

  test('of a role that is not there, there is nothing to simulate', async () => {
    const { iam } = setUp();
    const unknown = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: 'arn:aws:iam::111122223333:role/nobody',
      ActionNames: ['iam:GetUser'],
    });
    expect(await refusal(iam.send(unknown))).toMatchObject({ type: 'NoSuchEntityException' });
  });
});

describe('the local deployment', () => {
  test('denies every function’s role to read a secret', async () => {
    const { aws, iam } = setUp();
    deployFunctions(aws, createResources(aws), async () => ({}));
    for (const name of functionNames) {
      const { EvaluationResults } = await iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: `arn:aws:iam::111122223333:role/keyturn/keyturn-${name}`,
          ActionNames: ['secretsmanager:GetSecretValue'],
          ResourceArns: [secret],
        }),
      );
      expect(EvaluationResults).toMatchObject([{ EvalDecision: 'explicitDeny' }]);
    }
  });

  test('has the alarms of the stack', () => {
    const template = readFileSync('resources/monitoring.yml', 'utf8');
    const names = [...template.matchAll(/AlarmName: keyturn-\$\{sls:stage\}-([\w-]+)/g)].map(([, name]) => name);
    expect([...alarmNames].toSorted()).toEqual(names.toSorted());
    expect(createLocalAws().lambda.isDelivering('arn:aws:sqs:eu-west-1:111122223333:q')).toBe(true);
  });
});
