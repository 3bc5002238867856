import { beforeAll, describe, expect, it } from 'vitest';
import { decide, parseStatements, type Request, type Statement } from '../../local/aws/policies/policy.ts';
import { functionNames } from '../../scripts/build.ts';
import { comparable, readPermissions, statementsOfFunction } from '../support/permissions-table.ts';
import { packageVariant } from './package-stack.ts';
import { recordCalls } from './recorded-calls.ts';
import { deploy, type Json, list, object, type Stack, statementsOf, type Template } from './template.ts';
import { FROM_ELSEWHERE } from './variants.ts';

const ROLES: Record<string, string> = {
  'scheduled-rotation': 'ScheduledRotationRole',
  'rotation-worker': 'RotationWorkerRole',
  'rotate-user': 'RotateUserRole',
  'exposed-key': 'ExposedKeyRole',
  'config-rule': 'ConfigRuleRole',
  'config-remediation': 'ConfigRemediationRole',
  'secret-rotation': 'SecretRotationRole',
  'evidence-recorder': 'EvidenceRecorderRole',
  'evidence-collector': 'EvidenceCollectorRole',
};
const names = Object.keys(ROLES);
const WRITE_LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
/** What Lambda itself does with the role: logs, the failure queue, the event source. No handler calls them. */
const MADE_BY_LAMBDA: Record<string, string[]> = {
  'scheduled-rotation': [...WRITE_LOGS, 'sqs:SendMessage'],
  'rotation-worker': [...WRITE_LOGS, 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
  'rotate-user': [...WRITE_LOGS, 'sqs:SendMessage'],
  'exposed-key': [...WRITE_LOGS, 'sqs:SendMessage'],
  'config-rule': WRITE_LOGS,
  'config-remediation': [...WRITE_LOGS, 'sqs:SendMessage'],
  'secret-rotation': WRITE_LOGS,
  'evidence-recorder': [...WRITE_LOGS, 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
  'evidence-collector': WRITE_LOGS,
};
/** Who else has statements, as the table of docs/security.md calls them. */
const OTHERS: Record<string, string> = {
  'the schedule': 'ScheduleRole',
  'the automation': 'RemediationAutomationRole',
};
/**
 * A bucket is of no account by its ARN, but ours has the account in its name, and in each of its keys. Every bucket and
 * every trail are asked how they are set up, and no more.
 */
const OF_THIS_ACCOUNT =
  /^arn:aws:([a-z]+:[a-z0-9-]*:111122223333:.|s3:::keyturn-dev-evidence-111122223333-[a-z0-9-]+($|\/111122223333\/.)|s3:::\*$|cloudtrail:\*:\*:trail\/\*$)/;
const ACCOUNT = 'arn:aws:iam::111122223333';
const STATE_KEY = 'arn:aws:kms:eu-west-1:111122223333:key/StateKey';
const KMS_KEY = 'arn:aws:kms:eu-west-1:111122223333:key/KmsKey';
const SECRETS = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret';

let template: Template;
let stack: Stack;
let recorded: Map<string, Request[]>;
const table = readPermissions({
  account: '111122223333',
  region: 'eu-west-1',
  stage: 'dev',
  userPathPrefix: '/team/',
  secretPrefix: 'keyturn',
});

beforeAll(async () => {
  ({ template } = await packageVariant('ofOnePath'));
  // Without evidence its function has nothing to do, and may do nothing.
  stack = deploy(template, { KeepEvidence: true, SignsEvidence: true, OwnEvidenceKey: true, WatchesAlarms: true });
  recorded = await recordCalls({
    topicArn: String(stack.output('TopicArn')),
    queueArn: 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-rotation.fifo',
    deadLetterQueueArn: 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-rotation-dead.fifo',
    stateKeyArn: STATE_KEY,
    signingKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/EvidenceSigningKey',
    evidenceBucketArn: 'arn:aws:s3:::keyturn-dev-evidence-111122223333-eu-west-1',
  });
}, 120_000);

function statements(name: string, deployed = stack): Statement[] {
  return statementsOf(deployed, ROLES[name] ?? '');
}

function whoMay(request: Request, deployed = stack): string[] {
  return names.filter((name) => decide(statements(name, deployed), request) === 'allowed');
}

it('covers every function', async () => {
  expect(names.toSorted()).toEqual(await functionNames());
  expect([...recorded.keys()].toSorted()).toEqual(await functionNames());
});

describe.each(names)('the role of %s', (name) => {
  it('allows every call that the function was recorded making', () => {
    const refused = (recorded.get(name) ?? []).filter((request) => decide(statements(name), request) !== 'allowed');
    expect(refused).toEqual([]);
  });

  it('allows no action beside those and what Lambda does for it', () => {
    const allowed = statements(name).flatMap(({ effect, actions }) => (effect === 'Allow' ? actions : []));
    const used = [...(recorded.get(name) ?? []).map(({ action }) => action), ...(MADE_BY_LAMBDA[name] ?? [])];
    expect([...new Set(allowed)].sort()).toEqual([...new Set(used)].sort());
  });

  it('names every action, and every resource but where AWS offers nothing narrower', () => {
    for (const { sid, actions, resources } of statements(name)) {
      expect(actions.filter((action) => !/^[a-z0-9]+:[A-Z][A-Za-z]+$/.test(action))).toEqual([]);
      // Why AWS offers nothing narrower is held to AWS's own reference by test/unit/permissions-table.test.ts.
      if (resources.includes('*')) expect(table.find((row) => row.sid === sid)?.on).toBe('`*`');
      else for (const resource of resources) expect(resource).toMatch(OF_THIS_ACCOUNT);
    }
  });

  it('can be taken by Lambda alone', () => {
    const trust = object(stack.properties(ROLES[name] ?? '')?.AssumeRolePolicyDocument);
    expect(list(trust.Statement)).toEqual([
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ]);
  });

  it('never reads a secret, even one whose resource policy it has just rewritten', () => {
    const grant: Statement = {
      sid: 'GrantedToItself',
      effect: 'Allow',
      actions: ['secretsmanager:*'],
      resources: ['*'],
      principals: ['*'],
      conditions: [],
    };
    for (const resource of [
      `${SECRETS}:keyturn/AIDAEXAMPLE/access-key-abcdef`,
      `${SECRETS}:prod/database-abcdef`,
      '*',
    ]) {
      for (const action of ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue']) {
        expect(decide([...statements(name), grant], { action, resource })).toBe('denied');
      }
    }
  });

  it.each([
    ['iam:CreateUser', `${ACCOUNT}:user/team/eve`],
    ['iam:AttachUserPolicy', `${ACCOUNT}:user/team/alice`],
    ['iam:PutUserPolicy', `${ACCOUNT}:user/team/alice`],
    ['iam:CreateLoginProfile', `${ACCOUNT}:user/team/alice`],
    ['iam:TagUser', `${ACCOUNT}:user/team/alice`],
    ['iam:CreateRole', `${ACCOUNT}:role/eve`],
    ['iam:CreatePolicy', `${ACCOUNT}:policy/eve`],
    ['iam:CreatePolicyVersion', `${ACCOUNT}:policy/keyturn`],
    ['iam:PutRolePolicy', `${ACCOUNT}:role/keyturn/keyturn-rotation-worker`],
    ['iam:AttachRolePolicy', `${ACCOUNT}:role/keyturn/keyturn-rotation-worker`],
    ['iam:UpdateAssumeRolePolicy', `${ACCOUNT}:role/keyturn/keyturn-rotation-worker`],
    ['iam:DeleteRolePolicy', `${ACCOUNT}:role/keyturn/keyturn-rotation-worker`],
    ['iam:PassRole', `${ACCOUNT}:role/keyturn/keyturn-rotation-worker`],
    ['sts:AssumeRole', `${ACCOUNT}:role/administrator`],
    ['iam:CreateAccessKey', `${ACCOUNT}:user/eve`],
    ['iam:CreateAccessKey', `${ACCOUNT}:user/teams/eve`],
    ['iam:UpdateAccessKey', `${ACCOUNT}:user/other/team/eve`],
    ['iam:DeleteAccessKey', 'arn:aws:iam::444455556666:user/team/eve'],
    ['secretsmanager:CreateSecret', `${SECRETS}:prod/database-abcdef`],
    ['secretsmanager:PutSecretValue', `${SECRETS}:keyturn-abcdef`],
    ['secretsmanager:PutSecretValue', `${SECRETS}:keyturns/AIDAEXAMPLE/access-key-abcdef`],
    ['secretsmanager:UpdateSecretVersionStage', `${SECRETS}:prod/keyturn/access-key-abcdef`],
    ['secretsmanager:PutResourcePolicy', `${SECRETS}:prod/database-abcdef`],
    ['secretsmanager:DeleteSecret', `${SECRETS}:keyturn/AIDAEXAMPLE/access-key-abcdef`],
    ['secretsmanager:DeleteResourcePolicy', `${SECRETS}:keyturn/AIDAEXAMPLE/access-key-abcdef`],
    ['secretsmanager:ReplicateSecretToRegions', `${SECRETS}:keyturn/AIDAEXAMPLE/access-key-abcdef`],
    ['sns:Publish', 'arn:aws:sns:eu-west-1:111122223333:other'],
    ['sns:Subscribe', 'arn:aws:sns:eu-west-1:111122223333:keyturn-dev'],
    ['sqs:SendMessage', 'arn:aws:sqs:eu-west-1:111122223333:other'],
    ['sqs:PurgeQueue', 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-rotation.fifo'],
    ['lambda:UpdateFunctionCode', 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-dev-rotation-worker'],
    ['kms:Decrypt', 'arn:aws:kms:eu-west-1:111122223333:key/any'],
    ['kms:GenerateMac', 'arn:aws:kms:eu-west-1:111122223333:key/any'],
    ['kms:VerifyMac', STATE_KEY],
    ['kms:PutKeyPolicy', STATE_KEY],
  ])('does not allow %s on %s', (action, resource) => {
    const context = { 'secretsmanager:BlockPublicPolicy': 'true' };
    expect(decide(statements(name), { action, resource, context })).not.toBe('allowed');
  });
});

describe('the table of permissions in docs/security.md', () => {
  let complete: Stack;
  beforeAll(() => {
    // With all that a deployment can ask for; the topic's key is then the stack's own.
    const all = Object.fromEntries(Object.keys(template.Conditions).map((name) => [name, true]));
    complete = deploy(template, { ...all, HasTopicKey: false });
  });

  it.each(Object.entries({ ...ROLES, ...OTHERS }))('has every statement of %s and no other', (who, role) => {
    expect(comparable(statementsOfFunction(table, who))).toEqual(comparable(statementsOf(complete, role)));
  });

  it('has every statement of the policy for owners and no other', () => {
    const policy = parseStatements(object(complete.properties('OwnerPolicy')?.PolicyDocument));
    expect(comparable(statementsOfFunction(table, 'owners'))).toEqual(comparable(policy));
  });

  it('has every statement of the policy for auditors and no other', () => {
    const policy = parseStatements(object(complete.properties('EvidenceReaderPolicy')?.PolicyDocument));
    expect(comparable(statementsOfFunction(table, 'auditors'))).toEqual(comparable(policy));
    const actions = policy.flatMap((statement) => statement.actions);
    expect(actions.filter((action) => !/^(s3:(List|Get)|kms:GetPublicKey$)/.test(action))).toEqual([]);
  });

  it('has every statement of the template about all resources, but for key policies, where `*` is the key itself', () => {
    const wide = (value: Json): string[] => {
      if (typeof value !== 'object' || value === null) return [];
      const own = !Array.isArray(value) && value.Effect !== undefined && list(value.Resource).includes('*');
      return [...(own ? [String(value.Sid)] : []), ...Object.values(value).flatMap(wide)];
    };
    const resources = Object.values(template.Resources).filter(({ Type }) => Type !== 'AWS::KMS::Key');
    const sids = new Set(resources.flatMap(({ Properties }) => wide(Properties)));
    const rows = table.filter(({ on }) => on === '`*`').map(({ sid }) => sid);
    expect([...sids].toSorted()).toEqual(rows.toSorted());
  });

  it('is about every role and policy of the stack', () => {
    const roles = complete.ofType('AWS::IAM::Role');
    expect(roles.toSorted()).toEqual([...Object.values(ROLES), ...Object.values(OTHERS)].toSorted());
    const policies = [...complete.ofType('AWS::IAM::ManagedPolicy'), ...complete.ofType('AWS::IAM::Policy')];
    expect(policies.toSorted()).toEqual(['EvidenceReaderPolicy', 'OwnerPolicy']);
    const known = [...names, ...Object.keys(OTHERS), 'owners', 'auditors'];
    expect(table.flatMap(({ who }) => who).filter((who) => !known.includes(who))).toEqual([]);
  });
});

describe('between the functions', () => {
  const secret = `${SECRETS}:keyturn/AIDAEXAMPLE/access-key-abcdef`;

  it.each([
    ['iam:CreateAccessKey', `${ACCOUNT}:user/team/alice`],
    ['iam:UpdateAccessKey', `${ACCOUNT}:user/team/alice`],
    ['iam:DeleteAccessKey', `${ACCOUNT}:user/team/alice`],
    ['secretsmanager:CreateSecret', secret],
    ['secretsmanager:PutSecretValue', secret],
    ['secretsmanager:TagResource', secret],
    ['secretsmanager:UpdateSecretVersionStage', secret],
  ])('the scan, the Config rule and its remediation write nothing: not %s', (action, resource) => {
    for (const name of ['scheduled-rotation', 'config-rule', 'config-remediation']) {
      expect(decide(statements(name), { action, resource })).toBe('not allowed');
    }
    expect(decide(statements('rotation-worker'), { action, resource })).toBe('allowed');
  });

  it('only a command by hand restores a secret', () => {
    expect(whoMay({ action: 'secretsmanager:RestoreSecret', resource: secret })).toEqual(['rotate-user']);
  });

  it('a rotation by Secrets Manager makes no secret: there is one', () => {
    const makers = ['rotation-worker', 'rotate-user', 'exposed-key'];
    expect(whoMay({ action: 'secretsmanager:CreateSecret', resource: secret })).toEqual(makers);
  });

  it('all but config-remediation and those of evidence sign and verify state, with a key that may be of another Region', async () => {
    const signers = names.filter((name) => name !== 'config-remediation' && !name.startsWith('evidence-'));
    expect(whoMay({ action: 'kms:GenerateMac', resource: STATE_KEY })).toEqual(signers);
    const { stateKeyArn } = FROM_ELSEWHERE;
    const given = deploy((await packageVariant('fromElsewhere')).template);
    expect(whoMay({ action: 'kms:GenerateMac', resource: stateKeyArn }, given)).toEqual(signers);
    expect(whoMay({ action: 'kms:GenerateMac', resource: STATE_KEY }, given)).toEqual([]);
  }, 120_000);

  it('only those that issue, deactivate or delete by themselves see who is subscribed to the topic, and evidence of alarms', () => {
    const resource = 'arn:aws:sns:eu-west-1:111122223333:keyturn-dev';
    const see = ['scheduled-rotation', 'rotation-worker'];
    for (const action of ['sns:ListSubscriptionsByTopic', 'sns:GetSubscriptionAttributes']) {
      expect(whoMay({ action, resource })).toEqual([...see, 'evidence-collector']);
    }
    expect(whoMay({ action: 'sns:GetTopicAttributes', resource })).toEqual(see);
  });

  it('only those that AWS Config and AWS Health start look beyond the path, and evidence, which is of everybody', () => {
    const beyond = `${ACCOUNT}:user/eve`;
    for (const action of ['iam:GetUser', 'iam:ListAccessKeys']) {
      const starters = ['exposed-key', 'config-rule', 'config-remediation'];
      expect(whoMay({ action, resource: beyond })).toEqual([...starters, 'evidence-collector']);
    }
  });

  it('only the Config rule tells AWS Config what it found, and only the worker has it asked again', () => {
    const resource = 'arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-0123ab';
    expect(whoMay({ action: 'config:PutEvaluations', resource: '*' })).toEqual(['config-rule']);
    expect(whoMay({ action: 'config:StartConfigRulesEvaluation', resource })).toEqual(['rotation-worker']);
    expect(whoMay({ action: 'config:PutConfigRule', resource })).toEqual([]);
  });

  it.each(['rotation-worker', 'rotate-user', 'exposed-key', 'secret-rotation'])(
    '%s puts no resource policy that AWS has not checked for public access',
    (name) => {
      const put = { action: 'secretsmanager:PutResourcePolicy', resource: secret };
      const withCheck = (value: string) => ({ ...put, context: { 'secretsmanager:BlockPublicPolicy': value } });
      expect(decide(statements(name), withCheck('true'))).toBe('allowed');
      expect(decide(statements(name), withCheck('false'))).toBe('not allowed');
      expect(decide(statements(name), put)).toBe('not allowed');
    },
  );
});

describe('with a key of its own', () => {
  const via = { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' };
  const secretContext = (arn: string) => ({ ...via, 'kms:EncryptionContext:SecretARN': arn });
  let encrypted: Stack;
  beforeAll(() => {
    encrypted = deploy(template, { CreateKmsKey: true });
  });

  function use(name: string, context: Record<string, string>, action = 'kms:GenerateDataKey') {
    return decide(statements(name, encrypted), { action, resource: KMS_KEY, context });
  }

  it.each(['rotation-worker', 'rotate-user', 'exposed-key', 'secret-rotation'])(
    '%s encrypts its own secrets through Secrets Manager and nothing else',
    (name) => {
      const ours = `${SECRETS}:keyturn/AIDAEXAMPLE/access-key-abcdef`;
      expect(use(name, secretContext(ours))).toBe('allowed');
      expect(use(name, secretContext('RequestToValidateKeyAccess'))).toBe('allowed');
      expect(use(name, secretContext(`${SECRETS}:prod/database-abcdef`))).toBe('not allowed');
      expect(use(name, { 'kms:EncryptionContext:SecretARN': ours })).toBe('not allowed');
      expect(use(name, {})).toBe('not allowed');
    },
  );

  it('the scan encrypts messages and no secret', () => {
    const queue = 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-rotation.fifo';
    expect(use('scheduled-rotation', { 'kms:EncryptionContext:aws:sqs:arn': queue })).toBe('allowed');
    expect(use('scheduled-rotation', secretContext('RequestToValidateKeyAccess'))).toBe('not allowed');
  });

  it('the worker takes messages and cannot make any', () => {
    const context = {
      'kms:EncryptionContext:aws:sqs:arn': 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-rotation.fifo',
    };
    expect(use('rotation-worker', context, 'kms:Decrypt')).toBe('allowed');
    expect(use('rotation-worker', context)).toBe('not allowed');
  });
});

it('who publishes may use the key of an encrypted topic, for that topic alone', async () => {
  const { topicKmsKeyArn } = FROM_ELSEWHERE;
  const encrypted = deploy((await packageVariant('fromElsewhere')).template, { KeepEvidence: true });
  const topic = String(encrypted.output('TopicArn'));
  const use = (action: string, topicArn: string) =>
    whoMay(
      { action, resource: topicKmsKeyArn, context: { 'kms:EncryptionContext:aws:sns:topicArn': topicArn } },
      encrypted,
    );
  const publishers = whoMay({ action: 'sns:Publish', resource: topic }, encrypted);
  expect(publishers).toHaveLength(6);
  for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
    expect(use(action, topic)).toEqual(publishers);
    expect(use(action, `${topic}-other`)).toEqual([]);
  }
}, 120_000);

it('replicating secrets is allowed where Regions are given', () => {
  const request = {
    action: 'secretsmanager:ReplicateSecretToRegions',
    resource: `${SECRETS}:keyturn/AIDAEXAMPLE/access-key-abcdef`,
  };
  const replicating = deploy(template, { ReplicatesSecrets: true });
  expect(whoMay(request)).toEqual([]);
  expect(whoMay(request, replicating)).toEqual(['rotation-worker', 'rotate-user', 'exposed-key', 'secret-rotation']);
});

it('the event history of CloudTrail is open to the worker where lookups are switched on, and to the collector', () => {
  const request = { action: 'cloudtrail:LookupEvents', resource: '*' };
  const lookingUp = deploy(template, { LooksUpCloudTrail: true });
  expect(template.Conditions.LooksUpCloudTrail).toEqual({ 'Fn::Equals': ['false', 'true'] });
  expect(whoMay(request)).toEqual(['evidence-collector']);
  expect(whoMay(request, lookingUp)).toEqual(['rotation-worker']);
});
