import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../cli/check-settings.ts';

const deploy = (environment: Record<string, unknown>, given: Record<string, unknown> = {}) =>
  checkSettings({ provider: { environment }, custom: { given } });

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
    [{ KEYTURN_OWNERS_READ: 'false' }, {}, 'ownersRead is false, but readerArns names nobody'],
  ])('%j, %j are refused by the name of the parameter', (environment, given, sentence) => {
    expect(() => deploy(environment, given)).toThrow(sentence);
    expect(() => deploy(environment, given)).toThrow(/^Cannot deploy: /);
    expect(() => deploy(environment, given)).not.toThrow(/KEYTURN_/);
  });
});
