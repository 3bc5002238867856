import { chatNotification } from '../messages/chat.ts';
import type { OutgoingMessage, Severity } from '../messages/notice.ts';
import { type Block, clamp, heading, render, subjectLine, text } from '../messages/text.ts';
import { formatDate, formatInstant } from '../time.ts';
import { type Attention, attentionOf } from './attention.ts';
import { type FleetDigest, isSilenceKnown, plural, type WaveCount } from './fleet-digest.ts';
import { type ResultMessage, shownName } from './messages.ts';

/** Lists are cut off here, with their length beside them; the log has every account. */
const LISTED_MAX = 50;
/** Or here, if the message would be too long: SNS takes 256 KiB. */
const LISTED_LESS = [20, 5] as const;
const MESSAGE_MAX = 250 * 1_024;
const SENTENCE_MAX = 200;

const calm: readonly string[] = [
  'roles-outdated',
  'joining',
  'paused',
  'left',
  'blocked',
  'unheard',
  'unexpected-users',
  'root-keys',
  'notes',
  'findings',
  'exempt-with-secret',
  'secrets-without-user',
];

/** A warning if anybody did not answer, failed, or was changed. */
function severityOf(digest: FleetDigest, attention: readonly Attention[]): Severity {
  const { fanOut, errors, totals, deadLetters = 0 } = digest;
  const isBad = fanOut === undefined || errors.length > 0 || totals.failed > 0 || deadLetters > 0;
  return isBad || attention.some(({ kind }) => !calm.includes(kind)) ? 'warning' : 'info';
}

/** The one message about all accounts. It is about no user and no member, so that no subscription by account gets it. */
export function buildFleetDigestMessage(digest: FleetDigest): OutgoingMessage {
  const told = { digest, attention: attentionOf(digest) };
  let message = messageOf({ ...told, listed: LISTED_MAX });
  for (const listed of LISTED_LESS) {
    if (Buffer.byteLength(JSON.stringify(message)) > MESSAGE_MAX) message = messageOf({ ...told, listed });
  }
  return message;
}

interface Told {
  digest: FleetDigest;
  attention: readonly Attention[];
  /** How many entries of each list. */
  listed: number;
}

function messageOf(told: Told): OutgoingMessage {
  const { digest, attention } = told;
  const severity = severityOf(digest, attention);
  const { accountId, runId, silent, totals, results } = digest;
  const silence = isSilenceKnown(digest) ? `${silent.length} silent` : 'silent unknown';
  const counts = `${results.length} accounts, ${silence}, ${totals.rotated} rotated, ${totals.failed} failed`;
  const subject = subjectLine('Fleet digest', counts, accountId);
  const attributes = { accountId, event: 'digest', severity };
  const email = render(emailOf(told));
  const chat = chatNotification({ id: `fleet-digest/${runId}`, title: subject, text: email, attributes });
  return {
    subject,
    body: { default: JSON.stringify(documentOf(told, severity)), email, https: JSON.stringify(chat) },
    attributes,
  };
}

function documentOf({ digest, attention, listed }: Told, severity: Severity): object {
  const { organizationId, accountId, runId, at, results, skipped, totals, errors, deadLetters } = digest;
  return {
    schemaVersion: 1,
    event: 'digest',
    scope: 'fleet',
    severity,
    transitionId: `fleet-digest/${runId}`,
    accountId,
    organizationId,
    runId,
    at: formatInstant(at),
    accounts: {
      selected: askedOf(digest),
      answered: results.length,
      ...(digest.fanOut === undefined ? {} : { enqueued: digest.fanOut.selected }),
      skipped,
    },
    waves: digest.waveCounts.map(({ enforceFrom, ...wave }) => {
      return { ...wave, ...(enforceFrom === undefined ? {} : { enforceFrom: formatDate(enforceFrom) }) };
    }),
    attention: attention.map((each) => ({ ...each, accounts: each.accounts.slice(0, listed) })),
    ...totals,
    unreadable: digest.unreadable,
    deadLetters,
    oldest: oldest(results),
    errors: errors.slice(0, listed).map((error) => clamp(error, SENTENCE_MAX)),
    errorCount: errors.length + totals.errorCount,
    message: summaryOf(digest),
  };
}

function summaryOf(digest: FleetDigest): string {
  const { organizationId, results, totals, silent, isUnlisted } = digest;
  const missing = isUnlisted ? 'The organization could not be listed' : 'The record of the fan-out is missing';
  const isKnown = isSilenceKnown(digest);
  return (
    `${results.length} of ${plural(askedOf(digest), 'account')} of organization ${organizationId} answered, ` +
    `${plural(totals.usersScanned, 'user')}${isKnown ? `; ${silent.length} did not` : ''}. ` +
    `${totals.rotated} rotated, ${totals.deactivated} deactivated, ${totals.deleted} deleted, ${totals.blocked} blocked, ` +
    `${totals.failed} failed.${isKnown ? '' : ` ${missing}, so silent accounts are not known.`}`
  );
}

