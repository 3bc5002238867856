import { stageOf } from '../function-name.ts';
import { partitionOf } from '../partition.ts';
import { secretNameOf } from '../secret-name.ts';
import { DAY, formatDate } from '../time.ts';
import type { Notice } from './notice.ts';

/** One word of a shell command on one line, whatever it holds: left alone if the shell takes it as it stands. */
export function shellQuote(word: string): string {
  if (/^[\w./:@%+=,-]+$/.test(word)) return word;
  const quoted = word.replaceAll("'", `'\\''`).replace(/\p{Cc}/gu, (control) => `'$'${escaped(control)}''`);
  return `'${quoted}'`;
}

function escaped(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** With `=` where the value would otherwise be taken for an option: IAM allows a user called `-x`. */
function option(name: string, value: string): string {
  return `${name}${value.startsWith('-') ? '=' : ' '}${shellQuote(value)}`;
}

/** The profile that a new owner most likely has. A sign-in gets one of its own, so that it overwrites nothing. */
const PROFILE = 'default';
const SIGN_IN_PROFILE = 'signin';

/** What `aws configure` asks for. An empty answer keeps what is there; one too many does no harm. */
const ANSWERS = '.AccessKeyId, .SecretAccessKey, "", "", ""';

/**
 * Reads the new key and writes it to the profile. Through pipes, so that the secret access key shows up neither on the
 * screen nor in the shell's history nor in the list of processes; if the read fails, nothing is written. Works in AWS
 * CLI 1 and 2: `aws configure import` is in version 2 only. Not `--profile default`, to which version 1 adds an empty
 * second section that hides the profile's Region; but a profile in the environment must not be written to. Lines end in
 * `|`: a blank after it does no harm, as it would after a backslash.
 */
export function switchCommand(notice: Notice, secretName: string, reading: 'with-profile' | 'signed-in'): string[] {
  const profile = reading === 'signed-in' ? SIGN_IN_PROFILE : PROFILE;
  const secret = `${option('--region', notice.region)} ${option('--secret-id', secretName)}`;
  return [
    `aws secretsmanager get-secret-value --profile ${profile} ${secret} --query SecretString --output text |`,
    `  jq -r '${ANSWERS}' |`,
    '  env -u AWS_PROFILE -u AWS_DEFAULT_PROFILE aws configure > /dev/null',
  ];
}

/** By Keyturn's own command line, as the operator says that owners call it: printed as it was given. */
export function keyturnSwitch(
  { region, userId, userName }: Notice,
  { given, secretName }: { given: string; secretName: string },
  reading: 'with-profile' | 'signed-in',
): string {
  const isSignedIn = reading === 'signed-in';
  // Without it, the secret is looked for where the prefix is the usual one.
  const isUsual = secretName === secretNameOf('keyturn', userId);
  return [
    `${given} switch --profile YOUR-PROFILE ${option('--region', region)}`,
    ...(isSignedIn ? [`--read-with ${SIGN_IN_PROFILE}`] : []),
    ...(isUsual ? [] : [option('--secret', secretName)]),
    ...(isSignedIn && !isUsual ? [option('--user', userName)] : []),
  ].join(' ');
}

/**
 * The same in PowerShell, which gives what it pipes line by line. A read that failed leaves nothing to write. Single
 * quotes: a name may begin with `@`.
 */
export function powerShellSwitch(notice: Notice, secretName: string, reading: 'with-profile' | 'signed-in'): string[] {
  const profile = reading === 'signed-in' ? SIGN_IN_PROFILE : PROFILE;
  const secret = `--region '${notice.region}' --secret-id '${secretName}'`;
  return [
    '$env:AWS_PROFILE = $null; $env:AWS_DEFAULT_PROFILE = $null',
    `$key = aws secretsmanager get-secret-value --profile ${profile} ${secret} --query SecretString --output text | ConvertFrom-Json`,
    "if ($key) { $key.AccessKeyId, $key.SecretAccessKey, '', '', '' | aws configure | Out-Null }",
  ];
}

/** The usual name of a device is its owner's; the code is for the reader to replace. */
const CODE = '000000';

/** A session with MFA in the environment of this shell, or nothing. Through a variable: no value is ever an argument. */
export function mfaCommand({ region, accountId, userName }: Notice): string[] {
  const device = shellQuote(`arn:${partitionOf(region)}:iam::${accountId}:mfa/${userName}`);
  const keys = "'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]'";
  return [
    `session=$(aws sts get-session-token --profile ${PROFILE} --serial-number ${device} --token-code ${CODE} --query ${keys} --output text) &&`,
    '  read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<< "$session" &&',
    '  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN',
  ];
}

export function signInCommand({ region }: Notice): string {
  return `aws login --profile ${SIGN_IN_PROFILE} ${option('--region', region)}`;
}

export const whichKeyCommand = `aws configure get aws_access_key_id --profile ${PROFILE}`;

export function setStatusCommand(notice: Notice, accessKeyId: string, status: 'Active' | 'Inactive'): string {
  const user = option('--user-name', notice.userName);
  return `aws iam update-access-key ${user} ${option('--access-key-id', accessKeyId)} --status ${status}`;
}

/** The fields of `rotate-user` beside the user's name. */
export interface RotateUserInput {
  action?: 'rotate' | 'confirm' | 'hold' | 'rollback';
  accessKeyId?: string;
  holdUntil?: string;
  restoreSecret?: boolean;
  compromised?: boolean;
}

function payload({ accountId, userName, hubRegion }: Notice, input: RotateUserInput): string {
  return shellQuote(JSON.stringify({ ...(hubRegion === undefined ? {} : { accountId }), userName, ...input }));
}

/** Without its stage `sls` would ask another deployment's function. */
function serverlessOptions({ rotateUserFunction, region, hubRegion = region }: Notice): string {
  const stage = stageOf(rotateUserFunction);
  return `${stage === undefined ? '' : `${option('--stage', stage)} `}${option('--region', hubRegion)}`;
}

export function serverlessCommand(notice: Notice, input: RotateUserInput): string {
  return `npx sls invoke -f rotate-user ${serverlessOptions(notice)} --data ${payload(notice, input)}`;
}

/** In seconds, a little longer than the function may take. */
const READ_TIMEOUT = 310;

/**
 * The same for those without a checkout. AWS CLI 2 takes a payload that is no file for base64, version 1 does not. Left
 * to itself, the CLI gives up after a minute and invokes the function again.
 */
export function lambdaCommand(notice: Notice, input: RotateUserInput): string {
  const { rotateUserFunction, region, hubRegion = region } = notice;
  const target = `${option('--function-name', rotateUserFunction)} ${option('--region', hubRegion)}`;
  const call = `aws lambda invoke ${target} --cli-read-timeout ${READ_TIMEOUT} --payload fileb:///dev/stdin /dev/stdout`;
  return `printf %s ${payload(notice, input)} | ${call}`;
}

/** Which account a key belongs to; asks nothing of that account. */
export function accountOfKeyCommand({ region }: Notice, accessKeyId: string): string {
  return `aws sts get-access-key-info ${option('--region', region)} ${option('--access-key-id', accessKeyId)}`;
}

export function logsCommand(notice: Notice, name: 'rotation-worker' | 'secret-rotation'): string {
  return `npx sls logs -f ${name} ${serverlessOptions(notice)} --startTime 1d`;
}

export function labelsCommand({ region }: Notice, secretName: string): string {
  const target = `${option('--region', region)} ${option('--secret-id', secretName)}`;
  return `aws secretsmanager describe-secret ${target} --query VersionIdsToStages`;
}

const SUGGESTED_HOLD_DAYS = 30;

export function suggestedHold({ at }: Notice): RotateUserInput {
  return { action: 'hold', holdUntil: formatDate(at + SUGGESTED_HOLD_DAYS * DAY) };
}

/** A hold ends before its date, so today's date lifts it. */
export function liftedHold({ at }: Notice): RotateUserInput {
  return { action: 'hold', holdUntil: formatDate(at) };
}
