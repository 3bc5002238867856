import type { IAMClient } from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { userWithKey } from '../../shared/aws/key-owner.ts';
import { RotationError } from '../../shared/core/errors.ts';

const KEY = 'AKIAIOSFODNN7EXAMPLE';

function answering(error: Error): { iam: IAMClient } {
  const iam: Pick<IAMClient, 'send'> = { send: () => Promise.reject(error) };
  return { iam: iam as IAMClient };
}

test.each([
  ['NoSuchEntity', 'The Access Key cannot be found'],
  ['AccessDenied', `not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key ${KEY}`],
])('a key of no user of the account is unknown: %s', async (code, message) => {
  expect(await userWithKey(answering(new RotationError(message, { code })), KEY)).toBeUndefined();
});

test.each([
  ['AccessDenied', 'not authorized to perform: iam:GetAccessKeyLastUsed on resource: user alice'],
  ['Throttling', 'Rate exceeded'],
])('what could not be asked is no unknown key: %s', async (code, message) => {
  const error = new RotationError(message, { code });
  await expect(userWithKey(answering(error), KEY)).rejects.toBe(error);
});
