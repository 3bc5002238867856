import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type JudgedYear, judgeYear } from '../support/proof/judged-year.ts';

// `rotateAheadDays` of 22 keeps an account within the limit of 90 days, as this project's evidence and prowler judge it.

interface Kept {
  readonly months: readonly { readonly at: string; readonly report: string; readonly failing: readonly string[] }[];
}

const kept: Kept = JSON.parse(readFileSync('test/prowler/year.json', 'utf8'));

/** To the day, since the rest depends on how long each call took; which of the two slots a key has is drawn by lot. */
function hashOf(report: string): string {
  const rows = report.replace(/T[\d:+]+/g, '').split('\n');
  return createHash('sha256').update(rows.map(withoutSlots).join('\n')).digest('hex');
}

/** Five columns are about each key, and five come after; the first, a name, may have a comma. */
function withoutSlots(row: string): string {
  const cells = row.split(',');
  const keys = [cells.slice(-15, -10), cells.slice(-10, -5)].map(String).toSorted();
  return [...cells.slice(0, -15), ...keys, ...cells.slice(-5)].join(',');
}

/** Of whom prowler says nothing, though a key is as old as the limit: it was switched off and on, which the report calls new. */
const switchedOffAndOn: Readonly<Record<string, readonly string[]>> = { '2026-02-28': ['frank'] };

describe('a year of the demo, with replacements 22 days before the limit', () => {
  let year: JudgedYear;
  beforeAll(async () => {
    year = await judgeYear();
    console.log(`365 days: ${JSON.stringify(year.judged)} answers about the age of a key`);
  }, 600_000);

  it('has no day on which a key is 90 days old whose user nothing has kept from being rotated', () => {
    expect(year.tooOld).toEqual([]);
    expect(year.violations).toEqual([]);
    expect(year.judged).not.toHaveProperty('error');
    // Else nothing was judged that could have failed.
    expect(year.judged.fail).toBeGreaterThan(365);
    expect(year.judged.pass).toBeGreaterThan(365 * 20);
  });

  it('ends each month in the state that prowler judged: `npm run prowler` asks it anew', () => {
    const states = year.months.map(({ at, report }) => ({ at: at.slice(0, 10), report: hashOf(report) }));
    expect(states).toEqual(kept.months.map(({ at, report }) => ({ at, report })));
  });

  it('is judged alike by prowler at the end of each month, but for a key that was switched off and on', () => {
    const ours = year.months.map(({ at, failing }) => {
      const day = at.slice(0, 10);
      const unseen = switchedOffAndOn[day] ?? [];
      expect(failing).toEqual(expect.arrayContaining([...unseen]));
      return { at: day, failing: failing.filter((userName) => !unseen.includes(userName)) };
    });
    expect(ours).toEqual(kept.months.map(({ at, failing }) => ({ at, failing })));
  });
});
