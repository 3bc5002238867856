import { isSameCreation, type ReportRow } from '../credential-report.ts';
import type { AccessKey } from '../model.ts';
import { formatInstant, type Instant, parseInstant, SECOND } from '../time.ts';
import * as z from '../zod.ts';

// The report names no keys, but whatever is done to one changes its slots. So an exact list of keys holds while the slots
// stay as they were when it was read.

const factSchema = z.object({
  userId: z.string(),
  userCreatedAt: z.string(),
  readAt: z.string(),
  slots: z.array(z.string()),
  keys: z.array(z.object({ accessKeyId: z.string(), status: z.string(), createdAt: z.string() })),
});
/** An exact reading with the slots that it was read beside. */
export type CarriedFact = z.infer<typeof factSchema>;
export const carriedFacts = z.array(factSchema);

/** Both slots, in no order. */
function slotsOf({ keys }: Pick<ReportRow, 'keys'>): string[] {
  return keys.map(({ isActive, rotatedAt }) => `${isActive}/${rotatedAt ?? '-'}`).toSorted();
}

/**
 * What may be carried of an exact reading: undefined where the report beside it does not agree with it, since a change
 * then lay between the two.
 */
export function factToCarry(
  userId: string,
  row: ReportRow,
  { keys, readAt }: { keys: readonly AccessKey[]; readAt: Instant },
): CarriedFact | undefined {
  const filled = row.keys.filter(({ rotatedAt }) => rotatedAt !== undefined);
  const active = row.keys.filter(({ isActive }) => isActive);
  const agrees =
    filled.length === keys.length && active.length === keys.filter(({ status }) => status === 'Active').length;
  if (!agrees) return undefined;
  return {
    userId,
    userCreatedAt: formatInstant(row.userCreatedAt),
    readAt: formatInstant(readAt),
    slots: slotsOf(row),
    keys: keys.map(({ accessKeyId, status, createdAt }) => ({
      accessKeyId,
      status,
      createdAt: formatInstant(createdAt),
    })),
  };
}

/** The keys as an earlier run read them; undefined where they must be read again. */
export function carriedKeys(
  fact: CarriedFact | undefined,
  row: ReportRow,
): { keys: AccessKey[]; readAt: Instant } | undefined {
  const [createdAt, readAt] = [parseInstant(fact?.userCreatedAt ?? ''), parseInstant(fact?.readAt ?? '')];
  if (fact === undefined || createdAt === undefined || readAt === undefined) return undefined;
  if (!isSameCreation(row, createdAt) || slotsOf(row).join() !== fact.slots.join()) return undefined;
  const keys = fact.keys.map(({ accessKeyId, status, createdAt: at }) => {
    return { accessKeyId, status, createdAt: parseInstant(at) ?? Number.NaN };
  });
  return keys.some((key) => Number.isNaN(key.createdAt)) ? undefined : { keys, readAt };
}

/** Whether an exact reading says something else than what would have been carried. */
export function contradicts(carried: readonly AccessKey[], exact: readonly AccessKey[]): boolean {
  const words = (keys: readonly AccessKey[]): string =>
    keys
      .map(({ accessKeyId, status, createdAt }) => `${accessKeyId}/${status}/${createdAt}`)
      .toSorted()
      .join();
  return words(carried) !== words(exact);
}

/**
 * What the report says of the use of a key: only where exactly one slot can be its own. Undefined: not to be told, and
 * read exactly.
 */
export function useInReport(key: AccessKey, row: ReportRow): Pick<AccessKey, 'lastUsed'> | undefined {
  const own = row.keys.filter(
    ({ isActive, rotatedAt }) =>
      isActive === (key.status === 'Active') && rotatedAt !== undefined && Math.abs(rotatedAt - key.createdAt) < SECOND,
  );
  const [slot, ...others] = own;
  if (slot === undefined || others.length > 0) return undefined;
  const { lastUsedAt, lastUsedService = 'N/A', lastUsedRegion = 'N/A' } = slot;
  if (lastUsedAt === undefined) return {};
  return { lastUsed: { at: lastUsedAt, service: lastUsedService, region: lastUsedRegion } };
}
