// local/demo/main.ts, local/demo/year.ts, local/demo/stage.ts, local/demo/cast.ts, local/demo/owners.ts,
// local/demo/script.ts, local/demo/timeline.ts, local/demo/report.ts, local/demo/print.ts, local/demo/picture.ts,
// local/demo/recorder.ts, local/demo/chronicle.ts, local/demo/mail.ts, local/demo/words.ts, picture/legend.ts,
// picture/looks.ts, picture/marks.ts, picture/style.ts, picture/svg.ts, scripts/picture.ts, local/host/process.ts,
// local/host/runtime.ts, local/host/set-up.ts, local/host/sdk-options.ts

import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { playOrganization } from '../../local/demo/organization/play.ts';
import { picture } from '../../local/demo/picture.ts';
import { printTable, printTimeline, printTotals } from '../../local/demo/print.ts';
import { rowsOf, totalsOf } from '../../local/demo/report.ts';
import { timeline } from '../../local/demo/timeline.ts';
import { firstDay, playYear, type Year } from '../../local/demo/year.ts';
import { crop } from '../../scripts/picture.ts';
import { printed } from '../support/printed.ts';

const run = promisify(execFile);
const ESCAPE = '\u001b';

describe('the first 46 days of the demo', () => {
  let year: Year;
  beforeAll(async () => {
    year = await playYear({ days: 46 });
  }, 120_000);

  function eventsOf(userName: string): string[] {
    return year.happenings.filter((happening) => happening.userName === userName).map(({ event }) => event);
  }

  it('break nothing that must always hold, after any of thousands of calls', () => {
    expect(year.stage.checker.violations).toEqual([]);
    expect(year.stage.checker.checkedCalls).toBeGreaterThan(2_000);
    expect(year.stage.checker.checkedCalls).toBe(year.stage.aws.calls.length);
    expect(totalsOf(year).deadLetters).toBe(0);
    expect(year.happenings.map(({ event }) => event)).not.toContain('error');
  });

  it('take an ordinary user through the whole life of a key', () => {
    expect(eventsOf('alice')).toEqual([
      'issued',
      'switched',
      'reminder',
      'reminder',
      'reminder',
      'deactivated',
      'reminder',
      'deleted',
    ]);
    expect(rowsOf(year).find(({ userName }) => userName === 'alice')).toMatchObject({ rotations: 1, state: 'one key' });
  });

  it('recover from a process killed right after CreateAccessKey', () => {
    const events = eventsOf('etl-nightly');
    expect(events.slice(0, 5)).toEqual(['fault', 'crash', 'orphan-removed', 'orphan-removed', 'issued']);
    const made = year.stage.aws.calls.find(({ fault }) => fault?.kind === 'crash-after');
    const next = year.stage.aws.calls.find(({ at }) => made !== undefined && at > made.at);
    expect((next?.at ?? 0) - (made?.at ?? 0)).toBeGreaterThan(25 * 60_000);
  });

  it('bring every message back that an hour of throttling failed', () => {
    const events = eventsOf('metrics-agent');
    expect(events.slice(0, 3)).toEqual(['retry', 'retry', 'issued']);
  });

  it('force the one who never switches, after telling them daily', () => {
    const events = eventsOf('nas-backup');
    expect(events.filter((event) => event === 'postponed')).toHaveLength(9);
    expect(year.happenings.find(({ reason }) => reason === 'postponed-to-limit')?.userName).toBe('nas-backup');
    expect(events).toContain('outage');
  });

  it('leave alone who is exempt, and retire what nobody uses', () => {
    const rows = new Map(rowsOf(year).map((row) => [row.userName, row]));
    expect(eventsOf('ivan')).toEqual([]);
    expect(rows.get('ivan')?.state).toBe('exempt');
    expect(eventsOf('judy')[0]).toBe('date');
    expect(rows.get('quinn')).toMatchObject({ rotations: 0, deactivated: 1, deleted: 1, state: 'no key' });
    expect(rows.get('sybil (first)')?.state).toBe('deleted');
  });

  it('print what a person can follow, with neither colours nor secrets', () => {
    const text = printed((out) => {
      printTimeline(timeline(year.happenings, firstDay), firstDay, out);
      printTable(rowsOf(year), out);
      printTotals(totalsOf(year), out);
    });
    expect(text.split('\n').length).toBeLessThan(170);
    expect(text).not.toContain(ESCAPE);
    expect(text).toMatch(/\d+ users +have keys of 90 days and more, so each gets a new one: \S+ \(\d+\), /);
    expect(text).toMatch(/alice +Key ….{4} is 90 days old: a replacement is issued$/m);
    for (const secret of year.stage.aws.iam.everySecretAccessKey()) expect(text).not.toContain(secret);
  });

  it('draw a page that needs no network and holds no secret', async () => {
    const page = picture(year, await playOrganization({ days: 1 }));
    expect(page).not.toMatch(/(src|href)="(?!#)|url\((?!#)|@import|<script/);
    for (const { userName } of rowsOf(year)) expect(page).toContain(`>${userName}<`);
    expect(page).toContain('a replacement is issued.</title>');
    expect(page).toContain('<td>prod-legacy</td>');
    for (const secret of year.stage.aws.iam.everySecretAccessKey()) expect(page).not.toContain(secret);
  });

  it('are drawn as in the README, which has a corner of that page', async () => {
    const corner = crop(picture(year, await playOrganization({ days: 1 })));
    const published = await readFile('docs/demo.svg', 'utf8');
    expect(corner.match(/<title>.*<\/title>/g)).toEqual([expect.stringContaining('A year of access keys')]);
    expect(corner.match(/class="name">\w[^<]*/g)).toEqual(published.match(/class="name">\w[^<]*/g));
    const looks = (svg: string) => [
      /<style>.*<\/style>/s.exec(svg)?.[0],
      svg.match(/class="month">[^<\d]*</g)?.toSorted(),
    ];
    expect(looks(corner)).toEqual(looks(published));
  });
});

describe('npm run demo', () => {
  const demo = (...args: string[]) => run(process.execPath, ['local/demo/main.ts', ...args]);

  it('ends well, writes no progress into a pipe, and names the picture', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'keyturn-demo-')), 'demo.html');
    const { stdout, stderr } = await demo('--days', '1', '--picture', path);
    expect(stderr).toBe('');
    expect(stdout).toContain('1 daily runs: ');
    expect(stdout).toContain('1 daily runs over 12 accounts: ');
    expect(stdout).toContain('demo.html');
    expect(await readFile(path, 'utf8')).toContain('<svg');
    expect(stdout).not.toContain(ESCAPE);
  }, 60_000);

  it('refuses days that are none', async () => {
    await expect(demo('--days', 'x')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--days') });
  });
});
