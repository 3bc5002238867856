import { readFileSync, writeFileSync } from 'node:fs';

const lanes = 13;
const width = 920;
const bottom = 34 + lanes * 35;
const columns = 3;
const rowHeight = 20;

/**
 * The README's picture: the corner of the demo's page that a README has room for, and its legend. Without the sentences,
 * which show only where one can point at something. `npm run demo` makes the page.
 */
export function crop(page: string): string {
  const style = between(page, '<style>', '@media').replace(/^(?:body|h1|p|svg|\.legend)\b.*\n/gm, '');
  const [, year = ''] = /<svg class="year"[^>]*>([\s\S]*)<\/svg>\s*<section>/.exec(page) ?? [];
  const [head = '', ...drawn] = year.split(/(?=<g>\n)/);
  const legend = [...page.matchAll(/<li><svg( .*?<\/svg>)(.*?)<\/li>/g)].map(([, sign = '', words = ''], i) => {
    const x = 8 + (i % columns) * (width / columns);
    const y = bottom + 12 + Math.floor(i / columns) * rowHeight;
    return `<svg aria-hidden="true" x="${x}" y="${y}"${sign}<text x="${x + 42}" y="${y + 10}" class="month">${words}</text>`;
  });
  const height = bottom + 18 + Math.ceil(legend.length / columns) * rowHeight;
  const parts = [
    head,
    ...drawn.slice(0, lanes),
    `<rect y="${bottom}" width="100%" height="100%" fill="#fff"/>`,
    ...legend,
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>A year of access keys: one lane for each user, one bar for each key</title>`,
    `<style>${style}</style>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...parts.map(bare),
    `</svg>`,
    '',
  ].join('\n');
}

function between(page: string, from: string, to: string): string {
  return page.split(from)[1]?.split(to)[0] ?? '';
}

function bare(part: string): string {
  return part
    .replace(/<title>.*?<\/title>/gs, '')
    .replace(/><\/(?:rect|use|circle)>/g, '/>')
    .replace(/\n{2,}/g, '\n');
}

if (import.meta.main) {
  const at = (path: string) => new URL(`../${path}`, import.meta.url);
  writeFileSync(at('docs/demo.svg'), crop(readFileSync(at('dist/demo.html'), 'utf8')));
}
