import { CreateAccessKeyCommand, DeleteAccessKeyCommand, UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import { required } from '../aws/observe.ts';
import { isFailure } from '../core/errors.ts';
import type { User } from '../core/model.ts';
import { SecretAccessKey } from '../core/redacted.ts';
import type { Instant } from '../core/time.ts';
import { logWrite, type Pass } from './pass.ts';

/** A key as CreateAccessKey handed it out: the only time that its secret is ever seen. */
export interface NewKey {
  accessKeyId: string;
  createdAt: Instant;
  secret: SecretAccessKey;
}

/** Never repeated by the SDK: CreateAccessKey has no idempotency token, so a repetition could make a second key. */
export async function createAccessKey(pass: Pass, user: User): Promise<NewKey> {
  const { runtime } = pass;
  const { AccessKey: made } = await runtime.aws.iamOnce.send(new CreateAccessKeyCommand({ UserName: user.userName }));
  const action = 'iam:CreateAccessKey';
  const accessKeyId = required(made?.AccessKeyId, action, 'AccessKeyId');
  logWrite(pass, action, { userName: user.userName, accessKeyId });
  return {
    accessKeyId,
    createdAt: made?.CreateDate?.getTime() ?? runtime.clock(),
    secret: new SecretAccessKey(required(made?.SecretAccessKey, action, 'SecretAccessKey')),
  };
}

export async function setStatus(
  pass: Pass,
  user: User,
  { accessKeyId, status }: { accessKeyId: string; status: 'Active' | 'Inactive' },
): Promise<void> {
  const command = new UpdateAccessKeyCommand({ UserName: user.userName, AccessKeyId: accessKeyId, Status: status });
  await pass.runtime.aws.iam.send(command);
  logWrite(pass, 'iam:UpdateAccessKey', { userName: user.userName, accessKeyId, status });
}

/** DeleteAccessKey is not idempotent; a key that is gone is what was wanted. */
export async function deleteAccessKey(pass: Pass, user: User, accessKeyId: string): Promise<void> {
  try {
    await pass.runtime.aws.iam.send(new DeleteAccessKeyCommand({ UserName: user.userName, AccessKeyId: accessKeyId }));
  } catch (error) {
    if (!isFailure(error, 'NoSuchEntity')) throw error;
  }
  logWrite(pass, 'iam:DeleteAccessKey', { userName: user.userName, accessKeyId });
}
