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

  it('holds for any value that meets it', () => {
    expect(says({ Condition: others }, tags('a', 'b'))).toBe('not allowed');
    expect(says({ Condition: others }, tags('a', 'c'))).toBe('allowed');
    expect(says({ Condition: some }, tags('b', 'abc'))).toBe('allowed');
    expect(says({ Condition: some }, tags('b'))).toBe('not allowed');
  });

  it('does not hold without the key, negated or not', () => {
    expect([others, some].map((Condition) => says({ Condition }))).toEqual(['not allowed', 'not allowed']);
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
  ['element', { NotAction: 'iam:*' }],
  ['principal', { Principal: { Federated: 'x' } }],
  ['operator', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'a' } } }],
])('an %s that it would pass over is refused', (_, statement) => {
  expect(() => says(statement)).toThrow(/does not evaluate/);
});
