import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type DescribeSecretResponse,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const SecretId = 'keyturn/AIDAEXAMPLE/access-key';
const v1 = 'version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const v2 = 'version-2-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const v3 = 'version-3-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const tag = { Key: 'keyturn:user-id', Value: 'AIDAEXAMPLE' };
const allow = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: 'secretsmanager:GetSecretValue',
      Resource: '*',
    },
  ],
});
const allowEverybody = allow.replace('{"AWS":"arn:aws:iam::111122223333:root"}', '"*"');

const create = ({ secrets }: Side, Tags = [tag]) =>
  secrets.send(new CreateSecretCommand({ Name: SecretId, Description: 'access key of alice', Tags }));
const put = ({ secrets }: Side, token: string, VersionStages?: string[], SecretString = token) =>
  secrets.send(new PutSecretValueCommand({ SecretId, ClientRequestToken: token, SecretString, VersionStages }));
const describe = ({ secrets }: Side) => secrets.send(new DescribeSecretCommand({ SecretId }));
const read = ({ secrets }: Side, VersionStage?: string, VersionId?: string) =>
  secrets.send(new GetSecretValueCommand({ SecretId, VersionStage, VersionId }));
const move = ({ secrets }: Side, VersionStage: string, MoveToVersionId?: string, RemoveFromVersionId?: string) =>
  secrets.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }));
const labels = async (side: Side) => (await describe(side)).VersionIdsToStages;

/** v1 current, with the label KEY1. */
async function oneVersion(side: Side): Promise<void> {
  await create(side);
  await put(side, v1, ['AWSPENDING', 'KEY1']);
}

/** v1 current and v2 pending, each with a label of its own. */
async function twoVersions(side: Side): Promise<void> {
  await oneVersion(side);
  await put(side, v2, ['AWSPENDING', 'KEY2']);
}

/** The parts of an answer about replicas that this service reads. */
const replicas = ({ ARN, ReplicationStatus }: Pick<DescribeSecretResponse, 'ARN' | 'ReplicationStatus'>) => {
  return { ARN, ReplicationStatus: ReplicationStatus?.map(({ Region, Status }) => ({ Region, Status })) };
};
const replicate = async ({ secrets }: Side) => {
  const AddReplicaRegions = [{ Region: 'us-east-1' }];
  return replicas(await secrets.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions })));
};
const describeReplicas = async (side: Side) => replicas(await describe(side));

async function deleted(side: Side): Promise<void> {
  await twoVersions(side);
  await side.secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
}

