import { isRecord } from '../input.ts';
import { invalidFilter, isReserved, parseRule, type Rule } from './filter-rules.ts';

// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html

export type FilterScope = 'MessageAttributes' | 'MessageBody';

/** Everything in it must hold: `nested` for what is inside a property, and one of each `$or`. */
export interface FilterPolicy {
  readonly properties: ReadonlyMap<string, { readonly rules: readonly Rule[] } | { readonly nested: FilterPolicy }>;
  readonly alternatives: readonly (readonly FilterPolicy[])[];
}

// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const mostKeys = 5;
const mostCombinations = 150;

/** `$or` is an operator only with two or more objects, none of which names an operator as a property. */
function isAlternatives(name: string, value: unknown): value is Record<string, unknown>[] {
  if (name !== '$or' || !Array.isArray(value) || value.length < 2) return false;
  return value.every((item) => isRecord(item) && !Object.keys(item).some(isReserved));
}

function parseObject(value: Record<string, unknown>, scope: FilterScope): FilterPolicy {
  const properties = new Map<string, { rules: Rule[] } | { nested: FilterPolicy }>();
  const alternatives: FilterPolicy[][] = [];
  for (const [name, inside] of Object.entries(value)) {
    if (isAlternatives(name, inside)) alternatives.push(inside.map((item) => parseObject(item, scope)));
    else if (Array.isArray(inside)) properties.set(name, { rules: rulesOf(inside) });
    else if (isRecord(inside) && scope === 'MessageBody') properties.set(name, { nested: parseObject(inside, scope) });
    else if (isRecord(inside))
      throw invalidFilter('Filter policy scope MessageAttributes does not support nested filter policy');
    else throw invalidFilter(`"${name}" must be an object or an array`);
  }
  return { properties, alternatives };
}

function rulesOf(entries: readonly unknown[]): Rule[] {
  if (entries.length === 0) throw invalidFilter('Empty arrays are not allowed');
  return entries.map(parseRule);
}

/** The names of all properties that have rules, with their path. */
function leaves({ properties, alternatives }: FilterPolicy, path = ''): string[] {
  const own = [...properties].flatMap(([name, property]) =>
    'rules' in property ? [`${path}.${name}`] : leaves(property.nested, `${path}.${name}`),
  );
  return [...own, ...alternatives.flat().flatMap((policy) => leaves(policy, path))];
}

/** Rules times depth, multiplied over properties and added up over alternatives. */
function combinations({ properties, alternatives }: FilterPolicy, depth = 1): number {
  const own = [...properties.values()].map((property) =>
    'rules' in property ? property.rules.length * depth : combinations(property.nested, depth + 1),
  );
  const ors = alternatives.map((each) => each.reduce((sum, policy) => sum + combinations(policy, depth), 0));
  return [...own, ...ors].reduce((product, factor) => product * factor, 1);
}

/** Reads a filter policy, and refuses what AWS refuses, or what would otherwise be passed over. */
export function parseFilterPolicy(json: string, scope: FilterScope): FilterPolicy {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw invalidFilter('failed to parse JSON.');
  }
  if (!isRecord(parsed)) throw invalidFilter('failed to parse JSON.');
  const policy = parseObject(parsed, scope);
  if (new Set(leaves(policy)).size > mostKeys)
    throw invalidFilter(`Filter policy can not have more than ${mostKeys} keys`);
  if (combinations(policy) > mostCombinations) throw invalidFilter('Filter policy is too complex');
  return policy;
}

/** Of an array any element will do; an empty one is as if it were not there. */
function elements(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [value];
  return value.length === 0 ? [undefined] : value;
}

function matches({ properties, alternatives }: FilterPolicy, facts: Readonly<Record<string, unknown>>): boolean {
  const own = [...properties].every(([name, property]) => {
    const found = elements(Object.hasOwn(facts, name) ? facts[name] : undefined);
    if ('rules' in property) return property.rules.some((rule) => found.some(rule));
    return found.some((inside) => matches(property.nested, isRecord(inside) ? inside : {}));
  });
  return own && alternatives.every((each) => each.some((policy) => matches(policy, facts)));
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** True if a message gets through to a subscription; without a policy, and through an empty one, each does. */
export function letsThrough(
  filter: { readonly policy: string | undefined; readonly scope: FilterScope },
  message: { readonly attributes: Readonly<Record<string, unknown>>; readonly body: string },
): boolean {
  if (filter.policy === undefined) return true;
  const policy = parseFilterPolicy(filter.policy, filter.scope);
  if (policy.properties.size + policy.alternatives.length === 0) return true;
  const facts = filter.scope === 'MessageBody' ? objectIn(message.body) : message.attributes;
  if (facts === undefined) return false;
  // "An empty set of attributes results in the filter not matching", also where it asks for absence.
  // https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
  if (filter.scope === 'MessageAttributes' && Object.keys(facts).length === 0) return false;
  return matches(policy, facts);
}
