import { createHash } from 'node:crypto';
import { style } from '../../picture/style.ts';
import { escapeHtml } from '../../shared/core/html.ts';
import { plain } from '../ui/table.ts';

const more = `
h2 { font-size: 1.15rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; margin: .8rem 0; font-size: 12.5px; }
th, td { text-align: left; vertical-align: top; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #ddd; }
th { font-weight: 600; }
td.number { text-align: right; white-space: nowrap; }
code { font: 12px ui-monospace, monospace; }
`;

/**
 * A page that needs nothing but itself: no script, and no address that it could ask. Every name, tag and sentence in the
 * body must be escaped by who makes it, since whoever may tag a user chooses what stands there.
 */
export function htmlPage(title: string, body: string): string {
  const css = style + more;
  const hash = createHash('sha256').update(css).digest('base64');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(plain(title))}</title>
<style>${css}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** Rows of texts, each escaped here. */
export function htmlTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: 'th' | 'td', texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escapeHtml(plain(text))}</${tag}>`).join('')}</tr>`;
  return `<table>
<thead>${cells('th', titles)}</thead>
<tbody>
${rows.map((row) => cells('td', row)).join('\n')}
</tbody>
</table>`;
}
