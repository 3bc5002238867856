import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CloudFormationClient,
  CreateStackInstancesCommand,
  CreateStackSetCommand,
  DescribeOrganizationsAccessCommand,
  DescribeStackSetCommand,
  type Parameter,
  UpdateStackSetCommand,
} from '@aws-sdk/client-cloudformation';
import { ListRootsCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { readFleetFile } from '../../scripts/fleet.ts';
import type { Aws } from '../../shared/aws/clients.ts';
import { required } from '../../shared/aws/observe.ts';
import { EventError, isFailure } from '../../shared/core/errors.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { connect, placeOf } from '../deployed.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import type { ForHub } from '../fleet/delegation.ts';
import {
  commandsOf,
  type Members,
  parametersOf,
  preferences,
  readTemplate,
  type Targets,
  targetsOf,
  templatePath,
} from '../fleet/stack-set.ts';

export interface FleetMembersOptions extends SignInOptions, ForHub {
  fleet: string;
  suffix?: string;
  parameter: readonly string[];
}

/**
 * Gives the two roles to every selected account, and to those that join, by a StackSet of the management account. One that is
 * there is updated. What it does not own it does not touch.
 */
export async function run(context: Context, _args: readonly string[], options: FleetMembersOptions): Promise<ExitCode> {
  const { fleet: file, hubAccount, suffix = '', parameter, print = false, yes = false } = options;
  const { fleet } = await readFleetFile(resolve(context.shell.workingDirectory, file));
  const wanted = { name: `keyturn-member${suffix}`, hubAccount, suffix, fleet, given: parametersGiven(parameter) };
  if (print) {
    const region = context.options.region ?? 'us-east-1';
    context.print(commandsOf({ ...wanted, region }, fileURLToPath(templatePath())).join('\n'));
    return exitCodes.done;
  }
  const question = `Deploy two roles into the accounts of ${[...fleet.select.organizationalUnits, ...fleet.select.accounts].join(', ')}`;
  if (!yes) context.ask.ready(`${question}?`, '--yes');
  const account = await connect(context, options);
  const members = { ...wanted, region: account.region };
  const client = account.aws.clientOf((each) => new CloudFormationClient(each));
  await requireTrustedAccess(client);
  if (
    !yes &&
    !(await context.ask.confirm(`${question}, by the StackSet ${members.name} ${placeOf(account)}?`, '--yes'))
  ) {
    context.warn('Nothing was changed.');
    return exitCodes.failed;
  }
  const done = await deploy(client, account.aws, members);
  context.print(
    context.options.json
      ? JSON.stringify({ schemaVersion: 1, stackSet: members.name, ...done }, undefined, 2)
      : textOf(members, done),
  );
  context.note('Stacks take some minutes. Next: `keyturn fleet check` says which accounts are ready.');
  return exitCodes.done;
}

function parametersGiven(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((each) => {
      const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(each) ?? [];
      if (name === undefined || value === undefined) {
        throw new EventError(`--parameter "${each}": it is written Name=value, by a parameter of keyturn-member.yml.`);
      }
      return [name, value];
    }),
  );
}

/** Without it AWS lets nobody deploy into the organization's accounts. */
async function requireTrustedAccess(client: CloudFormationClient): Promise<void> {
  const { Status } = await client.send(new DescribeOrganizationsAccessCommand({}));
  if (Status === 'ENABLED') return;
  throw new EventError(
    `StackSets may not deploy into the accounts of this organization: trusted access is ${Status ?? 'unknown'}. Run ` +
      '`aws cloudformation activate-organizations-access` in the management account, then this again.',
  );
}

interface Deployed {
  was: 'created' | 'updated';
  operationIds: readonly string[];
}

async function deploy(client: CloudFormationClient, aws: Aws, members: Members): Promise<Deployed> {
  const { name, region, fleet } = members;
  const isThere = await exists(client, name);
  const set = {
    StackSetName: name,
    Description: "Two roles and the owners' policy, for the Keyturn hub.",
    TemplateBody: await readTemplate(),
    Capabilities: ['CAPABILITY_NAMED_IAM' as const],
    PermissionModel: 'SERVICE_MANAGED' as const,
    AutoDeployment: { Enabled: true, RetainStacksOnAccountRemoval: false },
    ManagedExecution: { Active: true },
    Parameters: Object.entries(parametersOf(members)).map(
      ([ParameterKey, ParameterValue]): Parameter => ({ ParameterKey, ParameterValue }),
    ),
  };
  const ids: (string | undefined)[] = [];
  if (isThere) {
    const { OperationId } = await client.send(new UpdateStackSetCommand({ ...set, OperationPreferences: preferences }));
    ids.push(OperationId);
  } else {
    await client.send(new CreateStackSetCommand(set));
  }
  for (const targets of targetsOf(fleet, await rootOf(aws, fleet.select.accounts))) {
    ids.push(await addInstances(client, { name, region, targets }));
  }
  return { was: isThere ? 'updated' : 'created', operationIds: ids.filter((id) => id !== undefined) };
}

async function exists(client: CloudFormationClient, name: string): Promise<boolean> {
  try {
    const { StackSet } = await client.send(new DescribeStackSetCommand({ StackSetName: name }));
    return StackSet?.Status === 'ACTIVE';
  } catch (error) {
    if (isFailure(error, 'StackSetNotFound')) return false;
    throw error;
  }
}

/** Asked for only where single accounts are selected: they are named within the root. */
async function rootOf(aws: Aws, accounts: readonly string[]): Promise<string> {
  if (accounts.length === 0) return '';
  const { Roots = [] } = await aws.clientOf((each) => new OrganizationsClient(each)).send(new ListRootsCommand({}));
  return required(Roots[0]?.Id, 'organizations:ListRoots', 'Roots[0].Id');
}

interface Added {
  name: string;
  region: string;
  targets: Targets;
}

async function addInstances(
  client: CloudFormationClient,
  { name, region, targets }: Added,
): Promise<string | undefined> {
  const { OrganizationalUnitIds, Accounts, AccountFilterType } = targets;
  const { OperationId } = await client.send(
    new CreateStackInstancesCommand({
      StackSetName: name,
      Regions: [region],
      OperationPreferences: preferences,
      DeploymentTargets: {
        OrganizationalUnitIds: [...OrganizationalUnitIds],
        ...(Accounts === undefined ? {} : { Accounts: [...Accounts], AccountFilterType }),
      },
    }),
  );
  return OperationId;
}

function textOf({ name, region }: Members, { was, operationIds }: Deployed): string {
  const under = operationIds.length === 0 ? '' : ` Under way: ${operationIds.join(', ')}.`;
  return `StackSet ${name} in ${region} was ${was}.${under}`;
}