/** Accounts that belong to the fleet; where nobody can say, those that the run was for. */
function askedOf({ isUnlisted, fanOut, results, selected }: FleetDigest): number {
  return isUnlisted ? (fanOut?.selected ?? results.length) : selected.length;
}

function oldest(results: readonly ResultMessage[]): object[] {
  return byOldest(results)
    .slice(0, OLDEST)
    .map(({ accountId, name, wave, oldestActiveKeyDays, oldestActiveKeyUser }) => {
      return { accountId, name, wave, oldestActiveKeyDays, oldestActiveKeyUser };
    });
}

const OLDEST = 10;

function byOldest(results: readonly ResultMessage[]): ResultMessage[] {
  const daysOf = ({ oldestActiveKeyDays: days = -1 }: ResultMessage): number => days;
  return results.filter((each) => daysOf(each) >= 0).toSorted((a, b) => daysOf(b) - daysOf(a));
}

function emailOf({ digest, attention, listed }: Told): Block[] {
  const { organizationId, at, results, totals, runId } = digest;
  return [
    text(
      `Access keys in organization ${organizationId}, ${formatDate(at)} (UTC). ` +
        `${results.length} of ${plural(askedOf(digest), 'account')}, ${plural(totals.usersScanned, 'user')}.`,
    ),
    ...notes(digest).map(text),
    ...(attention.length === 0 ? [text('Nothing needs your attention.')] : [heading('To look at')]),
    ...attention.flatMap(({ message, accounts }) => [text(`${message}:`), { list: cutOff(accounts, listed) }]),
    ...(digest.waveCounts.length === 0 ? [] : [heading('Waves'), { list: digest.waveCounts.map((w) => waveText(w)) }]),
    heading('The last run'),
    { rows: activity(digest) },
    ...oldestBlocks(results),
    text('--'),
    text(`Keyturn, run ${runId}.`),
  ];
}

function notes({ fanOut, isUnlisted, results, errors, unreadable, deadLetters = 0, runId }: FleetDigest): string[] {
  return [
    ...(results.length === 0 ? ['No account has answered yet.'] : []),
    ...(fanOut === undefined
      ? [`The record of the fan-out of run ${runId} is missing: who did not answer is not known.`]
      : []),
    ...(isUnlisted
      ? ['The organization could not be listed: who did not answer, and who has left, is not known.']
      : []),
    ...(unreadable > 0
      ? [`${plural(unreadable, 'result')} could not be read, so their accounts count as silent.`]
      : []),
    ...(deadLetters > 0 ? [`${plural(deadLetters, 'message')} in the dead-letter queues.`] : []),
    ...errors.map((error) => clamp(error, SENTENCE_MAX)),
  ];
}

function cutOff(accounts: readonly string[], listed: number): string[] {
  const rest = accounts.length - listed;
  return [...accounts.slice(0, listed), ...(rest > 0 ? [`and ${rest} more; the log has all of them`] : [])];
}

function waveText({ name, enforceFrom, isDryRun, accounts, rotated, failed, due }: WaveCount): string {
  const since = enforceFrom === undefined ? '' : `${isDryRun ? ' from' : ' enforced since'} ${formatDate(enforceFrom)}`;
  const what = isDryRun
    ? `a dry run: something would be done for ${plural(due, 'user')}`
    : `${rotated} rotated, ${failed} failed`;
  return `${name}${since}: ${plural(accounts, 'account')}, ${what}`;
}

function activity({ totals, skipped }: FleetDigest): [string, string][] {
  const left = Object.entries(skipped)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
  return [
    ['Rotated', String(totals.rotated)],
    ['Deactivated', String(totals.deactivated)],
    ['Deleted', String(totals.deleted)],
    ['Postponed', String(totals.postponed)],
    ['Blocked', String(totals.blocked)],
    ['Failed', String(totals.failed)],
    ['Under way', String(totals.underWay)],
    ['Exempt', `${totals.exemptWithDate} until a date, ${totals.exemptWithoutDate} without one`],
    ...(left === '' ? [] : [['Accounts left out', left] satisfies [string, string]]),
  ];
}

function oldestBlocks(results: readonly ResultMessage[]): Block[] {
  const list = byOldest(results)
    .slice(0, OLDEST)
    .map(({ accountId, name, wave = 'no wave', oldestActiveKeyDays = 0, oldestActiveKeyUser = '' }) => {
      return `${plural(Math.floor(oldestActiveKeyDays), 'day')}, ${oldestActiveKeyUser} in ${accountId} ${shownName(name)} (${wave})`;
    });
  return list.length === 0 ? [] : [heading('Oldest'), { list }];
}
