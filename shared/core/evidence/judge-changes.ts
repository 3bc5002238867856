import type { Instant } from '../time.ts';
import { accountResource } from './judge-root.ts';
import { type Judgement, notKnown } from './judged.ts';
import type { Unseen } from './snapshot.ts';

/** What the history of the account was asked for. */
export interface ChangesSeen {
  accountId: string;
  at: Instant;
  /** What CloudTrail did not answer, or no longer can. */
  unknown: readonly Unseen[];
}

/** The account's own answer: whether its history was told whole. Without it no change is known, and none is green. */
export function judgeChanges({ accountId, at, unknown }: ChangesSeen): Judgement[] {
  const of = {
    control: 'changes-reconciled' as const,
    parts: [accountId],
    resource: accountResource(accountId),
    asOf: at,
  };
  const [first, ...others] = unknown;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` And ${others.length} more: see the problems of the manifest.`;
    return [{ ...of, verdict: notKnown({ ...first, sentence: `${first.sentence}${more}` }) }];
  }
  const sentence = 'CloudTrail has told all of the history since the run before.';
  return [{ ...of, verdict: { status: 'pass', reason: 'reconciled', sentence, facts: {} } }];
}
