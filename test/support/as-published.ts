import { deepStrictEqual } from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { documents } from '../../cli/evidence/documents.ts';

type Name = keyof typeof documents;

/** Which object holds what; of a digest and of changes each line is one. */
function linesOf(key: string, body: Uint8Array): { name: Name; text: string }[] {
  const text = Buffer.from(key.endsWith('.gz') ? gunzipSync(body) : body).toString('utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  if (key.endsWith('/findings.json.gz')) return [{ name: 'run', text }];
  if (/\/manifest\.[0-9a-f]{64}\.json$/.test(key)) return [{ name: 'manifest', text }];
  if (key.endsWith('/key-changes.jsonl')) return lines.map((line) => ({ name: 'keyChange', text: line }));
  if (!key.includes('/chain/')) return [];
  return lines.map((line, index) => ({ name: index === 0 ? 'digest' : 'signature', text: line }));
}

/** Throws unless an object is as its schema says, field for field: nothing is missing, and nothing is there unnamed. */
export function asPublished(key: string, body: Uint8Array): Name[] {
  return linesOf(key, body).map(({ name, text }) => {
    const value: unknown = JSON.parse(text);
    deepStrictEqual(documents[name].parse(value), value, `${key} is not as published`);
    return name;
  });
}
