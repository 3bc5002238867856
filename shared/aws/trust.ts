import { GetRoleCommand, paginateListRoles, type Role } from '@aws-sdk/client-iam';
import { isFailure } from '../core/errors.ts';
import type { Fleet } from '../core/fleet/fleet.ts';
import { type MemberRole, memberRoleName, memberRoles, ROLE_PATH } from '../core/fleet/member-roles.ts';
import { type Place, regionFor } from '../core/fleet/settings-for.ts';
import {
  areDisjoint,
  finding,
  isFunctionOf,
  rotatorOf,
  type TemplateOption,
  type Trusted,
  type TrustFinding,
  tagFindings,
  trustDifference,
} from '../core/fleet/trust.ts';
import { partitionOf } from '../core/partition.ts';
import { environmentName, parseSettings, type Settings } from '../core/settings.ts';
import { isRefusedRole, takeRole } from './member-session.ts';
import { required } from './observe.ts';
import { ownAccountId } from './own-account.ts';
import type { Runtime } from './runtime.ts';

export type { TrustFinding } from '../core/fleet/trust.ts';

interface Checked {
  readonly hub: Runtime & { fleet: Fleet };
  /** In the account, by a session that looks. */
  readonly member: Runtime;
  readonly place: Place;
  readonly settings: Settings;
}

/**
 * What is wrong with the roles of an account: whom they let in, what their template was given, who else rotates there.
 * The member's session is taken first, so that a refusal of the same role without its external ID can only be about that.
 * Throws the RotationError of a role that is refused (`isRefusedRole`).
 */
export async function trustOf(
  hub: Runtime & { fleet: Fleet },
  member: Runtime,
  place: Place,
): Promise<readonly TrustFinding[]> {
  const checked = { hub, member, place, settings: parseSettings(member.environment) };
  const trusted = await trustedIn(checked);
  const [observe, rotate] = [
    await roleOf(member, nameOf('observe', checked)),
    await roleOf(member, nameOf('rotate', checked)),
  ];
  const isOpen = await admitsStrangers(hub, place, 'observe');
  const name = nameOf('observe', checked);
  return [
    ...(isOpen
      ? [finding('no-external-id', `${name} in ${place.accountId} may be taken without the external ID.`)]
      : []),
    ...memberRoles.flatMap((role) => driftOf(role, role === 'observe' ? observe : rotate, trusted)),
    ...missing(checked, observe, rotate),
    ...templateFindings(checked, rotate ?? observe),
    ...(await others(checked, trusted)),
  ];
}

/**
 * Whether a role is given to whoever does not know its external ID. Of use only right after it was given to the same
 * function with it; throws whatever says neither.
 */
export async function admitsStrangers(
  { aws, fleet, environment }: Runtime & { fleet: Fleet },
  place: Place,
  role: MemberRole,
): Promise<boolean> {
  const { roleSuffix } = parseSettings(environment);
  const target = { role, accountId: place.accountId, region: regionFor(fleet, place), roleSuffix };
  try {
    await takeRole(aws.sts, { ...target, sessionName: 'keyturn-without-external-id', durationSeconds: 900 });
    return true;
  } catch (error) {
    if (isRefusedRole(error)) return false;
    throw error;
  }
}

function nameOf(role: MemberRole, { settings }: Pick<Checked, 'settings'>): string {
  return memberRoleName(role, settings.roleSuffix);
}

/** Asked once in a container's life, not for each member. */
async function hubAccountOf({ aws, memory }: Runtime): Promise<string> {
  if (memory.hubAccountId !== undefined) return memory.hubAccountId;
  const hubAccountId = await ownAccountId(aws);
  memory.hubAccountId = hubAccountId;
  return hubAccountId;
}

async function trustedIn({ hub, place, settings }: Checked): Promise<Trusted> {
  const { organizationId, externalId } = hub.fleet;
  return {
    partition: partitionOf(place.region),
    hubAccountId: await hubAccountOf(hub),
    ...{ organizationId, externalId, roleSuffix: settings.roleSuffix, accountId: place.accountId },
  };
}

interface FoundRole {
  readonly name: string;
  readonly trust: unknown;
  readonly tags: Readonly<Record<string, string>>;
}

/** Undefined: there is none. IAM names a role that is not there without its path, so it may refuse instead. */
async function roleOf({ aws }: Runtime, name: string): Promise<FoundRole | undefined> {
  try {
    const { Role } = await aws.iam.send(new GetRoleCommand({ RoleName: name }));
    return found(name, required(Role, 'iam:GetRole', 'Role'));
  } catch (error) {
    if (isRefusedRole(error)) throw error;
    if (isFailure(error, 'NoSuchEntity') || isFailure(error, 'AccessDenied')) return undefined;
    throw error;
  }
}

