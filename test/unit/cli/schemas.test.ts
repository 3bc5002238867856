// Tests of cli/output.ts: what is published is what the commands are held to.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { outputs } from '../../../cli/output.ts';
import * as z from '../../../shared/core/zod.ts';

const folder = new URL('../../../docs/schemas/', import.meta.url);

/** `UPDATE_GOLDEN=1 npx vitest run test/unit/cli/schemas.test.ts` writes them anew; then `npm run format`. */
it.each(Object.entries(outputs))('the schema of `%s --json` is published', (command, output) => {
  const { $schema, ...rest } = z.toJSONSchema(output);
  const schema = { $schema, title: `keyturn ${command.replace('fleet-', 'fleet ')} --json`, ...rest };
  const file = new URL(`${command}.schema.json`, folder);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`);
  }
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema);
});
