import { formatInstant } from '../time.ts';
import { attributesOf, severityOf } from './attributes.ts';
import { chatNotification } from './chat.ts';
import { eventTexts } from './emails.ts';
import type { EventText } from './event-text.ts';
import type { Notice, OutgoingMessage } from './notice.ts';
import { type Block, clamp, clean, heading, minuteUtc, render, subjectLine, text } from './text.ts';

export { type Addressed, attributesOf } from './attributes.ts';
export {
  type Caller,
  type KeyFacts,
  type KeyNoticeEvent,
  keyNoticeEvents,
  type Notice,
  type NoticeEvent,
  noticeEvents,
  type OutgoingMessage,
  type Severity,
  severities,
  type UsedBy,
} from './notice.ts';

/** A sentence may quote an error of AWS, and SNS takes 256 KiB for everything together. */
const SENTENCE_MAX = 4_000;
/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html */
const ACCOUNT_NAME_MAX = 50;

/**
 * The message about one transition: a subject, a JSON document (docs/message.schema.json), an email for somebody who
 * has never heard of Keyturn, and a notification for a chat. The same notice gives the same message, so that a repeated
 * one can be recognised.
 */
export function buildMessage(given: Notice): OutgoingMessage {
  const notice = clamped(given);
  const texts = eventTexts[notice.event];
  const subject = subjectLine(texts.subject(notice), notice.userName || (notice.accessKeyId ?? ''), notice.accountId);
  const attributes = attributesOf(notice);
  const text = render(mainOf(notice, texts));
  const chat = chatNotification({ id: notice.transitionId, title: subject, text, attributes });
  return {
    subject,
    body: {
      default: JSON.stringify(documentOf(notice)),
      email: render([...mainOf(notice, texts), ...closingOf(notice, texts)]),
      https: JSON.stringify(chat),
    },
    attributes,
  };
}

function clamped(notice: Notice): Notice {
  const { owner } = attributesOf(notice);
  const accountName = clamp(clean(notice.accountName ?? ''), ACCOUNT_NAME_MAX) || undefined;
  return { ...notice, owner, accountName, message: clamp(notice.message, SENTENCE_MAX) };
}

/** The rest of `Notice` is left out on purpose: a field is public once it is here. */
function documentOf(notice: Notice): object {
  const { event, transitionId, accountId, accountName, region, userId, userName, owner, next, lastUsed } = notice;
  const {
    accessKeyId,
    newAccessKeyId,
    secretName,
    reason,
    message,
    usedBy,
    keyStatus,
    reportedAt,
    key,
    origin,
    runId,
  } = notice;
  return {
    schemaVersion: 1,
    event,
    severity: severityOf(notice),
    transitionId,
    accountId,
    accountName,
    region,
    // A key that belongs to no user has neither.
    userId: userId || undefined,
    userName: userName || undefined,
    owner,
    accessKeyId,
    ...(key && { keyCreatedAt: formatInstant(key.createdAt), ageDays: key.ageDays, limitDays: key.limitDays }),
    keyStatus,
    reportedAt: reportedAt && formatInstant(reportedAt),
    newAccessKeyId,
    secretName,
    at: formatInstant(notice.at),
    reason,
    message,
    origin,
    runId,
    next: next && { action: next.action, notBefore: formatInstant(next.notBefore) },
    lastUsed: lastUsed && { ...lastUsed, at: formatInstant(lastUsed.at) },
    usedBy: usedBy && { message: usedBy.sentence, callers: usedBy.callers },
  };
}

/** What happened, what to do, and what happens next. */
function mainOf(notice: Notice, texts: EventText): Block[] {
  const next = texts.next?.(notice);
  const facts = factsOf(notice, texts.why ? texts.why(notice) : notice.message);
  return [
    text(texts.headline(notice)),
    ...(facts.length === 0 ? [] : [{ rows: facts }]),
    heading('What to do'),
    ...texts.todo(notice),
    ...(next === undefined ? [] : [heading('What happens next'), text(next)]),
  ];
}

/** What only an email has room for. */
function closingOf(notice: Notice, texts: EventText): Block[] {
  return [
    ...(texts.closing?.(notice) ?? []),
    text('--'),
    text(
      'Keyturn replaces the access keys of IAM users before they get old, so that forgotten copies of them stop working. ' +
        `This message holds no secret. Message ${notice.transitionId}, reason ${notice.reason}.`,
    ),
  ];
}

function factsOf(notice: Notice, why: string | undefined): [string, string][] {
  const { event, owner, accessKeyId, newAccessKeyId, secretName, region, lastUsed, usedBy } = notice;
  const facts: [string, string | undefined][] = [
    [newAccessKeyId === undefined ? 'Key' : 'Old key', accessKeyId],
    ['Last used', lastUsed && `${minuteUtc(lastUsed.at)}, for ${lastUsed.service} in ${lastUsed.region}`],
    ['Used by', usedBy?.sentence],
    // The key of a failed issue was deleted again, so it must not look like the one to use.
    [event === 'failed' ? 'Key' : 'New key', newAccessKeyId],
    ['Secret', secretName && `${secretName} in ${region}`],
    ['Owner', owner],
    ['Why', why],
  ];
  return facts.flatMap(([label, value]): [string, string][] => (value ? [[label, value]] : []));
}
