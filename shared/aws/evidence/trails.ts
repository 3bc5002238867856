import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import { managementOf } from '../../core/evidence/selectors.ts';
import type { Seen, SeenTrail, TrailDelivery } from '../../core/evidence/snapshot.ts';
import { listed, present } from '../../core/present.ts';
import type { Aws } from '../clients.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { required } from '../observe.ts';
import { type Inspection, tryRead } from './try-read.ts';

/** Trails of this Region, and all that are of every Region, of this account or of its organization. */
export async function seeTrails(inspection: Inspection): Promise<Seen<SeenTrail[]>> {
  const found = await tryRead(inspection, () => describeTrails(inspection.aws));
  if (!found.isSeen) return found;
  return { isSeen: true, value: await mapConcurrently(found.value, (trail) => seeTrail(inspection, trail)) };
}

async function describeTrails(aws: Aws): Promise<Trail[]> {
  const { trailList } = await clientIn(aws).send(new DescribeTrailsCommand({}));
  return [...listed(trailList)];
}

function clientIn(aws: Aws, region?: string): CloudTrailClient {
  return aws.clientOf((options) => new CloudTrailClient({ ...options, ...present({ region }) }));
}

/** Status and selectors are asked by the whole ARN where the trail lives: one of the organization is known by nothing less. */
async function seeTrail(inspection: Inspection, trail: Trail): Promise<SeenTrail> {
  const action = 'cloudtrail:DescribeTrails';
  const arn = required(trail.TrailARN, action, 'TrailARN');
  const homeRegion = required(trail.HomeRegion, action, 'HomeRegion');
  const client = clientIn(inspection.aws, homeRegion);
  const delivery = await tryRead(inspection, () => deliveryOf(client, arn));
  const management = await tryRead(inspection, async () => {
    const found = await client.send(new GetEventSelectorsCommand({ TrailName: arn }));
    return managementOf(listed(found.EventSelectors), listed(found.AdvancedEventSelectors));
  });
  return {
    ...{ arn, homeRegion, delivery, management },
    name: required(trail.Name, action, 'Name'),
    isMultiRegion: trail.IsMultiRegionTrail === true,
    isOrganization: trail.IsOrganizationTrail === true,
    isValidated: trail.LogFileValidationEnabled === true,
    ...present({ kmsKeyId: trail.KmsKeyId }),
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
    isLogging: status.IsLogging === true,
    ...present({ deliveredAt: status.LatestDeliveryTime?.getTime() }),
    errors: errors.flatMap(([what, text]) => (text ? [`${what}: ${text}`] : [])),
  };
}
