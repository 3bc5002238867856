/** Members that hold what an emulator made up, by name. Which of several keys is meant stays visible: see `numbered`. */
const inventedMembers = new Set([
  'GroupId',
  'Marker',
  'MessageId',
  'NextToken',
  'nextToken',
  'ReceiptHandle',
  'RoleId',
  'SecretAccessKey',
  'SenderId',
  'SequenceNumber',
  'UserId',
]);

/** Lists without an order of their own. */
const unorderedMembers = new Set(['AttributeNames', 'GroupList', 'Tags', 'TagKeys', 'VersionStages']);

const timeAttributes = /^(CreatedTimestamp|LastModifiedTimestamp|SentTimestamp|ApproximateFirstReceiveTimestamp)$/;

export type Normaliser = (value: unknown) => unknown;

/**
 * Replaces identifiers, instants, hosts and random ends of ARNs by what they are. Access key IDs and UUIDs are numbered
 * in the order in which the normaliser meets them, so that a result which names the wrong one still differs.
 */
export function createNormaliser(): Normaliser {
  const seen = new Map<string, string>();

  function numbered(kind: string, id: string): string {
    const known = seen.get(id) ?? `<${kind} ${[...seen.values()].filter((name) => name.includes(kind)).length + 1}>`;
    seen.set(id, known);
    return known;
  }

  function normaliseText(text: string): string {
    return text
      .replace(/\b(AKIA|LKIA)[A-Z0-9]{16}\b/g, (id) => numbered('key', id))
      .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, (id) => numbered('uuid', id))
      .replace(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)$/, '<instant>')
      .replace(/(:secret:.*)-[A-Za-z0-9]{6}$/, '$1-<random>')
      .replace(/^https?:\/\/[^/]+(?=\/\d{12}\/)/, '<endpoint>');
  }

  function normaliseMember(name: string, value: unknown): unknown {
    if (typeof value === 'string' && inventedMembers.has(name)) return `<${name}>`;
    if (typeof value === 'string' && timeAttributes.test(name)) return `<${name}>`;
    const result = normalise(value);
    if (!Array.isArray(result) || !unorderedMembers.has(name)) return result;
    return result.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  function normalise(value: unknown): unknown {
    if (typeof value === 'string') return normaliseText(value);
    if (value instanceof Date) return '<date>';
    if (value instanceof Uint8Array) return `<bytes ${Buffer.from(value).toString('base64')}>`;
    if (Array.isArray(value)) return value.map(normalise);
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).filter(([name, member]) => name !== '$metadata' && member !== undefined);
    return Object.fromEntries(
      members.map(([name, member]) => [normaliseText(name), normaliseMember(name, member)]).toSorted(),
    );
  }

  return normalise;
}

/** One place where two normalised values are not the same. */
export interface Difference {
  readonly path: string;
  readonly local: unknown;
  readonly moto: unknown;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Every place where they differ, the deepest that still says it. */
export function differences(local: unknown, moto: unknown, path = ''): Difference[] {
  if (Object.is(local, moto)) return [];
  if (!isContainer(local) || !isContainer(moto) || Array.isArray(local) !== Array.isArray(moto)) {
    return [{ path, local, moto }];
  }
  const names = [...new Set([...Object.keys(local), ...Object.keys(moto)])].toSorted();
  return names.flatMap((name) => differences(local[name], moto[name], path === '' ? name : `${path}.${name}`));
}
