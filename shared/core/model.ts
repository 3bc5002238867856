import type { Audience } from './audience.ts';
import type { Instant } from './time.ts';

/** One access key as IAM shows it. `status` is kept as text: AWS has added values before (`Expired`). */
export interface AccessKey {
  accessKeyId: string;
  status: string;
  createdAt: Instant;
  /** Absent when IAM has no record of a use, which is not the same as "never used". */
  lastUsed?: LastUsed;
}

export interface LastUsed {
  at: Instant;
  service: string;
  region: string;
}

export interface User {
  accountId: string;
  /** `AIDA…`: survives a rename, and is not inherited by a re-created namesake. */
  userId: string;
  userName: string;
  arn: string;
  path: string;
  tags: Readonly<Record<string, string>>;
  groups: readonly string[];
}

/** The copy of a secret in another Region. */
export interface Replica {
  region: string;
  /** `InSync`, `InProgress` or `Failed`. */
  status: string;
  /** Why it failed, in AWS's words. */
  because?: string;
}

/** The secret as DescribeSecret and ListSecrets show it: metadata only. The rotator never reads a value. */
export interface Secret {
  arn: string;
  name: string;
  description?: string;
  kmsKeyId?: string;
  owningService?: string;
  deletedAt?: Instant;
  rotationEnabled: boolean;
  rotationLambdaArn?: string;
  /** Absent where a list of secrets was read, which does not tell. */
  replicas?: readonly Replica[];
  /** By AWS. */
  createdAt: Instant;
  /** We made it: its tag `keyturn:made` is ours, and tells of this very creation. */
  isMade: boolean;
  /** Tags of state as they were signed, without their MACs; and all other tags. */
  tags: Readonly<Record<string, string>>;
  /** Something of ours in it is signed with the key of the epoch before. */
  isSignedBefore: boolean;
  /** Tags of state that we did not write, or not for this secret: they count as absent. */
  voidTags: Readonly<Record<string, string>>;
  /** Version ID → its labels. A key's label is the access key ID alone, and only if we put it on this very version. */
  versions: Readonly<Record<string, readonly string[]>>;
  /** The same as AWS shows them. */
  writtenLabels: Readonly<Record<string, readonly string[]>>;
  /** Since when a rotation by Secrets Manager is pending; read only while there is one. */
  pendingSince?: Instant;
}

/** Everything that was observed about one user, in one pass. */
export interface UserState {
  user: User;
  keys: readonly AccessKey[];
  secret?: Secret;
}

/** What AWS refuses to everybody. */
export interface CommonRefusal {
  cause: string;
  /** Everybody whom it met, in the order given. */
  userNames: readonly string[];
}

/** What a step by schedule or by Config is measured against; read only when such a step is next. */
export interface Limits {
  /** Who is told; `undefined` if no one has to be. */
  audience: Audience | undefined;
  /** Issues and retirements of this UTC day in the whole account that nobody asked for by hand. */
  issuedToday: number;
  /** The three newest keys of the day never worked. */
  isBreakerOpen: boolean;
  /** What AWS refused to all users who were tried today. */
  refusal?: CommonRefusal;
}

export const rotateUserActions = [
  'plan',
  'rotate',
  'confirm',
  'status',
  'hold',
  'rollback',
  'retire',
  'adopt',
  'policy',
] as const;
export type RotateUserAction = (typeof rotateUserActions)[number];

/** What was asked for by hand. `plan` and `status` ask what the schedule would do. */
export type Asked = AskedOptions & (AskedHold | { action: Exclude<RotateUserAction, 'hold'>; holdUntil?: Instant });

interface AskedHold {
  action: 'hold';
  /** A past instant lifts the hold. */
  holdUntil: Instant;
}

interface AskedOptions {
  accessKeyId?: string;
  graceDays?: number;
  force?: boolean;
  restoreSecret?: boolean;
  /** The key is known to others: it is deactivated first, and replaced then. */
  compromised?: boolean;
}

/** The four rotation steps, in the order in which Secrets Manager asks for them. */
export const rotationSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** One rotation step, with origin `managed`. */
export interface ManagedRotation {
  step: RotationStep;
  /** The ClientRequestToken of the rotation: the ID of its pending version. */
  versionId: string;
}

export const requestOrigins = ['schedule', 'config', 'exposed', 'manual', 'managed'] as const;
export type RequestOrigin = (typeof requestOrigins)[number];

/** Who asks, and what this invocation has already done. */
export interface Request {
  origin: RequestOrigin;
  asked?: Asked;
  /** The exposed key, with origin `exposed`. */
  accessKeyId?: string;
  /** Of an exposed key: when somebody said so. */
  reportedAt?: Instant;
  /** With origin `managed`. */
  rotation?: ManagedRotation;
  runId: string;
  /** Instants that this invocation itself wrote into tags: such a record is no sign of another run. */
  wroteAt: ReadonlySet<Instant>;
  /** With origin `schedule`: whether the run has kept one of the day's rotations for this user; it is not asked again. */
  mayIssue?: boolean;
  /** By schedule: whether this is the run that tells again of what no tag can remember, as one does each week. */
  mayRepeat?: boolean;
  /** By schedule and Config: what this container has seen AWS refuse to all users today. */
  refusal?: CommonRefusal;
  /** Absent until they are asked for; then the plan is made again with them. The day is asked for by few steps. */
  limits?: Pick<Limits, 'audience'> & Partial<Limits>;
  /** In a fleet: other Regions where a secret of the user is; absent until a key would be issued next. */
  elsewhere?: readonly string[];
  /** The transition that this invocation has already completed, if any. */
  completed?: Completed;
  /** Exposed keys that this invocation has reported. */
  told?: ReadonlySet<string>;
  /** KMS would not give the key that tells what we signed from what we did not. Nothing is known of the state then. */
  isStateKeyMissing?: boolean;
}

/** What the daily run asks, for those who only want to know the answer. */
export const asScheduled: Request = { origin: 'schedule', runId: '-', wroteAt: new Set() };

export interface Completed {
  verb: 'issue';
}

/** Transitions that are announced in `keyturn:doing` before anything is written. */
export const transitionVerbs = ['issue', 'deactivate', 'delete', 'retire', 'roll-back', 'move-forward'] as const;
export type TransitionVerb = (typeof transitionVerbs)[number];

export const roles = ['current', 'previous', 'pending', 'stranger', 'orphan'] as const;
export type Role = (typeof roles)[number];
