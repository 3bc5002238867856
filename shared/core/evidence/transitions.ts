import { type Instant, parseInstant } from '../time.ts';
import * as z from '../zod.ts';

const recordSchema = z.looseObject({
  event: z.string(),
  transitionId: z.string(),
  accountId: z.string(),
  at: z.string(),
  reason: z.optional(z.string()),
  accessKeyId: z.optional(z.string()),
  newAccessKeyId: z.optional(z.string()),
});

/** A record that was read: its name, its hash and its text. */
export interface ReadRecord {
  key: string;
  sha256: string;
  body: string;
}

/** One transition, however often it was told of: a message is delivered at least once. */
export interface RecordedTransition {
  accountId: string;
  transitionId: string;
  event: string;
  /** When it was first told of. */
  at: Instant;
  record: z.infer<typeof recordSchema>;
  /** Of the record that tells of it first. */
  key: string;
  /** How many more messages tell of it. */
  repeats: number;
  /** Fields of which the messages say different things. They are reported and not resolved. */
  contradictions: string[];
}

const compared = ['accessKeyId', 'newAccessKeyId', 'reason'] as const;

/**
 * Each text once. A message that is delivered again after midnight stands under two days: of those it is the first.
 */
export function distinctRecords(records: readonly ReadRecord[]): ReadRecord[] {
  const found = new Map<string, ReadRecord>();
  for (const record of records) {
    const before = found.get(record.sha256);
    if (before === undefined || record.key < before.key) found.set(record.sha256, record);
  }
  return [...found.values()];
}

/** What the records tell of, oldest first. Records of the same text are one; what is about no transition is left out. */
export function transitionsOf(records: readonly ReadRecord[]): RecordedTransition[] {
  const told = distinctRecords(records).flatMap(({ key, body }) => parseRecord(key, body) ?? []);
  const found = new Map<string, RecordedTransition>();
  for (const one of told.toSorted((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1))) {
    const name = JSON.stringify([one.accountId, one.transitionId, one.event]);
    const first = found.get(name);
    found.set(name, first === undefined ? one : alsoTold(first, one));
  }
  return [...found.values()];
}

function parseRecord(key: string, body: string): RecordedTransition | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(json);
  const at = parsed.success ? parseInstant(parsed.data.at) : undefined;
  if (!parsed.success || at === undefined) return undefined;
  const { accountId, transitionId, event } = parsed.data;
  return { accountId, transitionId, event, at, record: parsed.data, key, repeats: 0, contradictions: [] };
}

function alsoTold(first: RecordedTransition, { record }: RecordedTransition): RecordedTransition {
  const contradictions = compared.filter(
    (field) => first.contradictions.includes(field) || record[field] !== first.record[field],
  );
  return { ...first, repeats: first.repeats + 1, contradictions };
}
