import type { RequestOrigin, TransitionVerb } from './model.ts';
import type { Instant } from './time.ts';

/** Names of the tags that carry all of the rotator's own state. */
export const secretTagNames = {
  userId: 'keyturn:user-id',
  userName: 'keyturn:user-name',
  doing: 'keyturn:doing',
  currentSince: 'keyturn:current-since',
  issuedOn: 'keyturn:issued-on',
  deactivated: 'keyturn:deactivated',
  inactiveSeen: 'keyturn:inactive-seen',
  confirmed: 'keyturn:confirmed',
  announced: 'keyturn:announced',
  hold: 'keyturn:hold',
  stuck: 'keyturn:stuck',
  notice: 'keyturn:notice',
  exposed: 'keyturn:exposed',
  policy: 'keyturn:policy',
  made: 'keyturn:made',
  handedOn: 'keyturn:handed-on',
} as const;

/** Every tag whose value ends in our own MAC; without a valid one it counts as absent. */
export const signedTagNames: readonly string[] = [
  secretTagNames.doing,
  secretTagNames.currentSince,
  secretTagNames.issuedOn,
  secretTagNames.deactivated,
  secretTagNames.inactiveSeen,
  secretTagNames.confirmed,
  secretTagNames.announced,
  secretTagNames.hold,
  secretTagNames.stuck,
  secretTagNames.notice,
  secretTagNames.exposed,
  secretTagNames.policy,
];

/** The write-ahead intent of the one transition in flight, and the lease. */
export interface Intent {
  verb: TransitionVerb;
  at: Instant;
  deadlineAt: Instant;
  runId: string;
  /** For an issue the keys that were there before; otherwise the key that the transition is about. */
  accessKeyIds: readonly string[];
  /** The version that carried AWSCURRENT when the intent was written. */
  versionId?: string;
  /** Asked for by hand, for this rotation only. */
  graceDays?: number;
}

/** An instant and the key it is about. */
export interface KeyRecord {
  at: Instant;
  accessKeyId: string;
}

/** How long the old key was promised to go on working, in days: by settings that may have been changed since. */
export interface Promised {
  graceDays: number;
  postponeDays: number;
}

export interface CurrentSince extends KeyRecord {
  /** Asked for by hand, for this rotation only: neither more nor less. */
  graceDays?: number;
  promised?: Promised;
}

/** Of a key that is Inactive. */
export interface DeactivatedRecord extends KeyRecord {
  /** How long it was promised to be kept, in days. */
  recoveryDays?: number;
}

export const noticeKinds = ['deactivation', 'retirement', 'deletion'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What the owner was last told is going to be taken away. */
export interface NoticeGiven extends KeyRecord {
  kind: NoticeKind;
  /** The earliest day that the message named. */
  earliestAt: Instant;
}

/** Keys that others know: never in use again. */
export interface Exposed {
  /** When they were seen Inactive. */
  at: Instant;
  accessKeyIds: readonly string[];
  /** Not all of them were: AWS refused, or did not show it. */
  isStillActive?: true;
}

/** What was last put into the secret by the settings, and what is not seen to be so yet. */
export interface PolicyPut {
  /** Of the policy, and of all that goes with it. */
  hash: string;
  /** When replicas were last ordered, or a change that may not show. Absent: all is as ordered. */
  triedAt?: Instant;
  /** When a failed replica was last reported. */
  toldAt?: Instant;
}

/** Who began the last issue, and on which UTC day. */
export interface Issued {
  /** Start of the day. */
  day: Instant;
  origin: RequestOrigin;
}

export interface Announced {
  event: string;
  at: Instant;
  accessKeyId?: string;
  /** Its reason code. Tags of earlier versions have none. */
  reason?: string;
  /** Of a failure: which call AWS refused, and how: `iam:CreateAccessKey/AccessDenied`. */
  cause?: string;
  /** Of a failure that goes on: when it was last reported, which is not at each try. */
  toldAt?: Instant;
}

/** When a rotation by Secrets Manager was last announced as stuck, and which version it left pending. */
export interface Stuck {
  at: Instant;
  versionId: string;
}

export interface SecretTags {
  intent?: Intent;
  currentSince?: CurrentSince;
  /** Start of the UTC day on which the last issue intent was written. */
  issuedOn?: Instant;
  /** Who that issue was for. */
  issuedFor?: RequestOrigin;
  deactivated?: DeactivatedRecord;
  inactiveSeen?: DeactivatedRecord;
  confirmed?: KeyRecord;
  announced?: Announced;
  /** Exclusive: held before this instant. */
  holdUntil?: Instant;
  /** A tag of its own: in `announced` it would hide the reminder that a deactivation waits for. */
  stuck?: Stuck;
  notice?: NoticeGiven;
  exposed?: Exposed;
  policy?: PolicyPut;
}

/** The tags that say when something was done to the user, or reported. */
export function recordsOf(tags: SecretTags): { at: Instant }[] {
  const { intent, currentSince, deactivated, inactiveSeen, confirmed, announced, notice, exposed } = tags;
  const records = [intent, currentSince, deactivated, inactiveSeen, confirmed, announced, notice, exposed];
  return records.filter((record) => record !== undefined);
}

export type ParsedSecretTags = { tags: SecretTags; problems: readonly string[] };

/** True for a version label that is an access key ID; AWS's own labels are shorter. */
export function isKeyLabel(label: string): boolean {
  return /^[A-Z0-9]{16,128}$/.test(label);
}
