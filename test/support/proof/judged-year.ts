import { gunzipSync } from 'node:zlib';
import { GetCredentialReportCommand, IAMClient } from '@aws-sdk/client-iam';
import type { Stage } from '../../../local/demo/stage.ts';
import { firstDay, playYear } from '../../../local/demo/year.ts';
import { type Process, startProcess } from '../../../local/host/process.ts';
import { directLine } from '../../../local/host/runtime.ts';
import { sdkOptions } from '../../../local/host/sdk-options.ts';
import { addEvidence } from '../../../local/host/set-up.ts';
import type { Finding } from '../../../shared/core/evidence/finding.ts';
import type { ReasonCode } from '../../../shared/core/reasons.ts';

/** What leaves a rotation ten days of grace, ten of postponement, and two to be told of it: the days before the limit. */
export const rotateAheadDays = 22;

/** What keeps a user from being rotated, by the plan of the day; an exemption is in the evidence. */
const keeps: ReadonlySet<string> = new Set<ReasonCode>([
  'frozen',
  'held',
  'daily-limit',
  'two-keys',
  'slots-taken',
  'breaker-open',
]);

/**
 * From then on the keys count too that were older than that when the first run came: one user is exempt until day 42, and
 * then has as many days as everybody.
 */
const caughtUp = 42 + rotateAheadDays;

/** An active key that was as old as the limit, of a user whom nothing had kept from being rotated in time. */
export interface TooOld {
  readonly day: number;
  readonly userName: string;
  readonly accessKeyId: unknown;
  readonly plan: readonly string[];
}

/** The last day of a month, as the credential report of that day has it. */
export interface MonthEnd {
  readonly at: string;
  readonly report: string;
  /** The users of whom the evidence says that they have a key as old as the limit. */
  readonly failing: readonly string[];
}

export interface JudgedYear {
  readonly tooOld: readonly TooOld[];
  readonly months: readonly MonthEnd[];
  readonly violations: readonly unknown[];
  /** Judgements of the ages of keys, by status. */
  readonly judged: Readonly<Record<string, number>>;
}

interface Step {
  readonly userName: string;
  readonly action: string;
  readonly reason: string;
}

/** Plays the demo's year with replacements ahead of the limit; the collector of evidence judges each of its days. */
export async function judgeYear(days = 365): Promise<JudgedYear> {
  const tooOld: TooOld[] = [];
  const months: MonthEnd[] = [];
  const judged: Record<string, number> = {};
  const kept = new Map<string, number>();
  let collector: Process | undefined;
  const onDay = async (day: number, stage: Stage): Promise<void> => {
    collector ??= collectorOf(stage);
    const plan = planOf(await stage.scan({ dryRun: true }));
    await collector.invoke({});
    const ages = findingsOf(stage).filter(({ control }) => control.id === 'key-age');
    for (const { status } of ages) judged[status] = (judged[status] ?? 0) + 1;
    const failing = ages.filter(({ status }) => status === 'fail' || status === 'error');
    for (const userName of keptFromRotating(plan, failing)) kept.set(userName, day);
    for (const finding of failing) {
      const { userName = '' } = finding.resource;
      const lastKept = kept.get(userName);
      if (lastKept !== undefined && day - lastKept <= rotateAheadDays) continue;
      if (day <= caughtUp && wasOldAtFirst(finding)) continue;
      const steps = plan
        .filter((step) => step.userName === userName)
        .map(({ action, reason }) => `${action}: ${reason}`);
      tooOld.push({ day, userName, accessKeyId: finding.facts.accessKeyId, plan: steps });
    }
    if (isMonthEnd(stage)) months.push(await monthEnd(stage, failing));
  };
  const { stage } = await playYear({ days, rotateAheadDays, onDay });
  return { tooOld, months, violations: stage.checker.violations, judged };
}

function keptFromRotating(plan: readonly Step[], failing: readonly Finding[]): string[] {
  const planned = plan.filter(({ action, reason }) => action === 'blocked' || keeps.has(reason));
  const exempt = failing.filter(({ accepted }) => accepted !== null);
  return [...planned.map(({ userName }) => userName), ...exempt.map(({ resource }) => resource.userName ?? '')];
}

function collectorOf({ aws, resources }: Stage): Process {
  const line = directLine(aws.connect('evidence-collector'));
  const environment = { ...resources.environment, ...addEvidence(aws) };
  return startProcess('evidence-collector', { aws, line, environment, onLog: () => {} });
}

function planOf(answer: unknown): readonly Step[] {
  return (answer as { readonly plan: readonly Step[] }).plan;
}

function findingsOf({ aws }: Stage): readonly Finding[] {
  const runs = aws.s3.versions('keyturn-local-evidence').filter(({ key }) => key.endsWith('/findings.json.gz'));
  return JSON.parse(gunzipSync(runs.at(-1)?.body ?? new Uint8Array()).toString('utf8')).findings;
}

const DAY = 86_400_000;

function wasOldAtFirst({ facts: { createdAt, limitDays } }: Finding): boolean {
  return firstDay - Date.parse(String(createdAt)) >= (Number(limitDays) - rotateAheadDays) * DAY;
}

function isMonthEnd({ aws }: Stage): boolean {
  return new Date(aws.clock.now() + DAY).getUTCDate() === 1;
}

async function monthEnd({ aws, endpoint }: Stage, failing: readonly Finding[]): Promise<MonthEnd> {
  const client = new IAMClient(sdkOptions(aws.region, endpoint));
  const { Content = new Uint8Array() } = await client.send(new GetCredentialReportCommand({}));
  client.destroy();
  const users = failing.map(({ resource }) => resource.userName ?? '');
  return {
    at: new Date(aws.clock.now()).toISOString(),
    report: Buffer.from(Content).toString('utf8'),
    failing: [...new Set(users)].toSorted(),
  };
}
