// The words of README.md, docs/, CONTRIBUTING.md, and of what the code says.

import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const documents = globSync(['*.md', 'docs/**/*.md', 'docs/*.schema.json', 'examples/**/*.{md,tf}']);
const templates = globSync(['serverless.yml', 'resources/**/*.yml']);
const code = globSync('{shared,cli,hand-on,local,picture,scripts}/**/*.ts');

const indefinite =
  /\b(?<!key-of-)([Ss]omebody|[Nn]obody|[Ww]hoever|[Ww]homever|[Ww]hatever|[Aa]nybody|[Ee]verybody|[Aa]new)\b/;
const vague = /\b(at once|any more|in hand)\b(?!-)|\bputs?( it| that| this)? right\b/i;

/** The lines of a file with such a word in what people read. */
function found(file: string, read: RegExp): string[] {
  const lines = readFileSync(file, 'utf8').split('\n').entries();
  return [...lines].flatMap(([n, line]) => {
    const texts = [...line.matchAll(read)].map(([text]) => text).join('\n');
    return indefinite.test(texts) || vague.test(texts) ? [`${file}:${n + 1}: ${line.trim()}`] : [];
  });
}

const everything = /.+/g;
/** Literals within a line; names of events, reasons and principals are one word. */
const literals = /'[^'\n]* [^'\n]*'|"[^"\n]* [^"\n]*"|`[^`\n]* [^`\n]*`?/g;
const descriptions = /Description: .*/g;

it('says who and when, in the words that people use', () => {
  const hits = [
    ...documents.flatMap((file) => found(file, everything)),
    ...templates.flatMap((file) => found(file, descriptions)),
    ...code.flatMap((file) => found(file, literals)).filter((line) => !/: (\/\/|\*|\/\*\*)/.test(line)),
  ];
  expect(hits).toEqual([]);
});
