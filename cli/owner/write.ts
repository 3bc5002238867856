import { randomUUID } from 'node:crypto';
import { chown, type FileHandle, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError, RotationError } from '../../shared/core/errors.ts';
import { hasBackup, recover, writeInPlace } from './backup.ts';
import { decode, type Edited } from './credentials-file.ts';
import { codeOf, textOf, writeSynced } from './files.ts';
import { locked } from './lock.ts';
import { expectWritable } from './writable.ts';

/** What differs between machines, so that a test can pass another's. */
export interface Disk {
  platform: NodeJS.Platform;
  rename(from: string, to: string): Promise<void>;
  /** Between two tries of a rename. */
  pause(ms: number): Promise<void>;
}

export const thisDisk: Disk = { platform: process.platform, rename, pause: (ms) => sleep(ms) };

export interface Written extends Edited {
  /** The file itself, where `path` is a link. */
  file: string;
  warnings: string[];
}

/** Names of what has to happen around a write: a test stops the process there. */
export type WriteStep = 'locked' | 'read' | 'prepared' | 'written';

export interface Writing {
  disk: Disk;
  /** What the text is to become, or undefined if nothing is left to do. Called for each text that is found there. */
  edit(text: string): Promise<Edited | undefined>;
  onStep?(step: WriteStep): void | Promise<void>;
}

/** Puts a file right that an earlier run died over. Before the file is read for the first time. */
export async function recoverFirst(path: string): Promise<string | undefined> {
  const file = await realpath(path).catch(() => path);
  if (!(await hasBackup(file))) return undefined;
  await locked(file, () => recover(file));
  return `${file} was repaired: an earlier run ended while it wrote.`;
}

/** A foreign program writes now and then, not all the time. */
const TRIES = 20;
const SETTLE_MS = 50;

/**
 * Changes the file: as the only `switch` that does, on the text that is there now, in one instant. Whoever ignores the
 * lock and writes at the same time loses nothing: the edit is made again on what they wrote. Undefined if nothing was
 * left to do.
 */
export async function writeEdited(path: string, writing: Writing): Promise<Written | undefined> {
  const file = await expectWritable(path);
  return locked(file, async () => {
    await writing.onStep?.('locked');
    await recover(file);
    await removeLeftovers(file);
    let written: Written | undefined;
    let late: LateWrite | undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      const outcome = await attempt(file, {
        ...writing,
        edit: late === undefined ? writing.edit : withLate(late, writing),
      });
      if (outcome === 'nothing') return written;
      if (outcome !== 'changed') {
        written ??= outcome.written;
        late = outcome.late;
        if (late === undefined) return written;
      }
      await sleep(Math.random() * SETTLE_MS);
    }
    throw new ConflictError(`Another program keeps writing ${file}. Stop it, or run it again later.`);
  });
}

/** What somebody wrote into the old file, in the instant in which ours took its place. */
interface LateWrite {
  before: string;
  after: string;
  ours: string;
}

function withLate({ before, after, ours }: LateWrite, { edit }: Writing): Writing['edit'] {
  return async (now) => {
    const isAppended = after.startsWith(before);
    const merged = isAppended ? now + after.slice(before.length) : now === ours ? after : now;
    return (await edit(merged)) ?? (merged === now ? undefined : { text: merged, sections: [] });
  };
}

type Attempt = { written: Written; late?: LateWrite } | 'nothing' | 'changed';

async function attempt(file: string, { disk, edit, onStep }: Writing): Promise<Attempt> {
  // Kept open: what is written into it while it is replaced is found there.
  const handle = await open(file, 'r');
  try {
    const stats = await handle.stat();
    const text = await textIn(handle, file);
    await onStep?.('read');
    const edited = await editSettled(file, text, edit);
    if (edited === 'changed') return 'changed';
    if (edited === undefined) return 'nothing';
    const isSame = async (): Promise<boolean> => {
      const now = await stat(file);
      return now.ino === stats.ino && now.size === stats.size && (await textOf(file)) === text;
    };
    const how = await put({ file, text, next: edited.text, stats, disk, isSame, onStep });
    if (how === 'changed') return 'changed';
    const written = { ...edited, file, warnings: [...warningsOf(file, stats, disk), ...how.warnings] };
    await onStep?.('written');
    const after = how.isReplaced ? await settledText(handle, file, text) : text;
    return after === text ? { written } : { written, late: { before: text, after, ours: edited.text } };
  } finally {
    await handle.close();
  }
}

