// resources/suspicious.yml

import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, deploy, list, object } from '../package/template.ts';
import { templateOf } from '../support/member-roles.ts';

const TOPIC = `arn:aws:sns:eu-west-1:${ACCOUNT}:keyturn-prod`;
const given = { TopicArn: TOPIC, TrailLogGroupName: 'aws-cloudtrail-logs', RoleSuffix: '-a' };
const template = templateOf('resources/suspicious.yml');
const stack = deploy(template, {}, given);
const filtersOf = (of: typeof stack) => of.ofType('AWS::Logs::MetricFilter').map((id) => object(of.properties(id)));
const filters = filtersOf(stack);
const filtersOfHub = filtersOf(deploy(template, {}, { ...given, Fleet: 'true' }));
const alarms = stack.ofType('AWS::CloudWatch::Alarm').map((id) => object(stack.properties(id)));
const metricOf = (filter: (typeof filters)[number]) => object(list(filter.MetricTransformations)[0] ?? null);

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, as far as these patterns use it. */
function matches(pattern: string, event: unknown): boolean {
  const test = pattern
    .slice(1, -1)
    .replace(/\$\.([\w.]+) NOT EXISTS/g, (_, path: string) => `(at('${path}') === undefined)`)
    .replace(/\$\.([\w.]+)\s*(!?=)\s*(?:"([^"]*)"|([\w.]+))/g, (_, path: string, operator: string, quoted, bare) => {
      return `${operator === '=' ? '' : '!'}is(at('${path}'), '${quoted ?? bare}')`;
    });
  const at = (path: string): unknown => path.split('.').reduce<unknown>((value, name) => Object(value)[name], event);
  const is = (value: unknown, text: string) =>
    text.startsWith('*') ? String(value).endsWith(text.slice(1)) : value === text;
  return runInNewContext(test, { at, is }) === true;
}

/** Names of the metrics that count an event. */
function countedBy(event: unknown, among = filters): unknown[] {
  return among
    .filter(({ FilterPattern }) => matches(String(FilterPattern), event))
    .map((each) => metricOf(each).MetricName);
}

const byRole = (arn: string) => ({ type: 'AssumedRole', sessionContext: { sessionIssuer: { arn } } });
const role = (name: string) => byRole(`arn:aws:iam::${ACCOUNT}:role/${name}`);
const iam = (eventName: string, userIdentity: object = role('admin')) => ({
  eventSource: 'iam.amazonaws.com',
  eventName,
  userIdentity,
});
const login = (more: object) => ({
  eventName: 'ConsoleLogin',
  userIdentity: { type: 'IAMUser' },
  responseElements: { ConsoleLogin: 'Success' },
  ...more,
});

