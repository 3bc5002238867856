import type { LocalAws } from '../aws/aws.ts';
import { DAY } from '../aws/clock.ts';
import type { NewKey } from '../aws/iam/iam-helpers.ts';
import type { KeyPair } from '../aws/principals.ts';
import type { Character, FirstKey } from '../demo/cast.ts';

const visibilitySeconds = 1_800;
const maxReceiveCount = 4;

/** What the stack would have made: a topic that somebody reads, the queue, its dead-letter queue. */
export interface Resources {
  readonly topicArn: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** The environment variables of every function. */
  readonly environment: Readonly<Record<string, string>>;
}

export function createResources(aws: LocalAws, settings: Readonly<Record<string, string>> = {}): Resources {
  const topicArn = aws.sns.addTopic('keyturn-local');
  const queues = aws.sqs.addFifoPair('keyturn-local', { visibilitySeconds, maxReceiveCount });
  const { queueUrl, deadLetterQueueUrl } = queues;
  const environment = {
    KEYTURN_ENFORCE: 'true',
    KEYTURN_TOPIC_ARN: topicArn,
    KEYTURN_QUEUE_URL: queueUrl,
    ...settings,
  };
  return { topicArn, queueUrl, deadLetterQueueUrl, environment };
}

/** The queues that a hub has besides. */
export interface FleetQueues {
  readonly accountsQueueUrl: string;
  readonly accountsDeadLetterQueueUrl: string;
  readonly resultsQueueUrl: string;
  readonly ticketsQueueUrl: string;
  /** The variables that name them. */
  readonly environment: Readonly<Record<string, string>>;
}

export function addFleetQueues(aws: LocalAws, stack = 'keyturn-local'): FleetQueues {
  const accountsDeadLetterQueueUrl = aws.sqs.addQueue(`${stack}-accounts-dead`);
  const deadLetterTargetArn = aws.sqs.queueArn(accountsDeadLetterQueueUrl);
  const accountsQueueUrl = aws.sqs.addQueue(`${stack}-accounts`, {
    VisibilityTimeout: '5400',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }),
  });
  const resultsQueueUrl = aws.sqs.addQueue(`${stack}-results`, { VisibilityTimeout: '300' });
  const ticketsQueueUrl = aws.sqs.addQueue(`${stack}-tickets.fifo`, { VisibilityTimeout: '30' });
  const environment = {
    KEYTURN_ACCOUNTS_QUEUE_URL: accountsQueueUrl,
    KEYTURN_ACCOUNTS_DEAD_LETTER_QUEUE_URL: accountsDeadLetterQueueUrl,
    KEYTURN_RESULTS_QUEUE_URL: resultsQueueUrl,
    KEYTURN_TICKETS_QUEUE_URL: ticketsQueueUrl,
  };
  return { accountsQueueUrl, accountsDeadLetterQueueUrl, resultsQueueUrl, ticketsQueueUrl, environment };
}

const evidenceBucket = 'keyturn-local-evidence';

/** A bucket for evidence, with a lock as the stack's has one, and a trail to judge; the variables that say so. */
export function addEvidence(aws: LocalAws): Record<string, string> {
  aws.s3.addBucket({ name: evidenceBucket, objectLock: { mode: 'GOVERNANCE', days: 400 } });
  aws.cloudTrail.addTrail({ name: 'all' });
  return {
    KEYTURN_EVIDENCE_BUCKET: evidenceBucket,
    KEYTURN_EVIDENCE_BUCKET_OWNER: aws.accountId,
    KEYTURN_EVIDENCE_ACCOUNT_ID: aws.accountId,
    KEYTURN_VERSION: 'local',
  };
}

/** Makes the character's user, with keys as old as they are today. */
export function addCharacter(aws: LocalAws, { userName, tags = {}, keys, service }: Character): Hired {
  const { clock, region } = aws;
  const toKey = ({ ageDays, status, usedDaysAgo }: FirstKey): NewKey => ({
    ageDays,
    status: status ?? 'Active',
    ...(usedDaysAgo !== undefined && { lastUsed: { at: clock.now() - usedDaysAgo * DAY, service, region } }),
  });
  return aws.iam.addUser({ userName, tags, keys: keys.map(toKey) });
}

export interface Hired {
  readonly userId: string;
  readonly keys: readonly KeyPair[];
}
