import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Fleet } from '../../shared/core/fleet/fleet.ts';
import { shellQuote } from '../../shared/core/messages/commands.ts';

/** Everything that the StackSet of the members is made from. */
export interface Members {
  /** `keyturn-member`, with the hub's suffix. */
  name: string;
  hubAccount: string;
  suffix: string;
  region: string;
  fleet: Fleet;
  /** By name of the template's parameter, beside those of the fleet. */
  given: Readonly<Record<string, string>>;
}

/** The parameters of every member. Nothing of one account is in them: overrides are lost on accounts that join later. */
export function parametersOf({ hubAccount, suffix, fleet, given }: Members): Record<string, string> {
  const { organizationId, externalId } = fleet;
  return {
    HubAccountId: hubAccount,
    OrganizationId: organizationId,
    ExternalId: externalId,
    ...(suffix === '' ? {} : { Suffix: suffix }),
    ...given,
  };
}

export interface Targets {
  OrganizationalUnitIds: readonly string[];
  Accounts?: readonly string[];
  AccountFilterType?: 'DIFFERENCE' | 'INTERSECTION';
}

/**
 * Where the stacks go. StackSets know accounts only within units, and units only without the accounts of others: excluded
 * units get the roles too, where the hub's own policy refuses them.
 */
export function targetsOf({ select, exclude }: Fleet, root: string): Targets[] {
  const { organizationalUnits, accounts } = select;
  const left = accounts.filter((each) => !exclude.accounts.includes(each));
  const units: Targets[] =
    organizationalUnits.length === 0
      ? []
      : [
          {
            OrganizationalUnitIds: organizationalUnits,
            ...(exclude.accounts.length === 0
              ? {}
              : { Accounts: exclude.accounts, AccountFilterType: 'DIFFERENCE' as const }),
          },
        ];
  const single: Targets[] =
    left.length === 0 ? [] : [{ OrganizationalUnitIds: [root], Accounts: left, AccountFilterType: 'INTERSECTION' }];
  return [...units, ...single];
}

/** How a stack set meets an account that refuses: the others go on. */
export const preferences = {
  FailureTolerancePercentage: 10,
  MaxConcurrentPercentage: 25,
  ConcurrencyMode: 'SOFT_FAILURE_TOLERANCE',
} as const;

/** The commands of the AWS CLI that do the same. The root is looked up by one of them. */
export function commandsOf(members: Members, template: string): string[] {
  const { name, region, fleet } = members;
  const parameters = Object.entries(parametersOf(members)).map(([key, value]) =>
    shellQuote(`ParameterKey=${key},ParameterValue=${value.replaceAll(',', '\\,')}`),
  );
  const create = [
    `aws cloudformation create-stack-set --stack-set-name ${name} --region ${region}`,
    `--template-body ${shellQuote(`file://${template}`)} --capabilities CAPABILITY_NAMED_IAM`,
    '--permission-model SERVICE_MANAGED --managed-execution Active=true',
    '--auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false',
    `--parameters ${parameters.join(' ')}`,
  ].join(' ');
  const instances = targetsOf(fleet, ROOT).map(({ OrganizationalUnitIds, Accounts = [], AccountFilterType }) => {
    const units = OrganizationalUnitIds.map((id) => (id === ROOT ? ROOT_LOOKUP : id)).join(',');
    const accounts =
      Accounts.length === 0 ? '' : `,Accounts=${Accounts.join(',')},AccountFilterType=${AccountFilterType}`;
    return [
      `aws cloudformation create-stack-instances --stack-set-name ${name} --region ${region} --regions ${region}`,
      `--deployment-targets OrganizationalUnitIds=${units}${accounts}`,
      '--operation-preferences FailureTolerancePercentage=10,MaxConcurrentPercentage=25,ConcurrencyMode=SOFT_FAILURE_TOLERANCE',
    ].join(' ');
  });
  return ['aws cloudformation activate-organizations-access', create, ...instances];
}

/** How the management account takes the roles from one account, once nothing is under way there and it is excluded. */
export function removalOf(accountId: string, { suffix, region }: Pick<Members, 'suffix' | 'region'>): string {
  return [
    `aws cloudformation delete-stack-instances --stack-set-name keyturn-member${suffix} --region ${region} --regions ${region}`,
    `--no-retain-stacks --deployment-targets OrganizationalUnitIds=${ROOT_LOOKUP},Accounts=${accountId},AccountFilterType=INTERSECTION`,
  ].join(' ');
}

const ROOT_LOOKUP = `"$(aws organizations list-roots --query 'Roots[0].Id' --output text)"`;
const ROOT = '(root)';

/** In the repository, and beside the packed program. */
const places = ['../../resources/member/keyturn-member.yml', './resources/member/keyturn-member.yml'];

export function templatePath(): URL {
  const urls = places.map((place) => new URL(place, import.meta.url));
  const found = urls.find((url) => existsSync(url));
  if (found === undefined) throw new Error(`There is no ${places[1]}: this copy of keyturn is not whole.`);
  return found;
}

export function readTemplate(): Promise<string> {
  return readFile(templatePath(), 'utf8');
}
