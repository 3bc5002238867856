import { partitionOf } from '../partition.ts';
import { formatDate, formatInstant, type Instant } from '../time.ts';
import { chatNotification } from './chat.ts';
import { type Notice, type OutgoingMessage, severities } from './notice.ts';
import { type Block, clamp, clean, heading, minuteUtc, render, subjectLine, text } from './text.ts';

/** Everything that is said to a person without MFA, or about them to their team. No device is made for anybody. */
export interface MfaNotice
  extends Pick<Notice, 'accountId' | 'accountName' | 'region' | 'userId' | 'userName' | 'owner' | 'at'> {
  /** Since when it is so, as far as evidence goes. */
  since: Instant;
  /** The day that it is told for. */
  day: Instant;
  /** Of the console; `unknown` where AWS did not say. */
  lastSignIn?: Instant | 'unknown' | undefined;
}

const TAG_VALUE_MAX = 256;
const ACCOUNT_NAME_MAX = 50;

/** The message about one person. Its attributes are those of a message about a key, so that the same filters fit. */
export function buildMfaMessage(given: MfaNotice): OutgoingMessage {
  const owner = clamp(given.owner ?? '', TAG_VALUE_MAX) || undefined;
  const accountName = clamp(clean(given.accountName ?? ''), ACCOUNT_NAME_MAX) || undefined;
  const notice = { ...given, owner, accountName };
  const { accountId, userName } = notice;
  const severity = severities['mfa-missing'];
  const attributes = {
    ...{ userName, accountId, event: 'mfa-missing', severity },
    ...(owner === undefined ? {} : { owner }),
  };
  const subject = subjectLine('No MFA', userName, accountId);
  const id = transitionIdOf(notice);
  const main = mainOf(notice);
  const chat = chatNotification({ id, title: subject, text: render(main), attributes });
  return {
    subject,
    body: {
      default: JSON.stringify(documentOf(notice)),
      email: render([...main, ...closingOf(notice)]),
      https: JSON.stringify(chat),
    },
    attributes,
  };
}

/** The same in every repetition: it ends with the day. */
function transitionIdOf({ userId, day }: MfaNotice): string {
  return `mfa-missing/${userId}/${formatInstant(day)}`;
}

function documentOf(notice: MfaNotice): object {
  const { accountId, accountName, region, userId, userName, owner, at, since, lastSignIn } = notice;
  return {
    schemaVersion: 1,
    event: 'mfa-missing',
    severity: severities['mfa-missing'],
    transitionId: transitionIdOf(notice),
    ...{ accountId, accountName, region, userId, userName, owner },
    at: formatInstant(at),
    since: formatDate(since),
    lastSignInAt: typeof lastSignIn === 'number' ? formatInstant(lastSignIn) : undefined,
    message: `${userName} has a password for the console, and no MFA device.`,
  };
}

function mainOf(notice: MfaNotice): Block[] {
  const { accountId, accountName, userName, owner, since, lastSignIn } = notice;
  const account = accountName === undefined ? accountId : `${accountId} (${accountName})`;
  const rows: [string, string][] = [
    ['Since', `${formatDate(since)} or before`],
    ['Last sign-in', typeof lastSignIn === 'number' ? minuteUtc(lastSignIn) : (lastSignIn ?? 'never')],
    ...(owner === undefined ? [] : [['Owner', owner] satisfies [string, string]]),
  ];
  return [
    text(
      `IAM user ${userName} in AWS account ${account} signs in to the console with a password alone: anyone who learns the ` +
        'password is that person.',
    ),
    { rows },
    heading('What to do'),
    text(`This is for the person who signs in as ${userName}. No one else can do it for them.`),
    {
      list: [
        `Sign in, and open Security credentials: ${pageOf(notice)}`,
        'Choose "Assign MFA device": a passkey, a security key or an app on your phone.',
        'Sign out, and sign in again with the device.',
      ],
    },
    text('If the page refuses, ask an administrator for the permission to enrol a device of your own.'),
  ];
}

function closingOf(notice: MfaNotice): Block[] {
  return [
    heading('For administrators'),
    text(
      'docs/mfa.md of Keyturn has a policy by which people enrol their own devices. A password that is not used is better ' +
        'deleted. A user who is meant to have no device stands in evidence-exceptions.yml, and no message like this is sent.',
    ),
    text('--'),
    text(`Keyturn collects evidence of this account. This message holds no secret. Message ${transitionIdOf(notice)}.`),
  ];
}

/** By partition; others have consoles that only they know. */
const consoles: Readonly<Record<string, string>> = {
  aws: 'https://console.aws.amazon.com',
  'aws-cn': 'https://console.amazonaws.cn',
  'aws-us-gov': 'https://console.amazonaws-us-gov.com',
};

/** Of whoever is signed in. */
function pageOf({ region }: MfaNotice): string {
  const console = consoles[partitionOf(region)];
  return console === undefined ? 'in the menu under your name' : `${console}/iam/home#/security_credentials`;
}
