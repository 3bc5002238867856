import type { Readable, Writable } from 'node:stream';
import { confirm, password, text } from '@clack/prompts';
import { EventError } from '../../shared/core/errors.ts';
import { Interrupted } from '../exit-code.ts';

/** Asks the person at the terminal, on stderr. Throws Interrupted on Ctrl-C. */
export interface Asker {
  /** Throws what the question would throw, before anything is done that leads to it. */
  ready(question: string, instead: string): void;
  /** `instead` says how to answer without being asked: `--yes`. */
  confirm(question: string, instead: string): Promise<boolean>;
  text(question: string, instead: string): Promise<string>;
  /** What is typed is not shown. */
  hidden(question: string, instead: string): Promise<string>;
}

/** Where it asks, if somebody sits there. */
interface Terminal {
  stdin: Readable & { isTTY?: boolean };
  stderr: Writable;
}

/** Without a terminal, or with `--no-input`, each question is an EventError that names the way out: nothing ever hangs. */
export function createAsker({ stdin, stderr }: Terminal, options: { input: boolean }): Asker {
  const streams = { input: stdin, output: stderr };
  function refuse(question: string, instead: string): void {
    if (!options.input) throw new EventError(`--no-input: "${question}" may not be asked. Use ${instead}.`);
    if (stdin.isTTY !== true) throw new EventError(`There is no terminal to ask "${question}" on. Use ${instead}.`);
  }
  return {
    ready: refuse,
    async confirm(message, instead) {
      refuse(message, instead);
      return answered(await confirm({ message, initialValue: false, ...streams }));
    },
    async text(message, instead) {
      refuse(message, instead);
      return answered(await text({ message, ...streams }));
    },
    async hidden(message, instead) {
      refuse(message, instead);
      return answered(await password({ message, ...streams }));
    },
  };
}

function answered<Answer>(given: Answer): Exclude<Answer, symbol> {
  if (isAnswer(given)) return given;
  throw new Interrupted('Interrupted: nothing more was done.');
}

/** Clack answers Ctrl-C with a symbol. */
function isAnswer<Answer>(given: Answer): given is Exclude<Answer, symbol> {
  return typeof given !== 'symbol';
}
