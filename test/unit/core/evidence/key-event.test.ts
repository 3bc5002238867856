import { expect, test } from 'vitest';
import { keyChangesFile, keyEventOf, regionOfIamEvents } from '../../../../shared/core/evidence/key-event.ts';

const EventTime = new Date(Date.UTC(2026, 2, 1));
const raw = (event: object, EventName = 'CreateAccessKey') => {
  const userIdentity = { arn: 'arn:aws:iam::111122223333:user/ann', userName: 'ann' };
  return { EventId: 'e1', EventName, EventTime, CloudTrailEvent: JSON.stringify({ userIdentity, ...event }) };
};

test('a new key is named by the answer, and whoever made it for themselves by who they are', () => {
  const accessKey = { accessKeyId: 'AKIANEW', status: 'Active', secret: 'never' };
  expect(keyEventOf(raw({ requestParameters: null, responseElements: { accessKey } }))).toEqual({
    eventId: 'e1',
    at: EventTime.getTime(),
    name: 'CreateAccessKey',
    caller: 'arn:aws:iam::111122223333:user/ann',
    userName: 'ann',
    accessKeyId: 'AKIANEW',
    status: 'Active',
  });
});

test('an event that is of something else, or says nothing that can be read, is none', () => {
  expect(keyEventOf(raw({}, 'RunInstances'))).toBeUndefined();
  expect(keyEventOf({ ...raw({}), CloudTrailEvent: '{' })).toBeUndefined();
});

test.each([
  [{ type: 'AWSService', invokedBy: 'iam.amazonaws.com' }, 'iam.amazonaws.com'],
  [{ type: 'SAMLUser', principalId: 'idp:ann' }, 'idp:ann'],
  [{ type: 'AWSAccount', accountId: '999999999999' }, '999999999999'],
  [{ type: 'Unknown' }, 'Unknown'],
  [undefined, 'unknown'],
])('a change by %j, who has no ARN, is kept', (userIdentity, caller) => {
  expect(keyEventOf(raw({ userIdentity }))?.caller).toBe(caller);
});

test('whoever works by a role changes the key of nobody who is named', () => {
  const found = keyEventOf(raw({ userIdentity: { arn: 'arn:aws:sts::111122223333:assumed-role/ops/x' } }));
  expect(found).toEqual({
    eventId: 'e1',
    at: EventTime.getTime(),
    name: 'CreateAccessKey',
    caller: 'arn:aws:sts::111122223333:assumed-role/ops/x',
  });
});

test('who called, whence and by what is kept, and of tags only those of Keyturn', () => {
  const tags = [
    { key: 'keyturn:exempt', value: '2026-12-31' },
    { key: 'secret', value: 'x' },
    { key: 'Keyturn:owner' },
    'odd',
  ];
  const kept = keyEventOf(
    raw(
      {
        userIdentity: { arn: 'arn', type: 'AssumedRole', invokedBy: 'cloudformation.amazonaws.com' },
        ...{ sourceIPAddress: '192.0.2.1', userAgent: 'x'.repeat(600) },
        requestParameters: { userName: 'ci', tags, tagKeys: ['keyturn:hold', 'theirs', 7] },
      },
      'TagUser',
    ),
  );
  expect(kept).toMatchObject({
    callerType: 'AssumedRole',
    invokedBy: 'cloudformation.amazonaws.com',
    sourceAddress: '192.0.2.1',
  });
  expect(kept?.userAgent).toHaveLength(512);
  expect(kept?.tags).toEqual({ 'keyturn:exempt': '2026-12-31', 'Keyturn:owner': '' });
  expect(kept?.tagKeys).toEqual(['keyturn:hold']);
});

test('a refused call says so', () => {
  expect(keyEventOf(raw({ errorCode: 'AccessDenied' }))).toMatchObject({ errorCode: 'AccessDenied' });
});

test('events are written once each, oldest first, whatever their order', () => {
  const event = (eventId: string, at: number) => ({ eventId, at, name: 'TagUser' as const, caller: 'x' });
  const events = [event('b', 2), event('d', 2), event('a', 2), event('c', 1), event('b', 2)];
  for (const given of [events, events.toReversed()]) {
    const lines = keyChangesFile(given).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).eventId)).toEqual(['c', 'a', 'b', 'd']);
  }
  expect(keyChangesFile([])).toBe('');
});

test.each([
  ['eu-west-1', 'us-east-1'],
  ['cn-northwest-1', 'cn-north-1'],
  ['us-gov-east-1', 'us-gov-west-1'],
])("IAM's events of %s are in %s", (own, region) => {
  expect(regionOfIamEvents(own)).toBe(region);
});
