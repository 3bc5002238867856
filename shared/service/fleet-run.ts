import { foreseeRefusals } from '../aws/foresee-refusals.ts';
import { isRefusedRole, refusalOf } from '../aws/member-session.ts';
import { callsMade, type Invocation } from '../aws/runtime.ts';
import { type TrustFinding, trustOf } from '../aws/trust.ts';
import { EventError, RotationError } from '../core/errors.ts';
import type { ScheduledEvent } from '../core/events.ts';
import type { AccountReason } from '../core/fleet/account-reasons.ts';
import type { ForeseenRefusal } from '../core/fleet/foreseen-refusals.ts';
import { regionFor } from '../core/fleet/settings-for.ts';
import { present } from '../core/present.ts';
import { parseSettings } from '../core/settings.ts';
import { DAY } from '../core/time.ts';
import { answerFor } from './account-scan.ts';
import { type FannedOut, fanOut } from './fan-out.ts';
import { describeMember, describeSelected } from './fleet-account.ts';
import { type FleetDigested, publishFleetDigest } from './fleet-digest.ts';
import type { FleetRuntime } from './has-fleet.ts';
import { asMember } from './member.ts';
import type { ScheduledRun } from './scheduled-rotation.ts';

/** The answer of `{"accountId"}`: one account of the fleet, by hand. */
export interface AccountRun extends ScheduledRun {
  accountName: string;
  wave?: string;
  status: 'scanned' | 'refused' | 'failed';
  /** A reason code, unless all went well. */
  reason?: string;
}

/** The answer of `{"check": true, "accountId"}`. */
export interface CheckedAccount {
  schemaVersion: 1;
  accountId: string;
  accountName: string;
  wave?: string;
  /** Nothing would be changed there yet. */
  dryRun: boolean;
  /** `ready`; `not-selected`, the fleet does not look after it; `refused`, something has to be put right. */
  status: 'ready' | 'not-selected' | 'refused';
  findings: readonly { kind: string; reason: AccountReason; message: string }[];
  awsCalls: number;
}

/** A run of a deployment that has a fleet: over all accounts, over one of them, its check, or the digest. */
export async function runFleet(
  runtime: FleetRuntime,
  invocation: Invocation,
  event: ScheduledEvent,
): Promise<FannedOut | AccountRun | CheckedAccount | FleetDigested> {
  const { accountId, digest, check, dryRun, scheduledAt } = event;
  if (digest) return publishFleetDigest(runtime, event);
  if (accountId !== undefined) {
    return check
      ? checkAccount(runtime, invocation, accountId)
      : runAccount(runtime, invocation, { accountId, dryRun });
  }
  // Its plans would be nobody's: a run by hand puts nothing into the digest.
  if (dryRun && scheduledAt === undefined) {
    throw new EventError('dryRun: in a fleet a dry run by hand is of one account; give its accountId.');
  }
  return fanOut(runtime, invocation, event);
}

async function runAccount(
  runtime: FleetRuntime,
  invocation: Invocation,
  { accountId, dryRun }: { accountId: string; dryRun: boolean },
): Promise<AccountRun> {
  const callsBefore = callsMade(runtime);
  const { runId } = invocation;
  const { account, selection } = await describeSelected(runtime, accountId);
  const { path, name, isManagement, joinedAt } = account;
  const message = {
    ...({ schemaVersion: 1, kind: 'account', runId, accountId, path, name, isManagement } as const),
    ...present({ joinedAt }),
    dryRun: dryRun || !parseSettings(runtime.environment).enforce,
    notAfter: runtime.clock() + DAY,
  };
  const { result, plan, errors } = await answerFor(runtime, invocation, message, { showsPlan: true });
  const { status, reason, usersScanned, enqueued, skipped } = result;
  if (status !== 'scanned') throw new RotationError(errors.join(' | '), { accountId });
  return {
    ...({ schemaVersion: 1, runId, accountId, accountName: name } as const),
    ...present({ wave: selection.wave }),
    dryRun: result.dryRun,
    status,
    ...present({ reason }),
    ...{ usersScanned, enqueued, skipped },
    ...present({ plan }),
    errors,
    awsCalls: callsMade(runtime) - callsBefore,
  };
}

/** Looks, and changes nothing. What AWS refuses is a finding. */
async function checkAccount(runtime: FleetRuntime, { runId }: Invocation, accountId: string): Promise<CheckedAccount> {
  const callsBefore = callsMade(runtime);
  const { account, place, selection } = await describeMember(runtime, accountId);
  const about = { schemaVersion: 1, accountId, accountName: account.name } as const;
  const calls = (): { awsCalls: number } => ({ awsCalls: callsMade(runtime) - callsBefore });
  if (!selection.isMember) {
    const { reason, because } = selection;
    const findings = [{ kind: reason, reason, message: `Account ${accountId} ${because}.` }];
    return { ...about, dryRun: true, status: 'not-selected', findings, ...calls() };
  }
  const { wave, isDryRun: dryRun } = selection;
  const found = { ...about, ...present({ wave }), dryRun };
  try {
    const member = asMember(runtime, { ...place, isDryRun: true }, 'observe', { by: 'check', runId });
    const where = { accountId, region: regionFor(runtime.fleet, place) };
    const findings = [...(await trustOf(runtime, member, place)), ...(await foreseeRefusals(member, where))];
    const status = findings.some(({ isRefusal }) => isRefusal) ? 'refused' : 'ready';
    return {
      ...found,
      status,
      findings: findings.map(shownFinding),
      ...calls(),
    };
  } catch (error) {
    if (!isRefusedRole(error)) throw error;
    const isJoining = account.joinedAt !== undefined && runtime.clock() - account.joinedAt < DAY;
    const reason = isJoining ? 'joining' : 'role-refused';
    const { roleSuffix } = parseSettings(runtime.environment);
    const message = refusalOf({ role: 'observe', accountId, roleSuffix, accountName: account.name });
    return { ...found, status: 'refused', findings: [{ kind: reason, reason, message }], ...calls() };
  }
}

function shownFinding(each: TrustFinding | ForeseenRefusal): CheckedAccount['findings'][number] {
  const { reason, message } = each;
  return { kind: 'kind' in each ? each.kind : reason, reason, message };
}
