import { resolve } from 'node:path';
import { readFleetFile } from '../../scripts/fleet.ts';
import { mapConcurrently } from '../../shared/aws/map-concurrently.ts';
import { listAccounts } from '../../shared/aws/organization.ts';
import { EventError } from '../../shared/core/errors.ts';
import type { Fleet } from '../../shared/core/fleet/fleet.ts';
import { type OrganizationAccount, type Selection, select } from '../../shared/core/fleet/select.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { connect, type Deployed } from '../deployed.ts';
import { invoke, invokeCommand, invokeStdin, Thrown, whereOf } from '../invoke.ts';
import { withProgress } from '../ui/progress.ts';

/** What the commands that ask the hub about its members have in common. */
export interface FleetLookOptions extends SignInOptions {
  fleet: string;
  account: readonly string[];
  print?: boolean;
}

/** An account that fleet.yml selects. */
export interface Member {
  account: OrganizationAccount;
  selection: Extract<Selection, { isMember: true }>;
}

/** An account that it leaves out. */
export interface Outsider {
  account: OrganizationAccount;
  selection: Extract<Selection, { isMember: false }>;
}

/** The hub, and the organization as the present fleet.yml divides it. */
export interface Hub {
  deployed: Deployed;
  fleet: Fleet;
  members: readonly Member[];
  outsiders: readonly Outsider[];
}

/** Throws an EventError for an account that is named and is not in the organization. */
export async function openHub(context: Context, options: FleetLookOptions): Promise<Hub> {
  const { fleet } = await readFleetFile(resolve(context.shell.workingDirectory, options.fleet));
  const deployed = await connect(context, options);
  const members: Member[] = [];
  const outsiders: Outsider[] = [];
  const known = new Set<string>();
  const now = context.shell.clock();
  const read = async (): Promise<void> => {
    for await (const account of listAccounts(deployed.aws, context.shell)) {
      known.add(account.accountId);
      if (options.account.length > 0 && !options.account.includes(account.accountId)) continue;
      const selection = select(fleet, account, now);
      if (selection.isMember) members.push({ account, selection });
      else outsiders.push({ account, selection });
    }
  };
  await withProgress(context, () => `Reading the organization: ${known.size} accounts`, read);
  const missing = options.account.filter((accountId) => !known.has(accountId));
  if (missing.length > 0) {
    throw new EventError(`--account: ${missing.join(', ')} is not in organization ${fleet.organizationId}.`);
  }
  return { deployed, fleet, members, outsiders };
}

/** So many invocations at once: some accounts take a minute, and each invocation is one of the hub's. */
const AT_ONCE = 10;

/** An account, and what the hub's function said of it, or how it failed. */
export interface Asked<Answered> {
  account: OrganizationAccount;
  answered?: Answered;
  failure?: Error;
}

/** Asks `scheduled-rotation` about each account. Throws only what would be the same for all of them. */
export async function askEach<Answered>(
  context: Context,
  { deployed }: Hub,
  accounts: readonly OrganizationAccount[],
  question: Readonly<Record<string, unknown>>,
): Promise<Asked<Answered>[]> {
  let done = 0;
  const ask = async (account: OrganizationAccount): Promise<Asked<Answered>> => {
    const event = { ...question, accountId: account.accountId };
    const answered = await invoke(deployed, { name: 'scheduled-rotation', event, isReading: true });
    done++;
    return answered instanceof Thrown
      ? { account, failure: answered.error }
      : { account, answered: answered as Answered };
  };
  return withProgress(
    context,
    () => `Asking the hub: ${done} of ${accounts.length} accounts`,
    () => mapConcurrently(accounts, ask, Math.min(AT_ONCE, accounts.length)),
  );
}

/** What the AWS CLI would be told, for the accounts that are named, or for all that are active. */
export function printInvocations(
  context: Context,
  accountIds: readonly string[],
  question: Readonly<Record<string, unknown>>,
): void {
  const { print } = context;
  const where = whereOf(context);
  const name = 'scheduled-rotation';
  if (accountIds.length > 0) {
    for (const accountId of accountIds) print(invokeCommand({ name, event: { ...question, accountId } }, where));
    return;
  }
  const list = `aws organizations list-accounts --query "Accounts[?State=='ACTIVE'].Id" --output text | tr '\\t' '\\n'`;
  const payload = JSON.stringify({ ...question, accountId: '%s' });
  print(`${list} | while read -r id; do printf '${payload}' "$id" | ${invokeStdin(name, where)}; done`);
}
