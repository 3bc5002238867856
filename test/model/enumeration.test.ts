// Tests of shared/core/plan.ts and shared/core/model.ts: every state that differs in a fact.

import { expect, it } from 'vitest';
import type { Request, RotationStep, Secret } from '../../shared/core/model.ts';
import { checkNames, plan } from '../../shared/core/plan.ts';
import type { Settings } from '../../shared/core/settings.ts';
import { DAY } from '../../shared/core/time.ts';
import { byHand, C, HAND_ON, NOW, request, settings, versionOf } from '../support/core/builders.ts';
import { violations } from '../support/core/invariants.ts';
import {
  clocks,
  exposures,
  handOns,
  holds,
  intents,
  type KeysAndLabels,
  keyStates,
  records,
  stateOf,
  tagSets,
} from '../support/core/states.ts';

const isOneIn =
  (n: number) =>
  (_: unknown, index: number): boolean =>
    index % n === 0;

/** One pair of keys in so many; `npm run proof` takes all of them. */
const SHARE = Number(process.env.KEYTURN_MODEL_SHARE ?? 11);
const everyState = [...keyStates()];
const some = everyState.filter(isOneIn(SHARE));
const reached = new Map<string, number>();

interface Enumerated {
  states: number;
  broken: Map<string, string>;
}

function enumerate(
  keySets: readonly KeysAndLabels[],
  tags: readonly Record<string, string>[],
  asked: Request,
  given: Settings,
  as: Partial<Secret> = {},
): Enumerated {
  const broken = new Map<string, string>();
  let states = 0;
  for (const keySet of keySets) {
    for (const tagSet of keySet.hasSecret ? tags : tags.slice(0, 1)) {
      const state = stateOf(keySet, tagSet, as);
      const answer = plan(state, asked, given, NOW);
      states++;
      reached.set(answer.check, (reached.get(answer.check) ?? 0) + 1);
      if (answer.steps.length === 0) broken.set('an answer without a step', JSON.stringify(state));
      for (const problem of violations({ state, request: asked, settings: given, now: NOW, steps: answer.steps })) {
        if (!broken.has(problem))
          broken.set(problem, JSON.stringify({ check: answer.check, steps: answer.steps, state }));
      }
      // Twice as slow for every state, so for a prime's share of them.
      if (states % 31 === 0) expect(plan(state, asked, given, NOW)).toEqual(answer);
    }
  }
  return { states, broken };
}

function judge(name: string, { states, broken }: Enumerated): void {
  console.log(`${name}: ${states} states`);
  expect([...broken]).toEqual([]);
}

it('every state with an intent has one answer, and it breaks no invariant', () => {
  judge('intents', enumerate(some, tagSets(intents, records.slice(0, 2)), request(), settings()));
});

it('every state with a record or a hold has one answer, and it breaks no invariant', () => {
  judge('records, holds', enumerate(some, tagSets(records, holds), request(), settings()));
});

it('every state with a grace clock has one answer, and it breaks no invariant', () => {
  judge('clocks', enumerate(some.filter(isOneIn(3)), tagSets(clocks), request(), settings()));
});

it('every state with a hand-on has one answer, and none takes a key away before it is where it is used', () => {
  const few = some.filter(isOneIn(7));
  judge('hand-on', enumerate(few, tagSets(clocks, handOns), request(), settings(HAND_ON)));
});

const managed = (step: RotationStep): Request =>
  request({ origin: 'managed', rotation: { step, versionId: versionOf(C) } });

