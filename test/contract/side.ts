import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { IAMClient } from '@aws-sdk/client-iam';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { CreateOrganizationCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import type { LocalAws } from '../../local/aws/aws.ts';
import type { KeyState } from '../../local/aws/kms-keys.ts';
import { createLocalOrganization } from '../../local/organization/organization.ts';
import type { Exchange } from './exchange.ts';
import { recordConnections } from './recording.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface NewBucket {
  readonly name: string;
  readonly isVersioned?: boolean;
  readonly lockDays?: number;
}

/** Clients of one emulator; a scenario cannot tell which. */
export interface Side {
  readonly iam: IAMClient;
  readonly sts: STSClient;
  readonly secrets: SecretsManagerClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly config: ConfigServiceClient;
  readonly kms: KMSClient;
  readonly organizations: OrganizationsClient;
  readonly s3: S3Client;
  /** The same account, called with other keys. */
  as(credentials: Credentials): Side;
  /** Time that AWS needs: of the local clock only, since moto has no delays. */
  wait(ms: number): void;
  /** An HMAC_256 key under the alias, in that state. */
  hmacKey(alias: string, state: KeyState): Promise<void>;
  /** A key of P-256 that signs, under the alias. */
  signingKey(alias: string): Promise<void>;
  /** A bucket, whose new objects are locked (governance) for so many days. */
  bucket(made: NewBucket): Promise<void>;
  /** The root user has a virtual MFA device: of the local account only, since moto knows no root user. */
  rootMfa(): void;
  /** From here on the account has an organization, of which it is the management account. */
  organization(): Promise<void>;
  /** What subscribed queues got from topics; in moto that is in the queue with this address. */
  delivered(queueUrl: string): Promise<readonly string[]>;
}

/** What the two do each in its own way. */
type Own = Pick<Side, 'wait' | 'hmacKey' | 'signingKey' | 'bucket' | 'rootMfa' | 'organization' | 'delivered'>;

/** What makes the difference between the two: a handler without a socket, or an address. */
type Options = Pick<NonNullable<ConstructorParameters<typeof IAMClient>[0]>, 'requestHandler' | 'endpoint'>;

const operator: Credentials = { accessKeyId: 'ASIAOPERATOR00000000', secretAccessKey: 'not-verified' };

function createSide(options: Options, own: Own, credentials = operator): Side {
  const config = { region: 'eu-west-1', maxAttempts: 1, ...options, credentials };
  return {
    iam: new IAMClient(config),
    sts: new STSClient(config),
    secrets: new SecretsManagerClient(config),
    sns: new SNSClient(config),
    sqs: new SQSClient({ ...config, useQueueUrlAsEndpoint: false }),
    config: new ConfigServiceClient(config),
    kms: new KMSClient(config),
    organizations: new OrganizationsClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    as: (other) => createSide(options, own, other),
    ...own,
  };
}

/** A new, empty local AWS, with everything recorded that goes over its wire. */
export function localSide(): { side: Side; aws: LocalAws; exchanges: Exchange[] } {
  const own = '111122223333';
  const organization = createLocalOrganization({
    hub: own,
    management: own,
    tree: { id: 'r-ab12', name: 'Root' },
    accounts: [],
  });
  const aws = organization.account(own);
  const exchanges: Exchange[] = [];
  recordConnections(aws, exchanges);
  const { requestHandler } = aws.connect('contract');
  const ways: Own = {
    wait: aws.clock.advance,
    async hmacKey(alias, state) {
      aws.kms.setState(aws.kms.addHmacKey({ alias }).keyId, state);
    },
    async signingKey(alias) {
      aws.kms.addSigningKey({ alias });
    },
    async bucket({ name, isVersioned = false, lockDays: days }) {
      const lock = days === undefined ? {} : { objectLock: { mode: 'GOVERNANCE' as const, days } };
      aws.s3.addBucket({ name, isVersioned: isVersioned || days !== undefined, ...lock });
    },
    rootMfa() {
      aws.iam.setRootMfa('virtual');
    },
    async organization() {},
    delivered: async () => aws.sns.delivered.map(({ text }) => text),
  };
  return { side: createSide({ requestHandler }, ways), aws, exchanges };
}

/** moto, emptied. */
export async function motoSide(url: string): Promise<Side> {
  const answer = await fetch(`${url}/moto-api/reset`, { method: 'POST' });
  if (!answer.ok) throw new Error(`moto could not be reset: HTTP ${answer.status}`);
  const config = { region: 'eu-west-1', endpoint: url, credentials: operator };
  const kms = new KMSClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const sqs = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
  const own: Own = {
    wait() {},
    async hmacKey(AliasName, state) {
      const made = await kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }));
      const KeyId = made.KeyMetadata?.KeyId;
      await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }));
      if (state === 'Disabled') await kms.send(new DisableKeyCommand({ KeyId }));
      if (state === 'PendingDeletion') await kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
    },
    async signingKey(AliasName) {
      const made = await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }));
      await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: made.KeyMetadata?.KeyId }));
    },
    async bucket({ name: Bucket, isVersioned = false, lockDays: Days }) {
      const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const };
      const ObjectLockEnabledForBucket = Days !== undefined;
      await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration, ObjectLockEnabledForBucket }));
      if (isVersioned) {
        const VersioningConfiguration = { Status: 'Enabled' as const };
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      }
      if (Days === undefined) return;
      const Rule = { DefaultRetention: { Mode: 'GOVERNANCE' as const, Days } };
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule };
      await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    },
    rootMfa() {},
    async organization() {
      const organizations = new OrganizationsClient({ ...config, region: 'us-east-1' });
      await organizations.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
    },
    async delivered(QueueUrl) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      return Messages.map(({ Body = '' }) => Body);
    },
  };
  return createSide({ endpoint: url }, own);
}
