/** What an error is about. Only facts that may be shown: never a secret access key. */
export interface ErrorFacts {
  userName?: string;
  accountId?: string;
  accessKeyId?: string;
  action?: string;
  cause?: unknown;
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

/** The state changed under us, or somebody else holds it; trying again later is right. */
export class ConflictError extends KeyturnError {
  override readonly name = 'ConflictError';
}

/** AWS said no, or did not answer. `isTransient` tells whether the same call may succeed later. */
export class RotationError extends KeyturnError {
  override readonly name = 'RotationError';
  readonly isTransient: boolean;

  constructor(message: string, facts: ErrorFacts & { isTransient?: boolean } = {}) {
    const { isTransient = false, ...rest } = facts;
    super(message, rest);
    this.isTransient = isTransient;
  }
}

/** The sentence of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
