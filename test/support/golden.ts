import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** `UPDATE_GOLDEN=1 npx vitest run <test file>` writes golden files anew; then format them, and read the difference. */
export function golden(path: string, content: string): string {
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return readFileSync(path, 'utf8');
}
