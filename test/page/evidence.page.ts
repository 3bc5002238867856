import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageOf } from '../../shared/core/evidence/page.ts';
import { seen } from '../../shared/core/evidence/snapshot.ts';
import { denied, findingsOf, seenBucket, seenKey, seenUser, withKeys } from '../support/core/snapshots.ts';

const names = ['chromium', 'google-chrome'];
const installed = (process.env.PATH ?? '').split(':').flatMap((folder) => names.map((name) => join(folder, name)));
const executablePath = [process.env.CHROMIUM ?? '', ...installed].find(existsSync);
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

let browser: Browser;
let page: Page;
const requests: string[] = [];

beforeAll(async () => {
  if (executablePath === undefined) throw new Error('No browser: name one by CHROMIUM, or install chromium.');
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  page = await browser.newPage();
  page.on('request', (request) => requests.push(request.url()));
  await page.setContent(html);
});
afterAll(async () => {
  await browser?.close();
});

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
  const pairs = await page.locator('main *').evaluateAll((all) => {
    const groundOf = (start: Element): string => {
      for (let element: Element | null = start; element !== null; element = element.parentElement) {
        const { backgroundColor } = getComputedStyle(element);
        if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor;
      }
      return 'rgb(255, 255, 255)';
    };
    const withText = all.filter((element) => [...element.childNodes].some((node) => node.nodeType === 3));
    return [...new Set(withText.map((element) => `${getComputedStyle(element).color}|${groundOf(element)}`))];
  });
  expect(pairs.length).toBeGreaterThan(1);
  for (const pair of pairs) {
    const [ink = 0, ground = 0] = pair.split('|').map(luminance);
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    expect([pair, contrast >= 4.5]).toEqual([pair, true]);
  }
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

/** https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
