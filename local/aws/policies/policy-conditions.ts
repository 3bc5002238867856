import { malformedPolicy } from '../errors.ts';
import { isRecord } from '../input.ts';
import type { Principal } from '../service.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

export interface Condition {
  /** As it is written, with `ForAnyValue:` or `ForAllValues:` and `IfExists`. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Of a condition key; a list for one that has several values. */
export type ContextValue = string | readonly string[];

/** What is known about a request, by condition key in lower case: their names match ignoring it. */
export type Context = ReadonlyMap<string, ContextValue>;

type Matches = (actual: string, wanted: string) => boolean;

interface Operator {
  readonly matches: Matches;
  readonly isNegated: boolean;
}

/** Of the patterns that were met so far: a few policies decide all calls. */
const expressions = new Map<string, RegExp>();

/** `*` and `?` as policies mean them. */
export function like(actual: string, pattern: string): boolean {
  if (pattern === '*' || pattern === actual) return true;
  const expression = expressions.get(pattern) ?? expressionOf(pattern);
  expressions.set(pattern, expression);
  return expression.test(actual);
}

function expressionOf(pattern: string): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's');
}

/** Each of the six parts of an ARN is compared by itself, so that a wildcard does not reach into the next. */
function likeArn(actual: string, pattern: string): boolean {
  const [found, wanted] = [partsOf(actual), partsOf(pattern)];
  return found.length === wanted.length && wanted.every((part, index) => like(found[index] ?? '', part));
}

function partsOf(arn: string): string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** ISO 8601, of which a year is the shortest form, or seconds since the epoch. */
function instantOf(value: string): number {
  return /^\d{5,}(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value);
}

const dates = (compare: (actual: number, wanted: number) => boolean): Operator => ({
  matches: (actual, wanted) => compare(instantOf(actual), instantOf(wanted)),
  isNegated: false,
});
const numbers = (compare: (actual: number, wanted: number) => boolean): Operator => ({
  matches: (actual, wanted) => compare(Number(actual), Number(wanted)),
  isNegated: false,
});
const plain = (matches: Matches): Operator => ({ matches, isNegated: false });
const negated = (matches: Matches): Operator => ({ matches, isNegated: true });
const equals: Matches = (a, b) => a === b;
const ignoringCase: Matches = (a, b) => a.toLowerCase() === b.toLowerCase();

const operators: Readonly<Record<string, Operator>> = {
  StringEquals: plain(equals),
  StringNotEquals: negated(equals),
  StringEqualsIgnoreCase: plain(ignoringCase),
  StringNotEqualsIgnoreCase: negated(ignoringCase),
  StringLike: plain(like),
  StringNotLike: negated(like),
  ArnEquals: plain(likeArn),
  ArnNotEquals: negated(likeArn),
  ArnLike: plain(likeArn),
  ArnNotLike: negated(likeArn),
  Bool: plain(ignoringCase),
  NumericEquals: numbers((a, b) => a === b),
  NumericNotEquals: negated((a, b) => Number(a) === Number(b)),
  NumericLessThan: numbers((a, b) => a < b),
  NumericLessThanEquals: numbers((a, b) => a <= b),
  NumericGreaterThan: numbers((a, b) => a > b),
  NumericGreaterThanEquals: numbers((a, b) => a >= b),
  DateEquals: dates((a, b) => a === b),
  DateNotEquals: negated((a, b) => instantOf(a) === instantOf(b)),
  DateLessThan: dates((a, b) => a < b),
  DateLessThanEquals: dates((a, b) => a <= b),
  DateGreaterThan: dates((a, b) => a > b),
  DateGreaterThanEquals: dates((a, b) => a >= b),
};

interface Named extends Operator {
  readonly isIfExists: boolean;
  /** Of a key with several values; undefined: an operator for keys that have one. */
  readonly set: 'ForAnyValue' | 'ForAllValues' | undefined;
}

const parts = /^(?:(?<set>ForAnyValue|ForAllValues):)?(?<name>\w+?)(?<ifExists>IfExists)?$/;

/** The operator of that name; undefined if it is none that is evaluated here. `Null` is none of them. */
function operatorNamed(operator: string): Named | undefined {
  const { set, name = '', ifExists } = parts.exec(operator)?.groups ?? {};
  const found = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (found === undefined) return undefined;
  const isSet = set === 'ForAnyValue' || set === 'ForAllValues';
  return { ...found, isIfExists: ifExists !== undefined, set: isSet ? set : undefined };
}

