import type { Instant } from '../time.ts';
import * as z from '../zod.ts';
import { type Exception, latestEnd } from './exceptions.ts';
import { controlIds } from './finding.ts';

// Apart from what a run needs: the build reads the file, so that no bundle carries its schema.

const text = (max: number) => z.string().check(z.minLength(1), z.maxLength(max));

/** Of what YAML holds: exceptions, or what is wrong and where. */
export function readExceptions(
  value: unknown,
  now: Instant,
): { value: Exception[] } | { problems: { path: readonly PropertyKey[]; message: string }[] } {
  const latest = latestEnd(now);
  const notTooFar = z.refine<string>(
    (date: string) => date <= latest,
    `may be ${latest} at the latest, 366 days ahead`,
  );
  const until = z.pipe(z.iso.date('must be a date, as 2026-12-31'), z.string().check(notTooFar));
  const exception = z.strictObject({
    control: z.enum(controlIds),
    ...{ resource: text(2_048), because: text(256), approvedBy: text(128), ticket: z.optional(text(256)), until },
  });
  const schema = z.array(exception).check(
    z.superRefine((all, context) => {
      const seen = new Set<string>();
      for (const [index, { control, resource }] of all.entries()) {
        const name = `${control} ${resource}`;
        if (seen.has(name)) context.addIssue({ code: 'custom', path: [index, 'resource'], message: 'is here twice' });
        seen.add(name);
      }
    }),
  );
  const parsed = schema.safeParse(value ?? []);
  if (parsed.success) return { value: parsed.data };
  return { problems: parsed.error.issues.map(({ path, message }) => ({ path, message })) };
}
