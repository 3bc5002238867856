// shared/service/evidence-collector.ts, whatever is denied to it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Finding } from '../../shared/core/evidence/finding.ts';
import { collect, createCollectorWorld, populate } from '../support/collector.ts';

const reads = [
  'GenerateCredentialReport',
  'GetCredentialReport',
  'GetAccountAuthorizationDetails',
  'ListVirtualMFADevices',
  'ListAccessKeys',
  'GetAccessKeyLastUsed',
  'GetLoginProfile',
  'ListMFADevices',
  'GetUser',
  'ListSecrets',
  'ListBuckets',
  'GetBucketEncryption',
  'DescribeTrails',
  'GetTrailStatus',
  'GetEventSelectors',
  'LookupEvents',
  'GetBucketVersioning',
  'GetPublicAccessBlock',
  'GetBucketPolicyStatus',
  'GetBucketPolicy',
  'GetBucketLifecycleConfiguration',
  'GetObjectLockConfiguration',
];

/** An account with something wrong for every control, so that a green by ignorance would show. */
function setUp() {
  const account = createCollectorWorld();
  populate(account);
  const { aws } = account.world;
  aws.iam.addUser({ userName: 'exempt', tags: { 'keyturn:exempt': 'true' }, keys: [{ ageDays: 200 }] });
  aws.iam.addUser({ userName: 'quiet', passwordEnabled: true, mfaActive: true, createdAt: aws.clock.now() - 9e9 });
  aws.cloudTrail.addTrail({ name: 'silent', isLogging: false });
  return account;
}

const one = ({ control, resource }: Finding): string => `${control.id} ${resource.id}`;
const passing = (findings: readonly Finding[]) => findings.filter(({ status }) => status === 'pass').map(one);
const controlsOf = (findings: readonly Finding[]) => [...new Set(findings.map(({ control }) => control.id))].toSorted();

test('no pass depends on a denied call, and every resource has exactly one finding for each control', async () => {
  const whole = await collect(setUp());
  const green = new Set(passing(whole.findings));
  const population = new Set(whole.findings.map(one));
  await fc.assert(
    fc.asyncProperty(fc.subarray(reads, { minLength: 1 }), async (denied) => {
      const { findings, error, manifest } = await collect(setUp(), ({ operation }) =>
        denied.includes(operation) ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined,
      );
      // What passes now passes when everything is answered: no denial is good news.
      expect(passing(findings).filter((name) => !green.has(name))).toEqual([]);
      expect(new Set(findings.map(one)).size).toBe(findings.length);
      // What was no resource before stands for what is not known: a list, or a trail that may be logging.
      const more = findings.filter((finding) => !population.has(one(finding)));
      expect(more.filter(({ status }) => status !== 'error')).toEqual([]);
      expect(controlsOf(findings)).toEqual(controlsOf(whole.findings));
      expect(manifest.isComplete).toBe(findings.every(({ status }) => status !== 'error'));
      expect(error === undefined).toBe(manifest.isComplete);
      expect(Object.values(manifest.counts).reduce((sum, count) => sum + count, 0)).toBe(findings.length);
    }),
    { numRuns: 12 },
  );
}, 60_000);
