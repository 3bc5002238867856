// Tests of shared/core/audience.ts.

import { describe, expect, it } from 'vitest';
import {
  type Audience,
  audienceHears,
  audienceNotes,
  isOwnMachine,
  standingOf,
} from '../../../shared/core/audience.ts';
import { attributesOf, buildMessage, type Notice } from '../../../shared/core/messages/build-message.ts';
import { notices } from '../messages/notices.ts';

const filtered = (...policies: readonly unknown[]): Audience => ({
  kind: 'filtered',
  subscriptions: policies.map((policy, index) => ({
    subscriptionArn: `arn:aws:sns:eu-west-1:111122223333:keyturn-prod:${index}`,
    filter: { policy: JSON.stringify(policy), scope: 'MessageAttributes' },
  })),
});
const alice = { userName: 'alice', event: 'deactivated', owner: 'team-a' };

describe('an audience hears a message', () => {
  it('if one subscription has no filter, or one filter lets it through', () => {
    expect(audienceHears({ kind: 'everything' }, alice)).toBe(true);
    expect(audienceHears(filtered({ userName: ['bob'] }, { owner: ['team-a'] }), alice)).toBe(true);
    expect(audienceHears(filtered({ userName: ['bob'] }, { owner: ['team-b'] }), alice)).toBe(false);
    expect(audienceHears(filtered(), alice)).toBe(false);
  });

  it('not through a filter that is not understood', () => {
    expect(audienceHears(filtered({ userName: ['alice', { wildcard: '*' }] }), alice)).toBe(false);
  });

  it('if anybody at all has confirmed, where only that can be known', () => {
    expect(audienceHears({ kind: 'counted', confirmed: 1 }, alice)).toBe(true);
    expect(audienceHears({ kind: 'counted', confirmed: 0 }, alice)).toBe(false);
  });

  it.each<Notice>(Object.values(notices))('with exactly the attributes that are sent: $event', (notice) => {
    const { event, accountId, userName, owner, reason } = notice;
    const attributes = attributesOf({ event, accountId, userName, owner, reason });
    expect(attributes).toEqual(buildMessage(notice).attributes);
    const own = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, [value]]));
    expect(audienceHears(filtered(own), attributes)).toBe(true);
  });

  it('with an owner as long as it is sent', () => {
    const owner = 'x'.repeat(300);
    expect(attributesOf({ ...notices.issued, owner })).toEqual(buildMessage({ ...notices.issued, owner }).attributes);
    expect(attributesOf({ ...notices.issued, owner: '' })).not.toHaveProperty('owner');
  });
});

describe('the notes about an audience', () => {
  it('are none where everything was read and understood', () => {
    expect(audienceNotes({ kind: 'everything' })).toEqual([]);
    expect(audienceNotes(filtered())).toEqual([]);
    expect(audienceNotes(filtered({ userName: ['alice'] }))).toEqual([]);
  });

  it('name the subscription, what was not understood, and what would be', () => {
    expect(audienceNotes(filtered({ userName: ['alice'] }, { userName: [{ wildcard: 'a*' }] }))).toEqual([
      'The filter of subscription arn:aws:sns:eu-west-1:111122223333:keyturn-prod:1 counts as letting nothing through: ' +
        'operator "wildcard" is not known here; one of scope MessageAttributes with exact texts, such as ' +
        '{"userName":["alice"]} or {"owner":["team-a"]}, or none at all, would be.',
    ]);
  });

  it('are eleven at most', () => {
    const wrong = (count: number) => filtered(...Array.from({ length: count }, () => ({ userName: [] })));
    expect(audienceNotes(wrong(10))).toHaveLength(10);
    expect(audienceNotes(wrong(12))).toHaveLength(11);
    expect(audienceNotes(wrong(12)).at(-1)).toBe('So do the filters of 2 more subscriptions.');
  });

  it('say that only a number could be read, and which permissions lack', () => {
    expect(audienceNotes({ kind: 'counted', confirmed: 3 })).toEqual([
      expect.stringMatching(/only their number: 3 confirmed.*allow sns:ListSubscriptionsByTopic/),
    ]);
  });
});

describe('a listed subscription', () => {
  it.each([
    ['arn:aws-cn:sns:cn-north-1:111122223333:keyturn-prod:1', 'confirmed'],
    ['PendingConfirmation', 'pending'],
    [undefined, 'pending'],
    ['', 'pending'],
    ['Deleted', 'deleted'],
  ])('%s is %s', (arn, standing) => {
    expect(standingOf(arn)).toBe(standing);
  });

  it.each([
    ['arn:aws:sqs:eu-west-1:111122223333:keyturn-prod-evidence', true],
    ['arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:keyturn-prod-recorder:live', true],
    ['arn:aws:firehose:eu-west-1:111122223333:deliverystream/keyturn-prod', true],
    ['arn:aws:sqs:eu-west-1:111122223333:my-keyturn-alerts', false],
    ['arn:aws:lambda:eu-west-1:111122223333:function:pager', false],
    ['keyturn-team@example.com', false],
    ['https://example.com/arn:aws:sqs:eu-west-1:111122223333:keyturn-x', false],
    [undefined, false],
  ])('to %s is a machine of ours: %s', (endpoint, isOurs) => {
    expect(isOwnMachine(endpoint)).toBe(isOurs);
  });
});
