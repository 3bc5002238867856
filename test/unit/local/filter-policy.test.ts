// local/aws/messaging/filter-policy.ts, local/aws/messaging/filter-rules.ts

import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  type MessageAttributeValue,
  PublishCommand,
  SetSubscriptionAttributesCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { type FilterScope, letsThrough, parseFilterPolicy } from '../../../local/aws/messaging/filter-policy.ts';
import { refusal, setUp } from './clients.ts';

const passes = (policy: unknown, attributes: Record<string, unknown>) =>
  letsThrough({ policy: JSON.stringify(policy), scope: 'MessageAttributes' }, { attributes, body: '' });
const passesBody = (policy: unknown, body: unknown) =>
  letsThrough({ policy: JSON.stringify(policy), scope: 'MessageBody' }, { attributes: {}, body: JSON.stringify(body) });

/** Each row: one entry of a filter, values that it lets through, and values that it does not. */
const rules: [unknown, unknown[], unknown[]][] = [
  ['bob', ['bob', ['alice', 'bob']], ['Bob', 'bobby', '', ['alice'], [], undefined]],
  [100, [100, [1, 100]], [101, '100', undefined]],
  [true, [true, [true]], ['true', false, undefined]],
  [null, [null, [null]], ['null', '', undefined]],
  [{ prefix: 'al' }, ['al', 'alice'], ['Alice', 'xal', 1, undefined]],
  [{ suffix: 'ce' }, ['ce', 'alice'], ['alicE', 'cex', undefined]],
  [{ wildcard: 'a*c*' }, ['ac', 'abcd', 'alice'], ['a', 'xac', undefined]],
  [{ wildcard: 'a.c' }, ['a.c'], ['abc']],
  [{ 'equals-ignore-case': 'Bob' }, ['bob', 'BOB'], ['bobby', undefined]],
  [{ 'anything-but': 'bob' }, ['alice', 1, ['bob', 'alice']], ['bob', ['bob'], undefined]],
  [{ 'anything-but': ['bob', 5] }, ['alice', 6, '5'], ['bob', 5, [5, 'bob'], undefined]],
  [{ 'anything-but': { prefix: 'al' } }, ['bob', ''], ['alice', undefined]],
  [{ 'anything-but': { suffix: ['ce', 'ob'] } }, ['eve'], ['alice', 'bob', undefined]],
  [{ 'anything-but': { wildcard: '*li*' } }, ['bob'], ['alice', undefined]],
  [{ exists: true }, ['bob', 0, false], [undefined, null, '', []]],
  [{ exists: false }, [undefined], ['bob', '', 0]],
  [{ numeric: ['=', 301.5] }, [301.5, 3.015e2, [1, 301.5]], [301.51, '301.5', undefined]],
  [{ numeric: ['=', 1.000001] }, [1], [1.1]],
  [{ numeric: ['<', 0] }, [-0.1], [0, undefined]],
  [{ numeric: ['>=', 5] }, [5, 6], [4.99999]],
  [{ numeric: ['>', 0, '<=', 150] }, [0.1, 150], [0, 150.1]],
  [{ cidr: '10.0.0.0/24' }, ['10.0.0.0', '10.0.0.255'], ['10.1.1.0', 'x', '::1', undefined]],
  [{ cidr: '2001:db8::/32' }, ['2001:db8::1'], ['2001:db9::1', '10.0.0.0']],
];

test.each(rules)('%j', (rule, through, held) => {
  // Another attribute is always there: without any nothing gets through.
  const given = (value: unknown) => (value === undefined ? { other: 'x' } : { other: 'x', it: value });
  expect(through.filter((value) => !passes({ it: [rule] }, given(value)))).toEqual([]);
  expect(held.filter((value) => passes({ it: [rule] }, given(value)))).toEqual([]);
  expect(through.filter((value) => !passesBody({ it: [rule] }, given(value)))).toEqual([]);
  expect(held.filter((value) => passesBody({ it: [rule] }, given(value)))).toEqual([]);
});

