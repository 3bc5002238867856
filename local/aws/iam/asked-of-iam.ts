import { type Input, list, optionalText } from '../input.ts';
import type { Request } from '../policies/policy.ts';
import type { ContextValue } from '../policies/policy-conditions.ts';
import type { SecretState } from '../secrets-manager/secret-state.ts';
import type { Environment } from '../service.ts';
import type { ParsedRequest } from '../wire.ts';
import type { IamState } from './iam-state.ts';

// https://docs.aws.amazon.com/service-authorization/latest/reference/

/** Where the resources of a request are. */
export interface Belongings {
  readonly environment: Environment;
  readonly iam: IamState;
  readonly secrets: SecretState;
}

/** Where IAM's name is not that of the operation. */
const actions: Readonly<Record<string, string>> = {
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
  'sqs:DeleteMessageBatch': 'sqs:DeleteMessage',
  'sqs:SendMessageBatch': 'sqs:SendMessage',
  's3:GetBucketEncryption': 's3:GetEncryptionConfiguration',
  's3:GetBucketLifecycleConfiguration': 's3:GetLifecycleConfiguration',
  's3:GetObjectLockConfiguration': 's3:GetBucketObjectLockConfiguration',
  's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
  's3:HeadObject': 's3:GetObject',
  's3:ListBuckets': 's3:ListAllMyBuckets',
  's3:ListObjectVersions': 's3:ListBucketVersions',
  's3:ListObjectsV2': 's3:ListBucket',
  'lambda:Invoke': 'lambda:InvokeFunction',
};

/** The action that IAM decides about when an operation, `service:Operation`, is called. */
export function actionOf(operation: string): string {
  return actions[operation] ?? operation;
}

/** Everybody may ask who they are: no policy can forbid it. */
const alwaysOpen = ['sts:GetCallerIdentity'];

type Tags = readonly { readonly Key: string; readonly Value: string }[];

interface Resource {
  readonly arn: string;
  readonly tags?: Tags;
}

/** What IAM is asked about one call: several things where a parameter needs a permission of its own. */
export function requestsOf(belongings: Belongings, { service, operation, input }: ParsedRequest): Request[] {
  const name = `${service}:${operation}`;
  if (alwaysOpen.includes(name)) return [];
  const { arn, tags = [] } = resourceOf(belongings, service, input);
  const context: Record<string, ContextValue> = {
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:ResourceTag/${Key}`, Value])),
    'aws:ResourceAccount': belongings.environment.accountId,
    ...(input.BlockPublicPolicy === undefined
      ? {}
      : { 'secretsmanager:BlockPublicPolicy': String(input.BlockPublicPolicy) }),
  };
  const asked = [actionOf(name), ...(service === 'secretsmanager' ? besides(operation, input) : [])];
  return [
    ...asked.map((action) => ({ action, resource: arn, context })),
    ...(service === 'secretsmanager' ? keyRequests(belongings, operation, input) : []),
  ];
}

function besides(operation: string, input: Input): string[] {
  if (operation !== 'CreateSecret') return [];
  return [
    ...(list(input, 'Tags').length > 0 ? ['secretsmanager:TagResource'] : []),
    ...(list(input, 'AddReplicaRegions').length > 0 ? ['secretsmanager:ReplicateSecretToRegions'] : []),
  ];
}

function resourceOf({ environment, iam, secrets }: Belongings, service: string, input: Input): Resource {
  const { accountId, region } = environment;
  if (service === 'iam') return iamResourceOf(iam, accountId, input);
  if (service === 'secretsmanager') {
    const id = optionalText(input, 'SecretId') ?? optionalText(input, 'Name');
    if (id === undefined) return { arn: '*' };
    const secret = secrets.find(id);
    if (secret !== undefined) return secret;
    // A secret that is not there yet is authorized by its bare name.
    return { arn: id.startsWith('arn:') ? id : `arn:aws:secretsmanager:${region}:${accountId}:secret:${id}` };
  }
  if (service === 'config' && input.ConfigRuleName !== undefined) {
    return { arn: `arn:aws:config:${region}:${accountId}:config-rule/config-rule-0123ab` };
  }
  if (service === 's3') return { arn: s3ResourceOf(input) };
  if (service === 'cloudtrail') {
    return { arn: optionalText(input, 'Name') ?? optionalText(input, 'TrailName') ?? '*' };
  }
  return { arn: optionalText(input, 'TopicArn') ?? optionalText(input, 'RoleArn') ?? '*' };
}

function s3ResourceOf({ Bucket = '', Key = '' }: Input): string {
  if (Bucket === '') return '*';
  return `arn:aws:s3:::${Bucket}${Key === '' ? '' : `/${Key}`}`;
}

function iamResourceOf(iam: IamState, accountId: string, input: Input): Resource {
  const [roleArn, roleName] = [optionalText(input, 'PolicySourceArn'), optionalText(input, 'RoleName')];
  if (roleArn !== undefined) return { arn: roleArn };
  if (roleName !== undefined) {
    return iam.namedRoles.get(roleName.toLowerCase()) ?? { arn: `arn:aws:iam::${accountId}:role/${roleName}` };
  }
  const [userName, accessKeyId] = [optionalText(input, 'UserName'), optionalText(input, 'AccessKeyId')];
  if (userName !== undefined) return iam.findUser(userName) ?? { arn: `arn:aws:iam::${accountId}:user/${userName}` };
  if (accessKeyId === undefined) return { arn: '*' };
  return iam.findKey(accessKeyId)?.user ?? { arn: `arn:aws:iam::${accountId}:user/unknown` };
}

const needKey = ['CreateSecret', 'PutSecretValue', 'UpdateSecret'];

/** Secrets Manager uses a key of one's own for the caller, within the context of the secret. */
function keyRequests({ environment, secrets }: Belongings, operation: string, input: Input): Request[] {
  const secret = secrets.find(optionalText(input, 'SecretId') ?? '');
  const keyId = optionalText(input, 'KmsKeyId') ?? secret?.kmsKeyId;
  if (!needKey.includes(operation) || keyId === undefined || keyId.endsWith('alias/aws/secretsmanager')) return [];
  const { accountId, region } = environment;
  const alias = /alias\/.+$/.exec(keyId)?.[0];
  const resource = alias === undefined && keyId.startsWith('arn:') ? keyId : `arn:aws:kms:${region}:${accountId}:key/1`;
  const context: Record<string, ContextValue> = {
    'kms:ViaService': `secretsmanager.${region}.amazonaws.com`,
    'kms:EncryptionContext:SecretARN': secret?.arn ?? 'RequestToValidateKeyAccess',
    ...(alias === undefined ? {} : { 'kms:ResourceAliases': [alias] }),
  };
  return ['kms:GenerateDataKey', 'kms:Decrypt'].map((action) => ({ action, resource, context }));
}
