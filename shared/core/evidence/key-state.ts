import { asScheduled } from '../model.ts';
import { type Plan, planFor } from '../plan.ts';
import { present } from '../present.ts';
import { assess, type KeyView, type Situation } from '../situation.ts';
import type { HandOver } from './finding.ts';
import { instantFact } from './judgement.ts';
import type { Judging } from './judging.ts';
import type { SeenKeys } from './snapshot.ts';

/** Where a key stands on the day of a run: one of these. A key that is not Active is `inactive`, whoever its user is. */
export const keyStates = [
  'before-due',
  'hand-over',
  'due',
  'inactive',
  'held',
  'exempt',
  'frozen',
  'blocked',
  'not-managed',
] as const;
export type KeyState = (typeof keyStates)[number];

/**
 * What Keyturn would do about a user now. State counts as it is recorded, since evidence has no key to verify it, and
 * limits of the day are not known.
 */
export interface Standing {
  seen: SeenKeys;
  situation: Situation;
  plan: Plan;
  /** Keys that Keyturn has replaced and is about to deactivate, by key ID: a failure that ends by itself. */
  handOvers: ReadonlyMap<string, HandOver>;
}

export function standingOf({ seen: { user, secret }, settings, now }: Judging, seen: SeenKeys): Standing {
  const list = seen.keys.map(({ use, ...key }) => {
    const lastUsed = use.isSeen ? use.value.lastUsed : undefined;
    return { ...key, ...present({ lastUsed }) };
  });
  const situation = assess({ user, keys: list, ...present({ secret }) }, asScheduled, settings, now);
  const plan = planFor(situation);
  return { seen, situation, plan, handOvers: handOversOf(situation, plan) };
}

function handOversOf({ current, keys }: Situation, { check, message, steps }: Plan): Standing['handOvers'] {
  if (current?.isActive !== true) return new Map();
  // The key that the first of Keyturn replaces is in no secret: a stranger, until it is gone.
  const isReplaced = ({ role, isActive }: KeyView): boolean =>
    isActive && (role === 'previous' || (role === 'stranger' && check === 'superseded'));
  return new Map(
    keys.filter(isReplaced).flatMap(({ accessKeyId }): [string, HandOver][] => {
      // Another answer may come first, and would hand nothing over.
      const step = steps.find((each) => 'accessKeyId' in each && each.accessKeyId === accessKeyId);
      if (step === undefined) return [];
      const until = instantFact(step.notBefore);
      return [[accessKeyId, { newAccessKeyId: current.accessKeyId, sentence: message, until }]];
    }),
  );
}

/** What stops everything comes before what would be done, in the order in which the planner asks. */
export function stateOf(
  { settings, seen: { user }, now }: Pick<Judging, 'settings' | 'seen' | 'now'>,
  { situation, plan, handOvers }: Standing,
  accessKeyId: string,
): KeyState {
  const key = situation.keys.find((each) => each.accessKeyId === accessKeyId);
  if (key?.isActive !== true) return 'inactive';
  if (!user.path.startsWith(settings.userPathPrefix)) return 'not-managed';
  if (situation.problems.length > 0) return 'blocked';
  if (situation.settings.exemption !== undefined) return 'exempt';
  const { holdUntil } = situation.tags;
  if (holdUntil !== undefined && now < holdUntil) return 'held';
  if (plan.status === 'blocked' || plan.status === 'failed') return 'blocked';
  if (plan.reason === 'frozen') return 'frozen';
  if (handOvers.has(accessKeyId)) return 'hand-over';
  return key.isDue ? 'due' : 'before-due';
}