function found(name: string, { AssumeRolePolicyDocument = '', Tags = [] }: Role): FoundRole {
  const tags = Object.fromEntries(Tags.map(({ Key, Value = '' }) => [Key, Value]));
  return { name, trust: parsed(AssumeRolePolicyDocument), tags };
}

/** IAM encodes documents as in addresses. What cannot be read is not what it should be. */
function parsed(document: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(document));
  } catch {
    return undefined;
  }
}

function driftOf(role: MemberRole, present: FoundRole | undefined, trusted: Trusted): TrustFinding[] {
  const name = memberRoleName(role, trusted.roleSuffix);
  if (present === undefined) {
    // We are in the account by this role, so it is there.
    const unread = finding('trust-drifted', `The trust of ${name} in ${trusted.accountId} cannot be read.`);
    return role === 'observe' ? [unread] : [];
  }
  const difference = trustDifference(present.trust, role, trusted);
  if (difference === undefined) return [];
  const { says, isNarrower } = difference;
  const where = `${present.name} in ${trusted.accountId}`;
  return isNarrower
    ? [
        finding(
          'template-outdated',
          `The trust of ${where} names fewer functions than the hub has: update the StackSet.`,
        ),
      ]
    : [finding('trust-drifted', `The trust of ${where} is not what its template says: ${says}.`)];
}

const PAUSED = 'keyturn:paused';

function missing(checked: Checked, observe: FoundRole | undefined, rotate: FoundRole | undefined): TrustFinding[] {
  const { place } = checked;
  const tags = { ...observe?.tags, ...rotate?.tags };
  const isPaused = [observe?.tags[PAUSED], rotate?.tags[PAUSED]].some((value) => value?.toLowerCase() === 'true');
  const paused = isPaused ? [finding('paused', `Account ${place.accountId} has paused the hub (${PAUSED}).`)] : [];
  if (rotate !== undefined) return paused;
  if (tags['keyturn:rotates'] === 'false') {
    return [...paused, finding('looks-only', `Account ${place.accountId} lets the hub look only (Rotates=false).`)];
  }
  return [
    ...paused,
    finding('role-missing', `There is no ${nameOf('rotate', checked)} in ${place.accountId}: update the StackSet.`),
  ];
}

function templateFindings({ hub, settings, place }: Checked, role: FoundRole | undefined): TrustFinding[] {
  if (role === undefined) return [];
  const { userPathPrefix, secretPrefix, kmsKeyId } = settings;
  const region = regionFor(hub.fleet, place);
  return tagFindings(`${role.name} in ${place.accountId}`, role.tags, {
    userPathPrefix,
    secretPrefix,
    kmsKeyId,
    region,
    needs: needsOf(hub, settings),
  });
}

/** Beside the settings: variables of the function that asks. */
function needsOf({ environment }: Runtime, { cloudtrailLookups }: Settings): TemplateOption[] {
  const isOn = (parameter: string): boolean => environment[environmentName(parameter)] === 'true';
  return [
    ...(cloudtrailLookups ? ['cloudtrail-lookups' as const] : []),
    ...(isOn('keepEvidence') ? ['evidence' as const] : []),
    ...(isOn('createOrganizationConfigRule') ? ['aws-config' as const] : []),
  ];
}

/** Two who rotate the same user would each take the other's key for a stranger's. */
async function others({ member, place, settings }: Checked, trusted: Trusted): Promise<TrustFinding[]> {
  const { roleSuffix, userPathPrefix } = settings;
  const isHub = place.accountId === trusted.hubAccountId;
  const findings: TrustFinding[] = [];
  for await (const { Roles = [] } of paginateListRoles({ client: member.aws.iam }, { PathPrefix: ROLE_PATH })) {
    for (const { RoleName: name = '' } of Roles) {
      const kind = rotatorOf(name, roleSuffix);
      // The hub's own functions are no deployment of a member's.
      if (kind === undefined || (isHub && isFunctionOf(name, roleSuffix))) continue;
      const role = await roleOf(member, name);
      if (areDisjoint(role?.tags['keyturn:user-path-prefix'] ?? '/', userPathPrefix)) continue;
      const whose = kind === 'second-hub' ? 'the role of another hub' : 'a deployment of its own';
      findings.push(finding(kind, `Account ${place.accountId} has ${whose}: ${name}.`));
    }
  }
  // One of each kind says enough.
  return findings.filter(({ kind }, index) => findings.findIndex((each) => each.kind === kind) === index);
}
