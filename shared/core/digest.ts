import type { Decision } from './activity.ts';
import { chatNotification } from './messages/chat.ts';
import type { OutgoingMessage, Severity } from './messages/notice.ts';
import { severities } from './messages/notice.ts';
import { type Block, clamp, heading, minuteUtc, render, subjectLine, text } from './messages/text.ts';
import { DAY, formatDate, formatInstant, type Instant } from './time.ts';

/** What happened in one account between two runs. */
export interface Digest {
  accountId: string;
  runId: string;
  at: Instant;
  /** The time that is counted: from this instant… */
  from: Instant;
  /** … until before this one. */
  until: Instant;
  dryRun: boolean;
  usersScanned: number;
  enqueued: number;
  /** Reason → users. */
  skipped: Record<string, number>;
  rotated: number;
  deactivated: number;
  deleted: number;
  postponed: number;
  blocked: number;
  failed: number;
  needsDecision: readonly Pick<Decision, 'userName' | 'reason' | 'message'>[];
  exemptWithDate: number;
  exemptWithoutDate: number;
  activeRootKeys: number;
  secretsWithoutUser: readonly string[];
  oldestActiveKeyDays?: number;
  oldestActiveKeyUser?: string;
  errors: readonly string[];
  /** Sentences: what was done as it should be, and still looks wrong, such as a setting that matches nobody. */
  findings: readonly string[];
  /** Messages in the dead-letter queue. */
  deadLetters?: number;
  /** What concerns all users, such as why nothing is issued. */
  note?: string;
}

/** Together always below SNS's 256 KiB; the log has all of them. */
const LISTED_MAX = 50;
const ENTRY_MAX = 200;
const NOTE_MAX = 4_000;

/** The message about one scheduled run. It is about no user, so that a subscription by user never gets it. */
export function buildDigestMessage(digest: Digest): OutgoingMessage {
  const severity = severityOf(digest);
  const { accountId, rotated, blocked, failed } = digest;
  const counts = `${rotated} rotated, ${blocked} blocked, ${failed} failed`;
  const subject = subjectLine(titleOf(digest), counts, accountId);
  const attributes = { accountId, event: 'digest', severity };
  const email = render(emailOf(digest));
  const chat = chatNotification({ id: transitionIdOf(digest), title: subject, text: email, attributes });
  return {
    subject,
    body: { default: JSON.stringify(documentOf(digest, severity)), email, https: JSON.stringify(chat) },
    attributes,
  };
}

function severityOf({ errors, failed, deadLetters = 0 }: Digest): Severity {
  return errors.length > 0 || failed > 0 || deadLetters > 0 ? 'warning' : severities.digest;
}

function titleOf({ dryRun, ...digest }: Digest): string {
  if (dryRun) return 'Dry run';
  return isDaily(digest) ? 'Daily digest' : 'Digest';
}

function isDaily({ from, until }: Pick<Digest, 'from' | 'until'>): boolean {
  return until - from === DAY;
}

function transitionIdOf({ runId }: Digest): string {
  return `digest/${runId}`;
}

/** Lists are cut off, and their length is given beside them. */
function documentOf(digest: Digest, severity: Severity): object {
  const { accountId, runId, note, errors, findings, secretsWithoutUser, needsDecision } = digest;
  return {
    schemaVersion: 1,
    event: 'digest',
    severity,
    transitionId: transitionIdOf(digest),
    accountId,
    runId,
    at: formatInstant(digest.at),
    from: formatInstant(digest.from),
    until: formatInstant(digest.until),
    dryRun: digest.dryRun,
    ...countsIn(digest),
    needsDecision: needsDecision.slice(0, LISTED_MAX).map(({ userName, reason, message }) => {
      return { userName, reason, message: clamp(message, ENTRY_MAX) };
    }),
    needsDecisionCount: needsDecision.length,
    exemptWithDate: digest.exemptWithDate,
    exemptWithoutDate: digest.exemptWithoutDate,
    activeRootKeys: digest.activeRootKeys,
    oldestActiveKeyDays: digest.oldestActiveKeyDays,
    oldestActiveKeyUser: digest.oldestActiveKeyUser,
    deadLetters: digest.deadLetters,
    secretsWithoutUser: listed(secretsWithoutUser),
    secretsWithoutUserCount: secretsWithoutUser.length,
    errors: listed(errors),
    errorCount: errors.length,
    findings: listed(findings),
    findingCount: findings.length,
    note: note && clamp(note, NOTE_MAX),
    message: summary(digest),
  };
}

function listed(entries: readonly string[]): string[] {
  return entries.slice(0, LISTED_MAX).map((entry) => clamp(entry, ENTRY_MAX));
}

