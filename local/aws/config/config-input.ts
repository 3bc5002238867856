import { AwsError, constraintError } from '../errors.ts';
import { type Input, optionalInteger, optionalText, text } from '../input.ts';

/** A list or a text is longer than Config takes. */
export function tooMany(field: string, max: number): AwsError {
  return constraintError(field, `have length less than or equal to ${max}`);
}

/** It is empty. */
export function tooFew(field: string): AwsError {
  return constraintError(field, 'have length greater than or equal to 1');
}

/** A text parameter of 1 to so many characters. */
export function sizedText(input: Input, name: string, max: number): string {
  const value = text(input, name);
  if (value.length < 1) throw tooFew(name);
  if (value.length > max) throw tooMany(name, max);
  return value;
}

/** An instant in ms, which the wire has in seconds; undefined without one. */
export function instant(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw constraintError(name, 'be a timestamp');
  return Math.round(value * 1000);
}

/** How an operation spells the parameters of its pages. */
export interface PageNames {
  readonly limit: string;
  readonly token: string;
}

function place(input: Input, name: string): number {
  const token = optionalText(input, name);
  if (token === undefined) return 0;
  if (!/^n\d+$/.test(token)) throw new AwsError(400, 'InvalidNextTokenException', 'The nextToken is not valid.');
  return Number(token.slice(1));
}

/** A page of 10 unless asked for up to 100, and of `pageSize` at most. */
export function pageOf<T>(input: Input, all: readonly T[], names: PageNames, pageSize = 1_000) {
  const from = place(input, names.token);
  const limit = Math.min(optionalInteger(input, names.limit, 0, 100) || 10, pageSize);
  const end = from + limit;
  return { items: all.slice(from, end), next: end < all.length ? `n${end}` : undefined };
}
