// shared/aws/who-uses.ts, shared/aws/trail.ts, local/aws/cloudtrail.ts

import { expect, test } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { evaluateAgain } from '../../shared/aws/evaluate-again.ts';
import { oneLine } from '../../shared/aws/trail.ts';
import { whoUses } from '../../shared/aws/who-uses.ts';
import { createWorld, DAY, type World } from '../support/world.ts';

const KEY = 'AKIAEXAMPLE000000000';
const RULE = 'keyturn-test-access-keys';
const used = {
  accessKeyId: KEY,
  eventName: 'ListBuckets',
  eventSource: 's3.amazonaws.com',
  sourceIp: '203.0.113.7',
  userAgent: 'aws-cli/2.32',
};

function ask(world: World, regions: readonly string[] = ['eu-west-1'], before?: BeforeCall) {
  return whoUses(world.runtime('worker', before), { accessKeyId: KEY, regions, now: world.aws.clock.now() });
}

const lookups = (world: World) => world.aws.calls.filter(({ operation }) => operation === 'LookupEvents');

test('what used the key: address, user agent and the names of events, newest first', async () => {
  const world = createWorld();
  const { cloudTrail, clock } = world.aws;
  cloudTrail.addEvent({
    ...used,
    at: clock.now() - 1_000,
    more: { requestParameters: { secret: 'must not be seen' } },
  });
  cloudTrail.addEvent({ ...used, at: clock.now() - 2_000, eventName: 'GetBucketAcl' });
  cloudTrail.addEvent({ ...used, at: clock.now() - 3_000 });
  cloudTrail.addEvent({ ...used, at: clock.now() - 4_000, sourceIp: '198.51.100.9', userAgent: 'Boto3/1.43' });
  cloudTrail.addEvent({ ...used, accessKeyId: 'AKIAOTHER00000000000', sourceIp: '192.0.2.1' });
  const answer = await ask(world);
  expect(answer).toEqual({
    callers: [
      { sourceIp: '203.0.113.7', userAgent: 'aws-cli/2.32', events: ['ListBuckets', 'GetBucketAcl'] },
      { sourceIp: '198.51.100.9', userAgent: 'Boto3/1.43', events: ['ListBuckets'] },
    ],
    sentence:
      'In the last 24 hours it was used from 203.0.113.7 with aws-cli/2.32 (ListBuckets, GetBucketAcl); ' +
      'from 198.51.100.9 with Boto3/1.43 (ListBuckets).',
  });
  expect(JSON.stringify([answer, world.logged])).not.toContain('must not be seen');
});

test('the last 24 hours, and not a second more', async () => {
  const world = createWorld();
  const now = world.aws.clock.now();
  world.aws.cloudTrail.addEvent({ ...used, at: now - DAY });
  world.aws.cloudTrail.addEvent({ ...used, at: now - DAY - 1_000, sourceIp: '192.0.2.1' });
  expect((await ask(world)).callers.map(({ sourceIp }) => sourceIp)).toEqual(['203.0.113.7']);
});

test('each Region that the last use names is asked once, and nothing that is no Region', async () => {
  const world = createWorld();
  world.aws.cloudTrail.addEvent({ ...used, region: 'us-east-1', at: world.aws.clock.now() - 1 });
  const { callers } = await ask(world, ['eu-west-1', 'us-east-1', 'eu-west-1', 'N/A', 'evil.example.com']);
  expect(callers).toHaveLength(1);
  expect(lookups(world)).toHaveLength(2);
  const elsewhere = await ask(world, ['eu-central-1']);
  expect(elsewhere).toEqual({
    callers: [],
    sentence:
      'CloudTrail has no event of it in the last 24 hours in eu-central-1. It does not list data events, such as reads of S3 objects.',
  });
});

test.each([[[]], [['N/A']]])('without a Region nothing is asked: %j', async (regions) => {
  const world = createWorld();
  expect(await ask(world, regions)).toMatchObject({
    callers: [],
    sentence: 'CloudTrail was not asked: the last use of the key names no Region.',
  });
  expect(lookups(world)).toEqual([]);
});

