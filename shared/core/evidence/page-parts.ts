import { escapeHtml } from '../html.ts';
import type { Finding } from './finding.ts';
import { pageStyle } from './page-style.ts';

// What pages of evidence are made of: no script, and nothing from elsewhere.

/** Longer lists go on in the CSV files. */
const MOST_ROWS = 500;

/** A whole page. The foot is printed on every sheet. */
export function framed({ title, foot }: { title: string; foot: string }, main: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>${pageStyle}
@page { @bottom-left { content: "${foot.replace(/[^\w ,-]/g, '')}"; } @bottom-right { content: "page " counter(page); } }</style></head>
<body><main>${main}
</main></body></html>
`;
}

export function section(title: string, content: string): string {
  return `<section><h2>${escaped(title)}</h2>${content}</section>`;
}

/** Of names that others chose. */
export function escaped(text: string): string {
  return escapeHtml(text).replace(
    /[\u202A-\u202E\u2066-\u2069]/g,
    (sign) => `&amp;#x${sign.charCodeAt(0).toString(16)};`,
  );
}

/** Whom or what a finding is about. */
export function nameOf({ resource }: Finding): string {
  const { id, userName } = resource;
  return escaped(userName === undefined ? id : resource.type === 'iam-user' ? userName : `${userName}, ${id}`);
}

const looks = {
  pass: '✓ Pass',
  fail: '✕ Fail',
  error: '! Not known',
  'not-applicable': '– Not applicable',
  accepted: '◇ Accepted',
} as const;

/** Word, sign, colour and pattern: any one of them is enough. */
export function status(look: keyof typeof looks, count?: number): string {
  const words = count === undefined ? looks[look] : `${looks[look]} ${count}`;
  return `<span class="status ${look}"><span class="swatch"></span>${words}</span>`;
}

/** Cells are HTML already. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], more = ''): string {
  const head = header.map((name) => `<th scope="col">${escaped(name)}</th>`).join('');
  const body = rows.slice(0, MOST_ROWS).map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`);
  const rest = rows.length > MOST_ROWS ? `<p>And ${rows.length - MOST_ROWS} more${more}.</p>` : '';
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>${rest}`;
}
