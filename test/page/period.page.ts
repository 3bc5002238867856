import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { periodPage } from '../../cli/evidence/period/page.ts';
import { parsePeriod } from '../../cli/evidence/period/period.ts';
import { reportOf } from '../../cli/evidence/period/report.ts';
import type { KeyEvent } from '../../shared/core/evidence/reconcile.ts';
import { DAY } from '../../shared/core/time.ts';
import { faintTexts, openPage } from './browser.ts';

const KEYS = 120;
const start = Date.parse('2026-03-01T00:00:00Z');
const keyOf = (n: number): string => `AKIAEXAMPLE${String(n).padStart(9, '0')}`;

/** Keys that others made, by names that are HTML, and a bucket that was written to. */
const html = periodPage(
  reportOf({
    accountId: '111122223333',
    roleSuffix: '',
    period: parsePeriod('2026-03', start + 90 * DAY),
    isPreliminary: true,
    now: start + 31 * DAY,
    chained: [],
    verdicts: [{ word: 'ALTERED', key: '<script src=https://example.com/x>', why: 'has another hash' }],
    days: [],
    unusable: [],
    records: [],
    events: Array.from(
      { length: KEYS },
      (_, n): KeyEvent => ({
        eventId: `event-${n}`,
        at: start + n * 60_000,
        name: 'CreateAccessKey',
        caller: 'arn:aws:iam::111122223333:user/mallory',
        userName: '<img src=https://example.com/x>',
        accessKeyId: keyOf(n),
      }),
    ),
  }),
);

let page: Page;
const requests: string[] = [];

beforeAll(async () => {
  page = await openPage(html, requests);
});
afterAll(() => page.context().browser()?.close());

test('no request leaves, and names that are HTML are text', async () => {
  expect(requests).toEqual([]);
  expect(await page.locator('img, script').count()).toBe(0);
  expect(await page.getByText('<img src=https://example.com/x>').count()).toBeGreaterThan(KEYS);
});

test('what is wrong with the evidence stands before everything else', async () => {
  const heads = await page.locator('h1, h2').allTextContents();
  expect(heads.slice(0, 2)).toEqual(['Access keys from 2026-03-01 to 2026-03-31: PRELIMINARY', '1 Gaps and outages']);
  expect(await page.locator('section').first().textContent()).toContain('ALTERED: has another hash');
});

test('print has every key, and repeats the heads of tables', async () => {
  await page.emulateMedia({ media: 'print' });
  const rows = await page.locator('section').nth(11).locator('tbody tr').allTextContents();
  for (let n = 0; n < KEYS; n++) expect(rows[n]).toContain(keyOf(n));
  const heads = await page.locator('thead').evaluateAll((all) => all.map((head) => getComputedStyle(head).display));
  expect(new Set(heads)).toEqual(new Set(['table-header-group']));
  expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
  await page.emulateMedia({ media: 'screen' });
});

test('every text stands out from its ground by at least 4.5 to 1', async () => {
  expect(await faintTexts(page)).toEqual([]);
});
