import { DAY, HOUR } from '../aws/clock.ts';
import type { Happening } from './chronicle.ts';
import { createChronicle } from './chronicle.ts';
import { createRecorder, type KeyHistory } from './recorder.ts';
import { freeze, script } from './script.ts';
import { createStage, type Stage } from './stage.ts';

export interface YearOptions {
  /** 365. */
  readonly days?: number;
  /** After each day. */
  readonly onDay?: (day: number, stage: Stage) => void | Promise<void>;
  /** Once everything stands and before anything happens. */
  readonly onStage?: (stage: Stage) => void;
  /** As the setting says it: 0. */
  readonly rotateAheadDays?: number;
}

/** What is left to look at when the year is over. */
export interface Year {
  readonly stage: Stage;
  readonly days: number;
  readonly happenings: readonly Happening[];
  readonly keys: readonly KeyHistory[];
  readonly wallMs: number;
}

/** The first day; its scheduled run is at 06:00 UTC, as of every day. */
export const firstDay = Date.UTC(2026, 1, 1);

/** Plays the whole thing: a dry run half an hour before, then a run, its queue and its people, day after day. */
export async function playYear(options: YearOptions = {}): Promise<Year> {
  const { days = 365, onDay = () => {}, onStage = () => {}, rotateAheadDays = 0 } = options;
  const startedAt = performance.now();
  const chronicle = createChronicle();
  const stage = await createStage({ startsAt: firstDay + 5.5 * HOUR, chronicle, freeze, rotateAheadDays });
  const recorder = createRecorder(stage.aws);
  onStage(stage);
  await dryRun(stage);
  for (let day = 0; day < days; day++) {
    await playDay(stage, day);
    recorder.sample();
    await onDay(day, stage);
  }
  stage.checker.upTo(stage.aws.clock.now());
  recorder.stop();
  await stage.close();
  const { happenings } = chronicle;
  return { stage, days, happenings, keys: recorder.keys, wallMs: performance.now() - startedAt };
}

async function dryRun(stage: Stage): Promise<void> {
  const answer = await stage.scan({ dryRun: true });
  const plan = isPlanned(answer) ? answer.plan : [];
  const issues = plan.filter(({ action }) => action === 'issue').length;
  stage.narrate('keyturn', undefined, 'dry-run', `a dry run plans ${issues} new keys, and changes nothing`);
}

function isPlanned(answer: unknown): answer is { plan: { action: string }[] } {
  return typeof answer === 'object' && answer !== null && 'plan' in answer && Array.isArray(answer.plan);
}

async function playDay(stage: Stage, day: number): Promise<void> {
  const { clock } = stage.aws;
  const setHour = (hour: number) => clock.set(Math.max(clock.now(), firstDay + day * DAY + hour * HOUR));
  const today = script.filter((act) => act.day === day);
  const play = async (at: (typeof script)[number]['at']) => {
    for (const act of today.filter((candidate) => candidate.at === at)) await act.does(stage);
  };
  setHour(6);
  await play('before the run');
  // A failed run is in the chronicle; tomorrow's run is another one.
  await stage.scan().catch(() => {});
  await play('after the scan');
  await stage.work();
  stage.checker.upTo(clock.now() - DAY);
  setHour(10);
  for (const owner of stage.owners.values()) await owner.live();
  setHour(15);
  await play('in the afternoon');
}
