// Tests local/aws/policies/policy.ts: what resource policies do not show, which policies.test.ts tries by calls.
import { describe, expect, it } from 'vitest';
import { decide, parseStatements, type Request } from '../../../local/aws/policies/policy.ts';

const action = 'secretsmanager:TagResource';
const mine = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyturn/AIDAALICE/access-key-AbCdEf';

/** What one statement says to a request for `mine`. */
function says(statement: object, context: Request['context'] = {}) {
  const one = { Effect: 'Allow', Action: action, Resource: '*', ...statement };
  return decide(parseStatements({ Statement: one }), { action, resource: mine, context });
}

describe('a variable in a resource', () => {
  const Resource = 'arn:aws:secretsmanager:*:111122223333:secret:keyturn/$' + '{aws:userid}/access-key-??????';

  it('stands for the value of its key, whatever the case of its name', () => {
    expect(says({ Resource }, { 'aws:UserId': 'AIDAALICE' })).toBe('allowed');
    expect(says({ Resource }, { 'aws:userid': 'AIDABOB' })).toBe('not allowed');
  });

  it('matches nothing without a value, not even a wildcard', () => {
    expect(says({ Resource: '*$' + '{aws:userid}' })).toBe('not allowed');
  });
});

describe('a condition on a key with several values', () => {
  const tags = (...keys: string[]) => ({ 'aws:TagKeys': keys });
  const others = { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['a', 'b'] } };
  const some = { 'ForAnyValue:StringLike': { 'aws:TagKeys': 'a*' } };
  const none = { 'ForAllValues:StringNotLike': { 'aws:TagKeys': ['a*', 'b'] } };

  it('holds for any value that meets it', () => {
    expect(says({ Condition: others }, tags('a', 'b'))).toBe('not allowed');
    expect(says({ Condition: others }, tags('a', 'c'))).toBe('allowed');
    expect(says({ Condition: some }, tags('b', 'abc'))).toBe('allowed');
    expect(says({ Condition: some }, tags('b'))).toBe('not allowed');
  });

  // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-tag-keys
  it('holds for all values that meet it, be it none', () => {
    const known = { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['environment', 'cost-center'] } };
    expect(says({ Condition: known }, tags('environment'))).toBe('allowed');
    expect(says({ Condition: known }, tags('cost-center', 'environment'))).toBe('allowed');
    expect(says({ Condition: known }, tags('environment', 'team'))).toBe('not allowed');
    expect(says({ Condition: known }, tags())).toBe('allowed');
    // Which is why AWS tells to ask for the key beside it.
    const there = { ...known, Null: { 'aws:TagKeys': 'false' } };
    expect(says({ Condition: there })).toBe('not allowed');
    expect(says({ Condition: there }, tags())).toBe('not allowed');
    expect(says({ Condition: there }, tags('environment'))).toBe('allowed');
  });

  it('holds for all values if none meets what it negates', () => {
    expect(says({ Condition: none }, tags('c', 'd'))).toBe('allowed');
    expect(says({ Condition: none }, tags('c', 'abc'))).toBe('not allowed');
  });

  it('without the key does not hold for any value, and holds for all, negated or not', () => {
    expect([others, some].map((Condition) => says({ Condition }))).toEqual(['not allowed', 'not allowed']);
    const all = { 'ForAllValues:StringLike': { 'aws:TagKeys': 'a' } };
    expect([none, all].map((Condition) => says({ Condition }))).toEqual(['allowed', 'allowed']);
  });
});