export const secretsManagerScenarios = [
  scenario('CreateSecret without a value', { call: (side) => create(side), after: describe }),
  scenario('CreateSecret with a value', {
    call: ({ secrets }) =>
      secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'x', ClientRequestToken: v1 })),
    after: async (side) => [await describe(side), await read(side)],
  }),
  scenario('CreateSecret with a name that is taken', { given: (side) => create(side), call: (side) => create(side) }),
  scenario('CreateSecret with a name that is pending deletion', { given: deleted, call: (side) => create(side) }),
  scenario('CreateSecret with a comma in the name', {
    call: ({ secrets }) => secrets.send(new CreateSecretCommand({ Name: 'a,b' })),
  }),
  scenario('CreateSecret with both kinds of value', {
    call: ({ secrets }) =>
      secrets.send(new CreateSecretCommand({ Name: 'a', SecretString: 'x', SecretBinary: Buffer.from('x') })),
  }),
  scenario('CreateSecret with a key', {
    call: ({ secrets }) => secrets.send(new CreateSecretCommand({ Name: SecretId, KmsKeyId: 'alias/mine' })),
    after: describe,
  }),
  scenario('DescribeSecret without tags', {
    given: (side) => create(side, []),
    call: describe,
  }),
  scenario('DescribeSecret that is not there', { call: describe }),
  scenario('DescribeSecret by its partial ARN', {
    given: async (side) => (await create(side)).ARN?.slice(0, -7),
    call: ({ secrets }, arn) => secrets.send(new DescribeSecretCommand({ SecretId: arn })),
  }),
  scenario('DescribeSecret pending deletion', { given: deleted, call: describe }),
  scenario('GetSecretValue without a value', { given: (side) => create(side), call: (side) => read(side) }),
  scenario('GetSecretValue by default, after AWSCURRENT was moved', {
    async given(side) {
      await twoVersions(side);
      await move(side, 'AWSCURRENT', v2, v1);
    },
    call: (side) => read(side),
  }),
  scenario('GetSecretValue by label', { given: twoVersions, call: (side) => read(side, 'KEY2') }),
  scenario('GetSecretValue by version', { given: twoVersions, call: (side) => read(side, undefined, v2) }),
  scenario('GetSecretValue by a label that is not there', {
    given: twoVersions,
    call: (side) => read(side, 'AWSPREVIOUS'),
  }),
  scenario('GetSecretValue by a version that is not there', {
    given: twoVersions,
    call: (side) => read(side, undefined, v3),
  }),
  scenario('GetSecretValue by a label and a version that do not agree', {
    given: twoVersions,
    call: (side) => read(side, 'KEY1', v2),
  }),
  scenario('GetSecretValue pending deletion', { given: deleted, call: (side) => read(side) }),
  scenario('PutSecretValue, the first, pending', {
    given: (side) => create(side),
    call: (side) => put(side, v1, ['AWSPENDING', 'KEY1']),
    after: labels,
  }),
  scenario('PutSecretValue, the second, pending', {
    given: oneVersion,
    call: (side) => put(side, v2, ['AWSPENDING', 'KEY2']),
    after: labels,
  }),
  scenario('PutSecretValue without labels', { given: oneVersion, call: (side) => put(side, v2), after: labels }),
  scenario('PutSecretValue with a used token and the same value', {
    given: twoVersions,
    call: (side) => put(side, v2, ['AWSPENDING', 'KEY2']),
    after: labels,
  }),
  scenario('PutSecretValue with a used token and another value', {
    given: twoVersions,
    call: (side) => put(side, v2, ['AWSPENDING', 'KEY2'], 'other'),
    after: (side) => read(side, 'KEY2'),
  }),
  scenario('PutSecretValue with a token of 31 characters', {
    given: (side) => create(side),
    call: (side) => put(side, 'x'.repeat(31)),
  }),
  scenario('PutSecretValue with 65,537 bytes', {
    given: (side) => create(side),
    call: (side) => put(side, v1, undefined, 'x'.repeat(65_537)),
  }),
  scenario('PutSecretValue without a value', {
    given: (side) => create(side),
    call: ({ secrets }) => secrets.send(new PutSecretValueCommand({ SecretId, ClientRequestToken: v1 })),
  }),
  scenario('PutSecretValue pending deletion', { given: deleted, call: (side) => put(side, v3, ['KEY3']) }),
  scenario('PutSecretValue into a secret that is not there', { call: (side) => put(side, v1) }),
  scenario('UpdateSecretVersionStage moves AWSCURRENT', {
    given: twoVersions,
    call: (side) => move(side, 'AWSCURRENT', v2, v1),
    after: labels,
  }),
  scenario('UpdateSecretVersionStage moves AWSCURRENT back', {
    async given(side) {
      await twoVersions(side);
      await move(side, 'AWSCURRENT', v2, v1);
    },
    call: (side) => move(side, 'AWSCURRENT', v1, v2),
    after: labels,
  }),
  scenario('UpdateSecretVersionStage moves AWSCURRENT off a version that does not have it', {
    given: twoVersions,
    call: (side) => move(side, 'AWSCURRENT', v2, v2),
    after: labels,
  }),
  scenario('UpdateSecretVersionStage moves AWSCURRENT without naming where it is', {
    given: twoVersions,
    call: (side) => move(side, 'AWSCURRENT', v2),
    after: labels,
  }),
  scenario('UpdateSecretVersionStage takes AWSCURRENT off', {
    given: twoVersions,
    call: (side) => move(side, 'AWSCURRENT', undefined, v1),
    after: labels,
  }),
  scenario('UpdateSecretVersionStage takes a label off', {
    given: twoVersions,
    call: (side) => move(side, 'KEY2', undefined, v2),
    after: labels,
  }),
  scenario('UpdateSecretVersionStage puts a new label on', {
    given: twoVersions,
    call: (side) => move(side, 'KEY3', v2),
    after: labels,
  }),
  scenario('UpdateSecretVersionStage to a version that is not there', {
    given: twoVersions,
    call: (side) => move(side, 'AWSCURRENT', v3, v1),
  }),
  scenario('UpdateSecretVersionStage with a 21st label', {
    async given(side) {
      await twoVersions(side);
      for (let i = 0; i < 16; i++) await move(side, `L${i}`, v1);
    },
    call: (side) => move(side, 'L16', v1),
  }),
  scenario('UpdateSecretVersionStage pending deletion', {
    given: deleted,
    call: (side) => move(side, 'AWSCURRENT', v2, v1),
  }),
  scenario('ListSecretVersionIds', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new ListSecretVersionIdsCommand({ SecretId })),
  }),
  scenario('ListSecretVersionIds after the labels of a version were taken off', {
    async given(side) {
      await twoVersions(side);
      await move(side, 'KEY2', undefined, v2);
      await move(side, 'AWSPENDING', undefined, v2);
    },
    call: ({ secrets }) => secrets.send(new ListSecretVersionIdsCommand({ SecretId })),
    after: ({ secrets }) => secrets.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true })),
  }),
  scenario('ListSecrets by prefix', {
    async given(side) {
      await twoVersions(side);
      await side.secrets.send(new CreateSecretCommand({ Name: 'other' }));
    },
    call: ({ secrets }) => secrets.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['keyturn/'] }] })),
  }),
  scenario('ListSecrets by tag', {
    async given(side) {
      await twoVersions(side);
      await side.secrets.send(new CreateSecretCommand({ Name: 'other' }));
    },
    call: async ({ secrets }) => {
      const Filters = [
        { Key: 'tag-key' as const, Values: ['keyturn:user-id'] },
        { Key: 'tag-value' as const, Values: ['AIDA'] },
      ];
      return (await secrets.send(new ListSecretsCommand({ Filters }))).SecretList?.map(({ Name }) => Name);
    },
  }),
  scenario('ListSecrets by pages', {
    async given(side) {
      await twoVersions(side);
      await side.secrets.send(new CreateSecretCommand({ Name: 'other' }));
    },
    call: async ({ secrets }) => {
      const first = await secrets.send(new ListSecretsCommand({ MaxResults: 1 }));
      const second = await secrets.send(new ListSecretsCommand({ MaxResults: 1, NextToken: first.NextToken }));
      return [first, second].map(({ SecretList, NextToken }) => [SecretList?.length, NextToken !== undefined]);
    },
  }),
  scenario('ListSecrets without those pending deletion', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new ListSecretsCommand({})),
  }),
  scenario('ListSecrets with those pending deletion', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new ListSecretsCommand({ IncludePlannedDeletion: true })),
  }),
  scenario('UpdateSecret changes the description', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new UpdateSecretCommand({ SecretId, Description: 'new' })),
    after: describe,
  }),
  scenario('UpdateSecret pending deletion', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new UpdateSecretCommand({ SecretId, Description: 'new' })),
  }),
  scenario('TagResource merges by key', {
    given: twoVersions,
    call: ({ secrets }) =>
      secrets.send(
        new TagResourceCommand({
          SecretId,
          Tags: [
            { Key: 'keyturn:user-id', Value: 'new' },
            { Key: 'keyturn:doing', Value: 'issue 2026-01-01T00:00:00.000Z' },
          ],
        }),
      ),
    after: async (side) => (await describe(side)).Tags?.toSorted((a, b) => ((a.Key ?? '') < (b.Key ?? '') ? -1 : 1)),
  }),
  scenario('TagResource with a 51st tag', {
    given: twoVersions,
    call: ({ secrets }) =>
      secrets.send(
        new TagResourceCommand({ SecretId, Tags: Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' })) }),
      ),
  }),
  scenario('TagResource with a value of 257 characters', {
    given: twoVersions,
    call: ({ secrets }) =>
      secrets.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'k', Value: 'x'.repeat(257) }] })),
  }),
  scenario('TagResource with a reserved key', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'aws:x', Value: 'y' }] })),
  }),
  scenario('TagResource pending deletion', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'k', Value: 'v' }] })),
  }),
  scenario('UntagResource', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new UntagResourceCommand({ SecretId, TagKeys: ['keyturn:user-id', 'none'] })),
    after: async (side) => (await describe(side)).Tags ?? [],
  }),
  scenario('PutResourcePolicy and GetResourcePolicy', {
    given: twoVersions,
    call: ({ secrets }) =>
      secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: allow, BlockPublicPolicy: true })),
    after: ({ secrets }) => secrets.send(new GetResourcePolicyCommand({ SecretId })),
  }),
  scenario('PutResourcePolicy for everybody, with BlockPublicPolicy', {
    given: twoVersions,
    call: ({ secrets }) =>
      secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: allowEverybody, BlockPublicPolicy: true })),
  }),
  scenario('PutResourcePolicy that is no JSON', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: 'no JSON' })),
  }),
  scenario('PutResourcePolicy pending deletion', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: allow })),
  }),
  scenario('GetResourcePolicy of a secret without one', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new GetResourcePolicyCommand({ SecretId })),
  }),
  scenario('DeleteResourcePolicy', {
    async given(side) {
      await twoVersions(side);
      await side.secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: allow }));
    },
    call: ({ secrets }) => secrets.send(new DeleteResourcePolicyCommand({ SecretId })),
    after: ({ secrets }) => secrets.send(new GetResourcePolicyCommand({ SecretId })),
  }),
  scenario('ReplicateSecretToRegions', { given: twoVersions, call: replicate, after: describeReplicas }),
  scenario('RemoveRegionsFromReplication', {
    async given(side) {
      await twoVersions(side);
      await replicate(side);
    },
    call: ({ secrets }) =>
      secrets.send(new RemoveRegionsFromReplicationCommand({ SecretId, RemoveReplicaRegions: ['us-east-1'] })),
    after: describeReplicas,
  }),
  scenario('CreateSecret again after DeleteSecret without recovery has another ARN', {
    async given(side) {
      const { ARN } = await create(side);
      await side.secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
      return [ARN];
    },
    call: async (side, [before]) => (await create(side)).ARN !== before,
  }),
  scenario('DeleteSecret with a recovery window', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 })),
  }),
  scenario('DeleteSecret twice', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 })),
  }),
  scenario('DeleteSecret without recovery', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
    after: describe,
  }),
  scenario('DeleteSecret without recovery of a secret that is not there', {
    call: ({ secrets }) => secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
  }),
  scenario('DeleteSecret with a window of 6 days', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 6 })),
  }),
  scenario('RestoreSecret', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new RestoreSecretCommand({ SecretId })),
    after: describe,
  }),
  scenario('RotateSecret without a function', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new RotateSecretCommand({ SecretId, ClientRequestToken: v3 })),
  }),
  scenario('CancelRotateSecret of a secret that never rotated', {
    given: twoVersions,
    call: ({ secrets }) => secrets.send(new CancelRotateSecretCommand({ SecretId })),
  }),
  scenario('CancelRotateSecret pending deletion', {
    given: deleted,
    call: ({ secrets }) => secrets.send(new CancelRotateSecretCommand({ SecretId })),
  }),
];
