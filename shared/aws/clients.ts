import { IAMClient } from '@aws-sdk/client-iam';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { STSClient } from '@aws-sdk/client-sts';
import type { FinalizeRequestMiddleware, MiddlewareStack } from '@smithy/types';
import { memberRoleName } from '../core/fleet/member-roles.ts';
import type { SecretAccessKey } from '../core/redacted.ts';
import { asRotationError, isRefusal } from './failure.ts';
import { type InAccount, memberCredentials } from './member-session.ts';

/** The clients of every AWS service in use, and how many calls went out through them. */
export interface Aws {
  iam: IAMClient;
  /** The same without retries, for CreateAccessKey: it has no idempotency token, so a retry could make a second key. */
  iamOnce: IAMClient;
  secrets: SecretsManagerClient;
  sns: SNSClient;
  sts: STSClient;
  /**
   * A client of a service that few functions need: only the bundles that import its class carry it. Of what belongs to
   * the account that is worked on: AWS Config, CloudTrail.
   */
  clientOf: ClientMaker;
  /** The same of what belongs to the deployment, in its own account: queues, keys, functions, alarms, the organization. */
  homeClientOf: ClientMaker;
  /** STS as the owner of a key, for its proof. Without retries: the proof polls by itself. */
  stsAs(accessKeyId: string, secret: SecretAccessKey): STSClient;
  /** Secrets of the same account in the fleet's other Regions, by Region: to see whether there are any. */
  elsewhere: ReadonlyMap<string, SecretsManagerClient>;
  /**
   * The clients that work in another account, by a session of its role. `sns`, `sts` and `homeClientOf` stay the
   * deployment's. One session for all of them, asked for with their first call.
   */
  inAccount(target: InAccount): Aws;
  /** Calls by operation (`iam:ListAccessKeys`) since the clients were made, in whatever account. */
  counts: ReadonlyMap<string, number>;
  /** Of those, the ones that ended with an error. */
  errors: ReadonlyMap<string, number>;
}

type Configuration = ConstructorParameters<typeof IAMClient>[0];
/** What tests and the demo pass: a request handler, a retry strategy, a Region. */
export type ClientOptions = Pick<
  NonNullable<Configuration>,
  'requestHandler' | 'retryStrategy' | 'region' | 'credentials' | 'endpoint' | 'profile'
>;

/** Operations that are permitted by another name. */
const ACTIONS: Actions = {
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
  DeleteMessageBatch: 'DeleteMessage',
  Invoke: 'InvokeFunction',
  SendMessageBatch: 'SendMessage',
};

/** Permission prefixes of the clients, as IAM policies write them. */
const PREFIXES = {
  CloudTrailClient: 'cloudtrail',
  CloudWatchClient: 'cloudwatch',
  CloudWatchLogsClient: 'logs',
  ConfigServiceClient: 'config',
  ECSClient: 'ecs',
  IAMClient: 'iam',
  KMSClient: 'kms',
  LambdaClient: 'lambda',
  OrganizationsClient: 'organizations',
  S3Client: 's3',
  SecretsManagerClient: 'secretsmanager',
  SNSClient: 'sns',
  SQSClient: 'sqs',
  SSMClient: 'ssm',
  STSClient: 'sts',
};

/**
 * Makes the clients. The endpoint comes from the SDK's own `AWS_ENDPOINT_URL`. Every failure leaves as a RotationError
 * that names the permission and the resource, and carries no secret.
 */
export function createAws(options: ClientOptions = {}, watcher: Watcher = {}): Aws {
  const [counts, errors] = [new Map<string, number>(), new Map<string, number>()];
  const home = clientsOf(options, { ...watcher, counts, errors });
  const { sns, sts, clientOf } = home;
  // Their connections too are shared: a session would otherwise begin with handshakes.
  const { requestHandler } = home.iam.config;
  const inAccount = (target: InAccount): Aws => {
    const { region, role, roleSuffix, accountId, otherRegions = [] } = target;
    const credentials = memberCredentials(sts, target);
    const caller = `the role ${memberRoleName(role, roleSuffix)} of account ${accountId}`;
    const member = clientsOf(
      { ...options, requestHandler, region, credentials },
      { ...watcher, counts, errors, caller },
    );
    const secretsIn = (other: string): SecretsManagerClient =>
      member.clientOf((own) => new SecretsManagerClient({ ...own, region: other }));
    const elsewhere = new Map(otherRegions.map((other) => [other, secretsIn(other)]));
    return { ...member, sns, sts, homeClientOf: clientOf, elsewhere, inAccount, counts, errors };
  };
  return { ...home, homeClientOf: clientOf, elsewhere: new Map(), inAccount, counts, errors };
}

