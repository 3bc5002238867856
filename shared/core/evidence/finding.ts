/** What evidence asks of an account. The order is that of the page. */
export const controlIds = [
  'mfa-console',
  'root-keys',
  'root-mfa',
  'root-hardware-mfa',
  'key-age',
  'one-active-key',
  'unused-credentials',
  'bucket-encryption',
  'trail-covers-all',
  'trail-validation',
  'trail-delivering',
  'iam-alarms',
  'evidence-bucket',
  'exemption-dated',
  'changes-reconciled',
] as const;
export type ControlId = (typeof controlIds)[number];

/** `error` is never green and never red: it was not known. */
export const findingStatuses = ['pass', 'fail', 'error', 'not-applicable'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

/** Why something is not known. */
export const unseenReasons = [
  'denied',
  'throttled',
  'not-answered',
  'no-report',
  'no-time',
  'not-re-read',
  'carried-fact-was-wrong',
  'cut-short',
  'no-longer-kept',
] as const;
export type UnseenReason = (typeof unseenReasons)[number];

/** Stable words, each of one status. */
export const findingReasons = {
  pass: [
    'has-mfa',
    'no-root-key',
    'no-virtual-device',
    'younger-than-limit',
    'at-most-one',
    'used-lately',
    'encrypted-as-asked',
    'trail-proven',
    'validated',
    'delivering',
    'alarm-is-heard',
    'as-asked',
    'dated',
    'reconciled',
    'outside-keyturn',
    'taken-back',
  ],
  fail: [
    'no-mfa',
    'root-key',
    'virtual-device',
    'older-than-limit',
    'two-active',
    'unused',
    'never-used',
    'no-default-encryption',
    'other-encryption',
    'no-trail',
    'trails-fall-short',
    'not-validated',
    'not-delivering',
    'no-log-group',
    'no-filter',
    'other-filter-text',
    'no-alarm',
    'tells-no-topic',
    'no-subscriber',
    'not-as-asked',
    'no-end',
    'ended',
    'unrecorded',
    'unwitnessed',
  ],
  error: unseenReasons,
  'not-applicable': [
    'no-password',
    'no-root-credentials',
    'inactive',
    'no-key',
    'gone',
    'no-exemption',
    'no-trail-logs',
    'pending',
  ],
} as const satisfies Record<FindingStatus, readonly string[]>;
type Reasons = typeof findingReasons;
export type FindingReason = Reasons[FindingStatus][number];

/** A status and the reason for it, with what it rests on. */
export type Verdict = { [Status in FindingStatus]: Judged<Status> }[FindingStatus];
interface Judged<Status extends FindingStatus> {
  status: Status;
  reason: Reasons[Status][number];
  /** With the names that were read: escaped wherever it is shown. */
  sentence: string;
  facts: FindingFacts;
}

/** Data; instants are ISO 8601. Null is "there is none"; what is not known is left out. */
export type FindingFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export const resourceTypes = [
  'account',
  'iam-user',
  'iam-access-key',
  's3-bucket',
  'cloudtrail-trail',
  'alarm',
  'key-change',
  'exception',
] as const;

export interface FindingResource {
  type: (typeof resourceTypes)[number];
  /** A key ID, a UserId, the name of a bucket, the ARN of a trail, what an alarm rings for, the number of an account. */
  id: string;
  accountId: string;
  /** `global` for IAM. */
  region: string;
  arn?: string;
  userId?: string;
  userName?: string;
}

/** `benchmark`: numbers this very check; `security-hub`: as AWS maps its own; `text`: our reading, which may be dropped. */
export interface Reference {
  framework: string;
  requirement: string;
  basis: 'benchmark' | 'security-hub' | 'text';
}

/** A decision about a failure: it never makes it a pass. */
export interface Accepted {
  /** A date; null for an exemption without an end. */
  until: string | null;
  because: string;
  approvedBy: string | null;
  /** Of CloudTrail, for a tag; null where it does not tell, and for a file, whose own history has it. */
  approvedAt: string | null;
  eventId: string | null;
  source: 'tag' | 'file';
}

/** A failure that Keyturn is about to end, in the planner's words, as recorded. */
export interface HandOver {
  newAccessKeyId: string | null;
  sentence: string;
  until: string | null;
}

/** What one control says of one resource on one day. */
export interface Finding {
  id: string;
  control: { id: ControlId; version: number; title: string };
  status: FindingStatus;
  reason: FindingReason;
  sentence: string;
  resource: FindingResource;
  facts: FindingFacts;
  /** When what it rests on was true. */
  asOf: string;
  /** The first day of an unbroken run of the same status and reason; days on which it was not known do not break it. */
  since: string;
  /** False where it was not known before: `since` is the first day of which there is an answer, and it may be older. */
  isSinceKnown: boolean;
  /** Of an error: what it was when it was known last. */
  lastKnown: { status: FindingStatus; reason: FindingReason; since: string; isSinceKnown: boolean } | null;
  handOver: HandOver | null;
  accepted: Accepted | null;
  remediation: string;
  references: readonly Reference[];
}

/** The name of a finding, the same every day. */
export function findingId(control: ControlId, ...parts: readonly string[]): string {
  return [control, ...parts].join('/');
}
