import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const names = ['chromium', 'google-chrome'];
const installed = (process.env.PATH ?? '').split(':').flatMap((folder) => names.map((name) => join(folder, name)));
const executablePath = [process.env.CHROMIUM ?? '', ...installed].find(existsSync);

/** Close its browser after it. Every request that it makes is told. */
export async function openPage(html: string, requests: string[]): Promise<Page> {
  if (executablePath === undefined) throw new Error('No browser: name one by CHROMIUM, or install chromium.');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  page.on('request', (request) => requests.push(request.url()));
  await page.setContent(html);
  return page;
}

/** Inks and grounds of texts that stand out from them by less than 4.5 to 1. */
export async function faintTexts(page: Page): Promise<string[]> {
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
  if (pairs.length === 0) throw new Error('There is no text to look at.');
  return pairs.filter((pair) => {
    const [ink = 0, ground = 0] = pair.split('|').map(luminance);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < 4.5;
  });
}

/** https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