/** Those of one account. */
function clientsOf(
  options: ClientOptions,
  watch: Watch,
): Omit<Aws, 'homeClientOf' | 'elsewhere' | 'inAccount' | 'counts' | 'errors'> {
  const retrying = { retryMode: 'adaptive', maxAttempts: 5, ...options };
  const { retryStrategy: _, ...once } = { ...options, maxAttempts: 1 };
  return {
    iam: watched(new IAMClient(retrying), watch),
    iamOnce: watched(new IAMClient(once), watch),
    secrets: watched(new SecretsManagerClient(retrying), watch),
    sns: watched(new SNSClient(retrying), watch),
    sts: watched(new STSClient(retrying), watch),
    clientOf: (make, actions = ACTIONS) => watched(make(retrying), { ...watch, actions }),
    stsAs: (accessKeyId, secret) =>
      watched(new STSClient({ ...once, credentials: { accessKeyId, secretAccessKey: secret.reveal() } }), watch),
  };
}

interface Watchable<Input extends object, Output extends object> {
  middlewareStack: MiddlewareStack<Input, Output>;
}

/** Who looks on while calls are made. */
export interface Watcher {
  /** Whoever calls, as a sentence about a missing permission calls them; a function's role by default. */
  caller?: string;
  /** Told of each call when it is over: `iam:GetUser`, and nothing of what it carried. */
  onCall?(permission: string, ms: number): void;
}

/** Operation → the action that permits it, where that has another name. */
type Actions = Readonly<Record<string, string>>;

interface Watch extends Watcher {
  counts: Map<string, number>;
  errors: Map<string, number>;
  actions?: Actions;
}

/** Makes a client of a service, with the connection and the credentials of an account. */
export type ClientMaker = <Input extends object, Output extends object, Client extends Watchable<Input, Output>>(
  make: (options: ClientOptions) => Client & Watchable<Input, Output>,
  actions?: Actions,
) => Client;

/**
 * Outside the SDK's retries: one count and one translation for each call, however often it was tried. Inside them: what
 * each try came to, since a refusal of the last one says nothing about one before it that was never answered.
 */
function watched<Input extends object, Output extends object, Client extends Watchable<Input, Output>>(
  client: Client & Watchable<Input, Output>,
  { counts, errors, onCall, actions = ACTIONS, ...caller }: Watch,
): Client {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const permission = permissionOf(context, actions);
      counts.set(permission, (counts.get(permission) ?? 0) + 1);
      const startedAt = performance.now();
      try {
        return await next(args);
      } catch (error) {
        errors.set(permission, (errors.get(permission) ?? 0) + 1);
        const isUncertain = context[UNCERTAIN] === true;
        throw asRotationError(error, { permission, input: args.input, isUncertain, ...caller });
      } finally {
        onCall?.(permission, performance.now() - startedAt);
      }
    },
    { step: 'initialize', name: 'keyturnWatch', priority: 'high' },
  );
  const noteUncertainty: FinalizeRequestMiddleware<Input, Output> = (next, context) => async (args) => {
    try {
      return await next(args);
    } catch (error) {
      if (!isRefusal(error)) context[UNCERTAIN] = true;
      throw error;
    }
  };
  client.middlewareStack.addRelativeTo(noteUncertainty, {
    relation: 'after',
    toMiddleware: 'retryMiddleware',
    name: 'keyturnNoteUncertainty',
  });
  return client;
}

/** Set once a try of the call got no answer: it may have had its effect, no matter how a later try ended. */
const UNCERTAIN = 'keyturnUncertain';

function permissionOf(context: { clientName?: string; commandName?: string }, actions: Actions): string {
  const prefix = Object.entries(PREFIXES).find(([name]) => name === context.clientName)?.[1] ?? context.clientName;
  const { commandName = '' } = context;
  const operation = commandName.replace(/Command$/, '');
  return `${prefix}:${actions[operation] ?? operation}`;
}
