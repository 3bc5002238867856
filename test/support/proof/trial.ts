import type { BeforeCall } from '../../../local/aws/aws.ts';
import { DAY, HOUR } from './keys.ts';
import type { Scenario } from './scenarios.ts';
import {
  deliverTwice,
  isAtRest,
  ownerLives,
  pass,
  type Stage,
  type Summary,
  searchForSecrets,
  summarize,
} from './stage.ts';

/** What is wrong with a run: broken rules, an end that is not the undisturbed one, a secret in a log. */
export interface Verdict {
  readonly problems: readonly string[];
  readonly stage: Stage;
  /** Calls of the disturbed invocation. */
  readonly calls: number;
  /** Where its first call is among all calls. */
  readonly from: number;
  readonly end: Summary;
  readonly passes: number;
}

export interface Disturbance {
  /** Faults of the invocation of interest. */
  readonly first?: BeforeCall;
  /** Faults of the pass after it. */
  readonly second?: BeforeCall;
  /** What somebody else does after the first and before the second. */
  readonly between?: (stage: Stage) => Promise<void>;
  /** How the undisturbed run ends. */
  readonly expected?: Summary;
}

const mostPasses = 60;
const mostTries = 5;

/** One run of a scenario: prepared, disturbed, and then left alone until nothing is planned any more. */
export async function tryOut(
  scenario: Scenario,
  { first, second, between, expected }: Disturbance = {},
): Promise<Verdict> {
  const stage = await scenario.prepare();
  const from = stage.aws.calls.length;
  const isPrepared = stage.checker.violations.length === 0;
  scenario.isReached?.(stage);
  await scenario.act(stage, first ?? (() => undefined));
  const calls = stage.aws.calls.length - from;
  const after = first === undefined ? (scenario.expectAfter?.(stage) ?? []) : [];
  await between?.(stage);
  const passes = await comeToRest(stage, scenario, { second, isHindered: between !== undefined });
  const end = summarize(stage);
  const problems = [
    ...(isPrepared ? [] : ['the preparation broke a rule']),
    ...stage.checker.violations.map(({ rule, what, where }) => `${rule}: ${what} (${where})`),
    ...after,
    ...searchForSecrets(stage),
    ...(Number.isFinite(passes) ? [] : [`no rest after ${mostPasses} passes`]),
    ...(expected === undefined || scenario.mayEndOtherwise?.(stage) || same(end, expected)
      ? []
      : [`ends as ${show(end)}, undisturbed as ${show(expected)}`]),
  ];
  return { problems, stage, calls, from, end, passes };
}

/** An hour later, then daily; the owner behaves, and a command that shows no effect is given again. */
async function comeToRest(
  stage: Stage,
  scenario: Scenario,
  { second, isHindered }: { second: BeforeCall | undefined; isHindered: boolean },
): Promise<number> {
  const { aws, checker } = stage;
  let isReached = scenario.isReached?.(stage) ?? true;
  if (!scenario.isOwnerAway) ownerLives(stage);
  aws.clock.advance(HOUR);
  let quiet = 0;
  for (let passes = 1; passes <= mostPasses; passes++) {
    await deliverTwice(stage);
    const from = aws.calls.length;
    await (second !== undefined && passes === 1 ? pass(stage, second) : pass(stage));
    if (!scenario.isOwnerAway) ownerLives(stage);
    const isIdle = isReached && isAtRest(stage) && aws.calls.slice(from).every(({ mutating }) => !mutating);
    quiet = isIdle ? quiet + 1 : 0;
    if (quiet === 2) {
      checker.atRest(stage.userId, stage.decided?.status === 'blocked');
      return passes;
    }
    // What somebody has done to the secret may keep a command from ever having its effect.
    isReached ||= (scenario.isReached?.(stage) ?? true) || (isHindered && passes >= mostTries);
    if (!isReached) {
      aws.clock.advance(HOUR);
      await scenario.act(stage);
      isReached = scenario.isReached?.(stage) ?? true;
    }
    aws.clock.advance(DAY);
  }
  checker.atRest(stage.userId, stage.decided?.status === 'blocked');
  return Number.POSITIVE_INFINITY;
}

function same(a: Summary, b: Summary): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function show({ keys, labels, tags, secret, settled }: Summary): string {
  return `[${keys.join(', ')}] labels [${labels.join(', ')}] tags [${tags.join(', ')}] ${secret}; ${settled}`;
}
