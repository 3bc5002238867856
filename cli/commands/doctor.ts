import { inEachAccount } from '../accounts.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { commandFor, type Deployed } from '../deployed.ts';
import {
  checkAlarms,
  checkRoles,
  checkWorker,
  judgeFunctions,
  readFunctions,
  settingsOf,
} from '../doctor/deployment.ts';
import { type Finding, look, unknown, type Verdict } from '../doctor/finding.ts';
import { judgeHandOn } from '../doctor/hand-on.ts';
import { checkQueues, checkTopic, judgeRecords, scan } from '../doctor/messages.ts';
import { type ExitCode, exitCodes, worst } from '../exit-code.ts';
import type { DoctorOutput } from '../output.ts';

/** What is unsound in a deployment, and how to mend it. Changes nothing; 3 if there is a fault. */
export async function run(context: Context, _args: readonly string[], options: SignInOptions): Promise<ExitCode> {
  const { results, codes } = await inEachAccount(context, options, async (account) => {
    const deployed = { ...account, stage: context.options.stage };
    return { deployed, findings: await examine(context, deployed) };
  });
  if (context.options.json) context.print(JSON.stringify(documentOf(results), undefined, 2));
  else if (results.length > 0) context.print(results.map(({ findings }) => linesOf(context, findings)).join('\n\n'));
  return worst([...codes, ...results.map(({ findings }) => codeOf(findings))]);
}

function codeOf(findings: readonly Finding[]): ExitCode {
  return findings.some(({ verdict }) => verdict === 'fault') ? exitCodes.undecided : exitCodes.done;
}

async function examine(context: Context, deployed: Deployed): Promise<Finding[]> {
  const command = (text: string): string => commandFor(context, text, deployed.profile);
  const seen = await readFunctions(deployed);
  const { settings, found } = settingsOf(seen);
  let scanning: ReturnType<typeof scan> | undefined;
  const withSettings = async (
    check: string,
    find: (known: NonNullable<typeof settings>) => ReturnType<Parameters<typeof look>[1]>,
  ) => look(check, async () => (settings === undefined ? unknown('the settings are not known') : find(settings)));
  const scanned = (known: NonNullable<typeof settings>) => {
    scanning ??= scan(deployed, known, context.shell);
    return scanning;
  };
  const findings = [
    [{ check: 'caller', verdict: 'ok' as const, says: deployed.callerArn, todo: [] }],
    await look('functions', async () => judgeFunctions(seen, deployed.stage)),
    [{ check: 'settings', ...found }],
    await look('worker', () => checkWorker(deployed, command)),
    await withSettings('queues', (known) => checkQueues(deployed, known)),
    await withSettings('topic', (known) =>
      checkTopic(deployed, { settings: known, scanned: () => scanned(known), command }),
    ),
    await look('roles', () => checkRoles(deployed, { seen, secretPrefix: settings?.secretPrefix ?? 'keyturn' })),
    await look('alarms', () => checkAlarms(deployed)),
    await withSettings('records', async (known) => judgeRecords(await scanned(known), command)),
    settings?.readerArns.some(({ handOn }) => handOn)
      ? await withSettings('hand-on', async (known) => judgeHandOn(await scanned(known), known))
      : [],
  ];
  return findings.flat();
}

const marks: Readonly<Record<Verdict, { mark: string; style: 'green' | 'yellow' | 'red' | 'dim' }>> = {
  ok: { mark: '✔ ok', style: 'green' },
  warning: { mark: '! warning', style: 'yellow' },
  fault: { mark: '✖ fault', style: 'red' },
  unknown: { mark: '? unknown', style: 'dim' },
};

const [MARK, CHECK] = [11, 11];

function linesOf({ paint }: Context, findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, verdict, says, todo }) => {
    const { mark, style } = marks[verdict];
    const first = `${paint('stdout', style, mark)}${' '.repeat(MARK - mark.length)}${check.padEnd(CHECK)}${says}`;
    return [first, ...todo.map((line) => `${' '.repeat(MARK + CHECK)}${line}`)];
  });
  return [...lines, summaryOf(findings)].join('\n');
}

function count(findings: readonly Finding[], verdict: Verdict): number {
  return findings.filter((finding) => finding.verdict === verdict).length;
}

function summaryOf(findings: readonly Finding[]): string {
  const said = (['fault', 'warning'] as const).map((verdict) => {
    const number = count(findings, verdict);
    return `${number} ${verdict}${number === 1 ? '' : 's'}`;
  });
  return `${said.join(', ')}.`;
}

function documentOf(examined: readonly { deployed: Deployed; findings: Finding[] }[]): DoctorOutput {
  return {
    schemaVersion: 1,
    accounts: examined.map(({ deployed: { profile, accountId, region, stage }, findings }) => ({
      ...(profile === undefined ? {} : { profile }),
      accountId,
      region,
      stage,
      faults: count(findings, 'fault'),
      warnings: count(findings, 'warning'),
      checks: findings,
    })),
  };
}
