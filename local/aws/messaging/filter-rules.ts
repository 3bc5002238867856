import { BlockList, isIP } from 'node:net';
import { AwsError } from '../errors.ts';
import { isRecord } from '../input.ts';

/** One entry of a list in a filter policy. `undefined` stands for a property that is not there. */
export type Rule = (value: unknown) => boolean;

export function invalidFilter(message: string): AwsError {
  return new AwsError(400, 'InvalidParameter', `Invalid parameter: FilterPolicy: ${message}`);
}

// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const largestNumber = 1e9;
const digits = 1e5;
const mostWildcards = 3;

const isText = (value: unknown): value is string => typeof value === 'string';

/** Numbers have five digits after the point. */
const scaled = (value: number) => Math.round(value * digits);

function textOf(operator: string, value: unknown): string {
  if (!isText(value) || value === '') throw invalidFilter(`${operator} match pattern must be a string`);
  return value;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw invalidFilter('Value of numeric must be a number');
  if (Math.abs(value) > largestNumber) throw invalidFilter(`Value of numeric must be within ${largestNumber}`);
  return scaled(value);
}

/** A text, a number, true, false or null: itself. https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html */
function exactly(wanted: unknown): Rule {
  if (typeof wanted === 'number') {
    const number = numberOf(wanted);
    return (value) => typeof value === 'number' && scaled(value) === number;
  }
  return (value) => value === wanted;
}

function wildcard(value: unknown): Rule {
  const pattern = textOf('wildcard', value);
  if (pattern.includes('**')) throw invalidFilter('Consecutive wildcard characters are not allowed');
  const parts = pattern.split('*');
  if (parts.length - 1 > mostWildcards)
    throw invalidFilter(`wildcard pattern has more than ${mostWildcards} wildcards`);
  const expression = new RegExp(
    `^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`,
    's',
  );
  return (text) => isText(text) && expression.test(text);
}

const comparisons: Readonly<Record<string, (actual: number, wanted: number) => boolean>> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** `["=", 5]`, `["<", 5]`, or a range with its lower end first. */
function numeric(value: unknown): Rule {
  const parts: unknown[] = Array.isArray(value) ? value : [];
  if (parts.length !== 2 && parts.length !== 4) throw invalidFilter('Value of numeric must be an array of 2 or 4');
  const tests: { compare: (actual: number, wanted: number) => boolean; wanted: number }[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const sign = String(parts[i]);
    const compare = comparisons[sign];
    const isInPlace = parts.length === 2 || (i === 0 ? /^>=?$/ : /^<=?$/).test(sign);
    if (compare === undefined || !isInPlace) throw invalidFilter(`Unrecognized numeric range operator: ${sign}`);
    tests.push({ compare, wanted: numberOf(parts[i + 1]) });
  }
  const [low, high] = tests;
  if (low !== undefined && high !== undefined && low.wanted >= high.wanted)
    throw invalidFilter('Bottom must be less than top');
  return (actual) =>
    typeof actual === 'number' && tests.every(({ compare, wanted }) => compare(scaled(actual), wanted));
}

function cidr(value: unknown): Rule {
  const [address = '', length = ''] = textOf('cidr', value).split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  if (family === 0 || !/^\d+$/.test(length) || Number(length) > bits) throw invalidFilter(`Malformed CIDR: ${value}`);
  const type = (version: number) => (version === 6 ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  list.addSubnet(address, Number(length), type(family));
  return (text) => isText(text) && isIP(text) === family && list.check(text, type(family));
}

function existing(value: unknown): Rule {
  if (typeof value !== 'boolean') throw invalidFilter('exists match pattern must be either true or false.');
  if (!value) return (actual) => actual === undefined;
  return (actual) => actual !== undefined && actual !== null && actual !== '';
}

/** One value or a list of them, or prefixes, suffixes, wildcards: what is there and is none of these. */
function anythingBut(value: unknown): Rule {
  const [operator, ...others] = isRecord(value) ? Object.keys(value) : [];
  if (
    isRecord(value) &&
    (operator === undefined || others.length > 0 || !['prefix', 'suffix', 'wildcard'].includes(operator))
  ) {
    throw invalidFilter('Unsupported anything-but pattern');
  }
  const given = isRecord(value) ? value[operator ?? ''] : value;
  const all: unknown[] = Array.isArray(given) ? given : [given];
  if (all.length === 0) throw invalidFilter('Empty arrays are not allowed');
  const excluded = all.map((each) => {
    if (operator !== undefined) return parseRule({ [operator]: each });
    if (!isText(each) && typeof each !== 'number')
      throw invalidFilter('Inside anything but list, must be number or string');
    return exactly(each);
  });
  return (actual) => actual !== undefined && !excluded.some((matches) => matches(actual));
}

const operators: Readonly<Record<string, (value: unknown) => Rule>> = {
  prefix(value) {
    const prefix = textOf('prefix', value);
    return (actual) => isText(actual) && actual.startsWith(prefix);
  },
  suffix(value) {
    const suffix = textOf('suffix', value);
    return (actual) => isText(actual) && actual.endsWith(suffix);
  },
  'equals-ignore-case'(value) {
    const wanted = textOf('equals-ignore-case', value).toLowerCase();
    return (actual) => isText(actual) && actual.toLowerCase() === wanted;
  },
  'anything-but': anythingBut,
  exists: existing,
  numeric,
  cidr,
  wildcard,
};

/** Not names of properties inside `$or`. */
export const isReserved = (name: string) => Object.hasOwn(operators, name);

/** Reads one entry: a value to be matched exactly, or an object with one operator. */
export function parseRule(entry: unknown): Rule {
  if (isText(entry) || typeof entry === 'number' || typeof entry === 'boolean' || entry === null) return exactly(entry);
  const [operator = '', ...others] = isRecord(entry) ? Object.keys(entry) : [];
  const make = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (!isRecord(entry) || make === undefined) throw invalidFilter(`Unrecognized match type ${operator}`);
  if (others.length > 0) throw invalidFilter('Only one key allowed in match expression');
  return make(entry[operator]);
}
