import { paginateGetAccountAuthorizationDetails, type UserDetail } from '@aws-sdk/client-iam';
import { type CredentialReport, isSameCreation, REPORT_LAG, type ReportRow } from '../core/credential-report.ts';
import { collect, type Failures, isFailure, messageOf, RotationError } from '../core/errors.ts';
import type { Secret, User } from '../core/model.ts';
import { listed, present } from '../core/present.ts';
import type { RunTimes } from '../core/runs.ts';
import { userIdOfSecretName } from '../core/secret-name.ts';
import { withoutEndpoint } from '../core/smtp.ts';
import type { Instant } from '../core/time.ts';
import type { ScannedUser } from '../core/triage/facts.ts';
import { needsExactKeys } from '../core/triage/triage.ts';
import { matchNobody, parseUserSettings } from '../core/user-settings.ts';
import { reportOrError } from './account-report.ts';
import type { Aws } from './clients.ts';
import { secretsBelow } from './list-secrets.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { accountIdOf, listAccessKeys, type Reader, required, secretOf, tagsOf } from './observe.ts';
import { ownAccountId } from './own-account.ts';
import type { Runtime } from './runtime.ts';
import { listElsewhere } from './secret-elsewhere.ts';

/** A whole account, seen in a handful of calls. */
export interface Scan {
  accountId: string;
  /** Read once, before the first call. */
  at: Instant;
  /** Users below `userPathPrefix`. */
  users: readonly ScannedUser[];
  /** Absent without a credential report. */
  rootActiveKeys?: number;
  report?: Pick<CredentialReport, 'reportedAt' | 'root' | 'users'>;
  /** Creation of each user, by UserId. */
  createdAt: ReadonlyMap<string, Instant>;
  /** Names of secrets whose UserId belongs to no user. */
  secretsWithoutUser: readonly string[];
  /** Sentences: what could not be read, and of whom. */
  errors: readonly string[];
  causes: readonly unknown[];
  /** Sentences: settings that match nobody, Regions that take no mail, a report that says little. */
  findings: readonly string[];
}

/** Whose keys are listed one by one; by default of those whom the report and the tags leave in doubt. */
export interface ScanReader extends Reader {
  wantsExactKeys?(scanned: ScannedUser): boolean;
}

/**
 * Sees every user once. What cannot be read about one user, or the report, becomes an error beside the others; throws
 * if the users or the secrets cannot be listed, since nothing could be judged then.
 *
 * @param expected In a fleet: whose users they must be. Throws if the session sees another account's.
 */
export async function scanAccount(
  reader: ScanReader,
  runtime: Pick<Runtime, 'clock' | 'sleep'>,
  run?: RunTimes,
  expected?: string,
): Promise<Scan> {
  const { aws, settings } = reader;
  const at = runtime.clock();
  const failures = { errors: [], causes: [] } satisfies Failures;
  const [report, details, secrets, elsewhere] = await Promise.all([
    reportOrError(aws, runtime, failures),
    listUsers(aws),
    listSecrets(reader, expected),
    listElsewhere(reader, expected, failures),
  ]);
  const accountId = await accountOf(aws, details, expected);
  const scanned = details
    .filter(({ Path = '/' }) => Path.startsWith(settings.userPathPrefix))
    .map((detail) => scannedUser(detail, { accountId, report, secrets, elsewhere }));
  const mailSenders = scanned.flatMap(({ user }) =>
    withoutEndpoint(user.userName, parseUserSettings(user, settings, at).settings.sesSmtpRegions),
  );
  const userIds = new Set(details.map(({ UserId }) => UserId));
  return {
    accountId,
    at,
    users: await mapConcurrently(scanned, (user) => withExactKeys(reader, user, { at, run, failures })),
    ...(report === undefined ? {} : { rootActiveKeys: report.rootActiveKeys, report }),
    createdAt: new Map(details.map(({ UserId = '', CreateDate = new Date(at) }) => [UserId, CreateDate.getTime()])),
    secretsWithoutUser: [...secrets].filter(([userId]) => !userIds.has(userId)).map(([, { name }]) => name),
    ...failures,
    findings: [...matchNobody(details.map(placeOf), settings), ...mailSenders, ...unreported(details, report)],
  };
}

function placeOf({
  UserName = '',
  GroupList = [],
  Path = '/',
}: UserDetail): Pick<User, 'userName' | 'groups' | 'path'> {
  return { userName: UserName, groups: GroupList, path: Path };
}

