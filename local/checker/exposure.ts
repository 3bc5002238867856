import { keyLabels, keysOf, type Look, record } from './look.ts';

/** Which keys others know: by what AWS or an operator said, and by what those keys could read. */
export interface Exposure {
  /** Those that were named, without what they could read. */
  readonly named: ReadonlySet<string>;
  add(accessKeyId: string): void;
  /** Known to others, or stored where a key that is could read it. */
  isExposed(accessKeyId: string): boolean;
  /** Takes in who could read what is stored now. */
  noteReaders(look: Look): void;
}

export function createExposure(): Exposure {
  const named = new Set<string>();
  /** By key: those that were Active, for all that is recorded, while its secret was stored. */
  const readers = new Map<string, Set<string>>();

  function isExposed(id: string, asked: ReadonlySet<string> = new Set()): boolean {
    if (named.has(id)) return true;
    const next = new Set([...asked, id]);
    return [...(readers.get(id) ?? [])].some((reader) => !next.has(reader) && isExposed(reader, next));
  }

  return {
    named,
    add: (accessKeyId) => named.add(accessKeyId),
    isExposed: (accessKeyId) => isExposed(accessKeyId),
    noteReaders(look) {
      // Nothing tells since when a key without a record has been Inactive: it may have been Active a moment ago.
      const able = keysOf(look).filter((key) => key.status === 'Active' || !isRecorded(look, key.accessKeyId));
      for (const { label } of keyLabels(look)) {
        const known = readers.get(label) ?? new Set();
        for (const { accessKeyId } of able) if (accessKeyId !== label) known.add(accessKeyId);
        readers.set(label, known);
      }
    },
  };
}

function isRecorded(look: Look, id: string): boolean {
  const isOf = (name: string): boolean => record(look, name)?.accessKeyId === id;
  return isOf('deactivated') || isOf('inactive-seen') || isNamedExposed(look, id);
}

/** The secret remembers that a key of the user is known to others, also once it is gone. */
export function isNamedExposed(look: Look, accessKeyId?: string): boolean {
  const ids = record(look, 'exposed')?.accessKeyId.split('/') ?? [];
  return accessKeyId === undefined ? ids.length > 0 : ids.includes(accessKeyId);
}
