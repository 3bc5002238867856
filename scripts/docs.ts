import { readFileSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Argument, Command, Option } from 'commander';
import { everyCommand } from '../cli/command-tree.ts';
import { createProgram } from '../cli/program.ts';

const FILE = fileURLToPath(new URL('../docs/cli.md', import.meta.url));
/** All below it is made by the program. */
const MARK = '<!-- What follows is made by `npm run docs:cli`. -->';

/** The page about the command line: its head as it is, and below it every command with every option, as the program has them. */
export function withReference(page: string): string {
  const [head = ''] = page.split(MARK);
  return `${head}${MARK}\n\n${reference()}`;
}

function reference(): string {
  const stream = new PassThrough();
  const shell = { stdin: stream, stdout: stream, stderr: stream, workingDirectory: '', platform: process.platform };
  const program = createProgram({ ...shell, environment: {}, clock: () => 0, sleep: async () => {} }, () => {});
  const parts = [
    '## Options of every command',
    table(program.options),
    '## Commands',
    ...everyCommand(program).flatMap(({ name, command }) => [
      `### \`keyturn ${usageOf(name, command)}\``,
      ...describe(command),
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** As in the usage that the help shows: `plan [user...]`. */
function usageOf(name: string, command: Command): string {
  return [name, ...command.registeredArguments.map(termOf)].join(' ');
}

function termOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function describe(command: Command): string[] {
  const choices = command.registeredArguments.flatMap((argument) => {
    if (argument.argChoices === undefined) return [];
    return [`\`${termOf(argument)}\` is one of ${argument.argChoices.map((choice) => `\`${choice}\``).join(', ')}.`];
  });
  const options = command.options.length === 0 ? [] : [table(command.options)];
  return [`${capitalised(command.description())}.`, ...choices, ...options];
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function table(options: readonly Option[]): string {
  const rows = options
    .filter(({ hidden }) => !hidden)
    .map((option) => {
      const required = option.mandatory ? ' Required.' : '';
      const fallback = typeof option.defaultValue === 'string' ? ` Default \`${option.defaultValue}\`.` : '';
      const text = `${capitalised(option.description)}.${required}${fallback}`;
      return `| \`${option.flags}\` | ${text.replaceAll('|', '\\|').replace(/([<>])/g, '\\$1')} |`;
    });
  return ['| option | meaning |', '|---|---|', ...rows].join('\n');
}

if (import.meta.main) writeFileSync(FILE, withReference(readFileSync(FILE, 'utf8')));
