// cli/commands/doctor.ts, cli/doctor/deployment.ts, cli/doctor/finding.ts, cli/doctor/hand-on.ts, cli/doctor/messages.ts
import { readFileSync } from 'node:fs';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { functionNames } from '../../cli/doctor/deployment.ts';
import { outputs } from '../../cli/output.ts';
import { createLocalAws } from '../../local/aws/aws.ts';
import { functionRoleArn, operatorCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { deployFunctions } from '../../local/host/deployment.ts';
import { createResources, type Resources } from '../../local/host/set-up.ts';
import * as built from '../../scripts/build.ts';
import { keyturn } from '../support/terminal.ts';

const aws = createLocalAws({ now: Date.UTC(2026, 10, 28), ticking: true });
let server: LocalServer;
let resources: Resources;

beforeAll(async () => {
  server = await startServer(aws);
});
afterAll(() => server.close());
beforeEach(async () => {
  await order([]);
  aws.reset();
  aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 85 }], tags: { 'keyturn:owner': 'team-a' } });
  aws.iam.addUser({ userName: 'bob', keys: [{ ageDays: 5 }] });
  resources = createResources(aws);
  deployFunctions(aws, resources, async () => ({}));
});

function order(rules: unknown): Promise<Response> {
  return fetch(`${server.url}/_local/faults`, { method: 'POST', body: JSON.stringify(rules) });
}

const denied = (service: string, operation: string, code = 'AccessDenied') =>
  order([{ service, operation, times: 99, fault: { kind: 'error', status: 403, code, message: 'not authorized' } }]);

function doctor(...args: string[]) {
  const environment = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
  };
  return keyturn(['doctor', '--stage', 'local', ...args], { environment, now: aws.clock.now() });
}

/** The lines of one check, with the way out below it. */
function lines(stdout: string, check: string): string {
  const found = stdout.split('\n');
  const first = found.findIndex((line) => line.slice(11).startsWith(`${check} `));
  const rest = found.slice(first + 1);
  const end = rest.findIndex((line) => !line.startsWith(' '));
  return [found[first], ...rest.slice(0, end)].join('\n');
}

const client = () => ({ endpoint: server.url, region: 'eu-west-1', credentials: operatorCredentials });

