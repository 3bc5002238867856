/** What a tag of state or a label of a key ends in: a separator, an epoch, and 128 bits. */
const MAC = /[ .][1-9a-z][\w-]{22}$/;

/** The value of a tag of state, or the access key ID of a label, as whoever may not verify it reads it. */
export function unsigned(text: string): string {
  return text.replace(MAC, '');
}

/** The access key ID, if the label is one of a stored key. */
export function keyIdOfLabel(label: string): string | undefined {
  return MAC.test(label) && /^A[KS]IA/.test(label) ? unsigned(label) : undefined;
}