function summary(digest: Digest): string {
  const { dryRun, usersScanned, rotated, deactivated, deleted, blocked, failed } = digest;
  const mode = dryRun ? ' (dry run: nothing was changed)' : '';
  return (
    `${plural(usersScanned, 'user')} checked${mode}; ${isDaily(digest) ? 'in the last 24 hours' : `from ${minuteUtc(digest.from)} to ${minuteUtc(digest.until)}`} ${rotated} rotated, ` +
    `${deactivated} deactivated, ${deleted} deleted, ${blocked} blocked, ${failed} failed.`
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function emailOf(digest: Digest): Block[] {
  const { note, accountId, at, runId, dryRun } = digest;
  return [
    text(`Access keys of the IAM users in AWS account ${accountId}, ${formatDate(at)} (UTC).`),
    ...(dryRun
      ? [text('This was a dry run: nothing was changed. Deploy with enforce=true to have keys rotated.')]
      : []),
    ...(note ? [text(clamp(note, NOTE_MAX))] : []),
    ...attention(digest),
    heading(isDaily(digest) ? 'The last 24 hours' : `From ${minuteUtc(digest.from)} to ${minuteUtc(digest.until)}`),
    { rows: activity(digest) },
    heading('The account today'),
    { rows: inventory(digest) },
    text('--'),
    text(`Keyturn, run ${runId}.`),
  ];
}

/** What needs attention, before the numbers. */
function attention(digest: Digest): Block[] {
  const { errors, findings, secretsWithoutUser, needsDecision } = digest;
  const { activeRootKeys, deadLetters = 0, exemptWithoutDate } = digest;
  const points = [
    ...(activeRootKeys > 0
      ? ['The root user has an active access key. Keyturn never touches it: delete it in the console.']
      : []),
    ...(deadLetters > 0
      ? [`${plural(deadLetters, 'message')} in the dead-letter queue: see the worker's log, then redrive the queue.`]
      : []),
    ...(exemptWithoutDate > 0 ? [`${plural(exemptWithoutDate, 'user')} exempt without an end date.`] : []),
  ];
  const list = points.length === 0 ? [] : [{ list: points }];
  const blocks = [
    ...list,
    ...enumerate(
      `${plural(needsDecision.length, 'user')} who need a decision:`,
      needsDecision.map(({ userName, reason, message }) => `${userName}: ${reason}. ${message}`),
    ),
    ...enumerate(`${plural(errors.length, 'error')}:`, errors),
    ...enumerate('To be checked:', findings),
    ...enumerate('Secrets whose user is gone; delete them when they are no longer needed:', secretsWithoutUser),
  ];
  return blocks.length === 0 ? [text('Nothing needs your attention.')] : [heading('To look at'), ...blocks];
}

function enumerate(title: string, entries: readonly string[]): Block[] {
  if (entries.length === 0) return [];
  const rest = entries.length - LISTED_MAX;
  const more = rest > 0 ? [`and ${rest} more; the log has all of them`] : [];
  return [text(title), { list: [...listed(entries), ...more] }];
}

function activity(digest: Digest): [string, string][] {
  return [
    ['Rotated', String(digest.rotated)],
    ['Deactivated', String(digest.deactivated)],
    ['Deleted', String(digest.deleted)],
    ['Postponed', String(digest.postponed)],
    ['Blocked', String(digest.blocked)],
    ['Failed', String(digest.failed)],
  ];
}

function inventory(digest: Digest): [string, string][] {
  const { oldestActiveKeyDays, oldestActiveKeyUser, skipped, deadLetters } = digest;
  const left = Object.entries(skipped)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
  const by = oldestActiveKeyUser === undefined ? '' : ` (${oldestActiveKeyUser})`;
  return [
    ['Users', `${digest.usersScanned}, of which ${digest.enqueued} were due for a closer look`],
    ...(left === '' ? [] : [['Left alone', left] satisfies [string, string]]),
    ['Exempt', `${digest.exemptWithDate} until a date, ${digest.exemptWithoutDate} without one`],
    ...(oldestActiveKeyDays === undefined
      ? []
      : [['Oldest active key', `${plural(Math.floor(oldestActiveKeyDays), 'day')}${by}`] satisfies [string, string]]),
    ['Root keys', `${digest.activeRootKeys} active`],
    ...(deadLetters === undefined ? [] : [['Dead letters', String(deadLetters)] satisfies [string, string]]),
  ];
}

/** What a run did, and since the one before it, in figures. */
export function countsIn({ usersScanned, enqueued, skipped, rotated, deactivated, deleted, ...others }: Digest) {
  const { postponed, blocked, failed } = others;
  return { usersScanned, enqueued, skipped, rotated, deactivated, deleted, postponed, blocked, failed };
}
