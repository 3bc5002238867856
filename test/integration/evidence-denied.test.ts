// shared/service/evidence-collector.ts, whatever is denied to it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Call } from '../../local/aws/aws.ts';
import type { Finding } from '../../shared/core/evidence/finding.ts';
import { collect, createCollectorWorld, populate } from '../support/collector.ts';
import { controlsOf as controlsOn, isAbout } from '../support/rests-on.ts';
import { DAY } from '../support/world.ts';

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
  'ListObjectVersions',
  'ListObjectsV2',
  'GetObject',
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
  const account = setUp();
  const whole = await collect(account);
  const green = new Set(passing(whole.findings));
  const population = new Set(whole.findings.map(one));
  const day = fc.record({ denied: fc.subarray(reads, { minLength: 1 }), isDeniedToTheEnd: fc.boolean() });
  const aDay = async ({ denied, isDeniedToTheEnd }: { denied: string[]; isDeniedToTheEnd: boolean }) => {
    account.world.aws.clock.advance(DAY);
    const refused: Call[] = [];
    let [isAtYesterday, isWriting, ofYesterday, ofDigest] = [true, false, 0, 0];
    const { findings, error, manifest } = await collect(account, (call) => {
      if (call.operation === 'LookupEvents') isAtYesterday = false;
      if (call.operation === 'PutObject') isWriting = true;
      if (!denied.includes(call.operation) || (isWriting && !isDeniedToTheEnd)) return undefined;
      if (isWriting) ofDigest++;
      else if (isAtYesterday) ofYesterday++;
      else refused.push(call);
      return { kind: 'error', status: 403, code: 'AccessDenied' };
    });
    const isResting = (finding: Finding) =>
      refused.some((call) => controlsOn(call).includes(finding.control.id) && isAbout(finding, call)) ||
      (ofYesterday > 0 && finding.control.id === 'evidence-bucket');
    expect(passing(findings.filter(isResting))).toEqual([]);
    // What passes now passes when everything is answered: no denial is good news.
    expect(passing(findings).filter((name) => !green.has(name))).toEqual([]);
    expect(new Set(findings.map(one)).size).toBe(findings.length);
    // What was no resource before stands for what is not known: a list, or a trail that may be logging.
    const more = findings.filter((finding) => !population.has(one(finding)));
    expect(more.filter(({ status }) => status !== 'error')).toEqual([]);
    expect(controlsOf(findings)).toEqual(controlsOf(whole.findings));
    expect(manifest.isComplete).toBe(findings.every(({ status }) => status !== 'error'));
    // A run that cannot be chained ends with that.
    expect(error === undefined).toBe(manifest.isComplete && ofDigest === 0);
    expect(Object.values(manifest.counts).reduce((sum, count) => sum + count, 0)).toBe(findings.length);
  };
  await fc.assert(fc.asyncProperty(day, aDay), { numRuns: 12 });
  // What a run reads of the bucket itself, each alone and to the end.
  for (const operation of ['ListObjectVersions', 'ListObjectsV2', 'GetObject']) {
    await aDay({ denied: [operation], isDeniedToTheEnd: true });
    await aDay({ denied: [operation], isDeniedToTheEnd: false });
  }
}, 60_000);
