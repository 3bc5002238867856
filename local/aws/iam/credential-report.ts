import { HOUR, isoSeconds, wholeSecond } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { hash } from '../random.ts';
import type { Environment, Operations } from '../service.ts';
import type { AccessKey, IamState, IamUser } from './iam-state.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

const columns = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  'access_key_1_active',
  'access_key_1_last_rotated',
  'access_key_1_last_used_date',
  'access_key_1_last_used_region',
  'access_key_1_last_used_service',
  'access_key_2_active',
  'access_key_2_last_rotated',
  'access_key_2_last_used_date',
  'access_key_2_last_used_region',
  'access_key_2_last_used_service',
  'cert_1_active',
  'cert_1_last_rotated',
  'cert_2_active',
  'cert_2_last_rotated',
  'additional_credentials_info',
] as const;

const reuseMs = 4 * HOUR;
const generationMs = 1_000;
const granularityMs = 15 * 60_000;
const noKey = ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
const certificates = ['false', 'N/A', 'false', 'N/A', 'N/A'];

interface Report {
  readonly startedAt: number;
  polls: number;
  readonly content: string;
}

function reportTime(ms: number): string {
  return isoSeconds(wholeSecond(ms)).replace('Z', '+00:00');
}

function keyColumns(key: AccessKey | undefined): readonly string[] {
  if (key === undefined) return noKey;
  const { lastUsed } = key;
  return [
    String(key.status === 'Active'),
    // Recorded from AWS: an inactive key keeps its instant, although the guide says N/A.
    reportTime(key.activatedAt),
    lastUsed === undefined ? 'N/A' : reportTime(Math.floor(lastUsed.at / granularityMs) * granularityMs),
    lastUsed?.region ?? 'N/A',
    lastUsed?.service ?? 'N/A',
  ];
}

/** Recorded from AWS: slots are not in order of creation. Each key keeps a slot of its own choice, if it is free. */
function slots(keys: readonly AccessKey[], seed: string): [AccessKey | undefined, AccessKey | undefined] {
  const [first, second] = [...keys].sort(
    (a, b) => hash(seed + a.accessKeyId) - hash(seed + b.accessKeyId) || (a.accessKeyId < b.accessKeyId ? -1 : 1),
  );
  if (first === undefined || second !== undefined) return [first, second];
  return hash(seed + first.accessKeyId) % 2 === 0 ? [first, undefined] : [undefined, first];
}

function csvField(value: string): string {
  // User names may hold commas.
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function userRow(user: IamUser, seed: string): string {
  const password = user.passwordEnabled
    ? ['true', 'no_information', reportTime(user.createdAt), 'N/A']
    : ['false', 'N/A', 'N/A', 'N/A'];
  const [one, two] = slots(user.keys, seed);
  return [
    user.userName,
    user.arn,
    reportTime(user.createdAt),
    ...password,
    String(user.mfaActive),
    ...keyColumns(one),
    ...keyColumns(two),
    ...certificates,
  ]
    .map(csvField)
    .join(',');
}

function rootRow(accountId: string, { isRootKeyActive, hasRootMfa }: IamState): string {
  const created = reportTime(Date.UTC(2020, 0, 1));
  return [
    '<root_account>',
    `arn:aws:iam::${accountId}:root`,
    created,
    'not_supported',
    'no_information',
    'not_supported',
    'not_supported',
    String(hasRootMfa),
    ...(isRootKeyActive ? ['true', created, 'N/A', 'N/A', 'N/A'] : noKey),
    ...noKey,
    ...certificates,
  ].join(',');
}

/** The two report operations: a report takes a moment to make and is then reused for four hours. */
export function createCredentialReport(environment: Environment, state: IamState): Operations {
  const { accountId } = environment;
  let report: Report | undefined;

  function generate(now: number): Report {
    const rows = state.users.ids.flatMap((id) => state.users.get(id) ?? []).map((user) => userRow(user, accountId));
    const content = [columns.join(','), rootRow(accountId, state), ...rows].join('\n');
    return { startedAt: now, polls: 0, content };
  }

  // A caller that polls with a sleep sees COMPLETE next time; one that polls at once sees INPROGRESS first.
  const isComplete = (current: Report, now: number) => current.polls > 1 || now - current.startedAt >= generationMs;

  return {
    GenerateCredentialReport(_input, { now }) {
      if (report === undefined || now - report.startedAt >= reuseMs || now < report.startedAt) {
        const hadReport = report !== undefined;
        report = generate(now);
        return {
          State: 'STARTED',
          Description: hadReport ? undefined : 'No report exists. Starting a new report generation task',
        };
      }
      report.polls++;
      return { State: isComplete(report, now) ? 'COMPLETE' : 'INPROGRESS' };
    },
    GetCredentialReport(_input, { now }) {
      if (report === undefined) {
        throw new AwsError(410, 'ReportNotPresent', 'No report is present. Use GenerateCredentialReport to make one.');
      }
      if (!isComplete(report, now)) {
        throw new AwsError(404, 'ReportInProgress', 'Report is still being generated.');
      }
      if (now - report.startedAt >= reuseMs) {
        throw new AwsError(410, 'ReportExpired', 'The most recent credential report has expired.');
      }
      return {
        Content: Buffer.from(report.content).toString('base64'),
        ReportFormat: 'text/csv',
        GeneratedTime: isoSeconds(wholeSecond(report.startedAt)),
      };
    },
  };
}
