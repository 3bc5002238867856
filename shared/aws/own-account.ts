import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { Aws } from './clients.ts';
import { required } from './observe.ts';

/**
 * The account of the credentials. Needs no permission, and no policy can deny it.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export async function ownAccountId({ sts }: Pick<Aws, 'sts'>): Promise<string> {
  const { Account } = await sts.send(new GetCallerIdentityCommand({}));
  return required(Account, 'sts:GetCallerIdentity', 'Account');
}
