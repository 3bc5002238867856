import { formatDate, MINUTE } from '../time.ts';
import {
  keyturnSwitch,
  lambdaCommand,
  liftedHold,
  mfaCommand,
  powerShellSwitch,
  type RotateUserInput,
  serverlessCommand,
  setStatusCommand,
  signInCommand,
  suggestedHold,
  switchCommand,
  whichKeyCommand,
} from './commands.ts';
import { smtp, smtpInSecret } from './mail-senders.ts';
import type { Notice } from './notice.ts';
import { type Block, command, heading, minuteUtc, text } from './text.ts';

/** Paragraphs that several emails share. */

/** How the owner gets the new key with the old one; a key that the secret does not hold, they must have already. */
export function switchWithOldKey(notice: Notice): Block[] {
  const { newAccessKeyId, secretName, readers } = notice;
  if (secretName === undefined) return [...useOther(newAccessKeyId), ...smtp(notice)];
  if (readers !== undefined) return [...askReaders(secretName, readers), ...smtp(notice)];
  return [
    ...firstOffer(notice, secretName, 'with-profile'),
    text(
      'Run this in a terminal (macOS, Linux or WSL, with the AWS CLI and jq). It reads the new key with the old one ' +
        'and writes it to your AWS profile; there is nothing to copy. If the old key is in another profile than ' +
        '`default`, put that name in its place, and add `--profile` and the name at the very end.',
    ),
    command(...switchCommand(notice, secretName, 'with-profile')),
    ...check(newAccessKeyId),
    ...smtp(notice),
    text(
      'If the key is also kept elsewhere (a server, a CI system, an application), change it there too: the first ' +
        'line of the command, without the `|` at its end, shows the new key.',
    ),
  ];
}

/** For owners without a working key. Users without a password for the console need an administrator. */
export function switchBySignIn(notice: Notice): Block[] {
  const { newAccessKeyId, secretName, readers } = notice;
  if (secretName === undefined) return [...useOther(newAccessKeyId), ...smtp(notice)];
  if (readers !== undefined) return [...askReaders(secretName, readers), ...smtp(notice)];
  return [
    ...signInAfter(notice),
    ...firstOffer(notice, secretName, 'signed-in'),
    text(
      'Run this in a terminal (macOS, Linux or WSL, with AWS CLI 2.32 or later and jq). You sign in through the ' +
        'browser; then it reads the new key and writes it to your AWS profile. If that is another one than ' +
        '`default`, add `--profile` and its name at the very end.',
    ),
    command(signInCommand(notice), ...switchCommand(notice, secretName, 'signed-in')),
    ...check(newAccessKeyId),
    ...smtp(notice),
    text(
      'A user without a password for the AWS console cannot sign in: then ask an administrator. Those listed in ' +
        "Keyturn's `readerArns` can read the secret as well.",
    ),
  ];
}

/** After a rollback the secret holds the old key again, and the new key still reads it. */
export function switchBack(notice: Notice): Block[] {
  const { accessKeyId, secretName, readers } = notice;
  if (accessKeyId === undefined || secretName === undefined) return [];
  if (readers !== undefined) return [...askReaders(secretName, readers), ...smtpInSecret(notice)];
  return [
    ...firstOffer(notice, secretName, 'with-profile'),
    text(
      'If your AWS profile holds the new key already, this writes the old one back (macOS, Linux or WSL, with the ' +
        'AWS CLI and jq):',
    ),
    command(...switchCommand(notice, secretName, 'with-profile')),
    ...check(accessKeyId),
    ...smtpInSecret(notice),
  ];
}

/** Where owners have Keyturn's own command line; what follows needs nothing but the AWS CLI. */
function firstOffer(notice: Notice, secretName: string, reading: 'with-profile' | 'signed-in'): Block[] {
  const { switchCommand: given } = notice;
  if (given === undefined) return [];
  const signIn = reading === 'signed-in' ? [signInCommand(notice)] : [];
  return [
    text(
      'Run this in a terminal, with the name of your AWS profile (`default`, if you have no other). It fetches the key ' +
        'of the secret, proves that it works and is yours, and writes it where the present one is:',
    ),
    command(...signIn, keyturnSwitch(notice, { given, secretName }, reading)),
    text('Or do it with the AWS CLI alone:'),
  ];
}

/** A command that the policy denies would only be tried again and again. */
function askReaders(secretName: string, readers: readonly string[]): Block[] {
  return [
    text(`Owners do not read their secrets in this account. Ask those who run one of these, which read ${secretName}:`),
    { list: readers },
  ];
}

/** Whoever has the exposed key may have signed in with it, so nothing of before is let in. */
function signInAfter({ readableAt, at }: Notice): Block[] {
  if (readableAt === undefined) return [];
  const from = minuteUtc(Math.ceil(readableAt / MINUTE) * MINUTE);
  const wait = readableAt > at ? `From ${from} on the secret can be read, not before. ` : '';
  return [text(`${wait}Sign in after ${from}: every earlier sign-in is denied.`)];
}

