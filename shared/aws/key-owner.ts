import { GetAccessKeyLastUsedCommand } from '@aws-sdk/client-iam';
import { GetAccessKeyInfoCommand } from '@aws-sdk/client-sts';
import { isFailure, messageOf } from '../core/errors.ts';
import type { Aws } from './clients.ts';

/**
 * The user of this account whose key it is. For a key that it does not know AWS answers AccessDenied on the key itself,
 * not NoSuchEntity; a missing permission names the user, and must not pass for an unknown key.
 */
export async function userWithKey({ iam }: Pick<Aws, 'iam'>, accessKeyId: string): Promise<string | undefined> {
  try {
    return (await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }))).UserName;
  } catch (error) {
    if (isFailure(error, 'NoSuchEntity') || /on resource: access key/.test(messageOf(error))) return undefined;
    throw error;
  }
}

/** The account whose key it is, no matter which one asks; undefined if no account has it. */
export async function accountWithKey({ sts }: Pick<Aws, 'sts'>, accessKeyId: string): Promise<string | undefined> {
  return (await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: accessKeyId }))).Account;
}
