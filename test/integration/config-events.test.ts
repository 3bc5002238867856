import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRemediationEvent, parseRuleEvent, targetOf } from '../../shared/core/config-events.ts';
import { USER } from '../support/core/builders.ts';

const directory = new URL('../../events/', import.meta.url);
const samples = (prefix: string): string[] => readdirSync(directory).filter((file) => file.startsWith(prefix));
const sample = (file: string): unknown => JSON.parse(readFileSync(new URL(file, directory), 'utf8'));

describe('the sample events', () => {
  const UserId = 'AIDAEXAMPLEEXAMPLE00';
  const orderingAt = Date.parse('2026-03-10T07:36:34.043Z');
  const item = { resourceType: 'AWS::IAM::User', resourceId: UserId, resourceName: 'alice', status: 'OK' };
  const { resourceName: _, ...unnamed } = item;
  const rule: Record<string, object | string> = {
    'config-rule-periodic.json': {
      kind: 'periodic',
      orderingAt: Date.parse('2026-03-10T06:00:00.373Z'),
      parameters: { maxAccessKeyAgeDays: 90 },
    },
    'config-rule-periodic-without-parameters.json': { kind: 'periodic', parameters: {} },
    'config-rule-change.json': { kind: 'change', orderingAt, item, hasLeftScope: false },
    'config-rule-change-deleted.json': { kind: 'change', item: { ...item, status: 'ResourceDeleted' } },
    'config-rule-change-left-scope.json': { kind: 'change', item, hasLeftScope: true },
    'config-rule-change-other-type.json': {
      kind: 'change',
      item: { resourceType: 'AWS::EC2::Instance', resourceId: 'i-00000000', status: 'OK' },
    },
    'config-rule-oversized.json': { kind: 'oversized', orderingAt, item: unnamed },
    'config-rule-snapshot.json': 'ConfigurationSnapshotDeliveryCompleted',
  };
  it.each(samples('config-rule-'))('%s', (file) => {
    const expected = rule[file];
    if (typeof expected === 'string') {
      expect(() => parseRuleEvent(sample(file))).toThrow(expected);
      return;
    }
    const common = { ruleName: 'keyturn-prod-access-keys', accountId: '111122223333', isTest: true };
    expect(parseRuleEvent(sample(file))).toMatchObject({ ...common, ...expected });
    expect(expected).toBeDefined();
  });

  const taken = { userId: UserId };
  const remediation: Record<string, object> = {
    'config-remediation-managed.json': taken,
    'config-remediation-security-hub.json': taken,
    'config-remediation-own.json': taken,
    'config-remediation-automation.json': taken,
    'config-remediation-compliant.json': { ignoredBecause: 'the compliance type is COMPLIANT' },
    'config-remediation-other-rule.json': {
      ignoredBecause: 'rule iam-user-mfa-enabled is not about the age of access keys',
    },
    'config-remediation-other-type.json': { ignoredBecause: 'AWS::::Account has no access keys' },
  };
  it.each(samples('config-remediation-'))('%s', (file) => {
    expect(targetOf(parseRemediationEvent(sample(file)), 'keyturn-prod-access-keys')).toEqual(remediation[file]);
  });
});