describe('a filter', () => {
  test('lets through what has one of the values of each attribute', () => {
    const policy = { userName: ['bob', { prefix: 'svc-' }], severity: [{ 'anything-but': 'info' }] };
    expect(passes(policy, { userName: 'svc-x', severity: 'critical' })).toBe(true);
    expect(passes(policy, { userName: 'svc-x', severity: 'info' })).toBe(false);
    expect(passes(policy, { severity: 'critical' })).toBe(false);
  });

  test('that is empty lets everything through', () => {
    expect(passes({}, {})).toBe(true);
    expect(passesBody({}, 'no object')).toBe(true);
  });

  test('that asks for absence needs one attribute at least', () => {
    expect(passes({ userName: [{ exists: false }] }, {})).toBe(false);
    expect(passes({ userName: [{ exists: false }] }, { event: 'digest' })).toBe(true);
  });

  test('with alternatives wants one of each, and the rest', () => {
    const policy = {
      source: ['a'],
      $or: [{ x: ['1', '2'] }, { y: ['1'], $or: [{ z: ['1'] }, { w: ['1', '2', '3'] }] }],
    };
    expect(passes(policy, { source: 'a', x: '2' })).toBe(true);
    expect(passes(policy, { source: 'a', y: '1', w: '3' })).toBe(true);
    expect(passes(policy, { source: 'a', y: '1' })).toBe(false);
    expect(passes(policy, { source: 'b', x: '2' })).toBe(false);
  });

  test('of which $or has one member, or names an operator, has a property of that name', () => {
    expect(passes({ $or: ['x'] }, { $or: 'x' })).toBe(true);
    expect(() => parseFilterPolicy('{"$or":[{"numeric":123},{"prefix":"abc"}]}', 'MessageAttributes')).toThrow(
      'numeric',
    );
  });

  test('of the body looks into objects, and into arrays of them', () => {
    const policy = { detail: { scope: ['Service'], $or: [{ source: ['a'] }, { type: [{ prefix: 'b' }] }] } };
    expect(passesBody(policy, { detail: { scope: 'Service', type: 'bc' } })).toBe(true);
    expect(passesBody(policy, { detail: [{ scope: 'x' }, { scope: 'Service', source: 'a' }] })).toBe(true);
    expect(passesBody(policy, { detail: { scope: 'Service' } })).toBe(false);
    expect(passesBody(policy, { detail: 'Service' })).toBe(false);
    expect(passesBody({ a: { b: [{ exists: false }] } }, { c: 1 })).toBe(true);
  });

  test('of the body holds back what is no JSON object', () => {
    const filter = { policy: '{"a":[{"exists":false}]}', scope: 'MessageBody' as const };
    for (const body of ['text', '[]', '1']) expect(letsThrough(filter, { attributes: {}, body })).toBe(false);
  });

  test.each<[string, unknown, FilterScope]>([
    ['an object in an object of attributes', { a: { b: ['c'] } }, 'MessageAttributes'],
    ['no list', { a: 'b' }, 'MessageBody'],
    ['two operators at once', { a: [{ prefix: 'a', suffix: 'b' }] }, 'MessageBody'],
    ['a list in a list', { a: [['b']] }, 'MessageBody'],
    ['an empty prefix', { a: [{ prefix: '' }] }, 'MessageBody'],
    ['a range upside down', { a: [{ numeric: ['>', 5, '<', 1] }] }, 'MessageBody'],
    ['a range of two lower ends', { a: [{ numeric: ['>', 1, '>', 5] }] }, 'MessageBody'],
    ['a number that is too large', { a: [{ numeric: ['=', 1e10] }] }, 'MessageBody'],
    ['a text for a number', { a: [{ numeric: ['=', '1'] }] }, 'MessageBody'],
    ['an existence that is no boolean', { a: [{ exists: 'yes' }] }, 'MessageBody'],
    ['no network', { a: [{ cidr: '10.0.0.0/33' }] }, 'MessageBody'],
    ['four wildcards', { a: [{ wildcard: '*a*b*c*' }] }, 'MessageBody'],
    ['an operator inside anything-but that there is not', { a: [{ 'anything-but': { exists: true } }] }, 'MessageBody'],
    ['six leaves', { a: { b: ['1'], c: ['1'] }, d: { e: ['1'], f: ['1'] }, g: ['1'], h: ['1'] }, 'MessageBody'],
    ['151 rules', { a: Array.from({ length: 151 }, (_, n) => n) }, 'MessageAttributes'],
    ['51 rules three levels down', { a: { b: { c: Array.from({ length: 51 }, (_, n) => n) } } }, 'MessageBody'],
  ])('with %s is refused', (_name, policy, scope) => {
    expect(() => parseFilterPolicy(JSON.stringify(policy), scope)).toThrow('FilterPolicy');
  });
});

