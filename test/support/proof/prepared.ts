import { DAY } from '../../../local/aws/clock.ts';
import { currentKeyId, keyOf, keysOf, lookAt } from '../../../local/checker/look.ts';
import { createStage, limits, ownerLives, pass, type Stage, type StageOptions } from './stage.ts';

/** A stage on which something has happened already. */
export interface Prepared extends Stage {
  /** The key that the user had at first. */
  readonly firstKey: string;
}

export async function stageWith(options: StageOptions = {}): Promise<Prepared> {
  const stage = createStage(options);
  return Object.assign(stage, { firstKey: keysOf(lookAt(stage.aws, stage.userId))[0]?.accessKeyId ?? '-' });
}

/** Passes on the given days from now; the owner behaves, or only uses what they have. */
export async function passesOn<T extends Stage>(stage: T, days: readonly number[], reads = true): Promise<T> {
  const from = stage.aws.clock.now();
  for (const day of days) {
    stage.aws.clock.set(from + day * DAY);
    await pass(stage);
    ownerLives(stage, { reads });
  }
  return stage;
}

export function later<T extends Stage>(stage: T, days: number): T {
  stage.aws.clock.advance(days * DAY);
  return stage;
}

/** The first rotation is over, and its key is nearly due. */
export async function rotatedOnce(options: StageOptions = {}): Promise<Prepared> {
  const stage = await passesOn(await stageWith(options), [0, 1, 3, 4.5, 5.5, 7.6]);
  if (keysOf(lookAt(stage.aws, stage.userId)).length !== 1) throw new Error('The first rotation is not over.');
  return later(stage, limits.maxAgeDays - 7.6);
}

/** The same, one rotation on: the key to fall back on was stored too. */
export async function rotatedTwice(days: readonly number[]): Promise<Prepared> {
  return passesOn(await rotatedOnce(), days);
}

/** Two rotations are over, so that there is a version before the current one, and the key is nearly due. */
export async function rotatedTwoTimes(): Promise<Prepared> {
  return later(await rotatedTwice([0, 1, 3, 4.5, 5.5, 7.6]), limits.maxAgeDays - 7.6);
}

export function isActive(stage: Stage, accessKeyId: string): boolean {
  return keyOf(lookAt(stage.aws, stage.userId), accessKeyId)?.status === 'Active';
}

export function hasCurrent(stage: Stage): boolean {
  return isActive(stage, currentKeyId(lookAt(stage.aws, stage.userId)) ?? '-');
}
