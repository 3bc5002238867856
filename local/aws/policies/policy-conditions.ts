import { malformedPolicy } from '../errors.ts';
import { isRecord } from '../input.ts';
import type { Principal } from '../service.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

export interface Condition {
  /** Without `IfExists`. */
  readonly operator: string;
  readonly isIfExists: boolean;
  /** In lower case: names of keys match ignoring it. */
  readonly key: string;
  readonly values: readonly string[];
}

/** What is known about a request, by condition key in lower case. A key that AWS would not send is not there. */
export type ConditionKeys = ReadonlyMap<string, string>;

type Matches = (actual: string, wanted: string) => boolean;

interface Operator {
  readonly matches: Matches;
  readonly isNegated: boolean;
}

/** `*` and `?` as policies mean them. */
export function like(actual: string, pattern: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's').test(actual);
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
const plain = (matches: Matches): Operator => ({ matches, isNegated: false });
const negated = (matches: Matches): Operator => ({ matches, isNegated: true });
const equals: Matches = (a, b) => a === b;

const operators: Readonly<Record<string, Operator>> = {
  StringEquals: plain(equals),
  StringNotEquals: negated(equals),
  StringLike: plain(like),
  StringNotLike: negated(like),
  ArnEquals: plain(likeArn),
  ArnNotEquals: negated(likeArn),
  ArnLike: plain(likeArn),
  ArnNotLike: negated(likeArn),
  Bool: plain((a, b) => a.toLowerCase() === b.toLowerCase()),
  DateEquals: dates((a, b) => a === b),
  DateNotEquals: negated((a, b) => instantOf(a) === instantOf(b)),
  DateLessThan: dates((a, b) => a < b),
  DateLessThanEquals: dates((a, b) => a <= b),
  DateGreaterThan: dates((a, b) => a > b),
  DateGreaterThanEquals: dates((a, b) => a >= b),
};

const knownKeys = [
  'aws:userid',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalisawsservice',
  'aws:currenttime',
  'aws:tokenissuetime',
  'kms:calleraccount',
  'kms:macalgorithm',
];

/** One text or a list of them; numbers and booleans stand for their text, as in AWS's policies. */
export function texts(value: unknown, what: string): string[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    if (typeof item === 'boolean' || typeof item === 'number') return String(item);
    if (typeof item !== 'string') throw malformedPolicy(`This resource policy contains an unsupported ${what}.`);
    return item;
  });
}

/** The `Condition` of a statement. Refuses operators and keys that would be passed over otherwise. */
export function parseConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  if (!isRecord(value)) throw malformedPolicy('This resource policy contains an invalid Condition.');
  return Object.entries(value).flatMap(([name, keys]) => {
    const operator = name.replace(/IfExists$/, '');
    const isIfExists = operator !== name;
    const isKnown = operator === 'Null' ? !isIfExists : Object.hasOwn(operators, operator);
    if (!isKnown || !isRecord(keys)) {
      throw malformedPolicy(`The local AWS does not evaluate the condition operator ${name}.`);
    }
    return Object.entries(keys).map(([key, values]) => {
      if (!knownKeys.includes(key.toLowerCase())) {
        throw malformedPolicy(`The local AWS does not evaluate the condition key ${key}.`);
      }
      const all = texts(values, 'condition value');
      if (operator.startsWith('Date') && all.some((text) => Number.isNaN(instantOf(text)))) {
        throw malformedPolicy(`This resource policy compares ${key} with what is no date.`);
      }
      return { operator, isIfExists, key: key.toLowerCase(), values: all };
    });
  });
}

/**
 * Whether a condition holds. Several values are alternatives; a negated operator holds when none matches. A key that is
 * absent makes a condition false, a negated or `IfExists` one true; `Null` asks for just that.
 */
export function holds({ operator, isIfExists, key, values }: Condition, keys: ConditionKeys): boolean {
  const actual = keys.get(key);
  if (operator === 'Null') return values.includes(String(actual === undefined));
  const found = operators[operator];
  if (found === undefined) return false;
  if (actual === undefined) return isIfExists || found.isNegated;
  const matches = values.some((value) => {
    const wanted = substituted(value, keys);
    return wanted !== undefined && found.matches(actual, wanted);
  });
  return matches !== found.isNegated;
}

/** With its variables (`${aws:userid}`) filled in; one that has no value matches nothing. */
function substituted(value: string, keys: ConditionKeys): string | undefined {
  const names = [...value.matchAll(/\$\{([^}]*)\}/g)].map(([, name = '']) => name.toLowerCase());
  if (names.some((name) => !keys.has(name))) return undefined;
  return value.replace(/\$\{([^}]*)\}/g, (_, name: string) => keys.get(name.toLowerCase()) ?? '');
}

/** Whether the condition fixes who calls, so that it narrows a wildcard principal. A negated one never does. */
export function narrows({ operator, isIfExists, key, values }: Condition): boolean {
  const isAboutCaller = ['aws:userid', 'aws:principalarn', 'aws:principalaccount'].includes(key);
  const isPositive = operators[operator]?.isNegated === false && !isIfExists;
  return isAboutCaller && isPositive && values.every((value) => !value.startsWith('*'));
}

/**
 * The global condition keys of a call.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export function conditionKeys(principal: Principal, now: number): Map<string, string> {
  const keys = new Map([
    ['aws:currenttime', new Date(now).toISOString()],
    ['aws:principalisawsservice', String(principal.kind === 'service')],
  ]);
  if (principal.kind === 'service') return keys;
  keys.set('aws:userid', principal.userId);
  keys.set('aws:principalarn', principal.arn);
  keys.set('aws:principalaccount', accountOf(principal.arn));
  const issuedAt = principal.kind === 'role' ? (principal.issuedAt ?? now) : undefined;
  const sessionAt = principal.kind === 'user' ? principal.issuedAt : issuedAt;
  // Long-term keys carry no such time.
  if (sessionAt !== undefined) keys.set('aws:tokenissuetime', new Date(sessionAt).toISOString());
  return keys;
}

export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
