import { plannedSteps } from '../shared/aws/plan-users.ts';
import { RotationError } from '../shared/core/errors.ts';
import type { Account } from './accounts.ts';
import type { Context } from './context.ts';
import { type ExitCode, exitCodes, worst } from './exit-code.ts';
import type { PlanOutput } from './output.ts';
import type { Preview } from './preview.ts';
import type { FoundSettings } from './settings-from.ts';

type PlanAccount = PlanOutput['accounts'][number];
export type ShownStep = PlanAccount['plan'][number];

/** Every step, with what it is founded on. */
export function stepsOf({ plans }: Pick<Preview, 'plans'>): ShownStep[] {
  return plannedSteps(plans).map((step) => ({ ...step, basis: 'as-recorded' }));
}

/** What the `--json` of each looking command says of an account. */
export function aboutAccount(
  { account, found, subscriptions, notes, errors, awsCalls }: Preview,
  stage: string,
): Pick<PlanAccount, 'profile' | 'accountId' | 'settings' | 'subscriptions' | 'notes' | 'errors' | 'awsCalls'> {
  const { enforce, maxAccessKeyAgeDays, rotateAheadDays, graceDays, quietDays } = found.settings;
  const { maxPostponeDays, recoveryDays, unusedDays, maxNewRotationsPerDay } = found.settings;
  return {
    ...(account.profile === undefined ? {} : { profile: account.profile }),
    accountId: account.accountId,
    settings: {
      from: found.from,
      stage,
      region: account.region,
      enforce,
      maxAccessKeyAgeDays,
      rotateAheadDays,
      graceDays,
      quietDays,
      maxPostponeDays,
      recoveryDays,
      unusedDays,
      maxNewRotationsPerDay,
    },
    subscriptions,
    notes: [...notes],
    errors: [...errors],
    awsCalls,
  };
}

/** `111122223333 (prod)`. */
export function nameOf({ accountId, profile }: Account): string {
  return profile === undefined ? accountId : `${accountId} (${profile})`;
}

/** On stderr, before anything that is printed: what the account is judged by. */
export function saySettings({ note, options }: Context, account: Account, { sentence }: FoundSettings): void {
  note(options.profile.length > 1 ? `${account.name}: ${sentence}` : sentence);
}

/** On stderr, after it: what could not be known, and what failed. */
export function sayDoubts({ note, warn }: Context, { notes, errors, judged }: Preview): void {
  for (const each of [...notes, ...judged.scan.findings]) note(each);
  for (const each of errors) warn(each);
}

/** Of an account that was looked at: something may have failed on the way, or be due. */
export function codeOf({ causes, plans }: Pick<Preview, 'causes' | 'plans'>, isDetailed: boolean): ExitCode {
  const codes = causes.map((cause) => (cause instanceof RotationError ? cause.code : ''));
  const isRefused = codes.some((each) => /^(AccessDenied|UnauthorizedOperation|AuthorizationError)/.test(each));
  const isThrottled = codes.every((each) => /^(Throttl|TooManyRequests|RequestLimit)/.test(each));
  const code = isRefused ? exitCodes.refused : isThrottled ? exitCodes.later : exitCodes.failed;
  const failed = causes.length === 0 ? [] : [code];
  return worst([...failed, ...(isDetailed ? plans.map(({ plan }) => detailedCodeOf(plan.status)) : [])]);
}

function detailedCodeOf(status: Preview['plans'][number]['plan']['status']): ExitCode {
  switch (status) {
    case 'act':
      return exitCodes.due;
    case 'blocked':
    case 'failed':
      return exitCodes.undecided;
    case 'busy':
    case 'unchanged':
      return exitCodes.done;
  }
}
