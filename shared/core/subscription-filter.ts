import { clamp } from './messages/text.ts';

/** The filter of a subscription, as `GetSubscriptionAttributes` gives it. */
export interface SubscriptionFilter {
  /** `FilterPolicy`: JSON, written by whoever subscribed. */
  policy: string;
  /** `FilterPolicyScope`. */
  scope: string;
}

/** Message attributes by name. Every one that Keyturn sends is of type String. */
export type MessageAttributes = Readonly<Record<string, string>>;

export type ReadFilter =
  | { kind: 'understood'; letsThrough: Test }
  /** A sentence that says what was not understood, and which form would be. */
  | { kind: 'not-understood'; because: string };

type Test = (attributes: MessageAttributes) => boolean;
/** Of one attribute: absent is a value too. */
type Match = (value: string | undefined) => boolean;
type TextMatch = (value: string) => boolean;

/** Our own: what is thrown below never leaves this file. */
class NotUnderstood extends Error {}

/**
 * Judges as SNS does which messages a filter of scope MessageAttributes lets through: of each attribute that it names,
 * one of the values must match. All or nothing: with one part that is not understood the whole filter is not. That
 * counts as letting nothing through, since it is better to wait than to take a key away unheard. Never throws.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
 */
export function readFilter({ policy, scope }: SubscriptionFilter): ReadFilter {
  try {
    if (scope !== 'MessageAttributes') throw new NotUnderstood(`its scope is ${shown(scope)}, not "MessageAttributes"`);
    return { kind: 'understood', letsThrough: everyAttribute(parsed(policy), 'the filter', 0) };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return { kind: 'not-understood', because: `${error.message}; ${WAY_OUT}` };
  }
}

/** SNS takes five attribute names in a filter: no deeper one can be of use. */
const DEEPEST = 5;

const WAY_OUT =
  'one of scope MessageAttributes with exact texts, such as {"userName":["alice"]} or {"owner":["team-a"]}, or none at all, would be';

export type FilterVerdict = 'passes' | 'does-not-pass' | 'not-understood';

/** Whether a message with these attributes would be delivered through the filter. */
export function filterVerdict(filter: SubscriptionFilter, attributes: MessageAttributes): FilterVerdict {
  const read = readFilter(filter);
  if (read.kind === 'not-understood') return 'not-understood';
  return read.letsThrough(attributes) ? 'passes' : 'does-not-pass';
}

function parsed(policy: string): unknown {
  try {
    return JSON.parse(policy);
  } catch {
    throw new NotUnderstood('it is no JSON');
  }
}

/** All of the attributes. An empty filter lets everything through: that is how one is removed. */
function everyAttribute(policy: unknown, where: string, depth: number): Test {
  if (depth > DEEPEST) throw new NotUnderstood('it is nested too deeply');
  if (!isObject(policy)) throw new NotUnderstood(`${where} is no object`);
  const tests = Object.entries(policy).map(([name, values]) =>
    name === '$or' && isAlternatives(values) ? anyAlternative(values, depth + 1) : oneAttribute(name, values),
  );
  return (attributes) => tests.every((test) => test(attributes));
}

/** Names that SNS takes for operators: with one of them as the name of an attribute, `$or` is an ordinary attribute. */
const RESERVED = new Set([
  'anything-but',
  'cidr',
  'equals-ignore-case',
  'exactly',
  'exists',
  'numeric',
  'prefix',
  'regex',
  'suffix',
  'wildcard',
]);

/** https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html#or-operator */
function isAlternatives(values: unknown): values is object[] {
  const isAlternative = (each: unknown) => isObject(each) && !Object.keys(each).some((name) => RESERVED.has(name));
  return Array.isArray(values) && values.length >= 2 && values.every(isAlternative);
}

function anyAlternative(alternatives: readonly object[], depth: number): Test {
  const tests = alternatives.map((alternative) => {
    if (Object.keys(alternative).length === 0) throw new NotUnderstood('an alternative of $or is empty');
    return everyAttribute(alternative, 'an alternative of $or', depth);
  });
  return (attributes) => tests.some((test) => test(attributes));
}

