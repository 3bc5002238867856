import { type FunctionName, functionRoleArn } from './principals.ts';

/** The functions that write or believe state. */
const signers: readonly FunctionName[] = [
  'rotation-worker',
  'rotate-user',
  'exposed-key',
  'secret-rotation',
  'scheduled-rotation',
  'config-rule',
];

/** Where every account has the HMAC key that the state of this service is signed with. */
export function stateKeyAlias(roleSuffix = ''): string {
  return `alias/keyturn-state${roleSuffix}`;
}

/**
 * What the stack gives that key: the roles of the functions make MACs with it, and the account may administer it, never
 * use it.
 */
export function stateKeyPolicy(accountId: string, roleSuffix = ''): unknown {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Sign',
        Effect: 'Allow',
        Principal: '*',
        Action: 'kms:GenerateMac',
        Resource: '*',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': signers.map((name) => functionRoleArn(accountId, name, roleSuffix)) },
          StringEquals: { 'kms:CallerAccount': accountId, 'kms:MacAlgorithm': 'HMAC_SHA_256' },
        },
      },
      {
        Sid: 'Administer',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: [
          'kms:Describe*',
          'kms:Get*',
          'kms:List*',
          'kms:TagResource',
          'kms:UntagResource',
          'kms:EnableKey',
          'kms:DisableKey',
          'kms:ScheduleKeyDeletion',
          'kms:CancelKeyDeletion',
          'kms:PutKeyPolicy',
        ],
        Resource: '*',
      },
    ],
  };
}
