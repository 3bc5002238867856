import { expect, test } from 'vitest';
import { denialsAsked, lifecycleProblems, policyProblems } from '../../../../shared/core/evidence/bucket-policy.ts';

const asked = {
  ...{ bucket: 'b', partition: 'aws-cn', homeAccountId: '111122223333', roleSuffix: '-x', expireDays: 0 },
  lock: { mode: 'governance' as const, days: 400 },
};
const denials = denialsAsked(asked);
const problems = (Statement: unknown) => policyProblems(JSON.stringify({ Statement }), asked);

test('denials name the bucket and the roles as they are', () => {
  const text = JSON.stringify(denials);
  expect(text).toContain('arn:aws-cn:iam::111122223333:role/keyturn/keyturn-evidence-recorder-x');
  expect(text).toContain('arn:aws-cn:s3:::b/????????????/records/*');
  expect(denialsAsked({ ...asked, lock: { mode: 'none', days: 1 } })).toHaveLength(denials.length - 1);
});

test('the same in other words is the same: order, lists of one, and who everybody is', () => {
  const reworded = denials.toReversed().map(({ Sid: _, Action, Principal: __, ...each }) => ({
    ...each,
    Action: [Action].flat().toReversed(),
    Principal: { AWS: '*' },
  }));
  expect(problems([...reworded, { Effect: 'Allow', Principal: '*', Action: 's3:GetObject' }])).toEqual([]);
  expect(problems(denials)).toEqual([]);
});

test('no policy, one that cannot be read and one that is a single statement lack the denials', () => {
  for (const document of [undefined, '{', '[]', 'null']) expect(policyProblems(document, asked)).toHaveLength(7);
  expect(problems(denials[0])).toHaveLength(6);
  const [tls, ...others] = denials;
  expect(problems([{ ...tls, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }, ...others])).toHaveLength(1);
});

test('a rule that is switched off takes nothing', () => {
  expect(lifecycleProblems([{ Status: 'Disabled', Expiration: { Days: 1 } }], asked)).toEqual([]);
  expect(lifecycleProblems([{ Status: 'Enabled', NoncurrentVersionTransitions: [{}] }], asked)).toHaveLength(1);
  const emptyFirst = { Status: 'Enabled', Transitions: [], NoncurrentVersionTransitions: [{}] };
  expect(lifecycleProblems([emptyFirst], asked)).toHaveLength(1);
});
