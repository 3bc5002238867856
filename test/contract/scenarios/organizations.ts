import {
  DescribeAccountCommand,
  DescribeOrganizationCommand,
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListAWSServiceAccessForOrganizationCommand,
  ListOrganizationalUnitsForParentCommand,
  ListParentsCommand,
  ListRootsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-organizations';
import { scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const OWN = '111122223333';
const NOBODY = '999999999999';

const founded = (side: Side): Promise<void> => side.organization();

async function root(side: Side): Promise<string> {
  await side.organization();
  const { Roots = [] } = await side.organizations.send(new ListRootsCommand({}));
  return Roots[0]?.Id ?? '';
}

/** Names and email addresses are each side's own, and so are the IDs of the organization and its root. */
export const organizationsScenarios = [
  scenario('DescribeOrganization', {
    given: founded,
    call: async ({ organizations }) => {
      const { Organization } = await organizations.send(new DescribeOrganizationCommand({}));
      return { management: Organization?.MasterAccountId, features: Organization?.FeatureSet };
    },
  }),
  scenario('ListRoots', {
    given: founded,
    call: async ({ organizations }) => {
      const { Roots = [] } = await organizations.send(new ListRootsCommand({}));
      return Roots.map(({ Id, Name, Arn }) => ({ Name, kinds: [Id?.slice(0, 2), Arn?.split(':')[5]?.split('/')[0]] }));
    },
  }),
  scenario('ListAccounts', {
    given: founded,
    call: async ({ organizations }) => {
      const { Accounts = [], NextToken } = await organizations.send(new ListAccountsCommand({ MaxResults: 20 }));
      return { accounts: Accounts.map(({ Id, State }) => ({ Id, State })), NextToken };
    },
  }),
  scenario('an ARN of an account names the management account', {
    given: founded,
    call: async ({ organizations }) => {
      const { Account } = await organizations.send(new DescribeAccountCommand({ AccountId: OWN }));
      const [service, , management, resource = ''] = Account?.Arn?.split(':').slice(2) ?? [];
      return { service, management, kind: resource.split('/')[0], account: resource.split('/')[2] };
    },
  }),
  scenario('the path of an account', {
    given: founded,
    call: async ({ organizations }) => {
      const { Account } = await organizations.send(new DescribeAccountCommand({ AccountId: OWN }));
      return Account?.Paths?.length;
    },
  }),
  scenario('DescribeAccount that is not there', {
    given: founded,
    call: ({ organizations }) => organizations.send(new DescribeAccountCommand({ AccountId: NOBODY })),
  }),
  scenario('ListParents of an account', {
    given: founded,
    call: async ({ organizations }) => {
      const { Parents = [] } = await organizations.send(new ListParentsCommand({ ChildId: OWN }));
      return Parents.map(({ Type }) => Type);
    },
  }),
  scenario('ListParents of nobody', {
    given: founded,
    call: ({ organizations }) => organizations.send(new ListParentsCommand({ ChildId: NOBODY })),
  }),
  scenario('ListOrganizationalUnitsForParent of a root without any', {
    given: root,
    call: ({ organizations }, ParentId) =>
      organizations.send(new ListOrganizationalUnitsForParentCommand({ ParentId })),
  }),
  scenario('ListOrganizationalUnitsForParent that is not there', {
    given: founded,
    call: ({ organizations }) =>
      organizations.send(new ListOrganizationalUnitsForParentCommand({ ParentId: 'ou-zzzz-zzzzzzzz' })),
  }),
  scenario('ListAccountsForParent of the root', {
    given: root,
    call: async ({ organizations }, ParentId) => {
      const { Accounts = [] } = await organizations.send(new ListAccountsForParentCommand({ ParentId }));
      return Accounts.map(({ Id }) => Id);
    },
  }),
  scenario('ListTagsForResource of an account without tags', {
    given: founded,
    call: ({ organizations }) => organizations.send(new ListTagsForResourceCommand({ ResourceId: OWN })),
  }),
  scenario('ListTagsForResource of an account that is not there', {
    given: founded,
    call: ({ organizations }) => organizations.send(new ListTagsForResourceCommand({ ResourceId: NOBODY })),
  }),
  scenario('ListAWSServiceAccessForOrganization without any', {
    given: founded,
    call: ({ organizations }) => organizations.send(new ListAWSServiceAccessForOrganizationCommand({})),
  }),
];
