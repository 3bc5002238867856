import { isoSeconds } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { optionalText, text } from '../input.ts';
import type { Environment, Operations } from '../service.ts';
import type { IamState } from './iam-state.ts';

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html

interface Job {
  readonly arn: string;
  readonly isByAction: boolean;
  polls: number;
}

/** What a user's keys were last used with, by service; actions are what the embedded AWS does not know of its own. */
export function createLastAccessed({ random, pageSize = 100 }: Environment, state: IamState): Operations {
  const jobs = new Map<string, Job>();

  function servicesOf({ arn, isByAction }: Job) {
    const user = state.users.ids.flatMap((id) => state.users.get(id) ?? []).find((known) => known.arn === arn);
    return (user?.keys ?? []).flatMap(({ lastUsed }) => {
      if (lastUsed === undefined) return [];
      const at = isoSeconds(lastUsed.at);
      const actions = isByAction ? [{ ActionName: 'ListBuckets', LastAccessedTime: at }] : undefined;
      return {
        ServiceName: lastUsed.service,
        ServiceNamespace: lastUsed.service,
        LastAuthenticated: at,
        LastAuthenticatedEntity: arn,
        LastAuthenticatedRegion: lastUsed.region,
        TotalAuthenticatedEntities: 1,
        TrackedActionsLastAccessed: lastUsed.service === 's3' ? actions : undefined,
      };
    });
  }

  return {
    GenerateServiceLastAccessedDetails(input) {
      const arn = text(input, 'Arn');
      const isKnown = state.users.ids.some((id) => state.users.get(id)?.arn === arn);
      if (!isKnown) throw new AwsError(404, 'NoSuchEntity', `ARN ${arn} was not found.`);
      const JobId = random.uuid();
      jobs.set(JobId, { arn, isByAction: optionalText(input, 'Granularity') === 'ACTION_LEVEL', polls: 0 });
      return { JobId };
    },

    GetServiceLastAccessedDetails(input, { now }) {
      const job = jobs.get(text(input, 'JobId'));
      if (job === undefined) throw new AwsError(404, 'NoSuchEntity', 'The job does not exist.');
      const JobCreationDate = isoSeconds(now);
      // A first look comes too early.
      if (job.polls++ === 0) return { JobStatus: 'IN_PROGRESS', JobCreationDate, JobCompletionDate: JobCreationDate };
      const all = [
        ...servicesOf(job),
        { ServiceName: 'Amazon EC2', ServiceNamespace: 'ec2', TotalAuthenticatedEntities: 0 },
      ];
      const from = Number(optionalText(input, 'Marker') ?? 0);
      const end = from + pageSize;
      return {
        JobStatus: 'COMPLETED',
        JobCreationDate,
        JobCompletionDate: JobCreationDate,
        JobType: job.isByAction ? 'ACTION_LEVEL' : 'SERVICE_LEVEL',
        ServicesLastAccessed: all.slice(from, end),
        IsTruncated: end < all.length,
        Marker: end < all.length ? String(end) : undefined,
      };
    },
  };
}
