import { join } from 'node:path';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { EventError } from '../shared/core/errors.ts';
import type { Shell } from './context.ts';

/** The settings of one profile as the SDK reads them: from both files, the credentials file above the other. */
export type Profile = Readonly<Record<string, string | undefined>>;

/** Where the shared files are: as the SDK and the AWS CLI find them, but by the shell's environment. */
export interface SharedFiles {
  filepath: string;
  configFilepath: string;
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html */
export function sharedFilesOf({ environment }: Pick<Shell, 'environment'>): SharedFiles {
  const { HOME, USERPROFILE, HOMEDRIVE = 'C:', HOMEPATH } = environment;
  const home = HOME || USERPROFILE || (HOMEPATH === undefined ? '' : `${HOMEDRIVE}${HOMEPATH}`);
  return {
    filepath: environment.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials'),
    configFilepath: environment.AWS_CONFIG_FILE || join(home, '.aws', 'config'),
  };
}

/** Every profile by its name. A file that is not there has none. */
export async function readProfiles(files: SharedFiles): Promise<ReadonlyMap<string, Profile>> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ...files, ignoreCache: true });
  // What else the configuration file has carries its kind in its name: `sso-session.work`, `services.local`.
  const profiles = new Map<string, Profile>(
    Object.entries(configFile).filter(([name]) => !/^(sso-session|services)\./.test(name)),
  );
  for (const [name, section] of Object.entries(credentialsFile)) {
    profiles.set(name, { ...profiles.get(name), ...section });
  }
  return profiles;
}

/** Throws an EventError that names the profile and those that there are. */
export function requireProfile(profiles: ReadonlyMap<string, Profile>, name: string, files: SharedFiles): Profile {
  const found = profiles.get(name);
  if (found !== undefined) return found;
  const known = [...profiles.keys()].toSorted();
  const there = known.length === 0 ? 'There is none' : `There are: ${known.join(', ')}`;
  throw new EventError(
    `--profile: there is no profile "${name}" in ${files.configFilepath} or ${files.filepath}. ${there}.`,
  );
}
