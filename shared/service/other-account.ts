import { ownAccountId } from '../aws/own-account.ts';
import type { Runtime } from '../aws/runtime.ts';
import { EventError } from '../core/errors.ts';

/** Throws an EventError for any account but the deployment's own, where it has no fleet. */
export async function refuseOtherAccount({ aws }: Pick<Runtime, 'aws'>, accountId: string | undefined): Promise<void> {
  if (accountId === undefined) return;
  const own = await ownAccountId(aws);
  if (accountId === own) return;
  const message = `accountId: this deployment looks after ${own} only; deploy it with fleet=fleet.yml to reach ${accountId}.`;
  throw new EventError(message, { accountId });
}
