import type { UserState } from '../core/model.ts';
import type { Reconciled } from './reconcile.ts';

/**
 * Whether nothing is left to do about an exposed key: it is Inactive, recorded, reported and replaced; or gone; or what
 * keeps its user from a replacement is reported by name. Otherwise another pass has to look again soon.
 */
export function isDealtWith({ status, reason, state }: Reconciled, accessKeyId: string): boolean {
  if (status === 'planned' || status === 'blocked') return true;
  if (reason === 'exposed' || reason === 'exempt' || reason === 'user-changed') return true;
  if (reason === 'status-unknown') return true;
  return status !== 'busy' && status !== 'failed' && !hasKey(state, accessKeyId);
}

export function hasKey(state: UserState | undefined, accessKeyId: string): boolean {
  return state?.keys.some((key) => key.accessKeyId === accessKeyId) ?? false;
}
