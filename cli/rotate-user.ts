import type { ReasonCode } from '../shared/core/reasons.ts';
import type { ShownStep } from '../shared/core/shown-step.ts';
import type { Deployed } from './deployed.ts';
import { invoke, Thrown } from './invoke.ts';

/** What of the answer of the function `rotate-user` is read here; docs/reference.md explains each field. */
export interface Answer {
  accountId: string;
  userName: string;
  dryRun: boolean;
  status: 'planned' | 'changed' | 'unchanged' | 'blocked' | 'busy' | 'failed';
  reason: ReasonCode;
  message: string;
  plan: readonly ShownStep[];
  keys: readonly ShownKey[];
  secret?: { name: string };
}

export interface ShownKey {
  accessKeyId: string;
  status: string;
  role: string;
  lastUsed?: { at: string; service: string; region: string };
}

/**
 * Asks the deployed function, once: a retry could ask for the same again after it was done. What it throws is thrown
 * here, with its sentence and by its class; if it may have acted without an answer, the error says so.
 */
export async function invokeRotateUser(deployed: Deployed, event: Readonly<Record<string, unknown>>): Promise<Answer> {
  const answered = await invoke(deployed, { name: 'rotate-user', event });
  if (answered instanceof Thrown) throw answered.error;
  return answered as Answer;
}
