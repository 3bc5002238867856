import { parseArgs } from 'node:util';
import {
  paginateListSubscriptionsByTopic,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  type Subscription,
} from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { readSubscriptionFilter } from '../shared/aws/audience.ts';
import { mapConcurrently } from '../shared/aws/map-concurrently.ts';
import { standingOf } from '../shared/core/audience.ts';
import { EventError, isFailure, messageOf } from '../shared/core/errors.ts';
import { userNamePattern } from '../shared/core/event-fields.ts';

const USAGE = `
  npm run subscribe -- --user alice --email alice@example.com
  npm run subscribe -- --owner team-a --email team-a@example.com

  --user     messages about this IAM user
  --owner    messages about all users whose tag keyturn:owner is this
  --email    where they go
  --stage    of the deployment; dev
  --region   of the deployment; as the AWS CLI finds it
  --topic    ARN of the topic, instead of a stage and a Region; KEYTURN_TOPIC_ARN`;

/** Of one topic, unless AWS raised it: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html */
const FILTERS_PER_TOPIC = 200;

export interface Wanted {
  /** The message attribute that the filter is about. */
  attribute: 'userName' | 'owner';
  value: string;
  email: string;
  /** The ARN, or the stage whose topic is meant. */
  topic: { arn: string } | { stage: string };
  region?: string;
}

export interface Clients {
  sns: SNSClient;
  sts: STSClient;
}

/** What the command line asks for. Throws an EventError that names the option and the way out. */
export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Wanted {
  return wantedOf(read(args), environment);
}

/** The options of the command line, each by its name. */
export type Given = Readonly<
  Partial<Record<'user' | 'owner' | 'email' | 'stage' | 'region' | 'topic', string | undefined>>
>;

/** The same of options that are read already. */
export function wantedOf(
  { user, owner, email, stage, region, topic }: Given,
  environment: Readonly<Record<string, string | undefined>>,
): Wanted {
  if ((user === undefined) === (owner === undefined)) {
    const what = user === undefined ? 'Neither --user nor --owner is given' : 'Both --user and --owner are given';
    throw wrong(`${what}: name the user, or the team, whose messages are wanted.`);
  }
  if (user !== undefined && !userNamePattern.test(user)) throw wrong(`--user "${user}" is no name of an IAM user.`);
  if (owner !== undefined && !/^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,256}$/u.test(owner)) {
    throw wrong(`--owner "${owner}" cannot be the value of a tag.`);
  }
  if (email === undefined) throw wrong('--email is missing: where should the messages go?');
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) throw wrong(`--email "${email}" is no address.`);
  const filter =
    user === undefined
      ? { attribute: 'owner' as const, value: owner ?? '' }
      : { attribute: 'userName' as const, value: user };
  return { ...filter, email, ...target({ stage, region, topic }, environment) };
}

function read(args: readonly string[]): Given {
  const text = { type: 'string' } as const;
  const options = { user: text, owner: text, email: text, stage: text, region: text, topic: text };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw wrong(messageOf(error));
  }
}

function wrong(sentence: string): EventError {
  return new EventError(`${sentence}\n${USAGE}`);
}

type Target = Pick<Wanted, 'topic' | 'region'>;

function target({ stage, region, topic }: Given, environment: Readonly<Record<string, string | undefined>>): Target {
  if (topic !== undefined && (stage !== undefined || region !== undefined)) {
    throw wrong('--topic is enough: leave out --stage and --region.');
  }
  const arn = topic ?? (stage === undefined && region === undefined ? environment.KEYTURN_TOPIC_ARN : undefined);
  if (arn === undefined || arn === '') {
    return { topic: { stage: stage ?? 'dev' }, ...(region === undefined ? {} : { region }) };
  }
  const [, found] = /^arn:[\w-]+:sns:([\w-]+):\d{12}:[\w.-]+$/.exec(arn) ?? [];
  if (found === undefined) throw wrong(`--topic "${arn}" is not the ARN of an SNS topic.`);
  return { topic: { arn }, region: found };
}

/**
 * Subscribes the address to the messages about one user, or one team; what is there already stays. Returns what was
 * done, and what is left of the topic's filter policies, in sentences.
 */
export async function subscribe({ sns, sts }: Clients, wanted: Wanted): Promise<string[]> {
  const topicArn = await topicArnOf({ sns, sts }, wanted);
  const subscriptions = await list(sns, topicArn);
  const filters = await mapConcurrently(subscriptions, (subscription) => filterOf(sns, subscription));
  const index = subscriptions.findIndex(({ Protocol, Endpoint }) => Protocol === 'email' && Endpoint === wanted.email);
  const before = subscriptions[index];
  const isThere = before !== undefined && standingOf(before.SubscriptionArn) === 'confirmed';
  const done = isThere ? await extend(sns, wanted, before, filters[index]) : await add(sns, wanted, topicArn);
  const used = filters.filter((filter) => filter !== undefined).length + (before === undefined ? 1 : 0);
  return [...done, leftOf(used)];
}

