import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { Instant } from '../shared/core/time.ts';
import { type Asker, createAsker } from './ui/ask.ts';

/** What a process has. An argument of `main`, so that a test passes its own. */
export interface Shell {
  environment: Readonly<Record<string, string | undefined>>;
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  workingDirectory: string;
  platform: NodeJS.Platform;
  clock(): Instant;
  sleep(ms: number): Promise<void>;
}

/** What every command takes. */
export interface GlobalOptions {
  /** In the order given; empty for what the environment says. */
  profile: string[];
  region?: string;
  stage: string;
  json: boolean;
  /** False with `--no-input`. */
  input: boolean;
  quiet: boolean;
  verbose: boolean;
  /** False with `--no-color`. */
  color: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** What every command gets. Data goes to stdout, everything else to stderr. */
export interface Context {
  shell: Shell;
  options: GlobalOptions;
  /** Data: a line, or several. */
  print(text: string): void;
  /** What helps a person beside it; left out with `--quiet`. */
  note(text: string): void;
  /** What must be read. */
  warn(text: string): void;
  ask: Asker;
  /** For a stream that shows colours; otherwise the text itself. Never the only bearer of a meaning. */
  paint(stream: 'stdout' | 'stderr', style: Style, text: string): string;
}

export function createContext(shell: Shell, options: GlobalOptions): Context {
  const { stdout, stderr } = shell;
  return {
    shell,
    options,
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void (options.quiet || stderr.write(`${text}\n`)),
    warn: (text) => void stderr.write(`${text}\n`),
    ask: createAsker(shell, options),
    paint: (stream, style, text) => (showsColour(shell, options, stream) ? styleText(style, text, plainly) : text),
  };
}

/** `styleText` would ask the process, which is not ours to ask. */
const plainly = { validateStream: false };

/** https://no-color.org, and its counterpart. */
function showsColour({ environment, ...streams }: Shell, options: GlobalOptions, stream: 'stdout' | 'stderr'): boolean {
  if (!options.color || (environment.NO_COLOR ?? '') !== '') return false;
  if ((environment.FORCE_COLOR ?? '') !== '') return environment.FORCE_COLOR !== '0';
  return streams[stream].isTTY === true && environment.TERM !== 'dumb';
}
