import { formatDate, type Instant } from '../time.ts';
import type { AccountReason } from './account-reasons.ts';
import type { Fleet, Units, Wave } from './fleet.ts';
import { isBelow, isOfOrganization } from './path.ts';

/** An account as AWS Organizations shows it. */
export interface OrganizationAccount {
  readonly accountId: string;
  readonly name: string;
  /** `o-…/r-…/ou-…/`, with the account at its end or without. */
  readonly path: string;
  /** Kept as text: AWS has added values before. Only ACTIVE is worked on. */
  readonly state: string;
  readonly joinedAt?: Instant;
  readonly isManagement: boolean;
  /** Absent: not read. Reading them costs a call for each account, so a list of accounts is without. */
  readonly tags?: Readonly<Record<string, string>>;
}

export const notSelectedReasons = [
  'not-selected',
  'excluded',
  'not-active',
  'management-account',
  'not-tagged',
] as const satisfies readonly AccountReason[];
export type NotSelectedReason = (typeof notSelectedReasons)[number];

export type Selection =
  | { readonly isMember: true; readonly wave?: string; readonly enforceFrom?: Instant; readonly isDryRun: boolean }
  | { readonly isMember: false; readonly reason: NotSelectedReason; readonly because: string };

/**
 * Whether the fleet looks after an account, and whether it may change anything there yet. IAM decides the same by the
 * statements of `policy.ts`, but for State, tags and the management account, which only this knows. Tags that were not
 * read are not judged: who works on the account reads them first.
 */
export function select(fleet: Fleet, account: OrganizationAccount, now: Instant): Selection {
  const refusal = refusalOf(fleet, account);
  if (refusal !== undefined) return { isMember: false, ...refusal };
  const wave = fleet.waves.find((each) => unitOf(each, account) !== undefined);
  if (wave === undefined) return { isMember: true, isDryRun: true };
  const { name, enforceFrom } = wave;
  const isDryRun = enforceFrom === undefined || now < enforceFrom;
  return { isMember: true, wave: name, ...(enforceFrom === undefined ? {} : { enforceFrom }), isDryRun };
}

/** Why a member is in a dry run, as the end of a sentence about it; undefined: it is not. */
export function dryRunBecause(selection: Extract<Selection, { isMember: true }>): string | undefined {
  const { wave, enforceFrom, isDryRun } = selection;
  if (!isDryRun) return undefined;
  if (wave === undefined) return 'is in no wave (fleet.yml)';
  const date = enforceFrom === undefined ? 'has no date' : `begins on ${formatDate(enforceFrom)}`;
  return `is in wave ${wave}, which ${date} (fleet.yml)`;
}

interface Refusal {
  reason: NotSelectedReason;
  /** As the end of a sentence about the account. */
  because: string;
}

function refusalOf({ organizationId, select, exclude }: Fleet, account: OrganizationAccount): Refusal | undefined {
  const { path, state, isManagement, accountId, tags } = account;
  if (!isOfOrganization(path, organizationId)) {
    return { reason: 'not-selected', because: `is not in organization ${organizationId}` };
  }
  if (unitOf(select, account) === undefined) {
    return { reason: 'not-selected', because: 'is named by nothing in select (fleet.yml)' };
  }
  const excluded = unitOf(exclude, account);
  if (excluded !== undefined) {
    return { reason: 'excluded', because: `is excluded by exclude.${excluded} (fleet.yml)` };
  }
  if (state !== 'ACTIVE')
    return { reason: 'not-active', because: `is ${state}, as AWS says: nothing can be done there` };
  // No StackSet reaches it, and no policy of the organization binds it: only who names it means it.
  if (isManagement && !select.accounts.includes(accountId)) {
    const because = 'is the management account, and select.accounts does not name it (fleet.yml)';
    return { reason: 'management-account', because };
  }
  const missing = Object.entries(select.tags ?? {}).find(([key, value]) => tags !== undefined && tags[key] !== value);
  if (missing === undefined) return undefined;
  return {
    reason: 'not-tagged',
    because: `has no tag ${missing[0]} with the value ${missing[1]} (select.tags, fleet.yml)`,
  };
}

/** What of the units the account is in, by its field: `organizationalUnits ou-…`. */
function unitOf(
  { organizationalUnits, accounts }: Units | Wave,
  { accountId, path }: Pick<OrganizationAccount, 'accountId' | 'path'>,
): string | undefined {
  if (accounts.includes(accountId)) return `accounts ${accountId}`;
  const unit = organizationalUnits.find((each) => isBelow(path, each));
  return unit === undefined ? undefined : `organizationalUnits ${unit}`;
}
