import { RotationError } from '../../shared/core/errors.ts';

/** `unknown`: it may not be read, which is no fault. */
export type Verdict = 'ok' | 'warning' | 'fault' | 'unknown';

/** What one check came to. */
export interface Finding {
  /** `queues` */
  check: string;
  verdict: Verdict;
  says: string;
  /** The way out, line by line. */
  todo: string[];
}

/** Without the name of the check. */
export type Found = Omit<Finding, 'check'>;

export const ok = (says: string): Found => ({ verdict: 'ok', says, todo: [] });
export const fault = (says: string, ...todo: string[]): Found => ({ verdict: 'fault', says, todo });
export const warning = (says: string, ...todo: string[]): Found => ({ verdict: 'warning', says, todo });
export const unknown = (because: string): Found => ({ verdict: 'unknown', says: `cannot tell: ${because}`, todo: [] });

/** One answer of a check, or several. What AWS does not let it see is an answer too; anything else is thrown. */
export async function look(check: string, find: () => Promise<Found | readonly Found[]>): Promise<Finding[]> {
  try {
    const found = await find();
    return [found].flat().map((each) => ({ check, ...each }));
  } catch (error) {
    if (!(error instanceof RotationError)) throw error;
    return [{ check, ...unknown(error.message) }];
  }
}
