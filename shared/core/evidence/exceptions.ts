import { DAY, formatDate, type Instant, parseInstant } from '../time.ts';
import type { Accepted, Finding, FindingResource } from './finding.ts';
import type { Judgement } from './judgement.ts';

/** A decision about one resource and one control, out of `evidence-exceptions.yml`: whoever merged it has approved it. */
export interface Exception {
  control: Finding['control']['id'];
  /** As findings name it: a key ID, a UserId or the name of a user, of a bucket, the ARN of a trail, an account. */
  resource: string;
  because: string;
  approvedBy: string;
  ticket?: string | undefined;
  /** A date, the last day on which it holds. */
  until: string;
}

/** It holds on its last day. */
export function hasEnded({ until }: Pick<Exception, 'until'>, now: Instant): boolean {
  return now >= (parseInstant(`${until}T00:00:00.000Z`) ?? 0) + DAY;
}

/** What is accepted stays what it is: a failure, or not known. An exception that has ended accepts nothing. */
export function acceptedBy(exceptions: readonly Exception[], judgement: Judgement, now: Instant): Accepted | undefined {
  const { control, resource } = judgement;
  const found = exceptions.find(
    (exception) => exception.control === control && isAbout(exception, resource) && !hasEnded(exception, now),
  );
  if (found === undefined) return undefined;
  const { until, because, approvedBy, ticket } = found;
  const approval = { approvedBy, approvedAt: null, eventId: null, source: 'file' as const };
  return { until, because: ticket === undefined ? because : `${because} (${ticket})`, ...approval };
}

function isAbout({ resource }: Exception, { id, arn, userId, userName }: FindingResource): boolean {
  return [id, arn, userId, userName].includes(resource);
}

/** Control 13 of the file: each of its exceptions has an end, so what can be wrong is that it is over. */
export function judgeExceptions(
  exceptions: readonly Exception[],
  { accountId, now }: { accountId: string; now: Instant },
): Judgement[] {
  return exceptions.map((exception): Judgement => {
    const { control, resource, because, approvedBy, until } = exception;
    const id = `${control}/${resource}`;
    const facts = { because, approvedBy, until, source: 'evidence-exceptions.yml' };
    const of = {
      ...{ control: 'exemption-dated' as const, parts: ['file', control, resource], asOf: now },
      resource: { type: 'exception' as const, id, accountId, region: 'global' },
    };
    const what = `The exception of ${resource} from ${control}`;
    if (hasEnded(exception, now)) {
      return { ...of, verdict: { status: 'fail', reason: 'ended', sentence: `${what} ended on ${until}.`, facts } };
    }
    const sentence = `${what} holds until ${until}: ${because}.`;
    return { ...of, verdict: { status: 'pass', reason: 'dated', sentence, facts } };
  });
}

/** Those that have run out when the file is read: no reason to refuse it, which could stop something urgent. */
export function endedExceptions(exceptions: readonly Exception[], now: Instant): string[] {
  return exceptions
    .filter((exception) => hasEnded(exception, now))
    .map(({ control, resource, until }) => `The exception of ${resource} from ${control} ended on ${until}.`);
}

/** The latest end that a new exception may have. */
export function latestEnd(now: Instant): string {
  return formatDate(now + 366 * DAY);
}
