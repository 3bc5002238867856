type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Only those members that there are: what is not known is left out, and does not stand there as undefined. */
export function present<T extends object>(members: T): Present<T>;
export function present(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The items of a list that an answer may lack. */
export function listed<T>(items: readonly T[] | undefined): readonly T[] {
  return items ?? [];
}
