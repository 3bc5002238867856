import { GetLoginProfileCommand, GetUserCommand, paginateListMFADevices } from '@aws-sdk/client-iam';
import type { ReportRow } from '../../core/credential-report.ts';
import { isFailure } from '../../core/errors.ts';
import {
  type CarriedFact,
  carriedKeys,
  contradicts,
  factToCarry,
  useInReport,
} from '../../core/evidence/carried-keys.ts';
import type { ConsoleAccess, PasswordUse, Seen, SeenKey, SeenUser, Unseen } from '../../core/evidence/snapshot.ts';
import { seen } from '../../core/evidence/snapshot.ts';
import type { AccessKey } from '../../core/model.ts';
import { present } from '../../core/present.ts';
import { firstRun, isInSweep } from '../../core/runs.ts';
import { hasPassed, type Instant } from '../../core/time.ts';
import type { ScannedUser } from '../../core/triage/facts.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { getLastUsed, listAccessKeys } from '../observe.ts';
import type { Scan } from '../scan.ts';
import { type Inspection, tryRead, unseen } from './try-read.ts';

/** What is known of all users beforehand. */
export interface UserFacts {
  scan: Scan;
  /** Of the run before, by UserId. */
  carried: ReadonlyMap<string, CarriedFact>;
  unusedCredentialDays: number;
  /** Users of whom CloudTrail tells something since the report: nothing older is believed of them. */
  changed: ReadonlySet<string>;
}

export interface UsersSeen {
  users: SeenUser[];
  /** For the next run. */
  carried: CarriedFact[];
}

/** Re-reads of those whom the report accuses: a run never becomes one call a user for all of them. */
const MOST_READ_AGAIN = 200;

const noReport: Unseen = unseen('no-report', 'There is no credential report that could be read.');

interface Users extends UserFacts {
  inspection: Inspection;
  /** True once for each re-read that is still allowed. */
  mayReadAgain(): boolean;
}

export async function seeUsers(inspection: Inspection, facts: UserFacts): Promise<UsersSeen> {
  let left = MOST_READ_AGAIN;
  const all: Users = { inspection, ...facts, mayReadAgain: () => left-- > 0 };
  const found = await mapConcurrently(facts.scan.users, (scanned) => seeUser(all, scanned));
  const isWrong = found.some(({ user: { keys } }) => !keys.isSeen && keys.reason === 'carried-fact-was-wrong');
  // The rule itself has failed then: the next run reads all.
  return { users: found.map(({ user }) => user), carried: isWrong ? [] : found.flatMap(({ fact }) => fact ?? []) };
}

async function seeUser(all: Users, scanned: ScannedUser): Promise<{ user: SeenUser; fact?: CarriedFact | undefined }> {
  const { user, secret } = scanned;
  const createdAt = all.scan.createdAt.get(user.userId) ?? all.scan.at;
  const shape = { user, createdAt, ...present({ secret }) };
  if (all.scan.report === undefined) {
    return { user: { ...shape, console: noReport, password: noReport, keys: noReport } };
  }
  // What was changed since the report is as if the report did not know the user.
  const row = all.changed.has(user.userName) ? undefined : scanned.report;
  const { keys, fact } = await keysOf(all, scanned, row);
  const access = await consoleOf(all, user.userName, row);
  const password = await passwordOf(all, { userName: user.userName, createdAt }, row);
  return { user: { ...shape, keys, console: access, password }, fact };
}

interface KeysFound {
  keys: SeenUser['keys'];
  fact?: CarriedFact | undefined;
}

async function keysOf(all: Users, { user }: ScannedUser, row: ReportRow | undefined): Promise<KeysFound> {
  const { inspection, carried, scan } = all;
  const { settings } = inspection;
  if (row?.keys.every(({ rotatedAt }) => rotatedAt === undefined)) {
    return { keys: seen({ keys: [], basis: 'report', readAt: row.reportedAt }) };
  }
  const fact = carried.get(user.userId);
  const before = row === undefined ? undefined : carriedKeys(fact, row);
  const isSwept = isInSweep(user.userId, settings, firstRun(scan.at, settings).scheduledAt);
  if (before !== undefined && row !== undefined && !isSwept) {
    const { readAt } = before;
    return { keys: seen({ keys: await withUses(all, before.keys, row), basis: 'carried', readAt }), fact };
  }
  const exact = await tryRead(inspection, () => listAccessKeys(inspection.aws, user.userName));
  if (!exact.isSeen) return { keys: exact };
  if (before !== undefined && contradicts(before.keys, exact.value)) {
    const sentence = `What was carried of the keys of ${user.userName} was wrong; the next run reads those of all users.`;
    return { keys: unseen('carried-fact-was-wrong', sentence) };
  }
  const readAt = inspection.clock();
  const next = row === undefined ? undefined : factToCarry(user.userId, row, { keys: exact.value, readAt });
  return { keys: seen({ keys: await withUses(all, exact.value, row), basis: 'exact', readAt }), fact: next };
}