/** For those whom the command of `switchWithOldKey` or `switchBySignIn` does not serve. */
export function otherWays(notice: Notice, reading: 'with-profile' | 'signed-in'): Block[] {
  const { secretName, accessKeyId, newAccessKeyId, readers } = notice;
  if (secretName === undefined || readers !== undefined || (newAccessKeyId ?? accessKeyId) === undefined) return [];
  const which = notice.switchCommand === undefined ? 'first' : '`aws`';
  const mfa = [
    text(
      'If the read is denied because your account demands MFA: run this in the same terminal, with the ARN of your ' +
        `device and the code that it shows now, and then the ${which} command above without \`--profile default\`. Close ` +
        'the terminal afterwards.',
    ),
    command(...mfaCommand(notice)),
  ];
  const signIn = reading === 'signed-in' ? [signInCommand(notice)] : [];
  return [
    heading(reading === 'signed-in' ? 'In PowerShell' : 'With MFA, or in PowerShell'),
    ...(reading === 'signed-in' ? [] : mfa),
    text('In PowerShell the whole command is (jq is not needed):'),
    command(...signIn, ...powerShellSwitch(notice, secretName, reading)),
  ];
}

function useOther(accessKeyId: string | undefined): Block[] {
  const [which, known] = accessKeyId
    ? [`, ${accessKeyId},`, 'You have it already; Keyturn does not store it.']
    : ['', 'An administrator can tell which that is.'];
  return [text(`Use the user's other key${which} instead. ${known}`)];
}

function check(accessKeyId: string | undefined): Block[] {
  if (accessKeyId === undefined) return [];
  return [text(`Then this should print ${accessKeyId}:`), command(whichKeyCommand)];
}

/** Reading the secret at each start looks tidy, and locks its owner out on the day the old key is deactivated. */
export const credentialProcessWarning = text(
  'Do not set up a `credential_process` that reads the secret instead: it would sign in with the old key, and stop ' +
    'working together with it.',
);

/** One command for each thing that an administrator may want, and how to call it without a checkout. */
export function forAdministrators(notice: Notice, ...wishes: readonly Wish[]): Block[] {
  const [first] = wishes;
  if (first === undefined) return [];
  return [
    heading('For administrators'),
    ...wishes.flatMap(({ wish, input }) => [text(`${wish}:`), command(serverlessCommand(notice, input))]),
    text(
      wishes.length === 1
        ? "The same without Keyturn's source code:"
        : "Without Keyturn's source code, call the function; the first of these commands is then:",
    ),
    command(lambdaCommand(notice, first.input)),
  ];
}

export interface Wish {
  wish: string;
  input: RotateUserInput;
}

export const wishes = {
  confirm: {
    wish: 'The owner has switched, and Keyturn cannot see it yet (say, a monthly job)',
    input: { action: 'confirm' },
  },
  more: (notice: Notice): Wish => ({
    wish: 'The owner needs more time: change nothing before that date',
    input: suggestedHold(notice),
  }),
  back: {
    wish: 'The new key does not work: roll back, and pause rotation for 30 days',
    input: { action: 'rollback' },
  },
  lift: (notice: Notice): Wish => ({ wish: 'End the hold now', input: liftedHold(notice) }),
  rotate: { wish: 'The user needs a new key', input: { action: 'rotate' } },
  compromised: (accessKeyId: string): Wish => ({
    wish: 'Others know the key: deactivate it now, and replace it',
    input: { action: 'rotate', accessKeyId, compromised: true },
  }),
  plan: { wish: 'Show the keys, and what Keyturn would do next', input: {} },
} as const;

export function reactivate(notice: Notice, why: string): Block[] {
  if (notice.accessKeyId === undefined) return [];
  return [text(why), command(setStatusCommand(notice, notice.accessKeyId, 'Active'))];
}

/** Services that are mostly called by programs. A guess: IAM records which service was called, and not by whom. */
const MACHINE_SERVICES = new Set(
  (
    'aoss bedrock codeartifact dynamodb ecr ecr-public email es execute-api firehose iot kinesis lambda logs ' +
    'monitoring rds-db s3 ses ses-smtp sns sqs states xray'
  ).split(' '),
);

/** One suggestion how to do without a key, fitting what the old one was last used for. */
export function hint({ lastUsed, accessKeyId }: Notice): Block[] {
  if (accessKeyId === undefined) return [];
  return [heading('A hint'), text(hintText(lastUsed?.service))];
}

/** For an exposed key, which does not wait for its last use: if none is given, there may still have been one. */
export function hintIfUsed(notice: Notice): Block[] {
  return notice.lastUsed === undefined ? [] : hint(notice);
}

function hintText(service: string | undefined): string {
  if (service === undefined) {
    return (
      'IAM has no record of any use of the old key. If no key is needed here, have an administrator retire it. For ' +
      'people, `aws login` (AWS CLI 2.32 or later) does without one.'
    );
  }
  if (MACHINE_SERVICES.has(service)) {
    return (
      `Keys last used for ${service} often belong to programs. A program in AWS needs no access key if it has an IAM ` +
      'role; one outside AWS (GitHub Actions, GitLab, Kubernetes) can use OIDC federation. If a person uses this ' +
      'key: `aws login` (AWS CLI 2.32 or later) does without.'
    );
  }
  return (
    'If you use this key yourself, you may not need one: `aws login` (AWS CLI 2.32 or later) signs you in through the ' +
    'browser, with nothing to rotate. If a program uses it, an IAM role or OIDC federation does without a key.'
  );
}

/** `2026-04-10 (UTC)`, or undefined without a next step. */
export function nextDate({ next }: Notice): string | undefined {
  return next === undefined ? undefined : `${formatDate(next.notBefore)} (UTC)`;
}
