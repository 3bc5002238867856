import { isoSeconds } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { optionalInteger, text } from '../input.ts';
import { callerArn, type Environment, type Operations } from '../service.ts';
import { assumeRole, type Neighbours } from './assume-role.ts';
import type { IamState } from './iam-state.ts';

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
const shortestSeconds = 900;
const longestSeconds = 129_600;
const usualSeconds = 43_200;

/** STS as this service and its users use it. https://docs.aws.amazon.com/STS/latest/APIReference/ */
export function createSts(
  environment: Environment,
  state: IamState,
  neighbours: Neighbours,
): { operations: Operations } {
  const { accountId, random } = environment;
  const { sessions } = state;
  return {
    operations: {
      GetCallerIdentity: (_input, { principal }) => ({
        Arn: callerArn(principal),
        UserId: principal.userId,
        Account: accountId,
      }),

      AssumeRole: (input, context) => assumeRole({ environment, state, neighbours }, input, context),

      // Of any access key ID, also of one that is gone: the ID itself tells.
      // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
      GetAccessKeyInfo(input) {
        const Account = neighbours.accountOfKey(text(input, 'AccessKeyId'));
        if (Account === undefined) throw new AwsError(403, 'AccessDenied', 'Access Denied');
        return { Account };
      },

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