it('finds nothing in a sound deployment, and ends with 0', async () => {
  const { code, stdout, stderr } = await doctor();
  expect(stdout).toBe(`✔ ok       caller     arn:aws:sts::111122223333:assumed-role/operator/local
✔ ok       functions  9 of 9 are there and active, nodejs24.x
✔ ok       settings   they parse; enforce is on
✔ ok       worker     its queue feeds it
✔ ok       queues     0 waiting, 0 dead letters
✔ ok       topic      a subscription hears of every user who is due soon
✔ ok       roles      9 of 9 are explicitly denied to read a secret (simulated)
✔ ok       alarms     16 of 16 are quiet
✔ ok       records    nothing was left half-done
0 faults, 0 warnings.
`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('prints one document with --json', async () => {
  const { code, stdout } = await doctor('--json');
  expect(code).toBe(0);
  const { accounts } = outputs.doctor.parse(JSON.parse(stdout));
  expect(accounts).toMatchObject([
    { accountId: '111122223333', region: 'eu-west-1', stage: 'local', faults: 0, warnings: 0 },
  ]);
  expect(accounts[0]?.checks[4]).toEqual({
    check: 'queues',
    verdict: 'ok',
    says: '0 waiting, 0 dead letters',
    todo: [],
  });
});

it('makes no call but those of its table, and changes nothing', async () => {
  const table = readFileSync('docs/cli-permissions.md', 'utf8');
  const allowed = [...table.matchAll(/`(\w+:\w+)`/g)].map(([, action]) => action);
  await doctor();
  const names = [...new Set(aws.calls.map(({ service, operation }) => `${service}:${operation}`))];
  expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
  expect(names).toContain('iam:SimulatePrincipalPolicy');
  expect(aws.calls.filter(({ operation }) => !/^(Get|List|Describe|Simulate|Generate)/.test(operation))).toEqual([]);
});

it('looks at every function that there is', async () => {
  expect(functionNames.toSorted()).toEqual(await built.functionNames());
});

describe('a fault', () => {
  const role = () => functionRoleArn(aws.accountId, 'rotate-user');
  const deploy = (change: Partial<Parameters<typeof aws.lambda.deploy>[0]>, name = 'rotate-user') =>
    aws.lambda.deploy({
      functionName: `keyturn-local-${name}`,
      roleArn: role(),
      environment: resources.environment,
      handler: async () => ({}),
      ...change,
    });

  it.each<[check: string, says: RegExp, way: RegExp, make: () => unknown]>([
    ['functions', /keyturn-local-rotate-user is Failed/, /Deploy the stack again/, () => deploy({ state: 'Failed' })],
    [
      'settings',
      /KEYTURN_GRACE_DAYS/,
      /Correct it, and deploy again/,
      () => deploy({ environment: { ...resources.environment, KEYTURN_GRACE_DAYS: 'x' } }, 'scheduled-rotation'),
    ],
    [
      'roles',
      /secretsmanager:GetSecretValue and secretsmanager:BatchGetSecretValue is not explicitly denied to .*operator/,
      /never-read-secrets/,
      () => deploy({ roleArn: aws.iam.addRole({ name: 'operator' }).arn }),
    ],
    [
      'alarms',
      /keyturn-local-dead-letters: 1 datapoint/,
      /docs\/operations\.md/,
      () => aws.cloudWatch.setAlarm('keyturn-local-dead-letters', 'ALARM', '1 datapoint was greater'),
    ],
    [
      'topic',
      /no confirmed subscription hears of owner team-a \(1 user due within 14 days\)/,
      /keyturn subscribe --owner 'team-a' --email <address> --stage local/,
      () =>
        deploy(
          { environment: { ...resources.environment, KEYTURN_TOPIC_ARN: aws.sns.addTopic('x', []) } },
          'scheduled-rotation',
        ),
    ],
  ])('of %s is said with the way out, and ends with 3', async (check, says, way, make) => {
    await make();
    const { code, stdout } = await doctor();
    expect(lines(stdout, check)).toMatch(/^✖ fault {4}/);
    expect(lines(stdout, check)).toMatch(says);
    expect(lines(stdout, check).split('\n')[1]).toMatch(way);
    expect(stdout).toMatch(/\n1 fault, 0 warnings\.\n$/);
    expect(code).toBe(3);
  });

  it('is a paused worker', async () => {
    const environment = { AWS_ENDPOINT_URL: server.url, AWS_REGION: 'eu-west-1' };
    const keys = { AWS_ACCESS_KEY_ID: 'ASIAOPERATOR', AWS_SECRET_ACCESS_KEY: 'local' };
    await keyturn(['pause', '--yes', '--stage', 'local'], { environment: { ...environment, ...keys } });
    const { code, stdout } = await doctor();
    expect(lines(stdout, 'worker')).toContain('it is paused: nothing is rotated by schedule');
    expect(lines(stdout, 'worker')).toContain('keyturn resume --stage local');
    expect(code).toBe(3);
  });

  it('is a dead letter, or a run that failed', async () => {
    const sqs = new SQSClient({ ...client(), useQueueUrlAsEndpoint: false });
    const { deadLetterQueueUrl: QueueUrl } = resources;
    const message = { MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' };
    await sqs.send(new SendMessageCommand({ QueueUrl, ...message }));
    await sqs.send(new CreateQueueCommand({ QueueName: 'keyturn-local-failures' }));
    const failures = QueueUrl.replace(/[^/]+$/, 'keyturn-local-failures');
    await sqs.send(new SendMessageCommand({ QueueUrl: failures, MessageBody: 'x' }));
    const { code, stdout } = await doctor();
    expect(stdout).toContain('the worker gave up on 1 message\n');
    expect(stdout).toContain('1 message of runs that failed or never took place\n');
    expect(stdout).toContain('aws sqs start-message-move-task');
    expect(code).toBe(3);
  });

  it('is nothing deployed at all: 64', async () => {
    const ran = await doctor('--stage', 'prod');
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain('There is no deployment keyturn-prod in eu-west-1 of account 111122223333');
  });
});

describe('a warning', () => {
  it('is a dry run', async () => {
    aws.lambda.deploy({
      functionName: 'keyturn-local-scheduled-rotation',
      roleArn: functionRoleArn(aws.accountId, 'scheduled-rotation'),
      environment: { ...resources.environment, KEYTURN_ENFORCE: 'false' },
      handler: async () => ({}),
    });
    const { code, stdout } = await doctor();
    expect(lines(stdout, 'settings')).toMatch(/^! warning {2}settings {3}they parse; enforce is off/);
    expect(code).toBe(0);
  });

  it('is an intent older than its deadline, by the tags as they are recorded', async () => {
    const userId = aws.iam.users().find(({ userName }) => userName === 'alice')?.userId ?? '';
    const mac = `1${'a'.repeat(22)}`;
    const Tags = [
      { Key: 'keyturn:made', Value: `2026-11-01T00:00:00Z ${mac}` },
      {
        Key: 'keyturn:doing',
        Value: `issue 2026-11-27T22:00:00Z 2026-11-27T23:20:00Z 00000000-0000-4000-8000-000000000001 - - ${mac}`,
      },
    ];
    const secrets = new SecretsManagerClient(client());
    await secrets.send(new CreateSecretCommand({ Name: `keyturn/${userId}/access-key`, SecretString: 'x', Tags }));
    const { code, stdout } = await doctor();
    expect(lines(stdout, 'records')).toMatch(/1 intent is older than its deadline: alice \(issue, 40 min\)/);
    expect(lines(stdout, 'records')).toContain('keyturn status alice --stage local');
    expect(code).toBe(0);
  });
});

describe('a role that hands keys on', () => {
  const arn = 'arn:aws:iam::111122223333:role/keyturn-hand-on-shop';

  async function withReader(handedOn?: string) {
    const readers = JSON.stringify([{ arn, users: ['alice'], handOn: true }]);
    aws.lambda.deploy({
      functionName: 'keyturn-local-scheduled-rotation',
      roleArn: functionRoleArn(aws.accountId, 'scheduled-rotation'),
      environment: { ...resources.environment, KEYTURN_READER_ARNS: readers },
      handler: async () => ({}),
    });
    const userId = aws.iam.users().find(({ userName }) => userName === 'alice')?.userId ?? '';
    const Tags = handedOn === undefined ? [] : [{ Key: 'keyturn:handed-on', Value: handedOn }];
    const secrets = new SecretsManagerClient(client());
    await secrets.send(new CreateSecretCommand({ Name: `keyturn/${userId}/access-key`, SecretString: 'x', Tags }));
    return doctor();
  }

  it('and has never handed one on: its stack is missing', async () => {
    const { code, stdout } = await withReader();
    expect(lines(stdout, 'hand-on')).toContain(`! warning  hand-on    no key of 1 user was ever handed on by ${arn}`);
    expect(lines(stdout, 'hand-on')).toContain('take handOn out of readerArns');
    expect(code).toBe(0);
  });

  it('and has done so', async () => {
    const { stdout } = await withReader('2026-11-27T22:00:00Z done AKIAEXAMPLE000000001 0123456789abcdef shop');
    expect(lines(stdout, 'hand-on')).toContain('1 of 1 users are handed on');
  });
});

describe('what may not be read', () => {
  it.each([
    ['functions', 'lambda', 'GetFunctionConfiguration', 'AccessDeniedException'],
    ['worker', 'lambda', 'ListEventSourceMappings', 'AccessDeniedException'],
    ['queues', 'sqs', 'GetQueueAttributes', 'AccessDeniedException'],
    ['roles', 'iam', 'SimulatePrincipalPolicy', 'AccessDenied'],
    ['alarms', 'cloudwatch', 'DescribeAlarms', 'AccessDeniedException'],
    ['records', 'iam', 'GetAccountAuthorizationDetails', 'AccessDenied'],
  ])('cannot be told of %s, and is no fault', async (check, service, operation, code) => {
    await denied(service, operation, code);
    const ran = await doctor();
    expect(lines(ran.stdout, check)).toMatch(/^\? unknown {2}\w+ +cannot tell: /);
    expect(lines(ran.stdout, check)).toContain(`${service}:${operation}`);
    expect(ran.code).toBe(0);
  });
});
