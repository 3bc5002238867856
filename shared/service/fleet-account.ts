import { EventError } from '../core/errors.ts';
import { dryRunBecause, type OrganizationAccount, type Selection, select } from '../core/fleet/select.ts';
import type { Place } from '../core/fleet/settings-for.ts';
import type { FleetRuntime } from './has-fleet.ts';
import { placeOf } from './member.ts';

/** An account that an event names, as the organization has it now. */
export interface Described {
  account: OrganizationAccount;
  place: Place;
  selection: Selection;
}

/** Throws an EventError for an account that the organization does not have. Its client is loaded only for this. */
export async function describeMember(runtime: FleetRuntime, accountId: string): Promise<Described> {
  const { aws, fleet, clock } = runtime;
  const { describeAccount, tagsOfAccount } = await import('../aws/organization.ts');
  const account = await describeAccount(aws, accountId);
  if (account === undefined) {
    const message = `accountId: ${accountId} is not in organization ${fleet.organizationId}.`;
    throw new EventError(message, { accountId });
  }
  const place = await placeOf(runtime, account);
  const selection = select(fleet, account, clock());
  if (fleet.select.tags === undefined || !selection.isMember) return { account, place, selection };
  const tags = await tagsOfAccount(aws, accountId);
  return { account, place, selection: select(fleet, { ...account, tags }, clock()) };
}

/** The same of an account that something is to be done in: throws an EventError where the fleet does not look after it. */
export async function describeSelected(
  runtime: FleetRuntime,
  accountId: string,
): Promise<Described & { selection: Extract<Selection, { isMember: true }> }> {
  const described = await describeMember(runtime, accountId);
  const { selection } = described;
  if (selection.isMember) return { ...described, selection };
  throw new EventError(`accountId: ${nameOf(described)} ${selection.because}.`, { accountId });
}

/** `111122223333 (payments-prod)`. */
export function nameOf({ account: { accountId, name } }: Pick<Described, 'account'>): string {
  return `${accountId} (${name})`;
}

/** For the end of an answer: why nothing was changed, if that is because of the account's wave. */
export function dryRunNote(described: Described): string | undefined {
  const { selection } = described;
  const because = selection.isMember ? dryRunBecause(selection) : undefined;
  return because === undefined ? undefined : `Account ${nameOf(described)} ${because}: this was a dry run.`;
}
