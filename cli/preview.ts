import { randomUUID } from 'node:crypto';
import { readAudience } from '../shared/aws/audience.ts';
import { type Judged, judgeAccount, planUsers, type UserPlan, type View } from '../shared/aws/plan-users.ts';
import { callsMade } from '../shared/aws/runtime.ts';
import type { Triaged } from '../shared/core/activity.ts';
import { type Audience, audienceNotes } from '../shared/core/audience.ts';
import { EventError, type Failures, isFailure } from '../shared/core/errors.ts';
import { userNamePattern } from '../shared/core/event-fields.ts';
import type { ReasonCode } from '../shared/core/reasons.ts';
import { firstRun } from '../shared/core/runs.ts';
import { asRecordedIn } from '../shared/core/state-key.ts';
import type { Instant } from '../shared/core/time.ts';
import { parseUserSettings } from '../shared/core/user-settings.ts';
import type { Account } from './accounts.ts';
import type { Context } from './context.ts';
import { parseReason } from './reason.ts';
import type { FoundSettings } from './settings-from.ts';
import { withProgress } from './ui/progress.ts';

/** Whom a look is about; without any of it, everybody who is due. */
export interface Selection {
  users: readonly string[];
  owner?: string;
  /** Of what would be done first. */
  reason?: ReasonCode;
  /** Everybody who has something to rotate, due or not. */
  isEverybody?: boolean;
}

/**
 * What stands behind the answer on who would hear of it: every subscription; only their number; none could be asked, so
 * one is assumed; or the settings ask for none.
 */
export type SubscriptionBasis = 'read' | 'counted' | 'assumed' | 'not-required';

/** What a run would do in one account, seen with an operator's own credentials. */
export interface Preview {
  account: Account;
  found: FoundSettings;
  runId: string;
  at: Instant;
  judged: Judged;
  plans: readonly UserPlan[];
  /** Who is not looked at exactly, with the verdict, as far as the selection asks for them. */
  leftAlone: readonly Triaged[];
  subscriptions: SubscriptionBasis;
  /** Sentences about what could not be known. */
  notes: readonly string[];
  errors: readonly string[];
  /** What they are about. */
  causes: readonly unknown[];
  awsCalls: number;
}

/**
 * The scan, the verdicts and the plans of a scheduled run. Nothing verifies what the state says: MACs need a key that a
 * preview must not ask for, so they count as what they look like.
 */
export async function previewAccount(
  context: Context,
  account: Account,
  found: FoundSettings,
  selection: Selection,
): Promise<Preview> {
  const { aws } = account;
  const { settings } = found;
  const runId = randomUUID();
  const { clock, sleep } = context.shell;
  const reader = { aws, settings, verifier: asRecordedIn(settings.stateEpoch) };
  const failures = { errors: [], causes: [] } satisfies Failures;
  const view: View = { reader, runtime: { clock, sleep }, run: firstRun(clock(), settings), ...failures };
  let wanted = 0;
  const progress = (): string => {
    const users = wanted === 0 ? '' : `, ${aws.counts.get('iam:GetUser') ?? 0} of ${wanted} users`;
    return `${account.accountId}: ${callsMade({ aws })} AWS calls${users}`;
  };
  return withProgress(context, progress, async () => {
    const heard = await readListeners(account, found);
    const judged = await judgeAccount(view, async () => heard.audience);
    const { chosen, others } = choose(judged, selection, settings);
    wanted = chosen.length;
    const plans = await planUsers(view, chosen, { runId, limits: judged.limits });
    return {
      account,
      found,
      runId,
      at: judged.scan.at,
      judged,
      plans: plans.filter(({ plan }) => selection.reason === undefined || plan.reason === selection.reason),
      leftAlone: others.filter(({ verdict }) => selection.reason === undefined || verdict.reason === selection.reason),
      subscriptions: heard.basis,
      notes: heard.notes,
      ...failures,
      awsCalls: callsMade({ aws }),
    };
  });
}

