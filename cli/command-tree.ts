import type { Command } from 'commander';
import { type Context, createContext, type GlobalOptions, type Shell } from './context.ts';

/** What a module in `commands/` exports. It is loaded when it is called: `--version` and `--help` load none. */
export interface CommandModule<Options> {
  /** The exit code; of a command that runs another program, that one's own. */
  run(context: Context, args: readonly string[], options: Options): Promise<number>;
}

export type Ended = (code: number) => void;

/** Commands below one word, and what each needs to run. */
export interface Tree {
  program: Command;
  shell: Shell;
  ended: Ended;
}

/** Of every command that calls AWS. */
export const mfa = ['--mfa-code-stdin', 'read MFA codes from stdin, one a line'] as const;

/** Of every command that asks before it acts. */
export const yes = ['--yes', 'act without asking'] as const;

/** Commander says nothing of a switch that is not given. */
const off = { json: false, quiet: false, verbose: false };

/** A command beside the options that all have; its own are added to what is returned. */
export function add<Options>(
  { program, shell, ended }: Tree,
  usage: string,
  description: string,
  load: () => Promise<CommandModule<Options>>,
  visibility: { hidden?: boolean } = {},
): Command {
  const command = program.command(usage, visibility).description(description).allowExcessArguments(false);
  return command.action(async () => {
    const given = { ...off, ...command.optsWithGlobals<GlobalOptions & Options>() };
    const { run } = await load();
    ended(await run(createContext(shell, given), command.args, given));
  });
}

/** Commands with a word in common, that does nothing by itself. */
export function group(tree: Tree, name: string, description: string): Tree {
  return { ...tree, program: tree.program.command(name).description(description).helpCommand(false) };
}

/** Every command that does something, with all of its words: `fleet init`. */
export function everyCommand(program: Command): { name: string; command: Command }[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .flatMap((command) =>
      command.commands.length === 0
        ? [{ name: command.name(), command }]
        : everyCommand(command).map((each) => ({ ...each, name: `${command.name()} ${each.name}` })),
    );
}
