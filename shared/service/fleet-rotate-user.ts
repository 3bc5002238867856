import { observeUser, withoutSecret } from '../aws/observe.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { EventError } from '../core/errors.ts';
import type { RotateUserEvent } from '../core/events.ts';
import { present } from '../core/present.ts';
import { parseSettings } from '../core/settings.ts';
import { nothingVerified } from '../core/state-key.ts';
import { describeSelected, dryRunNote } from './fleet-account.ts';
import type { FleetRuntime } from './has-fleet.ts';
import { asMember } from './member.ts';
import { driftNote, hindranceIn } from './member-trust.ts';

/**
 * The runtime in which one user of a member account is worked on, and what is to be said of a dry run there. What is only
 * asked, and what is a dry run by the account's wave, takes the role that changes nothing; all else a session for this one
 * user. Throws an EventError for an account that the fleet does not look after, or whose roles let in others than it, and
 * for a user that is not there.
 */
export async function inMemberOf(
  runtime: FleetRuntime,
  { runId }: Pick<Invocation, 'runId'>,
  { accountId, userName, asked }: RotateUserEvent & { accountId: string },
): Promise<{ runtime: Runtime; note?: string }> {
  const described = await describeSelected(runtime, accountId);
  const { place, selection } = described;
  const { isDryRun } = selection;
  const observing = asMember(runtime, { ...place, isDryRun }, 'observe', { by: 'rotate-user', runId });
  const settings = parseSettings(observing.environment);
  const note = dryRunNote(described);
  const isQuestion = asked.action === 'plan' || asked.action === 'status';
  if (isQuestion) return { runtime: observing };
  if (isDryRun) return { runtime: observing, ...present({ note }) };
  const reader = withoutSecret({ aws: observing.aws, settings, verifier: nothingVerified });
  const found = await observeUser(reader, { userName, accountId }, () => false);
  if (found === undefined) {
    throw new EventError(`userName: there is no IAM user ${userName} in account ${accountId}. Check both.`, {
      userName,
      accountId,
    });
  }
  const user = { userName, userId: found.user.userId };
  const rotating = asMember(runtime, { ...place, isDryRun }, 'rotate', { by: 'rotate-user', runId, user });
  // A key that others know does not wait for whoever puts the roles right.
  if (asked.compromised) return { runtime: rotating, ...present({ note: await driftNote(runtime, observing, place) }) };
  // Users are adopted while the deployment that the account had is still there.
  const hindrance = await hindranceIn(
    runtime,
    observing,
    place,
    asked.action === 'adopt' ? 'own-deployment' : undefined,
  );
  if (hindrance === undefined) return { runtime: rotating };
  throw new EventError(`accountId: ${hindrance.message} Nothing was changed.`, { accountId, userName });
}
