// shared/core/evidence/page.ts: what an auditor types who trusts none of our programs.
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, expect, test } from 'vitest';
import { chainKey, hashOf, parseChainFile } from '../../shared/core/evidence/chain.ts';
import { collect, createCollectorWorld } from '../support/collector.ts';
import { evidenceBucket } from '../support/evidence.ts';
import { DAY } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyturn-shell-'));
afterAll(() => rmSync(folder, { recursive: true }));

const account = createCollectorWorld();
const { aws } = account.world;

const bash = (line: string): string =>
  execFileSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const textOf = (key: string): string =>
  String(aws.s3.versions(evidenceBucket).find((version) => version.key === key)?.body);

/** The lines of the page, as a browser shows them. */
function linesOf(page: string): string[] {
  const text = /<pre>([\s\S]*?)<\/pre>/.exec(page)?.[1] ?? '';
  const shown = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
  return Object.entries(shown)
    .reduce((all, [entity, sign]) => all.replaceAll(entity, sign), text)
    .split('\n');
}

async function writePublicKey(KeyId: string): Promise<void> {
  const kms = account.world.runtime('evidence').aws.clientOf((options) => new KMSClient(options));
  const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId }));
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  writeFileSync(join(folder, 'public.pem'), key.export({ type: 'spki', format: 'pem' }));
}

test('the lines on the page of a run verify its manifest, its digest and the signature', async () => {
  const { arn } = aws.kms.addSigningKey({ alias: 'alias/evidence' });
  const signing = { ...account, settings: { ...account.settings, signingKeyArn: arn } };
  await collect(signing);
  aws.clock.advance(DAY);
  const { page, folder: run } = await collect(signing);
  await writePublicKey(arn);
  const manifest = aws.s3.versions(evidenceBucket).find(({ key }) => key.startsWith(`${run}manifest.`))?.key ?? '';
  const [first, key] = [chainKey(aws.accountId, 1), chainKey(aws.accountId, 2)];
  const [previous, digest] = [first, key].map((each) => parseChainFile(each, textOf(each)));
  for (const each of [manifest, key]) writeFileSync(join(folder, basename(each)), textOf(each));

  const [ofManifest = '', ofLine = '', toSign = '', verified = ''] = linesOf(page);
  const [hash] = bash(ofManifest).split(' ');
  expect(basename(manifest)).toBe(`manifest.${hash}.json`);
  const [H = ''] = bash(ofLine).split(' ');
  expect(H).toBe(hashOf(digest?.line ?? ''));
  const values = [digest?.digest.madeAt, evidenceBucket, key, H, previous?.signature.signature].join(' ');
  expect(toSign).toContain('MADE_AT BUCKET KEY H PREVIOUS_SIGNATURE_OR_null');
  bash(toSign.replace('MADE_AT BUCKET KEY H PREVIOUS_SIGNATURE_OR_null', values));
  expect(bash(verified)).toBe('Verified OK\n');

  bash(toSign.replace('MADE_AT BUCKET KEY H PREVIOUS_SIGNATURE_OR_null', values.replace(H, hash ?? '')));
  expect(() => bash(verified)).toThrow();
});
