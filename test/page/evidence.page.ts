import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageOf } from '../../shared/core/evidence/page.ts';
import { seen } from '../../shared/core/evidence/snapshot.ts';
import { denied, findingsOf, seenBucket, seenKey, seenUser, withKeys } from '../support/core/snapshots.ts';
import { faintTexts, openPage } from './browser.ts';

const USERS = 120;

/** Something of every status. */
const html = pageOf({
  manifest: {
    schemaVersion: 1,
    runId: '11111111-1111-4111-8111-111111111111',
    accountId: '111122223333',
    trigger: 'schedule',
    function: 'keyturn-test-evidence-collector',
    version: '0.0.0',
    startedAt: '2026-03-10T02:00:11.000Z',
    endedAt: '2026-03-10T02:00:24.000Z',
    isComplete: false,
    parameters: {},
    calls: { 'iam:ListAccessKeys': 3 },
    population: { users: USERS },
    counts: {},
    problems: [],
    files: [],
  },
  findings: findingsOf({
    users: seen([
      seenUser('vendor', withKeys(seenKey(500, { ageDays: 100 })), { 'keyturn:exempt': '2026-12-31' }),
      seenUser('<img src=https://example.com/x>', withKeys(seenKey(501, { ageDays: 100 }))),
      ...Array.from({ length: USERS }, (_, n) => seenUser(`user-${n}`, withKeys(seenKey(n, { ageDays: 100 })))),
    ]),
    buckets: seen([seenBucket('payroll', { encryption: denied })]),
  }),
});

let page: Page;
const requests: string[] = [];

beforeAll(async () => {
  page = await openPage(html, requests);
});
afterAll(() => page.context().browser()?.close());

test('no request leaves', () => {
  expect(requests).toEqual([]);
});

test('print has every row, and repeats the heads of tables', async () => {
  await page.emulateMedia({ media: 'print' });
  for (const name of Array.from({ length: USERS }, (_, n) => `user-${n}, `)) {
    expect(await page.getByText(name, { exact: false }).first().isVisible()).toBe(true);
  }
  const heads = await page.locator('thead').evaluateAll((all) => all.map((head) => getComputedStyle(head).display));
  expect(new Set(heads)).toEqual(new Set(['table-header-group']));
  expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
  await page.emulateMedia({ media: 'screen' });
});

test('every text stands out from its ground by at least 4.5 to 1', async () => {
  expect(await faintTexts(page)).toEqual([]);
});

test('the five states have five looks, and a name that is HTML is text', async () => {
  const looks = await page.locator('.status').evaluateAll((all) => {
    const look = (element: Element) => {
      const { backgroundColor, backgroundImage, border } = getComputedStyle(
        element.querySelector('.swatch') ?? element,
      );
      return `${element.className}: ${backgroundColor} ${backgroundImage} ${border}`;
    };
    return [...new Set(all.map(look))];
  });
  expect(looks).toHaveLength(5);
  expect(new Set(looks.map((look) => look.split(': ')[1])).size).toBe(5);
  expect(await page.locator('img').count()).toBe(0);
});
