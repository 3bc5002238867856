import type { AccountReason } from './account-reasons.ts';

/** What keeps us from an account, or might, without anybody having tried. */
export interface ForeseenRefusal {
  readonly reason: AccountReason;
  /** A sentence. */
  readonly message: string;
  /** Nothing can be rotated there until it is put right. */
  readonly isRefusal: boolean;
}

/** One action, as IAM's simulator decides it. */
export interface Simulated {
  readonly action: string;
  /** `allowed`, `explicitDeny` or `implicitDeny`. */
  readonly decision: string;
  /** What the organization's policies say; absent where the simulator does not know, as with those that have conditions. */
  readonly isAllowedByOrganization?: boolean;
}

/** Each kind of refusal once, with all of its actions. */
export function refusalsIn(simulated: readonly Simulated[], role: string, accountId: string): ForeseenRefusal[] {
  const where = `${role} in ${accountId}`;
  const named = (each: readonly Simulated[]): string => each.map(({ action }) => action).join(', ');
  const byOrganization = simulated.filter((each) => each.isAllowedByOrganization === false);
  const inAccount = simulated.filter((each) => each.decision !== 'allowed' && !byOrganization.includes(each));
  const unknown = simulated.filter((each) => each.isAllowedByOrganization === undefined && !inAccount.includes(each));
  const found: (ForeseenRefusal & { of: readonly Simulated[] })[] = [
    {
      ...{ reason: 'denied-by-organization', isRefusal: true, of: byOrganization },
      message: `A policy of the organization denies ${named(byOrganization)} to ${where}.`,
    },
    {
      ...{ reason: 'denied-in-account', isRefusal: true, of: inAccount },
      message: `The policies of ${where} do not allow ${named(inAccount)}: its template was changed, or a permissions boundary denies it.`,
    },
    {
      ...{ reason: 'not-simulated', isRefusal: false, of: unknown },
      message: `AWS does not say what the policies of the organization decide about ${named(unknown)} for ${where}: the first rotation there will tell.`,
    },
  ];
  return found.filter(({ of }) => of.length > 0).map(({ of: _, ...refusal }) => refusal);
}
