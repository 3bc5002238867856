import { type FileHandle, open, readFile } from 'node:fs/promises';

/** `ENOENT` of whatever a file system threw. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** Undefined if there is no such file. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A file of this mode, whatever was there, on the disk when it returns. */
export async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  await write(await open(path, 'w', mode), text, (file) => file.chmod(mode));
}

/** The same file with another text: inode, owner and mode stay. */
export async function overwrite(path: string, text: string): Promise<void> {
  await write(await open(path, 'r+'), text, (file) => file.truncate());
}

async function write(file: FileHandle, text: string, prepare: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await prepare(file);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
