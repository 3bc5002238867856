import {
  DeleteResourcePolicyCommand,
  DescribeResourcePolicyCommand,
  OrganizationsClient,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-organizations';
import { isFailure } from '../../shared/core/errors.ts';
import { shellQuote } from '../../shared/core/messages/commands.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { connect, placeOf } from '../deployed.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { type DelegationPolicy, type ForHub, withHub, withoutHub } from '../fleet/delegation.ts';

export interface FleetGrantOptions extends SignInOptions, ForHub {
  revoke?: boolean;
}

/**
 * Lets the hub read the list of accounts, or no longer, by the organization's one delegation policy: it is merged with what
 * is there, shown, and put. For the management account.
 */
export async function run(context: Context, _args: readonly string[], options: FleetGrantOptions): Promise<ExitCode> {
  const { hubAccount, revoke = false, print = false, yes = false } = options;
  const question = revoke ? `Take the right to list accounts from ${hubAccount}` : `Let ${hubAccount} list accounts`;
  if (!yes && !print) context.ask.ready(`${question}?`, '--yes');
  const account = await connect(context, options);
  const client = account.aws.clientOf((each) => new OrganizationsClient(each));
  const before = await present(client);
  const partition = account.callerArn.split(':')[1] ?? 'aws';
  const after = revoke ? withoutHub(before, hubAccount) : withHub(before, { accountId: hubAccount, partition });
  if (print) {
    context.print(commandOf(after));
    return exitCodes.done;
  }
  if (isSame(before, after)) return told(context, hubAccount, { revoke, changed: false });
  context.note(after === undefined ? 'The policy, which holds nothing else, is deleted.' : pretty(after));
  if (!yes && !(await context.ask.confirm(`${question} ${placeOf({ ...account, stage: '' })}?`, '--yes'))) {
    context.warn('Nothing was changed.');
    return exitCodes.failed;
  }
  if (after === undefined) await client.send(new DeleteResourcePolicyCommand({}));
  else await client.send(new PutResourcePolicyCommand({ Content: JSON.stringify(after) }));
  return told(context, hubAccount, { revoke, changed: true });
}

async function present(client: OrganizationsClient): Promise<string | undefined> {
  try {
    const { ResourcePolicy } = await client.send(new DescribeResourcePolicyCommand({}));
    return ResourcePolicy?.Content;
  } catch (error) {
    if (isFailure(error, 'ResourcePolicyNotFound')) return undefined;
    throw error;
  }
}

function isSame(before: string | undefined, after: DelegationPolicy | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  return JSON.stringify(JSON.parse(before)) === JSON.stringify(after);
}

function pretty(policy: DelegationPolicy): string {
  return JSON.stringify(policy, undefined, 2);
}

/** What it stands for. */
function commandOf(after: DelegationPolicy | undefined): string {
  if (after === undefined) return 'aws organizations delete-resource-policy';
  return `aws organizations put-resource-policy --content ${shellQuote(JSON.stringify(after))}`;
}

interface Done {
  revoke: boolean;
  changed: boolean;
}

function told({ print, note, options }: Context, hubAccount: string, { revoke, changed }: Done): ExitCode {
  const state = revoke ? 'can no longer list' : 'can list';
  const message = `${hubAccount} ${state} the accounts of the organization${changed ? '.' : ' already: nothing to do.'}`;
  print(options.json ? JSON.stringify({ schemaVersion: 1, hubAccount, changed, message }, undefined, 2) : message);
  if (!revoke) note('Next: `keyturn fleet members` deploys the two roles into the accounts.');
  return exitCodes.done;
}
