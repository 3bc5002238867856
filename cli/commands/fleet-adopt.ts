import { scanAccount } from '../../shared/aws/scan.ts';
import { EventError, messageOf } from '../../shared/core/errors.ts';
import { userNamePattern } from '../../shared/core/event-fields.ts';
import { asRecordedIn } from '../../shared/core/state-key.ts';
import { identify } from '../accounts.ts';
import type { Context } from '../context.ts';
import { createSignIns, type SignInOptions } from '../credentials.ts';
import { commandFor, connect, type Deployed, placeOf, refuseSeveralProfiles } from '../deployed.ts';
import { type ExitCode, exitCodeOf, exitCodes, worst } from '../exit-code.ts';
import { invokeCommand } from '../invoke.ts';
import { type Answer, invokeRotateUser } from '../rotate-user.ts';
import { findSettings } from '../settings-from.ts';
import { plain } from '../ui/table.ts';

export interface FleetAdoptOptions extends SignInOptions {
  account: string;
  readWith?: string;
  print?: boolean;
  yes?: boolean;
}

/**
 * Lets the hub take over the secrets of an account that had a deployment of its own, before that goes: lists what would be
 * signed for each user, asks, and has the hub sign it.
 */
export async function run(context: Context, users: readonly string[], options: FleetAdoptOptions): Promise<ExitCode> {
  const { account: accountId, yes = false } = options;
  refuseSeveralProfiles(context);
  if (!yes && !options.print) context.ask.ready(`Adopt the secrets of users in account ${accountId}?`, '--yes');
  const names = await namesOf(context, users, options);
  if (options.print) return printed(context, names, accountId);
  if (names.length === 0) {
    context.print(`No user in account ${accountId} has a secret of Keyturn: there is nothing to adopt.`);
    return exitCodes.done;
  }
  const hub = await connect(context, options);
  const listed = await eachUser(names, (userName) => adopt(hub, { accountId, userName }));
  for (const { userName, says } of listed) context.note(`${plain(userName)}: ${plain(says)}`);
  const left = listed.filter(({ answer }) => answer?.status === 'unchanged' || answer?.status === 'planned');
  const refused = listed.filter((each) => !left.includes(each));
  const question = `Adopt the secrets of ${left.length} users ${placeOf(hub, accountId)}?`;
  if (left.length > 0 && !yes && !(await context.ask.confirm(question, '--yes'))) {
    context.warn('Nothing was changed.');
    return exitCodes.failed;
  }
  const done = await eachUser(
    left.map(({ userName }) => userName),
    (userName) => adopt(hub, { accountId, userName, force: true }),
  );
  show(context, accountId, [...done, ...refused]);
  return worst([...done, ...refused].map(({ code }) => code));
}

/** Given, or read in the account itself: who has a secret. */
async function namesOf(
  context: Context,
  users: readonly string[],
  { account: accountId, readWith, ...options }: FleetAdoptOptions,
): Promise<string[]> {
  const wrong = users.find((name) => !userNamePattern.test(name));
  if (wrong !== undefined) throw new EventError(`user: "${wrong}" is no name of an IAM user.`);
  if (users.length > 0) return [...new Set(users)];
  if (readWith === undefined) {
    throw new EventError(`--read-with: give a profile of account ${accountId}, which finds its users, or name them.`);
  }
  const there = { ...context, options: { ...context.options, profile: [readWith] } };
  const { signIn } = await createSignIns(there, options);
  const account = await identify(there, await signIn(readWith));
  if (account.accountId !== accountId) {
    throw new EventError(
      `--read-with ${readWith}: it is a profile of account ${account.accountId}, not of ${accountId}.`,
    );
  }
  const { settings } = await findSettings(there, account, new Map());
  const reader = { aws: account.aws, settings, verifier: asRecordedIn(settings.stateEpoch) };
  const scan = await scanAccount(reader, context.shell);
  return scan.users.filter(({ secret }) => secret !== undefined).map(({ user }) => user.userName);
}

interface Adopted {
  userName: string;
  says: string;
  code: ExitCode;
  /** Absent: the hub refused, or failed. */
  answer?: Answer;
}

/** One after the other: each is a pass in one and the same account. */
async function eachUser(names: readonly string[], ask: (userName: string) => Promise<Answer>): Promise<Adopted[]> {
  const adopted: Adopted[] = [];
  for (const userName of names) {
    try {
      const answer = await ask(userName);
      adopted.push({ userName, says: answer.message, code: codeOf(answer), answer });
    } catch (error) {
      adopted.push({ userName, says: messageOf(error), code: exitCodeOf(error) });
    }
  }
  return adopted;
}

function codeOf({ status, dryRun }: Answer): ExitCode {
  if (status === 'blocked') return exitCodes.undecided;
  if (status === 'busy') return exitCodes.later;
  return status === 'failed' || (status === 'planned' && dryRun) ? exitCodes.failed : exitCodes.done;
}

function adopt(hub: Deployed, event: { accountId: string; userName: string; force?: boolean }): Promise<Answer> {
  return invokeRotateUser(hub, { ...event, action: 'adopt' });
}

function printed({ print, options }: Context, names: readonly string[], accountId: string): ExitCode {
  const where = { stage: options.stage, region: options.region };
  for (const userName of names) {
    const event = { accountId, userName, action: 'adopt', force: true };
    print(invokeCommand({ name: 'rotate-user', event }, where));
  }
  return exitCodes.done;
}

function show(context: Context, accountId: string, adopted: readonly Adopted[]): void {
  if (context.options.json) {
    const users = adopted.map(({ userName, says, answer }) => ({
      userName,
      status: answer?.status ?? 'failed',
      message: says,
    }));
    context.print(JSON.stringify({ schemaVersion: 1, accountId, users }, undefined, 2));
  } else {
    for (const { userName, says } of adopted) context.print(`${plain(userName)}: ${plain(says)}`);
  }
  const isDone = adopted.every(({ code }) => code === exitCodes.done);
  const again = commandFor(context, `fleet check --account ${accountId}`);
  context.note(
    isDone
      ? `Next: remove the stack of that account, then ${again}`
      : 'Next: see to the users above, then adopt again.',
  );
}
