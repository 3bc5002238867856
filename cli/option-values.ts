import { InvalidArgumentError } from 'commander';

/* What an option's value must be: each returns it, or refuses it in a sentence. */

export function accountId(value: string): string {
  if (/^\d{12}$/.test(value)) return value;
  throw new InvalidArgumentError('An account ID has 12 digits.');
}

export function collectAccounts(value: string, before: readonly string[]): string[] {
  return collect(accountId(value), before);
}

export function accessKeyId(value: string): string {
  if (/^[A-Z0-9]{16,128}$/.test(value)) return value;
  throw new InvalidArgumentError('An access key ID has 16 to 128 capital letters and digits.');
}

export function domain(value: string): string {
  if (/^[a-z][a-z0-9-]{0,29}$/.test(value)) return value;
  throw new InvalidArgumentError('A domain has lower-case letters, digits and hyphens only.');
}

export function days(value: string): number {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (number === 0 || (number >= 1 && number <= 3_650)) return number;
  throw new InvalidArgumentError('It is 0, or a number from 1 to 3650.');
}

export function size(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 10_000) return number;
  throw new InvalidArgumentError('It is a whole number from 1 to 10000.');
}

export function digestNumber(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('It is the number of a digest, from 1.');
}

/** CloudTrail keeps its event history for 90 days. */
export function trailDays(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 90) return number;
  throw new InvalidArgumentError('It is a whole number from 1 to 90.');
}

export function date(value: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))) return value;
  throw new InvalidArgumentError('A date is written YYYY-MM-DD.');
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function region(value: string): string {
  if (/^[a-z]{2,4}(-[a-z]+)+-\d+$/.test(value)) return value;
  throw new InvalidArgumentError('It is no Region: one looks like eu-central-1.');
}

export function stage(value: string): string {
  if (/^[a-z][a-z\d-]*$/i.test(value)) return value;
  throw new InvalidArgumentError('A stage has letters, digits and hyphens only.');
}
