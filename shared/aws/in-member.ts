import type { Fleet } from '../core/fleet/fleet.ts';
import { sessionPolicy } from '../core/fleet/session-policy.ts';
import { environmentFor, type Place, regionFor, regionsOf } from '../core/fleet/settings-for.ts';
import type { User } from '../core/model.ts';
import { present } from '../core/present.ts';
import { parseSettings } from '../core/settings.ts';
import type { Runtime } from './runtime.ts';
import { regionsWithSecret } from './secret-elsewhere.ts';

// Apart from the runtime: a deployment without a fleet loads nothing of it.

/** Who takes the member's role, as its CloudTrail shows it, and for whom: a session that changes anything is of one user. */
export type MemberSession =
  | [role: 'observe', session: { by: string; runId: string }]
  | [role: 'rotate', session: { by: string; runId: string; user: Pick<User, 'userName' | 'userId'> }];

/** An hour is the longest that a role gets of another role, and a pass over one user never takes so long. */
const SESSION_SECONDS = { observe: 3_600, rotate: 900 };
/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const SESSION_NAME_MAX = 64;

/**
 * The runtime with the clients and the settings of an account of the fleet. Nothing is asked of AWS yet: a role that is
 * refused is a RotationError of the first call there (`isRefusedRole`).
 */
export function inMember(runtime: Runtime & { fleet: Fleet }, place: Place, ...as: MemberSession): Runtime {
  const { fleet, aws, memory, clock } = runtime;
  const [role, { by, runId }] = as;
  const { accountId, accountName } = place;
  const environment = environmentFor(runtime.environment, fleet, place);
  const settings = parseSettings(environment);
  const region = regionFor(fleet, place);
  const otherRegions = regionsOf(fleet, place.region).filter((other) => other !== region);
  memory.refusedRoles ??= new Map();
  const target = {
    ...{ accountId, region, role, roleSuffix: settings.roleSuffix, externalId: fleet.externalId, otherRegions },
    ...present({ accountName }),
    sessionName: `keyturn-${by}-${runId}`.replace(/[^\w+=,.@-]/g, '-').slice(0, SESSION_NAME_MAX),
    durationSeconds: SESSION_SECONDS[role],
    refused: { until: memory.refusedRoles, clock },
    ...(as[0] === 'rotate'
      ? { policy: sessionPolicy({ accountId, region, otherRegions, ...as[1].user }, settings) }
      : {}),
  };
  const member = { ...runtime, environment, aws: aws.inAccount(target) };
  if (otherRegions.length === 0) return member;
  return { ...member, regionsElsewhere: (own, user) => regionsWithSecret({ aws: member.aws, settings: own }, user) };
}
