// The hub's package: what a fleet adds, and that it adds nothing to a stack without one.
import { beforeAll, describe, expect, it } from 'vitest';
import { readFleetFile } from '../../scripts/fleet.ts';
import { fleetMetricNames } from '../../shared/aws/runtime.ts';
import { targetOf } from '../../shared/core/config-events.ts';
import { knowFleet, rolesTaken } from '../../shared/core/fleet/policy.ts';
import { comparable, readPermissions, statementsOfFunction } from '../support/permissions-table.ts';
import { type Packaged, packageVariant } from './package-stack.ts';
import { ACCOUNT, deploy, type JsonObject, list, object, REGION, type Stack, statementsOf } from './template.ts';
import { FLEET } from './variants.ts';
import { unzip } from './zip.ts';

let alone: Packaged;
let hub: Packaged;
let stack: Stack;

beforeAll(async () => {
  [alone, hub] = await Promise.all([packageVariant('default'), packageVariant('fleet')]);
  stack = deploy(hub.template);
}, 120_000);

const filesOf = ({ zips }: Packaged, name: string) => unzip(zips.get(name) ?? Buffer.alloc(0));

describe('fleet.json', () => {
  it('lies beside the code of the functions that take roles of members', async () => {
    const having = [...hub.zips.keys()].filter((name) => filesOf(hub, name).has(`dist/${name}/fleet.json`));
    expect(having.toSorted()).toEqual(knowFleet.toSorted());
    const text = String(filesOf(hub, 'rotation-worker').get('dist/rotation-worker/fleet.json'));
    expect(JSON.parse(text)).toEqual((await readFleetFile(FLEET.fleet)).fleet);
  });

  it('is all that changes in a package', () => {
    for (const name of Object.keys(rolesTaken)) {
      const [before, after] = [filesOf(alone, name), filesOf(hub, name)];
      expect(before.size).toBeGreaterThan(0);
      after.delete(`dist/${name}/fleet.json`);
      expect([...after].map(([file, content]) => [file, String(content)])).toEqual(
        [...before].map(([file, content]) => [file, String(content)]),
      );
    }
  });
});

const ROLES = {
  'scheduled-rotation': 'ScheduledRotationRole',
  'rotation-worker': 'RotationWorkerRole',
  'rotate-user': 'RotateUserRole',
  'exposed-key': 'ExposedKeyRole',
  'config-rule': 'ConfigRuleRole',
  'config-remediation': 'ConfigRemediationRole',
} satisfies Record<keyof typeof rolesTaken, string>;
const queueArn = (name: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT}:keyturn-dev-${name}`;
const functionArn = (name: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:keyturn-dev-${name}`;
const propertiesOf = (id: string): JsonObject => object(stack.properties(id));