describe('alarms for suspicious IAM activity', () => {
  it.each<[string, unknown, string[]]>([
    ['a sign-in without MFA', login({ additionalEventData: { MFAUsed: 'No' } }), ['login-without-mfa']],
    ['a sign-in with MFA', login({ additionalEventData: { MFAUsed: 'Yes' } }), []],
    [
      'a sign-in that is refused',
      { ...login({ additionalEventData: { MFAUsed: 'Yes' } }), errorMessage: 'Failed authentication' },
      ['logins-refused'],
    ],
    ['root', { eventType: 'AwsApiCall', eventName: 'ListBuckets', userIdentity: { type: 'Root' } }, ['root-used']],
    [
      'a service for root',
      { eventType: 'AwsApiCall', userIdentity: { type: 'Root', invokedBy: 'support.amazonaws.com' } },
      [],
    ],
    ['a trail that is stopped', { eventName: 'StopLogging' }, ['trail-changed']],
    ['a policy that is attached', iam('AttachUserPolicy'), ['policy-changed']],
    ["another service's call of that name", { eventSource: 'iot.amazonaws.com', eventName: 'CreatePolicy' }, []],
    ['a key made by an administrator', iam('CreateAccessKey'), ['keys-outside-keyturn']],
    ['a key made by a user', iam('CreateAccessKey', { type: 'IAMUser' }), ['keys-outside-keyturn']],
    ['a device given up', iam('DeactivateMFADevice'), ['keys-outside-keyturn']],
    ['a key made by the worker', iam('CreateAccessKey', role('keyturn/keyturn-rotation-worker-a')), []],
    ['a key deactivated by hand', iam('UpdateAccessKey', role('keyturn/keyturn-rotate-user-a')), []],
    ['a key made for Secrets Manager', iam('CreateAccessKey', role('keyturn/keyturn-secret-rotation-a')), []],
    ['an exposed key', iam('UpdateAccessKey', role('keyturn/keyturn-exposed-key-a')), []],
    [
      'a role that only looks like one of ours',
      iam('CreateAccessKey', role('keyturn/keyturn-rotation-worker-b')),
      ['keys-outside-keyturn'],
    ],
  ])('count %s as what it is', (_, event, expected) => {
    expect(countedBy(event)).toEqual(expected);
  });

  it.each([
    ['role/keyturn/keyturn-rotate-a', [], ['keys-outside-keyturn']],
    ['role/keyturn/keyturn-rotate-b', ['keys-outside-keyturn'], ['keys-outside-keyturn']],
    ['role/keyturn-rotate-a', ['keys-outside-keyturn'], ['keys-outside-keyturn']],
    ['role/keyturn/keyturn-rotation-worker-a', ['keys-outside-keyturn'], ['keys-outside-keyturn']],
  ])('in another account a key made by %s counts in a hub as %j, and elsewhere as %j', (name, inHub, elsewhere) => {
    const event = iam('CreateAccessKey', byRole(`arn:aws:iam::444455556666:${name}`));
    expect(countedBy(event, filtersOfHub)).toEqual(inHub);
    expect(countedBy(event)).toEqual(elsewhere);
    expect(countedBy(iam('CreateAccessKey', role('keyturn/keyturn-rotation-worker-a')), filtersOfHub)).toEqual([]);
  });

  it.each([
    'DeleteGroupPolicy',
    'DeleteRolePolicy',
    'DeleteUserPolicy',
    'PutGroupPolicy',
    'PutRolePolicy',
    'PutUserPolicy',
    'CreatePolicy',
    'DeletePolicy',
    'CreatePolicyVersion',
    'DeletePolicyVersion',
    'AttachRolePolicy',
    'DetachRolePolicy',
    'AttachUserPolicy',
    'DetachUserPolicy',
    'AttachGroupPolicy',
    'DetachGroupPolicy',
  ])('count %s, one of the sixteen of CIS', (eventName) => {
    expect(countedBy(iam(eventName))).toEqual(['policy-changed']);
  });

  it('are each about the metric of one filter, and tell the topic', () => {
    const metrics = filters.map((filter) => metricOf(filter));
    expect(alarms).toHaveLength(6);
    for (const [index, alarm] of alarms.entries()) {
      const { MetricName, MetricNamespace } = metrics[index] ?? {};
      expect(alarm).toMatchObject({ MetricName, Namespace: MetricNamespace, Period: 300 });
      expect([alarm.AlarmActions, alarm.OKActions]).toEqual([[TOPIC], [TOPIC]]);
    }
    const thresholds = alarms.map(({ MetricName, Threshold }) => [MetricName, Threshold]);
    expect(thresholds.filter(([, threshold]) => threshold !== 1)).toEqual([['logins-refused', 3]]);
  });

  it('are all in docs/messages.md', () => {
    const page = readFileSync(new URL('../../docs/messages.md', import.meta.url), 'utf8');
    const names = alarms.map(({ AlarmName }) => String(AlarmName).replace('keyturn-prod-', ''));
    expect(names.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it('fit into the 1,024 characters of a filter, also with the longest suffix that a role may have', () => {
    for (const { FilterPattern } of [...filters, ...filtersOfHub]) {
      const longest = String(FilterPattern).replaceAll('-a"', `${'-'.padEnd(37, 'x')}"`);
      expect(longest.length).toBeLessThanOrEqual(1_024);
    }
  });
});
