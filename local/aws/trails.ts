import { AwsError } from './errors.ts';
import { text } from './input.ts';
import { seconds } from './secrets-manager/secret-views.ts';
import type { Environment, Operations } from './service.ts';

/** A trail as somebody made it; what is not said is as a good one is. */
export interface NewTrail {
  readonly name: string;
  readonly isMultiRegion?: boolean;
  readonly isOrganization?: boolean;
  readonly isValidated?: boolean;
  readonly isLogging?: boolean;
  readonly kmsKeyId?: string;
  /** Of the account that it belongs to. */
  readonly ownerId?: string;
  /** ms; a moment ago unless told. */
  readonly deliveredAt?: number;
  readonly deliveryError?: string;
  readonly eventSelectors?: readonly object[];
  readonly advancedEventSelectors?: readonly object[];
}

export interface Trails {
  readonly operations: Operations;
  addTrail(trail: NewTrail): void;
  removeTrail(name: string): void;
}

const management = { ReadWriteType: 'All', IncludeManagementEvents: true, DataResources: [] };

/** Trails as they are looked at. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/ */
export function createTrails({ accountId, region }: Environment): Trails {
  const trails = new Map<string, NewTrail>();
  const arnOf = ({ name, ownerId = accountId }: NewTrail) => `arn:aws:cloudtrail:${region}:${ownerId}:trail/${name}`;

  function named(name: string): NewTrail {
    const found = [...trails.values()].find((trail) => trail.name === name || arnOf(trail) === name);
    if (found === undefined) throw new AwsError(400, 'TrailNotFoundException', `Unknown trail: ${name}`);
    return found;
  }

  return {
    operations: {
      DescribeTrails: () => ({
        trailList: [...trails.values()].map((trail) => ({
          Name: trail.name,
          TrailARN: arnOf(trail),
          HomeRegion: region,
          IsMultiRegionTrail: trail.isMultiRegion ?? true,
          IsOrganizationTrail: trail.isOrganization ?? false,
          LogFileValidationEnabled: trail.isValidated ?? true,
          KmsKeyId: trail.kmsKeyId,
        })),
      }),
      GetTrailStatus(input, { now }) {
        const { isLogging = true, deliveredAt = now - 60_000, deliveryError } = named(text(input, 'Name'));
        return {
          IsLogging: isLogging,
          LatestDeliveryTime: seconds(deliveredAt),
          LatestDeliveryError: deliveryError,
          LatestDigestDeliveryTime: seconds(deliveredAt),
        };
      },
      GetEventSelectors(input) {
        const { eventSelectors = [management], advancedEventSelectors, ...trail } = named(text(input, 'TrailName'));
        return advancedEventSelectors === undefined
          ? { TrailARN: arnOf(trail), EventSelectors: eventSelectors }
          : { TrailARN: arnOf(trail), AdvancedEventSelectors: advancedEventSelectors };
      },
    },
    addTrail: (trail) => void trails.set(trail.name, trail),
    removeTrail: (name) => void trails.delete(name),
  };
}
