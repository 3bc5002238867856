// The forecast of cli/html/forecast.ts and cli/html/effects.ts, for states of every kind that the planner is tried with.

import { expect, it } from 'vitest';
import { withoutMadeUp } from '../../cli/html/effects.ts';
import { forecast } from '../../cli/html/forecast.ts';
import { DAY } from '../../shared/core/time.ts';
import { NOW, settings } from '../support/core/builders.ts';
import { clocks, exposures, holds, intents, keyStates, records, stateOf, tagSets } from '../support/core/states.ts';

/** Every so many of them; `npm run proof` takes more. */
const EVERY = Number(process.env.KEYTURN_MODEL_SHARE ?? 59) * 1_009;
const DAYS = 60;

it('every forecast ends, with two keys at most, no step of which is taken twice a day', () => {
  const tags = [...tagSets(clocks, records, holds), ...tagSets(intents), ...tagSets(exposures)];
  let n = 0;
  let events = 0;
  for (const keys of keyStates()) {
    for (const each of tags) {
      if (n++ % EVERY !== 0) continue;
      const [foreseen] = forecast([stateOf(keys, each)], settings(), NOW, DAYS);
      expect(foreseen?.states).toHaveLength(DAYS + 1);
      // Of two strangers and a stored key the enumeration has three; the forecast makes none beyond two.
      const most = Math.max(2, keys.keys.length);
      expect(foreseen?.states.filter(({ state }) => state.keys.length > most)).toEqual([]);
      const said = foreseen?.events.map(({ at, step }) => `${(at - NOW) / DAY} ${step.action} ${step.message}`) ?? [];
      expect(said.filter((each, index) => said.indexOf(each) !== index).slice(0, 1)).toEqual([]);
      expect(said.filter((sentence) => withoutMadeUp(sentence).includes('AKIAFORESEEN'))).toEqual([]);
      events += said.length;
    }
  }
  console.log(`${Math.ceil(n / EVERY)} of ${n} states, ${events} steps foreseen`);
  expect(events).toBeGreaterThan(100);
});
