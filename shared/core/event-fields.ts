import { EventError, type Problem } from './errors.ts';
import { parseDate, parseInstant } from './time.ts';
import * as z from './zod.ts';

/* What several events and messages have in common. */

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const userNamePattern = /^[\w+=,.@-]{1,64}$/;

export const userName = z
  .string()
  .check(z.regex(userNamePattern, 'must be an IAM user name: 1 to 64 letters, digits and _+=,.@-'));
export const accessKeyId = z
  .string()
  .check(z.regex(/^[A-Z0-9]{16,128}$/, 'must be an access key ID: 16 to 128 capital letters and digits'));
export const accountId = z.string().check(z.regex(/^\d{12}$/, 'must be an account ID of 12 digits'));
/** As AWS Organizations has it: `o-…/r-…/ou-…/`, with or without the account at its end. */
export const organizationPath = z
  .string()
  .check(
    z.maxLength(400),
    z.regex(
      /^o-[a-z0-9]+\/r-[a-z0-9]+(\/ou-[a-z0-9-]+)*(\/\d{12})?\/?$/,
      'must be a path of AWS Organizations: o-…/r-…/ou-…/',
    ),
  );
export const date = z.pipe(
  z.string('must be a date YYYY-MM-DD'),
  z.transform((input: string, { issues }) => {
    const instant = parseDate(input);
    if (instant === undefined) issues.push({ code: 'custom', input, message: 'must be a date YYYY-MM-DD' });
    return instant ?? z.NEVER;
  }),
);
export const instant = z.pipe(
  z.string(),
  z.transform((input: string, { issues }) => {
    const parsed = parseInstant(input);
    if (parsed === undefined)
      issues.push({ code: 'custom', input, message: 'must be an instant 2026-03-02T05:00:00Z' });
    return parsed ?? z.NEVER;
  }),
);

/** Throws an EventError that names each wrong field. */
export function parseEvent<T extends z.ZodMiniType>(schema: T, value: unknown, what: string): z.output<T> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => ({ field: issue.path.join('.'), says: issue.message }));
  throw new EventError(`Cannot read the ${what} event: ${clausesOf(problems)}.`, { problems });
}

/** As a clause each: `graceDays: must be a number`. */
export function clausesOf(problems: readonly Problem[]): string {
  return problems.map(({ field, says }) => (field === '' ? says : `${field}: ${says}`)).join('; ');
}
