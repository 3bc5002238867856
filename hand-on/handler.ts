import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import { EventError, messageOf, RotationError } from '../shared/core/errors.ts';
import { parseHandedOn } from '../shared/core/hand-on.ts';
import { userIdOfSecretName } from '../shared/core/secret-name.ts';
import { secretTagNames } from '../shared/core/secret-tags.ts';
import { DAY, type Instant, SECOND } from '../shared/core/time.ts';
import * as z from '../shared/core/zod.ts';
import { destinationsOf, EVERY, type HandOnOutcome, handOn } from './hand-on.ts';
import type { HandOnRuntime } from './runtime.ts';

/** Left for what comes after the last user. */
const LEFT = 30 * SECOND;

const labelEvent = z.object({
  source: z.literal('aws.secretsmanager'),
  detail: z.object({ name: z.string(), labelUpdated: z.literal('AWSCURRENT'), versionId: z.optional(z.string()) }),
});
const byHand = z.strictObject({ userName: z.string(), force: z.optional(z.boolean()) });
const schedule = z.object({ source: z.literal('aws.events') });

export interface HandOnAnswer {
  schemaVersion: 1;
  users: { userName: string; outcome: string }[];
  /** Users whose turn did not come: the next run begins with them. */
  notTried: string[];
}

/**
 * A label that moved, the schedule, or a person: `{"userName","force"?}`. Everybody is tried; then it throws, with all
 * failures named, so that Lambda tries again and the alarm sees it.
 */
export async function handle(runtime: HandOnRuntime, event: unknown, deadlineAt: Instant): Promise<HandOnAnswer> {
  const label = labelEvent.safeParse(event);
  if (label.success) {
    const { name: secretId, versionId } = label.data.detail;
    const asked = { secretId, ...(versionId === undefined ? {} : { versionId }) };
    const outcome = await handOn(runtime, { deadlineAt, isScheduled: false }, asked);
    return answer([{ userName: secretId, outcome }], []);
  }
  const users = await listed(runtime);
  const hand = byHand.safeParse(event);
  if (hand.success) return byHandFor(runtime, users, { ...hand.data, deadlineAt });
  if (!schedule.safeParse(event).success) {
    throw new EventError('The event must be a label that moved, a schedule, or {"userName", "force"?}.');
  }
  return reconcile(runtime, users, deadlineAt);
}

interface Listed {
  secretId: string;
  userName: string;
  /** Since when it has not been done. */
  writingSince?: Instant;
  at: Instant;
}

async function byHandFor(
  runtime: HandOnRuntime,
  users: readonly Listed[],
  { userName, force = false, deadlineAt }: { userName: string; force?: boolean | undefined; deadlineAt: Instant },
): Promise<HandOnAnswer> {
  const meant = users.filter((user) => user.userName === userName);
  if (meant.length === 0) throw new EventError(`userName: ${userName} is not in hand-on.yml, or has no secret.`);
  const run = { deadlineAt, isScheduled: false };
  const tried: Tried[] = [];
  for (const { secretId } of meant) tried.push({ userName, outcome: await handOn(runtime, run, { secretId, force }) });
  return answer(tried, []);
}

/** One ListSecrets; whoever has waited longest first. A user who fails for over a day is tried once a day. */
async function reconcile(runtime: HandOnRuntime, users: readonly Listed[], deadlineAt: Instant): Promise<HandOnAnswer> {
  const now = runtime.clock();
  const due = users.filter(({ writingSince }) => writingSince === undefined || isTurn(now - writingSince));
  const tried: Tried[] = [];
  const notTried: string[] = [];
  for (const { secretId, userName } of due.toSorted((a, b) => a.at - b.at)) {
    if (runtime.clock() > deadlineAt - LEFT) {
      notTried.push(userName);
      continue;
    }
    try {
      const outcome = await handOn(runtime, { deadlineAt, isScheduled: true }, { secretId });
      // A list shows the user as one of ours: then the role may not look.
      tried.push({ userName, outcome: outcome === 'not-mine' ? { failed: 'not-a-reader' } : outcome });
    } catch (error) {
      tried.push({ userName, outcome: error });
    }
  }
  if (notTried.length > 0) runtime.log.warn('Not tried', { users: notTried });
  return answer(tried, notTried);
}

function isTurn(waited: number): boolean {
  return waited < DAY || Math.floor(waited / DAY) !== Math.floor((waited - EVERY) / DAY);
}

/** Users of the file who have a secret, by its tags: names and tags are all that a list tells. */
async function listed(runtime: HandOnRuntime): Promise<Listed[]> {
  const { aws, secretPrefix } = runtime;
  const Filters = [{ Key: 'name' as const, Values: [`${secretPrefix}/`] }];
  const found: Listed[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client: aws.secrets, pageSize: 100 }, { Filters })) {
    for (const { Name = '', ARN = '', Tags = [] } of SecretList) {
      const tag = (key: string): string | undefined => Tags.find(({ Key }) => Key === key)?.Value;
      const userName = tag(secretTagNames.userName);
      if (userName === undefined || userIdOfSecretName(secretPrefix, Name) === undefined) continue;
      if (destinationsOf(runtime, { userName }) === undefined) continue;
      const handedOn = parseHandedOn(tag(secretTagNames.handedOn));
      const isWriting = handedOn?.state === 'writing';
      found.push({
        secretId: ARN,
        userName,
        at: handedOn?.at ?? 0,
        ...(isWriting ? { writingSince: handedOn.at } : {}),
      });
    }
  }
  return found;
}

interface Tried {
  userName: string;
  /** An error that nobody expected stands in its place. */
  outcome: HandOnOutcome | unknown;
}

function answer(tried: readonly Tried[], notTried: readonly string[]): HandOnAnswer {
  const users = tried.map(({ userName, outcome }) => ({ userName, outcome: wordOf(outcome) }));
  const failed = tried.flatMap(({ userName, outcome }) =>
    typeof outcome === 'string' ? [] : `${userName}: ${wordOf(outcome)}`,
  );
  if (failed.length > 0) throw new RotationError(`Not handed on: ${failed.join('; ')}.`);
  return { schemaVersion: 1, users, notTried: [...notTried] };
}

function wordOf(outcome: HandOnOutcome | unknown): string {
  if (typeof outcome === 'string') return outcome;
  if (typeof outcome === 'object' && outcome !== null && 'failed' in outcome) return String(outcome.failed);
  return messageOf(outcome);
}
