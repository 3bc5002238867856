// Tests of shared/lambda/lambda-runtime.ts and shared/aws/runtime.ts.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { metricNames } from '../../shared/aws/runtime.ts';
import { fleetBeside, lambdaRuntime } from '../../shared/lambda/lambda-runtime.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('runs on the real clock, with a fresh run ID each time', async () => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  const runtime = lambdaRuntime();
  const before = Date.now();
  await runtime.sleep(5);
  expect(runtime.clock()).toBeGreaterThanOrEqual(before);
  expect(runtime.newRunId()).not.toBe(runtime.newRunId());
  expect(runtime.environment).toBe(process.env);
});

it('writes structured log lines and metrics to standard output', () => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'Keyturn');
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'keyturn-test');
  const lines: string[] = [];
  const keep = (chunk: unknown): boolean => lines.push(String(chunk)) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  vi.spyOn(console, 'log').mockImplementation(keep);
  const { log, meter } = lambdaRuntime();
  log.info('Decided', { userName: 'alice' });
  log.warn('Tried again');
  log.error('Failed', { reason: 'denied' });
  for (const name of metricNames) meter.add(name, 1);
  const text = lines.join('\n');
  for (const word of ['alice', 'Tried again', 'denied', 'keyturn-test', ...metricNames]) expect(text).toContain(word);
});

it('has the fleet that the build left beside the bundle, and none without', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-fleet-'));
  const bundle = pathToFileURL(join(folder, 'index.js')).href;
  expect(fleetBeside(bundle)).toBeUndefined();
  writeFileSync(join(folder, 'fleet.json'), '{"organizationId":"o-a1b2c3d4e5"}');
  expect(fleetBeside(bundle)).toEqual({ organizationId: 'o-a1b2c3d4e5' });
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  expect('fleet' in lambdaRuntime()).toBe(false);
});
