import { parseStatements, type Statement } from '../../local/aws/policies/policy.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export interface Template {
  Resources: Record<
    string,
    {
      Type: string;
      Condition?: string;
      DeletionPolicy?: string;
      UpdateReplacePolicy?: string;
      DependsOn?: Json;
      Properties: JsonObject;
    }
  >;
  Outputs: Record<string, { Value: Json; Condition?: string }>;
  Conditions: Record<string, Json>;
  /** Of a template that is written by hand: a stack of osls has none. */
  Parameters?: Record<string, { Default?: string }>;
}

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';
const PSEUDO: Record<string, string> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** The property that names a resource; without it CloudFormation makes a name up from the logical ID. */
const NAMES: Record<string, string> = {
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::Config::ConfigRule': 'ConfigRuleName',
  'AWS::Events::EventBus': 'Name',
  'AWS::Events::Rule': 'Name',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::KMS::Alias': 'AliasName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SSM::Document': 'Name',
};

/** `AWS::NoValue`: the property or list item is left out. */
const NO_VALUE = Symbol('AWS::NoValue');
type Resolved = Json | typeof NO_VALUE;

export interface Stack {
  /** The properties of a resource as AWS would get them; undefined if its condition is false. */
  properties(logicalId: string): JsonObject | undefined;
  output(name: string): Json | undefined;
  /** Logical IDs of all resources of a type that exist. */
  ofType(type: string): string[];
}

/**
 * The template as CloudFormation would deploy it, with these parameters and the defaults of the others. Throws for anything
 * it does not know, so that no test passes blindly.
 */
