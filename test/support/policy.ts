import { type Json, type JsonObject, list, object, type Stack } from '../package/template.ts';

export interface Request {
  action: string;
  resource: string;
  /** Condition keys, and what `${…}` in a resource stands for. A key that AWS would not send is left out. */
  context?: Record<string, string>;
}

export interface Statement {
  sid: string;
  effect: 'Allow' | 'Deny';
  actions: string[];
  resources: string[];
  principals: string[] | undefined;
  conditions: { operator: string; key: string; values: string[] }[];
}

export type Decision = 'allowed' | 'denied' | 'not allowed';

/** Every statement of a role, its inline policies together. */
export function statementsOf(stack: Stack, roleLogicalId: string): Statement[] {
  const policies = list(stack.properties(roleLogicalId)?.Policies);
  return policies.flatMap((policy) => parsePolicy(object(object(policy).PolicyDocument)));
}

export function parsePolicy(document: JsonObject): Statement[] {
  return list(document.Statement).map((item) => {
    const statement = object(item);
    return {
      sid: String(statement.Sid),
      effect: statement.Effect === 'Deny' ? 'Deny' : 'Allow',
      actions: texts(statement.Action),
      resources: texts(statement.Resource),
      principals: principalsOf(statement.Principal),
      conditions: Object.entries(object(statement.Condition ?? {})).flatMap(([operator, keys]) =>
        Object.entries(object(keys)).map(([key, values]) => ({ operator, key, values: texts(values) })),
      ),
    };
  });
}

function principalsOf(principal: Json | undefined): string[] | undefined {
  if (principal === undefined) return undefined;
  if (principal === '*') return ['*'];
  return texts(object(principal).AWS);
}

function texts(value: Json | undefined): string[] {
  return list(value).map(String);
}

/** IAM's order: an explicit deny anywhere, then an allow somewhere. */
export function decide(statements: readonly Statement[], request: Request, principal?: readonly string[]): Decision {
  const matching = statements.filter((statement) => matches(statement, request, principal));
  if (matching.some(({ effect }) => effect === 'Deny')) return 'denied';
  return matching.length > 0 ? 'allowed' : 'not allowed';
}

function matches(statement: Statement, request: Request, principal: readonly string[] = []): boolean {
  const context = request.context ?? {};
  const substituted = (text: string) => text.replace(/\$\{([^}]*)\}/g, (_, key: string) => context[key] ?? '\0');
  return (
    statement.actions.some((action) => like(request.action.toLowerCase(), action.toLowerCase())) &&
    statement.resources.some((resource) => like(request.resource, substituted(resource))) &&
    (statement.principals ?? ['*']).some((wanted) => wanted === '*' || principal.includes(wanted)) &&
    statement.conditions.every(({ operator, key, values }) => holds(operator, context[key], values.map(substituted)))
  );
}

/** A key that the request does not carry fails a condition, unless the operator is a negated one. */
function holds(operator: string, actual: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case 'StringEquals':
    case 'Bool':
      return actual !== undefined && values.includes(actual);
    case 'BoolIfExists':
      return actual === undefined || values.includes(actual);
    case 'StringNotEquals':
      return actual === undefined || !values.includes(actual);
    case 'DateLessThan':
      return actual !== undefined && values.some((value) => Date.parse(actual) < Date.parse(value));
    // Of a request with several values, between spaces.
    case 'ForAnyValue:StringNotEquals':
      return actual?.split(' ').some((one) => !values.includes(one)) ?? false;
    case 'StringLike':
    case 'ForAnyValue:StringLike':
    case 'ArnEquals':
    case 'ArnLike':
      return actual !== undefined && values.some((value) => like(actual, value));
    case 'ArnNotEquals':
    case 'ArnNotLike':
      return actual === undefined || !values.some((value) => like(actual, value));
    default:
      throw new Error(`Condition operator ${operator} is not known here`);
  }
}

export function like(actual: string, pattern: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's').test(actual);
}
