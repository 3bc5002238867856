import type { LastUsed } from '../model.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Instant } from '../time.ts';

/** What is told of one user's access keys. */
export const keyNoticeEvents = [
  'issued',
  'reminder',
  'postponed',
  'deactivated',
  'reactivated',
  'deleted',
  'blocked',
  'held',
  'rolled-back',
  'retired',
  'exposed',
  'orphan-removed',
  'moved-forward',
  'inactive-seen',
  'grace-restarted',
  'stuck',
  'failed',
] as const;
export type KeyNoticeEvent = (typeof keyNoticeEvents)[number];

/** Every value of the message attribute `event`. Published; names are never changed. */
export const noticeEvents = [...keyNoticeEvents, 'digest', 'evidence', 'mfa-missing'] as const;
export type NoticeEvent = (typeof noticeEvents)[number];

export type Severity = 'info' | 'warning' | 'critical';

/** Warning: act soon. Critical: act now. A digest with errors is a warning instead, and evidence that got worse. */
export const severities = {
  issued: 'info',
  reminder: 'warning',
  postponed: 'warning',
  deactivated: 'warning',
  reactivated: 'info',
  deleted: 'info',
  blocked: 'warning',
  held: 'info',
  'rolled-back': 'info',
  retired: 'warning',
  exposed: 'critical',
  'orphan-removed': 'warning',
  'moved-forward': 'info',
  'inactive-seen': 'info',
  'grace-restarted': 'info',
  stuck: 'warning',
  failed: 'critical',
  digest: 'info',
  evidence: 'info',
  'mfa-missing': 'warning',
} as const satisfies Record<NoticeEvent, Severity>;

/** One place that calls AWS with a key. */
export interface Caller {
  sourceIp: string;
  userAgent: string;
  /** Distinct event names, newest first. */
  events: readonly string[];
}

/** What uses a key, as far as it was looked up. */
export interface UsedBy {
  /** Newest first, five at most. */
  callers: readonly Caller[];
  /** The same in words, or why nothing is known. */
  sentence: string;
}

/** Everything that a message about one user says. Holds no secret. */
export interface Notice {
  event: KeyNoticeEvent;
  transitionId: string;
  accountId: string;
  /** Of a member of a fleet: free text that others chose. */
  accountName?: string | undefined;
  region: string;
  userId: string;
  userName: string;
  owner?: string | undefined;
  /** The key that the message is about: the old one, where there are two. */
  accessKeyId?: string | undefined;
  /** The key to use instead. */
  newAccessKeyId?: string | undefined;
  /** Given only if the secret holds the new key: the message then tells the owner to read it there. */
  secretName?: string | undefined;
  at: Instant;
  reason: ReasonCode;
  /** The planner's sentence. */
  message: string;
  next?: { action: string; notBefore: Instant } | undefined;
  /** If the step waits for a person: when it no longer waits. */
  latestAt?: Instant | undefined;
  /** Of the key that the message is about. */
  lastUsed?: LastUsed | undefined;
  /** The same key, in the last 24 hours. Absent unless CloudTrail lookups are switched on. */
  usedBy?: UsedBy | undefined;
  /** Of an exposed key, now: `Inactive` or something else; absent where no key of that ID is in the account. */
  keyStatus?: string | undefined;
  /** Of the key that the message is about. */
  key?: KeyFacts | undefined;
  /** What asked for the pass in which it happened, and the run. */
  origin?: string | undefined;
  runId?: string | undefined;
  /** Of an exposed key: when AWS, or whoever called by hand, said so. */
  reportedAt?: Instant | undefined;
  /** After an exposure the owner reads the secret from then on, and by sign-ins made after it. */
  readableAt?: Instant | undefined;
  /** Where owners do not read their secrets: who does. */
  readers?: readonly string[] | undefined;
  /** Regions for which the secret has an SMTP password of SES, unless the key is older than the tag. */
  smtpRegions?: readonly string[] | undefined;
  /** How owners call Keyturn's own command line, where they have it. */
  switchCommand?: string | undefined;
  /** Of a member of a fleet: where the functions are, which are asked about this account then. */
  hubRegion?: string | undefined;
  /** Name of the Lambda function: `keyturn-prod-rotate-user`. */
  rotateUserFunction: string;
}

export interface KeyFacts {
  createdAt: Instant;
  /** Whole days, when the message was made. */
  ageDays: number;
  /** After so many days the key is to be replaced: the user's own limit. */
  limitDays: number;
}

/** What is handed to SNS. Attributes without a value are left out: SNS refuses empty ones. */
export interface OutgoingMessage {
  subject: string;
  /** By protocol: `default` for all others. */
  body: { default: string; email: string; https: string };
  attributes: Record<string, string>;
}
