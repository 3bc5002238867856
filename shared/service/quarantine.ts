import { paginateListAttachedUserPolicies } from '@aws-sdk/client-iam';
import type { Pass } from '../apply/pass.ts';
import { required } from '../aws/observe.ts';
import type { Runtime } from '../aws/runtime.ts';
import { messageOf } from '../core/errors.ts';
import type { UserState } from '../core/model.ts';
import { listed } from '../core/present.ts';

/** Asked for once the key is deactivated. It only informs, so its failure decides nothing. */
export async function quarantineNote(
  { runtime }: Pass,
  { user }: UserState,
  policies: string[],
): Promise<string | undefined> {
  try {
    policies.splice(0, policies.length, ...(await quarantineOf(runtime, user.userName)));
  } catch (error) {
    runtime.log.warn('Cannot see whether AWS has quarantined the user', { because: messageOf(error) });
  }
  if (policies.length === 0) return undefined;
  return `AWS has attached ${policies.join(', ')} to the user; Keyturn leaves that to you.`;
}

/** Whatever its version: V4 came this month, and there will be others. */
async function quarantineOf({ aws }: Runtime, userName: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateListAttachedUserPolicies({ client: aws.iam }, { UserName: userName })) {
    for (const { PolicyName } of listed(page.AttachedPolicies))
      names.push(required(PolicyName, 'iam:ListAttachedUserPolicies', 'PolicyName'));
  }
  return names.filter((name) => name.startsWith('AWSCompromisedKeyQuarantine'));
}
