import { isoSeconds } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { optionalInteger } from '../input.ts';
import { callerArn, type Environment, type Operations } from '../service.ts';
import type { IamState } from './iam-state.ts';

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
const shortestSeconds = 900;
const longestSeconds = 129_600;
const usualSeconds = 43_200;

/** STS as this service and its users use it. https://docs.aws.amazon.com/STS/latest/APIReference/ */
export function createSts({ accountId, random }: Environment, { sessions }: IamState): { operations: Operations } {
  return {
    operations: {
      GetCallerIdentity: (_input, { principal }) => ({
        Arn: callerArn(principal),
        UserId: principal.userId,
        Account: accountId,
      }),

      // Of any access key ID, also of one that is gone: the ID itself tells. There is one account here.
      // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
      GetAccessKeyInfo: () => ({ Account: accountId }),

      // Nothing ties the session to the key from here on: deactivating the key does not end it.
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
      GetSessionToken(input, { principal, now }) {
        if (principal.kind !== 'user' || principal.issuedAt !== undefined) {
          throw new AwsError(403, 'AccessDenied', 'Cannot call GetSessionToken with session credentials');
        }
        const seconds = optionalInteger(input, 'DurationSeconds', shortestSeconds, longestSeconds) ?? usualSeconds;
        const session = {
          userId: principal.userId,
          secretAccessKey: random.text(40),
          sessionToken: random.text(128),
          issuedAt: now,
          expiresAt: now + seconds * 1000,
        };
        const accessKeyId = `ASIA${random.text(16)}`;
        sessions.set(accessKeyId, session);
        return {
          Credentials: {
            AccessKeyId: accessKeyId,
            SecretAccessKey: session.secretAccessKey,
            SessionToken: session.sessionToken,
            Expiration: isoSeconds(session.expiresAt),
          },
        };
      },
    },
  };
}
