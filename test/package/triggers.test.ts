import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../local/aws/policies/policy.ts';
import { parseRemediationEvent } from '../../shared/core/config-events.ts';
import { matches } from '../support/event-pattern.ts';
import { yamlDocuments } from '../support/yaml.ts';
import { packageVariant } from './package-stack.ts';
import {
  deploy,
  type Json,
  type JsonObject,
  list,
  object,
  type Stack,
  statementsOf,
  type Template,
} from './template.ts';

const LAMBDA = 'arn:aws:lambda:eu-west-1:111122223333:function';
const FAILURES = 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-failures';

let template: Template;
let stack: Stack;
/** With the Config rule. */
let judging: Stack;

beforeAll(async () => {
  ({ template } = await packageVariant('default'));
  stack = deploy(template);
  judging = deploy(template, { CreateConfigRule: true });
}, 120_000);

function sample(name: string): Json {
  return JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8')) as Json;
}

function propertiesOf(id: string, deployed = stack): JsonObject {
  const properties = deployed.properties(id);
  if (properties === undefined) throw new Error(`${id} is not deployed`);
  return properties;
}

function permissionsOf(name: string, deployed: Stack): JsonObject[] {
  const all = deployed.ofType('AWS::Lambda::Permission').map((id) => propertiesOf(id, deployed));
  return all.filter(({ FunctionName }) => FunctionName === `${LAMBDA}:keyturn-dev-${name}`);
}

describe.each([
  [
    'ExposedKeyRule',
    'exposed-key',
    ['exposed-key-health', 'exposed-key-compromised', 'exposed-key-suspected'],
    ['config-remediation-managed'],
  ],
  [
    'ConfigComplianceRule',
    'config-remediation',
    ['config-remediation-managed', 'config-remediation-own', 'config-remediation-security-hub'],
    ['config-remediation-compliant', 'config-remediation-other-type', 'exposed-key-health'],
  ],
])('%s', (id, name, wanted, unwanted) => {
  it('lets through the events that the function is for, and no others', () => {
    const { EventPattern } = propertiesOf(id);
    expect(wanted.filter((event) => !matches(EventPattern, sample(event)))).toEqual([]);
    expect(unwanted.filter((event) => matches(EventPattern, sample(event)))).toEqual([]);
  });

  it('starts the function, which lets this rule in and nobody else', () => {
    const { Targets } = propertiesOf(id);
    expect(Targets).toMatchObject([{ Arn: `${LAMBDA}:keyturn-dev-${name}` }]);
    expect(permissionsOf(name, stack)).toMatchObject([
      {
        Principal: 'events.amazonaws.com',
        Action: 'lambda:InvokeFunction',
        SourceArn: `arn:aws:events:eu-west-1:111122223333:rule/keyturn-dev-${name}`,
      },
    ]);
  });

  it('keeps an event that could not be delivered, in a queue that lets it in', () => {
    expect(propertiesOf(id).Targets).toMatchObject([{ DeadLetterConfig: { Arn: FAILURES } }]);
    const statements = list(object(propertiesOf('FailureQueuePolicy').PolicyDocument).Statement).map(object);
    const arns = object(object(statements.find(({ Sid }) => Sid === 'RulesReportFailures')?.Condition).ArnEquals);
    expect(list(arns['aws:SourceArn'])).toContain(`arn:aws:events:eu-west-1:111122223333:rule/keyturn-dev-${name}`);
  });
});

it('Secrets Manager may start secret-rotation, for this account alone', () => {
  expect(permissionsOf('secret-rotation', stack)).toMatchObject([
    { Principal: 'secretsmanager.amazonaws.com', Action: 'lambda:InvokeFunction', SourceAccount: '111122223333' },
  ]);
});

describe('without the Config rule', () => {
  it('nothing needs AWS Config', () => {
    for (const type of ['AWS::Config::ConfigRule', 'AWS::Config::RemediationConfiguration', 'AWS::SSM::Document']) {
      expect(stack.ofType(type)).toEqual([]);
    }
    expect(permissionsOf('config-rule', stack)).toEqual([]);
    expect(stack.output('ConfigRuleName')).toBeUndefined();
  });

  it('a rule that is made elsewhere is named by a parameter, and may start the function', async () => {
    const given = deploy((await packageVariant('fromElsewhere')).template);
    expect(permissionsOf('config-rule', given)).toHaveLength(1);
    expect(ruleNameOf(given)).toBe('our-own');
    expect(given.ofType('AWS::Config::ConfigRule')).toEqual([]);
  }, 120_000);
});

function ruleNameOf(deployed: Stack): Json | undefined {
  const environment = object(propertiesOf('RotationDashworkerLambdaFunction', deployed).Environment);
  return object(environment.Variables).KEYTURN_CONFIG_RULE_NAME;
}

