import type { BeforeCall, LocalAws } from '../../../local/aws/aws.ts';

/** What one of several callers is given: it waits here before each call, and sleeps here. */
export interface Gate {
  readonly before: BeforeCall;
  readonly sleep: (ms: number) => Promise<void>;
}

export type Actor = (gate: Gate) => Promise<unknown>;

/** Whose turn it is, out of those that have not ended; asked before every single step. */
export type Schedule = (alive: readonly number[], step: number) => number;

interface Running {
  resume: (() => void) | undefined;
  readyAt: number;
  hasEnded: boolean;
  /** Called when it waits or has ended. */
  stopped: () => void;
}

/**
 * Runs callers one step at a time, a step being one call or one sleep: exactly one of them runs at any moment, so a
 * schedule decides everything. Answers how many steps each took.
 */
export async function interleave(aws: LocalAws, actors: readonly Actor[], choose: Schedule): Promise<number[]> {
  const { clock } = aws;
  const running = actors.map((actor): Running => {
    const own: Running = { resume: undefined, readyAt: clock.now(), hasEnded: false, stopped: () => {} };
    const park = (readyAt: number): Promise<void> =>
      new Promise((resolve) => {
        own.readyAt = readyAt;
        own.resume = resolve;
        own.stopped();
      });
    const gate: Gate = {
      before: async () => {
        await park(clock.now());
        return undefined;
      },
      sleep: (ms) => park(clock.now() + ms),
    };
    own.resume = () => {
      void actor(gate).finally(() => {
        own.hasEnded = true;
        own.stopped();
      });
    };
    return own;
  });
  const steps = running.map(() => 0);
  for (let step = 0; ; step++) {
    const alive = running.flatMap(({ hasEnded }, index) => (hasEnded ? [] : [index]));
    if (alive.length === 0) return steps;
    const chosen = choose(alive, step);
    const index = overdue(running, chosen, clock.now());
    const next = running[index];
    if (next === undefined || next.hasEnded) throw new Error(`The schedule chose ${index} of ${alive.join(', ')}.`);
    steps[index] = (steps[index] ?? 0) + 1;
    const at = index === chosen ? next.readyAt : next.readyAt + STILL;
    if (clock.now() < at) clock.set(at);
    await new Promise<void>((resolve) => {
      next.stopped = resolve;
      const { resume } = next;
      next.resume = undefined;
      resume?.();
    });
  }
}

/** No call takes longer than this, so nobody stands still for longer while somebody else sleeps. */
const STILL = 5_000;

/** The chosen one, unless another would by then have stood still for too long. */
function overdue(running: readonly Running[], chosen: number, now: number): number {
  const then = Math.max(now, running[chosen]?.readyAt ?? now);
  const late = running.findIndex(
    ({ hasEnded, readyAt }, index) => !hasEnded && index !== chosen && then - readyAt > STILL,
  );
  return late === -1 ? chosen : late;
}

/** The first runs for so many steps, then the other, in turn; when the list is over, each to its end. */
export function inTurns(...lengths: readonly number[]): Schedule {
  let turn = 0;
  let left = lengths[0] ?? Number.POSITIVE_INFINITY;
  return (alive) => {
    while (left === 0) {
      turn++;
      left = lengths[turn] ?? Number.POSITIVE_INFINITY;
    }
    const wanted = turn % 2;
    if (!alive.includes(wanted)) return alive[0] ?? 0;
    left--;
    return wanted;
  };
}

/** Switches at random places: often for some schedules, seldom for others. */
export function atRandom(random: () => number): Schedule {
  const readiness = 0.05 + random() * 0.6;
  let current = random() < 0.5 ? 0 : 1;
  return (alive) => {
    if (random() < readiness) current = 1 - current;
    return alive.includes(current) ? current : (alive[0] ?? 0);
  };
}
