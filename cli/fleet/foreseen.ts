import { EventError } from '../../shared/core/errors.ts';
import type { OrganizationAccount } from '../../shared/core/fleet/select.ts';
import type { ShownStep } from '../../shared/core/shown-step.ts';
import { formatDate } from '../../shared/core/time.ts';
import type { Asked, Member, Outsider } from './hub.ts';
import type { CheckAnswer } from './readiness.ts';

/** What of the answer of `{"dryRun": true, "accountId"}` is read here; docs/reference.md explains each field. */
export interface DryRunAnswer {
  usersScanned: number;
  skipped: Record<string, number>;
  plan?: readonly ForeseenStep[];
  errors: readonly string[];
}

export type ForeseenStep = ShownStep & { userName: string };

/** What a run would do in one account. */
export interface ForeseenAccount {
  account: OrganizationAccount;
  wave?: string;
  /** By the wave in the present fleet.yml: for now nothing would be done. */
  isDryRun: boolean;
  /** `not-deployed`: the hub does not know yet that the account belongs. */
  status: 'planned' | 'not-deployed' | 'failed';
  usersScanned: number;
  skipped: Readonly<Record<string, number>>;
  steps: readonly ForeseenStep[];
  errors: readonly string[];
}

export function foresee({ account, selection }: Member, { answered, failure }: Asked<DryRunAnswer>): ForeseenAccount {
  const { wave, isDryRun } = selection;
  const about = { account, ...(wave === undefined ? {} : { wave }), isDryRun };
  if (answered === undefined) {
    const status = failure instanceof EventError ? 'not-deployed' : 'failed';
    const errors = [failure?.message ?? 'the function gave no answer'];
    return { ...about, status, usersScanned: 0, skipped: {}, steps: [], errors };
  }
  const { usersScanned, skipped, plan = [], errors } = answered;
  return { ...about, status: 'planned', usersScanned, skipped, steps: plan, errors };
}

/** An account that leaves the fleet with the next deployment: what is under way there stays as it is. */
export interface Departure {
  account: OrganizationAccount;
  reason: string;
  /** As the end of a sentence about the account. */
  because: string;
}

/** Whom the present fleet.yml leaves out, and the deployed one, as the hub says, does not. */
export function departuresOf(outsiders: readonly Outsider[], asked: readonly Asked<CheckAnswer>[]): Departure[] {
  const known = new Map(asked.map(({ account, answered }) => [account.accountId, answered?.status]));
  return outsiders.flatMap(({ account, selection: { reason, because } }) => {
    const status = known.get(account.accountId);
    return status === undefined || status === 'not-selected' ? [] : [{ account, reason, because }];
  });
}

export interface Wave {
  name: string;
  /** `from 2026-12-01`, `no date`. */
  begins: string;
  accounts: number;
  users: number;
  /** Users for whom something would be done. */
  changed: number;
}

const NO_WAVE = 'in no wave';

/** In the order of fleet.yml; last who is in none. */
export function wavesOf(
  waves: readonly { name: string; enforceFrom?: number }[],
  foreseen: readonly ForeseenAccount[],
): Wave[] {
  const all = [...waves, { name: NO_WAVE }];
  return all.flatMap((wave) => {
    const { name } = wave;
    const own = foreseen.filter((each) => (each.wave ?? NO_WAVE) === name);
    if (own.length === 0) return [];
    const from = 'enforceFrom' in wave ? wave.enforceFrom : undefined;
    const begins = from === undefined ? 'a dry run' : `from ${formatDate(from)}`;
    const sum = (count: (each: ForeseenAccount) => number): number =>
      own.reduce((total, each) => total + count(each), 0);
    return [{ name, begins, accounts: own.length, users: sum((each) => each.usersScanned), changed: sum(usersIn) }];
  });
}

export function usersIn({ steps }: Pick<ForeseenAccount, 'steps'>): number {
  return new Set(steps.map(({ userName }) => userName)).size;
}

/** `issue 3, deactivate 1`. */
export function actionsOf(foreseen: readonly ForeseenAccount[]): string {
  const counts = new Map<string, number>();
  for (const { action } of foreseen.flatMap(({ steps }) => steps)) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, count]) => `${action} ${count}`).join(', ');
}
