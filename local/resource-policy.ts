import { AwsError } from './errors.ts';
import { isRecord } from './input.ts';
import type { Principal } from './service.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly principals: readonly string[];
  readonly actions: readonly string[];
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

type Matches = (actual: string, wanted: string) => boolean;

function like(actual: string, pattern: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's').test(actual);
}

const operators: Readonly<Record<string, { readonly matches: Matches; readonly negated: boolean }>> = {
  StringEquals: { matches: (a, b) => a === b, negated: false },
  StringNotEquals: { matches: (a, b) => a === b, negated: true },
  StringLike: { matches: like, negated: false },
  StringNotLike: { matches: like, negated: true },
  ArnEquals: { matches: like, negated: false },
  ArnNotEquals: { matches: like, negated: true },
  ArnLike: { matches: like, negated: false },
  ArnNotLike: { matches: like, negated: true },
};

function malformed(message: string): AwsError {
  return new AwsError(400, 'MalformedPolicyDocumentException', message);
}

function texts(value: unknown, what: string): string[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    if (typeof item !== 'string') throw malformed(`This resource policy contains an unsupported ${what}.`);
    return item;
  });
}

function parseConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  if (!isRecord(value)) throw malformed('This resource policy contains an invalid Condition.');
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!operators[operator.replace(/IfExists$/, '')] || !isRecord(keys)) {
      throw malformed(`The local AWS does not evaluate the condition operator ${operator}.`);
    }
    return Object.entries(keys).map(([key, values]) => {
      if (!['aws:userid', 'aws:principalarn'].includes(key.toLowerCase())) {
        throw malformed(`The local AWS does not evaluate the condition key ${key}.`);
      }
      return { operator, key: key.toLowerCase(), values: texts(values, 'condition value') };
    });
  });
}

function parseStatement(value: unknown): Statement {
  if (!isRecord(value)) throw malformed('This resource policy contains an invalid Statement.');
  const unknown = Object.keys(value).find(
    (key) => !['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition'].includes(key),
  );
  if (unknown) throw malformed(`The local AWS does not evaluate the statement element ${unknown}.`);
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') throw malformed('Effect must be Allow or Deny.');
  if (value.Resource === undefined) throw malformed('This resource policy contains a statement without a Resource.');
  const principal = isRecord(value.Principal) ? value.Principal.AWS : value.Principal;
  return {
    effect: value.Effect,
    principals: texts(principal, 'principal'),
    actions: texts(value.Action, 'action'),
    conditions: parseConditions(value.Condition),
  };
}

/** Parses a policy document; `userIdOf` resolves a user's ARN, and a user who does not exist is refused as by AWS. */
export function parsePolicy(document: string, userIdOf: (arn: string) => string | undefined): ResourcePolicy {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch {
    throw malformed('This resource policy contains invalid JSON.');
  }
  if (!isRecord(value)) throw malformed('This resource policy contains invalid JSON.');
  const items: unknown[] = Array.isArray(value.Statement) ? value.Statement : [value.Statement];
  const statements = items.map(parseStatement);
  const userIds = new Map<string, string>();
  for (const arn of statements.flatMap((statement) => statement.principals)) {
    if (!/^arn:aws:iam::\d+:user\//.test(arn)) continue;
    const userId = userIdOf(arn);
    if (userId === undefined) throw malformed('This resource policy contains an unsupported principal.');
    userIds.set(arn, userId);
  }
  return { document, statements, userIds };
}

/** Whether the policy lets the whole world in, which BlockPublicPolicy refuses. */
export function isPublic(policy: ResourcePolicy): boolean {
  // A condition narrows a wildcard principal only if it fixes who; a negated one never does.
  const narrows = ({ operator, values }: Condition) =>
    !operators[operator]?.negated && !operator.endsWith('IfExists') && values.every((value) => !value.startsWith('*'));
  return policy.statements.some(
    ({ effect, principals, conditions }) => effect === 'Allow' && principals.includes('*') && !conditions.some(narrows),
  );
}

function appliesTo(policy: ResourcePolicy, statement: Statement, principal: Principal, action: string): boolean {
  const isNamed = statement.principals.some((named) => {
    if (named === '*' || /^(arn:aws:iam::)?\d{12}(:root)?$/.test(named)) return true;
    const userId = policy.userIds.get(named);
    if (userId !== undefined) return principal.userId === userId;
    return named === principal.arn || (principal.kind === 'role' && named === principal.sessionArn);
  });
  if (!isNamed) return false;
  // Action names match ignoring case.
  if (!statement.actions.some((pattern) => like(action.toLowerCase(), pattern.toLowerCase()))) return false;
  return statement.conditions.every(({ operator, key, values }) => {
    const found = operators[operator.replace(/IfExists$/, '')];
    const actual = key === 'aws:userid' ? principal.userId : principal.arn;
    // Several values are alternatives; a negated operator holds when none matches.
    return found !== undefined && values.some((value) => found.matches(actual, value)) !== found.negated;
  });
}

/** What the policy says about one action of one caller. An explicit Deny binds everybody and beats every Allow. */
export function evaluate(
  policy: ResourcePolicy | undefined,
  principal: Principal,
  action: string,
): 'allow' | 'deny' | 'silent' {
  const applying = (policy?.statements ?? []).filter(
    (statement) => policy !== undefined && appliesTo(policy, statement, principal, action),
  );
  if (applying.some(({ effect }) => effect === 'Deny')) return 'deny';
  return applying.length > 0 ? 'allow' : 'silent';
}
