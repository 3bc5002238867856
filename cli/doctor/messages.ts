import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { readAudience } from '../../shared/aws/audience.ts';
import { queueClient } from '../../shared/aws/enqueue.ts';
import { type Scan, scanAccount } from '../../shared/aws/scan.ts';
import { type Audience, audienceHears, audienceNotes } from '../../shared/core/audience.ts';
import { isFailure } from '../../shared/core/errors.ts';
import { attributesOf } from '../../shared/core/messages/build-message.ts';
import { parseSecretTags } from '../../shared/core/read-secret-tags.ts';
import type { Settings } from '../../shared/core/settings.ts';
import { asRecordedIn } from '../../shared/core/state-key.ts';
import { DAY, type Instant, MINUTE } from '../../shared/core/time.ts';
import { triage } from '../../shared/core/triage/triage.ts';
import { parseUserSettings } from '../../shared/core/user-settings.ts';
import type { Shell } from '../context.ts';
import type { Deployed } from '../deployed.ts';
import { type Found, fault, ok, warning } from './finding.ts';

const COUNTS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;

/** How many wait, and how many were given up. */
export async function checkQueues({ aws, stage }: Deployed, { queueUrl }: Settings): Promise<Found | Found[]> {
  const sqs = queueClient(aws);
  const queue = await attributes(sqs, queueUrl);
  if (queue === undefined) return fault(`there is no queue ${queueUrl}`, 'Deploy the stack again.');
  const { deadLetterTargetArn }: { deadLetterTargetArn?: string } = JSON.parse(queue.RedrivePolicy ?? '{}');
  const beside = (name: string): string => queueUrl.replace(/[^/]+$/, name);
  const deadName = deadLetterTargetArn?.split(':').at(-1);
  const dead = deadName === undefined ? undefined : await attributes(sqs, beside(deadName));
  const failures = await attributes(sqs, beside(`keyturn-${stage}-failures`));
  const faults = [
    ...(dead === undefined ? [fault('the queue has no dead-letter queue', 'Deploy the stack again.')] : []),
    ...given(dead, (count) =>
      fault(
        `the worker gave up on ${count}`,
        "Its log says why. Then: aws sqs start-message-move-task --source-arn <the dead-letter queue's ARN>",
      ),
    ),
    ...given(failures, (count) =>
      fault(
        `${count} of runs that failed or never took place`,
        `Read keyturn-${stage}-failures, mend it, and purge it.`,
      ),
    ),
  ];
  if (faults.length > 0) return faults;
  return ok(`${countOf(queue)} waiting, 0 dead letters`);
}

type Attributes = Readonly<Partial<Record<string, string>>>;

async function attributes(sqs: SQSClient, QueueUrl: string): Promise<Attributes | undefined> {
  try {
    const command = new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: [...COUNTS, 'RedrivePolicy', 'QueueArn'],
    });
    return (await sqs.send(command)).Attributes ?? {};
  } catch (error) {
    if (isFailure(error, 'QueueDoesNotExist')) return undefined;
    throw error;
  }
}

function countOf(queue: Attributes): number {
  return COUNTS.reduce((sum, name) => sum + Number(queue[name] ?? 0), 0);
}

function given(queue: Attributes | undefined, say: (count: string) => Found): Found[] {
  const count = queue === undefined ? 0 : countOf(queue);
  return count === 0 ? [] : [say(`${count} ${count === 1 ? 'message' : 'messages'}`)];
}

/** The scan of a run, with the state as it is recorded: the MACs are not ours to verify. */
export function scan({ aws }: Deployed, settings: Settings, shell: Pick<Shell, 'clock' | 'sleep'>): Promise<Scan> {
  return scanAccount({ aws, settings, verifier: asRecordedIn(settings.stateEpoch) }, shell);
}

/** Owners whose users have a key that falls due before they could be asked to subscribe at leisure. */
const SOON_DAYS = 14;

/** Whoever gets a new key soon is heard of by somebody. */
export async function checkTopic(
  { aws }: Deployed,
  { settings, scanned, command }: { settings: Settings; scanned: () => Promise<Scan>; command(text: string): string },
): Promise<Found | Found[]> {
  if (!settings.requireSubscription) return ok('no subscription is required');
  const audience = await audienceOf(aws, settings.topicArn);
  if (audience === undefined) return fault(`there is no topic ${settings.topicArn}`, 'Deploy the stack again.');
  const notes = audienceNotes(audience).map((note) => warning(note));
  const { users, at } = await scanned();
  const deaf = new Map<string | undefined, string[]>();
  for (const { user } of users.filter((each) => isDueSoon(each, settings, at))) {
    const { owner } = parseUserSettings(user, settings, at).settings;
    const { accountId, userName } = user;
    if (audienceHears(audience, attributesOf({ event: 'issued', accountId, userName, owner, reason: 'due' }))) continue;
    deaf.set(owner, [...(deaf.get(owner) ?? []), userName]);
  }
  const faults = [...deaf].map(([owner, names]) => {
    const about = owner === undefined ? 'users without an owner' : `owner ${owner}`;
    const due = `${names.length} ${names.length === 1 ? 'user' : 'users'} due within ${SOON_DAYS} days`;
    const whom = owner === undefined ? `--user ${names[0]}` : `--owner '${owner}'`;
    return fault(
      `no confirmed subscription hears of ${about} (${due})`,
      command(`subscribe ${whom} --email <address>`),
    );
  });
  if (faults.length > 0) return [...faults, ...notes];
  return [ok('a subscription hears of every user who is due soon'), ...notes];
}

async function audienceOf(aws: Deployed['aws'], topicArn: string): Promise<Audience | undefined> {
  try {
    return await readAudience(aws, topicArn);
  } catch (error) {
    if (isFailure(error, 'NotFound')) return undefined;
    throw error;
  }
}

function isDueSoon(scanned: Scan['users'][number], settings: Settings, at: Instant): boolean {
  const soon = at + SOON_DAYS * DAY;
  const { isDue, oldestActiveAt } = triage(scanned, settings, soon);
  const { maxAccessKeyAgeDays } = parseUserSettings(scanned.user, settings, at).settings;
  return isDue && oldestActiveAt !== undefined && soon - oldestActiveAt >= maxAccessKeyAgeDays * DAY;
}

/** What a run left half-done, and nobody has taken over yet. */
export function judgeRecords({ users, at }: Scan, command: (text: string) => string): Found {
  const stale = users.flatMap(({ user: { userName }, secret }) => {
    const { intent } = parseSecretTags(secret?.tags ?? {}, at).tags;
    if (intent === undefined || intent.deadlineAt >= at) return [];
    return [{ userName, text: `${userName} (${intent.verb}, ${ageOf(at - intent.deadlineAt)})` }];
  });
  if (stale.length === 0) return ok('nothing was left half-done');
  const what =
    stale.length === 1
      ? '1 intent is older than its deadline'
      : `${stale.length} intents are older than their deadlines`;
  return warning(
    `${what}: ${stale.map(({ text }) => text).join(', ')}`,
    `The next pass finishes it. ${command(`status ${stale.map(({ userName }) => userName).join(' ')}`)}`,
  );
}

function ageOf(ms: number): string {
  if (ms < 90 * MINUTE) return `${Math.floor(ms / MINUTE)} min`;
  return ms < 2 * DAY ? `${Math.floor(ms / (60 * MINUTE))} h` : `${Math.floor(ms / DAY)} d`;
}
