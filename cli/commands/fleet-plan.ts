import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EventError } from '../../shared/core/errors.ts';
import type { Context } from '../context.ts';
import { commandFor } from '../deployed.ts';
import { type ExitCode, exitCodes, worst } from '../exit-code.ts';
import { accountColumns, headOf } from '../fleet/account-head.ts';
import {
  actionsOf,
  type Departure,
  type DryRunAnswer,
  departuresOf,
  type ForeseenAccount,
  type ForeseenStep,
  foresee,
  usersIn,
  wavesOf,
} from '../fleet/foreseen.ts';
import { askEach, type FleetLookOptions, type Hub, openHub, printInvocations } from '../fleet/hub.ts';
import type { CheckAnswer } from '../fleet/readiness.ts';
import type { OrganizationPlan } from '../html/organization.ts';
import type { FleetPlanOutput } from '../output.ts';
import { type Cell, type Column, plain, renderTable, shortKey } from '../ui/table.ts';

export interface FleetPlanOptions extends FleetLookOptions {
  html?: string;
}

const question = { dryRun: true };

/** The dry run of every account of fleet.yml, by the hub; and who leaves the fleet with the next deployment. */
export async function run(context: Context, _args: readonly string[], options: FleetPlanOptions): Promise<ExitCode> {
  const { html } = options;
  if (html !== undefined && context.options.json) {
    throw new EventError('--json and --html exclude each other: give one of them.');
  }
  if (options.print) {
    printInvocations(context, options.account, question);
    return exitCodes.done;
  }
  const hub = await openHub(context, options);
  const plan = await planOf(context, hub, options);
  if (html !== undefined) await writePage(context, html, plan);
  else if (context.options.json) context.print(JSON.stringify(documentOf(hub, plan), undefined, 2));
  else print(context, plan);
  for (const { account, selection } of options.account.length === 0 ? [] : hub.outsiders) {
    context.warn(`${account.accountId} ${selection.because}.`);
  }
  for (const { account, errors } of plan.accounts) {
    for (const error of errors) context.warn(`${account.accountId} ${plain(account.name)}: ${plain(error)}`);
  }
  return worst(plan.accounts.map(codeOf));
}

/** Of one that is not deployed yet nothing failed. */
function codeOf({ status, errors }: ForeseenAccount): ExitCode {
  return status === 'not-deployed' || errors.length === 0 ? exitCodes.done : exitCodes.failed;
}

async function planOf(context: Context, hub: Hub, options: FleetPlanOptions): Promise<OrganizationPlan> {
  const { members, outsiders, fleet } = hub;
  const asked = await askEach<DryRunAnswer>(
    context,
    hub,
    members.map(({ account }) => account),
    question,
  );
  const accounts = members.map((member, index) => foresee(member, asked[index] ?? { account: member.account }));
  // Whoever is not ACTIVE is left alone by every fleet.yml.
  const leaving = outsiders.filter(({ selection }) => selection.reason !== 'not-active');
  const still = await askEach<CheckAnswer>(
    context,
    hub,
    leaving.map(({ account }) => account),
    { check: true },
  );
  return {
    organizationId: fleet.organizationId,
    at: context.shell.clock(),
    waves: wavesOf(fleet.waves, accounts),
    accounts: accounts.toSorted((a, b) => usersIn(b) - usersIn(a)),
    departures: options.account.length > 0 ? [] : departuresOf(leaving, still),
  };
}

async function writePage({ shell, print }: Context, file: string, plan: OrganizationPlan): Promise<void> {
  const { organizationPage } = await import('../html/organization.ts');
  await writeFile(resolve(shell.workingDirectory, file), organizationPage(plan));
  print(`${file}: ${conclusionOf(plan.accounts)}`);
}

const columns: readonly Column[] = [
  ...accountColumns,
  { title: 'USER' },
  { title: 'KEY' },
  { title: 'STEP' },
  { title: 'REASON' },
];

function print(context: Context, { accounts, waves, departures }: OrganizationPlan): void {
  const { shell } = context;
  const width = shell.stdout.isTTY === true ? (shell.stdout.columns ?? 80) : undefined;
  const rows = accounts.flatMap((each) =>
    each.steps.map(({ userName, accessKeyId, action, reason }): Cell[] => [
      { text: each.account.accountId },
      { text: each.account.name },
      { text: each.wave ?? '–' },
      { text: userName },
      accessKeyId === undefined ? { text: '–' } : { text: accessKeyId, short: shortKey(accessKeyId) },
      { text: action, paint: (text) => context.paint('stdout', 'cyan', text) },
      { text: reason },
    ]),
  );
  if (rows.length > 0) context.print(`${renderTable(columns, rows, width)}\n`);
  for (const { name, begins, accounts: count, users, changed } of waves) {
    context.print(
      `${name}, ${begins}: ${counted(count, 'account')}, ${counted(users, 'user')}, ${changed} with a step`,
    );
  }
  context.print(conclusionOf(accounts));
  sayDepartures(context, departures);
}

function conclusionOf(accounts: readonly ForeseenAccount[]): string {
  const actions = actionsOf(accounts);
  const planned = accounts.filter(({ status }) => status === 'planned').length;
  const what = actions === '' ? 'change nothing' : `take these steps: ${actions}`;
  return `Nothing was changed. A run in ${planned} of ${counted(accounts.length, 'account')} would ${what}.`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function sayDepartures(context: Context, departures: readonly Departure[]): void {
  if (departures.length === 0) return;
  context.print('\nThese leave the fleet with the next deployment. What is under way there stays as it is:');
  for (const { account, because } of departures) {
    const leave = commandFor(context, `fleet leave --account ${account.accountId}`);
    context.print(`  ${account.accountId} ${plain(account.name)} ${because}: ${leave}`);
  }
}

function documentOf(
  { deployed }: Hub,
  { organizationId, waves, accounts, departures }: OrganizationPlan,
): FleetPlanOutput {
  const { accountId, region, stage } = deployed;
  return {
    schemaVersion: 1,
    organizationId,
    hub: { accountId, region, stage },
    waves: [...waves],
    accounts: accounts.map(({ account, wave, status, isDryRun, usersScanned, skipped, steps, errors }) => ({
      ...headOf(account, wave, isDryRun),
      status,
      usersScanned,
      skipped: { ...skipped },
      plan: steps.map(shownOf),
      errors: [...errors],
    })),
    departures: departures.map(({ account, reason, because }) => {
      const { accountId: id, name } = account;
      return { accountId: id, name, reason, message: `Account ${id} ${because}.` };
    }),
  };
}

/** What an older command line does not know it leaves out. */
function shownOf({ userName, action, accessKeyId, reason, message, notBefore }: ForeseenStep) {
  return {
    ...{ userName, action, reason, message },
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}