describe('with the Config rule', () => {
  it('Config asks the function daily, with the limit of the deployment', () => {
    expect(propertiesOf('ConfigRule', judging)).toMatchObject({
      ConfigRuleName: 'keyturn-dev-access-keys',
      InputParameters: { maxAccessKeyAge: '90' },
      Source: {
        Owner: 'CUSTOM_LAMBDA',
        SourceIdentifier: `${LAMBDA}:keyturn-dev-config-rule`,
        SourceDetails: [{ MessageType: 'ScheduledNotification', MaximumExecutionFrequency: 'TwentyFour_Hours' }],
      },
    });
    expect(permissionsOf('config-rule', judging)).toMatchObject([
      { Principal: 'config.amazonaws.com', SourceAccount: '111122223333' },
    ]);
    // Or Config would refuse the rule, since it tries the function.
    expect(template.Resources.ConfigRule?.DependsOn).toEqual(['ConfigRulePermission']);
  });

  it('every function knows its name, and so does the stack', () => {
    expect(ruleNameOf(judging)).toBe('keyturn-dev-access-keys');
    expect(judging.output('ConfigRuleName')).toBe('keyturn-dev-access-keys');
  });

  it('is asked for by a parameter', async () => {
    const asked = deploy((await packageVariant('secondStack')).template);
    expect(asked.ofType('AWS::Config::ConfigRule')).toEqual(['ConfigRule']);
    const { ReservedConcurrentExecutions: most } = propertiesOf('ConfigDashremediationLambdaFunction', asked);
    expect([most, propertiesOf('ConfigDashremediationLambdaFunction').ReservedConcurrentExecutions]).toEqual([
      '2',
      undefined,
    ]);
  }, 120_000);

  it('"Remediate" hands the UserId to config-remediation, only when somebody asks', () => {
    expect(propertiesOf('ConfigRuleRemediation', judging)).toMatchObject({
      ConfigRuleName: 'keyturn-dev-access-keys',
      TargetId: 'keyturn-dev-config-remediation',
      Automatic: false,
      Parameters: { ResourceId: { ResourceValue: { Value: 'RESOURCE_ID' } } },
    });
    const { mainSteps, parameters } = object(propertiesOf('RemediationDocument', judging).Content);
    const [step] = list(mainSteps).map(object);
    expect(step).toMatchObject({
      action: 'aws:invokeLambdaFunction',
      inputs: { FunctionName: 'keyturn-dev-config-remediation' },
    });
    const userId = 'AIDAEXAMPLEEXAMPLE00';
    const payload = String(object(step?.inputs).Payload).replace('{{ ResourceId }}', userId);
    expect(parseRemediationEvent(JSON.parse(payload))).toEqual({ kind: 'direct', userId });
    expect(userId).toMatch(new RegExp(String(object(object(parameters).ResourceId).allowedPattern)));
  });

  it('the automation may start that one function and nothing else, for this account alone', () => {
    const statements = statementsOf(judging, 'RemediationAutomationRole');
    const action = 'lambda:InvokeFunction';
    expect(statements.map(({ actions }) => actions)).toEqual([[action]]);
    expect(decide(statements, { action, resource: `${LAMBDA}:keyturn-dev-config-remediation` })).toBe('allowed');
    expect(decide(statements, { action, resource: `${LAMBDA}:keyturn-dev-rotate-user` })).toBe('not allowed');
    const { AssumeRolePolicyDocument } = propertiesOf('RemediationAutomationRole', judging);
    expect(object(AssumeRolePolicyDocument).Statement).toMatchObject([
      {
        Principal: { Service: 'ssm.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } },
      },
    ]);
  });
});

/** CloudFormation's YAML, with the values of its parameters put in. */
function readForwarder(mainRegion: string, boundary = ''): Template {
  const file = new URL('../../resources/forwarder/exposed-key-forwarder.yml', import.meta.url);
  const text = readFileSync(file, 'utf8')
    .replace(/\$\{MainRegion\}|!Ref MainRegion/g, mainRegion)
    .replaceAll('!Ref PermissionsBoundaryArn', `'${boundary}'`);
  return object(yamlDocuments(text)[0]) as unknown as Template;
}

describe('the forwarder', () => {
  const forwarder = deploy(readForwarder('eu-central-1'));

  it("takes the same events as the rule, to the main Region's default bus", () => {
    const { EventPattern, Targets } = propertiesOf('ExposedKeyRule', forwarder);
    expect(EventPattern).toEqual(propertiesOf('ExposedKeyRule').EventPattern);
    expect(Targets).toMatchObject([
      {
        Arn: 'arn:aws:events:eu-central-1:111122223333:event-bus/default',
        RoleArn: 'arn:aws:iam::111122223333:role/ForwarderRole',
      },
    ]);
  });

  it('may put events on that bus and do nothing else', () => {
    const statements = statementsOf(forwarder, 'ForwarderRole');
    expect(statements).toMatchObject([
      { actions: ['events:PutEvents'], resources: ['arn:aws:events:eu-central-1:111122223333:event-bus/default'] },
    ]);
  });

  it('has a permissions boundary where roles must have one', () => {
    const boundary = 'arn:aws:iam::111122223333:policy/boundary';
    const bounded = deploy(readForwarder('eu-central-1', boundary));
    const { PermissionsBoundary } = propertiesOf('ForwarderRole', bounded);
    expect(PermissionsBoundary).toEqual(boundary);
    expect(propertiesOf('ForwarderRole', forwarder)).not.toHaveProperty('PermissionsBoundary');
  });

  it('does nothing in the main Region itself, where it would feed itself', () => {
    const there = deploy(readForwarder('eu-west-1'));
    expect([...there.ofType('AWS::Events::Rule'), ...there.ofType('AWS::IAM::Role')]).toEqual([]);
  });
});
