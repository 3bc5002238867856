import type { UserPlan } from '../../shared/aws/plan-users.ts';
import type { Triaged } from '../../shared/core/activity.ts';
import type { ActionName } from '../../shared/core/answer.ts';
import { EventError } from '../../shared/core/errors.ts';
import type { AccessKey } from '../../shared/core/model.ts';
import type { Instant } from '../../shared/core/time.ts';
import type { Context } from '../context.ts';
import { commandFor } from '../deployed.ts';
import type { ExitCode } from '../exit-code.ts';
import type { PlanOutput } from '../output.ts';
import { type Preview, parseSelection } from '../preview.ts';
import { type LookOptions, previewAccounts } from '../preview-accounts.ts';
import { aboutAccount, nameOf, stepsOf } from '../report.ts';
import { parseChanges } from '../settings-from.ts';
import { ageInDays, usedWhen } from '../ui/days.ts';
import { type Cell, type Column, escapeMarkdown, renderMarkdown, renderTable, shortKey } from '../ui/table.ts';

export interface PlanOptions extends LookOptions {
  all?: boolean;
  owner?: string;
  reason?: string;
  set: readonly string[];
  markdown?: boolean;
  html?: boolean;
}

/** What a run would do, from a scan and the planner of the deployed functions, with the operator's own credentials. */
export async function run(context: Context, users: readonly string[], options: PlanOptions): Promise<ExitCode> {
  const form = formOf(context, options);
  // The page has what will be due, too.
  const selection = { ...parseSelection(users, options), isEverybody: form === 'html' };
  const asked = { selection, changes: parseChanges(options.set) };
  return previewAccounts(context, options, asked, {
    show: (previews) => printers[form](context, previews, options.all === true || users.length > 0),
    ...(form === 'table' ? { next: (previews) => sayNext(context, previews) } : {}),
  });
}

type Form = 'table' | 'json' | 'markdown' | 'html';
type Printer = (context: Context, previews: readonly Preview[], showsAll: boolean) => void | Promise<void>;

function formOf({ options: { json } }: Context, { markdown = false, html = false }: PlanOptions): Form {
  const given = Object.entries({ json, markdown, html }).filter(([, isGiven]) => isGiven);
  if (given.length > 1) {
    throw new EventError(`${given.map(([name]) => `--${name}`).join(' and ')} exclude each other: give one of them.`);
  }
  return json ? 'json' : markdown ? 'markdown' : html ? 'html' : 'table';
}

const printers: Readonly<Record<Form, Printer>> = {
  table: printTables,
  json: printJson,
  markdown: printMarkdown,
  async html({ print }, previews) {
    const { pageOf } = await import('../html/page.ts');
    print(pageOf(previews).trimEnd());
  },
};

function printJson({ print, options }: Context, previews: readonly Preview[], showsAll: boolean): void {
  const output: PlanOutput = {
    schemaVersion: 1,
    accounts: previews.map((preview) => ({
      ...aboutAccount(preview, options.stage),
      schemaVersion: 1,
      runId: preview.runId,
      dryRun: true,
      usersScanned: preview.judged.scan.users.length,
      enqueued: 0,
      skipped: skippedOf(preview),
      plan: stepsOf(preview),
      users: preview.plans.map(({ state, plan: { status, reason, message } }) => {
        return { userName: state.user.userName, status, reason, message };
      }),
      ...(showsAll ? { leftAlone: preview.leftAlone.map(leftAloneOf) } : {}),
    })),
  };
  print(JSON.stringify(output, undefined, 2));
}

function skippedOf({ judged }: Preview): Record<string, number> {
  const skipped: Record<string, number> = {};
  for (const { verdict } of judged.triaged) {
    if (!verdict.isDue) skipped[verdict.reason] = (skipped[verdict.reason] ?? 0) + 1;
  }
  return skipped;
}

function leftAloneOf({ scanned: { user }, verdict: { reason, because } }: Triaged) {
  return { userName: user.userName, reason, ...(because === undefined ? {} : { because }) };
}

const columns: readonly Column[] = [
  { title: 'USER' },
  { title: 'KEY' },
  { title: 'AGE', isRight: true },
  { title: 'LAST USED' },
  { title: 'NEXT STEP' },
  { title: 'REASON' },
];

function printTables(context: Context, previews: readonly Preview[], showsAll: boolean): void {
  const { print, shell } = context;
  const width = shell.stdout.isTTY === true ? (shell.stdout.columns ?? 80) : undefined;
  for (const [index, preview] of previews.entries()) {
    if (index > 0) print('');
    print(headOf(preview));
    const rows = rowsOf(context, preview, showsAll);
    if (rows.length > 0) print(`\n${renderTable(columns, rows, width)}`);
    print(`\n${conclusionOf(preview)}`);
  }
}

function printMarkdown(context: Context, previews: readonly Preview[], showsAll: boolean): void {
  const { print } = context;
  for (const [index, preview] of previews.entries()) {
    const rows = rowsOf(context, preview, showsAll);
    const table = rows.length === 0 ? '' : `${renderMarkdown(columns, rows)}\n\n`;
    print(`${index > 0 ? '\n' : ''}${escapeMarkdown(headOf(preview))}\n\n${table}${conclusionOf(preview)}`);
  }
}

