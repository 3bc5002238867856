import { partitionOf } from '../partition.ts';

/** What an account of the fleet lets the hub do: look, or rotate one user. */
export const memberRoles = ['observe', 'rotate'] as const;
export type MemberRole = (typeof memberRoles)[number];

/** The path of every role of this service, so that a list of them finds them all. */
export const ROLE_PATH = '/keyturn/';

export function memberRoleName(role: MemberRole, roleSuffix: string): string {
  return `keyturn-${role}${roleSuffix}`;
}

/** Where the role is: its account, and a Region of it, since Regions have partitions. */
export interface RolePlace {
  readonly accountId: string;
  readonly region: string;
  readonly roleSuffix: string;
}

export function memberRoleArn(role: MemberRole, { accountId, region, roleSuffix }: RolePlace): string {
  return `arn:${partitionOf(region)}:iam::${accountId}:role${ROLE_PATH}${memberRoleName(role, roleSuffix)}`;
}

/** What IAM calls whoever has taken the role: its path is no part of that. */
export function memberSessionArn(
  role: MemberRole,
  { accountId, region, roleSuffix }: RolePlace,
  sessionName: string,
): string {
  const name = memberRoleName(role, roleSuffix);
  return `arn:${partitionOf(region)}:sts::${accountId}:assumed-role/${name}/${sessionName}`;
}

/** What a member asks for: another hub's is another, and so is another account's. */
export function externalIdOf(externalId: string, accountId: string): string {
  return `${externalId}/${accountId}`;
}
