import type { ChangedFinding } from '../evidence/changed-findings.ts';
import type { FindingStatus } from '../evidence/finding.ts';
import { tellingId } from '../evidence/what-to-tell.ts';
import { formatDate, formatInstant, type Instant } from '../time.ts';
import { chatNotification } from './chat.ts';
import { shellQuote } from './commands.ts';
import { type OutgoingMessage, type Severity, severities } from './notice.ts';
import { type Block, clamp, clean, command, heading, render, subjectLine, text } from './text.ts';

/** What a run of the collector says of itself, where there is something to say. */
export interface EvidenceNotice {
  accountId: string;
  /** Of a member of a fleet: free text that others chose. */
  accountName?: string | undefined;
  region: string;
  runId: string;
  /** When the run began: the message is named after it. */
  startedAt: Instant;
  at: Instant;
  counts: Readonly<Record<FindingStatus, number>>;
  /** Of those that fail. */
  accepted: number;
  /** What is not known, and nobody has accepted that: sentences, each once. */
  unknown: readonly string[];
  /** What is wrong with the chain: sentences. */
  problems: readonly string[];
  changes: readonly ChangedFinding[];
  /** Who lacks MFA, and was not told by a message of their own. */
  withoutMfa: readonly string[];
  /** There is no record of the message that the run before had to send: it may have reached nobody. */
  mayRepeat: boolean;
  bucket: string;
  /** Of the run, in the bucket. */
  folder: string;
  /** The end of the chain. */
  head: { key: string; sequence: number; sha256: string };
}

/** Together far below SNS's 256 KiB; the page has all of them. */
const LISTED = { unknown: 20, problems: 20, changes: 20, withoutMfa: 200 };
const ENTRY_MAX = 500;
const ACCOUNT_NAME_MAX = 50;

/** The message about one run. It is about no user, so that a subscription by user never gets it. */
export function buildEvidenceMessage(given: EvidenceNotice): OutgoingMessage {
  const accountName = clamp(clean(given.accountName ?? ''), ACCOUNT_NAME_MAX) || undefined;
  const notice = { ...given, accountName };
  const { accountId, counts } = notice;
  const severity = severityOf(notice);
  const attributes = { accountId, event: 'evidence', severity };
  const subject = subjectLine(titleOf(notice), `${counts.fail} fail, ${counts.error} not known`, accountId);
  const email = render(emailOf(notice));
  const chat = chatNotification({ id: transitionIdOf(notice), title: subject, text: email, attributes });
  const document = JSON.stringify(documentOf(notice, severity));
  return { subject, body: { default: document, email, https: JSON.stringify(chat) }, attributes };
}

function severityOf({ unknown, problems, changes }: EvidenceNotice): Severity {
  const isCalm = unknown.length === 0 && problems.length === 0 && !changes.some(({ isWorse }) => isWorse);
  return isCalm ? severities.evidence : 'warning';
}

function titleOf({ unknown, problems }: EvidenceNotice): string {
  if (problems.length > 0) return 'Evidence: the chain is not intact';
  return unknown.length > 0 ? 'Evidence INCOMPLETE' : 'Evidence';
}

function transitionIdOf({ accountId, startedAt }: EvidenceNotice): string {
  return tellingId(accountId, startedAt);
}

/** Lists are cut off, and their length is given beside them. */
function documentOf(notice: EvidenceNotice, severity: Severity): object {
  const { accountId, accountName, region, runId, counts, unknown, problems, changes, withoutMfa } = notice;
  return {
    schemaVersion: 1,
    event: 'evidence',
    severity,
    transitionId: transitionIdOf(notice),
    ...{ accountId, accountName, region, runId },
    at: formatInstant(notice.at),
    isComplete: counts.error === 0,
    isChainIntact: problems.length === 0,
    pass: counts.pass,
    fail: counts.fail,
    accepted: notice.accepted,
    notKnown: counts.error,
    notApplicable: counts['not-applicable'],
    unknown: cut('unknown', unknown),
    unknownCount: unknown.length,
    problems: cut('problems', problems),
    problemCount: problems.length,
    changes: changes.slice(0, LISTED.changes).map((change) => ({ ...change, sentence: inShort(change.sentence) })),
    changeCount: changes.length,
    withoutMfa: cut('withoutMfa', withoutMfa),
    withoutMfaCount: withoutMfa.length,
    bucket: notice.bucket,
    folder: notice.folder,
    head: notice.head,
    message: summary(notice),
  };
}

