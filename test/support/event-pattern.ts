import { type Json, object } from '../package/template.ts';

/** EventBridge's equality: each field of the pattern holds one of the values, or begins with a prefix, listed for it. */
export function matches(pattern: Json | undefined, event: Json | undefined): boolean {
  if (Array.isArray(pattern)) return pattern.some((value) => value === event || beginsWith(value, event));
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return false;
  return Object.entries(object(pattern)).every(([field, wanted]) => matches(wanted, event[field]));
}

function beginsWith(value: Json, event: Json | undefined): boolean {
  if (typeof value !== 'object' || typeof event !== 'string') return false;
  const { prefix } = object(value);
  return typeof prefix === 'string' && event.startsWith(prefix);
}