describe('without a fleet', () => {
  it('nothing of one is there, and what both have is the same, but for what the next tests name', () => {
    const changed = Object.entries(alone.template.Resources).filter(([id, resource]) => {
      const withoutVersion = (each: unknown) =>
        JSON.stringify(each).replaceAll(/serverless\/keyturn\/dev\/[^"/]+/g, '');
      return withoutVersion(resource) !== withoutVersion(hub.template.Resources[id]);
    });
    expect(changed.map(([id]) => id)).toEqual([
      'ScheduledDashrotationLambdaFunction',
      'RotationDashworkerLambdaFunction',
      'RotationDashworkerEventSourceMappingSQSRotationQueue',
      'FailureQueuePolicy',
      'Dashboard',
    ]);
    expect(JSON.stringify(alone.template)).not.toMatch(/fleet|organizations|ResourceOrg/i);
  });
});

describe('concurrency', () => {
  it('is what fleet.yml says, and two passes without one', () => {
    const passesOf = ({ template }: Packaged) =>
      object(template.Resources.RotationDashworkerEventSourceMappingSQSRotationQueue?.Properties.ScalingConfig);
    expect([passesOf(alone), passesOf(hub)]).toEqual([{ MaximumConcurrency: 2 }, { MaximumConcurrency: 50 }]);
    expect(propertiesOf('AccountsMapping')).toMatchObject({
      EventSourceArn: queueArn('accounts'),
      FunctionName: functionArn('scheduled-rotation'),
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 20 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    // The mapping is refused while the role may not read the queue.
    expect(hub.template.Resources.AccountsMapping?.DependsOn).toEqual(['ScheduledRotationFleetPolicy']);
  });
});

describe('the queues', () => {
  it('of accounts waits six timeouts of the function, and gives up after three receives', () => {
    expect(propertiesOf('AccountsQueue')).toMatchObject({
      QueueName: 'keyturn-dev-accounts',
      VisibilityTimeout: 6 * Number(propertiesOf('ScheduledDashrotationLambdaFunction').Timeout),
      RedrivePolicy: { deadLetterTargetArn: queueArn('accounts-dead'), maxReceiveCount: 3 },
    });
    expect(propertiesOf('AccountsDeadLetterQueue')).toMatchObject({
      MessageRetentionPeriod: 14 * 86_400,
      RedriveAllowPolicy: { sourceQueueArns: [queueArn('accounts')] },
    });
  });

  it('of results keeps them for the days that a digest may fail, the one of tickets for the day they are of', () => {
    expect(propertiesOf('ResultsQueue')).toMatchObject({ MessageRetentionPeriod: 4 * 86_400, VisibilityTimeout: 300 });
    expect(propertiesOf('TicketsQueue')).toMatchObject({
      QueueName: 'keyturn-dev-tickets.fifo',
      FifoQueue: true,
      MessageRetentionPeriod: 86_400,
    });
  });

  it('are open to TLS alone', () => {
    const { Queues, PolicyDocument } = propertiesOf('FleetQueuePolicy');
    const [statement] = list(object(PolicyDocument).Statement).map(object);
    expect(list(Queues)).toHaveLength(4);
    expect([statement?.Sid, statement?.Effect, list(statement?.Resource).map(String).toSorted()]).toEqual([
      'OnlyTls',
      'Deny',
      ['accounts', 'accounts-dead', 'results', 'tickets.fifo'].map(queueArn),
    ]);
  });

  it('are known to the functions that use them', () => {
    const variablesOf = (id: string) => object(object(propertiesOf(id).Environment).Variables);
    const url = (name: string) => `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/keyturn-dev-${name}`;
    expect(variablesOf('ScheduledDashrotationLambdaFunction')).toMatchObject({
      KEYTURN_ACCOUNTS_QUEUE_URL: url('accounts'),
      KEYTURN_ACCOUNTS_DEAD_LETTER_QUEUE_URL: url('accounts-dead'),
      KEYTURN_RESULTS_QUEUE_URL: url('results'),
      // What check compares the members' roles with.
      KEYTURN_KEEP_EVIDENCE: 'false',
      KEYTURN_CREATE_ORGANIZATION_CONFIG_RULE: 'false',
      KEYTURN_TICKETS_QUEUE_URL: url('tickets.fifo'),
    });
    expect(variablesOf('RotationDashworkerLambdaFunction')).toMatchObject({
      KEYTURN_TICKETS_QUEUE_URL: url('tickets.fifo'),
      KEYTURN_BREAKER_ALARM_NAME: String(propertiesOf('ProofsFailing').AlarmName),
    });
  });
});

describe('events of members', () => {
  it('come by a bus of their own, which is open to the organization, for what AWS itself says', () => {
    const { Statement, EventBusName } = propertiesOf('FleetBusPolicy');
    expect([EventBusName, propertiesOf('FleetBus').Name]).toEqual(['keyturn-dev', 'keyturn-dev']);
    expect(Statement).toEqual({
      Effect: 'Allow',
      Principal: '*',
      Action: 'events:PutEvents',
      Resource: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/keyturn-dev`,
      Condition: {
        StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' },
        'ForAllValues:StringEquals': { 'events:source': ['aws.health', 'aws.config'] },
      },
    });
  });

  it.each([
    ['FleetExposedKeyRule', 'ExposedKeyRule', 'exposed-key'],
    ['FleetConfigComplianceRule', 'ConfigComplianceRule', 'config-remediation'],
  ])('%s takes what %s takes, and leaves what failed with the others', (id, own, name) => {
    const { EventPattern, EventBusName, Targets, Name } = propertiesOf(id);
    expect([EventPattern, EventBusName]).toEqual([propertiesOf(own).EventPattern, 'keyturn-dev']);
    expect(Targets).toMatchObject([{ Arn: functionArn(name), DeadLetterConfig: { Arn: queueArn('failures') } }]);
    expect(propertiesOf(`${id}Permission`)).toMatchObject({
      FunctionName: functionArn(name),
      Principal: 'events.amazonaws.com',
      SourceArn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${String(Name)}`,
    });
    const [reporting] = list(object(propertiesOf('FailureQueuePolicy').PolicyDocument).Statement).map(object);
    expect(reporting?.Sid).toBe('RulesReportFailures');
    expect(list(object(object(reporting?.Condition).ArnEquals)['aws:SourceArn'])).toEqual(
      ['exposed-key', 'config-remediation', 'fleet-exposed-key', 'fleet-config-remediation'].map(
        (rule) => `arn:aws:events:${REGION}:${ACCOUNT}:rule/keyturn-dev-${rule}`,
      ),
    );
  });
});

describe('the rule of AWS Config for the organization', () => {
  it('is not there unless it is asked for', () => {
    expect(stack.properties('OrganizationConfigRule')).toBeUndefined();
    expect(stack.properties('OrganizationConfigRulePermission')).toBeUndefined();
  });

  it("asks the hub's function daily in every account that is not excluded by its number", () => {
    const asking = deploy(hub.template, { CreateOrganizationConfigRule: true });
    const rule = object(asking.properties('OrganizationConfigRule'));
    expect(rule).toMatchObject({
      OrganizationConfigRuleName: 'keyturn-dev-access-keys',
      ExcludedAccounts: ['777788889999'],
      OrganizationCustomRuleMetadata: {
        LambdaFunctionArn: functionArn('config-rule'),
        OrganizationConfigRuleTriggerTypes: ['ScheduledNotification'],
        MaximumExecutionFrequency: 'TwentyFour_Hours',
      },
    });
    // The limit is that of each account.
    expect(rule.OrganizationCustomRuleMetadata).not.toHaveProperty('InputParameters');
    expect(asking.properties('OrganizationConfigRulePermission')).toEqual({
      FunctionName: functionArn('config-rule'),
      Action: 'lambda:InvokeFunction',
      Principal: 'config.amazonaws.com',
    });
    expect(hub.template.Resources.OrganizationConfigRule?.DependsOn).toEqual(['OrganizationConfigRulePermission']);
  });

  it('has a name whose verdicts in the members the hub takes for its own', () => {
    const { OrganizationConfigRuleName: name } = object(
      deploy(hub.template, { CreateOrganizationConfigRule: true }).properties('OrganizationConfigRule'),
    );
    const verdict = { kind: 'compliance', ruleName: `OrgConfigRule-${String(name)}-dbgzf8ba` } as const;
    const about = {
      resourceType: 'AWS::IAM::User',
      resourceId: 'AIDAEXAMPLE1234567890',
      complianceType: 'NON_COMPLIANT',
    };
    expect(targetOf({ ...verdict, ...about }, '')).toEqual({ userId: about.resourceId });
  });
});

it('the digest is asked for by a schedule of its own, which says when it was due', () => {
  expect(propertiesOf('FleetDigestSchedule')).toMatchObject({
    ScheduleExpression: 'cron(0 10 * * ? *)',
    Target: {
      Arn: functionArn('scheduled-rotation'),
      Input: '{"digest":true,"scheduledAt":"<aws.scheduler.scheduled-time>"}',
      DeadLetterConfig: { Arn: queueArn('failures') },
    },
  });
});

describe('what the roles may do besides', () => {
  const deployment = {
    account: ACCOUNT,
    region: REGION,
    stage: 'dev',
    userPathPrefix: '/',
    secretPrefix: 'keyturn',
    organizationId: 'o-a1b2c3d4e5',
    // None is given to this package.
    trailLogGroupName: '',
  };

  const all = {
    ...ROLES,
    'evidence-collector': 'EvidenceCollectorRole',
    'evidence-recorder': 'EvidenceRecorderRole',
  };

  it.each(Object.entries(all))('%s has what both tables of docs/security.md say, and no more', (name, role) => {
    const tables = [...readPermissions(deployment), ...readPermissions(deployment, 'with a fleet')];
    // With all that a deployment can ask for.
    const conditions = Object.fromEntries(Object.keys(hub.template.Conditions).map((each) => [each, true]));
    const complete = deploy(hub.template, { ...conditions, HasTopicKey: false });
    expect(comparable(statementsOf(complete, role))).toEqual(comparable(statementsOfFunction(tables, name)));
  });

  it('is to take roles of members, each function its own, and every denial before', () => {
    const policies = stack.ofType('AWS::IAM::ManagedPolicy').filter((id) => id.startsWith('Fleet'));
    expect(policies).toHaveLength(1 + Object.keys(rolesTaken).length);
    const granting = policies.filter((id) => id !== 'FleetDenials1');
    for (const id of granting) expect([id, hub.template.Resources[id]?.DependsOn]).toEqual([id, ['FleetDenials1']]);
    const takers = granting.flatMap((id) => list(propertiesOf(id).Roles));
    expect(takers.toSorted()).toEqual(list(propertiesOf('FleetDenials1').Roles).toSorted());
    expect(takers.toSorted()).toEqual(
      Object.values(ROLES)
        .map((role) => String(propertiesOf(role).RoleName))
        .toSorted(),
    );
  });

  it('is not for secret-rotation, which knows the account of the hub alone', () => {
    const before = statementsOf(deploy(alone.template), 'SecretRotationRole');
    expect(statementsOf(stack, 'SecretRotationRole')).toEqual(before);
  });
});

describe('alarms', () => {
  it('tell of accounts that could not be scanned, of a digest that does not come, and of keys that do not work', () => {
    const of = (id: string) => propertiesOf(id);
    expect(of('AccountDeadLetters').Dimensions).toEqual([{ Name: 'QueueName', Value: 'keyturn-dev-accounts-dead' }]);
    expect(of('UncollectedResults').Dimensions).toEqual([{ Name: 'QueueName', Value: 'keyturn-dev-results' }]);
    expect(of('ProofsFailing')).toMatchObject({
      AlarmName: 'keyturn-dev-proofs-failing',
      Namespace: 'Keyturn',
      MetricName: 'NotProven',
      Dimensions: [{ Name: 'service', Value: 'keyturn-dev' }],
      Threshold: 5,
      Period: 900,
    });
    const actions = ['AccountDeadLetters', 'UncollectedResults', 'ProofsFailing'].map((id) => of(id).AlarmActions);
    for (const each of actions) expect(each).toEqual([String(stack.output('TopicArn'))]);
  });
});

describe('the dashboard', () => {
  const widgetsOf = (of: Stack): JsonObject[] =>
    list(object(JSON.parse(String(of.properties('Dashboard')?.DashboardBody))).widgets).map((widget) =>
      object(object(widget).properties),
    );

  it("has the fleet's metrics, queues and alarms behind everything that it has without one", () => {
    const withoutFleet = deploy(alone.template);
    const before = widgetsOf(withoutFleet);
    expect(withoutFleet.properties('Dashboard')?.DashboardBody).toMatch(/\n {4}\}\n {2}\]\n\}\n$/);
    expect(widgetsOf(stack).slice(0, before.length)).toEqual(before);
    const added = widgetsOf(stack).slice(before.length);
    const metrics = added.flatMap(({ metrics: shown }) => list(shown).map((line) => list(line).map(String)));
    const ours = metrics.filter(([namespace]) => namespace === 'Keyturn');
    expect(ours.map(([, name]) => name).toSorted()).toEqual(fleetMetricNames.toSorted());
    expect(new Set(ours.map(([, , dimension, value]) => `${dimension}=${value}`))).toEqual(
      new Set(['service=keyturn-dev']),
    );
    const queues = stack.ofType('AWS::SQS::Queue').map((id) => propertiesOf(id).QueueName);
    for (const [namespace, , , queue] of metrics) if (namespace === 'AWS/SQS') expect(queues).toContain(queue);
    const alarms = ['AccountDeadLetters', 'UncollectedResults', 'ProofsFailing'].map(
      (id) => `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${String(propertiesOf(id).AlarmName)}`,
    );
    expect(added.flatMap(({ alarms: shown }) => list(shown))).toEqual(alarms);
    for (const { metrics: shown, region } of added) if (shown !== undefined) expect(region).toBe(REGION);
  });
});

it('what members are given is in the outputs', () => {
  expect(['HubAccountId', 'FleetExternalId', 'FleetBusArn'].map((name) => stack.output(name))).toEqual([
    ACCOUNT,
    '3f0e2c52a9d14b67',
    `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/keyturn-dev`,
  ]);
  expect(Object.keys(alone.template.Outputs)).not.toContain('FleetBusArn');
});
