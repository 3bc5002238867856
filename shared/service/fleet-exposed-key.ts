import { accountWithKey } from '../aws/key-owner.ts';
import { ownAccountId } from '../aws/own-account.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { EventError, messageOf, RotationError } from '../core/errors.ts';
import type { ExposureEvent, OfMember } from '../core/events.ts';
import type { User } from '../core/model.ts';
import { present } from '../core/present.ts';
import { DAY, formatInstant } from '../core/time.ts';
import { type Described, describeMember, nameOf } from './fleet-account.ts';
import type { FleetRuntime } from './has-fleet.ts';
import { asMemberAnyhow, placeOf } from './member.ts';
import { driftNote } from './member-trust.ts';

/** By whose clients keys are looked for, and dealt with. */
export interface Hands {
  /** Sees the users of the account. */
  runtime: Runtime;
  /** The account, where it is known beforehand. */
  accountId?: string;
  /** May change this one. */
  acting(user: Pick<User, 'userId' | 'userName'>): Runtime;
  /** Why nothing is done about this key. */
  refusal?(accessKeyId: string): Promise<string | undefined>;
  /** What a message about a user says beside. */
  beside?: OfMember;
  /** What people should know of the account. */
  note?(): Promise<string | undefined>;
}

/**
 * By whose clients the exposed keys of a fleet's account are dealt with; undefined: they are of the hub's own account, which
 * is no member. Speed counts, and IAM bounds what can be done: where the organization does not answer, or settings of the
 * account contradict each other, it goes on with those of the stack. Throws an EventError where the event contradicts
 * itself, or is about nobody's account.
 */
export async function handsInFleet(
  runtime: FleetRuntime,
  { runId }: Pick<Invocation, 'runId'>,
  event: ExposureEvent,
): Promise<Hands | undefined> {
  const own = await ownAccountId(runtime.aws);
  const accountId = accountOf(event, own);
  const described = await describeOrGoOn(runtime, accountId);
  if (accountId === own && described?.selection.isMember !== true) return undefined;
  const selection = described?.selection;
  const place = described?.place ?? (await placeOf(runtime, { accountId, path: '' }));
  const isDryRun = selection?.isMember === true && selection.isDryRun;
  const by = { by: 'exposed-key', runId };
  const { path, accountName } = place;
  const target = { ...place, isDryRun };
  const observing = asMemberAnyhow(runtime, target, 'observe', by);
  return {
    runtime: observing,
    accountId,
    acting: ({ userId, userName }) =>
      isDryRun ? observing : asMemberAnyhow(runtime, target, 'rotate', { ...by, user: { userId, userName } }),
    note: () => driftNote(runtime, observing, place),
    refusal: (accessKeyId) => refusalOf(runtime, { accountId, described }, accessKeyId),
    beside: path === '' ? {} : { path, notAfter: formatInstant(runtime.clock() + DAY), ...present({ accountName }) },
  };
}

/** On the hub's own bus an event is from the account that it is about; the organization's view of AWS Health sends the hub its own. */
function accountOf({ accountId, sentBy }: ExposureEvent, own: string): string {
  const account = accountId ?? sentBy ?? own;
  if (sentBy === undefined || sentBy === own || sentBy === account) return account;
  const message = `detail.affectedAccount: the event is from account ${sentBy}, but about ${account}; nothing was changed.`;
  throw new EventError(message, { accountId: account });
}

async function describeOrGoOn(runtime: FleetRuntime, accountId: string): Promise<Described | undefined> {
  try {
    return await describeMember(runtime, accountId);
  } catch (error) {
    if (!(error instanceof RotationError)) throw error;
    runtime.log.warn('The organization does not say where the account is', { accountId, because: messageOf(error) });
    return undefined;
  }
}

async function refusalOf(
  { aws }: FleetRuntime,
  { accountId, described }: { accountId: string; described: Described | undefined },
  accessKeyId: string,
): Promise<string | undefined> {
  // Only AWS itself says whose key it is: an account could report those of another.
  const of = (await accountWithKey(aws, accessKeyId)) ?? 'nobody';
  if (of !== accountId) {
    return `AWS says that the key ${accessKeyId} is of account ${of}, but the event is about ${accountId}; nothing was changed.`;
  }
  if (described === undefined || described.selection.isMember) return undefined;
  return `Others know the key ${accessKeyId}, but account ${nameOf(described)} ${described.selection.because}; nothing was changed.`;
}
