/** What an error is about. Only facts that may be shown: never a secret access key. */
export interface ErrorFacts {
  userName?: string;
  accountId?: string;
  accessKeyId?: string;
  action?: string;
  /** The organization's administrators alone can lift the refusal. */
  isDeniedByOrganization?: true;
  /** What is wrong with an input, field by field. */
  problems?: readonly Problem[];
  cause?: unknown;
}

export interface Problem {
  /** Empty: the input as a whole. */
  field: string;
  says: string;
}

class KeyturnError extends Error {
  readonly facts: Omit<ErrorFacts, 'cause'>;

  constructor(message: string, { cause, ...facts }: ErrorFacts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.facts = facts;
  }
}

/** An operator must change a setting; the message names it and its environment variable. */
export class SettingsError extends KeyturnError {
  override readonly name = 'SettingsError';
}

/** The input is wrong; the message names the field and what it may be. Nothing was changed. */
export class EventError extends KeyturnError {
  override readonly name = 'EventError';
}

/** The state changed meanwhile, or another run has the lease; try again later. */
export class ConflictError extends KeyturnError {
  override readonly name = 'ConflictError';
}

/** A run of the collector is kept whole, and something in it is not known; the message says what. */
export class IncompleteEvidenceError extends KeyturnError {
  override readonly name = 'IncompleteEvidenceError';
}

/** How a call to AWS failed. */
export interface Failure {
  /** AWS's own error name, `NoSuchEntityException`; of a broken connection the name of its error. */
  code: string;
  /** AWS answered 4xx: the call had no effect. Otherwise it may have had one. */
  isDefinite: boolean;
  /** The same call may succeed later: a throttle, a 5xx, a broken connection. */
  isTransient: boolean;
}

/** AWS said no, or did not answer. */
export class RotationError extends KeyturnError implements Failure {
  override readonly name = 'RotationError';
  readonly code: string;
  readonly isDefinite: boolean;
  readonly isTransient: boolean;

  constructor(message: string, facts: ErrorFacts & Partial<Failure> = {}) {
    const { code = 'RotationFailed', isDefinite = true, isTransient = false, ...rest } = facts;
    super(message, rest);
    this.code = code;
    this.isDefinite = isDefinite;
    this.isTransient = isTransient;
  }
}

/** The same failure with the step and the user in front; anything else that was thrown stays as it is. */
export function aboutUser(error: unknown, attempted: string, facts: Omit<ErrorFacts, 'cause'>): unknown {
  if (!(error instanceof RotationError)) return error;
  const { code, isDefinite, isTransient } = error;
  const account = facts.accountId === undefined ? '' : ` in account ${facts.accountId}`;
  const message = `${attempted}${account}: ${error.message}`;
  return new RotationError(message, { ...error.facts, ...facts, cause: error, code, isDefinite, isTransient });
}

/** True for AWS's answer of that name, whether or not the SDK appended `Exception` to it. */
export function isFailure(error: unknown, name: string): error is RotationError {
  return error instanceof RotationError && (error.code === name || error.code === `${name}Exception`);
}

/** The sentence of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What failed, and kept nothing else from being done. */
export interface Failures {
  /** Sentences, for people. */
  errors: string[];
  /** What was thrown, for those who decide by it. */
  causes?: unknown[];
}

export function collect({ errors, causes }: Failures, thrown: unknown, sentence: string): void {
  errors.push(sentence);
  causes?.push(thrown);
}
