import { partitionOf } from '../partition.ts';
import { secretNameOf } from '../secret-name.ts';
import type { Settings } from '../settings.ts';

/** Whom a session is for. */
export interface SessionSubject {
  readonly accountId: string;
  /** Of the user's secret. */
  readonly region: string;
  /** Where else secrets of the fleet are. */
  readonly otherRegions?: readonly string[];
  readonly userName: string;
  readonly userId: string;
}

/**
 * What a pass over one user may do of all that the member's rotating role may: with this user, and with this one secret.
 * STS takes 2,048 characters, and the role's own policy holds beside it, so patterns save some. A user's path is not known
 * before they are looked at, and names are unique without it.
 */
export function sessionPolicy(
  { accountId, region, otherRegions = [], userName, userId }: SessionSubject,
  { secretPrefix, cloudtrailLookups }: Pick<Settings, 'secretPrefix' | 'cloudtrailLookups'>,
): string {
  const partition = partitionOf(region);
  const secret = `arn:${partition}:secretsmanager:${region}:${accountId}:secret:${secretNameOf(secretPrefix, userId)}`;
  // Also under the keys of replicas, which are in other Regions.
  const anywhere = `arn:${partition}:secretsmanager:*:${accountId}:secret:*/${userId}/access-key-??????`;
  const users = `arn:${partition}:iam::${accountId}:user/`;
  const elsewhere = {
    Effect: 'Allow',
    Action: 'secretsmanager:DescribeSecret',
    // Whether the user has one there: it may not be.
    Resource: `arn:${partition}:secretsmanager:*:${accountId}:secret:*/${userId}/access-key*`,
  };
  // Neither lists nor the event history are of one user.
  const lists = ['secretsmanager:ListSecrets', ...(cloudtrailLookups ? ['cloudtrail:LookupEvents'] : [])];
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ON_THE_USER.map((name) => `iam:${name}`),
        Resource: [users + userName, `${users}*/${userName}`],
      },
      {
        Effect: 'Allow',
        Action: ON_THE_SECRET.map((name) => `secretsmanager:${name}`),
        // Secrets Manager appends six characters; a secret that is not there yet is authorized by its bare name.
        Resource: [secret, `${secret}-??????`],
      },
      ...(otherRegions.length === 0 ? [] : [elsewhere]),
      { Effect: 'Allow', Action: lists, Resource: '*' },
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'],
        Resource: '*',
        Condition: {
          StringLike: {
            'kms:ViaService': 'secretsmanager.*',
            'kms:EncryptionContext:SecretARN': [anywhere, 'RequestToValidateKeyAccess'],
          },
        },
      },
    ],
  });
}

/** `*AccessKey*`: Create, Delete, Update and List, and GetAccessKeyLastUsed. */
const ON_THE_USER = ['*AccessKey*', 'GetUser', 'ListGroupsForUser'];

const ON_THE_SECRET = [
  'CreateSecret',
  'DescribeSecret',
  'ListSecretVersionIds',
  'PutResourcePolicy',
  'PutSecretValue',
  'RemoveRegionsFromReplication',
  'ReplicateSecretToRegions',
  'RestoreSecret',
  '*agResource',
  'UpdateSecret*',
];
