import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { isFailure } from '../../shared/core/errors.ts';
import { regionFor } from '../../shared/core/fleet/settings-for.ts';
import { environmentName } from '../../shared/core/settings.ts';
import type { Context } from '../context.ts';
import { commandFor, type Deployed } from '../deployed.ts';
import { type ExitCode, exitCodes, worst } from '../exit-code.ts';
import { accountColumns, headOf } from '../fleet/account-head.ts';
import { askEach, type FleetLookOptions, type Hub, openHub, printInvocations } from '../fleet/hub.ts';
import {
  type CheckAnswer,
  type CheckedAccount,
  calledBy,
  isLeftOut,
  isReady,
  judge,
  summaryOf,
  type Ways,
} from '../fleet/readiness.ts';
import type { FleetCheckOutput } from '../output.ts';
import { readFunctionEnvironment } from '../settings-from.ts';
import { type Column, renderTable } from '../ui/table.ts';

const question = { check: true };

/** Whether the hub can work in every account of fleet.yml, and what puts right what is not as it should be. Changes nothing; 3 if an account is not ready. */
export async function run(context: Context, _args: readonly string[], options: FleetLookOptions): Promise<ExitCode> {
  if (options.print) {
    printInvocations(context, options.account, question);
    return exitCodes.done;
  }
  const hub = await openHub(context, options);
  const ways = await waysOf(hub, options.fleet, context);
  const concurrency = await concurrencyOf(hub.deployed);
  const selections = new Map(hub.members.map(({ account, selection }) => [account.accountId, selection]));
  const accounts = hub.members.map(({ account }) => account);
  const asked = await askEach<CheckAnswer>(context, hub, accounts, question);
  const checked = asked.map((each) => {
    const { accountId, path } = each.account;
    const region = regionFor(hub.fleet, { accountId, path, region: hub.deployed.region });
    return judge(each, selections.get(accountId)?.isDryRun ?? true, { ...ways, region });
  });
  const outside = options.account.length === 0 ? [] : hub.outsiders;
  if (context.options.json) context.print(JSON.stringify(documentOf(hub, checked, concurrency), undefined, 2));
  else print(context, checked);
  for (const { account, selection } of outside) context.warn(`${account.accountId} ${selection.because}.`);
  sayConcurrency(context, hub, concurrency);
  sayAgain(context, checked, options.fleet);
  return worst([...checked.map(codeOf), ...(outside.length > 0 ? [exitCodes.undecided] : [])]);
}

function codeOf(checked: CheckedAccount): ExitCode {
  if (isReady(checked)) return exitCodes.done;
  return checked.status === 'failed' ? exitCodes.failed : exitCodes.undecided;
}

async function waysOf({ deployed, fleet }: Hub, file: string, { options }: Context): Promise<Omit<Ways, 'region'>> {
  const environment = await readFunctionEnvironment(deployed, options.stage);
  const suffix = environment?.[environmentName('roleSuffix')] ?? '';
  return { hubAccount: deployed.accountId, file, suffix, externalId: fleet.externalId };
}

/** A new account may have ten. Undefined: it may not be read. */
async function concurrencyOf({ aws }: Deployed): Promise<number | undefined> {
  const lambda = aws.clientOf((options) => new LambdaClient(options));
  try {
    const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
    return AccountLimit?.ConcurrentExecutions;
  } catch (error) {
    if (isFailure(error, 'AccessDenied')) return undefined;
    throw error;
  }
}

const columns: readonly Column[] = [...accountColumns, { title: 'STATE' }, { title: 'WHAT' }];

function print({ print, shell, paint }: Context, checked: readonly CheckedAccount[]): void {
  const width = shell.stdout.isTTY === true ? (shell.stdout.columns ?? 80) : undefined;
  const rows = checked.flatMap((each) =>
    each.findings.map(({ message }, index) => [
      { text: index === 0 ? each.account.accountId : '' },
      { text: index === 0 ? each.account.name : '' },
      { text: index === 0 ? (each.wave ?? '–') : '' },
      each.status === 'ready'
        ? { text: '! ready', paint: (text: string) => paint('stdout', 'yellow', text) }
        : { text: `✖ ${calledBy(each)}`, paint: (text: string) => paint('stdout', 'red', text) },
      { text: message },
    ]),
  );
  if (rows.length > 0) print(`${renderTable(columns, rows, width)}\n`);
  print(`${summaryOf(checked)}.`);
  for (const line of todosOf(checked)) print(`  ${line}`);
}

const NAMED = 5;

/** Each way once, with the accounts that it is for. */
function todosOf(checked: readonly CheckedAccount[]): string[] {
  const ways = new Map<string, string[]>();
  for (const { account, findings } of checked) {
    for (const { todo } of findings) ways.set(todo, [...(ways.get(todo) ?? []), account.accountId]);
  }
  return [...ways].map(([todo, accountIds]) => {
    const named = [...new Set(accountIds)];
    const more = named.length > NAMED ? ` and ${named.length - NAMED} more` : '';
    return `${named.slice(0, NAMED).join(', ')}${more}: ${todo}`;
  });
}

/** What the fleet's limits ask for at once, and the accounts of this very check. */
function wantedBy({ fleet: { limits } }: Hub): number {
  return limits.scanConcurrency + limits.workerConcurrency;
}

function sayConcurrency({ note, warn }: Context, hub: Hub, concurrency: number | undefined): void {
  const { accountId } = hub.deployed;
  if (concurrency === undefined) {
    note('How many functions may run concurrently is not known: allow lambda:GetAccountSettings.');
  } else if (concurrency < wantedBy(hub)) {
    warn(
      `! Account ${accountId} may run ${concurrency} functions concurrently, and limits of fleet.yml ask for ${wantedBy(hub)}: ` +
        'aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000',
    );
  } else {
    note(`Account ${accountId} may run ${concurrency} functions concurrently.`);
  }
}

const AGAIN = 20;

function sayAgain(context: Context, checked: readonly CheckedAccount[], file: string): void {
  const given = file === 'fleet.yml' ? '' : ` --fleet ${file}`;
  const left = checked.filter((each) => !isReady(each)).map(({ account }) => ` --account ${account.accountId}`);
  if (left.length === 0) context.note(`Next: ${commandFor(context, `fleet plan${given}`)}`);
  else if (left.length <= AGAIN) {
    context.note(`Again, only these: ${commandFor(context, `fleet check${given}${left.join('')}`)}`);
  }
}

function documentOf(
  { deployed, fleet }: Hub,
  checked: readonly CheckedAccount[],
  concurrency: number | undefined,
): FleetCheckOutput {
  const { accountId, region, stage } = deployed;
  return {
    schemaVersion: 1,
    organizationId: fleet.organizationId,
    hub: { accountId, region, stage, ...(concurrency === undefined ? {} : { concurrency }) },
    ready: checked.filter(({ status }) => status === 'ready').length,
    leftOut: checked.filter(isLeftOut).length,
    notReady: checked.filter((each) => !isReady(each)).length,
    accounts: checked.map(({ account, wave, status, isDryRun, findings }) => ({
      ...headOf(account, wave, isDryRun),
      status,
      findings: [...findings],
    })),
  };
}