export function deploy(
  template: Template,
  conditions: Record<string, boolean> = {},
  parameters: Readonly<Record<string, string>> = {},
): Stack {
  const exists = (condition: string | undefined) => condition === undefined || test({ Condition: condition });

  function test(expression: Json | undefined): boolean {
    const [[operator, operand] = []] = Object.entries(object(expression));
    const operands = Array.isArray(operand) ? operand : [];
    if (operator === 'Condition') return conditions[String(operand)] ?? test(template.Conditions[String(operand)]);
    if (operator === 'Fn::Equals') return resolve(operands[0] ?? null) === resolve(operands[1] ?? null);
    if (operator === 'Fn::Not') return !test(operands[0]);
    if (operator === 'Fn::Or') return operands.some(test);
    throw new Error(`Condition function ${operator} is not known here`);
  }

  function resolve(value: Json): Resolved {
    if (Array.isArray(value)) return value.map(resolve).filter((item) => item !== NO_VALUE);
    if (value === null || typeof value !== 'object') return value;
    const [[key, operand] = []] = Object.entries(value);
    if (key === 'Ref') return ref(String(operand));
    if (key === 'Fn::GetAtt' && Array.isArray(operand)) return attribute(String(operand[0]), String(operand[1]));
    if (key === 'Fn::Sub') return substitute(String(operand));
    if (key === 'Fn::If' && Array.isArray(operand)) {
      return resolve(operand[test({ Condition: operand[0] ?? null }) ? 1 : 2] ?? null);
    }
    if (key === 'Fn::Join' && Array.isArray(operand)) return list(operand[1]).map(resolve).join(String(operand[0]));
    if (key?.startsWith('Fn::')) throw new Error(`${key} is not known here`);
    const entries = Object.entries(value).map(([name, item]) => [name, resolve(item)] as const);
    return Object.fromEntries(entries.filter((entry): entry is readonly [string, Json] => entry[1] !== NO_VALUE));
  }

  function substitute(text: string): string {
    return text.replace(/\$\{(!?)([^}]*)\}/g, (_, literal: string, name: string) =>
      literal ? `\${${name}}` : String(name.includes('.') ? attributeOf(name.split('.')) : ref(name)),
    );
  }

  function attributeOf([logicalId = '', name = '']: string[]): string {
    return attribute(logicalId, name);
  }

  function ref(name: string): Resolved {
    if (name === 'AWS::NoValue') return NO_VALUE;
    const pseudo = PSEUDO[name];
    if (pseudo !== undefined) return pseudo;
    const parameter = template.Parameters?.[name];
    if (parameter !== undefined) return parameterOf(name, parameters[name] ?? parameter.Default);
    const { Type: type } = resource(name);
    if (type === 'AWS::SNS::Topic' || type === 'AWS::IAM::ManagedPolicy') return attribute(name, 'Arn');
    if (type === 'AWS::SQS::Queue') return `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${nameOf(name)}`;
    return nameOf(name);
  }

  function parameterOf(name: string, value: string | undefined): string {
    if (value === undefined) throw new Error(`The parameter ${name} is not given`);
    return value;
  }

  function attribute(logicalId: string, name: string): string {
    if (name === 'QueueName') return nameOf(logicalId);
    if (name !== 'Arn') throw new Error(`${logicalId}.${name} is not known here`);
    const { Type: type } = resource(logicalId);
    const prefix = {
      'AWS::CloudWatch::Alarm': `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:`,
      'AWS::Events::EventBus': `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/`,
      'AWS::Events::Rule': `arn:aws:events:${REGION}:${ACCOUNT}:rule/`,
      'AWS::IAM::ManagedPolicy': `arn:aws:iam::${ACCOUNT}:policy/`,
      'AWS::IAM::Role': `arn:aws:iam::${ACCOUNT}:role/`,
      'AWS::KMS::Key': `arn:aws:kms:${REGION}:${ACCOUNT}:key/`,
      'AWS::Lambda::Function': `arn:aws:lambda:${REGION}:${ACCOUNT}:function:`,
      'AWS::SNS::Topic': `arn:aws:sns:${REGION}:${ACCOUNT}:`,
      'AWS::SQS::Queue': `arn:aws:sqs:${REGION}:${ACCOUNT}:`,
    }[type];
    if (prefix === undefined) throw new Error(`The ARN of a ${type} is not known here`);
    return prefix + pathOf(logicalId) + nameOf(logicalId);
  }

  /** Of a role or a policy: `/keyturn/`, without its first slash. */
  function pathOf(logicalId: string): string {
    return String(resolve(resource(logicalId).Properties.Path ?? '')).slice(1);
  }

  function nameOf(logicalId: string): string {
    const { Type: type, Properties: properties } = resource(logicalId);
    const property = NAMES[type];
    return String((property === undefined ? undefined : resolve(properties[property] ?? null)) ?? logicalId);
  }

  function resource(logicalId: string) {
    const found = template.Resources[logicalId];
    if (found === undefined) throw new Error(`The template has no resource ${logicalId}`);
    if (!exists(found.Condition)) throw new Error(`${logicalId} is referred to, but its condition is false`);
    return found;
  }

  return {
    properties: (id) =>
      exists(template.Resources[id]?.Condition) ? object(resolve(resource(id).Properties)) : undefined,
    output: (name) => {
      const output = template.Outputs[name];
      if (output === undefined || !exists(output.Condition)) return undefined;
      const value = resolve(output.Value);
      return value === NO_VALUE ? undefined : value;
    },
    ofType: (type) =>
      Object.entries(template.Resources)
        .filter(([, { Type, Condition }]) => Type === type && exists(Condition))
        .map(([logicalId]) => logicalId),
  };
}

export function object(value: Resolved | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${String(value)}: no object`);
  return value;
}

/** IAM writes a list of one as the item alone. */
export function list(value: Json | undefined): Json[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Every statement of a role, its inline policies together, and those that are resources of their own. */
export function statementsOf(stack: Stack, roleLogicalId: string): Statement[] {
  const role = stack.properties(roleLogicalId);
  const apart = stack.ofType('AWS::IAM::RolePolicy').map((id) => stack.properties(id) ?? {});
  const policies = [...list(role?.Policies), ...apart.filter(({ RoleName }) => RoleName === role?.RoleName)];
  return policies.flatMap((policy) => parseStatements(object(policy).PolicyDocument));
}
