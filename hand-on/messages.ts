import { publish } from '../shared/aws/notify.ts';
import { chatNotification } from '../shared/core/messages/chat.ts';
import { clamp, heading, render, subjectLine, text } from '../shared/core/messages/text.ts';
import { formatInstant } from '../shared/core/time.ts';
import type { HandOnRuntime } from './runtime.ts';
import type { Source } from './source.ts';

/** Why a hand-on says what it says. Published, as Keyturn's own codes are. */
export const handOnReasons = {
  'handed-on': {
    says: 'The new key is at all its destinations.',
    todo: 'Nothing. Programs that load it only when they start need a restart.',
  },
  'destination-failed': {
    says: 'The new key could not be written to a destination. The others were written, and nothing was deployed again.',
    todo: 'See the reason in the message. It is tried again every 15 minutes.',
  },
  'handed-on-half': {
    says: 'Of several values of one destination some are of the new key and some are not.',
    todo: 'Check that destination now: programs that start there get half of a pair.',
  },
  'not-a-reader': {
    says: 'The role of the hand-on may not read the secret, or not write its tag.',
    todo: "List the role in readerArns with handOn, then put the secret's policy again (rotate-user, action policy).",
  },
  'secret-differs': {
    says: 'The current value of the secret is not a working key of this user. Nothing was written.',
    todo: 'See who wrote it. If the user was renamed, wait for the next scheduled run.',
  },
  'hand-on-waits': {
    says: 'A key of this user became known to others. For 15 minutes nothing is handed on.',
    todo: 'Nothing. Sessions that were made with the exposed key may live up to 36 hours at the destinations.',
  },
  'other-stack': {
    says: 'The tag keyturn:handed-on was written by another stack. Nothing was written.',
    todo: 'Take the user out of one of the two files. Then hand on by hand, with force.',
  },
} as const;
export type HandOnReason = keyof typeof handOnReasons;

export interface HandOnNotice {
  event: 'handed-on' | 'hand-on-failed';
  reason: HandOnReason;
  /** Names of destinations, and errors; never a value. */
  message: string;
}

/** One message about one user, with the fields and attributes of Keyturn's own. */
export async function tell(runtime: HandOnRuntime, source: Source, notice: HandOnNotice): Promise<void> {
  const { accountId, userId, userName, current, name } = source;
  const { event, reason } = notice;
  const severity = event === 'handed-on' ? 'info' : reason === 'handed-on-half' ? 'critical' : 'warning';
  const message = clamp(notice.message, 4_000);
  const accessKeyId = current?.accessKeyId;
  const transitionId = [event, userId, accessKeyId ?? '-', reason].join('/');
  const attributes = { userName, accountId, event, severity };
  const title = event === 'handed-on' ? 'New access key handed on' : 'New access key not handed on';
  const subject = subjectLine(title, userName, accountId);
  const { says, todo } = handOnReasons[reason];
  const body = render([
    text(`IAM user ${userName} in AWS account ${accountId}: ${says}`),
    text(message),
    heading('What to do'),
    text(todo),
    text('--'),
    text(
      `Keyturn hands new access keys on to where they are used. This message holds no secret. Message ${transitionId}.`,
    ),
  ]);
  const document = {
    schemaVersion: 1,
    event,
    severity,
    transitionId,
    accountId,
    region: runtime.region,
    userId,
    userName,
    ...(accessKeyId === undefined ? {} : { newAccessKeyId: accessKeyId }),
    secretName: name,
    at: formatInstant(runtime.clock()),
    reason,
    message,
  };
  const chat = chatNotification({ id: transitionId, title: subject, text: body, attributes });
  const parts = { default: JSON.stringify(document), email: body, https: JSON.stringify(chat) };
  await publish(runtime.aws, runtime.topicArn, { subject, body: parts, attributes });
}
