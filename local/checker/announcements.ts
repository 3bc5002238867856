import { DAY } from '../aws/clock.ts';
import type { Exposure } from './exposure.ts';
import type { Lives } from './lives.ts';
import { type Mailbox, type Message, names } from './mailbox.ts';

export type ChangeKind = 'made' | 'deactivated' | 'deleted' | 'reactivated' | 'current';

/** What was done to a key, and must be said. */
export interface Change {
  readonly kind: ChangeKind;
  readonly userId: string;
  readonly accessKeyId: string;
  readonly at: number;
  /** Of the intent under which it was made: every announcement of it carries this. */
  readonly transitionId: string | undefined;
  /** Whoever gave the command saw that it died, and gives it again. */
  readonly isByHand: boolean;
}

/** What has been done and not been said. */
export interface Announcements {
  owe(change: Change): void;
  /** Takes in what was published since. */
  read(): void;
  owed(isMeant: (change: Change) => boolean): readonly Change[];
  /** Somebody else has undone the write before it was announced. */
  forgive(isMeant: (change: Change) => boolean): void;
}

const announcedBy: Readonly<Record<ChangeKind, readonly string[]>> = {
  made: ['issued', 'orphan-removed', 'failed'],
  deactivated: ['deactivated', 'retired', 'orphan-removed', 'exposed'],
  deleted: ['deleted', 'orphan-removed'],
  // An interrupted roll-back is not finished; what it had reactivated is told.
  reactivated: ['rolled-back', 'reactivated'],
  current: ['issued', 'moved-forward', 'rolled-back'],
};

const foundAs: Readonly<Partial<Record<ChangeKind, string>>> = { deactivated: 'inactive-seen', deleted: 'deleted' };

export interface Known {
  readonly mailbox: Mailbox;
  readonly lives: Lives;
  readonly exposure: Exposure;
}

export function createAnnouncements({ mailbox, lives, exposure }: Known): Announcements {
  let open: Change[] = [];

  /** Of the messages that come after it. */
  function isAbout(message: Message, { userId, kind, accessKeyId, transitionId, at }: Change): boolean {
    if (message.userId !== userId || !names(message, accessKeyId)) return false;
    // A command that died right after it deactivated the key has left no trace: the key is reported as found Inactive.
    if (kind === 'deactivated' && message.event === 'inactive-seen' && exposure.isExposed(accessKeyId)) return true;
    // What was begun so long ago that no run continues it is reported as it is found.
    if (message.at - at > 3 * DAY && message.event === foundAs[kind]) return true;
    if (!announcedBy[kind].includes(message.event)) return false;
    // An orphan with a foreign secret, and an exposed key, are deactivated and reported without an intent.
    return message.transitionId === transitionId || lives.isLost(accessKeyId) || message.event === 'exposed';
  }

  return {
    owe(change) {
      const { userId, kind, accessKeyId } = change;
      // That it is exposed was told; one that somebody reactivated is deactivated before anything is written.
      const isTold = mailbox.about(userId).some((m) => m.event === 'exposed' && m.accessKeyId === accessKeyId);
      if (!isTold || kind !== 'deactivated') open.push(change);
    },
    read() {
      for (const message of mailbox.fresh()) open = open.filter((change) => !isAbout(message, change));
    },
    owed: (isMeant) => open.filter(isMeant),
    forgive(isMeant) {
      open = open.filter((change) => !isMeant(change));
    },
  };
}