interface Heard {
  audience?: Audience;
  basis: SubscriptionBasis;
  notes: string[];
}

const AS_IF = 'The plan assumes that someone has subscribed.';

/** Where nobody can be asked, the plan is made as if there were a subscription. */
async function readListeners({ aws }: Account, { settings, hasTopic }: FoundSettings): Promise<Heard> {
  if (!settings.requireSubscription) return { basis: 'not-required', notes: [] };
  if (!hasTopic) return assumed('Subscriptions are not looked at: there is no topic yet.');
  try {
    const audience = await readAudience(aws, settings.topicArn);
    return { audience, basis: audience.kind === 'counted' ? 'counted' : 'read', notes: audienceNotes(audience) };
  } catch (error) {
    if (isFailure(error, 'NotFound')) return assumed(`There is no topic ${settings.topicArn}.`);
    if (!['AuthorizationError', 'AccessDenied'].some((name) => isFailure(error, name))) throw error;
    return assumed(
      `The subscriptions of ${settings.topicArn} may not be read: allow sns:ListSubscriptionsByTopic and ` +
        'sns:GetSubscriptionAttributes, or sns:GetTopicAttributes.',
    );
  }
}

function assumed(because: string): Heard {
  return { basis: 'assumed', notes: [`${because} ${AS_IF}`] };
}

function choose(
  { scan, triaged, dueUsers }: Judged,
  { users, owner, isEverybody = false }: Selection,
  settings: FoundSettings['settings'],
): { chosen: readonly Triaged[]; others: readonly Triaged[] } {
  const isOwned = ({ scanned: { user } }: Triaged): boolean =>
    owner === undefined || parseUserSettings(user, settings, scan.at).settings.owner === owner;
  const isNamed = ({ scanned: { user } }: Triaged): boolean => users.length === 0 || users.includes(user.userName);
  const asked = triaged.filter((user) => isNamed(user) && isOwned(user));
  const isExact = users.length > 0 || isEverybody;
  const chosen = isExact ? asked.filter((user) => users.length > 0 || hasSomething(user)) : dueUsers.filter(isOwned);
  return { chosen, others: asked.filter((user) => !chosen.includes(user)) };
}

/** A key, as far as is known, or a secret. */
function hasSomething({ scanned: { secret, report, keys }, verdict }: Triaged): boolean {
  if (secret !== undefined || verdict.isDue) return true;
  if (keys !== undefined) return keys.length > 0;
  // The report has two slots for everybody; an empty one has no date.
  return report === undefined || report.keys.some(({ rotatedAt }) => rotatedAt !== undefined);
}

/** Throws an EventError for what can be no name of a user, and for a reason that there is not. */
export function parseSelection(
  users: readonly string[],
  { owner, reason }: { owner?: string; reason?: string },
): Selection {
  const wrong = users.find((name) => !userNamePattern.test(name));
  if (wrong !== undefined) throw new EventError(`user: "${wrong}" is no name of an IAM user.`);
  return {
    users: [...new Set(users)],
    ...(owner === undefined ? {} : { owner }),
    ...(reason === undefined ? {} : { reason: parseReason('--reason', reason) }),
  };
}

/** Throws an EventError for a user who is in none of the accounts that were looked at. */
export function requireUsers(previews: readonly Preview[], { users }: Selection): void {
  const known = new Set(previews.flatMap(({ judged }) => judged.triaged.map(({ scanned: { user } }) => user.userName)));
  const missing = users.filter((name) => !known.has(name));
  if (missing.length === 0 || previews.length === 0) return;
  const accounts = previews.map(({ account }) => account.accountId).join(', ');
  throw new EventError(
    `user: there is no IAM user ${missing.join(', ')} in ${previews.length === 1 ? 'account' : 'accounts'} ${accounts}. ` +
      'Check the name, the path that `userPathPrefix` sets, and the account of your credentials.',
  );
}
