import { isoSeconds, wholeSecond } from '../clock.ts';
import { AwsError, constraintError } from '../errors.ts';
import { text } from '../input.ts';
import { callerArn, type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { pageOfArray, target } from './iam-lookup.ts';
import { type AccessKey, type IamState, type IamUser, keysPerUser } from './iam-state.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html

function noSuchKey(accessKeyId: string): AwsError {
  return new AwsError(404, 'NoSuchEntity', `The Access Key with id ${accessKeyId} cannot be found.`);
}

function keyOf(user: IamUser, accessKeyId: string): AccessKey {
  const key = user.keys.find((candidate) => candidate.accessKeyId === accessKeyId);
  if (key === undefined) throw noSuchKey(accessKeyId);
  return key;
}

/** What the operations on access keys work on. */
interface AccessKeys {
  readonly environment: Environment;
  readonly state: IamState;
  /** How long a new key does not authenticate yet. */
  readonly propagationMs: number;
}

const operations: OperationsOn<AccessKeys> = {
  ListAccessKeys({ environment, state }, input, { principal, asOf }) {
    const user = target(state, input, principal, asOf);
    return pageOfArray(environment, input, user.keys, 'AccessKeyMetadata', (key) => ({
      UserName: user.userName,
      AccessKeyId: key.accessKeyId,
      Status: key.status,
      CreateDate: isoSeconds(key.createdAt),
    }));
  },

  CreateAccessKey({ state, propagationMs }, input, { principal, now }) {
    const user = target(state, input, principal);
    if (user.keys.length >= keysPerUser) {
      // Inactive keys count too. 409, and no throttle: SDKs do not retry it.
      throw new AwsError(409, 'LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${keysPerUser}`);
    }
    const key = state.newKey(user, now + propagationMs);
    state.save({ ...user, keys: [...user.keys, key] });
    return {
      AccessKey: {
        UserName: user.userName,
        AccessKeyId: key.accessKeyId,
        Status: key.status,
        SecretAccessKey: state.secretAccessKey(key.accessKeyId),
        CreateDate: isoSeconds(key.createdAt),
      },
    };
  },

  UpdateAccessKey({ state }, input, { principal, now }) {
    const status = text(input, 'Status');
    if (status !== 'Active' && status !== 'Inactive') {
      throw constraintError('status', 'satisfy enum value set: [Active, Inactive]');
    }
    const user = target(state, input, principal);
    const key = keyOf(user, text(input, 'AccessKeyId'));
    if (key.status === status) return;
    const activatedAt = status === 'Active' ? wholeSecond(now) : key.activatedAt;
    state.replaceKey(user.userId, { ...key, status, activatedAt });
  },

  DeleteAccessKey({ state }, input, { principal }) {
    const user = target(state, input, principal);
    const key = keyOf(user, text(input, 'AccessKeyId'));
    state.save({ ...user, keys: user.keys.filter((candidate) => candidate !== key) });
  },

  GetAccessKeyLastUsed({ state }, input, { principal, asOf }) {
    const accessKeyId = text(input, 'AccessKeyId');
    const found = state.findKey(accessKeyId, asOf);
    // Recorded from AWS: an unknown key is AccessDenied, not NoSuchEntity.
    if (found === undefined) {
      throw new AwsError(
        403,
        'AccessDenied',
        `User: ${callerArn(principal)} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key ${accessKeyId}`,
      );
    }
    const { lastUsed } = found.key;
    return {
      UserName: found.user.userName,
      AccessKeyLastUsed: {
        LastUsedDate: lastUsed && isoSeconds(wholeSecond(lastUsed.at)),
        ServiceName: lastUsed?.service ?? 'N/A',
        Region: lastUsed?.region ?? 'N/A',
      },
    };
  },
};

/** The operations on access keys. A new one authenticates only after `propagationMs`. */
export function createAccessKeyOperations(
  environment: Environment,
  state: IamState,
  propagationMs: number,
): Operations {
  return operationsOn({ environment, state, propagationMs }, operations);
}
