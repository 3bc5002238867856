import { expect, it } from 'vitest';
import { escapeHtml } from '../../../shared/core/html.ts';

it('leaves nothing of a name that a page would take for more than text', () => {
  expect(escapeHtml(`<img src="x"> & 'y'`)).toBe(`&lt;img src=&quot;x&quot;&gt; &amp; 'y'`);
  expect(escapeHtml('&lt;')).toBe('&amp;lt;');
});
