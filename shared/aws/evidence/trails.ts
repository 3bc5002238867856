import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import { managementOf } from '../../core/evidence/selectors.ts';
import type { Seen, SeenTrail, TrailDelivery } from '../../core/evidence/snapshot.ts';
import type { Aws } from '../clients.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { required } from '../observe.ts';
import { type Looking, tryRead } from './try-read.ts';

/** Trails of this Region, and all that are of every Region, of this account or of its organization. */
export async function seeTrails(looking: Looking): Promise<Seen<SeenTrail[]>> {
  const listed = await tryRead(looking, () => describeTrails(looking.aws));
  if (!listed.isSeen) return listed;
  return { isSeen: true, value: await mapConcurrently(listed.value, (trail) => seeTrail(looking, trail)) };
}

async function describeTrails(aws: Aws): Promise<Trail[]> {
  const { trailList = [] } = await clientIn(aws, undefined).send(new DescribeTrailsCommand({}));
  return trailList;
}

function clientIn(aws: Aws, region: string | undefined): CloudTrailClient {
  return aws.clientOf((options) => new CloudTrailClient(region === undefined ? options : { ...options, region }));
}

/** Status and selectors are asked by the whole ARN where the trail lives: one of the organization is known by nothing less. */
async function seeTrail(looking: Looking, trail: Trail): Promise<SeenTrail> {
  const action = 'cloudtrail:DescribeTrails';
  const arn = required(trail.TrailARN, action, 'TrailARN');
  const homeRegion = required(trail.HomeRegion, action, 'HomeRegion');
  const client = clientIn(looking.aws, homeRegion);
  const delivery = await tryRead(looking, () => deliveryOf(client, arn));
  const management = await tryRead(looking, async () => {
    const found = await client.send(new GetEventSelectorsCommand({ TrailName: arn }));
    return managementOf(found.EventSelectors ?? [], found.AdvancedEventSelectors ?? []);
  });
  return {
    ...{ arn, homeRegion, delivery, management },
    name: trail.Name ?? arn,
    isMultiRegion: trail.IsMultiRegionTrail ?? false,
    isOrganization: trail.IsOrganizationTrail ?? false,
    isValidated: trail.LogFileValidationEnabled ?? false,
    ...(trail.KmsKeyId === undefined ? {} : { kmsKeyId: trail.KmsKeyId }),
  };
}

/** AWS keeps the text of an error until a delivery of the same kind succeeds. */
async function deliveryOf(client: CloudTrailClient, Name: string): Promise<TrailDelivery> {
  const status = await client.send(new GetTrailStatusCommand({ Name }));
  const errors = [
    ['logs', status.LatestDeliveryError],
    ['digests', status.LatestDigestDeliveryError],
    ['CloudWatch Logs', status.LatestCloudWatchLogsDeliveryError],
  ];
  return {
    isLogging: status.IsLogging ?? false,
    ...(status.LatestDeliveryTime === undefined ? {} : { deliveredAt: status.LatestDeliveryTime.getTime() }),
    errors: errors.flatMap(([what, text]) => (text ? [`${what}: ${text}`] : [])),
  };
}
