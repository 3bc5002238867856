import type { Instant } from '../../shared/core/time.ts';
import type { Asker } from '../ui/ask.ts';
import type { Calls, CredentialSource } from './calls.ts';
import type { Marker } from './command.ts';
import type { KeyPair } from './credentials-file.ts';
import type { Place } from './hints.ts';
import type { FileKind } from './ini.ts';
import type { SharedFiles } from './shared-files.ts';
import type { Disk } from './write.ts';

/** Where the present key is: in a section of a file, or nowhere that could be written. */
export interface Present {
  pair: KeyPair;
  place: { kind: FileKind; path: string; section: string } | undefined;
}

export interface SwitchRequest {
  present: Present;
  files: SharedFiles;
  region: string;
  isCheck: boolean;
  isProfileOnly: boolean;
  secretId: string | undefined;
  userName: string | undefined;
  mfaSerial: string | undefined;
  /** Who reads the secret, if not the present key. */
  reader: { profile: string; as: CredentialSource } | undefined;
  workingDirectory: string;
  /** Of the command that is to run afterwards. */
  marker: Marker | undefined;
}

export const steps = [
  ...['found', 'identified', 'described', 'compared', 'fetched', 'proved'],
  ...['locked', 'read', 'prepared', 'written', 'read-back', 'hinted', 'ran'],
] as const;

export interface Tools {
  calls: Calls;
  ask: Pick<Asker, 'confirm' | 'hidden'>;
  disk: Disk;
  now(): Instant;
  sleep(ms: number): Promise<void>;
  /** Told after each step; a test ends the process there. */
  onStep?(step: (typeof steps)[number]): void | Promise<void>;
}

export interface Outcome {
  status: 'switched' | 'newest' | 'waits';
  userName: string | undefined;
  accountId: string;
  from: string;
  to: string;
  /** In the environment of the command, if no file was written. */
  pair: KeyPair | undefined;
  file: string | undefined;
  sections: string[];
  alsoIn: Place[];
  currentSince: Instant | undefined;
  oldKeyUntil: Instant | undefined;
  /** A use of the new key before this instant is not taken for the owner's. */
  confirmedAfter: Instant | undefined;
  isRolledBack: boolean;
  isHandedOn: boolean;
  warnings: string[];
}
