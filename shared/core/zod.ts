import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

/**
 * Zod without its chained methods, which no bundler can leave out: a fifth of every function's bundle
 * (docs/decisions/0004-zod-mini-pays-for-cloudtrail.md). Its sentences about wrong values are a part of their own.
 */
z.config(en());

export * from 'zod/mini';

/** JSON inside a text; `whenEmpty` is what an empty one stands for. */
export function jsonText<T extends z.ZodMiniType>(text: z.ZodMiniType<string>, schema: T, whenEmpty = '') {
  const parsed = z.transform((input: string, { issues }): unknown => {
    try {
      return JSON.parse(input || whenEmpty);
    } catch {
      issues.push({ code: 'custom', input, message: 'must be JSON' });
      return z.NEVER;
    }
  });
  return z.pipe(z.pipe(text, parsed), schema);
}
