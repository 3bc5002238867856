/** Who did it: the service, the owner of a key, an operator, or the world around them. */
export type Actor = 'keyturn' | 'owner' | 'operator' | 'world';

/** One thing that happened. */
export interface Happening {
  readonly at: number;
  readonly actor: Actor;
  /** The event of a message, or a word of ours for what was not announced. */
  readonly event: string;
  readonly userId?: string | undefined;
  readonly userName?: string | undefined;
  readonly text: string;
  /** Of a message: the code behind the sentence. */
  readonly reason?: string | undefined;
  readonly accessKeyId?: string | undefined;
  /** Of a message about a replacement. */
  readonly newAccessKeyId?: string | undefined;
  /** Of a new key: how old the one is that it replaces. */
  readonly replacedDays?: number | undefined;
}

export interface Chronicle {
  readonly happenings: readonly Happening[];
  add(happening: Happening): void;
}

export function createChronicle(onHappening: (happening: Happening) => void = () => {}): Chronicle {
  const happenings: Happening[] = [];
  return {
    happenings,
    add(happening) {
      happenings.push(happening);
      onHappening(happening);
    },
  };
}

/** Access key IDs as people tell them apart: by their last four characters. */
export function shorten(text: string): string {
  return text.replace(/\bAKIA[A-Z2-7]{12}([A-Z2-7]{4})\b/g, '…$1');
}
