import type { User } from './model.ts';

interface Statement {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Principal: { AWS: string } | '*';
  Action: string[];
  Resource: '*';
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: Statement[];
}

/**
 * The owner may read; nobody else may, whatever their own policies say, but the listed readers. Only reads are denied,
 * so that an administrator can still change the policy. `aws:userid` of an IAM user is its UserId: a namesake made
 * later does not match, and a rename changes nothing.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-infotouse
 */
export function ownerPolicy(user: Pick<User, 'arn' | 'userId'>, readerArns: readonly string[]): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'OwnerReads',
        Effect: 'Allow',
        Principal: { AWS: user.arn },
        Action: [
          'secretsmanager:GetSecretValue',
          'secretsmanager:DescribeSecret',
          'secretsmanager:ListSecretVersionIds',
        ],
        Resource: '*',
      },
      {
        Sid: 'NobodyElseReads',
        Effect: 'Deny',
        Principal: '*',
        Action: ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'],
        Resource: '*',
        Condition: {
          StringNotEquals: { 'aws:userid': user.userId },
          ...(readerArns.length === 0 ? {} : { ArnNotLike: { 'aws:PrincipalArn': [...readerArns] } }),
        },
      },
    ],
  };
}
