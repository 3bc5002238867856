import type { ActOptions } from '../acting.ts';
import type { Context } from '../context.ts';
import { connect, placeOf, refuseSeveralProfiles } from '../deployed.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { invokeNamed, Thrown } from '../invoke.ts';
import { parseSelection } from '../preview.ts';

export interface HandOnOptions extends ActOptions {
  domain: string;
}

/** Of the answer of the function of a hand-on stack what is read here. */
interface Answer {
  users: readonly { userName: string; outcome: string }[];
}

const sentences: Readonly<Record<string, string>> = {
  'handed-on': 'is at all its destinations',
  later: 'is written; a service loads it when its hour is over, within 15 minutes of then',
  moving: 'changed while it was written: the event of that writes it again',
};

/** Writes the current key of one user everywhere once more, through the deployed function of its domain. */
export async function run(context: Context, args: readonly string[], options: HandOnOptions): Promise<ExitCode> {
  const { yes = false, domain } = options;
  const { users } = parseSelection(args, {});
  const [userName = ''] = users;
  refuseSeveralProfiles(context);
  const what = `Write the current key of ${userName} to its destinations again`;
  if (!yes) context.ask.ready(`${what}?`, '--yes');
  const deployed = await connect(context, options);
  const functionName = `keyturn-hand-on-${domain}`;
  if (!yes && !(await context.ask.confirm(`${what}, by ${functionName} ${placeOf(deployed)}?`, '--yes'))) {
    context.warn('Nothing was changed.');
    return exitCodes.failed;
  }
  const answered = await invokeNamed(deployed, { functionName, event: { userName, force: true } });
  if (answered instanceof Thrown) throw answered.error;
  if (context.options.json) context.print(JSON.stringify(answered, undefined, 2));
  const outcomes = (answered as Answer).users.map(({ outcome }) => outcome);
  if (!context.options.json) {
    for (const outcome of outcomes) context.print(`The key of ${userName} ${sentences[outcome] ?? `is ${outcome}`}.`);
  }
  return outcomes.every((outcome) => outcome === 'handed-on') ? exitCodes.done : exitCodes.later;
}
