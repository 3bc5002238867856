import { describe, it } from 'vitest';
import { crashEverywhere, createLedger } from '../support/proof/crash.ts';
import { scenarios } from '../support/proof/scenarios.ts';

const count = createLedger('Every fault at every call, of what issues nothing');

describe('whatever happens to any one call', () => {
  it.each(scenarios.filter(({ isIssue }) => !isIssue))(
    '$name: no rule breaks, and it ends as if undisturbed',
    (scenario) => crashEverywhere(scenario, count(scenario.name)),
  );
});
