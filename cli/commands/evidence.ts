import { present } from '../../shared/core/present.ts';
import type { CommandModule } from '../command-tree.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { commandFor, connect, placeOf } from '../deployed.ts';
import { exitCodes } from '../exit-code.ts';
import { type Invocation, invoke, invokeCommand, Thrown, whereOf } from '../invoke.ts';

export interface EvidenceOptions extends SignInOptions {
  print?: boolean;
  account?: string;
}

/** What of the answer about a run is read here. */
interface Collected {
  counts: Readonly<Record<'pass' | 'fail' | 'not-applicable', number>>;
  folder: string;
  head: { key: string; sequence: number; sha256: string };
}

/** One run more, by the deployed function. 1 if not everything is known: what is, is kept all the same. */
export const collect: CommandModule<EvidenceOptions> = {
  async run(context, _, options) {
    const answer = await answerTo<Collected>(context, options, present({ accountId: options.account }));
    if (answer === undefined || context.options.json) return exitCodes.done;
    const { counts, folder, head } = answer;
    context.print(`${counts.pass} pass, ${counts.fail} fail, ${counts['not-applicable']} not applicable.`);
    context.print(`Files   ${folder}\nDigest  ${head.key}\nHead    ${head.sequence}:${head.sha256}`);
    context.note(
      `Keep the head outside of the bucket: by it ${commandFor(context, 'verify')} shows that nothing is cut off.`,
    );
    return exitCodes.done;
  },
};

interface Connection {
  isConnected: boolean;
  checks: readonly { permission: string; result: 'ok' | 'refused' | 'not-asked'; says: string }[];
}

/** Whether a run could read what it asks for, and write what it finds. 3 if AWS refuses it something. */
export const test: CommandModule<EvidenceOptions> = {
  async run(context, _, options) {
    const answer = await answerTo<Connection>(context, options, { action: 'test' });
    if (answer === undefined) return exitCodes.done;
    if (!context.options.json) context.print(linesOf(context, answer).join('\n'));
    return answer.isConnected ? exitCodes.done : exitCodes.undecided;
  },
};

const signs = { ok: ['green', '✔ ok'], refused: ['red', '✖ refused'], 'not-asked': ['dim', '– not asked'] } as const;

function linesOf({ paint }: Context, { checks }: Connection): string[] {
  return checks.map(({ permission, result, says }) => {
    const [style, word] = signs[result];
    const why = result === 'ok' ? '' : `  ${says}`;
    return `${paint('stdout', style, word.padEnd(11))} ${permission}${why}`;
  });
}

/** Undefined where only the command of the AWS CLI is wanted. With `--json` the answer is printed as it is. */
async function answerTo<Answer>(
  context: Context,
  options: EvidenceOptions,
  event: Invocation['event'],
): Promise<Answer | undefined> {
  const invocation: Invocation = { name: 'evidence-collector', event };
  if (options.print) {
    context.print(invokeCommand(invocation, whereOf(context)));
    return undefined;
  }
  const deployed = await connect(context, options);
  context.note(`keyturn-${deployed.stage}-evidence-collector ${placeOf(deployed, options.account)} …`);
  const answered = await invoke(deployed, invocation);
  if (answered instanceof Thrown) throw answered.error;
  if (context.options.json) context.print(JSON.stringify(answered, undefined, 2));
  return answered as Answer;
}
