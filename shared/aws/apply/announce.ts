import type { Step } from '../../core/answer.ts';
import { buildMessage, type NoticeEvent } from '../../core/messages.ts';
import type { UserState } from '../../core/model.ts';
import { formatAnnounced, secretNameOf, secretTagNames } from '../../core/secret-tags.ts';
import { formatInstant, type Instant } from '../../core/time.ts';
import { parseUserSettings } from '../../core/user-settings.ts';
import { publish } from '../notify.ts';
import type { Pass } from '../pass.ts';

export interface Announcement {
  event: Exclude<NoticeEvent, 'digest'>;
  /** Absent: an announcement without an intent is named after its own instant. */
  transitionId?: string;
  accessKeyId?: string;
  newAccessKeyId?: string;
  next?: { action: string; notBefore: Instant };
}

/** What was published, for the tag that remembers it. */
export interface Announced {
  transitionId: string;
  /** The tag `keyturn:announced`. Written after the publication, never before: a lost message is sent again. */
  tag: Record<string, string>;
}

/** Tells the topic about one step. The sentence is the planner's. */
export async function announce(
  pass: Pass,
  { user, keys, secret }: UserState,
  { reason, message }: Pick<Step, 'reason' | 'message'>,
  { event, accessKeyId, ...rest }: Announcement,
): Promise<Announced> {
  const { runtime, settings } = pass;
  const at = runtime.clock();
  const transitionId = rest.transitionId ?? `${event}/${user.userId}/${formatInstant(at)}`;
  const lastUsed = keys.find((key) => key.accessKeyId === accessKeyId)?.lastUsed;
  const { owner } = parseUserSettings(user, settings, at).settings;
  const outgoing = buildMessage({
    event,
    transitionId,
    accountId: user.accountId,
    region: regionOf(settings.topicArn),
    userId: user.userId,
    userName: user.userName,
    secretName: secret?.name ?? secretNameOf(settings.secretPrefix, user.userId),
    at,
    reason,
    message,
    rotateUserFunction: pass.rotateUserFunction,
    ...(owner === undefined ? {} : { owner }),
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    ...(rest.newAccessKeyId === undefined ? {} : { newAccessKeyId: rest.newAccessKeyId }),
    ...(lastUsed === undefined ? {} : { lastUsed }),
    ...(rest.next === undefined ? {} : { next: rest.next }),
  });
  await publish(runtime.aws, settings.topicArn, outgoing);
  runtime.log.info('Announced', {
    event,
    transitionId,
    userName: user.userName,
    accessKeyId,
    runId: pass.request.runId,
  });
  pass.wroteAt.add(at);
  const about = accessKeyId ?? rest.newAccessKeyId;
  const announced = { event, at, ...(about === undefined ? {} : { accessKeyId: about }) };
  return { transitionId, tag: { [secretTagNames.announced]: formatAnnounced(announced) } };
}

/** The topic is in the Region of the function: its fourth field. */
function regionOf(topicArn: string): string {
  return topicArn.split(':')[3] ?? '';
}
