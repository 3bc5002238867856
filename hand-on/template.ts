import type { HandOnFile } from './hand-on-file.ts';
import { type RoleStatement, roleStatements } from './policy.ts';

/** How long one invocation may take: up to a minute of it waits for a read that is stale. */
export const TIMEOUT_SECONDS = 180;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The stack of one trust domain, as CloudFormation takes it; `Code` is a folder beside it. */
export function handOnTemplate(file: HandOnFile, secretPrefix: string): { Resources: Record<string, Json> } & Json {
  const name = `keyturn-hand-on-${file.domain}`;
  const parameter = (Description: string, Default?: string) => ({
    Type: 'String',
    Description,
    ...(Default === undefined ? {} : { Default }),
  });
  const condition = (parameterName: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: parameterName }, ''] }] });
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Keyturn: hands new access keys on to where they are used, for ${file.domain}.`,
    Parameters: {
      TopicArn: parameter("Of Keyturn's stack, its output TopicArn."),
      KmsKeyArn: parameter("Of the key that Keyturn's secrets are encrypted with, if it is one of yours.", ''),
      TopicKmsKeyArn: parameter('Of the key that encrypts the topic, if it is one of yours.', ''),
      AlarmTopicArn: parameter('Told by the alarms; empty for none.', ''),
      PermissionsBoundaryArn: parameter('Of the role; empty for none.', ''),
    },
    Conditions: {
      HasKmsKey: condition('KmsKeyArn'),
      HasTopicKey: condition('TopicKmsKeyArn'),
      HasAlarmTopic: condition('AlarmTopicArn'),
      HasPermissionsBoundary: condition('PermissionsBoundaryArn'),
    },
    Resources: {
      ...functionResources(name, secretPrefix),
      ...triggers(name, secretPrefix),
      ...alarms(name),
      Role: role(name, roleStatements(file, secretPrefix), secretPrefix),
    },
    Outputs: { RoleArn: { Description: 'For readerArns, with handOn.', Value: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
  };
}

function functionResources(name: string, secretPrefix: string): Record<string, Json> {
  return {
    Function: {
      Type: 'AWS::Lambda::Function',
      DependsOn: ['LogGroup'],
      Properties: {
        FunctionName: name,
        Description: 'Carries new access keys to where they are used.',
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        Code: 'code',
        Timeout: TIMEOUT_SECONDS,
        MemorySize: 256,
        // Two at once would leave an older key under a tag that says done: this is no saving.
        ReservedConcurrentExecutions: 1,
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Environment: { Variables: { KEYTURN_TOPIC_ARN: { Ref: 'TopicArn' }, KEYTURN_SECRET_PREFIX: secretPrefix } },
      },
    },
    LogGroup: {
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: `/aws/lambda/${name}`, RetentionInDays: 90 },
    },
    Failures: {
      Type: 'AWS::SQS::Queue',
      Properties: { QueueName: `${name}-failures`, SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 },
    },
    OnFailure: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Function' },
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 2,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
      },
    },
  };
}

/** The event is fast, and the schedule is what is relied on: AWS does not say that a first version sends an event. */
function triggers(name: string, secretPrefix: string): Record<string, Json> {
  const target = [{ Id: 'hand-on', Arn: { 'Fn::GetAtt': ['Function', 'Arn'] } }];
  const permission = (rule: string) => ({
    Type: 'AWS::Lambda::Permission',
    Properties: {
      FunctionName: { 'Fn::GetAtt': ['Function', 'Arn'] },
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [rule, 'Arn'] },
    },
  });
  return {
    LabelRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: `${name}-label`,
        EventPattern: {
          source: ['aws.secretsmanager'],
          'detail-type': ['Secret Label Updated'],
          detail: { name: [{ prefix: `${secretPrefix}/` }], labelUpdated: ['AWSCURRENT'] },
        },
        Targets: target,
      },
    },
    ScheduleRule: {
      Type: 'AWS::Events::Rule',
      Properties: { Name: `${name}-schedule`, ScheduleExpression: 'rate(15 minutes)', Targets: target },
    },
    LabelPermission: permission('LabelRule'),
    SchedulePermission: permission('ScheduleRule'),
  };
}

function alarms(name: string): Record<string, Json> {
  const alarm = (AlarmName: string, AlarmDescription: string, more: Record<string, Json>) => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName,
      AlarmDescription,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: { 'Fn::If': ['HasAlarmTopic', [{ Ref: 'AlarmTopicArn' }], { Ref: 'AWS::NoValue' }] },
      ...more,
    },
  });
  return {
    FailuresAlarm: alarm(`${name}-failures`, 'A key was not handed on. See the messages hand-on-failed.', {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Failures', 'QueueName'] } }],
      Statistic: 'Maximum',
      Period: 300,
      EvaluationPeriods: 1,
    }),
    ErrorsAlarm: alarm(`${name}-errors`, 'For an hour no run of the hand-on has succeeded.', {
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'Function' } }],
      Statistic: 'Sum',
      Period: 900,
      EvaluationPeriods: 4,
    }),
  };
}

function role(RoleName: string, statements: readonly RoleStatement[], secretPrefix: string): Json {
  const own: Json[] = [
    {
      Sid: 'GiveUp',
      Effect: 'Allow',
      Action: ['sqs:SendMessage'],
      Resource: { 'Fn::GetAtt': ['Failures', 'Arn'] },
    },
    {
      Sid: 'Log',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: sub(
        `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${RoleName}:*`,
      ),
    },
    ifGiven('HasKmsKey', {
      Sid: 'DecryptOurSecrets',
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: { Ref: 'KmsKeyArn' },
      Condition: {
        StringEquals: { 'kms:ViaService': sub(`secretsmanager.\${AWS::Region}.\${AWS::URLSuffix}`) },
        StringLike: {
          'kms:EncryptionContext:SecretARN': sub(
            `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${secretPrefix}/*`,
          ),
        },
      },
    }),
    ifGiven('HasTopicKey', {
      Sid: 'EncryptMessages',
      Effect: 'Allow',
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      Resource: { Ref: 'TopicKmsKeyArn' },
    }),
  ];
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName,
      PermissionsBoundary: ifGiven('HasPermissionsBoundary', { Ref: 'PermissionsBoundaryArn' }),
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [
        {
          PolicyName: 'hand-on',
          PolicyDocument: { Version: '2012-10-17', Statement: [...statements.map(substituted), ...own] },
        },
      ],
    },
  };
}

const ifGiven = (condition: string, value: Json): Json => ({ 'Fn::If': [condition, value, { Ref: 'AWS::NoValue' }] });
const sub = (text: string): Json => ({ 'Fn::Sub': text });

/** Every text with a variable of CloudFormation, as CloudFormation fills it in. */
function substituted(value: unknown): Json {
  if (typeof value === 'string') return value.includes('${') ? sub(value) : value;
  if (Array.isArray(value)) return value.map(substituted);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substituted(item)]));
}
