import { accountOfKeyCommand, setStatusCommand } from './commands.ts';
import { account, type EventText, who } from './event-text.ts';
import type { Notice } from './notice.ts';
import { forAdministrators, hintIfUsed, otherWays, switchBySignIn, type Wish, wishes } from './parts.ts';
import { type Block, command, text, when } from './text.ts';

/** The email about a key that others know. What it asks for follows from what the key's status is now. */
export const exposed: EventText = {
  subject: (n) => {
    if (n.reason === 'key-of-nobody') return 'EXPOSED KEY OF NO USER HERE';
    const suspected = n.reason === 'exposure-suspected' ? 'SUSPECTED' : 'EXPOSED';
    return isInactive(n) ? `${suspected} ACCESS KEY` : `${suspected} KEY STILL ACTIVE`;
  },
  headline: (n) => `${found(n)} ${fate(n)}`,
  todo: (n) => [
    ...(n.reason === 'key-of-nobody' ? whose(n) : []),
    ...(isInactive(n) ? [] : deactivateNow(n)),
    text(
      'Remove the key from where it was published; deleting a commit is not enough. Have your security team check ' +
        'in CloudTrail what the key was used for, and follow the support case that AWS has opened.' +
        (isInactive(n) ? ' Never reactivate the key.' : ''),
    ),
    ...(n.newAccessKeyId ? switchBySignIn(n) : []),
  ],
  next: (n) =>
    n.next?.action === 'delete' ? `The exposed key is deleted for good ${when(n.next.notBefore, n.at)}.` : undefined,
  closing: (n) => [
    ...(n.newAccessKeyId ? otherWays(n, 'signed-in') : []),
    ...hintIfUsed(n),
    ...(n.reason === 'key-of-nobody' ? [] : forAdministrators(n, ...wishesOf(n))),
  ],
};

/** In doubt it is active: a command too much does no harm. */
function isInactive({ keyStatus, next }: Notice): boolean {
  return keyStatus === undefined ? next?.action === 'delete' : keyStatus === 'Inactive';
}

function found(n: Notice): string {
  const id = n.accessKeyId ?? '(unknown)';
  switch (n.reason) {
    case 'key-of-nobody':
      return `Others know access key ${id}, says AWS, and no IAM user of AWS account ${account(n)} has it.`;
    case 'exposure-suspected':
      return `AWS suspects that others know access key ${id} of ${who(n)}.`;
    default:
      return `Others know access key ${id} of ${who(n)}, and anyone may have used it.`;
  }
}

function fate(n: Notice): string {
  if (n.reason === 'key-of-nobody') return "It may be the root user's, or of a session.";
  return isInactive(n) ? 'It is inactive now.' : 'It is still active.';
}

/** Keyturn reaches no key but those of IAM users of its own account. */
function whose(n: Notice): Block[] {
  if (n.accessKeyId === undefined) return [];
  return [
    text('See which account the key belongs to:'),
    command(accountOfKeyCommand(n, n.accessKeyId)),
    text(
      "If it is this one, the key is the root user's, of a session, or of a user that is gone. Sign in to the AWS console " +
        'as the root user, and delete the access key there, under "Security credentials"; for a session, deny its role ' +
        'everything that it began before now.',
    ),
  ];
}

function deactivateNow(n: Notice): Block[] {
  if (n.accessKeyId === undefined || n.reason === 'key-of-nobody') return [];
  const why = n.reason === 'exempt' ? 'The user is exempt, so the key was left as it is. ' : '';
  return [text(`${why}Deactivate it now:`), command(setStatusCommand(n, n.accessKeyId, 'Inactive'))];
}

function wishesOf({ reason, accessKeyId }: Notice): Wish[] {
  const act = reason === 'exposure-suspected' && accessKeyId !== undefined ? [wishes.compromised(accessKeyId)] : [];
  return [...act, wishes.plan];
}
