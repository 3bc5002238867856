import { describe, it } from 'vitest';
import { crashEverywhere, crashTwice, createLedger } from '../support/proof/crash.ts';
import { scenarios } from '../support/proof/scenarios.ts';

const count = createLedger('Every fault at every call of an issue, and every pair of deaths');
const issuing = scenarios.filter(({ isIssue }) => isIssue);

describe('whatever happens to an issue', () => {
  it.each(issuing)('$name, one fault: no rule breaks, and it ends as if undisturbed', (scenario) =>
    crashEverywhere(scenario, count(`${scenario.name}, one fault`)),
  );

  it.each(issuing)('$name, dying twice: no rule breaks, and it ends as if undisturbed', (scenario) =>
    crashTwice(scenario, count(`${scenario.name}, dying twice`)),
  );
});
