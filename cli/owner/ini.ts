/*
 * AWS's shared files, line by line, with the place of each value. The rules are those of the SDK's own parser
 * (@smithy/core, parseIni), which gives settings without their places.
 */

/** `name = value`, as it stands on its line. */
export interface Setting {
  name: string;
  value: string;
  /** Counted from 1, as editors do. */
  line: number;
  /** Where the value begins and ends in the whole text. */
  start: number;
  end: number;
  /** Columns of blanks before the name: some parsers take a deeper line for the rest of the one above. */
  indent: number;
}

export interface Section {
  /** As the file's own kind of header names it: `alice` of `[profile alice]` in the config file. */
  name: string;
  line: number;
  settings: Setting[];
  /** Lines that are neither blank nor a comment, by number: how far each is indented. */
  indents: ReadonlyMap<number, number>;
}

export type FileKind = 'credentials' | 'config';

/** Sections in the order of the file; one name may come more than once. Nested settings are left out. */
export function sectionsOf(text: string, kind: FileKind): Section[] {
  const sections: (Section & { indents: Map<number, number> })[] = [];
  let section: (Section & { indents: Map<number, number> }) | undefined;
  let isNested = false;
  for (const { line, start, raw } of linesOf(text)) {
    const content = raw.slice(0, /(^|\s)[;#]/.exec(raw)?.index ?? raw.length);
    const trimmed = content.trim();
    if (trimmed.startsWith('[') && trimmed.endsWith(']')) {
      const name = nameOf(trimmed.slice(1, -1), kind);
      section = name === undefined ? undefined : { name, line, settings: [], indents: new Map() };
      if (section !== undefined) sections.push(section);
      isNested = false;
      continue;
    }
    if (section === undefined || trimmed === '') continue;
    const indent = content.length - content.trimStart().length;
    section.indents.set(line, indent);
    const equals = content.indexOf('=');
    const name = content.slice(0, Math.max(equals, 0)).trim();
    if (name === '') continue;
    const value = content.slice(equals + 1);
    if (value.trim() === '') isNested = true;
    else if (indent === 0) isNested = false;
    if (isNested) continue;
    const from = start + equals + 1 + value.length - value.trimStart().length;
    section.settings.push({
      ...{ name, value: value.trim(), line, indent },
      ...{ start: from, end: from + value.trim().length },
    });
  }
  return sections;
}

/** The value that counts: the last. */
export function settingOf(sections: readonly Section[], section: string, name: string): Setting | undefined {
  return sections
    .filter((each) => each.name === section)
    .flatMap(({ settings }) => settings.filter((setting) => setting.name === name))
    .at(-1);
}

function* linesOf(text: string): Generator<{ line: number; start: number; raw: string }> {
  let start = 0;
  let line = 0;
  for (const raw of text.split(/\r?\n/)) {
    line++;
    yield { line, start, raw };
    start += raw.length + (text[start + raw.length] === '\r' ? 2 : 1);
  }
}

/** Undefined for a section that is no profile: `[sso-session x]`, `[services x]`, or `[x]` in the config file. */
function nameOf(header: string, kind: FileKind): string | undefined {
  const [, prefix, , name] = /^([\w-]+)\s(["'])?([\w-@+.%:/]+)\2$/.exec(header) ?? [];
  if (kind === 'credentials') return prefix === undefined ? header : undefined;
  if (prefix === undefined) return header === 'default' ? header : undefined;
  return prefix === 'profile' ? name : undefined;
}
