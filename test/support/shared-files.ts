import fc from 'fast-check';
import { parse, replaceKey } from '../../cli/owner/credentials-file.ts';
import type { FileKind } from '../../cli/owner/ini.ts';
import { EventError } from '../../shared/core/errors.ts';
import { SecretAccessKey } from '../../shared/core/redacted.ts';

const OLD = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const NEW = { id: 'AKIAI44QH8DHBEXAMPLE', secret: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY' };

interface GeneratedFile {
  kind: FileKind;
  text: string;
}

const blank = fc.constantFrom('', '', '', ' ', '  ', '\t');
const indent = fc.oneof({ weight: 30, arbitrary: fc.constant('') }, { weight: 1, arbitrary: blank });
const spaced = (word: string) => fc.tuple(indent, blank, blank).map(([a, b, c]) => `${a}${word}${b}=${c}`);
const comment = fc.constantFrom('', '', '', ' # mine', ' ; aws_access_key_id = x', '\t#', '  ');
const setting = (name: string, value: string) =>
  fc.tuple(spaced(name), comment).map(([start, end]) => `${start}${value}${end}`);

const usual = fc.oneof(
  setting('region', 'eu-central-1'),
  setting('output', 'json # no comment'),
  setting('x_principal_arn', `arn:aws:iam::111122223333:user/${OLD.id}`),
  fc.constantFrom(
    ...['', '', '# a comment', '; another', '  ', 'no setting at all', '[', ']'],
    ...[`#aws_access_key_id = ${OLD.id}`, 'ü = ✔ 漢字', 'aws_account_id=1', '= z', 'a=b=c', 'k = v#w'],
  ),
);

/** What parsers do not agree about, where it stands beside a key. */
const nested = fc.constantFrom('s3 =', '  max_concurrent_requests = 20', '\ty = 1', 'x =');
const others = fc.oneof({ weight: 20, arbitrary: usual }, { weight: 1, arbitrary: nested });

const foreign = { id: 'AKIAOTHEROTHEROTHER2', secret: 'other/other/other' };
const pair = fc.oneof({ weight: 4, arbitrary: fc.constant(OLD) }, { weight: 1, arbitrary: fc.constant(foreign) });

const body = fc
  .tuple(
    fc.array(others, { maxLength: 4 }),
    fc.option(
      pair.chain(({ id, secret }) =>
        fc.tuple(setting('aws_access_key_id', id), setting('aws_secret_access_key', secret)),
      ),
    ),
    fc.array(others, { maxLength: 4 }),
    fc.constantFrom(...Array<string>(30).fill(''), 'aws_session_token = t', `aws_access_key_id = ${OLD.id}`),
    fc.boolean(),
  )
  .map(([before, both, after, odd, isTurned]) => {
    const keys = both === null ? [] : isTurned ? both.toReversed() : both;
    return [...before, ...keys, ...after, ...(odd === '' ? [] : [odd])];
  });

const names = ['default', 'alice', 'ci-test', 'a.b@c', 'prod'];

function header(kind: FileKind, name: string): string {
  return kind === 'credentials' || name === 'default' ? `[${name}]` : `[profile ${name}]`;
}

/** Files as people and tools leave them: comments, blanks, tabs, nested settings, odd lines, both line endings. */
const generatedFiles: fc.Arbitrary<GeneratedFile> = fc
  .record({
    kind: fc.constantFrom<FileKind>('credentials', 'config'),
    head: fc.array(others, { maxLength: 2 }),
    sections: fc.array(fc.tuple(fc.constantFrom(...names), comment, body), { minLength: 1, maxLength: 5 }),
    isTwiceAllowed: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    ending: fc.constantFrom('\n', '\n', '\r\n'),
    isEnded: fc.boolean(),
  })
  .map(({ kind, head, sections, isTwiceAllowed, ending, isEnded }) => {
    const kept = sections.filter(
      ([name], at) => isTwiceAllowed || sections.findIndex((each) => each[0] === name) === at,
    );
    const lines = [...head, ...kept.flatMap(([name, end, lines]) => [`${header(kind, name)}${end}`, ...lines])];
    return { kind, text: lines.join(ending) + (isEnded ? ending : '') };
  });

/** Edits so many generated files, and judges each; returns how many were edited and how many were refused. */
export async function editGenerated(numRuns: number, seed: number): Promise<{ edited: number; refused: number }> {
  const counts = { edited: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(generatedFiles, async ({ kind, text }) => {
      const to = { accessKeyId: NEW.id, secret: new SecretAccessKey(NEW.secret) };
      let edited: { text: string; sections: string[] };
      try {
        edited = await replaceKey(text, { kind, path: '/c', oldId: OLD.id, to });
      } catch (error) {
        if (!(error instanceof EventError)) throw error;
        if (error.message.includes(OLD.secret)) throw new Error(`A refusal shows the secret: ${error.message}`);
        counts.refused++;
        return;
      }
      counts.edited++;
      expectOnlyValues(text, edited);
      await expectOnlySettings(kind, text, edited);
    }),
    { numRuns, seed },
  );
  return counts;
}

/** Both pairs are of one length: every other byte stays where it is. */
function expectOnlyValues(before: string, { text, sections }: { text: string; sections: string[] }): void {
  if (sections.length === 0) throw new Error('Nothing was edited.');
  const masked = (value: string, { id, secret }: typeof OLD): string =>
    value.replaceAll(id, '?').replaceAll(secret, '!');
  const count = text.split(NEW.id).length - 1;
  if (count !== sections.length || text.split(NEW.secret).length - 1 !== count) throw new Error(`Mixed: ${text}`);
  if (text.length !== before.length || masked(masked(text, NEW), OLD) !== masked(before, OLD)) {
    throw new Error(`Other characters changed:\n${before}\n---\n${text}`);
  }
}

async function expectOnlySettings(
  kind: FileKind,
  before: string,
  edited: { text: string; sections: string[] },
): Promise<void> {
  const [was, is] = [await parse(before, kind), await parse(edited.text, kind)];
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const expected = edited.sections.includes(name)
      ? { ...was[name], aws_access_key_id: NEW.id, aws_secret_access_key: NEW.secret }
      : was[name];
    if (JSON.stringify(is[name]) !== JSON.stringify(expected)) throw new Error(`[${name}] differs:\n${edited.text}`);
    if (was[name]?.aws_access_key_id === OLD.id && !edited.sections.includes(name))
      throw new Error(`[${name}] was left`);
  }
}
