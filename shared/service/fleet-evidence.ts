import { invoker } from '../aws/invoke.ts';
import { listAccounts, tagsOfAccount } from '../aws/organization.ts';
import type { Invocation } from '../aws/runtime.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { CollectorRequest } from '../core/evidence/collector-event.ts';
import type { Collecting } from '../core/evidence/evidence-settings.ts';
import { type OrganizationAccount, select } from '../core/fleet/select.ts';
import { formatInstant, SECOND } from '../core/time.ts';
import { type CollectorAnswer, collectEvidence } from './evidence-collector.ts';
import { describeSelected } from './fleet-account.ts';
import type { FleetRuntime } from './has-fleet.ts';
import { asMember } from './member.ts';

/** Evidence of a member: seen by the role that changes nothing, and kept in the hub's bucket, in a chain of its own. */
export async function collectInMember(
  runtime: FleetRuntime,
  invocation: Invocation,
  request: CollectorRequest & { accountId: string },
  collecting: Collecting,
): Promise<CollectorAnswer> {
  const { accountId } = request;
  const { place } = await describeSelected(runtime, accountId);
  const session = { by: 'evidence-collector', runId: invocation.runId };
  const member = asMember(runtime, { ...place, isDryRun: true }, 'observe', session);
  const settings = { ...collecting.settings, accountId };
  return collectEvidence(member, invocation, request, { ...collecting, settings });
}

/** A run takes seconds: so some dozens run at once, and what else the account does has room. */
const PAUSE = SECOND / 2;

/**
 * Starts a run for every member, each an invocation of its own, so that what one account refuses stops no other. Throws
 * after everybody was tried, or before anybody was, if the organization cannot be listed whole.
 */
export async function startInMembers(
  runtime: FleetRuntime,
  { functionName, startedAt }: Pick<Invocation, 'functionName' | 'startedAt'>,
  ownAccount: string,
): Promise<void> {
  const { aws, sleep, log } = runtime;
  const invoke = invoker(aws, functionName);
  const accounts: OrganizationAccount[] = [];
  for await (const account of listAccounts(aws, { sleep })) {
    if (account.accountId !== ownAccount && (await isMember(runtime, account))) accounts.push(account);
  }
  const failures: string[] = [];
  for (const { accountId } of accounts) {
    const event = { accountId, scheduledAt: formatInstant(startedAt) };
    await invoke(event).catch((error: unknown) => failures.push(`${accountId}: ${messageOf(error)}`));
    await sleep(PAUSE);
  }
  log.info('Started', { accounts: accounts.length - failures.length });
  if (failures.length > 0) throw new RotationError(`Not all members are collected. ${failures.join(' ')}`);
}

async function isMember({ aws, fleet, clock }: FleetRuntime, account: OrganizationAccount): Promise<boolean> {
  const selection = select(fleet, account, clock());
  if (fleet.select.tags === undefined || !selection.isMember) return selection.isMember;
  return select(fleet, { ...account, tags: await tagsOfAccount(aws, account.accountId) }, clock()).isMember;
}
