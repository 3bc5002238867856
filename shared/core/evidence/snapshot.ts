import type { AccessKey, LastUsed, Secret, User } from '../model.ts';
import type { Instant } from '../time.ts';
import type { UnseenReason } from './finding.ts';

/** What was read, or why it could not be. */
export type Seen<T> = { isSeen: true; value: T } | Unseen;

export interface Unseen {
  isSeen: false;
  reason: UnseenReason;
  /** What was tried, on what, and the way out. */
  sentence: string;
}

export function seen<T>(value: T): Seen<T> {
  return { isSeen: true, value };
}

/** Made of what another was made of: not known, if that is not. */
export function mapSeen<T, R>(found: Seen<T>, map: (value: T) => R): Seen<R> {
  return found.isSeen ? seen(map(found.value)) : found;
}

/** How a fact is known: asked for itself, from the report, or from an earlier run while nothing contradicts it. */
export type Basis = 'exact' | 'report' | 'carried';

/** A password and a device of any kind. */
export interface ConsoleAccess {
  hasPassword: boolean;
  hasMfa: boolean;
  basis: Basis;
  readAt: Instant;
}

export interface PasswordUse {
  /** Absent: never, as far as AWS remembers. */
  lastUsedAt?: Instant;
  /** When it was set; the creation of the user, where the report does not tell. */
  changedAt: Instant;
  basis: Basis;
  readAt: Instant;
}

export interface SeenKey extends Omit<AccessKey, 'lastUsed'> {
  use: Seen<{ lastUsed?: LastUsed; basis: Basis; readAt: Instant }>;
}

export interface SeenKeys {
  keys: readonly SeenKey[];
  basis: Basis;
  readAt: Instant;
}

/** Passkeys, security keys and hardware tokens are `other`: AWS lists virtual devices alone. */
export type MfaKind = 'virtual' | 'other' | 'none';

/** Undefined: not known, or nobody asked. */
export function mfaKindOf(found: Seen<ConsoleAccess>, isVirtual: Seen<boolean>): MfaKind | undefined {
  if (isVirtual.isSeen && isVirtual.value) return 'virtual';
  if (!found.isSeen) return undefined;
  const { hasPassword, hasMfa, basis } = found.value;
  if (hasMfa) return isVirtual.isSeen ? 'other' : undefined;
  // Of whoever has no password, an exact reading asks for no device.
  return hasPassword || basis !== 'exact' ? 'none' : undefined;
}

export interface SeenUser {
  user: User;
  createdAt: Instant;
  mfaKind?: MfaKind;
  secret?: Secret;
  console: Seen<ConsoleAccess>;
  password: Seen<PasswordUse>;
  keys: Seen<SeenKeys>;
}

export interface SeenRoot {
  /** False where the organization has taken its credentials away. */
  mayHavePassword: boolean;
  hasMfa: boolean;
  activeKeys: number;
  /** When this was so: as the report says, unless it was asked for itself. */
  reportedAt: Instant;
  basis: Basis;
}

export interface BucketEncryption {
  algorithm: string;
  kmsKeyId?: string;
  bucketKey: boolean;
  /** Kinds of encryption that the bucket refuses. */
  blockedTypes: readonly string[];
}

export interface SeenBucket {
  name: string;
  region: string;
  createdAt: Instant;
  /** `gone`: deleted since the list; `none`: no default encryption, which AWS no longer has. */
  encryption: Seen<BucketEncryption | 'gone' | 'none'>;
}

/** Which management events a trail has, and from which services it leaves them out. */
export interface ManagementEvents {
  reads: boolean;
  writes: boolean;
  excludedSources: readonly string[];
}

export interface TrailDelivery {
  isLogging: boolean;
  deliveredAt?: Instant;
  /** Of logs, digests and CloudWatch Logs: the text of the latest error, with the time of the latest success. */
  errors: readonly string[];
}

export interface SeenTrail {
  arn: string;
  name: string;
  homeRegion: string;
  isMultiRegion: boolean;
  isOrganization: boolean;
  isValidated: boolean;
  kmsKeyId?: string;
  delivery: Seen<TrailDelivery>;
  management: Seen<ManagementEvents>;
}

/** An account as one run saw it. */
export interface Snapshot {
  accountId: string;
  at: Instant;
  /** Where CloudTrail did not tell what was changed since the credential report: when that was made. */
  unwitnessedSince?: Instant | undefined;
  root: Seen<SeenRoot>;
  /** Whether a virtual device is among those of the root user. */
  rootHasVirtualMfa: Seen<boolean>;
  users: Seen<readonly SeenUser[]>;
  buckets: Seen<readonly SeenBucket[]>;
  trails: Seen<readonly SeenTrail[]>;
}