describe('a topic', () => {
  function withTopic() {
    const local = setUp();
    const TopicArn = local.aws.sns.addTopic('keyturn', []);
    const publish = (MessageAttributes: Record<string, MessageAttributeValue>, Message = '{}') =>
      local.sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes }));
    const subscribe = (name: string, policy: unknown, scope: FilterScope = 'MessageAttributes') =>
      local.aws.sns.subscribe(TopicArn, 'email', `${name}@example.com`, {
        FilterPolicy: JSON.stringify(policy),
        FilterPolicyScope: scope,
      });
    return { ...local, TopicArn, publish, subscribe };
  }

  test('keeps what each subscription got, and says who would get a message', async () => {
    const { aws, publish, subscribe, TopicArn } = withTopic();
    const alice = subscribe('alice', { userName: ['alice'] });
    const bob = subscribe('bob', { userName: ['bob'] });
    const body = subscribe('body', { event: ['issued'] }, 'MessageBody');
    await publish({ userName: { DataType: 'String', StringValue: 'bob' } }, '{"event":"issued"}');
    expect(aws.sns.delivered.map(({ subscriptionArn }) => subscriptionArn)).toEqual([bob, body]);
    expect(aws.sns.recipientsOf(TopicArn, { userName: 'alice' })).toEqual(['alice@example.com']);
    expect(aws.sns.recipientsOf(TopicArn, {}, '{"event":"issued"}')).toEqual(['body@example.com']);
    expect(aws.sns.delivered.some(({ subscriptionArn }) => subscriptionArn === alice)).toBe(false);
  });

  test('compares texts, numbers and lists of them; other types are as if they were not there', async () => {
    const { aws, publish, subscribe } = withTopic();
    const arns = {
      text: subscribe('text', { a: ['1'] }),
      number: subscribe('number', { a: [1] }),
      none: subscribe('none', { a: [{ exists: false }] }),
    };
    const got = async (DataType: string, StringValue: string) => {
      aws.sns.delivered.length = 0;
      const value = DataType === 'Binary' ? { BinaryValue: Buffer.from(StringValue) } : { StringValue };
      await publish({ a: { DataType, ...value }, other: { DataType: 'String', StringValue: 'x' } });
      const found = aws.sns.delivered.map(({ subscriptionArn }) => subscriptionArn);
      return Object.entries(arns).flatMap(([name, arn]) => (found.includes(arn) ? [name] : []));
    };
    expect(await got('String', '1')).toEqual(['text']);
    expect(await got('Number', '1.0')).toEqual(['number']);
    expect(await got('String.Array', '["1", 1]')).toEqual(['text', 'number']);
    expect(await got('Binary', '1')).toEqual(['none']);
  });

  test('refuses a scope that there is not, and a filter that does not fit another scope', async () => {
    const { sns, subscribe } = withTopic();
    const SubscriptionArn = subscribe('body', { a: { b: ['c'] } }, 'MessageBody');
    const set = (AttributeValue: string) =>
      sns.send(
        new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: 'FilterPolicyScope', AttributeValue }),
      );
    expect((await refusal(set('Everything'))).type).toBe('InvalidParameterException');
    expect((await refusal(set('MessageAttributes'))).message).toContain('does not support nested filter policy');
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(Attributes?.FilterPolicyScope).toBe('MessageBody');
  });

  test('lists whom a link in an email has unsubscribed as Deleted, for three days', async () => {
    const { aws, sns, TopicArn, publish } = withTopic();
    const arn = aws.sns.subscribe(TopicArn, 'email', 'a@example.com');
    aws.sns.unsubscribeByLink(arn);
    await publish({});
    expect(aws.sns.delivered).toEqual([]);
    const listed = async () => (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions;
    expect((await listed())?.map(({ SubscriptionArn }) => SubscriptionArn)).toEqual(['Deleted']);
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({
      SubscriptionsConfirmed: '0',
      SubscriptionsPending: '0',
      SubscriptionsDeleted: '1',
    });
    const shown = sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
    expect((await refusal(shown)).type).toBe('NotFoundException');
    aws.clock.advance(72 * 3_600_000);
    expect(await listed()).toEqual([]);
  });
});
