import { EventError, isFailure, RotationError } from '../../shared/core/errors.ts';
import { secretNameOf } from '../../shared/core/secret-name.ts';
import type { Caller, Calls, CredentialSource } from './calls.ts';
import type { SwitchRequest, Tools } from './request.ts';
import type { Wanted } from './secret.ts';

export interface Identified {
  wanted: Wanted;
  expected: { accountId: string; userId: string; userName: string | undefined };
  as: CredentialSource;
}

/** Whose key it is: by the key itself, or, if it works no more, by the secret that somebody else reads. */
export async function identify(request: SwitchRequest, { calls }: Tools): Promise<Identified> {
  const { present, reader, region, secretId, userName } = request;
  const { accessKeyId, secret } = present.pair;
  if (reader === undefined) {
    const as = { accessKeyId, secretAccessKey: secret.reveal() };
    const caller = await presentCaller(calls, accessKeyId, as);
    const { accountId, partition, userId } = caller;
    if (caller.userName === undefined) {
      throw new EventError(
        `${accessKeyId} is the key of ${caller.arn}, which is no IAM user: Keyturn has none for it.`,
      );
    }
    const wanted = { secretId: secretId ?? secretNameOf('keyturn', userId), accountId, partition, region, userId };
    return { as, wanted, expected: { accountId, userId, userName: caller.userName } };
  }
  const { as, profile } = reader;
  const caller = await calls.callerIdentity(as);
  const isUser = caller.userName !== undefined;
  if (secretId === undefined && !isUser) {
    throw new EventError(
      `--read-with ${profile}: ${caller.arn} is not the user whose key it is. Name the secret and the user: --secret, --user.`,
    );
  }
  const accountId = await accountOf(calls, reader, { accessKeyId, caller });
  const { partition, userId } = caller;
  if (secretId !== undefined) {
    const wanted = { secretId, accountId, partition, region, userId: undefined };
    return { as, wanted, expected: { accountId, userId: '', userName } };
  }
  const wanted = { secretId: secretNameOf('keyturn', userId), accountId, partition, region, userId };
  return { as, wanted, expected: { accountId, userId, userName: userName ?? caller.userName } };
}

/** An owner may lack the permission: then it is their own account, where the labels of their secret must know the key. */
async function accountOf(
  calls: Calls,
  { as }: { as: CredentialSource },
  { accessKeyId, caller }: { accessKeyId: string; caller: Caller },
): Promise<string> {
  try {
    return await calls.accountOfKey(as, accessKeyId);
  } catch (error) {
    if (caller.userName === undefined || !isFailure(error, 'AccessDenied')) throw error;
    return caller.accountId;
  }
}

async function presentCaller(calls: Calls, accessKeyId: string, as: CredentialSource): Promise<Caller> {
  try {
    return await calls.callerIdentity(as);
  } catch (error) {
    const isDead = isFailure(error, 'InvalidClientTokenId');
    if (!isDead && !isFailure(error, 'SignatureDoesNotMatch')) throw error;
    const why = isDead ? 'no longer works' : 'does not fit the secret access key beside it';
    throw new RotationError(
      `The present key ${accessKeyId} ${why}. Read the new one as someone who may: sign in by \`aws login --profile signin\`, and add --read-with signin.`,
    );
  }
}

/** Only to read: a session of the old key must never be what anything else depends on. */
export async function withMfa(
  { mfaSerial }: SwitchRequest,
  { calls, ask }: Tools,
  as: CredentialSource,
): Promise<CredentialSource> {
  if (mfaSerial === undefined) return as;
  const code = await ask.hidden(`Code of ${mfaSerial}`, 'a terminal');
  return calls.sessionWithMfa(as, mfaSerial, code);
}
