import type { Call } from '../aws/aws.ts';
import { DAY, HOUR } from '../aws/clock.ts';
import type { Message } from './mailbox.ts';
import { fault, type Judged, SLACK, type Watch } from './watch.ts';

/** Messages that begin, or begin again, the grace period of an old key. */
export const graceBegins: readonly string[] = ['issued', 'grace-restarted', 'moved-forward', 'reactivated'];
/** Messages by which it is known that a key is Inactive. */
export const inactiveKnown: readonly string[] = [
  'deactivated',
  'retired',
  'inactive-seen',
  'orphan-removed',
  'exposed',
];

/**
 * Nothing is taken away unheard: with a run a day, told half a day to four days before, and after what made it possible;
 * by a message that somebody got, and that named no later day. And somebody will get the one about its being done.
 */
export function judgeNotice(watch: Watch, j: Judged, accessKeyId: string, after: number): void {
  const { mailbox, aws } = watch;
  const { call, userId } = j;
  const notices = mailbox.about(userId).filter((m) => {
    const ago = call.at - m.at;
    const isNotice = (m.event === 'reminder' || m.event === 'postponed') && m.accessKeyId === accessKeyId;
    return isNotice && m.at > after && ago >= 12 * HOUR - SLACK && ago <= 4 * DAY + SLACK;
  });
  if (notices.length === 0) {
    fault(watch, j, 'notice', `${accessKeyId} was taken away without a message about it half a day to 4 days before.`);
    return;
  }
  const heard = notices.filter(({ isDelivered }) => isDelivered);
  if (heard.length === 0) fault(watch, j, 'heard', `${accessKeyId} was taken away, and no one got the notice.`);
  const isDue = heard.some(({ next }) => next !== undefined && next.notBefore <= call.at + SLACK);
  if (!isDue && heard.length > 0) {
    fault(watch, j, 'promised', `${accessKeyId} was taken away before the noticed day.`);
  }
  const post = watch.expected.post ?? aws;
  const topicArn = post.sns.published[0]?.topicArn ?? '-';
  const event = call.operation === 'DeleteAccessKey' ? 'deleted' : 'deactivated';
  if (post.sns.recipientsOf(topicArn, { event }).length === 0) {
    fault(watch, j, 'heard', `${accessKeyId} was taken away, and no one will hear of it.`);
  }
}

/** A message that names a later day than this one. */
export function isPromise(m: Message, action: 'deactivate' | 'delete', accessKeyId: string, { at }: Call): boolean {
  const isOf = action === 'delete' ? inactiveKnown.includes(m.event) : graceBegins.includes(m.event);
  return isOf && m.accessKeyId === accessKeyId && m.next?.action === action && m.next.notBefore > at + SLACK;
}
