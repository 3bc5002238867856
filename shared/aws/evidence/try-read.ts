import { messageOf, RotationError } from '../../core/errors.ts';
import type { UnseenReason } from '../../core/evidence/finding.ts';
import { type Seen, seen, type Unseen } from '../../core/evidence/snapshot.ts';
import type { Settings } from '../../core/settings.ts';
import type { Instant } from '../../core/time.ts';
import type { Aws } from '../clients.ts';

/** How evidence looks at one account. */
export interface Inspection {
  aws: Aws;
  settings: Settings;
  clock(): Instant;
  sleep(ms: number): Promise<void>;
  /** From then on nothing more is read: what was seen must still be written. */
  readUntil: Instant;
}

/** What a call answers; what it could not is a value too, so that it never stops anything else. */
export async function tryRead<T>({ clock, readUntil }: Inspection, read: () => Promise<T>): Promise<Seen<T>> {
  if (clock() >= readUntil) return unseen('no-time', 'The run was over before this could be read.');
  try {
    return seen(await read());
  } catch (error) {
    return unseen(reasonOf(error), messageOf(error));
  }
}

export function unseen(reason: UnseenReason, sentence: string): Unseen {
  return { isSeen: false, reason, sentence };
}

function reasonOf(error: unknown): UnseenReason {
  if (!(error instanceof RotationError)) return 'not-answered';
  if (/throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i.test(error.code)) return 'throttled';
  return /AccessDenied|UnauthorizedOperation|AuthorizationError|Forbidden/i.test(error.code)
    ? 'denied'
    : 'not-answered';
}
