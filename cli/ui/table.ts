import { stripVTControlCharacters } from 'node:util';

/** One cell: its text, and a shorter one for a narrow terminal. */
export interface Cell {
  text: string;
  short?: string;
  /** Put around the padded text; never the only bearer of a meaning. */
  paint?: (text: string) => string;
}

export interface Column {
  title: string;
  isRight?: boolean;
}

const GAP = '  ';

/**
 * A table without borders. With a width, cells give their shorter text once the whole does not fit, and then the last
 * column is cut; without one nothing is shortened, so that each row is one whole line.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], width?: number): string {
  const full = rows.map((row) => row.map(({ text }) => plain(text)));
  const isNarrow = width !== undefined && widthOf(columns, full) > width;
  const texts = isNarrow ? rows.map((row) => row.map(({ text, short }) => plain(short ?? text))) : full;
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...texts.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[], paints: readonly Cell['paint'][] = []): string => {
    const room = roomOfLast(widths, width);
    const padded = cells.map((cell, index) => {
      const isLast = index === cells.length - 1;
      const text = isLast ? cut(cell, room) : pad(cell, widths[index] ?? 0, columns[index]?.isRight === true);
      return paints[index]?.(text) ?? text;
    });
    return padded.join(GAP).trimEnd();
  };
  return [
    line(columns.map(({ title }) => title)),
    ...texts.map((cells, index) =>
      line(
        cells,
        rows[index]?.map(({ paint }) => paint),
      ),
    ),
  ].join('\n');
}

/** The same for a ticket or a pull request. */
export function renderMarkdown(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ isRight }) => (isRight ? '--:' : '---'))),
    ...rows.map((row) => line(row.map(({ text }) => escapeMarkdown(text)))),
  ].join('\n');
}

/** A name or a tag shows as it is, and does nothing. */
export function escapeMarkdown(text: string): string {
  return plain(text).replace(/[\\`*_{}[\]<>()#!|~]/g, '\\$&');
}

/** Tags hold whatever somebody wrote: nothing of it may steer a terminal. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '�');
}

function widthOf(columns: readonly Column[], rows: readonly (readonly string[])[]): number {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  return widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1));
}

function roomOfLast(widths: readonly number[], width: number | undefined): number {
  if (width === undefined) return Number.POSITIVE_INFINITY;
  return width - widths.slice(0, -1).reduce((sum, each) => sum + each + GAP.length, 0);
}

function cut(text: string, room: number): string {
  return text.length <= room || room < 8 ? text : `${text.slice(0, room - 1)}…`;
}

function pad(text: string, width: number, isRight: boolean): string {
  return isRight ? text.padStart(width) : text.padEnd(width);
}

/** `AKIA…EXAMPLE`: what tells keys of one table apart. */
export function shortKey(accessKeyId: string): string {
  return accessKeyId.length <= 12 ? accessKeyId : `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-7)}`;
}
