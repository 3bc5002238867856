/**
 * Entities with their own short past. Values are immutable and replaced on write, so a stale read is the true
 * earlier state of that one entity, without copies of the whole account.
 */
export interface Timeline<T> {
  /** Every id that ever was, in order of creation; a deleted one stays as a gap, so that page tokens keep their place. */
  readonly ids: readonly string[];
  /** The value now, or, with `asOf`, as it was at that instant. Undefined where it did not exist. */
  get(id: string, asOf?: number): T | undefined;
  /** Replaces the value; undefined deletes it. */
  set(id: string, value: T | undefined, at: number): void;
}

interface Entry<T> {
  readonly at: number;
  readonly value: T | undefined;
}

/** ListSecrets may be five minutes behind, the longest of AWS's reads; twice that is kept. */
const keptMs = 600_000;

export function createTimeline<T>(): Timeline<T> {
  const ids: string[] = [];
  const current = new Map<string, T | undefined>();
  const past = new Map<string, Entry<T>[]>();

  function remember(id: string, at: number): void {
    const entries = past.get(id) ?? [];
    // Only the newest entry outside the kept time is still needed: it is what held at its edge.
    let first = 0;
    while (first + 1 < entries.length && (entries[first + 1]?.at ?? at) < at - keptMs) first++;
    past.set(id, entries.slice(first));
  }

  return {
    ids,
    get(id, asOf) {
      if (asOf === undefined) return current.get(id);
      const entries = past.get(id) ?? [];
      for (let i = entries.length - 1; i >= 0; i--) {
        const entry = entries[i];
        if (entry !== undefined && entry.at <= asOf) return entry.value;
      }
      return undefined;
    },
    set(id, value, at) {
      if (!past.has(id)) ids.push(id);
      current.set(id, value);
      remember(id, at);
      past.get(id)?.push({ at, value });
    },
  };
}

/** One page of a list: the items, and the place where the next page begins. */
export interface Page<T> {
  readonly items: T[];
  readonly next: number | undefined;
}

/** Walks a timeline from a place on until `limit` wanted items are found; says where to go on if there is more. */
export function page<T, R>(
  timeline: Timeline<T>,
  from: number,
  limit: number,
  asOf: number | undefined,
  pick: (value: T) => R | undefined,
): Page<R> {
  const items: R[] = [];
  for (let i = from; i < timeline.ids.length; i++) {
    const value = timeline.get(timeline.ids[i] ?? '', asOf);
    const picked = value === undefined ? undefined : pick(value);
    if (picked === undefined) continue;
    if (items.length === limit) return { items, next: i };
    items.push(picked);
  }
  return { items, next: undefined };
}
