import { publish } from '../aws/notify.ts';
import type { Step } from '../core/answer.ts';
import { formatAnnounced } from '../core/format-secret-tags.ts';
import { afterFreeze } from '../core/freeze.ts';
import {
  buildMessage,
  type KeyFacts,
  type KeyNoticeEvent,
  type Notice,
  type UsedBy,
} from '../core/messages/build-message.ts';
import type { AccessKey, RequestOrigin } from '../core/model.ts';
import { regionOf } from '../core/partition.ts';
import { secretNameOf } from '../core/secret-name.ts';
import { EXPOSED_FOR, readersOf } from '../core/secret-policy.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import type { Settings } from '../core/settings.ts';
import type { Situation } from '../core/situation.ts';
import { DAY, formatInstant, type Instant } from '../core/time.ts';
import { type Attempt, situationOf } from './attempt.ts';
import type { Pass } from './pass.ts';

export interface Announcement {
  event: KeyNoticeEvent;
  /** Absent: an announcement without an intent is named after its own instant. */
  transitionId?: string;
  accessKeyId?: string | undefined;
  newAccessKeyId?: string | undefined;
  next?: { action: string; notBefore: Instant } | undefined;
  latestAt?: Instant | undefined;
  usedBy?: UsedBy | undefined;
}

/** What was published, and the tag `keyturn:announced`, which remembers it. */
interface Announced {
  transitionId: string;
  at: Instant;
  tag: Record<string, string>;
}

/** Writes what is remembered of an announcement, with the tag that remembers it. */
export type Recording = (tag: Record<string, string>, at: Instant) => Promise<void>;

/** Events whose reader has to know which key to use instead. */
const NAME_REPLACEMENT: readonly string[] = ['reminder', 'postponed', 'reactivated', 'deactivated', 'deleted'];

/** A step to tell of: the sentence is the planner's. */
export interface Tells extends Pick<Attempt, 'pass' | 'state'> {
  step: Pick<Step, 'reason' | 'message'>;
}

/**
 * Publishes, then records: what dies in between is published again, and a lost message is never remembered as sent.
 * Returns the `transitionId`.
 */
export async function tell(tells: Tells, announcement: Announcement, record?: Recording): Promise<string> {
  const { transitionId, at, tag } = await announce(tells, announcement);
  await record?.(tag, at);
  return transitionId;
}

