import { AwsError } from './errors.ts';
import { isRecord } from './input.ts';

/** The attributes of a message that a subscription wants: each named here must have one of the values. */
export type FilterPolicy = ReadonlyMap<string, readonly string[]>;

// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const mostKeys = 5;
const mostCombinations = 150;

const invalid = (message: string) =>
  new AwsError(400, 'InvalidParameter', `Invalid parameter: FilterPolicy: ${message}`);

/** Of SNS's operators only the exact text, which is all that this service asks for; others are refused. */
export function parseFilterPolicy(json: string): FilterPolicy {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw invalid('failed to parse JSON.');
  }
  if (!isRecord(parsed)) throw invalid('failed to parse JSON.');
  const policy = new Map(Object.entries(parsed).map(([name, values]) => [name, valuesOf(name, values)]));
  if (policy.size > mostKeys) throw invalid(`Filter policy can not have more than ${mostKeys} keys`);
  const combinations = [...policy.values()].reduce((product, values) => product * values.length, 1);
  if (combinations > mostCombinations) throw invalid('Filter policy is too complex');
  return policy;
}

function valuesOf(name: string, values: unknown): string[] {
  if (!Array.isArray(values)) throw invalid(`"${name}" must be an object or an array`);
  if (values.length === 0) throw invalid('Empty arrays are not allowed');
  return values.map((value: unknown) => {
    if (typeof value !== 'string') throw invalid('The local AWS matches exact text only.');
    return value;
  });
}

/** True if a message with these attributes gets through; without a policy each does. */
export function letsThrough(policy: string | undefined, attributes: Readonly<Record<string, string>>): boolean {
  if (policy === undefined) return true;
  return [...parseFilterPolicy(policy)].every(([name, values]) => values.includes(attributes[name] ?? ''));
}
