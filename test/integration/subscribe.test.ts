import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { parseOptions, subscribe, type Wanted } from '../../cli/subscribe.ts';
import { createLocalAws } from '../../local/aws/aws.ts';
import { startServer } from '../../local/aws/server.ts';
import { publish } from '../../shared/aws/notify.ts';
import { buildDigestMessage } from '../../shared/core/digest.ts';
import { buildMessage } from '../../shared/core/messages/build-message.ts';
import { setUp } from '../unit/local/clients.ts';
import { digests, notices } from '../unit/messages/notices.ts';

const run = promisify(execFile);
const ALICE = 'alice@example.com';

function account() {
  const local = setUp();
  const topicArn = local.aws.sns.addTopic('keyturn-prod', []);
  const call = (...args: string[]) => subscribe(local, parseOptions([...args, '--stage', 'prod'], {}));
  const filters = () => local.aws.sns.subscriptions(topicArn).map(({ attributes }) => attributes.FilterPolicy);
  const confirmAll = () => {
    for (const { arn } of local.aws.sns.subscriptions(topicArn)) local.aws.sns.confirm(arn);
  };
  return { ...local, topicArn, call, filters, confirmAll };
}

/** What SNS shows of a subscription for a while after somebody unsubscribed. */
function listAsDeleted(sns: SNSClient, endpoint: string): void {
  sns.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { Subscriptions = [] } = 'Subscriptions' in answer.output ? answer.output : {};
      for (const each of Subscriptions) if (each.Endpoint === endpoint) each.SubscriptionArn = 'Deleted';
      return answer;
    },
    { step: 'initialize' },
  );
}