// Each as AWS's page on condition operators has it:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
describe('an operator', () => {
  const time = (now: string) => ({ 'aws:CurrentTime': now });
  it.each<[string, object, NonNullable<Request['context']>, string]>([
    [
      'a string',
      { StringEquals: { 'aws:PrincipalTag/job-category': 'iamuser-admin' } },
      { 'aws:PrincipalTag/job-category': 'iamuser-admin' },
      'allowed',
    ],
    [
      'a string, with its case',
      { StringEquals: { 'aws:PrincipalTag/job-category': 'iamuser-admin' } },
      { 'aws:PrincipalTag/job-category': 'IamUser-Admin' },
      'not allowed',
    ],
    [
      'a string ignoring case',
      { StringEqualsIgnoreCase: { 'aws:ResourceTag/exempt': 'true' } },
      { 'aws:ResourceTag/exempt': 'True' },
      'allowed',
    ],
    [
      'no such string ignoring case',
      { StringNotEqualsIgnoreCase: { 'aws:ResourceTag/exempt': 'true' } },
      { 'aws:ResourceTag/exempt': 'True' },
      'not allowed',
    ],
    ['a number at its edge', { NumericLessThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '10' }, 'allowed'],
    ['a number above', { NumericLessThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '11' }, 'not allowed'],
    ['a number that is not sent', { NumericLessThanEquals: { 's3:max-keys': '10' } }, {}, 'not allowed'],
    [
      'numbers, not texts',
      { NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } },
      { 'aws:MultiFactorAuthAge': '400' },
      'allowed',
    ],
    [
      'a number in JSON',
      { NumericGreaterThan: { 'aws:MultiFactorAuthAge': 3600 } },
      { 'aws:MultiFactorAuthAge': '3601' },
      'allowed',
    ],
    ['an equal number', { NumericEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '10.0' }, 'allowed'],
    ['another number', { NumericNotEquals: { 's3:max-keys': ['1', '10'] } }, { 's3:max-keys': '10' }, 'not allowed'],
    ['at least a number', { NumericGreaterThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '9' }, 'not allowed'],
    [
      'a date that has come',
      { DateGreaterThan: { 'aws:TokenIssueTime': '2020-01-01T00:00:01Z' } },
      { 'aws:TokenIssueTime': '2020-01-02T00:00:00Z' },
      'allowed',
    ],
    [
      'a span of time',
      { DateGreaterThan: time('2020-04-01T00:00:00Z'), DateLessThan: time('2020-06-30T23:59:59Z') },
      time('2020-05-01T00:00:00Z'),
      'allowed',
    ],
    [
      'a span of time that is over',
      { DateGreaterThan: time('2020-04-01T00:00:00Z'), DateLessThan: time('2020-06-30T23:59:59Z') },
      time('2020-07-01T00:00:00Z'),
      'not allowed',
    ],
    ['a truth', { Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:SecureTransport': 'true' }, 'not allowed'],
    [
      'an ARN',
      { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:us-east-1:123456789012:MyTopic' } },
      { 'aws:SourceArn': 'arn:aws:sns:us-east-1:123456789012:MyTopic' },
      'allowed',
    ],
    [
      'an ARN like another',
      { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:*:*:my-*' } },
      { 'aws:SourceArn': 'arn:aws:s3:::my-bucket' },
      'allowed',
    ],
    [
      'if it exists, and it does',
      { StringLikeIfExists: { 'ec2:InstanceType': ['t1.*', 't2.*', 'm3.*'] } },
      { 'ec2:InstanceType': 'm5.large' },
      'not allowed',
    ],
    [
      'if it exists, and it does not',
      { StringLikeIfExists: { 'ec2:InstanceType': ['t1.*', 't2.*', 'm3.*'] } },
      {},
      'allowed',
    ],
    ['an absent key', { Null: { 'aws:TokenIssueTime': 'true' } }, {}, 'allowed'],
    [
      'an absent key that is there',
      { Null: { 'aws:TokenIssueTime': 'true' } },
      { 'aws:TokenIssueTime': '2020-01-01T00:00:01Z' },
      'not allowed',
    ],
  ])('on %s', (_, Condition, context, expected) => {
    expect(says({ Condition }, context)).toBe(expected);
  });
});

describe('NotAction', () => {
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
  const NotAction = ['iam:*', 'secretsmanager:Tag*'];
  const says = (Effect: string, action: string, context: Request['context'] = {}) => {
    const Condition = { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } };
    return decide(parseStatements({ Statement: { Effect, NotAction, Resource: '*', Condition } }), {
      action,
      resource: mine,
      context,
    });
  };

  it('is about every action but those, whatever their case', () => {
    expect(says('Allow', 'sns:Publish')).toBe('allowed');
    expect(says('Allow', 'IAM:ListUsers')).toBe('not allowed');
    expect(says('Allow', 'secretsmanager:tagresource')).toBe('not allowed');
  });

  it('denies all but those without MFA, be it said or not', () => {
    expect(says('Deny', 'sns:Publish')).toBe('denied');
    expect(says('Deny', 'sns:Publish', { 'aws:MultiFactorAuthPresent': 'false' })).toBe('denied');
    expect(says('Deny', 'sns:Publish', { 'aws:MultiFactorAuthPresent': 'true' })).toBe('not allowed');
    expect(says('Deny', 'iam:CreateVirtualMFADevice')).toBe('not allowed');
  });

  it.each([[{ NotAction, Action: 'iam:*' }], [{}]])('does not stand beside Action: %j', (named) => {
    expect(() => parseStatements({ Statement: { Effect: 'Allow', Resource: '*', ...named } })).toThrow(
      'without Action or NotAction, or with both',
    );
  });
});

it('a policy of an identity names nobody; one of a resource is about those whom it names', () => {
  const request = { action, resource: mine };
  const named = parseStatements({
    Statement: { Effect: 'Allow', Principal: { AWS: 'alice' }, Action: '*', Resource: '*' },
  });
  expect(says({})).toBe('allowed');
  expect(decide(named, request)).toBe('not allowed');
  expect(decide(named, request, (who) => who === 'alice')).toBe('allowed');
});

it.each([
  ['element', { NotPrincipal: '*' }],
  ['principal', { Principal: { Federated: 'x' } }],
  ['operator', { Condition: { 'ForAllValues:IpAddress': { 'aws:SourceIp': '1.1.1.1' } } }],
  ['set', { Condition: { 'ForSomeValues:StringEquals': { 'aws:TagKeys': 'a' } } }],
])('an %s that it would pass over is refused', (_, statement) => {
  expect(() => says(statement)).toThrow(/does not evaluate/);
});

it('a number that is none is refused', () => {
  expect(() => says({ Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': 'an hour' } } })).toThrow('no number');
});

it('NotResource means every resource but those', () => {
  const statements = parseStatements({
    Statement: { Effect: 'Deny', Principal: '*', Action: '*', NotResource: ['arn:aws:s3:::b/in/*'] },
  });
  expect(decide(statements, { action: 's3:PutObject', resource: 'arn:aws:s3:::b/in/a' })).toBe('not allowed');
  expect(decide(statements, { action: 's3:PutObject', resource: 'arn:aws:s3:::b/out/a' })).toBe('denied');
});