/** One of the values: https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html */
function oneAttribute(name: string, values: unknown): Test {
  if (!Array.isArray(values) || values.length === 0) {
    throw new NotUnderstood(`what it asks of attribute ${shown(name)} is no list of values`);
  }
  const matches = values.map(matchOf);
  return (attributes) => {
    // "exists": false wants a message with attributes at all.
    if (Object.keys(attributes).length === 0) return false;
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return matches.some((match) => match(value));
  };
}

function matchOf(asked: unknown): Match {
  if (typeof asked === 'string') return (value) => value === asked;
  // These are of type Number, or members of a String.Array: never a text.
  if (asked === null || typeof asked === 'number' || typeof asked === 'boolean') return never;
  const [operator, operand] = onlyEntry(asked, 'a value');
  if (operator === 'exists') return existsMatch(operand);
  if (operator === 'numeric') return numericMatch(operand);
  const matches = operator === 'anything-but' ? anythingBut(operand) : textMatch(operator, operand);
  return (value) => value !== undefined && matches(value);
}

const never: Match = () => false;

function onlyEntry(value: unknown, what: string): [operator: string, operand: unknown] {
  const [entry, ...others] = isObject(value) ? Object.entries(value) : [];
  if (entry === undefined || others.length > 0) throw new NotUnderstood(`${what} is neither text nor one operator`);
  return entry;
}

/** https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html */
function existsMatch(operand: unknown): Match {
  if (typeof operand !== 'boolean') throw new NotUnderstood('"exists" is neither true nor false');
  return (value) => (value !== undefined) === operand;
}

/**
 * Matches attributes of type Number, so none of ours, whatever their text looks like.
 * https://docs.aws.amazon.com/sns/latest/dg/numeric-value-matching.html
 */
function numericMatch(operand: unknown): Match {
  const [first, low, second, high, ...others] = Array.isArray(operand) ? operand : [];
  const isOne = isComparison(first) && typeof low === 'number' && second === undefined;
  const isRange =
    /^>=?$/.test(String(first)) && typeof low === 'number' && /^<=?$/.test(String(second)) && typeof high === 'number';
  if (others.length > 0 || !(isOne || isRange))
    throw new NotUnderstood('"numeric" is neither a comparison nor a range');
  return never;
}

function isComparison(value: unknown): boolean {
  return typeof value === 'string' && /^([<>]=?|=)$/.test(value);
}

function anythingBut(operand: unknown): TextMatch {
  const texts: unknown = typeof operand === 'string' ? [operand] : operand;
  const isExcluded = Array.isArray(texts)
    ? oneOf(texts)
    : textMatch(...onlyEntry(operand, '"anything-but"'), EXCLUDING);
  return (value) => !isExcluded(value);
}

/** What numbers exclude of texts is not documented. */
function oneOf(texts: readonly unknown[]): TextMatch {
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    throw new NotUnderstood('"anything-but" has values that are no text');
  }
  return (value) => texts.includes(value);
}

/** https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html */
const textOperators: Readonly<Record<string, (operand: string) => TextMatch>> = {
  prefix: (start) => (value) => value.startsWith(start),
  suffix: (end) => (value) => value.endsWith(end),
  'equals-ignore-case': (text) => (value) => value.toLowerCase() === text.toLowerCase(),
  cidr: withinRange,
};

/** What `anything-but` takes beside texts. Documented is the first; the other can only mean the same at the end. */
const EXCLUDING = ['prefix', 'suffix'];

function textMatch(operator: string, operand: unknown, known = Object.keys(textOperators)): TextMatch {
  const made = known.includes(operator) ? textOperators[operator] : undefined;
  if (made === undefined) throw new NotUnderstood(`operator ${shown(operator)} is not known here`);
  if (typeof operand !== 'string') throw new NotUnderstood(`what "${operator}" asks for is no text`);
  return made(operand);
}

function withinRange(range: string): TextMatch {
  const [, network = '', length = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(range) ?? [];
  const bits = bitsOf(network);
  if (bits === undefined || Number(length) > 32)
    throw new NotUnderstood(`${shown(range)} is no range of IPv4 addresses`);
  const start = bits.slice(0, Number(length));
  return (value) => bitsOf(value)?.startsWith(start) === true;
}

/** The 32 bits of an IPv4 address. */
function bitsOf(address: string): string | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return undefined;
  const bytes = address.split('.').map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Somebody else's text, short and on one line. */
function shown(text: string): string {
  return JSON.stringify(clamp(text, 40));
}
