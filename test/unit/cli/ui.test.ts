// Tests of cli/context.ts, cli/ui/table.ts, cli/ui/days.ts and cli/ui/progress.ts.

import { PassThrough, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createContext, type GlobalOptions } from '../../../cli/context.ts';
import { ageInDays, dateAndLeft, usedWhen } from '../../../cli/ui/days.ts';
import { withProgress } from '../../../cli/ui/progress.ts';
import { escapeMarkdown, plain, renderTable, shortKey } from '../../../cli/ui/table.ts';

describe('a table', () => {
  const columns = [{ title: 'USER' }, { title: 'AGE', isRight: true }, { title: 'KEY' }];
  const rows = [
    [{ text: 'alice' }, { text: '9 d' }, { text: 'AKIAIOSFODNN7EXAMPLE', short: 'AKIA…EXAMPLE' }],
    [{ text: 'bob' }, { text: '100 d' }, { text: '–' }],
  ];

  it('is aligned, and ends no line in spaces', () => {
    expect(renderTable(columns, rows).split('\n')).toEqual([
      'USER     AGE  KEY',
      'alice    9 d  AKIAIOSFODNN7EXAMPLE',
      'bob    100 d  –',
    ]);
  });

  it('shortens before it cuts, and only with a width', () => {
    expect(renderTable(columns, rows, 33)).toContain('AKIA…EXAMPLE');
    expect(renderTable(columns, rows, 34)).toContain('AKIAIOSFODNN7EXAMPLE');
    expect(renderTable(columns, rows, 22)).toContain('alice    9 d  AKIA…EX…');
  });

  it('colours no padding away', () => {
    const painted = [[{ text: 'a', paint: (text: string) => `<${text}>` }, { text: '' }, { text: 'z' }]];
    expect(renderTable(columns, painted).split('\n')[1]).toBe('<a   >       z');
  });
});

it('what somebody wrote steers neither a terminal nor Markdown', () => {
  expect(plain('a\u001B[31mb\u0007c\u202Ed\ne')).toBe('ab�c�d�e');
  expect(escapeMarkdown('a|b<c>`d`_e_')).toBe('a\\|b\\<c\\>\\`d\\`\\_e\\_');
});

it('a short key keeps what tells it from others', () => {
  expect([shortKey('AKIAIOSFODNN7EXAMPLE'), shortKey('AKIA12345678')]).toEqual(['AKIA…EXAMPLE', 'AKIA12345678']);
});

it('days are said as a person would', () => {
  const now = Date.UTC(2026, 2, 10, 1);
  expect([ageInDays(now - 1.9 * 86_400_000, now), ageInDays(now + 1, now)]).toEqual(['1 d', '0 d']);
  const used = [undefined, now, now - 2 * 3_600_000, now - 50 * 3_600_000].map((at) => usedWhen(at, now));
  expect(used).toEqual(['no record', 'today', 'yesterday', '3 d ago']);
  expect([dateAndLeft(now + 1, now), dateAndLeft(now, now)]).toEqual(['2026-03-10 (1 day left)', '2026-03-10 (over)']);
});

describe('progress', () => {
  async function shown(isTTY: boolean, options: Partial<GlobalOptions> = {}): Promise<string> {
    let said = '';
    const stderr = Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          said += String(chunk);
          done();
        },
      }),
      { isTTY },
    );
    const context = createContext(
      {
        environment: {},
        stdin: new PassThrough(),
        stdout: new PassThrough(),
        stderr,
        workingDirectory: '',
        platform: 'linux',
        clock: Date.now,
        sleep: (ms) => setTimeout(ms),
      },
      {
        ...{ profile: [], stage: 'dev', json: false, input: true, quiet: false, verbose: false, color: true },
        ...options,
      },
    );
    await withProgress(
      context,
      () => '41 AWS calls',
      () => setTimeout(250),
    );
    return said;
  }

  it('is one line on a terminal, and gone when it is done', async () => {
    const said = await shown(true);
    expect(said).toContain('⠋ 41 AWS calls');
    expect(said).not.toContain('\n');
    expect(said.endsWith('\r\u001B[2K')).toBe(true);
  });

  it('is nothing elsewhere, and with --quiet or --verbose', async () => {
    expect([await shown(false), await shown(true, { quiet: true }), await shown(true, { verbose: true })]).toEqual([
      '',
      '',
      '',
    ]);
  });
});