/** Tells the topic about one step. */
async function announce(
  { pass, state, step: { reason, message: sentence } }: Tells,
  { event, accessKeyId, newAccessKeyId, ...rest }: Announcement,
): Promise<Announced> {
  const { runtime, settings } = pass;
  const { user } = state;
  const at = runtime.clock();
  const situation = situationOf({ pass, state }, at);
  const key = state.keys.find((each) => each.accessKeyId === accessKeyId);
  const transitionId = rest.transitionId ?? `${event}/${user.userId}/${formatInstant(at)}`;
  const note = await pass.note?.();
  const message = note === undefined ? sentence : `${sentence} ${note}`;
  const replacement = newAccessKeyId ?? replacementOf(situation, event, accessKeyId);
  const secretName = secretNameOf(settings.secretPrefix, user.userId);
  const outgoing = buildMessage({
    event,
    transitionId,
    accountId: user.accountId,
    ...placeOf(settings),
    userId: user.userId,
    userName: user.userName,
    owner: situation.settings.owner,
    accessKeyId,
    newAccessKeyId: replacement,
    secretName: isAboutSecret(situation, event, { accessKeyId, replacement }) ? secretName : undefined,
    at,
    reason,
    message,
    next: rest.next && { ...rest.next, notBefore: whenThawed(rest.next, settings, at) },
    latestAt: rest.latestAt,
    lastUsed: key?.lastUsed,
    key: key && factsOf(key, situation.settings, at),
    origin: ORIGINS[pass.request.origin] ?? pass.request.origin,
    runId: pass.request.runId,
    usedBy: rest.usedBy,
    keyStatus: event === 'exposed' ? key?.status : undefined,
    reportedAt: event === 'exposed' ? pass.request.reportedAt : undefined,
    ...reading(situation),
    switchCommand: settings.switchCommand || undefined,
    rotateUserFunction: pass.rotateUserFunction,
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
  const about = accessKeyId ?? replacement;
  const announced = { event, at, reason, ...(about === undefined ? {} : { accessKeyId: about }) };
  return { transitionId, at, tag: { [secretTagNames.announced]: formatAnnounced(announced) } };
}

function factsOf({ createdAt }: AccessKey, { maxAccessKeyAgeDays }: Situation['settings'], at: Instant): KeyFacts {
  return { createdAt, ageDays: Math.floor((at - createdAt) / DAY), limitDays: maxAccessKeyAgeDays };
}

/** As the published schema has them. */
const ORIGINS: Readonly<Partial<Record<RequestOrigin, string>>> = { manual: 'hand', managed: 'secret-rotation' };

/** What keeps the owner from reading the secret in the usual way, and what is in it beside the key. */
function reading({ tags, settings, state }: Situation): Pick<Notice, 'readableAt' | 'readers' | 'smtpRegions'> {
  return {
    readableAt: tags.exposed && tags.exposed.at + EXPOSED_FOR,
    readers: settings.ownersRead ? undefined : readersOf(state.user, settings.readerArns).map(({ arn }) => arn),
    smtpRegions: settings.sesSmtpRegions,
  };
}

/** What happens at once is by hand or about an exposed key, which no freeze stops; it stops neither holds nor orphans. */
function whenThawed(
  { action, notBefore }: NonNullable<Announcement['next']>,
  settings: Settings,
  now: Instant,
): Instant {
  const isStopped = notBefore > now && (action === 'deactivate' || action === 'delete');
  return isStopped ? afterFreeze(settings, notBefore) : notBefore;
}

/** The current key, where the message is about another one. */
function replacementOf({ current }: Situation, event: string, accessKeyId: string | undefined): string | undefined {
  if (!NAME_REPLACEMENT.includes(event) || !current?.isActive || current.accessKeyId === accessKeyId) return undefined;
  return current.accessKeyId;
}

/** False where the secret does not hold the key to use: it holds another one then, or none, and would mislead. */
function isAboutSecret(
  { keys }: Situation,
  event: string,
  { accessKeyId, replacement }: { accessKeyId: string | undefined; replacement: string | undefined },
): boolean {
  if (event === 'stuck') return true;
  const toUse = event === 'rolled-back' ? accessKeyId : replacement;
  if (toUse === undefined || event === 'failed') return false;
  const key = keys.find((candidate) => candidate.accessKeyId === toUse);
  // A key that was made after the state was read is announced once it is stored.
  return key === undefined || key.versionId !== undefined;
}

/** In a member of a fleet the secret may be in another Region than the functions. */
function placeOf({
  topicArn,
  memberRegion,
  memberName: accountName,
}: Settings): Pick<Notice, 'region' | 'hubRegion' | 'accountName'> {
  const region = regionOf(topicArn);
  return memberRegion === undefined ? { region } : { region: memberRegion, hubRegion: region, accountName };
}

/** Tells of an exposed key that no IAM user of the account has: nothing can be done about it from here. */
export async function announceNobody(
  { runtime, settings, rotateUserFunction, request }: Pass,
  { accountId, accessKeyId, message }: { accountId: string; accessKeyId: string; message: string },
): Promise<void> {
  const at = runtime.clock();
  const transitionId = `exposed/${accessKeyId}/${formatInstant(at)}`;
  const notice = { accountId, accessKeyId, message, at, transitionId, rotateUserFunction };
  const outgoing = buildMessage({
    ...notice,
    event: 'exposed',
    reason: 'key-of-nobody',
    ...placeOf(settings),
    userId: '',
    userName: '',
  });
  await publish(runtime.aws, settings.topicArn, outgoing);
  runtime.log.info('Announced', { event: 'exposed', transitionId, accessKeyId, runId: request.runId });
}
