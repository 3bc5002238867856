// cli/completion.ts, cli/commands/completion.ts, cli/commands/complete.ts
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { reasons } from '../../shared/core/reasons.ts';
import { keyturn as inThisProcess, type Ran } from '../support/terminal.ts';

const run = promisify(execFile);
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'keyturn-home-'));
  mkdirSync(join(home, '.aws'));
  const config =
    '[default]\nregion = eu-west-1\n\n[profile prod]\n[profile "staging"]\n[sso-session corp]\n[services local]\n';
  writeFileSync(join(home, '.aws', 'config'), config);
  writeFileSync(join(home, '.aws', 'credentials'), '[alice]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n');
});
afterAll(() => rmSync(home, { recursive: true }));

/** What is printed there: the library of completion knows no stream but the process's own. */
async function keyturn(...args: string[]): Promise<Ran> {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
  const { stdout, ...ended } = await inThisProcess(args, { environment: { HOME: home } });
  const lines = printed.mock.calls.map((line) => `${line.join(' ')}\n`);
  printed.mockRestore();
  return { ...ended, stdout: stdout + lines.join('') };
}

/** What is offered, without the descriptions and the last line, which says how to take it. */
async function complete(...words: string[]): Promise<string[]> {
  const { stdout, stderr } = await keyturn('complete', '--', ...words);
  expect(stderr).toBe('');
  return offered(stdout);
}

function offered(stdout: string): string[] {
  const lines = stdout.trimEnd().split('\n');
  expect(lines.pop()).toBe(':4');
  return lines.map((line) => line.split('\t')[0] ?? '');
}

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])(
    'has a script for %s, which asks the program itself',
    async (shell) => {
      const { stdout, stderr } = await keyturn('completion', shell);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/keyturn complete '?--/);
      if (shell === 'bash') await expect(run('bash', ['-n', '-c', stdout])).resolves.toBeDefined();
    },
  );

  it('knows no other shell', async () => {
    expect(await keyturn('completion', 'tcsh')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('Allowed choices are bash, zsh, fish, powershell'),
    });
  });

  it('asks a process at each Tab, which offers what this one does', async () => {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const asked = ['cli/keyturn.ts', 'complete', '--', 'doctor', '--profile', ''];
    const { stdout, stderr } = await run(process.execPath, asked, { env: { PATH, NODE_COMPILE_CACHE, HOME: home } });
    expect([offered(stdout), stderr]).toEqual([await complete('doctor', '--profile', ''), '']);
  });

  it('offers commands, but not the one that it asks', async () => {
    const all = await complete('');
    expect(all).toEqual(expect.arrayContaining(['explain', 'doctor', 'rotate', 'switch', 'completion']));
    expect(all).not.toContain('complete');
    expect(await complete('rol')).toEqual(['rollback']);
  });

  it('offers options, of the command and of all', async () => {
    expect(await complete('--')).toEqual(expect.arrayContaining(['--json', '--version']));
    expect(await complete('rotate', 'alice', '--gr')).toEqual(['--grace-days']);
    expect(await complete('rotate', 'alice', '--re')).toEqual(['--restore-secret', '--region']);
  });

  it('offers profiles, reason codes and shells as values', async () => {
    expect(await complete('doctor', '--profile', '')).toEqual(['alice', 'default', 'prod', 'staging']);
    expect(await complete('doctor', '--profile', 'pr')).toEqual(['prod']);
    expect(await complete('explain', '')).toEqual(Object.keys(reasons));
    expect(await complete('explain', 'two-k')).toEqual(['two-keys']);
    expect(await complete('completion', 'z')).toEqual(['zsh']);
    expect(await complete('rotate', 'al')).toEqual([]);
  });
});
