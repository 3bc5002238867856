import * as z from '../zod.ts';

/** What a run says of itself, and every file that it wrote: with it the population and the questions are known. */
export const manifestSchema = z.object({
  schemaVersion: z.literal(1),
  runId: z.string(),
  accountId: z.string(),
  /** `schedule` or `hand`: Lambda does not tell a function who invoked it. */
  trigger: z.enum(['schedule', 'hand']),
  function: z.string(),
  /** Of the function: the account is read by it, or in a member by its own `keyturn-observe`. */
  role: z.optional(z.string()),
  version: z.string(),
  /** ISO 8601, as everywhere. */
  startedAt: z.string(),
  endedAt: z.string(),
  isComplete: z.boolean(),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])),
  /** By permission: how often it was asked. */
  calls: z.record(z.string(), z.number()),
  /** The same, of calls that ended with an error: that a user has no password is one, too. */
  errors: z.optional(z.record(z.string(), z.number())),
  population: z.record(z.string(), z.nullable(z.number())),
  counts: z.record(z.string(), z.number()),
  problems: z.array(z.string()),
  files: z.array(z.object({ name: z.string(), sha256: z.string(), bytes: z.number() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Undefined for what is none. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
