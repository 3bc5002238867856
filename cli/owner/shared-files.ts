import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { EventError } from '../../shared/core/errors.ts';
import { decode } from './credentials-file.ts';
import type { FileKind } from './ini.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type Paths = Record<FileKind, string>;

/** A shared file; one that is not there has no text. */
export interface SharedFile {
  kind: FileKind;
  path: string;
  text: string;
}

export type SharedFiles = Record<FileKind, SharedFile>;

/**
 * Where AWS's shared files are. https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
 * Windows has two homes, and programs do not agree on one: where both lead to a file, which is meant must be said.
 */
export function pathsOf(
  environment: Environment,
  platform: NodeJS.Platform,
  exists: (path: string) => boolean = existsSync,
): Paths {
  const { join } = platform === 'win32' ? win32 : posix;
  const named = { credentials: 'AWS_SHARED_CREDENTIALS_FILE', config: 'AWS_CONFIG_FILE' } as const;
  const of = (kind: FileKind): string => {
    const homes = homesOf(environment, platform);
    const given = environment[named[kind]];
    if (given) return given.startsWith('~/') ? join(homes[0] ?? '', given.slice(2)) : given;
    const [home, other] = homes.map((each) => join(each, '.aws', kind));
    if (home === undefined) throw new EventError(`There is no home directory: set ${named[kind]}.`);
    if (other !== undefined && exists(home) && exists(other)) {
      throw new EventError(
        `HOME and USERPROFILE lead to two files: ${home} and ${other}. Say which one by ${named[kind]}.`,
      );
    }
    return other !== undefined && !exists(home) && exists(other) ? other : home;
  };
  return { credentials: of('credentials'), config: of('config') };
}

/** In the order of the SDK; a second one on Windows only, where it is another place. */
function homesOf({ HOME, USERPROFILE, HOMEDRIVE, HOMEPATH }: Environment, platform: NodeJS.Platform): string[] {
  const drive = HOMEPATH ? `${HOMEDRIVE ?? 'C:\\'}${HOMEPATH}` : undefined;
  const homes = [HOME, USERPROFILE, drive].flatMap((home) => home || []);
  if (platform !== 'win32') return homes.slice(0, 1);
  const key = (home: string): string => win32.normalize(`${home}\\`).toLowerCase();
  const [first, ...others] = homes;
  if (first === undefined) return [];
  const other = HOME ? others.find((home) => key(home) !== key(first)) : undefined;
  return other === undefined ? [first] : [first, other];
}

export async function readSharedFiles(paths: Paths): Promise<SharedFiles> {
  const read = async (kind: FileKind): Promise<SharedFile> => ({
    ...{ kind, path: paths[kind] },
    text: decode(await bytesOf(paths[kind]), paths[kind]),
  });
  return { credentials: await read('credentials'), config: await read('config') };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Uint8Array();
    throw error;
  }
}
