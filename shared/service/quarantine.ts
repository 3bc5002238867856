import type { Pass } from '../apply/pass.ts';
import { quarantinePoliciesOf } from '../aws/quarantine-policies.ts';
import { messageOf } from '../core/errors.ts';
import type { UserState } from '../core/model.ts';

/** Asked for once the key is deactivated. It only informs, so its failure decides nothing. */
export async function quarantineNote(
  { runtime }: Pass,
  { user }: UserState,
  policies: string[],
): Promise<string | undefined> {
  try {
    policies.splice(0, policies.length, ...(await quarantinePoliciesOf(runtime.aws, user.userName)));
  } catch (error) {
    runtime.log.warn('Cannot see whether AWS has quarantined the user', { because: messageOf(error) });
  }
  if (policies.length === 0) return undefined;
  return `AWS has attached ${policies.join(', ')} to the user; Keyturn leaves that to you.`;
}
