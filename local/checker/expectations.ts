import type { LocalAws } from '../aws/aws.ts';

/** The settings of the run that is watched, in days. */
export interface Limits {
  readonly maxAgeDays: number;
  readonly graceDays: number;
  readonly quietDays: number;
  readonly maxPostponeDays: number;
  readonly recoveryDays: number;
  readonly unusedDays: number;
}

/** What is judged by: the settings, and what only people know. */
export interface Expectations {
  /** Of today: somebody may change them. */
  readonly limits: Limits;
  readonly freezes?: readonly (readonly [from: number, to: number])[];
  /** A role hands every user's key on: what it says stands for the use of the new key. */
  readonly handsOn?: boolean;
  /** Where the messages are published, if not in the account that is watched. */
  readonly post?: LocalAws;
  /** The access key IDs whose secrets the owner has, if anybody knows. */
  handOf?(userId: string): ReadonlySet<string>;
}

/** What `rotate-user` was asked for. */
export interface Command {
  readonly action: string;
  readonly userName: string;
  readonly accessKeyId?: string;
  readonly force?: boolean;
  readonly compromised?: true;
  readonly graceDays?: number;
  readonly holdUntil?: string;
  readonly restoreSecret?: boolean;
}

/** One invocation of a function: who called, and what for. */
export interface Invocation {
  readonly caller: string;
  readonly command?: Command | undefined;
  /** The key that AWS found in public, if the invocation is about one. */
  readonly exposedKeyId?: string | undefined;
  readonly isDryRun?: boolean;
}

/** Something that may never be, and was. */
export interface Violation {
  readonly rule: string;
  readonly userName: string;
  readonly what: string;
  readonly at: number;
  /** The call after which it was so, or where it was found. */
  readonly where: string;
}