describe('what does not parse', () => {
  const invokingEvent = JSON.stringify({
    messageType: 'ScheduledNotification',
    notificationCreationTime: '2026-03-10T06:00:00Z',
  });
  const event = { invokingEvent, resultToken: 'token', accountId: '111122223333', configRuleName: 'rule' };
  const change = (item: object) =>
    JSON.stringify({ messageType: 'ConfigurationItemChangeNotification', configurationItem: item });
  it.each<[string, unknown, RegExp]>([
    ['no event', undefined, /the event: /],
    ['a text', 'x', /the event: /],
    ['no invokingEvent', { ...event, invokingEvent: undefined }, /invokingEvent: must be a string of JSON/],
    ['an invokingEvent that is no JSON', { ...event, invokingEvent: '{"messageType"' }, /invokingEvent: must be JSON/],
    [
      'an invokingEvent that is a list',
      { ...event, invokingEvent: '[]' },
      /invokingEvent.*must be an object whose messageType is one of/,
    ],
    [
      'an unknown messageType',
      { ...event, invokingEvent: '{"messageType":"Other"}' },
      /invokingEvent.messageType: must be an object whose messageType is one of ScheduledNotification, /,
    ],
    [
      'a snapshot',
      { ...event, invokingEvent: '{"messageType":"ConfigurationSnapshotDeliveryCompleted"}' },
      /invokingEvent.messageType: is ConfigurationSnapshotDeliveryCompleted, .*MaximumExecutionFrequency/,
    ],
    [
      'no time',
      { ...event, invokingEvent: '{"messageType":"ScheduledNotification"}' },
      /invokingEvent.notificationCreationTime: /,
    ],
    [
      'a time that is none',
      { ...event, invokingEvent: '{"messageType":"ScheduledNotification","notificationCreationTime":"noon"}' },
      /notificationCreationTime: must be an instant/,
    ],
    [
      'a change without an item',
      { ...event, invokingEvent: '{"messageType":"ConfigurationItemChangeNotification"}' },
      /invokingEvent.configurationItem: /,
    ],
    [
      'an item without an ID',
      { ...event, invokingEvent: change({ resourceType: 'AWS::IAM::User' }) },
      /configurationItem.resourceId: /,
    ],
    ['no token', { ...event, resultToken: '' }, /resultToken: /],
    ['no account', { ...event, accountId: undefined }, /accountId: /],
    ['parameters that are no JSON', { ...event, ruleParameters: 'x' }, /ruleParameters: must be JSON/],
    ['a misspelt parameter', { ...event, ruleParameters: '{"maxAge":"90"}' }, /ruleParameters: .*maxAge/],
    [
      'an age that is no number',
      { ...event, ruleParameters: '{"maxAccessKeyAge":"old"}' },
      /ruleParameters.maxAccessKeyAge: must be a number of days/,
    ],
    [
      'an age of nothing',
      { ...event, ruleParameters: '{"maxAccessKeyAge":""}' },
      /ruleParameters.maxAccessKeyAge: must be at least 1 day/,
    ],
    [
      'an age below a day',
      { ...event, ruleParameters: '{"maxAccessKeyAge":"0.9"}' },
      /ruleParameters.maxAccessKeyAge: must be at least 1 day/,
    ],
  ])('%s', (_, given, expected) => {
    expect(() => parseRuleEvent(given)).toThrow(
      expect.objectContaining({ name: 'EventError', message: expect.stringMatching(expected) }),
    );
  });

  it.each([
    [undefined, {}],
    [null, {}],
    ['', {}],
    ['{}', {}],
    ['{"maxAccessKeyAge":"90"}', { maxAccessKeyAgeDays: 90 }],
    ['{"maxAccessKeyAge":1}', { maxAccessKeyAgeDays: 1 }],
  ])('but parameters may be %s', (ruleParameters, parameters) => {
    expect(parseRuleEvent({ ...event, ruleParameters })).toMatchObject({
      parameters,
      isTest: false,
      hasLeftScope: false,
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['no event', undefined, /the event: /],
    ['an event of another source', { source: 'aws.health' }, /source: must be aws.config/],
    [
      'another detail-type',
      { source: 'aws.config', 'detail-type': 'Config Configuration Item Change' },
      /detail-type: must be "Config Rules/,
    ],
    [
      'another messageType',
      { source: 'aws.config', 'detail-type': 'Config Rules Compliance Change', detail: { messageType: 'x' } },
      /detail.messageType: must be Comp/,
    ],
    ['a resourceId that is a name', { resourceId: 'alice' }, /resourceId: must be the UserId/],
    ['more than a resourceId', { resourceId: USER.userId, force: true }, /force/],
  ])('for config-remediation: %s', (_, given, expected) => {
    expect(() => parseRemediationEvent(given)).toThrow(
      expect.objectContaining({ name: 'EventError', message: expect.stringMatching(expected) }),
    );
  });
});

describe('whose events are remediated', () => {
  const event = {
    kind: 'compliance' as const,
    ruleName: 'access-keys-rotated',
    resourceType: 'AWS::IAM::User',
    resourceId: USER.userId,
    complianceType: 'NON_COMPLIANT',
  };
  const taken = { userId: USER.userId };
  const ignored = (because: string) => ({ ignoredBecause: expect.stringContaining(because) });
  it.each([
    ['access-keys-rotated', taken],
    ['keyturn-rule', taken],
    ['securityhub-access-keys-rotated-baa2cf8c', taken],
    ['securityhub-access-keys-rotated-a1b2c3', taken],
    ['securityhub-access-keys-rotated-0dbd5e1f2ab', taken],
    ['access-keys-rotated-conformance-pack-qx4bki4j7', taken],
    ['access-keys-rotated-conformance-pack-a1b2c3d4e', taken],
    ['OrgConfigRule-access-keys-rotated-dbgzf8ba', taken],
    ['OrgConfigRule-keyturn-prod-access-keys-dbgzf8ba', taken],
    ['OrgConfigRule-keyturn-team-2-access-keys-dbgzf8ba', taken],
    ['OrgConfigRule-keyturn-prod-access-keys', ignored('not about the age')],
    ['OrgConfigRule-keyturn-prod-mfa-dbgzf8ba', ignored('not about the age')],
    ['keyturn-prod-access-keys-dbgzf8ba', ignored('not about the age')],
    ['securityhub-access-keys-rotated', ignored('not about the age')],
    ['access-keys-rotated-conformance-pack', ignored('not about the age')],
    ['OrgConfigRule-access-keys-rotated', ignored('not about the age')],
    ['OrgConfigRule-access-keys-rotated-by-hand-dbgzf8ba', ignored('not about the age')],
    ['OrgConfigRule-my-access-keys-rotated-dbgzf8ba', ignored('not about the age')],
    ['access-keys-rotated-baa2cf8c', ignored('not about the age')],
    ['my-access-keys-rotated', ignored('not about the age')],
    ['securityhub-iam-user-unused-credentials-check-baa2cf8c', ignored('not about the age')],
    ['', ignored('not about the age')],
  ])('rule "%s"', (ruleName, expected) => {
    expect(targetOf({ ...event, ruleName }, 'keyturn-rule')).toEqual(expected);
  });

  it('no rule is ours while none is named', () => {
    expect(targetOf({ ...event, ruleName: 'keyturn-rule' }, '')).toEqual(ignored('not about the age'));
  });

  it.each([
    [{ complianceType: 'COMPLIANT' }, ignored('COMPLIANT')],
    [{ complianceType: 'NOT_APPLICABLE' }, ignored('NOT_APPLICABLE')],
    [{ complianceType: 'INSUFFICIENT_DATA' }, ignored('INSUFFICIENT_DATA')],
    [{ resourceType: 'AWS::::Account', resourceId: '111122223333' }, ignored('AWS::::Account has no access keys')],
  ])('%j', (more, expected) => {
    expect(targetOf({ ...event, ...more }, '')).toEqual(expected);
  });

  it('a result that was withdrawn asks for nothing', () => {
    const sent = sample('config-remediation-managed.json') as { detail: object };
    const { newEvaluationResult: _, ...detail } = sent.detail as Record<string, unknown>;
    expect(targetOf(parseRemediationEvent({ ...sent, detail }), '')).toEqual(ignored('the compliance type is absent'));
  });

  it('a user whose ID is none is an error', () => {
    expect(() => targetOf({ ...event, resourceId: 'alice' }, '')).toThrow('detail.resourceId: must be the UserId');
  });
});
