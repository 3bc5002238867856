import { createHash } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import { RotationError } from '../../shared/core/errors.ts';
import { isMissing, overwrite, textOf, writeSynced } from './files.ts';

/*
 * Where a file cannot be replaced by a rename it is written in place, and a crash in the middle leaves a torn one. So
 * these stand beside it first, each written to the disk:
 *
 *   <file>.keyturn-backup        the old text
 *   <file>.keyturn-backup-next   the new text
 *   <file>.keyturn-backup.json   length and SHA-256 of both; made last, and removed first: it says that the others count
 */

const endings = { old: '.keyturn-backup', next: '.keyturn-backup-next', facts: '.keyturn-backup.json' };

/** Writes `next` over `old` in the file itself. */
export async function writeInPlace(file: string, old: string, next: string): Promise<void> {
  await makeBackup(file, old, next);
  await overwrite(file, next);
  if ((await textOf(file)) !== next) throw undecided(file);
  await removeBackup(file);
}

export async function makeBackup(file: string, old: string, next: string): Promise<void> {
  await writeSynced(`${file}${endings.old}`, old, 0o600);
  await writeSynced(`${file}${endings.next}`, next, 0o600);
  await writeSynced(`${file}${endings.facts}`, expected(old, next), 0o600);
}

/**
 * After a crash in the middle, under the lock: a whole text, old or new, stays; the beginning of the new one is put back
 * to the old. Anything else somebody wrote since: it is theirs to decide. Returns whether there was something to do.
 */
export async function recover(file: string): Promise<boolean> {
  const facts = await textOf(`${file}${endings.facts}`);
  if (facts === undefined) {
    await removeBackup(file);
    return false;
  }
  const [old, next, now] = [
    await textOf(`${file}${endings.old}`),
    await textOf(`${file}${endings.next}`),
    (await textOf(file)) ?? '',
  ];
  const isWhole = old !== undefined && next !== undefined && facts === expected(old, next);
  if (!isWhole) throw undecided(file);
  if (now !== old && now !== next) {
    if (!next.startsWith(now)) throw undecided(file);
    await overwrite(file, old);
  }
  await removeBackup(file);
  return true;
}

export async function hasBackup(file: string): Promise<boolean> {
  return (await textOf(`${file}${endings.facts}`)) !== undefined;
}

const expected = (old: string, next: string): string => JSON.stringify({ old: factsOf(old), next: factsOf(next) });

function factsOf(text: string): { length: number; sha256: string } {
  return { length: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
}

async function removeBackup(file: string): Promise<void> {
  for (const ending of [endings.facts, endings.old, endings.next]) {
    await unlink(`${file}${ending}`).catch((error) => {
      if (!isMissing(error)) throw error;
    });
  }
}

function undecided(file: string): RotationError {
  return new RotationError(
    `${file} was being written when a run ended, and is now neither the old nor the new text. Nothing was touched: ` +
      `compare it with ${file}${endings.old}, correct it, and delete ${file}${endings.facts}.`,
  );
}