async function withUses(all: Users, keys: readonly AccessKey[], row: ReportRow | undefined): Promise<SeenKey[]> {
  const found: SeenKey[] = [];
  for (const key of keys) found.push({ ...key, use: await useOf(all, key, row) });
  return found;
}

/** Nobody is accused by the report: a key that it shows as unused is asked for itself. */
async function useOf(all: Users, key: AccessKey, row: ReportRow | undefined): Promise<SeenKey['use']> {
  const { inspection, scan, unusedCredentialDays } = all;
  const told = row === undefined ? undefined : useInReport(key, row);
  const isQuiet = hasPassed(told?.lastUsed?.at ?? key.createdAt, unusedCredentialDays, scan.at);
  if (row !== undefined && told !== undefined && (!isQuiet || key.status !== 'Active')) {
    return seen({ ...told, basis: 'report', readAt: row.reportedAt });
  }
  // Nothing is judged by the use of a key that is not active.
  if (key.status !== 'Active') return seen({ basis: 'exact', readAt: scan.at });
  return readAgain(all, `the use of access key ${key.accessKeyId}`, async () => {
    const lastUsed = await getLastUsed(inspection.aws, key.accessKeyId);
    return { ...present({ lastUsed }), basis: 'exact', readAt: inspection.clock() };
  });
}

async function consoleOf(all: Users, userName: string, row: ReportRow | undefined): Promise<SeenUser['console']> {
  const { inspection } = all;
  const { hasPassword = false, hasMfa = false } = row ?? {};
  if (row !== undefined && (hasMfa || !hasPassword)) {
    return seen({ hasPassword, hasMfa, basis: 'report', readAt: row.reportedAt });
  }
  return readAgain(all, `the password and the devices of ${userName}`, async (): Promise<ConsoleAccess> => {
    const isSet = await hasLoginProfile(inspection, userName);
    return {
      hasPassword: isSet,
      hasMfa: isSet && (await hasDevice(inspection, userName)),
      basis: 'exact',
      readAt: inspection.clock(),
    };
  });
}

async function passwordOf(
  all: Users,
  { userName, createdAt }: { userName: string; createdAt: Instant },
  row: ReportRow | undefined,
): Promise<SeenUser['password']> {
  const { inspection, scan, unusedCredentialDays } = all;
  const { passwordChangedAt: changedAt = createdAt, passwordLastUsedAt, reportedAt = scan.at } = row ?? {};
  const isQuiet = hasPassed(passwordLastUsedAt ?? changedAt, unusedCredentialDays, scan.at);
  if (row !== undefined && !(row.hasPassword && isQuiet)) {
    return seen({ ...present({ lastUsedAt: passwordLastUsedAt }), changedAt, basis: 'report', readAt: reportedAt });
  }
  return readAgain(all, `the last sign-in of ${userName}`, async (): Promise<PasswordUse> => {
    const { User } = await inspection.aws.iam.send(new GetUserCommand({ UserName: userName }));
    const lastUsedAt = User?.PasswordLastUsed?.getTime();
    return { ...present({ lastUsedAt }), changedAt, basis: 'exact', readAt: inspection.clock() };
  });
}

async function readAgain<T>(
  { inspection, mayReadAgain }: Users,
  what: string,
  read: () => Promise<T>,
): Promise<Seen<T>> {
  if (!mayReadAgain()) {
    return unseen('not-re-read', `The report accuses more than ${MOST_READ_AGAIN}: ${what} was not asked for.`);
  }
  return tryRead(inspection, read);
}

async function hasLoginProfile({ aws }: Inspection, UserName: string): Promise<boolean> {
  try {
    await aws.iam.send(new GetLoginProfileCommand({ UserName }));
    return true;
  } catch (error) {
    if (isFailure(error, 'NoSuchEntity')) return false;
    throw error;
  }
}

async function hasDevice({ aws }: Inspection, UserName: string): Promise<boolean> {
  for await (const { MFADevices = [] } of paginateListMFADevices({ client: aws.iam }, { UserName })) {
    if (MFADevices.length > 0) return true;
  }
  return false;
}
