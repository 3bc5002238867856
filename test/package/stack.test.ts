import { beforeAll, describe, expect, it } from 'vitest';
import { functionNames } from '../../scripts/build.ts';
import { environmentName, settingSpecs } from '../../shared/core/settings.ts';
import { packageStack, packageVariant } from './package-stack.ts';
import { deploy, type JsonObject, list, object, type Stack, type Template } from './template.ts';
import { FROM_ELSEWHERE, GIVEN } from './variants.ts';

const names = await functionNames();
/** Made by the stack, so that no parameter can point them elsewhere. */
const MADE_BY_THE_STACK = ['KEYTURN_QUEUE_URL', 'KEYTURN_DEAD_LETTER_QUEUE_URL'];
/** Where the code's default is empty, and the stack knows better. */
const FROM_THE_STACK: Record<string, string> = {
  deadLetterQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/keyturn-dev-rotation-dead.fifo',
  secretRotationFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-dev-secret-rotation',
  stateKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/StateKey',
};

let template: Template;
let stack: Stack;

beforeAll(async () => {
  ({ template } = await packageStack());
  stack = deploy(template);
}, 120_000);

function only(type: string): JsonObject {
  const ids = stack.ofType(type);
  expect(ids).toHaveLength(1);
  return stack.properties(ids[0] ?? '') ?? {};
}

function functions(): JsonObject[] {
  return stack.ofType('AWS::Lambda::Function').map((id) => stack.properties(id) ?? {});
}

function functionOf(name: string): JsonObject {
  const found = functions().find(({ FunctionName }) => FunctionName === `keyturn-dev-${name}`);
  if (found === undefined) throw new Error(`The template has no function ${name}`);
  return found;
}

function environmentOf(properties: JsonObject): JsonObject {
  return object(object(properties.Environment).Variables);
}

