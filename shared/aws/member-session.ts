import { AssumeRoleCommand, type AssumeRoleCommandOutput, type STSClient } from '@aws-sdk/client-sts';
import { isFailure, RotationError } from '../core/errors.ts';
import {
  externalIdOf,
  type MemberRole,
  memberRoleArn,
  memberRoleName,
  memberSessionArn,
  type RolePlace,
} from '../core/fleet/member-roles.ts';
import { clamp, clean } from '../core/messages/text.ts';
import { type Instant, SECOND } from '../core/time.ts';

/** A role of another account, and what its session is for. */
export interface InAccount extends RolePlace {
  readonly role: MemberRole;
  /** As AWS Organizations has it, for people. */
  readonly accountName?: string;
  /** Where else secrets of the fleet are. */
  readonly otherRegions?: readonly string[];
  /** Begins with `keyturn-`, which the member asks for; its CloudTrail shows it. */
  readonly sessionName: string;
  /** The fleet's: the account's own half is added here. */
  readonly externalId: string;
  /** Narrows the role to what the session is for. */
  readonly policy?: string;
  /** At most an hour: whoever assumes a role from a role gets no more. */
  readonly durationSeconds: number;
  /** What the container remembers; without it every session is asked for. */
  readonly refused?: RefusedRoles;
}

/** Roles that AWS refused, by ARN, and until when nobody asks again. */
export interface RefusedRoles {
  readonly until: Map<string, Instant>;
  clock(): Instant;
}

/** So that a hundred messages about an account that refuses us do not ask a hundred times. */
const ASK_AGAIN_AFTER = 60 * SECOND;

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/**
 * Credentials of a session that is asked for with the first call, shared by all clients of it, and never renewed: whoever
 * needs another one begins anew, and meets what has changed since. A session that was not given is asked for again.
 */
export function memberCredentials(sts: STSClient, target: InAccount): () => Promise<Credentials> {
  let session: Promise<Credentials> | undefined;
  return () => {
    session ??= rememberingRefusals(target, () => takeRole(sts, target)).catch((error: unknown) => {
      session = undefined;
      throw error;
    });
    return session;
  };
}

/** Whether the account does not let us in: nothing that trying again would change, and nobody's fault but its own. */
export function isRefusedRole(error: unknown): error is RotationError {
  return isFailure(error, 'AccessDenied') && error.facts.action === ACTION;
}

/**
 * The one place that takes a role. Throws a RotationError that names the account; a session of another account than the
 * one that was asked for is never used.
 */
export async function takeRole(
  sts: STSClient,
  target: Omit<InAccount, 'externalId'> & { readonly externalId?: string },
): Promise<Credentials> {
  const { role, accountId, sessionName, externalId, policy, durationSeconds } = target;
  const command = new AssumeRoleCommand({
    RoleArn: memberRoleArn(role, target),
    RoleSessionName: sessionName,
    DurationSeconds: durationSeconds,
    ...(externalId === undefined ? {} : { ExternalId: externalIdOf(externalId, accountId) }),
    ...(policy === undefined ? {} : { Policy: policy }),
  });
  const answer = await sts.send(command).catch((error: unknown) => {
    throw isRefusedRole(error) ? refused(target, error) : error;
  });
  return credentialsOf(answer, target);
}

const ACTION = 'sts:AssumeRole';

function credentialsOf(
  { Credentials, AssumedRoleUser }: AssumeRoleCommandOutput,
  target: Omit<InAccount, 'externalId'>,
): Credentials {
  const { role, accountId, sessionName, roleSuffix } = target;
  const { AccessKeyId, SecretAccessKey, SessionToken } = { ...Credentials };
  const { Arn: session = 'nobody' } = { ...AssumedRoleUser };
  if (session !== memberSessionArn(role, target, sessionName)) {
    const message = `Cannot use ${memberRoleName(role, roleSuffix)} in ${accountId}: the session is of ${session}.`;
    throw new RotationError(message, { accountId, action: ACTION });
  }
  if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
    const message = `Cannot use ${memberRoleName(role, roleSuffix)} in ${accountId}: AWS gave no credentials.`;
    throw new RotationError(message, { accountId, action: ACTION });
  }
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

const NAME_MAX = 64;
type Refused = Pick<InAccount, 'role' | 'accountId' | 'roleSuffix' | 'accountName'>;

/** What is known of a refusal. Whoever is not let in cannot see why. */
export function refusalOf({ role, accountId, roleSuffix, accountName = '' }: Refused): string {
  const name = memberRoleName(role, roleSuffix);
  // Whoever administers an account names it.
  const called = accountName === '' ? '' : ` (${clamp(clean(accountName), NAME_MAX)})`;
  return `Cannot take ${name} in ${accountId}${called}: AWS refuses. The role is not there yet, its trust was changed, or a policy denies it.`;
}

function refused(target: Refused, cause: RotationError): RotationError {
  const { accountId } = target;
  const message = `${refusalOf(target)} \`keyturn fleet check --account ${accountId}\` says what to do.`;
  return new RotationError(message, { accountId, action: ACTION, code: cause.code, cause });
}

async function rememberingRefusals<T>(target: InAccount, take: () => Promise<T>): Promise<T> {
  const { refused: memory, role } = target;
  if (memory === undefined) return take();
  const arn = memberRoleArn(role, target);
  if ((memory.until.get(arn) ?? 0) > memory.clock()) {
    throw refused(target, new RotationError('It was refused less than a minute ago.', { code: 'AccessDenied' }));
  }
  try {
    return await take();
  } catch (error) {
    if (isRefusedRole(error)) memory.until.set(arn, memory.clock() + ASK_AGAIN_AFTER);
    throw error;
  }
}
