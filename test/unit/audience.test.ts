// Tests of shared/aws/audience.ts.

import { SetSubscriptionAttributesCommand, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { type Call, createLocalAws, type Fault } from '../../local/aws/aws.ts';
import { type AudienceMemory, readAudience, rememberedAudience } from '../../shared/aws/audience.ts';
import { createAws } from '../../shared/aws/clients.ts';
import { audienceHears } from '../../shared/core/audience.ts';
import { MINUTE } from '../../shared/core/time.ts';

const LIST = 'ListSubscriptionsByTopic';
const GET = 'GetSubscriptionAttributes';
const alice = { userName: 'alice' };
const refused =
  (operation: string, code = 'AuthorizationError') =>
  (call: Call): Fault | undefined =>
    call.operation === operation ? { kind: 'error', status: 403, code } : undefined;

function topic(faults: (call: Call) => Fault | undefined = () => undefined) {
  const local = createLocalAws({ pageSize: 2 });
  const topicArn = local.sns.addTopic('keyturn-prod', []);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const clients = (caller: string, wanted?: (call: Call) => Fault | undefined) =>
    createAws({ requestHandler: local.connect(caller, wanted).requestHandler, region: local.region, credentials });
  const operator = clients('operator');
  const aws = clients('test', faults);
  const subscribe = async (email: string, policy?: object, isConfirmed = true) => {
    const Attributes = policy === undefined ? {} : { FilterPolicy: JSON.stringify(policy) };
    const input = { TopicArn: topicArn, Protocol: 'email', Endpoint: email, Attributes, ReturnSubscriptionArn: true };
    const { SubscriptionArn = '' } = await operator.sns.send(new SubscribeCommand(input));
    if (isConfirmed) local.sns.confirm(SubscriptionArn);
    return SubscriptionArn;
  };
  return { local, topicArn, aws, operator, subscribe, read: () => readAudience(aws, topicArn) };
}

describe('who would hear', () => {
  it('is everybody with a filter, over all pages', async () => {
    const { subscribe, read, aws } = topic();
    const arns = [];
    for (const name of ['a', 'b', 'c']) arns.push(await subscribe(`${name}@example.com`, { userName: [name] }));
    const scope = 'MessageAttributes';
    const filters = ['a', 'b', 'c'].map((name) => ({ policy: `{"userName":["${name}"]}`, scope }));
    const subscriptions = arns.map((subscriptionArn, index) => ({ subscriptionArn, filter: filters[index] }));
    expect(await read()).toEqual({ kind: 'filtered', subscriptions });
    expect(Object.fromEntries(aws.counts)).toEqual({ [`sns:${LIST}`]: 2, [`sns:${GET}`]: 3 });
  });

  it('is everybody as soon as one has no filter: nothing more is asked', async () => {
    const { subscribe, read, aws } = topic();
    await subscribe('a@example.com', { userName: ['a'] });
    await subscribe('all@example.com');
    for (const name of ['b', 'c']) await subscribe(`${name}@example.com`, { userName: [name] });
    expect(await read()).toEqual({ kind: 'everything' });
    expect(Object.fromEntries(aws.counts)).toEqual({ [`sns:${LIST}`]: 1, [`sns:${GET}`]: 2 });
  });

  it('takes a filter that was taken off for none', async () => {
    const { subscribe, read, operator } = topic();
    const SubscriptionArn = await subscribe('a@example.com', { userName: ['a'] });
    const taken = { SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '{}' };
    await operator.sns.send(new SetSubscriptionAttributesCommand(taken));
    expect(audienceHears(await read(), alice)).toBe(true);
  });

  it('is nobody who has not confirmed, and no machine of ours: neither is asked about', async () => {
    const { local, topicArn, subscribe, read, aws } = topic();
    await subscribe('late@example.com', undefined, false);
    local.sns.subscribe(topicArn, 'sqs', 'arn:aws:sqs:eu-west-1:111122223333:keyturn-prod-evidence');
    expect(await read()).toEqual({ kind: 'filtered', subscriptions: [] });
    expect(aws.counts.get(`sns:${GET}`)).toBeUndefined();
    local.sns.subscribe(topicArn, 'sqs', 'arn:aws:sqs:eu-west-1:111122223333:pager');
    expect(await read()).toEqual({ kind: 'everything' });
  });

  it('is nobody who left between the list and the question', async () => {
    const gone = (call: Call): Fault | undefined =>
      call.operation === GET ? { kind: 'error', status: 404, code: 'NotFound' } : undefined;
    const { subscribe, read } = topic(gone);
    await subscribe('a@example.com');
    expect(await read()).toEqual({ kind: 'filtered', subscriptions: [] });
  });

  it.each([
    [LIST, 'AuthorizationError'],
    [LIST, 'AccessDenied'],
    [GET, 'AuthorizationError'],
    [GET, 'AccessDeniedException'],
  ])('is a number where %s answers %s', async (operation, code) => {
    const { subscribe, read } = topic(refused(operation, code));
    await subscribe('a@example.com', { userName: ['a'] });
    await subscribe('late@example.com', { userName: ['b'] }, false);
    expect(await read()).toEqual({ kind: 'counted', confirmed: 1 });
  });

  it('is not known after any other answer, nor where the number is refused too', async () => {
    const { subscribe, read } = topic(refused(LIST, 'InvalidParameter'));
    await subscribe('a@example.com');
    await expect(read()).rejects.toMatchObject({ name: 'RotationError', code: expect.stringMatching(/^InvalidParam/) });
    const unread = topic(refused(GET, 'InternalError'));
    const arn = await unread.subscribe('a@example.com');
    await expect(unread.read()).rejects.toThrow(`sns:GetSubscriptionAttributes on ${arn}`);
    const all = topic(() => ({ kind: 'error', status: 403, code: 'AuthorizationError' }));
    await expect(all.read()).rejects.toThrow('sns:GetTopicAttributes');
  });
});

describe('the memory of it', () => {
  it('lasts 15 minutes, for each topic, and holds no failure', async () => {
    let isRefused = true;
    const wrong = (): Fault | undefined =>
      isRefused ? { kind: 'error', status: 400, code: 'InvalidParameter' } : undefined;
    const { local, subscribe, aws, topicArn, operator } = topic(wrong);
    const arn = await subscribe('all@example.com');
    const memory: AudienceMemory = new Map();
    let now = Date.UTC(2026, 3, 1);
    const remembered = (of = topicArn) => rememberedAudience(aws, of, { memory, clock: () => now });
    await expect(remembered()).rejects.toThrow('InvalidParameter');
    isRefused = false;
    expect(await remembered()).toEqual({ kind: 'everything' });
    await operator.sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    now += 15 * MINUTE - 1;
    expect(await remembered()).toEqual({ kind: 'everything' });
    expect(await remembered(local.sns.addTopic('other', []))).toEqual({ kind: 'filtered', subscriptions: [] });
    now += 1;
    expect(await remembered()).toEqual({ kind: 'filtered', subscriptions: [] });
    await subscribe('again@example.com');
    expect(await remembered()).toEqual({ kind: 'filtered', subscriptions: [] });
    // A clock that was set back does not make it last longer.
    now -= 15 * MINUTE;
    expect(await remembered()).toEqual({ kind: 'everything' });
  });
});