it('is the same whatever its functions hold, and whatever else the process packaged before', async () => {
  const folder = /serverless\/keyturn\/dev\/\d+-[^/"]+/g;
  const textOf = (packaged: Template) => JSON.stringify(packaged, undefined, 2).replaceAll(folder, 'folder');
  const { template: last } = await packageVariant('default');
  expect(textOf(last)).toBe(textOf(template));
}, 120_000);

describe('functions', () => {
  it('are those in functions/, each named after its file', () => {
    expect(functions().map(({ FunctionName }) => FunctionName)).toHaveLength(names.length);
    for (const name of names) expect(functionOf(name).Handler).toBe(`dist/${name}/index.handler`);
  });

  it.each(names)('%s runs on Node 24 and ARM, from a package and with a role of its own', (name) => {
    const { Runtime, Architectures, Code, Role } = functionOf(name);
    expect({ Runtime, Architectures }).toEqual({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    expect(object(Code).S3Key).toMatch(new RegExp(`/${name}\\.zip$`));
    expect(functions().filter((other) => other.Role === Role)).toHaveLength(1);
  });

  it.each(names)('%s writes to a log group that is kept for a time', (name) => {
    const groups = stack.ofType('AWS::Logs::LogGroup').map((id) => stack.properties(id));
    expect(groups).toContainEqual({ LogGroupName: `/aws/lambda/keyturn-dev-${name}`, RetentionInDays: 90 });
  });

  it('have the time and memory they need', () => {
    const limits = Object.fromEntries(
      names.map((name) => [name, [functionOf(name).Timeout, functionOf(name).MemorySize]]),
    );
    expect(limits).toMatchObject({
      'scheduled-rotation': [900, 512],
      'rotation-worker': [300, 256],
      'rotate-user': [300, 256],
      'exposed-key': [300, 256],
      'config-rule': [900, 256],
      'config-remediation': [300, 256],
      'secret-rotation': [300, 256],
      'evidence-recorder': [30, 256],
      'evidence-collector': [900, 512],
    });
  });
});

describe('settings', () => {
  it.each(names)('%s gets every setting of the code, and the code knows every variable', (name) => {
    const variables = Object.keys(environmentOf(functionOf(name))).filter((variable) =>
      variable.startsWith('KEYTURN_'),
    );
    expect(variables.sort()).toEqual(Object.keys(settingSpecs).map(environmentName).sort());
  });

  it('that the schedule contradicts are refused', async () => {
    const refused = packageVariant('contradicted');
    await expect(refused).rejects.toThrow(/runEveryDays is 1, but up to 3 days .*: give 3/s);
  }, 120_000);

  it("have the code's defaults, but for what the stack makes", () => {
    for (const [name, { default: fallback }] of Object.entries(settingSpecs)) {
      if (fallback === undefined) continue;
      expect([name, environmentOf(functionOf('rotate-user'))[environmentName(name)]]).toEqual([
        name,
        FROM_THE_STACK[name] ?? fallback,
      ]);
    }
  });

  it('make a dry run unless somebody asks for more', () => {
    for (const properties of functions()) expect(environmentOf(properties).KEYTURN_ENFORCE).toBe('false');
  });

  it('are parameters of the same name', async () => {
    const changed = deploy((await packageVariant('given')).template);
    const variables = environmentOf(changed.properties('RotateDashuserLambdaFunction') ?? {});
    for (const [name, value] of Object.entries(GIVEN)) {
      if (MADE_BY_THE_STACK.includes(environmentName(name))) continue;
      expect([name, variables[environmentName(name)]]).toEqual([name, value]);
    }
    expect(changed.properties('OverdueKey')?.ActionsEnabled).toBe('true');
  }, 120_000);

  it('that the templates would take for another are not deployed', async () => {
    const refused = packageVariant('mistaken');
    await expect(refused).rejects.toThrow('Cannot deploy: createKmsKey is "True": must be true or false');
  }, 120_000);
});

describe('the queue', () => {
  it('is FIFO, waits six timeouts of the worker, and gives up after four receives', () => {
    expect(stack.properties('RotationQueue')).toMatchObject({
      FifoQueue: true,
      VisibilityTimeout: 6 * Number(functionOf('rotation-worker').Timeout),
      RedrivePolicy: { deadLetterTargetArn: arnOfQueue('keyturn-dev-rotation-dead.fifo'), maxReceiveCount: 4 },
    });
  });

  it('has a FIFO dead-letter queue of 14 days, for itself alone', () => {
    expect(stack.properties('RotationDeadLetterQueue')).toMatchObject({
      QueueName: 'keyturn-dev-rotation-dead.fifo',
      FifoQueue: true,
      MessageRetentionPeriod: 14 * 86_400,
      RedriveAllowPolicy: { sourceQueueArns: [arnOfQueue('keyturn-dev-rotation.fifo')] },
    });
  });

  it('feeds two workers at most, one message each, with partial batch responses', () => {
    expect(only('AWS::Lambda::EventSourceMapping')).toMatchObject({
      EventSourceArn: arnOfQueue('keyturn-dev-rotation.fifo'),
      FunctionName: 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-dev-rotation-worker',
      BatchSize: 1,
      Enabled: true,
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });
});

function arnOfQueue(name: string): string {
  return `arn:aws:sqs:eu-west-1:111122223333:${name}`;
}

describe('the schedule', () => {
  it('starts the scan daily with an input of its own, tries again, and leaves what failed in a standard queue', () => {
    const { ScheduleExpression, Target } = only('AWS::Scheduler::Schedule');
    expect(ScheduleExpression).toBe('cron(0 6 * * ? *)');
    expect(Target).toMatchObject({
      Arn: 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-dev-scheduled-rotation',
      Input: '{"scheduledAt":"<aws.scheduler.scheduled-time>"}',
      RetryPolicy: { MaximumRetryAttempts: 10 },
      DeadLetterConfig: { Arn: arnOfQueue('keyturn-dev-failures') },
    });
    expect(stack.properties('FailureQueue')).not.toHaveProperty('FifoQueue');
  });

  it('is not the only way that a failure is kept: asynchronous invocations go to the same queue', () => {
    const all = stack.ofType('AWS::Lambda::EventInvokeConfig').map((id) => stack.properties(id) ?? {});
    // What evidence does not know is in it: nothing is left to keep.
    const configs = all.filter(({ FunctionName }) => FunctionName !== 'keyturn-dev-evidence-collector');
    for (const { DestinationConfig } of configs) {
      expect(DestinationConfig).toEqual({ OnFailure: { Destination: arnOfQueue('keyturn-dev-failures') } });
    }
    // Not the two whose events hold tokens, and not the worker, whose queue keeps what failed.
    const kept = ['config-remediation', 'exposed-key', 'rotate-user', 'scheduled-rotation'];
    expect(configs.map(({ FunctionName }) => FunctionName).sort()).toEqual(kept.map((name) => `keyturn-dev-${name}`));
  });
});

describe('names that others build on', () => {
  it('are the outputs', () => {
    const outputs = [
      'TopicArn',
      'QueueUrl',
      'DeadLetterQueueUrl',
      'RotateUserFunctionName',
      'ScheduledRotationFunctionName',
      'SecretRotationFunctionArn',
      'WorkerMappingId',
      'OwnerPolicyArn',
      'StateKeyArn',
    ];
    expect(Object.fromEntries(outputs.map((name) => [name, stack.output(name)]))).toEqual({
      TopicArn: 'arn:aws:sns:eu-west-1:111122223333:keyturn-dev',
      QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/keyturn-dev-rotation.fifo',
      DeadLetterQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/keyturn-dev-rotation-dead.fifo',
      RotateUserFunctionName: 'keyturn-dev-rotate-user',
      ScheduledRotationFunctionName: 'keyturn-dev-scheduled-rotation',
      SecretRotationFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-dev-secret-rotation',
      WorkerMappingId: 'RotationDashworkerEventSourceMappingSQSRotationQueue',
      OwnerPolicyArn: expect.stringMatching(/^arn:aws:iam::111122223333:policy\//),
      StateKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/StateKey',
    });
  });

  it("include each function's role, with neither stage nor Region, so that a second deployment fails", async () => {
    const suffixed = deploy((await packageVariant('secondStack')).template);
    for (const [deployed, suffix] of [[stack, ''] as const, [suffixed, '-team-a'] as const]) {
      const roles = deployed.ofType('AWS::Lambda::Function').map((id) => deployed.properties(id)?.Role);
      expect(roles.toSorted()).toEqual(
        names.map((name) => `arn:aws:iam::111122223333:role/keyturn/keyturn-${name}${suffix}`).toSorted(),
      );
    }
  }, 120_000);
});

describe('options', () => {
  it('can use a topic that exists', () => {
    const own = stack.ofType('AWS::SNS::Topic');
    const none = deploy(template, { OwnTopic: false }).ofType('AWS::SNS::Topic');
    expect([own, none]).toEqual([['Topic'], []]);
  });

  it('can make a key, for secrets, topic and queues, that outlives the stack', () => {
    expect(stack.ofType('AWS::KMS::Key')).toEqual(['StateKey']);
    const encrypted = deploy(template, { CreateKmsKey: true });
    const variables = environmentOf(encrypted.properties('RotateDashuserLambdaFunction') ?? {});
    expect(variables.KEYTURN_KMS_KEY_ID).toBe('arn:aws:kms:eu-west-1:111122223333:key/KmsKey');
    expect(encrypted.properties('Topic')?.KmsMasterKeyId).toBe('arn:aws:kms:eu-west-1:111122223333:key/KmsKey');
    for (const id of ['RotationQueue', 'RotationDeadLetterQueue', 'FailureQueue']) {
      expect(encrypted.properties(id)?.KmsMasterKeyId).toBe('KmsKey');
    }
    expect(template.Resources.KmsKey?.DeletionPolicy).toBe('Retain');
  });

  it('can use a key that exists for the topic, which no queue is encrypted with', async () => {
    const encrypted = deploy((await packageVariant('fromElsewhere')).template);
    expect(encrypted.properties('Topic')?.KmsMasterKeyId).toBe(FROM_ELSEWHERE.topicKmsKeyArn);
    expect(encrypted.properties('RotationQueue')).not.toHaveProperty('KmsMasterKeyId');
    expect(stack.properties('Topic')).not.toHaveProperty('KmsMasterKeyId');
  }, 120_000);

  it('can put a permissions boundary on every role', async () => {
    const { permissionsBoundaryArn } = FROM_ELSEWHERE;
    const bounded = deploy((await packageVariant('fromElsewhere')).template, { CreateConfigRule: true });
    const boundaries = (deployed: Stack) =>
      deployed.ofType('AWS::IAM::Role').map((id) => deployed.properties(id)?.PermissionsBoundary);
    expect(boundaries(bounded)).toEqual(Array(11).fill(permissionsBoundaryArn));
    expect(boundaries(stack)).toEqual(Array(10).fill(undefined));
  }, 120_000);

  it('leave the partition to AWS: no ARN is of one alone', () => {
    expect(JSON.stringify(template)).not.toMatch(/arn:aws:/);
  });

  it('leave nothing without a transport policy', () => {
    for (const type of ['AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy']) {
      for (const id of stack.ofType(type)) {
        const statements = list(object(stack.properties(id)?.PolicyDocument).Statement).map(object);
        expect(statements.find(({ Sid }) => Sid === 'OnlyTls')).toMatchObject({ Effect: 'Deny', Principal: '*' });
      }
    }
  });
});
