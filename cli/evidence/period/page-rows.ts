import { escaped, table } from '../../../shared/core/evidence/page-parts.ts';

export type Text = string | number | null;

/** What was never known, or has not come yet, is empty. */
export function rowsOf(rows: readonly (readonly Text[])[]): string[][] {
  return rows.map((row) => row.map((cell) => escaped(cell === null ? '' : String(cell))));
}

export function listed(header: readonly string[], rows: readonly (readonly Text[])[], file: string): string {
  return rows.length === 0 ? '<p>None.</p>' : table(header, rowsOf(rows), ` in ${file}`);
}
