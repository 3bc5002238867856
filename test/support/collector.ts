import { gunzipSync } from 'node:zlib';
import type { BeforeCall, LocalAws } from '../../local/aws/aws.ts';
import { hashOf } from '../../shared/core/evidence/chain.ts';
import type { Collecting, EvidenceSettings } from '../../shared/core/evidence/evidence-settings.ts';
import type { Finding } from '../../shared/core/evidence/finding.ts';
import type { EvidenceLimits } from '../../shared/core/evidence/judgement.ts';
import type { Manifest } from '../../shared/core/evidence/manifest.ts';
import { verifyEvidence } from '../../shared/core/evidence/verify.ts';
import { present } from '../../shared/core/present.ts';
import { collectEvidence } from '../../shared/service/evidence-collector.ts';
import { asPublished } from './as-published.ts';
import { addEvidenceBucket, deployedPolicy, evidenceBucket } from './evidence.ts';
import { createWorld, DAY, type World, type WorldOptions } from './world.ts';

export interface CollectorWorld {
  world: World;
  settings: EvidenceSettings;
}

export function createCollectorWorld(options: WorldOptions = {}): CollectorWorld {
  const world = createWorld(options);
  world.aws.cloudTrail.addTrail({ name: 'all' });
  return { world, settings: addEvidenceBucket(world.aws, { policy: deployedPolicy(world.aws) }) };
}

export interface CollectedRun {
  folder: string;
  findings: Finding[];
  manifest: Manifest;
  page: string;
  /** What the run threw, after everything was written. */
  error: string | undefined;
  calls: Map<string, number>;
}

/** One run of the collector, read as it lies in the bucket; whatever it put there is as its schema says. */
export async function collect(
  { world, settings }: CollectorWorld,
  before?: BeforeCall,
  {
    exceptions,
    mfaMessages = true,
    ...asked
  }: Partial<Pick<Collecting, 'exceptions' | 'mfaMessages'> & EvidenceLimits> = {},
): Promise<CollectedRun> {
  const { aws } = world;
  const first = aws.calls.length;
  const runtime = world.runtime('evidence-collector', before);
  const startedAt = aws.clock.now();
  const invocation = {
    runId: runtime.newRunId(),
    startedAt,
    deadlineAt: startedAt + 900_000,
    functionName: 'keyturn-test-evidence-collector',
  };
  const limits = { bucketEncryption: 'any' as const, unusedCredentialDays: 45, ...asked };
  const request = { action: 'collect' as const, trigger: 'hand' as const };
  const error = await collectEvidence(runtime, invocation, request, {
    settings,
    limits,
    mfaMessages,
    version: '0.0.0',
    ...present({ exceptions }),
  }).then(
    () => undefined,
    (thrown: Error) => thrown.message,
  );
  const calls = new Map<string, number>();
  const put = new Set<unknown>();
  for (const { service, operation, input } of aws.calls.slice(first)) {
    if (operation === 'PutObject') put.add(input.Key);
    calls.set(`${service}:${operation}`, (calls.get(`${service}:${operation}`) ?? 0) + 1);
  }
  const versions = aws.s3.versions(evidenceBucket);
  for (const { key, body } of versions) if (put.has(key)) asPublished(key, body ?? new Uint8Array());
  const manifest = versions.filter(({ key }) => /\/runs\/.*\/manifest\./.test(key)).at(-1);
  const folder = manifest?.key.replace(/[^/]+$/, '') ?? '';
  const bodyOf = (name: string) => versions.find(({ key }) => key === `${folder}${name}`)?.body ?? new Uint8Array();
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
  const { findings } = JSON.parse(text(gunzipSync(bodyOf('findings.json.gz'))));
  return {
    ...{ folder, findings, error, calls },
    manifest: JSON.parse(text(manifest?.body ?? new Uint8Array())),
    page: text(bodyOf('index.html')),
  };
}

/** An account with something of everything. */
export function populate({ world }: CollectorWorld): void {
  const { aws } = world;
  const access = { passwordEnabled: true };
  aws.iam.addUser({ userName: 'alice', ...access, mfaActive: true, keys: [{ ageDays: 20 }] });
  aws.iam.addUser({ userName: 'bob', ...access });
  aws.iam.addUser({ userName: 'ci', path: '/ci/', keys: [{ ageDays: 100 }, { ageDays: 5 }] });
  aws.iam.addUser({ userName: '=cmd', keys: [{ ageDays: 95 }] });
  aws.s3.addBucket({ name: 'data' });
  aws.s3.addBucket({ name: 'elsewhere', region: 'us-east-1' });
  aws.clock.advance(DAY);
}

/** What a verification says of all that is in the bucket. */
export function verifiedEvidence(aws: LocalAws) {
  const versions = aws.s3.versions(evidenceBucket);
  const below = (pattern: RegExp) =>
    new Map(
      versions
        .filter(({ key }) => pattern.test(key))
        .map(({ key, body }) => [key, Buffer.from(body ?? '').toString('utf8')]),
    );
  const objects = versions.filter(({ key }) => !key.includes('/chain/'));
  const evidence = {
    accountId: aws.accountId,
    chain: below(/\/chain\//),
    objects: new Map(objects.map(({ key, body }) => [key, hashOf(body ?? '')])),
    manifests: below(/\/manifest\./),
    versions: undefined,
  };
  const asked = { now: aws.clock.now(), heads: [], isSignedBy: undefined, isQuick: false };
  return { ...verifyEvidence(evidence, asked), objects: objects.length };
}
