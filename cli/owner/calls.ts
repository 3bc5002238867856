import {
  DescribeSecretCommand,
  type DescribeSecretResponse,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  type GetCallerIdentityResponse,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { RotationError } from '../../shared/core/errors.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export type CredentialSource = Credentials | (() => Promise<Credentials>);

/** Who AWS says that somebody is. */
export interface Caller {
  accountId: string;
  partition: string;
  userId: string;
  arn: string;
  /** Of an IAM user; others have none. */
  userName: string | undefined;
}

/** The calls of `switch`, each as somebody. What fails is a RotationError that carries no secret. */
export interface Calls {
  callerIdentity(as: CredentialSource): Promise<Caller>;
  describeSecret(as: CredentialSource, secretId: string): Promise<DescribeSecretResponse>;
  /** The value of exactly this version, as long as it is the current one. */
  currentValue(as: CredentialSource, secretId: string, versionId: string): Promise<string>;
  sessionWithMfa(as: CredentialSource, serialNumber: string, code: string): Promise<Credentials>;
  accountOfKey(as: CredentialSource, accessKeyId: string): Promise<string>;
}

export interface CallOptions {
  region: string;
  endpoint: string | undefined;
  /** Told of each call, with `--verbose`. */
  onCall(permission: string, milliseconds: number, outcome: string): void;
}

/** Plain clients, each for one call, and without a logger in any mode: it would print what they carry. */
export function createCalls({ region, endpoint, onCall }: CallOptions): Calls {
  const options = (credentials: CredentialSource) => ({
    ...{ region, credentials, maxAttempts: 3 },
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const sts = (as: CredentialSource) => new STSClient(options(as));
  const secrets = (as: CredentialSource) => new SecretsManagerClient(options(as));

  async function call<Client extends { destroy(): void }, Answer>(
    permission: string,
    client: Client,
    send: (client: Client) => Promise<Answer>,
  ): Promise<Answer> {
    const begun = performance.now();
    let outcome = 'ok';
    try {
      return await send(client);
    } catch (error) {
      const translated = translate(error, permission);
      outcome = translated.code;
      throw translated;
    } finally {
      client.destroy();
      onCall(permission, Math.round(performance.now() - begun), outcome);
    }
  }

  return {
    async callerIdentity(as) {
      const answer = await call('sts:GetCallerIdentity', sts(as), (client) =>
        client.send(new GetCallerIdentityCommand({})),
      );
      return callerOf(answer);
    },
    describeSecret: (as, SecretId) =>
      call('secretsmanager:DescribeSecret', secrets(as), (client) =>
        client.send(new DescribeSecretCommand({ SecretId })),
      ),
    async currentValue(as, SecretId, VersionId) {
      const command = new GetSecretValueCommand({ SecretId, VersionId, VersionStage: 'AWSCURRENT' });
      const { SecretString } = await call('secretsmanager:GetSecretValue', secrets(as), (client) =>
        client.send(command),
      );
      return SecretString ?? '';
    },
    async sessionWithMfa(as, SerialNumber, TokenCode) {
      const command = new GetSessionTokenCommand({ SerialNumber, TokenCode, DurationSeconds: 900 });
      const { Credentials: made } = await call('sts:GetSessionToken', sts(as), (client) => client.send(command));
      const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = made ?? {};
      if (!accessKeyId || !secretAccessKey || !sessionToken)
        throw new RotationError('sts:GetSessionToken gave no session.');
      return { accessKeyId, secretAccessKey, sessionToken };
    },
    async accountOfKey(as, AccessKeyId) {
      const command = new GetAccessKeyInfoCommand({ AccessKeyId });
      return (await call('sts:GetAccessKeyInfo', sts(as), (client) => client.send(command))).Account ?? '';
    },
  };
}

function callerOf({ Account = '', UserId = '', Arn = '' }: GetCallerIdentityResponse): Caller {
  const [, partition = '', , , , resource = ''] = Arn.split(':');
  const userName = resource.startsWith('user/') ? resource.split('/').at(-1) : undefined;
  return { accountId: Account, partition, userId: UserId, arn: Arn, userName };
}

/**
 * By AWS's name of the failure, and its sentence only where AWS refused: what the SDK says of an answer that it could
 * not read would quote it. No cause is kept, since it holds the answer too.
 */
function translate(error: unknown, permission: string): RotationError {
  if (error instanceof RotationError) return error;
  const name = error instanceof Error ? error.name : 'UnknownError';
  const code = error instanceof Error && name === 'Error' && 'code' in error ? String(error.code) : name;
  const status = statusOf(error);
  const isRefusal = status !== undefined && status >= 400 && status < 500;
  const isThrottle = /throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i.test(code);
  const said = isRefusal && /AccessDenied/.test(code) && error instanceof Error ? `: ${error.message}` : '';
  return new RotationError(`Cannot call ${permission}: ${code}${said}.`.replace(/\.\.$/, '.'), {
    ...{ code, isDefinite: isRefusal, action: permission },
    isTransient: isThrottle || (status ?? 0) >= 500 || isBroken(code),
  });
}

function isBroken(code: string): boolean {
  return /^(ECONN|ETIMEDOUT|EPIPE|EAI_AGAIN|ENOTFOUND|EHOST|ENETUNREACH|TimeoutError|NetworkingError)/.test(code);
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
