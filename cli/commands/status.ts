import type { UserPlan } from '../../shared/aws/plan-users.ts';
import { asScheduled, type Role } from '../../shared/core/model.ts';
import { graceDaysOf, postponeDaysOf } from '../../shared/core/promises.ts';
import { showStep } from '../../shared/core/shown-step.ts';
import { assess, type KeyView, type Situation } from '../../shared/core/situation.ts';
import { DAY, formatDate, formatInstant, type Instant } from '../../shared/core/time.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';
import type { StatusOutput } from '../output.ts';
import { type Preview, parseSelection } from '../preview.ts';
import { type LookOptions, previewAccounts } from '../preview-accounts.ts';
import { aboutAccount, nameOf } from '../report.ts';
import { ageInDays, dateAndLeft, usedWhen } from '../ui/days.ts';
import { type Cell, type Column, plain, renderTable, shortKey } from '../ui/table.ts';

export interface StatusOptions extends LookOptions {
  owner?: string;
  reason?: string;
}

/** Keys, secret and state of some users, or of all, and what waits for what: from the planner of the functions. */
export async function run(context: Context, users: readonly string[], options: StatusOptions): Promise<ExitCode> {
  const selection = { ...parseSelection(users, options), isEverybody: users.length === 0 };
  return previewAccounts(
    context,
    options,
    { selection, changes: new Map() },
    {
      show: (previews) => (context.options.json ? printJson(context, previews) : printAll(context, previews)),
    },
  );
}

/** One user, with everything that is shown of them. */
interface Shown {
  userPlan: UserPlan;
  situation: Situation;
  grace?: { until: Instant; atLatest: Instant };
}

function show({ found, at }: Preview, userPlan: UserPlan): Shown {
  const situation = assess(userPlan.state, asScheduled, found.settings, at);
  const grace = graceOf(situation);
  return { userPlan, situation, ...(grace === undefined ? {} : { grace }) };
}

/** While an Active key waits for its end, because a newer one is current. */
function graceOf({ current, keys, tags, settings }: Situation): Shown['grace'] {
  const { currentSince } = tags;
  const isReplaced = keys.some((key) => key.isActive && key !== current && key.createdAt <= (current?.createdAt ?? 0));
  if (!isReplaced || currentSince === undefined || currentSince.accessKeyId !== current?.accessKeyId) return undefined;
  const until = currentSince.at + graceDaysOf(currentSince, settings) * DAY;
  return { until, atLatest: until + postponeDaysOf(currentSince, settings) * DAY };
}

function printJson({ print, options }: Context, previews: readonly Preview[]): void {
  const output: StatusOutput = {
    schemaVersion: 1,
    accounts: previews.map((preview) => ({
      ...aboutAccount(preview, options.stage),
      users: preview.plans.map((userPlan) => jsonOf(show(preview, userPlan))),
    })),
  };
  print(JSON.stringify(output, undefined, 2));
}

function jsonOf({ userPlan, situation, grace }: Shown): StatusOutput['accounts'][number]['users'][number] {
  const { state, plan } = userPlan;
  const { settings, tags, secret, currentVersionId } = situation;
  const { userName, userId } = state.user;
  return {
    userName,
    userId,
    ...(settings.owner === undefined ? {} : { owner: settings.owner }),
    status: plan.status,
    reason: plan.reason,
    message: plan.message,
    keys: situation.keys.map((key) => jsonOfKey(key, situation.now)),
    ...(secret === undefined
      ? {}
      : {
          secret: {
            name: secret.name,
            arn: secret.arn,
            ...(currentVersionId === undefined ? {} : { versionId: currentVersionId }),
          },
        }),
    ...(tags.currentSince === undefined ? {} : { currentSince: formatInstant(tags.currentSince.at) }),
    ...(grace === undefined
      ? {}
      : { grace: { until: formatInstant(grace.until), atLatest: formatInstant(grace.atLatest) } }),
    ...(tags.holdUntil === undefined ? {} : { heldUntil: formatInstant(tags.holdUntil) }),
    plan: plan.steps.map((step) => ({ userName, ...showStep(step), basis: 'as-recorded' })),
  };
}

