import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:os';
import { EventError } from '../../shared/core/errors.ts';
import type { KeyPair } from './credentials-file.ts';
import { codeOf, textOf, writeSynced } from './files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * For which key the command last ran, and ended well. Written before the file is: a run that dies between the two is
 * made up for by the next. No such file: the command waits for the first switch.
 */
export interface Marker {
  lastRun(): Promise<string | undefined>;
  note(accessKeyId: string): Promise<void>;
}

export function markerOf(file: string, section: string, command: readonly string[]): Marker {
  const hash = createHash('sha256')
    .update(JSON.stringify([section, ...command]))
    .digest('hex')
    .slice(0, 16);
  const path = `${file}.keyturn-ran-${hash}`;
  return {
    lastRun: async () => (await textOf(path))?.trim(),
    note: (accessKeyId) => writeSynced(path, `${accessKeyId}\n`, 0o600),
  };
}

/** What would come before the pair, or belongs to another one. */
const OUT = [
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_CREDENTIAL_EXPIRATION',
];

export function environmentWith(environment: Environment, { accessKeyId, secret }: KeyPair): Environment {
  const kept = Object.entries(environment).filter(([name]) => !OUT.includes(name));
  const pair = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret.reveal() };
  return { ...Object.fromEntries(kept), ...pair };
}

export interface Running {
  environment: Environment;
  workingDirectory: string;
  /** Stdout is taken by a document of ours. */
  isStdoutTaken: boolean;
}

/** Without a shell, at this terminal. Its exit code, or that which shells give for the signal that ended it. */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  { environment, workingDirectory, isStdoutTaken }: Running,
): Promise<number> {
  const child = spawn(program, args, {
    cwd: workingDirectory,
    env: { ...environment },
    stdio: ['inherit', isStdoutTaken ? 2 : 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    // Its own error would show what it was given.
    child.once('error', (error) => reject(new EventError(`${program} cannot be run (${codeOf(error)}).`)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** Node itself would print the environment of the command. */
export function expectNothingPrinted({ NODE_DEBUG = '' }: Environment): void {
  if (NODE_DEBUG === '') return;
  throw new EventError(
    'NODE_DEBUG: with it Node prints what a command is given, which is the new key. Run it without NODE_DEBUG.',
  );
}
