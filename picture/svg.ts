import { escapeHtml } from '../shared/core/html.ts';
import { marks } from './marks.ts';

/** The patterns of bars and the shapes of marks; other parts of the picture name them. */
export function definitions(): string {
  const symbols = marks.map(({ id, shape }) => `<g id="m-${id}">${shape}</g>`);
  return `<defs>
<pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" class="ground"/><circle cx="2" cy="2" r="1" class="ink unmanaged-ink"/></pattern>
<pattern id="stripes" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" class="ground"/><rect width="2.6" height="5" class="ink superseded-ink"/></pattern>
<pattern id="bars" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" class="ground"/><rect width="1.6" height="4" class="ink extra-ink"/></pattern>
<pattern id="ice" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect width="1" height="8" class="ice"/></pattern>
${symbols.join('\n')}
</defs>`;
}

/** Shown while somebody points at what it is in. */
export function title(words: string): string {
  return `<title>${escapeHtml(words)}</title>`;
}
