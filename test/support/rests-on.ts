import type { Call } from '../../local/aws/aws.ts';
import type { ControlId, Finding } from '../../shared/core/evidence/finding.ts';

// Which findings rest on which calls of a run of the collector, as a test knows it.

const report: readonly ControlId[] = [
  ...(['mfa-console', 'root-keys', 'root-mfa', 'root-hardware-mfa'] as const),
  ...(['key-age', 'one-active-key', 'unused-credentials'] as const),
];
const trails: readonly ControlId[] = ['trail-covers-all', 'trail-validation', 'trail-delivering'];

/** The controls that rest on the answer of a call about the account; what is not named is asked about the bucket itself. */
const restOn: Readonly<Record<string, readonly ControlId[]>> = {
  LookupEvents: ['changes-reconciled'],
  GenerateCredentialReport: report,
  GetCredentialReport: report,
  GetAccountAuthorizationDetails: [...report, 'exemption-dated'],
  ListSecrets: [...report, 'exemption-dated'],
  ListVirtualMFADevices: ['root-hardware-mfa'],
  ListAccessKeys: ['key-age', 'one-active-key', 'unused-credentials'],
  GetAccessKeyLastUsed: ['unused-credentials'],
  GetUser: ['unused-credentials'],
  GetLoginProfile: ['mfa-console', 'unused-credentials'],
  ListMFADevices: ['mfa-console', 'unused-credentials'],
  DescribeTrails: trails,
  GetTrailStatus: trails,
  GetEventSelectors: ['trail-covers-all'],
  ListBuckets: ['bucket-encryption'],
  ListObjectsV2: ['changes-reconciled'],
  GetObject: ['changes-reconciled'],
};

export function controlsOf({ operation, input }: Call): readonly ControlId[] {
  if (operation === 'GetBucketEncryption' && input.ExpectedBucketOwner === undefined) return ['bucket-encryption'];
  return restOn[operation] ?? ['evidence-bucket'];
}

/** Whether a finding rests on what was asked: about one user, key or bucket, or about the account. */
export function isAbout({ control, resource }: Finding, { operation, input }: Call): boolean {
  if (input.UserName !== undefined) {
    return resource.userName === input.UserName && (operation === 'ListAccessKeys' || resource.id === resource.userId);
  }
  if (input.AccessKeyId !== undefined) return resource.id === input.AccessKeyId;
  // Changes that were confirmed before stay so.
  if (control.id === 'changes-reconciled') return resource.type === 'account';
  return input.Bucket === undefined || control.id === 'evidence-bucket' || resource.id === input.Bucket;
}
