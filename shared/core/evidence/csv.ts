/** Null and undefined are empty: not known, or none. */
export type Cell = string | number | boolean | null | undefined | readonly string[];

/** A spreadsheet takes a cell that begins so for a formula, and IAM allows such names. */
const FORMULA = /^[=+\-@\t\r]/;

/** RFC 4180, with the name of every column first. The last column says which cells were made harmless by an apostrophe. */
export function csvOf(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = rows.map((row) => {
    const texts = row.map(textOf);
    const escaped = header.filter((_, index) => FORMULA.test(textOf(row[index])));
    return [...texts.map((text) => (FORMULA.test(text) ? `'${text}` : text)), escaped.join(' ')];
  });
  return [[...header, 'escaped'], ...lines].map((line) => `${line.map(quoted).join(',')}\r\n`).join('');
}

function textOf(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'object' ? cell.join(' ') : String(cell);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