test('two calls a second at most, four pages at most', async () => {
  const world = createWorld();
  for (let n = 0; n < 400; n++) world.aws.cloudTrail.addEvent({ ...used, at: world.aws.clock.now() - n });
  const { callers } = await ask(world);
  expect(callers).toHaveLength(1);
  expect(lookups(world).map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok']);
});

test('five callers at most, with five events each; then it stops looking', async () => {
  const world = createWorld();
  for (let n = 0; n < 120; n++) {
    world.aws.cloudTrail.addEvent({
      ...used,
      sourceIp: `192.0.2.${n % 7}`,
      eventName: `Event${n}`,
      at: world.aws.clock.now() - n,
    });
  }
  const { callers } = await ask(world);
  expect(callers.map(({ sourceIp }) => sourceIp)).toEqual([0, 1, 2, 3, 4].map((n) => `192.0.2.${n}`));
  expect(callers.map(({ events }) => events.length)).toEqual([5, 5, 5, 5, 5]);
  expect(lookups(world)).toHaveLength(1);
});

test('what the caller chose breaks no line and fills no page', async () => {
  const world = createWorld();
  const userAgent = `evil\r\nSubject: pay\u2028me ${'x'.repeat(500)}`;
  world.aws.cloudTrail.addEvent({ ...used, at: world.aws.clock.now() - 1, userAgent });
  const { callers, sentence } = await ask(world);
  expect(callers[0]?.userAgent).toMatch(/^evil Subject: pay me x+\.\.\.$/);
  expect(callers[0]?.userAgent).toHaveLength(100);
  expect(sentence).not.toMatch(/[\r\n\u2028]/);
});

test.each([
  ['denied', 403, 'AccessDeniedException'],
  ['throttled for good', 400, 'ThrottlingException'],
  ['broken', 500, 'InternalFailure'],
])('%s: an explanation, never an exception', async (_, status, code) => {
  const world = createWorld();
  const answer = await ask(world, ['eu-west-1'], ({ operation }) =>
    operation === 'LookupEvents' ? { kind: 'error', status, code } : undefined,
  );
  expect(answer).toMatchObject({
    callers: [],
    sentence: `CloudTrail could not be asked what uses it (${code}).`,
    explanation: expect.stringContaining('cloudtrail:LookupEvents'),
  });
});

test('one Region that fails leaves what the other says', async () => {
  const world = createWorld();
  world.aws.cloudTrail.addEvent({ ...used, at: world.aws.clock.now() - 1 });
  let asked = 0;
  const answer = await ask(world, ['us-east-1', 'eu-west-1'], () =>
    asked++ === 0 ? { kind: 'error', status: 403, code: 'AccessDeniedException' } : undefined,
  );
  expect(answer).toMatchObject({
    callers: [{ sourceIp: '203.0.113.7' }],
    explanation: expect.stringContaining('AccessDenied'),
  });
});

test('our rule is evaluated again; that it runs already is fine; that there is none is not', async () => {
  const world = createWorld();
  const { aws } = world.runtime('worker');
  world.aws.config.addRule(RULE);
  await evaluateAgain(aws, RULE);
  await evaluateAgain(aws, RULE);
  expect(world.aws.config.started).toHaveLength(1);
  expect(world.aws.calls.map(({ outcome }) => outcome)).toEqual(['ok', 'LimitExceededException']);
  await expect(evaluateAgain(aws, 'not-there')).rejects.toThrow(/config:StartConfigRulesEvaluation .*NoSuchConfigRule/);
});

test('an event of which CloudTrail shows nothing is told as unknown, and a long name is cut', () => {
  expect(oneLine(undefined, 64)).toBe('unknown');
  expect(oneLine(' \n ', 64)).toBe('unknown');
  expect(oneLine('a\nb', 64)).toBe('a b');
  expect(oneLine('x'.repeat(70), 64)).toBe(`${'x'.repeat(61)}...`);
});
