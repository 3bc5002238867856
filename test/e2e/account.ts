import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DetachGroupPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  type Tag,
} from '@aws-sdk/client-iam';
import { DescribeKeyCommand, GenerateMacCommand, KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms';
import {
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { ACCOUNT, DEPLOYER, type Emulator, REGION } from './emulator.ts';
import type { KeyPair } from './terminal.ts';

export interface User {
  userName: string;
  userId: string;
  keys: KeyPair[];
}

export interface Announcement {
  event: string;
  userName?: string;
  accessKeyId?: string;
  newAccessKeyId?: string;
  transitionId: string;
  reason?: string;
}

export interface SecretView {
  name: string;
  arn: string;
  /** Label → version. A key's label is its access key ID here, without the MAC. */
  labels: Map<string, string>;
  writtenLabels: string[];
  tags: Map<string, string>;
  policy: string;
  /** Undefined for the key `aws/secretsmanager`. */
  kmsKeyId: string | undefined;
}

const GROUP = 'key-owners';

/** What an administrator sees and does, through the AWS APIs. */
export type Account = Awaited<ReturnType<typeof createAccount>>;

export async function createAccount({ endpoint, age }: Emulator) {
  const options = { endpoint, region: REGION, credentials: DEPLOYER };
  const iam = new IAMClient(options);
  const secrets = new SecretsManagerClient(options);
  const sqs = new SQSClient({ ...options, useQueueUrlAsEndpoint: false });
  const sns = new SNSClient(options);
  const kms = new KMSClient(options);
  const sts = new STSClient(options);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'operators-inbox' }));

  await iam.send(new CreateGroupCommand({ GroupName: GROUP }));
  const inbox: string[] = [];

  async function createKey(UserName: string, days: number): Promise<KeyPair> {
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
    await age(accessKeyId, days);
    return { accessKeyId, secretAccessKey };
  }

  return {
    /** Every message that the operators ever got. */
    inbox,
    /** Credentials of a deployed role, as Lambda gets them. */
    async assume(roleArn: string) {
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'e2e' }));
      const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '', SessionToken } = Credentials ?? {};
      return { accessKeyId, secretAccessKey, sessionToken: SessionToken ?? '' };
    },
    async createUser(
      userName: string,
      keyAgesInDays: number[],
      { tags = {}, path }: { tags?: Record<string, string>; path?: string } = {},
    ): Promise<User> {
      const Tags = Object.entries(tags).map(([Key, Value]): Tag => ({ Key, Value }));
      const { User: user } = await iam.send(new CreateUserCommand({ UserName: userName, Tags, Path: path }));
      const keys: KeyPair[] = [];
      for (const days of keyAgesInDays) keys.push(await createKey(userName, days));
      return { userName, userId: user?.UserId ?? '', keys };
    },
    /** As docs/operations.md says: the owners' policy of the stack, for a group of all owners. */
    async letOwnersRead(PolicyArn: string): Promise<void> {
      await iam.send(new AttachGroupPolicyCommand({ GroupName: GROUP, PolicyArn }));
    },
    async addOwners(users: readonly User[]): Promise<void> {
      for (const { userName } of users) {
        await iam.send(new AddUserToGroupCommand({ GroupName: GROUP, UserName: userName }));
      }
    },
    async detachOwnersPolicy(PolicyArn: string): Promise<void> {
      await iam.send(new DetachGroupPolicyCommand({ GroupName: GROUP, PolicyArn }));
    },
    /** Access key ID → status. */
    async keysOf(UserName: string): Promise<Map<string, string>> {
      const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
      return new Map(AccessKeyMetadata.map(({ AccessKeyId = '', Status = '' }) => [AccessKeyId, Status]));
    },
    async secretOf({ userId }: User): Promise<SecretView | undefined> {
      const SecretId = `keyturn/${userId}/access-key`;
      try {
        const {
          Name = '',
          ARN = '',
          VersionIdsToStages = {},
          Tags = [],
          KmsKeyId: kmsKeyId,
        } = await secrets.send(new DescribeSecretCommand({ SecretId }));
        const { ResourcePolicy = '' } = await secrets.send(new GetResourcePolicyCommand({ SecretId }));
        const labels = Object.entries(VersionIdsToStages).flatMap(([id, stages]) =>
          (stages ?? []).map((stage) => [stage, id] as const),
        );
        const bare = labels.map(([label, id]) => [label.split('.')[0] ?? '', id] as const);
        return {
          name: Name,
          arn: ARN,
          labels: new Map(bare),
          writtenLabels: labels.map(([label]) => label),
          tags: new Map(Tags.map(({ Key = '', Value = '' }) => [Key, Value])),
          policy: ResourcePolicy,
          kmsKeyId,
        };
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
    /** Undefined if there is no such alias. */
    async keyOfAlias(name: string) {
      const { Aliases = [] } = await kms.send(new ListAliasesCommand({}));
      const KeyId = Aliases.find(({ AliasName }) => AliasName === name)?.TargetKeyId;
      if (KeyId === undefined) return undefined;
      return (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    },
    /** What the functions derive from the state key, which no role but theirs gets. */
    async derivedStateKey(KeyId: string): Promise<Buffer> {
      const Message = Buffer.from('keyturn/state-key/1/epoch/1');
      const { Mac } = await kms.send(new GenerateMacCommand({ KeyId, MacAlgorithm: 'HMAC_SHA_256', Message }));
      return Buffer.from(Mac ?? []);
    },
    async subscribeOperators(TopicArn: string): Promise<void> {
      const Endpoint = `arn:aws:sqs:${REGION}:${ACCOUNT}:operators-inbox`;
      const Attributes = { RawMessageDelivery: 'true' };
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
    },
    /** Takes what was published since the last time. */
    async readInbox(): Promise<Announcement[]> {
      const announcements: Announcement[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
        if (Messages.length === 0) return announcements;
        for (const { Body = '', ReceiptHandle } of Messages) {
          inbox.push(Body);
          announcements.push(JSON.parse(Body) as Announcement);
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
      }
    },
  };
}
