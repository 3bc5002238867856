import { EventError } from '../shared/core/errors.ts';
import { clausesOf } from '../shared/core/event-fields.ts';
import { parseRotateUserEvent } from '../shared/core/events.ts';
import type { ReasonCode } from '../shared/core/reasons.ts';
import type { Context } from './context.ts';
import type { SignInOptions } from './credentials.ts';
import { commandFor, connect, placeOf, refuseSeveralProfiles } from './deployed.ts';
import { type ExitCode, exitCodes } from './exit-code.ts';
import { type Answer, invokeRotateUser, type ShownKey } from './rotate-user.ts';

/** One thing that is done to one user. */
export interface Act {
  userName: string;
  /** What `rotate-user` is asked, by the names of its fields; what is undefined is left out. */
  event: Readonly<Record<string, unknown>> & { action: string };
  /** What it will do, in a sentence. */
  effect: string;
  /** `Roll alice back`; the account is added. */
  question: string;
  /** Instead of yes, the user's name is typed: nothing replaces what is taken away. */
  isSevere?: boolean;
  /** What may be run next: `status alice`. */
  next(answer: Answer): string;
}

export interface ActOptions extends SignInOptions {
  yes?: boolean;
  /** A member of the fleet whose hub is signed in to. */
  account?: string;
}

/**
 * Shows what is there and what will be, asks, acts through the deployed function, and says what comes next. Nothing is
 * asked of AWS before it is sure that the question can be asked, or needs not be.
 */
export async function act(context: Context, options: ActOptions, wanted: Act): Promise<ExitCode> {
  const { yes = false, account: accountId } = options;
  const { userName } = wanted;
  const about = { ...(accountId === undefined ? {} : { accountId }), userName };
  const event = Object.fromEntries(
    Object.entries({ ...about, ...wanted.event }).filter(([, value]) => value !== undefined),
  );
  checkEvent(event);
  refuseSeveralProfiles(context);
  if (!yes) context.ask.ready(`${wanted.question}?`, '--yes');
  const deployed = await connect(context, options);
  const before = await invokeRotateUser(deployed, { ...about, action: 'plan' });
  context.note(shown(before, wanted.effect).join('\n'));
  if (!yes && !(await agreed(context, `${wanted.question} ${placeOf(deployed, accountId)}`, wanted))) {
    context.warn('Nothing was changed.');
    return exitCodes.failed;
  }
  const answer = await invokeRotateUser(deployed, event);
  context.print(context.options.json ? JSON.stringify(answer, undefined, 2) : answer.message);
  if (answer.dryRun) warnOfDryRun(context, deployed.stage, accountId);
  else context.note(`Next: ${nextOf(context, answer, { ...wanted, accountId })}`);
  return codeOf(answer);
}

const optionsOf: Readonly<Record<string, string>> = {
  userName: '<user>',
  accessKeyId: '--access-key-id',
  graceDays: '--grace-days',
  holdUntil: '--until',
};

/** By the function's own rules, so that what is wrong is known before anything is asked; its fields are options here. */
function checkEvent(event: Readonly<Record<string, unknown>>): void {
  try {
    parseRotateUserEvent(event);
  } catch (error) {
    const { problems = [] } = error instanceof EventError ? error.facts : {};
    if (problems.length === 0) throw error;
    const asOptions = problems.map(({ field, says }) => ({ field: optionsOf[field] ?? field, says }));
    throw new EventError(`${clausesOf(asOptions)}.`, { problems: asOptions });
  }
}

async function agreed({ ask }: Context, question: string, { userName, isSevere = false }: Act): Promise<boolean> {
  if (!isSevere) return ask.confirm(`${question}?`, '--yes');
  const typed = await ask.text(`${question}: nothing replaces it. Type the user's name to go on`, '--yes');
  return typed.trim() === userName;
}

/** In a table of two columns. */
function shown({ keys, message }: Answer, effect: string): string[] {
  const now = keys.length === 0 ? ['there is no access key.'] : keys.map(keyLine);
  const rows = [...now.map((text, index) => [index === 0 ? 'Now' : '', text]), ['Planned', message], ['Then', effect]];
  return rows.map(([name = '', text = '']) => `${name.padEnd(9)}${text}`);
}

function keyLine({ accessKeyId, status, role, lastUsed }: ShownKey): string {
  const used =
    lastUsed === undefined
      ? 'never used'
      : `last used ${lastUsed.at.slice(0, 10)} by ${lastUsed.service} in ${lastUsed.region}`;
  return `${accessKeyId} is ${status}, ${role}, ${used}.`;
}

type ActIn = Act & { accountId: string | undefined };

/** What looks with the operator's own credentials does not see a member: there the hub's plan is what comes next. */
function nextOf(context: Context, answer: Answer, { userName, next, event, accountId }: ActIn): string {
  const { status, reason } = answer;
  const there = accountId === undefined ? '' : ` --account ${accountId}`;
  if (status === 'busy') return commandFor(context, `${event.action} ${userName}${there}`);
  if (status !== 'changed' && status !== 'unchanged') return `keyturn explain ${reason}`;
  const command = next(answer);
  const isLook = command.startsWith('status ') && accountId !== undefined;
  return commandFor(context, isLook ? `fleet plan${there}` : `${command}${there}`);
}

function warnOfDryRun({ warn, paint }: Context, stage: string, accountId: string | undefined): void {
  const [because, way] =
    accountId === undefined
      ? [`the deployment keyturn-${stage} runs with enforce=false`, 'Deploy it with enforce=true to let it act.']
      : [
          `the wave of ${accountId} has not begun, or keyturn-${stage} runs with enforce=false`,
          'Give the wave a date in fleet.yml, and deploy with enforce=true, to let it act.',
        ];
  const what = `! NOTHING WAS CHANGED: ${because}, so this was a dry run.`;
  warn(`${paint('stderr', 'yellow', what)}\n${way}`);
}

const later: readonly ReasonCode[] = ['busy', 'settling', 'out-of-time'];
const refused: readonly ReasonCode[] = ['refused', 'refused-everywhere'];

function codeOf({ status, reason, dryRun }: Answer): ExitCode {
  if (status === 'blocked') return exitCodes.undecided;
  if (status === 'busy' || later.includes(reason)) return exitCodes.later;
  if (status === 'failed') return refused.includes(reason) ? exitCodes.refused : exitCodes.failed;
  // What was asked for was not done.
  return status === 'planned' && dryRun ? exitCodes.failed : exitCodes.done;
}
