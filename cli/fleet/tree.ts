import {
  DescribeOrganizationCommand,
  OrganizationsClient,
  paginateListAccountsForParent,
  paginateListOrganizationalUnitsForParent,
  paginateListRoots,
} from '@aws-sdk/client-organizations';
import type { Aws } from '../../shared/aws/clients.ts';
import { required } from '../../shared/aws/observe.ts';

/** An account as it stands in its unit. */
export interface TreeAccount {
  accountId: string;
  name: string;
  state: string;
}

/** A unit of an organization, or its root, with everything below it. */
export interface TreeUnit {
  id: string;
  name: string;
  accounts: readonly TreeAccount[];
  units: readonly TreeUnit[];
}

export interface OrganizationTree {
  organizationId: string;
  managementAccountId: string;
  roots: readonly TreeUnit[];
}

/** The whole organization. One call after the other: Organizations allows few a second, and the SDK waits where it must. */
export async function readTree(aws: Pick<Aws, 'clientOf'>): Promise<OrganizationTree> {
  const client = aws.clientOf((options) => new OrganizationsClient(options));
  const action = 'organizations:DescribeOrganization';
  const { Organization } = await client.send(new DescribeOrganizationCommand({}));
  const roots: TreeUnit[] = [];
  for await (const { Roots = [] } of paginateListRoots({ client }, {})) {
    for (const { Id, Name } of Roots) roots.push(await readUnit(client, { Id, Name }));
  }
  return {
    organizationId: required(Organization?.Id, action, 'Organization.Id'),
    managementAccountId: required(Organization?.MasterAccountId, action, 'Organization.MasterAccountId'),
    roots,
  };
}

async function readUnit(
  client: OrganizationsClient,
  { Id, Name }: { Id: string | undefined; Name: string | undefined },
): Promise<TreeUnit> {
  const id = required(Id, 'organizations:ListOrganizationalUnitsForParent', 'Id');
  const accounts: TreeAccount[] = [];
  for await (const { Accounts = [] } of paginateListAccountsForParent({ client }, { ParentId: id })) {
    for (const account of Accounts) {
      const accountId = required(account.Id, 'organizations:ListAccountsForParent', 'Id');
      accounts.push({ accountId, name: account.Name ?? '', state: account.State ?? 'ACTIVE' });
    }
  }
  const units: TreeUnit[] = [];
  for await (const page of paginateListOrganizationalUnitsForParent({ client }, { ParentId: id })) {
    for (const unit of page.OrganizationalUnits ?? []) {
      units.push(await readUnit(client, { Id: unit.Id, Name: unit.Name }));
    }
  }
  return { id, name: Name ?? '', accounts, units };
}

/** Everybody below it, itself included. */
export function accountsBelow({ accounts, units }: TreeUnit): TreeAccount[] {
  return [...accounts, ...units.flatMap(accountsBelow)];
}
