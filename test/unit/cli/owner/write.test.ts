// Tests of cli/owner/write.ts, cli/owner/writable.ts, cli/owner/lock.ts, cli/owner/backup.ts and cli/owner/files.ts.

import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBackup } from '../../../../cli/owner/backup.ts';
import { locked } from '../../../../cli/owner/lock.ts';
import { expectWritable, permissionProblem } from '../../../../cli/owner/writable.ts';
import { type Disk, recoverFirst, thisDisk, type WriteStep, writeEdited } from '../../../../cli/owner/write.ts';

const OLD = '[a]\nkey = old\n';
const NEW = '[a]\nkey = new\n';

let folder: string;
let file: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'keyturn-write-')), '.aws');
  mkdirSync(folder, { mode: 0o700 });
  file = join(folder, 'credentials');
  writeFileSync(file, OLD, { mode: 0o600 });
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const text = (path = file): string => readFileSync(path, 'utf8');
const left = (): string[] => readdirSync(folder).filter((name) => name !== 'credentials');

async function edit(before: string): Promise<{ text: string; sections: string[] } | undefined> {
  if (!before.includes('old')) return before.includes('new') ? undefined : Promise.reject(new Error('no key'));
  return { text: before.replace('old', 'new'), sections: ['a'] };
}

const write = (path = file, disk: Disk = thisDisk, onStep?: (step: WriteStep) => void | Promise<void>) =>
  writeEdited(path, { disk, edit, ...(onStep === undefined ? {} : { onStep }) });

function failing(code: string, times = Number.POSITIVE_INFINITY, platform: NodeJS.Platform = 'linux') {
  const [tried, paused]: [string[], number[]] = [[], []];
  const disk: Disk = {
    platform,
    async rename(from, to) {
      tried.push(to);
      if (tried.length <= times) throw Object.assign(new Error(code), { code });
      renameSync(from, to);
    },
    async pause(ms) {
      paused.push(ms);
    },
  };
  return { disk, tried, paused };
}

describe('a write', () => {
  it('replaces the file in one instant, and leaves nothing beside it', async () => {
    const { ino } = statSync(file);
    const written = await write();

    expect(written).toEqual({ text: NEW, sections: ['a'], file, warnings: [] });
    expect(text()).toBe(NEW);
    expect(statSync(file).ino).not.toBe(ino);
    expect(left()).toEqual([]);
  });

  it('says that nothing was left to do', async () => {
    writeFileSync(file, NEW);

    expect(await write()).toBeUndefined();
  });

  it.each([0o600, 0o640, 0o400])('keeps the mode %o, and warns of one that lets others read', async (mode) => {
    chmodSync(file, mode);
    const written = await write();

    expect(statSync(file).mode & 0o777).toBe(mode);
    expect(written?.warnings).toEqual(
      mode === 0o640 ? [`Others may read ${file}: \`chmod 600 ${file}\` takes that away.`] : [],
    );
  });

  it('follows a link to the file, which stays one', async () => {
    const elsewhere = join(folder, 'elsewhere');
    renameSync(file, elsewhere);
    symlinkSync(elsewhere, file);

    expect((await write())?.file).toBe(elsewhere);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(text(elsewhere)).toBe(NEW);
  });

  it('is made in place where the file has another name too', async () => {
    const other = join(folder, '..', 'other');
    linkSync(file, other);
    const written = await write();

    expect(text(other)).toBe(NEW);
    expect(written?.warnings).toEqual([expect.stringContaining('a hard link')]);
    expect(left()).toEqual([]);
  });

  it.each(['EBUSY', 'EXDEV'])('is made in place at once where a rename ends in %s', async (code) => {
    const { ino } = statSync(file);
    const { disk, tried } = failing(code);
    const written = await write(file, disk);

    expect(tried).toHaveLength(1);
    expect(text()).toBe(NEW);
    expect(statSync(file).ino).toBe(ino);
    expect(written?.warnings).toEqual([expect.stringMatching(new RegExp(`${code}.*mount the directory`))]);
    expect(left()).toEqual([]);
  });

  it.each(['EPERM', 'EACCES'])('is refused where a rename ends in %s, never made in place', async (code) => {
    const { disk, tried } = failing(code);

    await expect(write(file, disk)).rejects.toThrow(`could not be replaced (${code})`);
    expect(tried).toHaveLength(1);
    expect(text()).toBe(OLD);
    expect(left()).toEqual([]);
  });

  it.each(['EPERM', 'EACCES'])('waits on Windows for whoever holds the file: %s', async (code) => {
    const patient = failing(code, 9, 'win32');
    await write(file, patient.disk);
    expect(text()).toBe(NEW);
    expect(patient.paused).toEqual(Array(9).fill(50));

    writeFileSync(file, OLD);
    const { disk, tried } = failing(code, 10, 'win32');
    await expect(write(file, disk)).rejects.toThrow('Close what holds it open');
    expect(tried).toHaveLength(10);
    expect(text()).toBe(OLD);
  });

  it('is made on the text that is there, if somebody changed it meanwhile', async () => {
    let isChanged = false;
    await write(file, thisDisk, (step) => {
      if (step !== 'prepared' || isChanged) return;
      isChanged = true;
      writeFileSync(join(folder, 'x'), `${OLD}[b]\n`);
      renameSync(join(folder, 'x'), file);
    });

    expect(text()).toBe(`${NEW}[b]\n`);
  });

  it('keeps what somebody adds to the old file in the instant of the rename', async () => {
    let isChanged = false;
    const disk: Disk = {
      ...thisDisk,
      async rename(from, to) {
        if (!isChanged) await appendFile(to, '[b]\n');
        isChanged = true;
        await rename(from, to);
      },
    };
    await write(file, disk);

    expect(text()).toBe(`${NEW}[b]\n`);
  });

  it('waits for the other half of what somebody is writing', async () => {
    writeFileSync(file, '');
    setTimeout(() => writeFileSync(file, OLD), 30);
    await write();

    expect(text()).toBe(NEW);
  });

  it('removes what a run left behind that was killed', async () => {
    writeFileSync(`${file}.keyturn-new-x`, NEW);
    await write();

    expect(left()).toEqual([]);
  });
});