describe('a subscription', () => {
  it('gets the messages about its user or its team, and no others', async () => {
    const { aws, sns, topicArn, call, confirmAll } = account();
    await call('--user', 'alice', '--email', ALICE);
    await call('--owner', 'team-shop', '--email', 'shop@example.com');
    confirmAll();
    const all = [...Object.values(notices).map(buildMessage), buildDigestMessage(digests.digest)];
    for (const message of all) await publish({ sns }, topicArn, message);
    const emails = (endpoint: string) =>
      aws.sns.delivered.filter((each) => each.endpoint === endpoint).map(({ text }) => text);
    const about = (userName: string) =>
      all.filter(({ attributes }) => attributes.userName === userName).map(({ body }) => body.email);
    expect(emails(ALICE)).toEqual(about('alice'));
    expect(emails('shop@example.com')).toEqual(about('deploy-bot'));
    const others = all.filter(({ attributes: { userName = '-' } }) => !['alice', 'deploy-bot'].includes(userName));
    expect(others.map(({ attributes }) => attributes.event)).toEqual(['exposed', 'digest']);
  });

  it('waits for its confirmation, and asks for it again', async () => {
    const { aws, topicArn, call, filters } = account();
    const said = await call('--user', 'alice', '--email', ALICE);
    expect(said[0]).toBe(`${ALICE} is subscribed to the messages about user alice, on ${topicArn}.`);
    expect(said[1]).toContain('"AWS Notification - Subscription Confirmation"');
    expect(said.at(-1)).toBe('The topic has 1 of its 200 filter policies in use; 199 are left.');
    expect(await call('--user', 'alice', '--email', ALICE)).toEqual(said);
    expect(filters()).toEqual(['{"userName":["alice"]}']);
    expect(aws.sns.subscriptions(topicArn)).toMatchObject([{ isConfirmed: false, protocol: 'email' }]);
    await expect(call('--user', 'bob', '--email', ALICE)).rejects.toThrow('confirm that one, then run this again');
  });

  it('that is there already is left alone, and more users are added to it', async () => {
    const { call, filters, confirmAll } = account();
    await call('--user', 'alice', '--email', ALICE);
    confirmAll();
    const left = 'The topic has 1 of its 200 filter policies in use; 199 are left.';
    expect(await call('--user', 'alice', '--email', ALICE)).toEqual([
      `${ALICE} is subscribed to the messages about user alice already: nothing to do.`,
      left,
    ]);
    expect(await call('--user', 'bob', '--email', ALICE)).toEqual([
      expect.stringContaining('now subscribed to the messages about user alice, bob.'),
      left,
    ]);
    expect(filters()).toEqual(['{"userName":["alice","bob"]}']);
    await expect(call('--owner', 'team-a', '--email', ALICE)).rejects.toThrow(
      'another filter, {"userName":["alice","bob"]}',
    );
  });

  it('to all messages needs no filter', async () => {
    const { aws, call } = account();
    aws.sns.addTopic('keyturn-prod', ['ops@example.com']);
    expect(await call('--user', 'alice', '--email', 'ops@example.com')).toEqual([
      'ops@example.com is already subscribed to all messages: nothing to do.',
      'The topic has 0 of its 200 filter policies in use; 200 are left.',
    ]);
  });

  it('that SNS still lists after its end is nobody’s, and its address may subscribe again', async () => {
    const { sns, call, confirmAll, filters } = account();
    await call('--user', 'alice', '--email', ALICE);
    await call('--user', 'bob', '--email', 'bob@example.com');
    confirmAll();
    listAsDeleted(sns, ALICE);
    const left = 'The topic has 2 of its 200 filter policies in use; 198 are left.';
    expect(await call('--user', 'alice', '--email', ALICE)).toEqual([
      expect.stringContaining(`${ALICE} is subscribed to the messages about user alice`),
      expect.stringContaining('follow the link'),
      left,
    ]);
    expect(await call('--user', 'bob', '--email', 'bob@example.com')).toEqual([
      'bob@example.com is subscribed to the messages about user bob already: nothing to do.',
      left.replace('has 2', 'has 1').replace('198', '199'),
    ]);
    expect(filters()).toEqual(['{"userName":["alice"]}', '{"userName":["bob"]}']);
  });

  it.each(['{"userName":[{"prefix":"a"}]}', '{"userName":["a"],"event":["issued"]}', '{"userName":"a"}'])(
    'with a filter of somebody else, %s, is not touched',
    async (FilterPolicy) => {
      const { aws, topicArn, call, filters, confirmAll } = account();
      await call('--user', 'alice', '--email', ALICE);
      confirmAll();
      Object.assign(aws.sns.subscriptions(topicArn)[0]?.attributes ?? {}, { FilterPolicy });
      await expect(call('--user', 'bob', '--email', ALICE)).rejects.toThrow('with another filter');
      expect(filters()).toEqual([FilterPolicy]);
    },
  );
});

describe('the quota of 200 filters', () => {
  it('is counted over all pages, and what it refuses is explained', async () => {
    const { sns, topicArn, call, filters, confirmAll } = account();
    for (let n = 1; n < 198; n++) {
      const Attributes = { FilterPolicy: JSON.stringify({ userName: [`u${n}`] }) };
      const Endpoint = `u${n}@example.com`;
      await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint, Attributes }));
      if (n === 150) confirmAll();
    }
    for (const n of [198, 199, 200]) {
      const said = await call('--user', `u${n}`, '--email', `u${n}@example.com`);
      expect(said.at(-1)).toContain(`${n} of its 200 filter policies in use; ${200 - n} are left.`);
    }
    await expect(call('--user', 'alice', '--email', ALICE)).rejects.toThrow(
      /has all of its 200 filter policies: subscribe teams with --owner, have AWS raise the quota/,
    );
    expect(filters()).toHaveLength(200);
  });
});

