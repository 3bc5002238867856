import { paginateListVirtualMFADevices } from '@aws-sdk/client-iam';
import { REPORT_LAG } from '../../core/credential-report.ts';
import type { CarriedFact } from '../../core/evidence/carried.ts';
import { changedUsers, changeOfRoot } from '../../core/evidence/changes.ts';
import type { KeyEvent } from '../../core/evidence/reconcile.ts';
import { mapSeen, type Seen, type Snapshot } from '../../core/evidence/snapshot.ts';
import { asRecordedIn } from '../../core/state-key.ts';
import { type Scan, scanAccount } from '../scan.ts';
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

/** What is known before an account is looked at. */
export interface KnownBefore extends Pick<UserFacts, 'carried' | 'unusedCredentialDays'> {
  /** Of CloudTrail, of the last days. */
  events: readonly KeyEvent[];
  /** CloudTrail has told all of them. */
  isWitnessed: boolean;
}

/** Sees an account once. IAM, S3 and CloudTrail are asked beside each other; whatever one refuses is its own error. */
export async function seeAccount(looking: Looking, accountId: string, known: KnownBefore): Promise<Collected> {
  const at = looking.clock();
  const [iam, rootHasVirtualMfa, buckets, trails] = await Promise.all([
    seeIam(looking, accountId, known),
    tryRead(looking, () => hasRootVirtualMfa(looking, accountId)),
    seeBuckets(looking),
    seeTrails(looking),
  ]);
  const { root, users, problems, unwitnessedSince } = iam;
  return {
    snapshot: {
      ...{ accountId, at, unwitnessedSince, root, rootHasVirtualMfa, buckets, trails },
      users: mapSeen(users, (seen) => seen.users),
    },
    carried: users.isSeen ? users.value.carried : [],
    problems,
  };
}

async function seeIam(
  looking: Looking,
  accountId: string,
  { events, isWitnessed, ...known }: KnownBefore,
): Promise<Pick<Snapshot, 'root' | 'unwitnessedSince'> & { users: Seen<UsersSeen>; problems: readonly string[] }> {
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
  const reportedAt = report?.reportedAt ?? scan.at;
  // A report takes a while to be made.
  const changed = changedUsers(events, reportedAt - REPORT_LAG);
  const users = await tryRead(looking, () => seeUsers(looking, { scan, changed, ...known }));
  const userNames = new Set(scan.users.map(({ user }) => user.userName));
  const change = changeOfRoot(events, { since: reportedAt - REPORT_LAG, userNames });
  const root = rootOf(scan, change);
  return { root, users, problems: errors, unwitnessedSince: isWitnessed ? undefined : reportedAt };
}

/** No call tells of the root user exactly, so what it changed since the report is not known until the next report. */
function rootOf({ report, errors }: Scan, change: KeyEvent | undefined): Snapshot['root'] {
  if (report === undefined) return unseen('no-report', errors[0] ?? 'There is no credential report.');
  if (change !== undefined) {
    const sentence = `The root user called ${change.name} after the credential report was begun: the next report tells.`;
    return unseen('not-re-read', sentence);
  }
  return { isSeen: true, value: { ...report.root, reportedAt: report.reportedAt, basis: 'report' } };
}

async function hasRootVirtualMfa({ aws }: Looking, accountId: string): Promise<boolean> {
  const input = { AssignmentStatus: 'Assigned' as const };
  for await (const { VirtualMFADevices = [] } of paginateListVirtualMFADevices({ client: aws.iam }, input)) {
    if (VirtualMFADevices.some(({ User }) => User?.Arn?.endsWith(`:${accountId}:root`))) return true;
  }
  return false;
}
