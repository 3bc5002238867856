import { type AwsError, constraintError } from './errors.ts';

/** The parsed parameters of a call. Query services carry everything as text, JSON services as JSON values. */
export type Input = Readonly<Record<string, unknown>>;

function fieldName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** A text parameter, or undefined. Refuses other types. */
export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw constraintError(fieldName(name), 'be a string');
  return value;
}

/** A text parameter that must be there. Empty text is a value. */
export function text(input: Input, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined) throw constraintError(fieldName(name), 'not be null');
  return value;
}

/** An integer parameter within limits (a number, or its decimal digits), or undefined. */
export function optionalInteger(input: Input, name: string, min: number, max: number): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  const number = Number(value);
  if (!Number.isInteger(number)) throw constraintError(fieldName(name), 'be an integer');
  if (number < min) throw constraintError(fieldName(name), `have value greater than or equal to ${min}`);
  if (number > max) throw constraintError(fieldName(name), `have value less than or equal to ${max}`);
  return number;
}

/** A boolean parameter (`true`, or the text `true`); absent is false. */
export function flag(input: Input, name: string): boolean {
  return input[name] === true || input[name] === 'true';
}

/** A list parameter; absent is an empty list. */
export function list(input: Input, name: string): readonly unknown[] {
  const value = input[name];
  if (value === undefined || value === null || value === '') return [];
  if (!Array.isArray(value)) throw constraintError(fieldName(name), 'be a list');
  return value;
}

/** A list of texts; absent is an empty list. */
export function textList(input: Input, name: string): string[] {
  return list(input, name).map((item) => {
    if (typeof item !== 'string') throw constraintError(fieldName(name), 'be a list of strings');
    return item;
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A structure or map parameter; absent is an empty one. */
export function record(input: Input, name: string): Input {
  const value = input[name];
  if (value === undefined || value === null || value === '') return {};
  if (!isRecord(value)) throw constraintError(fieldName(name), 'be a structure');
  return value;
}

/** A map of texts; absent is an empty one. */
export function textMap(input: Input, name: string): Record<string, string> {
  const map: Record<string, string> = {};
  for (const [key, value] of Object.entries(record(input, name))) {
    if (typeof value !== 'string') throw constraintError(fieldName(name), 'be a map of strings');
    map[key] = value;
  }
  return map;
}

/** The value of a document, or what `refuse` makes of one that is none. */
export function jsonOf(document: string, refuse: () => AwsError): unknown {
  try {
    return JSON.parse(document);
  } catch {
    throw refuse();
  }
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** The `Tags` parameter that IAM and Secrets Manager share. */
export function tagList(input: Input): Tag[] {
  return list(input, 'Tags').map((item) => {
    if (!isRecord(item)) throw constraintError('tags', 'be a list of structures');
    return { Key: text(item, 'Key'), Value: optionalText(item, 'Value') ?? '' };
  });
}