/** A report that leaves out most users is no error. They are read one by one, which would go unnoticed without this. */
function unreported(details: readonly UserDetail[], report: CredentialReport | undefined): string[] {
  if (report === undefined) return [];
  const older = details.filter(({ CreateDate = new Date(0) }) => CreateDate.getTime() < report.reportedAt - REPORT_LAG);
  const missing = older.filter((detail) => rowOf(detail, report) === undefined);
  if (missing.length * 2 <= older.length) return [];
  return [
    `${missing.length} of ${older.length} users are not in the credential report, so each was looked at by ` +
      'iam:ListAccessKeys: AWS may have changed its format.',
  ];
}

/** A user deleted and created again since the report would get the row of the namesake. */
function rowOf({ Arn = '', CreateDate }: UserDetail, report: CredentialReport | undefined): ReportRow | undefined {
  const row = report?.users.get(Arn);
  if (row === undefined || CreateDate === undefined) return undefined;
  return isSameCreation(row, CreateDate.getTime()) ? row : undefined;
}

/** Keys of one account must never be judged by what is known of another. */
async function accountOf(aws: Aws, details: readonly UserDetail[], expected: string | undefined): Promise<string> {
  if (expected === undefined) return details[0]?.Arn === undefined ? ownAccountId(aws) : accountIdOf(details[0].Arn);
  const stranger = details.map(({ Arn = '' }) => accountIdOf(Arn)).find((accountId) => accountId !== expected);
  if (stranger === undefined) return expected;
  const message = `The session is of account ${stranger}, and not of ${expected}; nothing was done.`;
  throw new RotationError(message, { accountId: expected });
}

interface AccountFacts {
  accountId: string;
  report: CredentialReport | undefined;
  /** By UserId. */
  secrets: ReadonlyMap<string, Secret>;
  /** Other Regions in which a key is kept, by UserId. */
  elsewhere: ReadonlyMap<string, readonly string[]>;
}

function scannedUser(detail: UserDetail, { accountId, report, secrets, elsewhere }: AccountFacts): ScannedUser {
  const action = 'iam:GetAccountAuthorizationDetails';
  const { Path: path = '/' } = detail;
  const userId = required(detail.UserId, action, 'UserId');
  const arn = required(detail.Arn, action, 'Arn');
  const row = rowOf(detail, report);
  const secret = secrets.get(userId);
  return {
    user: {
      accountId,
      userId,
      userName: required(detail.UserName, action, 'UserName'),
      arn,
      path,
      tags: tagsOf(detail.Tags),
      groups: [...listed(detail.GroupList)],
    },
    ...present({ secret, report: row, elsewhere: elsewhere.get(userId) }),
  };
}

/** A user whose keys cannot be listed is judged by the rest, and the run fails when it is over. */
async function withExactKeys(
  { aws, settings, wantsExactKeys }: ScanReader,
  scanned: ScannedUser,
  { at, run, failures }: { at: Instant; run: RunTimes | undefined; failures: Failures },
): Promise<ScannedUser> {
  if (!(wantsExactKeys?.(scanned) ?? needsExactKeys(scanned, settings, at, run))) return scanned;
  try {
    return { ...scanned, keys: await listAccessKeys(aws, scanned.user.userName) };
  } catch (error) {
    // Deleted since the list of users was read: there is no one to judge.
    if (isFailure(error, 'NoSuchEntity')) return { ...scanned, keys: [] };
    collect(failures, error, `${scanned.user.userName}: ${messageOf(error)}`);
    return scanned;
  }
}

async function listUsers(aws: Aws): Promise<UserDetail[]> {
  const users: UserDetail[] = [];
  const pages = paginateGetAccountAuthorizationDetails({ client: aws.iam, pageSize: 1_000 }, { Filter: ['User'] });
  for await (const page of pages) for (const user of listed(page.UserDetailList)) users.push(user);
  return users;
}

/** Our secrets by UserId, those pending deletion too. */
async function listSecrets(reader: Reader, accountId: string | undefined): Promise<Map<string, Secret>> {
  const { aws, settings } = reader;
  const { secretPrefix } = settings;
  const secrets = new Map<string, Secret>();
  for await (const entry of secretsBelow(aws.secrets, { secretPrefix, withDeleted: true, accountId })) {
    const secret = secretOf(reader, entry);
    const userId = userIdOfSecretName(secretPrefix, secret.name);
    if (userId !== undefined) secrets.set(userId, secret);
  }
  return secrets;
}
