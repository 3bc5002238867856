import { paginateListVirtualMFADevices } from '@aws-sdk/client-iam';
import { REPORT_LAG } from '../../core/credential-report.ts';
import type { CarriedFact } from '../../core/evidence/carried-keys.ts';
import { changedUsers, changeOfRoot } from '../../core/evidence/key-changes.ts';
import type { KeyEvent } from '../../core/evidence/reconcile.ts';
import { mapSeen, mfaKindOf, type Seen, type SeenUser, type Snapshot } from '../../core/evidence/snapshot.ts';
import { present } from '../../core/present.ts';
import { asRecordedIn } from '../../core/state-key.ts';
import { formatInstant, HOUR, type Instant, MINUTE } from '../../core/time.ts';
import { type Scan, scanAccount } from '../scan.ts';
import { seeBuckets } from './buckets.ts';
import { seeTrails } from './trails.ts';
import { type Inspection, tryRead, unseen } from './try-read.ts';
import { seeUsers, type UserFacts, type UsersSeen } from './users.ts';

export interface Collected {
  snapshot: Snapshot;
  /** For the next run. */
  carried: readonly CarriedFact[];
  /** What the scan could not read, and what makes its answers worth less: sentences. */
  problems: readonly string[];
  /** How many users the credential report has, those among them who are gone since; null without a report. */
  usersInReport: number | null;
  /** Those whom only one of both has: made, or gone, since the report. */
  usersSinceReport: { made: number; gone: number } | null;
}

/** What is known before an account is looked at. */
export interface KnownBefore extends Pick<UserFacts, 'carried' | 'unusedCredentialDays'> {
  /** Of CloudTrail, of the last days. */
  events: readonly KeyEvent[];
  /** CloudTrail has told all of them. */
  isWitnessed: boolean;
}

/** Sees an account once. IAM, S3 and CloudTrail are asked beside each other; whatever one refuses is its own error. */
export async function seeAccount(inspection: Inspection, accountId: string, known: KnownBefore): Promise<Collected> {
  const at = inspection.clock();
  const [iam, withVirtualMfa, buckets, trails] = await Promise.all([
    seeIam(inspection, accountId, known),
    tryRead(inspection, () => listWithVirtualMfa(inspection)),
    seeBuckets(inspection),
    seeTrails(inspection),
  ]);
  const { root, users, report, unwitnessedSince } = iam;
  const problems = [...iam.problems, ...oldReport(report, at), ...wrongClock(inspection.aws)];
  return {
    snapshot: {
      ...{ accountId, at, unwitnessedSince, root, buckets, trails },
      rootHasVirtualMfa: mapSeen(withVirtualMfa, (arns) => arns.some((arn) => arn.endsWith(`:${accountId}:root`))),
      users: mapSeen(users, (seen) => withMfaKind(seen.users, withVirtualMfa)),
    },
    carried: users.isSeen ? users.value.carried : [],
    problems,
    usersInReport: report?.users.size ?? null,
    usersSinceReport: users.isSeen && report !== undefined ? apart(users.value.users, report.users) : null,
  };
}

function apart(users: readonly SeenUser[], inReport: ReadonlyMap<string, unknown>): { made: number; gone: number } {
  const arns = new Set(users.map(({ user }) => user.arn));
  return {
    made: [...arns].filter((arn) => !inReport.has(arn)).length,
    gone: [...inReport.keys()].filter((arn) => !arns.has(arn)).length,
  };
}

/** AWS makes one at most every four hours, and within minutes. */
const REPORT_LIVES = 4 * HOUR + REPORT_LAG;

function oldReport(report: Scan['report'], at: Instant): string[] {
  if (report === undefined || at - report.reportedAt <= REPORT_LIVES) return [];
  return [`The credential report is of ${formatInstant(report.reportedAt)}: AWS has made none since.`];
}

/** Every instant in the evidence is of this clock. The SDK compares it with what AWS answers. */
function wrongClock({ iam }: Inspection['aws']): string[] {
  const { systemClockOffset } = iam.config;
  if (Math.abs(systemClockOffset) <= 5 * MINUTE) return [];
  const minutes = Math.round(systemClockOffset / MINUTE);
  return [
    `The clock of the function is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'behind' : 'ahead of'} that of AWS.`,
  ];
}

async function seeIam(
  inspection: Inspection,
  accountId: string,
  { events, isWitnessed, ...known }: KnownBefore,
): Promise<
  Pick<Snapshot, 'root' | 'unwitnessedSince'> &
    Pick<Scan, 'report'> & { users: Seen<UsersSeen>; problems: readonly string[] }
> {
  // Everybody is looked at, whomever Keyturn rotates; state counts as it is recorded.
  const settings = { ...inspection.settings, userPathPrefix: '/' };
  const reader = {
    aws: inspection.aws,
    settings,
    verifier: asRecordedIn(settings.stateEpoch),
    wantsExactKeys: () => false,
  };
  const scanned = await tryRead(inspection, () => scanAccount(reader, inspection, undefined, accountId));
  if (!scanned.isSeen) return { root: scanned, users: scanned, problems: [scanned.sentence] };
  const scan = scanned.value;
  const { report, errors } = scan;
  const reportedAt = report?.reportedAt ?? scan.at;
  // A report takes a while to be made.
  const changed = changedUsers(events, reportedAt - REPORT_LAG);
  const users = await tryRead(inspection, () => seeUsers(inspection, { scan, changed, ...known }));
  const userNames = new Set(scan.users.map(({ user }) => user.userName));
  const change = changeOfRoot(events, { since: reportedAt - REPORT_LAG, userNames });
  const root = rootOf(scan, change);
  const unwitnessedSince = isWitnessed ? undefined : reportedAt;
  return { root, users, problems: errors, unwitnessedSince, ...present({ report }) };
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

/** ARNs of users, and of the root user. */
async function listWithVirtualMfa({ aws }: Inspection): Promise<string[]> {
  const arns: string[] = [];
  const pages = { client: aws.iam, pageSize: 1_000 };
  const input = { AssignmentStatus: 'Assigned' as const };
  for await (const { VirtualMFADevices = [] } of paginateListVirtualMFADevices(pages, input)) {
    arns.push(...VirtualMFADevices.flatMap(({ User }) => User?.Arn ?? []));
  }
  return arns;
}

function withMfaKind(users: readonly SeenUser[], withVirtualMfa: Seen<readonly string[]>): SeenUser[] {
  const virtual = mapSeen(withVirtualMfa, (arns) => new Set(arns));
  return users.map((user) => {
    const isVirtual = mapSeen(virtual, (arns) => arns.has(user.user.arn));
    return { ...user, ...present({ mfaKind: mfaKindOf(user.console, isVirtual) }) };
  });
}
