import type { UserState } from '../../core/model.ts';
import { verifiedSecret } from '../../core/verify-secret.ts';
import type { Pass } from '../pass.ts';
import { announce } from './announce.ts';
import { tagSecret } from './secret.ts';

/** Tells the topic that a pass failed, and remembers it where a tag may be written, so that the digest counts it. */
export async function rememberFailure(pass: Pass, state: UserState, message: string): Promise<void> {
  const { tag } = await announce(pass, state, { reason: 'failed', message }, { event: 'failed' });
  const secret = verifiedSecret(state.secret, state.user, pass.settings);
  if (secret !== undefined) await tagSecret(pass, secret, tag);
}