/** One text or a list of them; numbers and booleans stand for their text, as in AWS's policies. */
export function texts(value: unknown, what: string): string[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    if (typeof item === 'boolean' || typeof item === 'number') return String(item);
    if (typeof item !== 'string') throw malformedPolicy(`This resource policy contains an unsupported ${what}.`);
    return item;
  });
}

/** Operators that read their values as something else than text. */
const kinds = [
  { name: 'Date', what: 'date', of: instantOf },
  { name: 'Numeric', what: 'number', of: Number },
];

/** The `Condition` of a statement. Refuses operators that would be passed over otherwise. */
export function parseConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  if (!isRecord(value)) throw malformedPolicy('This resource policy contains an invalid Condition.');
  return Object.entries(value).flatMap(([operator, keys]) => {
    const isKnown = operator === 'Null' || operatorNamed(operator) !== undefined;
    if (!isKnown || !isRecord(keys)) {
      throw malformedPolicy(`The local AWS does not evaluate the condition operator ${operator}.`);
    }
    return Object.entries(keys).map(([key, given]) => {
      const values = texts(given, 'condition value');
      const kind = kinds.find(({ name }) => operator.includes(name));
      if (kind !== undefined && values.some((text) => Number.isNaN(kind.of(text)))) {
        throw malformedPolicy(`This resource policy compares ${key} with what is no ${kind.what}.`);
      }
      return { operator, key, values };
    });
  });
}

/**
 * Whether a condition holds. Several values are alternatives; a negated operator holds when none matches. A key that is
 * absent makes a condition false, a negated or `IfExists` one true; one for all values true too, and one for any value
 * false, negated or not. `Null` asks for just that.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
export function holds({ operator, key, values }: Condition, context: Context): boolean {
  const actual = [context.get(key.toLowerCase()) ?? []].flat();
  if (operator === 'Null') return values.includes(String(actual.length === 0));
  const found = operatorNamed(operator);
  if (found === undefined) throw new Error(`The condition operator ${operator} is not known here.`);
  const { matches, isNegated, isIfExists, set } = found;
  if (actual.length === 0) return isIfExists || set === 'ForAllValues' || (isNegated && set === undefined);
  const wanted = values.flatMap((value) => substituted(value, context) ?? []);
  const isMet = (one: string): boolean => wanted.some((value) => matches(one, value)) !== isNegated;
  return set === 'ForAnyValue' ? actual.some(isMet) : actual.every(isMet);
}

/** With its variables (`${aws:userid}`) filled in; one that has no single value matches nothing. */
export function substituted(text: string, context: Context): string | undefined {
  let isWhole = true;
  const filled = text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = context.get(name.toLowerCase());
    if (typeof value === 'string') return value;
    isWhole = false;
    return '';
  });
  return isWhole ? filled : undefined;
}

/** Whether the condition fixes who calls, so that it narrows a wildcard principal. A negated one never does. */
export function narrows({ operator, key, values }: Condition): boolean {
  const isAboutCaller = ['aws:userid', 'aws:principalarn', 'aws:principalaccount'].includes(key.toLowerCase());
  const found = operatorNamed(operator);
  const isPositive = found !== undefined && !found.isNegated && !found.isIfExists && found.set !== 'ForAllValues';
  return isAboutCaller && isPositive && values.every((value) => !value.startsWith('*'));
}

/**
 * The global condition keys of a call.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export function contextOf(principal: Principal, now: number): Record<string, string> {
  const common = {
    'aws:CurrentTime': new Date(now).toISOString(),
    'aws:PrincipalIsAWSService': String(principal.kind === 'service'),
  };
  if (principal.kind === 'service') return common;
  const issuedAt = principal.kind === 'role' ? (principal.issuedAt ?? now) : undefined;
  const sessionAt = principal.kind === 'user' ? principal.issuedAt : issuedAt;
  return {
    ...common,
    'aws:userid': principal.userId,
    'aws:PrincipalArn': principal.arn,
    'aws:PrincipalAccount': accountOf(principal.arn),
    // Long-term keys carry no such time.
    ...(sessionAt !== undefined && { 'aws:TokenIssueTime': new Date(sessionAt).toISOString() }),
  };
}

export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
