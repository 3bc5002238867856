import {
  GenerateServiceLastAccessedDetailsCommand,
  GetServiceLastAccessedDetailsCommand,
  type ServiceLastAccessed,
} from '@aws-sdk/client-iam';
import { required } from '../../shared/aws/observe.ts';
import { RotationError } from '../../shared/core/errors.ts';
import { SECOND } from '../../shared/core/time.ts';
import type { Account } from '../accounts.ts';
import type { Context } from '../context.ts';

/** A service that was used, with the actions that AWS tracks. */
export interface Need {
  service: string;
  actions: readonly string[];
}

const POLL = SECOND;
const MOST_POLLS = 60;

/**
 * What a role in the user's place would have to allow: what the user used, by IAM's last-accessed data of the last 400
 * days. Actions only of services whose actions AWS tracks.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
 */
export async function readNeeds(
  { shell }: Pick<Context, 'shell'>,
  { aws }: Pick<Account, 'aws'>,
  arn: string,
): Promise<readonly Need[]> {
  const input = { Arn: arn, Granularity: 'ACTION_LEVEL' as const };
  const started = await aws.iam.send(new GenerateServiceLastAccessedDetailsCommand(input));
  const JobId = required(started.JobId, 'iam:GenerateServiceLastAccessedDetails', 'JobId');
  const action = 'iam:GetServiceLastAccessedDetails';
  const services: ServiceLastAccessed[] = [];
  let Marker: string | undefined;
  for (let polled = 0; polled < MOST_POLLS; polled++) {
    const more = Marker === undefined ? {} : { Marker };
    const page = await aws.iam.send(new GetServiceLastAccessedDetailsCommand({ JobId, ...more }));
    if (page.JobStatus === 'FAILED') break;
    if (page.JobStatus === 'IN_PROGRESS') {
      await shell.sleep(POLL);
      continue;
    }
    services.push(...(page.ServicesLastAccessed ?? []));
    Marker = page.IsTruncated === true ? page.Marker : undefined;
    if (Marker === undefined) return needsOf(services);
  }
  throw new RotationError(`IAM did not say what ${arn} has used.`, { action, isTransient: true });
}

function needsOf(services: readonly ServiceLastAccessed[]): Need[] {
  return services
    .filter(({ LastAuthenticated }) => LastAuthenticated !== undefined)
    .map(({ ServiceNamespace = '', TrackedActionsLastAccessed = [] }) => ({
      service: ServiceNamespace,
      actions: TrackedActionsLastAccessed.filter(({ LastAccessedTime }) => LastAccessedTime !== undefined)
        .map(({ ActionName = '' }) => ActionName)
        .toSorted(),
    }))
    .toSorted((a, b) => (a.service < b.service ? -1 : 1));
}
