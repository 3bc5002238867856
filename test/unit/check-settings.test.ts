import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../scripts/check-settings.ts';
import { parseFleet } from '../../shared/core/fleet/fleet.ts';

const deploy = (environment: Record<string, unknown>, given: Record<string, unknown> = {}) =>
  checkSettings({ provider: { region: 'eu-west-1', environment }, custom: { given } });

const deployStack = (stack: Record<string, unknown>) =>
  checkSettings({ provider: { region: 'eu-west-1', environment: {} }, custom: { stack } });

describe('before a deployment', () => {
  it.each([
    [{}, {}],
    [
      { KEYTURN_GRACE_DAYS: '14', KEYTURN_ENFORCE: 'true', POWERTOOLS_SERVICE_NAME: 'x' },
      { topicArn: '', kmsKeyId: '' },
    ],
    // YAML makes numbers and booleans of what is not quoted.
    [{ KEYTURN_GRACE_DAYS: 14, KEYTURN_ENFORCE: true }, {}],
    [{}, { topicArn: 'arn:aws:sns:eu-west-1:123456789012:ops' }],
    [{}, { kmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/12345678-90ab-cdef-1234-567890abcdef' }],
    [{ KEYTURN_KMS_KEY_ID: { 'Fn::GetAtt': ['KmsKey', 'Arn'] } }, {}],
  ])('%j, %j pass', (environment, given) => {
    expect(() => deploy(environment, given)).not.toThrow();
  });

  it.each([
    [{ KEYTURN_EXEMPT_PATHS: '["break-glass/"]' }, {}, 'exemptPaths is "["break-glass/"]": must begin and end with /'],
    [{ KEYTURN_READER_ARNS: '["eso-role"]' }, {}, 'readerArns is "["eso-role"]": must be ARNs of users or roles'],
    [
      {},
      { topicArn: 'arn:aws:sqs:eu-west-1:123456789012:ops' },
      'topicArn is "arn:aws:sqs:eu-west-1:123456789012:ops"',
    ],
    [{}, { kmsKeyId: 'keyturn' }, 'kmsKeyId is "keyturn"'],
    [{}, { kmsKeyId: 'alias/keyturn' }, 'kmsKeyId is "alias/keyturn": must be the ARN of the key itself'],
    [{}, { kmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:alias/keyturn' }, 'must be the ARN of the key itself'],
    [{ KEYTURN_MAX_ACCESS_KEY_AGE_DAYS: '30' }, {}, 'maxAccessKeyAgeDays - rotateAheadDays is 30 days'],
    [{ KEYTURN_SECRET_TAGS: '{"keyturn:hold":"x"}' }, {}, 'the key of a tag must not begin with aws: or keyturn:'],
    [{ KEYTURN_SWITCH_COMMAND: 'keyturn \n' }, {}, 'must be one line of at most 100 ASCII characters'],
    [{ KEYTURN_OWNERS_READ: 'false' }, {}, 'ownersRead is false, but readerArns is empty'],
  ])('%j, %j are refused by the name of the parameter', (environment, given, sentence) => {
    expect(() => deploy(environment, given)).toThrow(sentence);
    expect(() => deploy(environment, given)).toThrow(/^Cannot deploy: /);
    expect(() => deploy(environment, given)).not.toThrow(/KEYTURN_/);
  });
});

describe('what would have to be in the Region of the stack', () => {
  it.each([
    [{}, { topicArn: 'arn:aws:sns:us-east-1:123456789012:ops' }, 'topicArn', 'us-east-1'],
    [
      {},
      { kmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef' },
      'kmsKeyId',
      'us-east-1',
    ],
  ])('and is not is refused: %j, %j', (environment, given, name, region) => {
    expect(() => deploy(environment, given)).toThrow(
      new RegExp(`^Cannot deploy: ${name} is ".*": is in ${region}, and must be in eu-west-1, as the stack is`),
    );
  });

  it('is not the key that signs, nor a replica, which is nowhere else than there', () => {
    const stateKeyArn = 'arn:aws:kms:us-east-1:123456789012:key/12345678-90ab-cdef-1234-567890abcdef';
    expect(() => deploy({ KEYTURN_REPLICA_REGIONS: '["us-east-1"]' }, { stateKeyArn })).not.toThrow();
    expect(() => deploy({ KEYTURN_REPLICA_REGIONS: '["us-east-1","eu-west-1"]' })).toThrow(
      'Cannot deploy: replicaRegions is "["us-east-1","eu-west-1"]": must not hold eu-west-1, where the secrets are',
    );
  });
});

describe('a parameter of the stack alone', () => {
  it.each([
    {},
    { createKmsKey: 'true', createConfigRule: 'false' },
    { createKmsKey: true, createConfigRule: false },
    { deployerArn: 'arn:aws:iam::123456789012:role/ci/deployer' },
    { permissionsBoundaryArn: 'arn:aws:iam::123456789012:policy/boundaries/ci' },
    { permissionsBoundaryArn: 'arn:aws-cn:iam::aws:policy/PowerUserAccess' },
    { alarmTopicArn: 'arn:aws:sns:eu-west-1:210987654321:on-call' },
    { topicKmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/12345678-90ab-cdef-1234-567890abcdef' },
    { remediationConcurrency: '2' },
    { evidenceSchedule: 'cron(0 2 * * ? *)' },
    { evidenceSchedule: 'rate(12 hours)' },
    { remediationConcurrency: 2, deployerArn: '', alarmTopicArn: '', topicKmsKeyArn: '', permissionsBoundaryArn: '' },
  ])('passes: %j', (stack) => {
    expect(() => deployStack(stack)).not.toThrow();
  });

  // What the templates compare with would silently be taken for a no.
  it.each([
    ['createKmsKey', 'True', 'must be true or false'],
    ['createKmsKey', 'yes', 'must be true or false'],
    ['createConfigRule', '1', 'must be true or false'],
    ['createOrganizationConfigRule', 'yes', 'must be true or false'],
    ['createOrganizationConfigRule', 'true', 'must be false without a fleet'],
    ['deployerArn', 'deployer', 'must be the ARN of a user or role'],
    ['deployerArn', 'arn:aws:sts::123456789012:assumed-role/deployer/ci', 'must be the ARN of a user or role'],
    ['permissionsBoundaryArn', 'boundary', 'must be the ARN of a policy'],
    ['permissionsBoundaryArn', 'arn:aws:iam::123456789012:role/boundary', 'must be the ARN of a policy'],
    ['alarmTopicArn', 'arn:aws:sns:eu-west-1:123456789012:on-call.fifo', 'must be the ARN of a standard SNS topic'],
    ['alarmTopicArn', 'arn:aws:sns:us-east-1:123456789012:on-call', 'is in us-east-1, and must be in eu-west-1'],
    ['topicKmsKeyArn', 'alias/topic', 'must be the ARN of the key itself'],
    ['topicKmsKeyArn', 'arn:aws:kms:eu-west-1:123456789012:alias/topic', 'must be the ARN of the key itself'],
    ['keepEvidence', 'yes', 'must be true or false'],
    ['evidenceBucketOwner', '444455556666', 'must be empty without evidenceBucket'],
    ['evidenceSigning', 'yes', 'must be true, false, or the ARN of a KMS key'],
    ['evidenceSigning', 'arn:aws:kms:eu-west-1:123456789012:alias/x', 'must be true, false, or the ARN of a KMS key'],
    ['bucketEncryption', 'AES256', 'must be any, kms or customer-key'],
    ['evidenceSchedule', 'cron(0 2 ? * MON *)', 'must be a schedule of which it is plain that it runs each day'],
    ['evidenceSchedule', 'at(2027-01-01T02:00:00)', 'must be a schedule of which it is plain'],
    ['unusedCredentialDays', '0', 'must be a whole number from 1 to 3650'],
    ['mfaMessages', 'weekly', 'must be true or false'],
    ['trailLogGroupName', 'arn:aws:logs:eu-west-1:1:log-group:x', 'must be the name of a log group, not its ARN'],
    ['remediationConcurrency', 'many', 'must be a whole number'],
  ])('is refused by its name: %s of "%s"', (name, value, way) => {
    expect(() => deployStack({ [name]: value })).toThrow(`Cannot deploy: ${name} is "${value}": ${way}`);
  });

  it('makes no key where another is given', () => {
    const kmsKeyId = 'arn:aws:kms:eu-west-1:123456789012:key/12345678-90ab-cdef-1234-567890abcdef';
    const custom = { given: { kmsKeyId }, stack: { createKmsKey: 'true' } };
    expect(() => checkSettings({ provider: { region: 'eu-west-1', environment: {} }, custom })).toThrow(
      'Cannot deploy: createKmsKey is "true": must be false where kmsKeyId names a key.',
    );
  });

  it('asks AWS Config about a whole organization only where there is a fleet', () => {
    const fleet = parseFleet({
      organizationId: 'o-a1b2c3d4e5',
      externalId: '3f0e2c52a9d14b67',
      select: { accounts: ['444455556666'] },
    });
    const service = { provider: { region: 'eu-west-1' }, custom: { stack: { createOrganizationConfigRule: 'true' } } };
    expect(() => checkSettings(service, fleet)).not.toThrow();
  });

  it('is reported together with every other', () => {
    expect(() => deployStack({ createKmsKey: 'x', alarmTopicArn: 'y' })).toThrow(
      /^Cannot deploy: createKmsKey is "x": .*\. alarmTopicArn is "y": .*\.$/,
    );
  });
});
