// cli/evidence/documents.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { documents } from '../../cli/evidence/documents.ts';
import { parsePeriod } from '../../cli/evidence/period/period.ts';
import { reportOf } from '../../cli/evidence/period/report.ts';
import * as z from '../../shared/core/zod.ts';
import { asPublished } from '../support/as-published.ts';
import { collect, createCollectorWorld, populate } from '../support/collector.ts';
import { evidenceBucket } from '../support/evidence.ts';

const file = new URL('../../docs/evidence.schema.json', import.meta.url);

/** `UPDATE_GOLDEN=1 npx vitest run test/integration/evidence-schema.test.ts` writes it anew; then `npm run format`. */
test('the schema of evidence is published', () => {
  const defs = Object.entries(documents).map(([name, document]) => {
    const { $schema, ...schema } = z.toJSONSchema(document, { io: 'input' });
    return [name, schema];
  });
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Keyturn evidence',
    description:
      'What lies in the bucket of evidence, and the report about a period. Fields may be added; none is renamed or changes its meaning while schemaVersion stays 1. See docs/evidence.md.',
    $defs: Object.fromEntries(defs),
  };
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema);
});

describe('what is written', () => {
  test('by a run of the collector is as its schema says, field for field', async () => {
    const account = createCollectorWorld();
    populate(account);
    const { aws } = account.world;
    const caller = { userIdentity: { arn: 'arn:aws:iam::111122223333:user/mallory', type: 'IAMUser' } };
    aws.cloudTrail.addEvent({
      ...{ accessKeyId: 'ASIAEXAMPLE', region: 'us-east-1', eventName: 'TagUser', eventSource: 'iam.amazonaws.com' },
      ...{ sourceIp: '192.0.2.1', userAgent: 'console', at: aws.clock.now() - 3_600_000 },
      more: { ...caller, requestParameters: { userName: 'ci', tags: [{ key: 'keyturn:exempt', value: 'true' }] } },
    });
    // So it is in every test that collects.
    await collect(account);
    const names = aws.s3
      .versions(evidenceBucket)
      .flatMap(({ key, body }) => asPublished(key, body ?? new Uint8Array()));
    expect(new Set(names)).toEqual(new Set(['run', 'manifest', 'keyChange', 'digest', 'signature']));
    const change = { eventId: 'e', at: '', name: 'TagUser', caller: 'x' };
    const kept = (value: object) => asPublished('1/runs/r/key-changes.jsonl', Buffer.from(JSON.stringify(value)));
    expect(kept(change)).toEqual(['keyChange']);
    expect(() => kept({ ...change, caller: undefined })).toThrow();
    expect(() => kept({ ...change, unnamed: 1 })).toThrow();
  });

  test('by an empty report is as its schema says', () => {
    const period = parsePeriod('2026-03', Date.parse('2026-06-01T00:00:00Z'));
    const none = { chained: [], verdicts: [], days: [], unusable: [], records: [], events: [] };
    const about = { accountId: '111122223333', roleSuffix: '', period, isPreliminary: true, now: period.to };
    const report = reportOf({ ...about, ...none });
    expect(documents.report.parse(report)).toEqual(report);
  });
});
