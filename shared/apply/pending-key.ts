import type { UserState } from '../core/model.ts';
import type { Instant } from '../core/time.ts';
import { type IssueStep, issueAndStore, issueOutcome } from './issue.ts';
import type { Outcome, Pass } from './pass.ts';

/**
 * Steps 1 to 5 of an issue for Secrets Manager's own rotation: the key is stored under the version ID that it chose, and
 * left pending. The intent stays: the rotation's last step takes it over, or the schedule once its deadline is past.
 */
export async function issuePending(
  pass: Pass,
  state: UserState,
  step: IssueStep,
  now: Instant,
  versionId: string,
): Promise<Outcome> {
  const stored = await issueAndStore(pass, state, step, now, versionId);
  return 'result' in stored ? stored : issueOutcome('done', stored.lease, stored.key);
}
