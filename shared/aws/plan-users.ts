import type { Triaged } from '../core/activity.ts';
import type { Audience } from '../core/audience.ts';
import { collect, type Failures, messageOf } from '../core/errors.ts';
import { asScheduled, type Limits, type Request, type UserState } from '../core/model.ts';
import { type Plan, plan } from '../core/plan.ts';
import { present } from '../core/present.ts';
import { isWeeklyTurn, type RunTimes } from '../core/runs.ts';
import { inOrder } from '../core/shares.ts';
import { type ShownStep, showStep } from '../core/shown-step.ts';
import { triage } from '../core/triage/triage.ts';
import { readLimits } from './limits.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { observeUser, type Reader } from './observe.ts';
import type { Runtime } from './runtime.ts';
import { type Scan, scanAccount } from './scan.ts';

/*
 * What a scheduled run would do, without a write: the one path of the run itself, of its dry run, and of whoever shows
 * a preview.
 */

/** How an account is looked at. */
export interface View extends Failures {
  reader: Reader;
  runtime: Pick<Runtime, 'clock' | 'sleep'>;
  /** The run as it was scheduled, and the one before it. */
  run: RunTimes;
  /** In a fleet: which account it must be. */
  accountId?: string;
}

/** Everybody, with the verdict on them. */
export interface Judged {
  scan: Scan;
  triaged: readonly Triaged[];
  /** Who is looked at exactly, in the order of the run. */
  dueUsers: readonly Triaged[];
  /** Absent if they could not be read. */
  limits: Limits | undefined;
}

/** Scans the account and picks who is due. Throws as `scanAccount` does; all other failures are collected. */
export async function judgeAccount(view: View, listeners: () => Promise<Audience | undefined>): Promise<Judged> {
  const { reader, runtime, run, errors, causes, accountId } = view;
  const scan = await scanAccount(reader, runtime, run, accountId);
  errors.push(...scan.errors);
  causes?.push(...scan.causes);
  const triaged = scan.users.map((scanned) => ({ scanned, verdict: triage(scanned, reader.settings, scan.at, run) }));
  const dueUsers = inOrder(
    triaged.filter(({ verdict }) => verdict.isDue),
    scan.at,
  );
  const limits = await attempt(view, async () => readLimits(reader, await listeners(), scan.at));
  return { scan, triaged, dueUsers, limits };
}

/** One user as observed, and what the schedule would do about them. */
export interface UserPlan {
  state: UserState;
  plan: Plan;
}

/** What the worker would do about each user, from the same observation and plan. A user who is gone has none. */
export async function planUsers(
  view: View,
  users: readonly Triaged[],
  { runId, limits }: { runId: string; limits: Limits | undefined },
): Promise<UserPlan[]> {
  const { reader, runtime, run } = view;
  const request: Request = { ...asScheduled, runId, ...present({ limits }) };
  const plans = await mapConcurrently(users, async ({ scanned: { user, elsewhere } }): Promise<UserPlan[]> => {
    const { userName, userId } = user;
    const now = runtime.clock();
    const observe = (): ReturnType<typeof observeUser> => observeUser(reader, { userName, userId });
    const state = await attempt(view, observe, `${userName}: `);
    if (state === undefined) return [];
    const mayRepeat = isWeeklyTurn(userId, run);
    const asked = { ...request, mayRepeat, ...present({ elsewhere }) };
    return [{ state, plan: plan(state, asked, reader.settings, now) }];
  });
  return plans.flat();
}

export type PlannedStep = { userName: string } & ShownStep;

/** Every step of every plan, as it is shown. */
export function plannedSteps(plans: readonly UserPlan[]): PlannedStep[] {
  return plans.flatMap(({ state, plan: { steps } }) =>
    steps.map((step) => ({ userName: state.user.userName, ...showStep(step) })),
  );
}

/** A failure that must not keep the rest from being done is collected, with whom it is about in front. */
export async function attempt<T>(failures: Failures, call: () => Promise<T>, about = ''): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    collect(failures, error, `${about}${messageOf(error)}`);
    return undefined;
  }
}
