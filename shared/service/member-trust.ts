import type { Runtime } from '../aws/runtime.ts';
import { type TrustFinding, trustOf } from '../aws/trust.ts';
import { messageOf } from '../core/errors.ts';
import type { Place } from '../core/fleet/settings-for.ts';
import type { FleetRuntime } from './has-fleet.ts';

/** Why nobody in an account is worked on until it is put right. `member` looks, and changes nothing. */
export async function hindranceIn(
  runtime: FleetRuntime,
  member: Runtime,
  place: Place,
  borne?: TrustFinding['kind'],
): Promise<TrustFinding | undefined> {
  const findings = await trustOf(runtime, member, place);
  return findings.find(({ isRefusal, kind }) => isRefusal && kind !== borne);
}

/** The same as a sentence, for those who act all the same: it only informs, so its failure decides nothing. */
export async function driftNote(runtime: FleetRuntime, member: Runtime, place: Place): Promise<string | undefined> {
  const { log } = runtime;
  const { accountId } = place;
  try {
    const hindrance = await hindranceIn(runtime, member, place);
    if (hindrance === undefined) return undefined;
    log.error('Trust changed', { accountId, because: hindrance.message });
    return hindrance.message;
  } catch (error) {
    log.warn('Cannot see whom the roles let in', { accountId, because: messageOf(error) });
    return undefined;
  }
}
