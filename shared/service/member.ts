import { inMember, type MemberSession } from '../aws/in-member.ts';
import type { Runtime } from '../aws/runtime.ts';
import { SettingsError } from '../core/errors.ts';
import { type Place, regionFor } from '../core/fleet/settings-for.ts';
import { present } from '../core/present.ts';
import { environmentName, MEMBER_NAME_VARIABLE, MEMBER_VARIABLE } from '../core/settings.ts';
import type { FleetRuntime } from './has-fleet.ts';

/** Where an account is in the organization, for its settings. The hub's Region is the SDK's own. */
export async function placeOf(
  { aws }: Pick<Runtime, 'aws'>,
  { accountId, path, name: accountName }: Pick<Place, 'accountId' | 'path'> & { name?: string | undefined },
): Promise<Place> {
  return { accountId, path, region: await aws.sts.config.region(), ...present({ accountName }) };
}

/** An account of the fleet to work on, and whether that may change anything there. */
export interface MemberTarget extends Place {
  isDryRun: boolean;
}

/**
 * The runtime in an account of the fleet: by its role, with its settings, and with a memory of its own for what AWS
 * refuses, which says nothing of other accounts. Nothing is changed in a dry run, whatever the settings say.
 */
export function asMember(runtime: FleetRuntime, target: MemberTarget, ...as: MemberSession): Runtime {
  const { isDryRun, ...place } = target;
  const member = inMember(runtime, place, ...as);
  const { memory } = runtime;
  memory.refusalsOf ??= new Map();
  const refusals = memory.refusalsOf.get(place.accountId) ?? new Map();
  memory.refusalsOf.set(place.accountId, refusals);
  return {
    ...member,
    environment: {
      ...member.environment,
      [MEMBER_VARIABLE]: regionFor(runtime.fleet, place),
      [MEMBER_NAME_VARIABLE]: place.accountName,
      // Rules of AWS Config have names of their own in each account, and nobody judges at once there.
      [environmentName('configRuleName')]: '',
      // Secrets Manager in a member calls no function of the hub.
      [environmentName('secretRotationFunctionArn')]: '',
      ...(isDryRun ? { [environmentName('enforce')]: 'false' } : {}),
    },
    memory: { ...memory, refusals },
  };
}

/**
 * The same for an exposed key, which waits for nobody: where overrides that meet only in this account contradict each
 * other, the stack's own settings hold.
 */
export function asMemberAnyhow(runtime: FleetRuntime, target: MemberTarget, ...as: MemberSession): Runtime {
  try {
    return asMember(runtime, target, ...as);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const { log, fleet } = runtime;
    log.error('Settings of an account contradict each other', { accountId: target.accountId, because: error.message });
    // Where its secrets are stays as it is.
    const settings = fleet.settings.map((override) => ({ ...override, settings: {} }));
    return asMember({ ...runtime, fleet: { ...fleet, settings } }, target, ...as);
  }
}
