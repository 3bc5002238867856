import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EventError } from '../../shared/core/errors.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { connect } from '../deployed.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { firstFile } from '../fleet/first-file.ts';
import { accountsBelow, readTree } from '../fleet/tree.ts';
import { withProgress } from '../ui/progress.ts';

export interface FleetInitOptions extends SignInOptions {
  fleet: string;
  print?: boolean;
}

/** Writes the first fleet.yml, of the organization that the credentials may read. Never over one that is there. */
export async function run(context: Context, _args: readonly string[], options: FleetInitOptions): Promise<ExitCode> {
  const account = await connect(context, options);
  const tree = await withProgress(
    context,
    () => 'Reading the organization',
    () => readTree(account.aws),
  );
  const text = firstFile(tree, randomUUID());
  if (options.print) {
    context.print(text.trimEnd());
    return exitCodes.done;
  }
  await writeNew(resolve(context.shell.workingDirectory, options.fleet), text, options.fleet);
  const accounts = tree.roots.flatMap(accountsBelow).length;
  const { organizationId } = tree;
  if (context.options.json) {
    context.print(JSON.stringify({ schemaVersion: 1, file: options.fleet, organizationId, accounts }, undefined, 2));
  } else {
    context.print(`${options.fleet}: organization ${organizationId}, ${accounts} accounts, all of them in a dry run.`);
  }
  context.note(`Next: deploy the hub with --param="fleet=${options.fleet}", then \`keyturn fleet grant\`.`);
  return exitCodes.done;
}

/** Its externalId is in every member: a file that is there must not be lost. */
async function writeNew(path: string, text: string, name: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new EventError(`--fleet ${name}: the file is there already. Name another, or print with --print.`);
    }
    throw error;
  }
}