function cut(list: 'unknown' | 'problems' | 'withoutMfa', entries: readonly string[]): string[] {
  return entries.slice(0, LISTED[list]).map(inShort);
}

/** Of a key in a sentence of AWS the last four characters are enough, too. */
function inShort(sentence: string): string {
  return clamp(sentence.replace(/\bA[KS]IA[A-Z0-9]{8,124}([A-Z0-9]{4})\b/g, '…$1'), ENTRY_MAX);
}

function summary({ counts, changes, unknown, problems }: EvidenceNotice): string {
  const worse = changes.filter(({ isWorse }) => isWorse).length;
  const more = [
    ...(unknown.length > 0 ? ['The run is INCOMPLETE.'] : []),
    ...(problems.length > 0 ? ['The chain is not intact.'] : []),
  ];
  const says = `${counts.pass} pass, ${counts.fail} fail, ${counts.error} are not known; ${worse} got worse, ${changes.length - worse} settled.`;
  return [says, ...more].join(' ');
}

function emailOf(notice: EvidenceNotice): Block[] {
  const { accountId, accountName, at, counts, changes, runId, bucket, folder, head } = notice;
  const account = accountName === undefined ? accountId : `${accountId} (${accountName})`;
  const [worse, settled] = [changes.filter(({ isWorse }) => isWorse), changes.filter(({ isWorse }) => !isWorse)];
  const lines = (listed: readonly ChangedFinding[]): string[] =>
    listed.map(({ control, resource, sentence }) => `${control}: ${resource}. ${inShort(sentence)}`);
  return [
    text(`Evidence of AWS account ${account}, ${formatDate(at)} (UTC). ${summary(notice)}`),
    ...attention(notice),
    ...enumerate('Got worse', lines(worse), LISTED.changes),
    ...enumerate('Settled', lines(settled), LISTED.changes),
    heading('The account today'),
    {
      rows: [
        ['Pass', String(counts.pass)],
        ['Fail', `${counts.fail}, of which ${notice.accepted} are accepted`],
        ['Not known', String(counts.error)],
        ['Not applicable', String(counts['not-applicable'])],
      ],
    },
    heading('The page'),
    command(`aws s3 cp ${shellQuote(`s3://${bucket}/${folder}index.html`)} .`),
    heading('Keep this message'),
    text(
      'It is outside of the bucket, so it proves where the chain ended on this day: no one can cut the end off, or make ' +
        'the chain again, without contradicting it.',
    ),
    command(`keyturn verify ${shellQuote(`s3://${bucket}`)} --head ${accountId}/${head.sequence}:${head.sha256}`),
    text('--'),
    text(`Keyturn, run ${runId}. This message holds no secret.`),
  ];
}

/** What needs somebody, before what changed. */
function attention({ unknown, problems, withoutMfa, mayRepeat }: EvidenceNotice): Block[] {
  const blocks = [
    ...listOf('What could not be read; the page names the way out for each:', unknown.map(inShort), LISTED.unknown),
    ...listOf('What is wrong with the chain; run keyturn verify:', problems.map(inShort), LISTED.problems),
    ...listOf('Who has no MFA, and got no message of their own today:', withoutMfa, LISTED.withoutMfa),
    ...(mayRepeat
      ? [
          text(
            'There is no record of the message of the run before. It may not have been sent, so what it had to say is ' +
              'repeated here. If you have it, see whether messages reach the evidence queue.',
          ),
        ]
      : []),
  ];
  return blocks.length === 0 ? [] : [heading('To look at'), ...blocks];
}

function enumerate(title: string, entries: readonly string[], most: number): Block[] {
  return entries.length === 0 ? [] : [heading(title), listing(entries, most)];
}

function listOf(title: string, entries: readonly string[], most: number): Block[] {
  return entries.length === 0 ? [] : [text(title), listing(entries, most)];
}

function listing(entries: readonly string[], most: number): Block {
  const rest = entries.length - most;
  return { list: [...entries.slice(0, most), ...(rest > 0 ? [`and ${rest} more`] : [])] };
}
