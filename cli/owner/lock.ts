import { randomUUID } from 'node:crypto';
import { rename, stat, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError } from '../../shared/core/errors.ts';
import { formatInstant, parseInstant, SECOND } from '../../shared/core/time.ts';
import { codeOf, isMissing, textOf } from './files.ts';

/** Longer than any write takes. */
const STALE = 60 * SECOND;
const PATIENCE = 75 * SECOND;

/**
 * Runs `act` as the only `switch` that writes this file. A lock older than a minute is that of a process that died: it
 * is moved away, and put back if it turns out to be a new one.
 */
export async function locked<T>(file: string, act: () => Promise<T>): Promise<T> {
  const path = `${file}.keyturn-lock`;
  const mine = JSON.stringify({ pid: process.pid, at: formatInstant(Date.now()), id: randomUUID() });
  const begun = performance.now();
  while (!(await take(path, mine))) {
    if (await breakStale(path)) continue;
    if (performance.now() - begun > PATIENCE) {
      throw new ConflictError(`${path} is held by another \`keyturn switch\` for over a minute. Run it again later.`);
    }
    await sleep(20 + Math.random() * 60);
  }
  try {
    return await act();
  } finally {
    // Not one that somebody else made after ours was taken for stale.
    if ((await textOf(path)) === mine) await unlink(path).catch(ignoreMissing);
  }
}

async function take(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** True if it is gone now. */
async function breakStale(path: string): Promise<boolean> {
  const seen = await textOf(path);
  if (seen === undefined) return true;
  if (Date.now() - (await madeAt(path, seen)) <= STALE) return false;
  const moved = `${path}.${randomUUID()}`;
  try {
    await rename(path, moved);
  } catch (error) {
    ignoreMissing(error);
    return true;
  }
  // Between the two looks another process may have broken the old one, and made its own.
  const taken = await textOf(moved);
  if (taken !== undefined && taken !== seen) await take(path, taken);
  await unlink(moved).catch(ignoreMissing);
  return true;
}

/** By what it says; a process that died before it wrote that leaves the time of the file. */
async function madeAt(path: string, text: string): Promise<number> {
  const at = parseInstant(/"at":"([^"]+)"/.exec(text)?.[1] ?? '');
  if (at !== undefined) return at;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return mtimeMs;
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