/** A text that cannot be edited may be half of what another program is writing just now. */
async function editSettled(file: string, text: string, edit: Writing['edit']): Promise<Edited | undefined | 'changed'> {
  try {
    return await edit(text);
  } catch (error) {
    await sleep(SETTLE_MS);
    if ((await textOf(file)) !== text) return 'changed';
    throw error;
  }
}

interface Putting {
  file: string;
  /** What is there. */
  text: string;
  next: string;
  stats: { mode: number; uid: number; gid: number; nlink: number };
  disk: Disk;
  isSame(): Promise<boolean>;
  onStep: Writing['onStep'];
}

type Put = { isReplaced: boolean; warnings: string[] } | 'changed';

/** By a rename, which shows others the old text or the new one; in place where that would split or fail. */
async function put(putting: Putting): Promise<Put> {
  const { file, next, stats, disk, isSame, onStep } = putting;
  if (stats.nlink > 1)
    return inPlace(putting, `${file} has another name too (a hard link), so it was written in place.`);
  const fresh = `${file}${FRESH}${randomUUID()}`;
  try {
    await writeSynced(fresh, next, stats.mode & 0o777);
    await keepOwner(fresh, stats);
    await onStep?.('prepared');
    if (!(await isSame())) return 'changed';
    await replace(disk, fresh, file);
  } catch (error) {
    if (!inPlaceCodes.includes(codeOf(error) ?? '')) throw error;
    return inPlace(
      putting,
      `${file} could not be replaced (${codeOf(error)}), so it was written in place. In a container mount the directory, not the file.`,
    );
  } finally {
    await unlink(fresh).catch(() => {});
  }
  await syncFolder(file);
  return { isReplaced: true, warnings: [] };
}

/** Of a file that is mounted by itself, and of some network drives. */
const inPlaceCodes = ['EBUSY', 'EXDEV'];

async function inPlace({ file, text, next, isSame }: Putting, warning: string): Promise<Put> {
  if (!(await isSame())) return 'changed';
  await writeInPlace(file, text, next);
  return { isReplaced: false, warnings: [warning] };
}

const WINDOWS_TRIES = 10;

/** A virus scanner on Windows holds a new file for a moment. Elsewhere a refusal is one. */
async function replace({ platform, rename, pause }: Disk, from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await rename(from, to);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'EPERM' && code !== 'EACCES') throw error;
      if (platform !== 'win32' || tries === WINDOWS_TRIES) {
        throw new RotationError(`${to} could not be replaced (${code}), and is as it was. Close what holds it open.`);
      }
      await pause(SETTLE_MS);
    }
  }
}

function warningsOf(file: string, { mode }: Putting['stats'], { platform }: Disk): string[] {
  if (platform === 'win32' || (mode & 0o077) === 0) return [];
  return [`Others may read ${file}: \`chmod 600 ${file}\` takes that away.`];
}

/** Only the group can be another's: a file of another user was refused. */
async function keepOwner(path: string, { uid, gid }: Putting['stats']): Promise<void> {
  await chown(path, uid, gid).catch((error) => {
    if (!['EPERM', 'EINVAL', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
  });
}

/** So that the rename outlives a power cut. Windows opens no directory. */
async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file), 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

const FRESH = '.keyturn-new-';

/** What runs left behind that were killed. Under the lock: nobody else has one now. */
async function removeLeftovers(file: string): Promise<void> {
  const names = await readdir(dirname(file));
  for (const name of names.filter((each) => each.startsWith(`${basename(file)}${FRESH}`))) {
    await unlink(join(dirname(file), name)).catch(() => {});
  }
}

async function textIn(handle: FileHandle, file: string): Promise<string> {
  const { size } = await handle.stat();
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await handle.read(bytes, 0, size, 0);
  return decode(bytes.subarray(0, bytesRead), file);
}

/** Read again until it stays, if it is not as it was. */
async function settledText(handle: FileHandle, file: string, before: string): Promise<string> {
  let seen = await textIn(handle, file);
  for (;;) {
    if (seen === before) return seen;
    await sleep(SETTLE_MS);
    const again = await textIn(handle, file);
    if (again === seen) return seen;
    seen = again;
  }
}
