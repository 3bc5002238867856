import { malformedPolicy } from '../errors.ts';
import { isRecord } from '../input.ts';
import type { Principal } from '../service.ts';
import {
  accountOf,
  type Condition,
  type ConditionKeys,
  conditionKeys,
  holds,
  like,
  narrows,
  parseConditions,
  texts,
} from './policy-conditions.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly principals: readonly string[];
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: readonly Condition[];
}

/** A resource policy, parsed once when it is put. */
export interface ResourcePolicy {
  readonly document: string;
  readonly statements: readonly Statement[];
  /**
   * User ARN to the UserId it stood for when the policy was put: AWS keeps the unique ID, so that a re-created
   * namesake does not inherit access, and a renamed user keeps it.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
   */
  readonly userIds: ReadonlyMap<string, string>;
}

/** What a policy decides about. */
export interface PolicyRequest {
  readonly principal: Principal;
  /** `secretsmanager:PutSecretValue` */
  readonly action: string;
  /** The ARN that the policy belongs to. */
  readonly resource: string;
  readonly now: number;
  /** Condition keys of the service itself. */
  readonly keys?: ConditionKeys;
}

function principalsOf(value: unknown): string[] {
  if (!isRecord(value)) return texts(value, 'principal');
  const unknown = Object.keys(value).find((kind) => kind !== 'AWS' && kind !== 'Service');
  if (unknown !== undefined) throw malformedPolicy(`The local AWS does not evaluate the principal ${unknown}.`);
  const named = [value.AWS, value.Service].filter((each) => each !== undefined);
  if (named.length === 0) throw malformedPolicy('This resource policy contains an unsupported principal.');
  return named.flatMap((each) => texts(each, 'principal'));
}

function parseStatement(value: unknown): Statement {
  if (!isRecord(value)) throw malformedPolicy('This resource policy contains an invalid Statement.');
  const unknown = Object.keys(value).find(
    (key) => !['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition'].includes(key),
  );
  if (unknown) throw malformedPolicy(`The local AWS does not evaluate the statement element ${unknown}.`);
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') throw malformedPolicy('Effect must be Allow or Deny.');
  if (value.Resource === undefined) {
    throw malformedPolicy('This resource policy contains a statement without a Resource.');
  }
  return {
    effect: value.Effect,
    principals: principalsOf(value.Principal),
    actions: texts(value.Action, 'action'),
    resources: texts(value.Resource, 'resource'),
    conditions: parseConditions(value.Condition),
  };
}

/** Parses a policy document; `userIdOf` resolves a user's ARN, and a user who does not exist is refused as by AWS. */
export function parsePolicy(document: string, userIdOf: (arn: string) => string | undefined): ResourcePolicy {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch {
    throw malformedPolicy('This resource policy contains invalid JSON.');
  }
  if (!isRecord(value)) throw malformedPolicy('This resource policy contains invalid JSON.');
  const items: unknown[] = Array.isArray(value.Statement) ? value.Statement : [value.Statement];
  const statements = items.map(parseStatement);
  const userIds = new Map<string, string>();
  for (const arn of statements.flatMap((statement) => statement.principals)) {
    if (!/^arn:aws:iam::\d+:user\//.test(arn)) continue;
    const userId = userIdOf(arn);
    if (userId === undefined) throw malformedPolicy('This resource policy contains an unsupported principal.');
    userIds.set(arn, userId);
  }
  return { document, statements, userIds };
}

/** Whether the policy lets the whole world in, which BlockPublicPolicy refuses. */
export function isPublic(policy: ResourcePolicy): boolean {
  return policy.statements.some(
    ({ effect, principals, conditions }) => effect === 'Allow' && principals.includes('*') && !conditions.some(narrows),
  );
}

function isNamed(policy: ResourcePolicy, { effect, principals }: Statement, principal: Principal): boolean {
  return principals.some((named) => {
    if (named === '*') return true;
    const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(named)?.[1];
    if (account !== undefined) {
      // The account stands for everybody in it; but an Allow only hands on to their own policies, and users have none.
      return account === accountOf(principal.arn) && (effect === 'Deny' || principal.kind !== 'user');
    }
    const userId = policy.userIds.get(named);
    if (userId !== undefined) return principal.userId === userId;
    return named === principal.arn || (principal.kind === 'role' && named === principal.sessionArn);
  });
}

/** What the policy says about one action of one caller. An explicit Deny binds everybody and beats every Allow. */
export function evaluate(policy: ResourcePolicy | undefined, request: PolicyRequest): 'allow' | 'deny' | 'silent' {
  if (policy === undefined) return 'silent';
  const { principal, action, resource, now, keys = new Map() } = request;
  const all = new Map([...conditionKeys(principal, now), ...keys]);
  const applying = policy.statements.filter(
    (statement) =>
      isNamed(policy, statement, principal) &&
      // Action names match ignoring case.
      statement.actions.some((pattern) => like(action.toLowerCase(), pattern.toLowerCase())) &&
      statement.resources.some((pattern) => like(resource, pattern)) &&
      statement.conditions.every((condition) => holds(condition, all)),
  );
  if (applying.some(({ effect }) => effect === 'Deny')) return 'deny';
  return applying.length > 0 ? 'allow' : 'silent';
}