function jsonOfKey(key: KeyView, now: Instant) {
  const { accessKeyId, status, createdAt, role, isExposed, lastUsed, deletableAt } = key;
  return {
    accessKeyId,
    status,
    createdAt: formatInstant(createdAt),
    ageDays: Math.floor(((now - createdAt) / DAY) * 10) / 10,
    role,
    isExposed,
    ...(lastUsed === undefined ? {} : { lastUsed: { ...lastUsed, at: formatInstant(lastUsed.at) } }),
    ...(deletableAt === undefined ? {} : { deletableAt: formatInstant(deletableAt) }),
  };
}

function printAll(context: Context, previews: readonly Preview[]): void {
  const shown = previews.flatMap((preview) =>
    preview.plans.map((userPlan) => ({ preview, ...show(preview, userPlan) })),
  );
  if (shown.length === 0) context.note('No user has an access key, or one that the options ask for.');
  for (const [index, { preview, ...one }] of shown.entries()) {
    if (index > 0) context.print('');
    context.print(textOf(context, preview, one));
  }
}

const columns: readonly Column[] = [
  { title: 'KEY' },
  { title: 'STATUS' },
  { title: 'AGE', isRight: true },
  { title: 'LAST USED' },
  { title: 'ROLE' },
];

function textOf({ shell }: Context, { account, at }: Preview, { userPlan, situation, grace }: Shown): string {
  const { user } = userPlan.state;
  const { settings, keys, secret } = situation;
  const width = shell.stdout.isTTY === true ? (shell.stdout.columns ?? 80) : undefined;
  const owner = settings.owner === undefined ? '' : `   owner ${plain(settings.owner)}`;
  const table =
    keys.length === 0
      ? 'No access key.'
      : renderTable(
          columns,
          keys.map((key) => cellsOf(key, situation)),
          width,
        );
  const facts = [
    ...(secret === undefined ? [] : [`Secret   ${secret.name}`]),
    ...(grace === undefined
      ? []
      : [`Grace    until ${dateAndLeft(grace.until, at)}, at the latest ${formatDate(grace.atLatest)}`]),
    `Now      ${nowOf(userPlan)}`,
    ...(nextOf(userPlan) === undefined ? [] : [`Next     ${nextOf(userPlan)}`]),
  ];
  return `${user.userName}   ${user.userId}${owner}   account ${nameOf(account)}\n\n${table}\n\n${facts.join('\n')}`;
}

function cellsOf(key: KeyView, situation: Situation): Cell[] {
  const { now } = situation;
  return [
    { text: key.accessKeyId, short: shortKey(key.accessKeyId) },
    { text: key.status },
    { text: ageInDays(key.createdAt, now) },
    { text: usedBy(key, now), short: usedWhen(key.lastUsed?.at, now) },
    { text: roleOf(key, situation) },
  ];
}

function usedBy({ lastUsed }: KeyView, now: Instant): string {
  const when = usedWhen(lastUsed?.at, now);
  return lastUsed === undefined ? when : plain(`${when}, ${lastUsed.service} in ${lastUsed.region}`);
}

const roleWords: Readonly<Record<Role, string>> = {
  current: 'current (AWSCURRENT)',
  previous: 'old',
  pending: 'pending (AWSPENDING)',
  stranger: 'not stored by Keyturn',
  orphan: 'left behind by an interrupted run',
};

function roleOf({ role, accessKeyId, isExposed, deletableAt }: KeyView, { tags }: Situation): string {
  const { currentSince } = tags;
  const isDated = role === 'current' && currentSince?.accessKeyId === accessKeyId;
  const words = isDated ? `current (AWSCURRENT since ${formatDate(currentSince.at)})` : roleWords[role];
  const facts = [
    ...(isExposed ? ['exposed'] : []),
    ...(deletableAt === undefined ? [] : [`deleted from ${formatDate(deletableAt)} on`]),
  ];
  return [words, ...facts].join(', ');
}

function nowOf({ plan: { status, reason, message, steps } }: UserPlan): string {
  const [step] = steps;
  const what = status === 'act' ? (step?.action ?? 'none') : status === 'unchanged' ? 'waits' : status;
  return `${what}: ${plain(message)} (${reason})`;
}

/** From the planner's own date: what is due is done by the next run, and says what comes of it when. */
function nextOf({ plan: { status, steps } }: UserPlan): string | undefined {
  const [step] = steps;
  if (status === 'act') {
    const then = step?.notBefore === undefined ? '' : `; what follows from it not before ${formatDate(step.notBefore)}`;
    return `${step?.action} with the next run${then}`;
  }
  return step?.notBefore === undefined ? undefined : `not before ${formatDate(step.notBefore)}`;
}