it.each<[string, Request, Settings, Partial<Secret>?]>([
  [
    'an issue with closed limits',
    request({ limits: { audience: { kind: 'everything' }, issuedToday: 99, isBreakerOpen: true } }),
    settings(),
  ],
  [
    'retire the least used, and the unused',
    request(),
    settings({ onBlocked: 'retire-least-used', unused: 'retire', unusedDays: 20 }),
  ],
  [
    'nobody hears',
    request({ limits: { audience: { kind: 'counted', confirmed: 0 }, issuedToday: 0, isBreakerOpen: false } }),
    settings({ onBlocked: 'retire-least-used', unused: 'retire', unusedDays: 20 }),
  ],
  ['a secret in another Region', request({ elsewhere: ['eu-central-1'] }), settings()],
  [
    'rotate, with a secret in another Region',
    byHand({ action: 'rotate' }, { elsewhere: ['eu-central-1'] }),
    settings(),
  ],
  ['a run a week', request(), settings({ runEveryDays: 7 })],
  ['a freeze', request(), settings({ freeze: [[NOW, NOW + 1]], onBlocked: 'retire-least-used' })],
  ['a foreign secret', request(), settings(), { owningService: 'rds' }],
  ['no state key', request({ isStateKeyMissing: true }), settings()],
  ['tags that nobody signed', request(), settings(), { voidTags: { 'keyturn:doing': 'x', 'keyturn:notice': 'x' } }],
  ['a hold that nobody signed', request(), settings(), { voidTags: { 'keyturn:hold': '2030-01-01' } }],
  ['another policy', request(), settings({ administratorArns: ['arn:aws:iam::123456789012:role/admin'] })],
  ['the policy by hand', byHand({ action: 'policy' }), settings()],
  ['adoption', byHand({ action: 'adopt', force: true }), settings(), { isMade: false }],
  ['grace 0', request(), settings({ graceDays: 0 })],
  ['an exposed key', request({ origin: 'exposed', accessKeyId: 'AKIAPPPPPPPPPPPPPPPP' }), settings()],
  ['rotate', byHand({ action: 'rotate' }), settings()],
  ['give up', byHand({ action: 'rotate', accessKeyId: 'AKIAPPPPPPPPPPPPPPPP', force: true }), settings()],
  ['confirm', byHand({ action: 'confirm' }), settings()],
  ['hold', byHand({ action: 'hold', holdUntil: NOW + 1 }), settings()],
  ['rollback', byHand({ action: 'rollback' }), settings()],
  ['retire', byHand({ action: 'retire' }), settings()],
  [
    'createSecret, with a secret in another Region',
    { ...managed('createSecret'), elsewhere: ['eu-central-1'] },
    settings(),
    { rotationEnabled: true },
  ],
  ['createSecret', managed('createSecret'), settings(), { rotationEnabled: true }],
  ['finishSecret', managed('finishSecret'), settings(), { rotationEnabled: true }],
  ['a stuck rotation', request(), settings(), { rotationEnabled: true, pendingSince: NOW - DAY }],
])('%s: every state has one answer, and it breaks no invariant', (name, asked, given, as) => {
  const sets = [...tagSets(intents.slice(0, 6), records.slice(0, 2)), ...tagSets(clocks, holds).filter(isOneIn(7))];
  const keySets = everyState.filter(isOneIn(7 * SHARE));
  judge(name, enumerate(keySets, sets, asked, given, as));
});

it.each<[string, Request, Settings]>([
  ['the schedule', request(), settings()],
  ['a message', request({ origin: 'exposed', accessKeyId: 'AKIAPPPPPPPPPPPPPPPP' }), settings()],
  ['by hand', byHand({ action: 'rotate', accessKeyId: 'AKIACCCCCCCCCCCCCCCC', compromised: true }), settings()],
  ['a rollback', byHand({ action: 'rollback', force: true }), settings()],
])('after an exposure, %s: every state has one answer, and it breaks no invariant', (name, asked, given) => {
  const keySets = everyState.filter(isOneIn(23 * SHARE));
  judge(name, enumerate(keySets, tagSets(exposures, intents.slice(0, 4), records.slice(0, 3), holds), asked, given));
});

it('every check has answered for some state', () => {
  console.log(Object.fromEntries(reached));
  expect(checkNames.filter((name) => !reached.has(name))).toEqual([]);
});
