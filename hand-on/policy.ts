import { secretTagNames } from '../shared/core/secret-tags.ts';
import type { Destination, HandOnFile } from './hand-on-file.ts';

/** One statement of the role; `${AWS::…}` and parameters of the stack are filled in by CloudFormation. */
export interface RoleStatement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

const arn = (service: string, rest: string): string =>
  `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${rest}`;
/** AWS adds six characters to a secret's name. */
const secretArn = (name: string): string => arn('secretsmanager', `secret:${name}-??????`);

/**
 * Exactly what hand-on.yml needs: the current value of its users' secrets, one tag on them, and its destinations. It is
 * one of two locks: the policy of each secret must list the role too.
 */
export function roleStatements(file: HandOnFile, secretPrefix: string): RoleStatement[] {
  const destinations = Object.values(file.users).flat();
  const ours = [arn('secretsmanager', `secret:${secretPrefix}/*`)];
  const users = { [`aws:ResourceTag/${secretTagNames.userName}`]: Object.keys(file.users) };
  return [
    {
      Sid: 'ReadCurrent',
      Effect: 'Allow',
      Action: ['secretsmanager:GetSecretValue'],
      Resource: ours,
      Condition: { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT', ...users } },
    },
    {
      Sid: 'Describe',
      Effect: 'Allow',
      Action: ['secretsmanager:DescribeSecret'],
      Resource: ours,
      Condition: { StringEquals: users },
    },
    {
      Sid: 'SayHowFar',
      Effect: 'Allow',
      Action: ['secretsmanager:TagResource'],
      Resource: ours,
      Condition: {
        StringEquals: users,
        'ForAllValues:StringEquals': { 'aws:TagKeys': [secretTagNames.handedOn] },
        Null: { 'aws:TagKeys': 'false' },
      },
    },
    { Sid: 'List', Effect: 'Allow', Action: ['secretsmanager:ListSecrets'], Resource: ['*'] },
    { Sid: 'Tell', Effect: 'Allow', Action: ['sns:Publish'], Resource: [`\${TopicArn}`] },
    ...written('WriteSecrets', 'secretsmanager:PutSecretValue', destinations.flatMap(secretsOf)),
    ...written('ReadMerged', 'secretsmanager:GetSecretValue', destinations.flatMap(mergedOf)),
    ...written('ReadTokens', 'secretsmanager:GetSecretValue', destinations.flatMap(tokensOf)),
    ...written('WriteParameters', 'ssm:PutParameter', destinations.flatMap(parametersOf)),
    ...services(destinations.flatMap(servicesOf)),
    ...keys(destinations),
  ];
}

function written(Sid: string, action: string, resources: readonly string[]): RoleStatement[] {
  const Resource = [...new Set(resources)];
  return Resource.length === 0 ? [] : [{ Sid, Effect: 'Allow', Action: [action], Resource }];
}

function services(arns: readonly string[]): RoleStatement[] {
  const [statement] = written('Redeploy', 'ecs:UpdateService', arns);
  return statement === undefined ? [] : [{ ...statement, Action: ['ecs:DescribeServices', 'ecs:UpdateService'] }];
}

function secretsOf(destination: Destination): string[] {
  return 'secret' in destination ? [secretArn(destination.secret)] : [];
}

function mergedOf(destination: Destination): string[] {
  return 'secret' in destination && destination.merge ? [secretArn(destination.secret)] : [];
}

function tokensOf(destination: Destination): string[] {
  return 'github' in destination ? [secretArn(destination.token)] : [];
}

function parametersOf(destination: Destination): string[] {
  if ('parameter' in destination) return [arn('ssm', `parameter${destination.parameter}`)];
  if ('parameters' in destination) {
    return Object.keys(destination.parameters).map((name) => arn('ssm', `parameter${name}`));
  }
  return [];
}

function servicesOf(destination: Destination): string[] {
  if (!('ecs' in destination)) return [];
  return [arn('ecs', `service/${destination.ecs.cluster}/${destination.ecs.service}`)];
}

/** Of destinations with a key of their own: Secrets Manager makes a data key, Parameter Store encrypts with it. */
function keys(destinations: readonly Destination[]): RoleStatement[] {
  const keyOf = (kind: 'secret' | 'parameter') =>
    destinations.flatMap((each) => {
      const isKind = kind === 'secret' ? 'secret' in each : 'parameter' in each || 'parameters' in each;
      return isKind && 'kmsKeyArn' in each && each.kmsKeyArn !== undefined ? [each.kmsKeyArn] : [];
    });
  const via = (service: string) => ({
    Condition: { StringEquals: { 'kms:ViaService': `${service}.\${AWS::Region}.\${AWS::URLSuffix}` } },
  });
  return [
    ...written('SecretKeys', 'kms:GenerateDataKey', keyOf('secret')).map((statement) => ({
      ...statement,
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      ...via('secretsmanager'),
    })),
    ...written('ParameterKeys', 'kms:Encrypt', keyOf('parameter')).map((each) => ({ ...each, ...via('ssm') })),
  ];
}
