import type { NewRole } from '../../local/aws/iam/iam-roles.ts';
import { functionRoleArn } from '../../local/aws/principals.ts';
import {
  createLocalOrganization,
  type LocalOrganization,
  type LocalOrganizationOptions,
  type NewAccount,
} from '../../local/organization/organization.ts';
import type { Fleet } from '../../shared/core/fleet/fleet.ts';
import { assumeRoleStatements, managedPolicies, rolesTaken } from '../../shared/core/fleet/policy.ts';
import { ACCOUNT } from '../package/template.ts';
import {
  EXTERNAL_ID,
  HUB,
  type MemberParameters,
  type MemberRole,
  memberByCloudFormation,
  ORGANIZATION,
} from './member-roles.ts';

export { EXTERNAL_ID, HUB, ORGANIZATION };

export const MANAGEMENT = '000011112222';
/** Below the root: production with a canary below it, development, and a sandbox. */
export const UNITS = {
  root: 'r-ab12',
  prod: 'ou-ab12-prod0000',
  canary: 'ou-ab12-canary00',
  dev: 'ou-ab12-dev00000',
  sandbox: 'ou-ab12-sandbox0',
} as const;

const tree = {
  id: UNITS.root,
  name: 'Root',
  units: [
    { id: UNITS.prod, name: 'prod', units: [{ id: UNITS.canary, name: 'canary' }] },
    { id: UNITS.dev, name: 'dev' },
    { id: UNITS.sandbox, name: 'sandbox' },
  ],
};

/** What the template makes in an account. */
export function rolesOfMember(accountId: string, parameters: MemberParameters = {}): NewRole[] {
  const { observe, rotate } = memberByCloudFormation(parameters);
  const text = JSON.stringify([observe, ...(rotate === undefined ? [] : [rotate])]);
  const roles: MemberRole[] = JSON.parse(text.replaceAll(ACCOUNT, accountId));
  return roles.map(({ name, path, trust, policy, tags }) => ({
    ...{ name: String(name), path: String(path), trust, policies: [policy] },
    tags: Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)])),
  }));
}

export const MEMBERS: readonly NewAccount[] = [
  { accountId: '444455556666', name: 'payments', parent: UNITS.prod },
  { accountId: '555566667777', name: 'canary', parent: UNITS.canary },
  { accountId: '666677778888', name: 'lab', parent: UNITS.dev },
];

export interface FleetOptions extends Partial<LocalOrganizationOptions> {
  /** Of the template, for every member. */
  readonly parameters?: MemberParameters;
}

/** A hub, a management account and three members with the template's roles, whatever else is told. */
export function createFleetOrganization({ parameters = {}, ...options }: FleetOptions = {}): LocalOrganization {
  const accounts = options.accounts ?? MEMBERS;
  const organization = createLocalOrganization({ hub: HUB, management: MANAGEMENT, tree, ...options, accounts });
  for (const { accountId } of accounts) {
    for (const role of rolesOfMember(accountId, parameters)) organization.account(accountId).iam.putRole(role);
  }
  return organization;
}

const takers = [
  'scheduled-rotation',
  'rotation-worker',
  'rotate-user',
  'exposed-key',
  'config-rule',
  'config-remediation',
] as const;

/** What `fleet.yml` compiles to is all that the roles of the hub's functions may take. */
export function permit({ hub, region }: LocalOrganization, fleet: Fleet): void {
  for (const name of takers) {
    const functionArn = `arn:aws:lambda:${region}:${hub.accountId}:function:keyturn-test-${name}`;
    const taker = { partition: 'aws', roleSuffix: '', roles: [...rolesTaken[name]], functionArn };
    for (const document of managedPolicies(assumeRoleStatements(fleet, taker))) {
      hub.iam.putRolePolicy(functionRoleArn(hub.accountId, name), JSON.parse(JSON.stringify(document)));
    }
  }
}
