import { reasons } from '../reasons.ts';
import { labelsCommand, logsCommand } from './commands.ts';
import { deletion, type EventText, key, oldKey, unlessDated, who } from './event-text.ts';
import type { Notice } from './notice.ts';
import { forAdministrators, nextDate, otherWays, reactivate, switchBack, type Wish, wishes } from './parts.ts';
import { command, text, when } from './text.ts';

/** Emails about what a person did, has to do, or found: everything but the undisturbed rotation. */

export const blocked: EventText = {
  subject: () => 'Access key cannot be rotated',
  headline: (n) => `Keyturn cannot go on with the access keys of ${who(n)}: a decision is needed.`,
  todo: (n) => [
    text(`Owners need not do anything, unless they are asked. Administrators: ${lowerFirst(reasons[n.reason].todo)}`),
    ...(n.reason === 'current-inactive' ? reactivate(n, 'To reactivate it:') : []),
  ],
  next: () => 'Nothing changes until this is resolved. This message comes again every week.',
  closing: (n) => forAdministrators(n, ...blockedWishes(n), wishes.plan),
};

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function blockedWishes({ reason, accessKeyId }: Notice): Wish[] {
  switch (reason) {
    case 'slots-taken':
      return accessKeyId === undefined
        ? []
        : [
            {
              wish: 'Deactivate this key now, and free its slot after the recovery period (check the key ID first)',
              input: { action: 'rotate', accessKeyId },
            },
          ];
    case 'current-inactive':
      return [wishes.rotate];
    case 'secret-pending-deletion':
      return [{ wish: 'Restore the secret, and rotate', input: { action: 'rotate', restoreSecret: true } }];
    default:
      return [];
  }
}

export const held: EventText = {
  subject: (n) => (n.reason === 'hold-lifted' ? 'Rotation goes on' : 'Rotation on hold'),
  headline: (n) =>
    n.reason === 'hold-lifted'
      ? `The hold on the access keys of ${who(n)} was lifted.`
      : `The access keys of ${who(n)} are on hold${n.next ? ` until ${nextDate(n)}` : ''}: nothing is issued, ` +
        'deactivated or deleted by schedule.',
  why: unlessDated,
  todo: () => [text('Nothing. All keys stay as they are.')],
  next: (n) => (n.reason === 'hold-lifted' || !n.next ? undefined : `The hold ends ${when(n.next.notBefore, n.at)}.`),
  closing: (n) => (n.reason === 'hold-lifted' ? [] : forAdministrators(n, wishes.lift(n))),
};

export const rolledBack: EventText = {
  subject: () => 'Back to the old access key',
  headline: (n) => `${oldKey(n)} of ${who(n)} is active again, and the one to use.`,
  todo: (n) => [
    text('Go on with the old key. Where the new one is in place already, nothing breaks: it was not deactivated.'),
    ...switchBack(n),
  ],
  next: (n) => n.next && `Nothing is done by schedule until ${nextDate(n)}. After that the rotation goes on.`,
  closing: (n) => [...otherWays(n, 'with-profile'), ...forAdministrators(n, wishes.lift(n))],
};

export const retired: EventText = {
  subject: () => 'Access key retired',
  headline: (n) =>
    `${key(n)} of ${who(n)} was deactivated${n.reason === 'unused' ? ', because it is not used' : ''}. ` +
    'There is no replacement.',
  todo: (n) => [
    text('Nothing, if the key is no longer needed.'),
    ...reactivate(n, 'If something needs it, an administrator can bring it back:'),
  ],
  next: deletion,
  closing: (n) => forAdministrators(n, wishes.rotate),
};

export const orphanRemoved: EventText = {
  subject: (n) => (n.reason === 'orphan-deleted' ? 'Leftover access key deleted' : 'Leftover access key deactivated'),
  headline: (n) =>
    n.reason === 'orphan-deleted'
      ? `${key(n)} of ${who(n)} was deleted. Keyturn had made it in a run that was interrupted, and no one could use it.`
      : `${key(n)} of ${who(n)} was deactivated. Keyturn seems to have made it in a run that was interrupted, before ` +
        'its secret was stored, so no one could use it.',
  todo: (n) =>
    n.reason === 'orphan-deleted'
      ? [text('Nothing.')]
      : [text('Nothing.'), ...reactivate(n, 'But if you made this key yourself, reactivate it, and it is left alone:')],
  next: (n) => (n.reason === 'orphan-deleted' ? 'The rotation starts again automatically.' : deletion(n)),
};

export const inactiveSeen: EventText = {
  subject: () => 'Inactive access key will be deleted',
  headline: (n) => `${key(n)} of ${who(n)} is inactive. It was deactivated, but not by Keyturn.`,
  todo: (n) => [text('Nothing, if the key is no longer needed.'), ...reactivate(n, 'To keep it, reactivate it:')],
  next: deletion,
};

export const stuck: EventText = {
  subject: () => 'Rotation is stuck',
  headline: (n) => `The rotation that Secrets Manager began for ${who(n)} has not ended for more than a day.`,
  todo: (n) => [
    text('Owners need not do anything. Administrators: see why the rotation fails,'),
    command(logsCommand(n, 'secret-rotation')),
    ...(n.secretName === undefined
      ? []
      : [text('and which version of the secret is pending:'), command(labelsCommand(n, n.secretName))]),
  ],
  next: () => 'Secrets Manager tries again automatically. Nothing is deactivated meanwhile.',
  closing: (n) => forAdministrators(n, wishes.plan),
};

export const failed: EventText = {
  subject: () => 'Rotation failed',
  headline: (n) => `Keyturn failed while it worked on the access keys of ${who(n)}.`,
  todo: (n) => [
    text('Owners need not do anything. Administrators: see the log of the worker.'),
    command(logsCommand(n, 'rotation-worker')),
  ],
  next: () => 'The next run looks at the user again, and finishes or undoes what was begun.',
  closing: (n) => forAdministrators(n, wishes.plan),
};
