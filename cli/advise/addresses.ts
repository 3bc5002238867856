/** Of a network of one's own: RFC 1918, RFC 6598, and their like in IPv6. Such an address reaches AWS by a VPC endpoint. */
export function isPrivate(address: string): boolean {
  return (
    /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))(?:\.\d{1,3}){1,3}$/.test(
      address,
    ) || /^f[cd][\da-f]{2}:/i.test(address)
  );
}

/** The text that all of them are; nothing of none. */
export function onlyOne(texts: readonly string[]): string | undefined {
  const [first] = texts;
  return texts.every((text) => text === first) ? first : undefined;
}
