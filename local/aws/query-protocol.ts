// AWS Query: parameters as `Tags.member.1.Key=…`, answers in XML.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html

type Node = string | Map<string, Node>;

function place(root: Map<string, Node>, path: readonly string[], value: string): void {
  let node = root;
  path.forEach((part, index) => {
    if (index === path.length - 1) {
      node.set(part, value);
      return;
    }
    let child = node.get(part);
    if (!(child instanceof Map)) {
      child = new Map();
      node.set(part, child);
    }
    node = child;
  });
}

function inOrder(members: Node): Node[] {
  if (!(members instanceof Map)) return [];
  return [...members].sort(([a], [b]) => Number(a) - Number(b)).map(([, member]) => member);
}

function mapEntries(entries: Node): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const entry of inOrder(entries)) {
    if (!(entry instanceof Map)) continue;
    // SNS names the key of message attributes `Name`, and that of all other maps `key`.
    const key = entry.get('key') ?? entry.get('Name');
    const value = entry.get('value') ?? entry.get('Value');
    if (typeof key === 'string' && value !== undefined) result[key] = plain(value);
  }
  return result;
}

function plain(node: Node): unknown {
  if (typeof node === 'string') return node;
  const members = node.get('member');
  if (members instanceof Map) return inOrder(members).map(plain);
  const entries = node.get('entry');
  if (entries instanceof Map) return mapEntries(entries);
  return Object.fromEntries([...node].map(([key, value]) => [key, plain(value)]));
}

/** Reads a form body into nested values; all leaves are text. */
export function parseQueryBody(body: string): Record<string, unknown> {
  const root = new Map<string, Node>();
  for (const [key, value] of new URLSearchParams(body)) place(root, key.split('.'), value);
  const result: Record<string, unknown> = {};
  for (const [key, node] of root) result[key] = plain(node);
  return result;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
};

export function escapeXml(value: string): string {
  return value.replace(/[&<>"\r\n]/g, (character) => escapes[character] ?? character);
}

/** Writes a value as an element: arrays as `<member>`, a `Map` as `<entry>`, undefined not at all. */
export function toXml(name: string, value: unknown): string {
  if (value === undefined) return '';
  return `<${name}>${content(value)}</${name}>`;
}

function content(value: unknown): string {
  if (typeof value === 'string') return escapeXml(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((item) => toXml('member', item)).join('');
  if (value instanceof Map) {
    return [...value].map(([key, item]) => `<entry>${toXml('key', key)}${toXml('value', item)}</entry>`).join('');
  }
  if (typeof value !== 'object' || value === null) return '';
  let result = '';
  for (const [key, item] of Object.entries(value)) result += toXml(key, item);
  return result;
}
