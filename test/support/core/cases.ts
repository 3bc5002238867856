import { describe, expect, it } from 'vitest';
import type { Step } from '../../../shared/core/answer.ts';
import type { AccessKey, Request, User } from '../../../shared/core/model.ts';
import { type Plan, plan } from '../../../shared/core/plan.ts';
import type { Settings } from '../../../shared/core/settings.ts';
import type { Instant } from '../../../shared/core/time.ts';
import { NOW, request, type SecretOptions, settings, user } from './builders.ts';

export interface Given {
  keys?: readonly AccessKey[];
  secret?: SecretOptions;
  user?: Partial<User>;
  request?: Partial<Request>;
  settings?: Partial<Settings>;
  now?: Instant;
}

export interface Case extends Given {
  name: string;
  /** `status reason: step KEY, step KEY`, where KEY is the fifth letter of the key ID. */
  gives: string;
}

export function planOf(given: Given): Plan {
  const { now = NOW } = given;
  return plan(user(given), request(given.request), settings(given.settings), now);
}

/** One line for a plan, to compare with. */
export function inShort({ status, reason, steps }: Pick<Plan, 'status' | 'reason' | 'steps'>): string {
  return `${status} ${reason}: ${steps.map(stepInShort).join(', ')}`;
}

function stepInShort(step: Step): string {
  // Nothing is done to a key that is waited for.
  const id = step.action !== 'none' && 'accessKeyId' in step ? step.accessKeyId : undefined;
  return id === undefined ? step.action : `${step.action} ${id.at(4)}`;
}

/** Each case is one test: the check that answers, and its answer. */
export function answeredBy(check: string, cases: readonly Case[]): void {
  describe(check, () => {
    it.each(cases)('$name', ({ name: _, gives, ...given }) => {
      const answer = planOf(given);
      expect(`${answer.check} | ${inShort(answer)}`).toBe(`${check} | ${gives}`);
    });
  });
}

/** Both sides of a limit: one millisecond before it, and at it. */
export function aroundLimit(name: string, limit: Instant, given: Given, [before, at]: readonly [string, string]): void {
  it(`${name}: one millisecond before`, () => {
    expect(inShort(planOf({ ...given, now: limit - 1 }))).toBe(before);
  });
  it(`${name}: exactly at`, () => {
    expect(inShort(planOf({ ...given, now: limit }))).toBe(at);
  });
}