describe('the topic', () => {
  it('is named by its stage, and one that is not there is said to be not there', async () => {
    const { aws, sns, sts } = account();
    const wanted: Wanted = { attribute: 'userName', value: 'alice', email: ALICE, topic: { stage: 'dev' } };
    await expect(subscribe({ sns, sts }, wanted)).rejects.toThrow(
      /There is no topic arn:aws:sns:eu-west-1:111122223333:keyturn-dev: deploy first, .*--topic/,
    );
    expect(aws.sns.subscriptions('arn:aws:sns:eu-west-1:111122223333:keyturn-dev')).toEqual([]);
  });

  it('is given by its ARN, which says the Region too', () => {
    const arn = 'arn:aws:sns:eu-central-1:111122223333:alerts';
    const asked = ['--user', 'alice', '--email', ALICE];
    const expected = { attribute: 'userName', value: 'alice', email: ALICE, topic: { arn }, region: 'eu-central-1' };
    expect(parseOptions([...asked, '--topic', arn], { KEYTURN_TOPIC_ARN: 'other' })).toEqual(expected);
    expect(parseOptions(asked, { KEYTURN_TOPIC_ARN: arn })).toEqual(expected);
    expect(parseOptions([...asked, '--region', 'eu-west-3'], { KEYTURN_TOPIC_ARN: arn })).toMatchObject({
      topic: { stage: 'dev' },
      region: 'eu-west-3',
    });
    expect(parseOptions(asked, {})).not.toHaveProperty('region');
  });

  it('that AWS refuses to show is AWS’s own error', async () => {
    const { sns, sts, topicArn } = account();
    const wanted: Wanted = { attribute: 'userName', value: 'alice', email: 'no address', topic: { arn: topicArn } };
    await expect(subscribe({ sns, sts }, wanted)).rejects.toThrow('Invalid parameter: Email address');
  });
});

describe('bad input', () => {
  const email = ['--email', ALICE];
  const user = ['--user', 'alice'];

  it.each([
    [[], 'Neither --user nor --owner is given'],
    [email, 'Neither --user nor --owner is given'],
    [[...user, '--owner', 'a', ...email], 'Both --user and --owner are given'],
    [user, '--email is missing'],
    [[...user, '--email', 'alice'], '--email "alice" is no address'],
    [['--user', 'a b', ...email], '--user "a b" is no name of an IAM user'],
    [['--owner', 'a*b', ...email], '--owner "a*b" cannot be the value of a tag'],
    [[...user, ...email, '--protocol', 'sms'], "Unknown option '--protocol'"],
    [[...user, ...email, 'bob'], "Unexpected argument 'bob'"],
    [['--user'], "'--user <value>' argument missing"],
    [[...user, ...email, '--topic', 'keyturn'], '--topic "keyturn" is not the ARN of an SNS topic'],
    [[...user, ...email, '--topic', 'x', '--stage', 'prod'], 'leave out --stage and --region'],
  ])('%j: says what is wrong, and how it is right', (args, says) => {
    expect(() => parseOptions(args, {})).toThrow(says);
    expect(() => parseOptions(args, {})).toThrow('npm run subscribe -- --user alice --email alice@example.com');
  });
});

it('works as a command', async () => {
  const aws = createLocalAws({ now: Date.now(), ticking: true });
  const server = await startServer(aws);
  try {
    const topicArn = aws.sns.addTopic('keyturn-dev', []);
    const script = fileURLToPath(new URL('../../cli/subscribe.ts', import.meta.url));
    const env = {
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      AWS_ENDPOINT_URL: server.url,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: 'ASIAOPERATOR',
      AWS_SECRET_ACCESS_KEY: 'local',
    };
    const command = (...args: string[]) => run(process.execPath, [script, ...args], { env });
    const { stdout } = await command('--user', 'alice', '--email', ALICE);
    expect(stdout).toContain(`${ALICE} is subscribed to the messages about user alice, on ${topicArn}.\n`);
    expect(aws.sns.subscriptions(topicArn)).toHaveLength(1);
    const refused = command('--user', 'alice');
    await expect(refused).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^--email is missing/) });
  } finally {
    await server.close();
  }
});
