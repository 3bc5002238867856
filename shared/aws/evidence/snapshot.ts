import { paginateListVirtualMFADevices } from '@aws-sdk/client-iam';
import type { CarriedFact } from '../../core/evidence/carried.ts';
import { mapSeen, type Seen, type Snapshot } from '../../core/evidence/snapshot.ts';
import { asRecordedIn } from '../../core/state-key.ts';
import { scanAccount } from '../scan.ts';
import { seeBuckets } from './buckets.ts';
import { seeTrails } from './trails.ts';
import { type Looking, tryRead, unseen } from './try-read.ts';
import { seeUsers, type UserFacts, type UsersSeen } from './users.ts';

export interface Collected {
  snapshot: Snapshot;
  /** For the next run. */
  carried: readonly CarriedFact[];
  /** What the scan could not read: sentences. */
  problems: readonly string[];
}

/** Sees an account once. IAM, S3 and CloudTrail are asked beside each other; whatever one refuses is its own error. */
export async function seeAccount(
  looking: Looking,
  accountId: string,
  known: Pick<UserFacts, 'carried' | 'unusedCredentialDays' | 'changed'>,
): Promise<Collected> {
  const at = looking.clock();
  const [iam, rootHasVirtualMfa, buckets, trails] = await Promise.all([
    seeIam(looking, accountId, known),
    tryRead(looking, () => hasRootVirtualMfa(looking, accountId)),
    seeBuckets(looking),
    seeTrails(looking),
  ]);
  const { root, users, problems } = iam;
  return {
    snapshot: { accountId, at, root, rootHasVirtualMfa, users: mapSeen(users, (seen) => seen.users), buckets, trails },
    carried: users.isSeen ? users.value.carried : [],
    problems,
  };
}

async function seeIam(
  looking: Looking,
  accountId: string,
  known: Pick<UserFacts, 'carried' | 'unusedCredentialDays' | 'changed'>,
): Promise<Pick<Snapshot, 'root'> & { users: Seen<UsersSeen>; problems: readonly string[] }> {
  // Everybody is looked at, whomever Keyturn rotates; state counts as it is recorded.
  const settings = { ...looking.settings, userPathPrefix: '/' };
  const reader = {
    aws: looking.aws,
    settings,
    verifier: asRecordedIn(settings.stateEpoch),
    wantsExactKeys: () => false,
  };
  const scanned = await tryRead(looking, () => scanAccount(reader, looking, undefined, accountId));
  if (!scanned.isSeen) return { root: scanned, users: scanned, problems: [scanned.sentence] };
  const scan = scanned.value;
  const { report, errors } = scan;
  const users = await tryRead(looking, () => seeUsers(looking, { scan, ...known }));
  const root: Snapshot['root'] =
    report === undefined
      ? unseen('no-report', errors.join(' '))
      : { isSeen: true, value: { ...report.root, reportedAt: report.reportedAt } };
  return { root, users, problems: errors };
}

async function hasRootVirtualMfa({ aws }: Looking, accountId: string): Promise<boolean> {
  const input = { AssignmentStatus: 'Assigned' as const };
  for await (const { VirtualMFADevices = [] } of paginateListVirtualMFADevices({ client: aws.iam }, input)) {
    if (VirtualMFADevices.some(({ User }) => User?.Arn?.endsWith(`:${accountId}:root`))) return true;
  }
  return false;
}
