import { PassThrough, Writable } from 'node:stream';
import type { Shell } from '../../cli/context.ts';
import { main } from '../../cli/main.ts';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Typing {
  /** Typed when the text on stderr that it answers is there; without any, there is no terminal. */
  answers?: readonly { to: RegExp; keys: string }[];
  environment?: Readonly<Record<string, string>>;
  now?: number;
}

/** Runs the command line in this process, as a shell would: with streams and an environment of its own. */
export async function keyturn(args: readonly string[], typing: Typing = {}): Promise<Ran> {
  const { answers, environment = {}, now } = typing;
  const stdin = Object.assign(new PassThrough(), { isTTY: answers !== undefined, setRawMode: () => {} });
  const printed = { stdout: '', stderr: '' };
  const waiting = [...(answers ?? [])];
  const streamOf = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        printed[name] += String(chunk);
        const next = waiting[0];
        if (next?.to.test(printed.stderr)) {
          waiting.shift();
          setImmediate(() => stdin.write(next.keys));
        }
        done();
      },
    });
  const shell: Shell = {
    environment,
    stdin,
    stdout: streamOf('stdout'),
    stderr: streamOf('stderr'),
    workingDirectory: process.cwd(),
    platform: 'linux',
    clock: () => now ?? Date.now(),
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  };
  return { code: await main(args, shell), ...printed };
}
