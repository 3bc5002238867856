import { isWeeklyTurn } from '../runs.ts';
import { formatInstant, type Instant } from '../time.ts';
import * as z from '../zod.ts';
import { alsoChanged, type ChangedFinding, changedFinding, changedSince, isOpen } from './changed-findings.ts';
import type { Finding } from './finding.ts';
import { compactInstant } from './record-name.ts';

// A run tells the topic of itself where something got worse or settled, something is not known, or the chain is not
// intact; otherwise weekly. Whether the message went out shows by its record: without one, the next run tells it again.

export const telling = z.object({
  /** What the message about the run says has changed; null: there was nothing to say. */
  changes: z.nullable(z.readonly(z.array(changedFinding))),
  /** UserIds to whom a message about MFA was refused. */
  untold: z.readonly(z.array(z.string())),
});
/** What a run had to tell, for the next one. */
export type Telling = z.infer<typeof telling>;

/** Of a run before: absent members are not known. */
export interface ToldBefore {
  findings: readonly Finding[];
  startedAt?: Instant | undefined;
  telling?: Telling | undefined;
  /** Of the chain. */
  problems: readonly string[];
}

export interface ToTell {
  accountId: string;
  startedAt: Instant;
  before: ToldBefore;
  findings: readonly Finding[];
  /** Keys of the records of the last days. */
  recorded: readonly string[];
  /** Who lacks MFA, and for whom there was no message. */
  left: readonly string[];
}

/** For the next run; a page has all of them. */
const HANDED_ON = 50;

/** What has changed, or null where nobody has to be told. */
export function whatToTell({ accountId, startedAt, before, findings, recorded, left }: ToTell): {
  changes: readonly ChangedFinding[] | null;
  mayRepeat: boolean;
} {
  const { telling: last, startedAt: previousAt } = before;
  const untold = isRecorded(previousAt, recorded) ? null : (last?.changes ?? null);
  const mayRepeat = untold !== null;
  const now = changedSince(before.findings, findings);
  const changes = (mayRepeat ? alsoChanged(untold, now) : now).slice(0, HANDED_ON);
  const isDue =
    changes.length + left.length > 0 ||
    mayRepeat ||
    findings.some((finding) => finding.status === 'error' && isOpen(finding)) ||
    isChainToTell(before.problems, findings) ||
    previousAt === undefined ||
    isWeeklyTurn(accountId, { previousAt, scheduledAt: startedAt });
  return { changes: isDue ? changes : null, mayRepeat };
}

/** What is wrong with the chain is told in each run, until somebody mends it or accepts that. */
export function isChainToTell(problems: readonly string[], findings: readonly Finding[]): boolean {
  const isAccepted = findings.some(({ control, accepted }) => control.id === 'evidence-bucket' && accepted !== null);
  return problems.length > 0 && !isAccepted;
}

/** The name of a record ends its ID's instant: that of the run. */
function isRecorded(startedAt: Instant | undefined, recorded: readonly string[]): boolean {
  const name = startedAt === undefined ? undefined : `/evidence_account_${compactInstant(startedAt)}.`;
  return name !== undefined && recorded.some((key) => key.includes(name));
}

/** Of the message about a run. It ends with an instant, by which its record is found. */
export function tellingId(accountId: string, startedAt: Instant): string {
  return `evidence/${accountId}/${formatInstant(startedAt)}`;
}
