import { describe, expect, it } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { createLife, type Life, live, messages, newKeyOf, use } from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { DAY, pass, published } from '../support/world.ts';

searchForSecretsAfterEach();

const on = { KEYTURN_CLOUDTRAIL_LOOKUPS: 'true' };

/** Alice's key is due, and a program in Frankfurt uses it an hour before each pass. */
function createBusyLife(environment: Record<string, string> = on): Life {
  const life = createLife({ environment, usedDaysAgo: undefined });
  useOldKey(life);
  return life;
}

function useOldKey({ aws, oldKey }: Life): void {
  const at = aws.clock.now() - 3_600_000;
  aws.iam.useKey(oldKey, { service: 'ec2', region: 'eu-central-1', at });
  const event = { eventName: 'DescribeInstances', eventSource: 'ec2.amazonaws.com', region: 'eu-central-1', at };
  aws.cloudTrail.addEvent({
    ...event,
    accessKeyId: oldKey,
    sourceIp: '203.0.113.7',
    userAgent: 'Boto3/1.43',
    more: { requestParameters: { filter: 'only for the account itself' } },
  });
}

const lookups = ({ aws }: Life) => aws.calls.filter(({ service }) => service === 'cloudtrail');
const emails = ({ aws }: Life) => aws.sns.published.map(({ message }) => message.email ?? '');

describe('with CloudTrail lookups', () => {
  it('a reminder and a postponement say by what the old key is used, and no other message does', async () => {
    const life = createBusyLife();
    await live(life, { from: 90, to: 102, daily: () => useOldKey(life) });
    expect(published(life)).toEqual(['issued', 'reminder', 'reminder', 'reminder', ...Array(3).fill('postponed')]);
    const usedBy = {
      message: 'In the last 24 hours it was used from 203.0.113.7 with Boto3/1.43 (DescribeInstances).',
      callers: [{ sourceIp: '203.0.113.7', userAgent: 'Boto3/1.43', events: ['DescribeInstances'] }],
    };
    const [issued, ...later] = messages(life);
    expect(issued).not.toHaveProperty('usedBy');
    expect(later.map((message) => Reflect.get(message, 'usedBy'))).toEqual(Array(6).fill(usedBy));
    expect(emails(life)[1]).toMatch(
      /^Used by: {3}In the last 24 hours it was used from 203\.0\.113\.7 with Boto3\/1\.43$/m,
    );
    expect(JSON.stringify([life.aws.sns.published, life.logged])).not.toContain('only for the account itself');
    expect(lookups(life)).toHaveLength(6);
  });

  it('a key without a recorded use is not looked up', async () => {
    const life = createLife({ environment: on, usedDaysAgo: undefined });
    const owner = () => use(life, newKeyOf(life, [life.oldKey]));
    expect(await live(life, { from: 90, to: 93, on: { 91: owner } })).toEqual(['90 issued', '93 reminder']);
    expect(lookups(life)).toEqual([]);
  });

  it.each([
    ['denied', 403, 'AccessDeniedException'],
    ['throttled for good', 400, 'ThrottlingException'],
    ['out of order', 500, 'InternalFailure'],
  ])('a lookup that is %s stops nothing: the reminder goes out without', async (_, status, code) => {
    const life = createBusyLife();
    await live(life, { from: 90, to: 92 });
    life.aws.clock.advance(DAY);
    const fault: BeforeCall = ({ service }) => (service === 'cloudtrail' ? { kind: 'error', status, code } : undefined);
    expect(await pass(life, 'alice', fault)).toBe(true);
    expect(messages(life, 'reminder')).toMatchObject([
      { usedBy: { callers: [], message: `CloudTrail could not be asked what uses it (${code}).` } },
    ]);
    expect(life.logged.join('\n')).toMatch(/CloudTrail has no full answer.*cloudtrail:LookupEvents/);
    expect(life.metrics.get('Failed') ?? 0).toBe(0);
  });
});

it('without them CloudTrail is never called, and a reminder says nothing of it', async () => {
  const life = createBusyLife({});
  await live(life, { from: 90, to: 100, daily: () => useOldKey(life) });
  expect(published(life)).toContain('postponed');
  expect(lookups(life)).toEqual([]);
  expect(JSON.stringify(life.aws.sns.published)).not.toMatch(/usedBy|Used by|CloudTrail/);
});