function headOf({ account, judged, plans }: Preview): string {
  const users = judged.scan.users.length;
  const due = plans.filter(({ plan }) => plan.status === 'act').length;
  const undecided = plans.filter(isUndecided).length;
  return [
    `Account ${nameOf(account)}`,
    `${users} IAM ${users === 1 ? 'user' : 'users'}`,
    `${due} due`,
    ...(undecided === 0 ? [] : [`${undecided} ${undecided === 1 ? 'needs' : 'need'} a decision`]),
  ].join(' · ');
}

function isUndecided({ plan }: UserPlan): boolean {
  return plan.status === 'blocked' || plan.status === 'failed';
}

function rowsOf(context: Context, preview: Preview, showsAll: boolean): Cell[][] {
  const { at, leftAlone } = preview;
  const rows = preview.plans.map((userPlan) => rowOf(context, userPlan, at));
  const others = leftAlone.map(({ scanned, verdict }): Cell[] => {
    const [oldest] = scanned.keys ?? [];
    const since = verdict.oldestActiveAt;
    return [
      { text: scanned.user.userName },
      keyCell(oldest?.accessKeyId),
      { text: since === undefined ? '–' : ageInDays(since, at) },
      { text: '–' },
      { text: 'left alone' },
      { text: verdict.reason },
    ];
  });
  return showsAll ? [...rows, ...others] : rows;
}

function rowOf(context: Context, { state, plan }: UserPlan, at: Instant): Cell[] {
  const key = keyOf(state.keys, plan);
  return [
    { text: state.user.userName },
    keyCell(key?.accessKeyId),
    { text: key === undefined ? '–' : ageInDays(key.createdAt, at) },
    { text: key === undefined ? '–' : usedWhen(key.lastUsed?.at, at) },
    nextCell(context, plan),
    { text: plan.reason },
  ];
}

function keyCell(accessKeyId: string | undefined): Cell {
  return accessKeyId === undefined ? { text: '–' } : { text: accessKeyId, short: shortKey(accessKeyId) };
}

/** The key that the step is about; of a new one the key that it replaces, which is the oldest in use. */
function keyOf(keys: readonly AccessKey[], { steps: [step] }: UserPlan['plan']): AccessKey | undefined {
  const named = step !== undefined && 'accessKeyId' in step ? step.accessKeyId : undefined;
  const oldestFirst = keys.toSorted((a, b) => a.createdAt - b.createdAt);
  return (
    keys.find(({ accessKeyId }) => accessKeyId === named) ??
    oldestFirst.find(({ status }) => status === 'Active') ??
    oldestFirst[0]
  );
}

function nextCell({ paint }: Context, { status, steps: [step] }: UserPlan['plan']): Cell {
  switch (status) {
    case 'act':
      return { text: step?.action ?? 'none', paint: (text) => paint('stdout', 'cyan', text) };
    case 'blocked':
    case 'failed':
      return { text: `! ${status}`, paint: (text) => paint('stdout', 'red', text) };
    case 'busy':
      return { text: 'busy' };
    case 'unchanged':
      return { text: 'none' };
  }
}

const deactivating: readonly ActionName[] = [
  'deactivate',
  'deactivate-exposed',
  'deactivate-orphan',
  'deactivate-unrecorded',
  'retire',
];
const deleting: readonly ActionName[] = ['delete', 'delete-orphan'];

/** What the steps come to, and how far the daily limit lets them. */
function conclusionOf({ plans, found: { settings }, judged: { limits } }: Preview): string {
  const actions = plans.flatMap(({ plan }) => (plan.status === 'act' ? plan.steps.map(({ action }) => action) : []));
  const count = (wanted: readonly ActionName[]): number => actions.filter((action) => wanted.includes(action)).length;
  const [issued, deactivated, deleted] = [count(['issue']), count(deactivating), count(deleting)];
  const others = actions.length - issued - deactivated - deleted;
  const parts = [
    ...(issued === 0 ? [] : [`issue ${keys(issued)}`]),
    ...(deactivated === 0 ? [] : [`deactivate ${keys(deactivated)}`]),
    ...(deleted === 0 ? [] : [`delete ${keys(deleted)}`]),
    ...(others === 0 ? [] : [`take ${others} other ${others === 1 ? 'step' : 'steps'}`]),
  ];
  if (parts.length === 0) return 'Nothing was changed. A run with these settings would change nothing.';
  const limited = issued + count(['retire']);
  const left = Math.max(0, settings.maxNewRotationsPerDay - (limits?.issuedToday ?? 0));
  const limit = limited > left ? ` Of new rotations at most ${left} are left of today (maxNewRotationsPerDay).` : '';
  return `Nothing was changed. A run with these settings would ${listed(parts)}.${limit}`;
}

function keys(count: number): string {
  return `${count} ${count === 1 ? 'key' : 'keys'}`;
}

function listed(parts: readonly string[]): string {
  return [parts.slice(0, -1).join(', '), parts.at(-1)].filter((part) => part !== '').join(' and ');
}

const TOLD_MAX = 5;

/** What a person may want to type next. */
function sayNext(context: Context, previews: readonly Preview[]): void {
  const { note } = context;
  const undecided = previews.flatMap(({ plans, account }) =>
    plans.filter(isUndecided).map((each) => ({ ...each, account })),
  );
  for (const { state, plan } of undecided.slice(0, TOLD_MAX)) {
    note(`${state.user.userName}: ${plan.message} keyturn explain ${plan.reason}`);
  }
  const [first] = [
    ...undecided,
    ...previews.flatMap(({ plans, account }) => plans.map((each) => ({ ...each, account }))),
  ];
  if (first === undefined) return;
  note(`Next: ${commandFor(context, `status ${first.state.user.userName}`, first.account.profile)}`);
}
