import { publish } from '../aws/notify.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { Finding, FindingStatus } from '../core/evidence/finding.ts';
import type { SeenUser, Snapshot } from '../core/evidence/snapshot.ts';
import { isChainToTell, type ToldBefore, tellingId } from '../core/evidence/what-to-tell.ts';
import { mfaTurns } from '../core/evidence/without-mfa.ts';
import { buildEvidenceMessage, type EvidenceNotice } from '../core/messages/evidence.ts';
import { buildMfaMessage, type MfaNotice } from '../core/messages/mfa-missing.ts';
import { regionOf } from '../core/partition.ts';
import type { Settings } from '../core/settings.ts';
import type { Instant } from '../core/time.ts';
import { parseUserSettings } from '../core/user-settings.ts';

type Telling = Pick<Runtime, 'aws' | 'clock' | 'log'>;

export interface MfaToTell {
  settings: Settings;
  snapshot: Snapshot;
  findings: readonly Finding[];
  before: ToldBefore;
}

/**
 * Tells each person whose turn it is that they have no MFA. Before anything of the run is kept: whoever is told by a run
 * that dies is told again, with the same ID, and nobody is left out. Never throws: who was not told is handed on.
 */
export async function tellOfMfa(
  { aws, clock, log }: Telling,
  { settings, snapshot, findings, before }: MfaToTell,
): Promise<{ left: readonly string[]; untold: readonly string[]; failure?: unknown }> {
  const { topicArn } = settings;
  const { told, left } = mfaTurns(findings, { ...before, untold: before.telling?.untold ?? [] }, snapshot.at);
  const { accountId, users, at: seenAt } = snapshot;
  const people = new Map((users.isSeen ? users.value : []).map((seen) => [seen.user.userId, seen]));
  for (const [index, turn] of told.entries()) {
    const about = { ...turn, accountId, ...personIn(people.get(turn.userId), settings, seenAt) };
    try {
      await publish(aws, topicArn, buildMfaMessage({ ...about, ...placeOf(settings), at: clock() }));
    } catch (failure) {
      return { left, untold: told.slice(index).map(({ userId }) => userId), failure };
    }
    log.info('Announced', { event: 'mfa-missing', userName: turn.userName });
  }
  return { left, untold: [] };
}

function personIn(
  seen: SeenUser | undefined,
  settings: Settings,
  at: Instant,
): Pick<MfaNotice, 'owner' | 'lastSignIn'> {
  return {
    owner: seen && parseUserSettings(seen.user, settings, at).settings.owner,
    lastSignIn: seen?.password.isSeen ? seen.password.value.lastUsedAt : 'unknown',
  };
}

function placeOf({ topicArn, memberName: accountName }: Settings): Pick<MfaNotice, 'region' | 'accountName'> {
  return { region: regionOf(topicArn), accountName };
}

/** What the message about a run says, beside what is known of every run. */
export interface RunToTell
  extends Pick<EvidenceNotice, 'unknown' | 'problems' | 'withoutMfa' | 'mayRepeat' | 'bucket' | 'folder' | 'head'> {
  settings: Settings;
  accountId: string;
  findings: readonly Finding[];
  counts: Readonly<Record<FindingStatus, number>>;
  /** Null: nothing has to be said, unless the chain turned out not to be intact. */
  changes: EvidenceNotice['changes'] | null;
}

/** Tells of a run, last of all: the end of the chain is known then, and goes out of the bucket by this. */
export async function tellOfEvidence(
  { aws, clock, log }: Telling,
  { runId, startedAt }: Pick<Invocation, 'runId' | 'startedAt'>,
  { settings, findings, changes, ...run }: RunToTell,
): Promise<void> {
  if (changes === null && !isChainToTell(run.problems, findings)) return;
  const accepted = findings.filter((finding) => finding.status === 'fail' && finding.accepted !== null).length;
  const notice = { ...run, ...placeOf(settings), runId, startedAt, at: clock(), accepted, changes: changes ?? [] };
  await publish(aws, settings.topicArn, buildEvidenceMessage(notice));
  log.info('Announced', { event: 'evidence', transitionId: tellingId(run.accountId, startedAt), runId });
}

/** Everything is kept by then, so what could not be told fails the run. */
export function untoldError(failure: unknown): RotationError {
  return new RotationError(`The evidence is kept, and was not told of. ${messageOf(failure)}`, { cause: failure });
}