/** The stack names its topic after its stage. */
async function topicArnOf({ sns, sts }: Clients, { topic }: Wanted): Promise<string> {
  if ('arn' in topic) return topic.arn;
  const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
  return `arn:${Arn?.split(':')[1]}:sns:${await sns.config.region()}:${Account}:keyturn-${topic.stage}`;
}

/** SNS goes on listing a subscription after its end: it has no attributes to ask for, and its address may come back. */
async function list(client: SNSClient, topicArn: string): Promise<Subscription[]> {
  const all: Subscription[] = [];
  try {
    for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn })) {
      all.push(...Subscriptions.filter(({ SubscriptionArn }) => standingOf(SubscriptionArn) !== 'deleted'));
    }
  } catch (error) {
    if (!isAnswer(error, 'NotFound')) throw error;
    const way = 'deploy first, or say which with --stage and --region, or with --topic (output TopicArn of the stack).';
    throw wrong(`There is no topic ${topicArn}: ${way}`);
  }
  return all;
}

/** A filter that cannot be seen before the address has confirmed counts as one: AWS may count it. */
async function filterOf(sns: SNSClient, { SubscriptionArn = '' }: Subscription): Promise<string | undefined> {
  if (standingOf(SubscriptionArn) === 'pending') return '';
  return (await readSubscriptionFilter(sns, SubscriptionArn))?.policy;
}

async function add(sns: SNSClient, { attribute, value, email }: Wanted, topicArn: string): Promise<string[]> {
  const Attributes = { FilterPolicy: JSON.stringify({ [attribute]: [value] }), FilterPolicyScope: 'MessageAttributes' };
  try {
    await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint: email, Attributes }));
  } catch (error) {
    throw explained(error, email);
  }
  return [
    `${email} is subscribed to the messages about ${named(attribute)} ${value}, on ${topicArn}.`,
    'It gets none until it is confirmed: within two days, follow the link in the email of AWS with the ' +
      'subject "AWS Notification - Subscription Confirmation". Run this again for another such email.',
  ];
}

function named(attribute: Wanted['attribute']): string {
  return attribute === 'userName' ? 'user' : 'the users of owner';
}

function explained(error: unknown, email: string): unknown {
  if (isAnswer(error, 'FilterPolicyLimitExceeded')) {
    return new EventError(
      `The topic has all of its ${FILTERS_PER_TOPIC} filter policies: subscribe teams with --owner, have AWS raise the ` +
        'quota "Filter policies per topic" of SNS, or subscribe a mailing list to all messages.',
    );
  }
  if (isAnswer(error, 'InvalidParameter') && /different attributes/.test(messageOf(error))) {
    return new EventError(
      `${email} has not yet confirmed another subscription to this topic: confirm that one, then run this again.`,
    );
  }
  return error;
}

/** AWS's own, or from clients that make a sentence of it. */
function isAnswer(error: unknown, name: string): boolean {
  return isFailure(error, name) || (error instanceof Error && error.name === `${name}Exception`);
}

/** An address has one subscription to a topic, and so one filter: more users are added to it. */
async function extend(
  sns: SNSClient,
  { attribute, value, email }: Wanted,
  { SubscriptionArn }: Subscription,
  filter: string | undefined,
): Promise<string[]> {
  if (filter === undefined) return [`${email} is already subscribed to all messages: nothing to do.`];
  const values = valuesOf(filter, attribute);
  if (values === undefined) {
    throw new EventError(
      `${email} is subscribed with another filter, ${filter}, and has only one for a topic: unsubscribe it with the ` +
        'link in any of its messages, or use another address.',
    );
  }
  const about = `the messages about ${named(attribute)}`;
  if (values.includes(value)) return [`${email} is subscribed to ${about} ${value} already: nothing to do.`];
  const all = [...values, value];
  const AttributeValue = JSON.stringify({ [attribute]: all });
  await sns.send(
    new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue }),
  );
  return [`${email} is now subscribed to ${about} ${all.join(', ')}. A changed filter may take 15 minutes to apply.`];
}

/** The texts that the filter matches, if it is one of ours about that attribute alone. */
function valuesOf(filter: string, attribute: string): string[] | undefined {
  const [[name, values] = [], ...others] = Object.entries<unknown>(JSON.parse(filter));
  if (name !== attribute || others.length > 0 || !Array.isArray(values)) return undefined;
  const texts = values.filter((each): each is string => typeof each === 'string');
  return texts.length === values.length ? texts : undefined;
}

function leftOf(used: number): string {
  const left = Math.max(0, FILTERS_PER_TOPIC - used);
  return `The topic has ${used} of its ${FILTERS_PER_TOPIC} filter policies in use; ${left} are left.`;
}

async function main(): Promise<void> {
  try {
    const wanted = parseOptions(process.argv.slice(2), process.env);
    const options = wanted.region === undefined ? {} : { region: wanted.region };
    const lines = await subscribe({ sns: new SNSClient(options), sts: new STSClient(options) }, wanted);
    console.log(lines.join('\n'));
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
