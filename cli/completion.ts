import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Complete, type Command as Completed, RootCommand } from '@bomb.sh/tab';
import type { Command } from 'commander';
import { reasons } from '../shared/core/reasons.ts';
import { everyCommand } from './command-tree.ts';
import type { Shell } from './context.ts';

/** What can be completed after a space: words of the program, profiles of this machine, reason codes. No call of AWS. */
export function createCompletion(program: Command, { environment }: Shell): RootCommand {
  const root = new RootCommand();
  const profiles = (complete: Complete): void => {
    for (const name of profileNames(environment)) complete(name, 'AWS profile');
  };
  const codes = (complete: Complete): void => {
    for (const [code, { says }] of Object.entries(reasons)) complete(code, says);
  };
  const values: Readonly<Record<string, (complete: Complete) => void>> = {
    profile: profiles,
    'read-with': profiles,
    reason: codes,
  };
  const help = program.createHelp();
  const addOptions = (to: Completed, command: Command): void => {
    for (const { long, short, description, required, optional } of [
      ...help.visibleOptions(command),
      ...program.options,
    ]) {
      const name = long?.replace(/^--/, '');
      if (name === undefined) continue;
      const alias = short?.replace(/^-/, '');
      if (required || optional) to.option(name, description, values[name] ?? (() => {}), alias);
      else if (alias === undefined) to.option(name, description);
      else to.option(name, description, alias);
    }
  };
  addOptions(root, program);
  for (const { name, command } of everyCommand(program)) {
    const completed = root.command(name, command.description());
    addOptions(completed, command);
    for (const argument of command.registeredArguments) {
      const { argChoices } = argument;
      const choices = (complete: Complete): void => {
        for (const choice of argChoices ?? []) complete(choice, '');
      };
      completed.argument(argument.name(), argument.name() === 'reason' ? codes : choices, argument.variadic);
    }
  }
  return root;
}

/** By the heads of their sections: the SDK's own parser would take a second to load at each Tab. */
function profileNames({ HOME, USERPROFILE, ...environment }: Shell['environment']): string[] {
  const folder = join(HOME || USERPROFILE || '', '.aws');
  const files = [
    environment.AWS_CONFIG_FILE || join(folder, 'config'),
    environment.AWS_SHARED_CREDENTIALS_FILE || join(folder, 'credentials'),
  ];
  const heads = files.flatMap((file) => [...textOf(file).matchAll(/^\[(?:profile\s+)?["']?([^\s"'\]]+)["']?\]/gm)]);
  return [...new Set(heads.map(([, name = '']) => name))].sort();
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No file, no profiles: there is nobody to tell in the middle of a Tab.
    return '';
  }
}
