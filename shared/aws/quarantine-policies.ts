import { paginateListAttachedUserPolicies } from '@aws-sdk/client-iam';
import { listed } from '../core/present.ts';
import type { Aws } from './clients.ts';
import { required } from './observe.ts';

/** AWS's quarantine policies on a user, whatever their version: V4 came this month, and there will be others. */
export async function quarantinePoliciesOf({ iam }: Pick<Aws, 'iam'>, userName: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateListAttachedUserPolicies({ client: iam }, { UserName: userName })) {
    for (const { PolicyName } of listed(page.AttachedPolicies))
      names.push(required(PolicyName, 'iam:ListAttachedUserPolicies', 'PolicyName'));
  }
  return names.filter((name) => name.startsWith('AWSCompromisedKeyQuarantine'));
}
