import { actionOf } from '../../local/aws/iam/asked-of-iam.ts';
import type { AccountCall } from '../../local/organization/organization.ts';
import { type Asked, note, refusedOf } from './asked-of-roles.ts';
import type { FleetWorld } from './fleet-world.ts';
import { readPermissions } from './permissions-table.ts';

/** What the hub asks for only because it has a fleet, or of queues that only a hub has. */
const services = ['cloudwatch', 'organizations', 'sqs'];

/** Calls of the hub's functions that neither table of docs/security.md allows. In members their sessions are evaluated. */
export function refusedInFleet(world: FleetWorld): string[] {
  const { organization, hub } = world;
  const deployment = {
    ...{ account: hub.accountId, region: hub.region, stage: 'test', organizationId: organization.organizationId },
    ...{ userPathPrefix: '/', secretPrefix: 'keyturn' },
  };
  const permissions = [...readPermissions(deployment), ...readPermissions(deployment, 'with a fleet')];
  // In a fleet they call by their own names.
  const functions = new Set(permissions.flatMap(({ who }) => who));
  const asked: Asked = new Map();
  for (const made of organization.calls) {
    const name = made.call.caller;
    if (!functions.has(name) || made.accountId !== hub.accountId || !isOfTheHub(made)) continue;
    const action = actionOf(`${made.call.service}:${made.call.operation}`);
    note(asked, name, { action, resource: resourceOf(made, world) });
  }
  return refusedOf(permissions, asked);
}

function isOfTheHub({ call: { service, operation } }: AccountCall): boolean {
  return services.includes(service) || operation === 'GetAccessKeyInfo';
}

function resourceOf(
  { call: { service, operation, input } }: AccountCall,
  { hub: { region, accountId }, urls }: FleetWorld,
): string {
  if (service === 'sqs') return `arn:aws:sqs:${region}:${accountId}:${queueName(urls, String(input.QueueUrl))}`;
  // CloudWatch asks about all alarms even where one is named.
  if (service === 'cloudwatch') return `arn:aws:cloudwatch:${region}:${accountId}:alarm:*`;
  if (service !== 'organizations' || operation === 'ListAccounts') return '*';
  const id = String(input.AccountId ?? input.ChildId ?? input.ResourceId);
  const kind = id.startsWith('ou-') ? 'ou' : 'account';
  return `arn:aws:organizations::000011112222:${kind}/o-a1b2c3d4e5/${id}`;
}

/** As the stack names them; those that every deployment has are called otherwise in tests. */
function queueName(urls: FleetWorld['urls'], url: string): string {
  if (url === urls.rotation) return 'keyturn-test-rotation.fifo';
  if (url === urls.dead) return 'keyturn-test-rotation-dead.fifo';
  return String(url.split('/').at(-1));
}
