import { describe, it } from 'vitest';
import { crashEverywhere, createLedger } from '../support/proof/crash.ts';
import { triggers } from '../support/proof/triggers.ts';

const count = createLedger('Every fault at every call of the other triggers');

describe('whatever happens to any one call of another trigger', () => {
  it.each(triggers)('$name: no rule breaks, and it ends as if undisturbed', (scenario) =>
    crashEverywhere(scenario, count(scenario.name)),
  );
});
