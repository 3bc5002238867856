import { randomUUID } from 'node:crypto';
import { realpath, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EventError } from '../../shared/core/errors.ts';
import { codeOf, writeSynced } from './files.ts';

/** The file behind all links, once it is certain that it may be written: a plain file of ours, in a directory of ours. */
export async function expectWritable(path: string): Promise<string> {
  const file = await realpath(path);
  const [its, folder] = [await stat(file), await stat(dirname(file))];
  if (!its.isFile()) throw new EventError(`${file} is not a plain file. Name one by AWS_SHARED_CREDENTIALS_FILE.`);
  const refusal = permissionProblem(file, { its, folder }, ownIds());
  if (refusal !== undefined) throw new EventError(refusal);
  const probe = join(dirname(file), `.${basename(file)}.keyturn-${randomUUID()}`);
  try {
    await writeSynced(probe, '', 0o600);
    await unlink(probe);
  } catch (error) {
    throw new EventError(`${dirname(file)} cannot be written to (${codeOf(error)}): let yourself create files there.`);
  }
  return file;
}

interface Owned {
  mode: number;
  uid: number;
  gid: number;
}

interface Ids {
  uid: number;
  gid: number;
}

/** Undefined on Windows, where modes and IDs say nothing. */
function ownIds(): Ids | undefined {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** Why somebody else could put a file of theirs in its place, or undefined. A group of one's own is no somebody else. */
export function permissionProblem(
  file: string,
  { its, folder }: { its: Owned; folder: Owned },
  own: Ids | undefined,
): string | undefined {
  if (own === undefined) return undefined;
  if (its.uid !== own.uid) return `${file} belongs to user ${its.uid}, and you are ${own.uid}. Run it as that user.`;
  const isPrivateGroup = own.gid === own.uid && folder.gid === own.gid;
  const forbidden = isPrivateGroup ? 0o002 : 0o022;
  if ((folder.mode & forbidden) === 0) return undefined;
  return `Others may write to ${dirname(file)}: take that away by \`chmod go-w ${dirname(file)}\`.`;
}
