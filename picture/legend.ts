import { looks } from './looks.ts';
import type { Mark } from './marks.ts';

const barHeight = 9;

/** What bars and marks stand for, with what a picture has beside them. */
export function legendOf(marks: readonly Mark[], ...more: readonly string[]): string {
  const bars = Object.entries(looks).map(
    ([look, words]) =>
      `<li><svg viewBox="0 0 34 12" width="34" height="12"><rect x="1" y="1.5" width="32" height="${barHeight}" class="key ${look}"/></svg>${words}</li>`,
  );
  const signs = marks.map(
    ({ id, legend }) =>
      `<li><svg viewBox="-7 -7 14 14" width="14" height="14"><use href="#m-${id}" class="mark"/></svg>${legend}</li>`,
  );
  return `<ul class="legend">${[...bars, ...signs, ...more].join('')}</ul>`;
}
