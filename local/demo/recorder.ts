import type { Look } from '../../picture/looks.ts';
import type { LocalAws } from '../aws/aws.ts';
import type { AccessKey, IamUser } from '../aws/iam/iam-state.ts';
import { currentKeyId, keyOf, lookAt } from '../checker/look.ts';

/** A stretch of time in which a key stood the same. */
export interface Segment {
  readonly look: Look;
  readonly from: number;
  to: number;
}

/** One key from its creation to its deletion. */
export interface KeyHistory {
  readonly userId: string;
  readonly accessKeyId: string;
  readonly createdAt: number;
  readonly segments: Segment[];
  /** Days on which it was used although another key was the one to use. */
  readonly lateUses: number[];
  deletedAt: number | undefined;
}

export interface Recorder {
  readonly keys: readonly KeyHistory[];
  /** Notes how every key stands now; to be called after people did something. */
  sample(): void;
  stop(): void;
}

/** Looks at the embedded AWS after each write, and whenever it is told that people did something. */
export function createRecorder(aws: LocalAws): Recorder {
  const histories = new Map<string, KeyHistory>();

  function historyOf({ userId }: IamUser, { accessKeyId, createdAt }: AccessKey): KeyHistory {
    const known = histories.get(accessKeyId);
    if (known !== undefined) return known;
    const made = { userId, accessKeyId, createdAt, segments: [], lateUses: [], deletedAt: undefined };
    histories.set(accessKeyId, made);
    return made;
  }

  function look(user: IamUser): void {
    for (const key of user.keys) note(historyOf(user, key), lookOf(aws, user, key), key, aws.clock.now());
    for (const history of histories.values()) {
      if (history.userId !== user.userId || user.keys.some((key) => key.accessKeyId === history.accessKeyId)) continue;
      history.deletedAt ??= aws.clock.now();
    }
  }

  function sample(): void {
    for (const user of aws.iam.users()) look(user);
    for (const history of histories.values()) {
      if (aws.iam.state.users.get(history.userId) === undefined) history.deletedAt ??= aws.clock.now();
    }
  }

  const stop = aws.onCall((call) => {
    if (call.mutating && call.outcome === 'ok') sample();
  });
  sample();
  return {
    get keys() {
      return [...histories.values()];
    },
    sample,
    stop,
  };
}

function note({ segments, lateUses, createdAt }: KeyHistory, look: Look, { lastUsed }: AccessKey, now: number): void {
  const last = segments.at(-1);
  if (last?.look === look) last.to = now;
  else {
    if (last !== undefined) last.to = now;
    segments.push({ look, from: last?.to ?? createdAt, to: now });
  }
  if (look === 'superseded' && lastUsed !== undefined && lastUsed.at > (segments.at(-1)?.from ?? now)) {
    if (lateUses.at(-1) !== lastUsed.at) lateUses.push(lastUsed.at);
  }
}

function lookOf(aws: LocalAws, { userId }: IamUser, key: AccessKey): Look {
  if (key.status === 'Inactive') return 'inactive';
  const all = lookAt(aws, userId);
  const current = keyOf(all, currentKeyId(all));
  if (current === undefined) return 'unmanaged';
  if (current.accessKeyId === key.accessKeyId) return 'current';
  return key.createdAt <= current.createdAt ? 'superseded' : 'extra';
}
