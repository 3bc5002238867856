import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import type { Shell } from '../../cli/context.ts';
import { main } from '../../cli/main.ts';
import type { Accounts } from './accounts.ts';

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  now: number;
  environment?: Readonly<Record<string, string>>;
  /** Of the terminal that stdout is; without it stdout is a pipe. */
  columns?: number;
  /** What a pipe into stdin holds. */
  stdin?: string;
  /** Typed at the terminal that stdin is, an answer to each question. */
  answers?: readonly string[];
}

/** A command that looks, in this process: with streams and an environment of its own, and these accounts behind it. */
export async function runCommand(accounts: Accounts, args: readonly string[], options: RunOptions): Promise<Finished> {
  const { now, environment = {}, columns, stdin: piped, answers } = options;
  const stdin = Object.assign(new PassThrough(), { isTTY: answers !== undefined, setRawMode: () => {} });
  if (answers === undefined) stdin.end(piped ?? '');
  const left = [...(answers ?? [])];
  const said = { stdout: '', stderr: '' };
  let asked = 0;
  const into = (name: keyof typeof said) =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += String(chunk);
        const questions = said.stderr.match(/◆/g)?.length ?? 0;
        if (questions > asked && left.length > 0) {
          asked = questions;
          const answer = left.shift();
          setImmediate(() => stdin.write(`${answer}\r`));
        }
        done();
      },
    });
  const shell: Shell = {
    environment: {
      AWS_ENDPOINT_URL: accounts.url,
      AWS_REGION: 'eu-west-1',
      AWS_CONFIG_FILE: join(accounts.home, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(accounts.home, 'credentials'),
      AWS_ACCESS_KEY_ID: 'ASIALOCALOPERATOR000',
      AWS_SECRET_ACCESS_KEY: 'not-verified',
      ...environment,
    },
    stdin,
    stdout: Object.assign(into('stdout'), columns === undefined ? {} : { isTTY: true, columns }),
    stderr: into('stderr'),
    workingDirectory: process.cwd(),
    platform: 'linux',
    clock: () => now,
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  };
  return { code: await main(args, shell), ...said };
}