describe('a file', () => {
  it('is refused if it is none', async () => {
    rmSync(file);
    mkdirSync(file);
    await expect(expectWritable(file)).rejects.toThrow('is not a plain file');
  });

  it('is refused in a directory that others may write to', async () => {
    chmodSync(folder, 0o777);
    await expect(write()).rejects.toThrow(`chmod go-w ${folder}`);
    expect(text()).toBe(OLD);
  });

  const own = { uid: 500, gid: 500 };
  const its = { mode: 0o600, uid: 500, gid: 500 };
  it.each([
    ['another user’s file', { ...its, uid: 0 }, { ...its, mode: 0o700 }, 'belongs to user 0'],
    ['a directory of everybody', its, { ...its, mode: 0o1777 }, 'Others may write'],
    ['a directory of another group', its, { ...its, mode: 0o770, gid: 20 }, 'Others may write'],
    ['a directory of one’s own group', its, { ...its, mode: 0o770 }, undefined],
    ['an ordinary one', its, { ...its, mode: 0o755, gid: 20 }, undefined],
  ])('is judged by who could replace it: %s', (_, file, folder, said) => {
    const problem = permissionProblem('/h/.aws/credentials', { its: file, folder }, own);
    if (said === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(said);
  });

  it('is not judged by modes on Windows, which has none', () => {
    const all = { mode: 0o777, uid: 0, gid: 0 };
    expect(permissionProblem('c', { its: all, folder: all }, undefined)).toBeUndefined();
  });
});

describe('the lock', () => {
  const lock = () => `${file}.keyturn-lock`;
  const lockAged = (ms: number): void =>
    writeFileSync(lock(), JSON.stringify({ pid: 1, at: new Date(Date.now() - ms).toISOString(), id: 'x' }));

  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const act = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
    };
    await Promise.all(Array.from({ length: 6 }, () => locked(file, act)));

    expect(most).toBe(1);
    expect(left()).toEqual([]);
  });

  it('is that of a process that died, if it is older than a minute', async () => {
    lockAged(61_000);
    expect(await locked(file, async () => 'done')).toBe('done');
    expect(left()).toEqual([]);
  });

  it('is judged by the time of its file, if it is empty', async () => {
    writeFileSync(lock(), '');
    utimesSync(lock(), new Date(), new Date(Date.now() - 61_000));
    expect(await locked(file, async () => 'done')).toBe('done');
  });

  it('is waited for, if it is younger', async () => {
    lockAged(10_000);
    setTimeout(() => rmSync(lock()), 150);
    const begun = performance.now();
    await locked(file, async () => expect(performance.now() - begun).toBeGreaterThan(100));
  });

  it('is left to another that took ours for stale', async () => {
    await locked(file, async () => writeFileSync(lock(), 'another'));
    expect(text(lock())).toBe('another');
  });

  it('is gone after a failure too', async () => {
    await expect(locked(file, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(existsSync(lock())).toBe(false);
  });
});

describe('a crash in the middle of a write in place', () => {
  /** As it is left behind when the file has come this far. */
  async function crashed(now: string): Promise<void> {
    await makeBackup(file, OLD, NEW);
    writeFileSync(file, now);
  }

  it.each(['', '[a', NEW.slice(0, -1)])('is put back: %j', async (now) => {
    await crashed(now);
    expect(await recoverFirst(file)).toContain('was repaired');
    expect(text()).toBe(OLD);
    expect(left()).toEqual([]);
  });

  it.each([OLD, NEW])('is done with, if the text is whole: %j', async (now) => {
    await crashed(now);
    await recoverFirst(file);
    expect(text()).toBe(now);
    expect(left()).toEqual([]);
  });

  it('is left to its owner, if somebody wrote since', async () => {
    await crashed('[b]\nmine = 1\n');
    await expect(recoverFirst(file)).rejects.toThrow(/Nothing was touched.*credentials\.keyturn-backup, .*\.json/);
    expect(text()).toBe('[b]\nmine = 1\n');
    expect(left()).toHaveLength(3);
  });

  it('began with a backup that was never whole: the file was not touched yet', async () => {
    writeFileSync(`${file}.keyturn-backup`, '[a');
    expect(await recoverFirst(file)).toBeUndefined();
    await write();
    expect(left()).toEqual([]);
  });
});
