import { describe, expect, test } from 'vitest';
import { alarmReferences, controls } from '../../../../shared/core/evidence/controls.ts';
import { filterTexts, isSameText, WATCH_NAMESPACE, watchNames } from '../../../../shared/core/evidence/watches.ts';
import { list, object } from '../../../package/template.ts';
import { suspiciousStack } from '../../../support/suspicious.ts';

const place = { partition: 'aws', accountId: '111122223333', roleSuffix: '-a', hasFleet: false };

function filtersOf(given: Record<string, string>) {
  const stack = suspiciousStack({ TopicArn: 'arn:aws:sns:eu-west-1:111122223333:t', RoleSuffix: '-a', ...given });
  return stack.ofType('AWS::Logs::MetricFilter').map((id) => {
    const { FilterPattern, MetricTransformations } = object(stack.properties(id));
    const { MetricNamespace, MetricName } = object(list(MetricTransformations)[0] ?? null);
    return { namespace: String(MetricNamespace), name: String(MetricName), text: String(FilterPattern) };
  });
}

describe('what is watched for', () => {
  test('is what resources/suspicious.yml watches for, by the same texts', () => {
    const deployed = filtersOf({});
    expect(deployed.map(({ name }) => name)).toEqual([...watchNames]);
    expect(deployed.map(({ text }) => [text])).toEqual(watchNames.map((name) => filterTexts(name, place)));
    expect(deployed.every(({ namespace }) => namespace.startsWith(WATCH_NAMESPACE))).toBe(true);
  });

  test('in the hub of a fleet may leave out the role of its members, and there alone', () => {
    const deployed = [filtersOf({}), filtersOf({ Fleet: 'true' })].map((all) => all.at(-1)?.text);
    expect(filterTexts('keys-outside-keyturn', { ...place, hasFleet: true })).toEqual(deployed);
    expect(filterTexts('keys-outside-keyturn', place)).toHaveLength(1);
  });

  test('has the references of the control, each with one alarm', () => {
    const names = (all: readonly { framework: string; requirement: string }[]) =>
      all.map(({ framework, requirement }) => `${framework} ${requirement}`);
    const each = names(Object.values(alarmReferences).flat());
    expect(new Set(each)).toEqual(new Set(names(controls['iam-alarms'].references)));
    expect(names(alarmReferences['root-used'])).toEqual([
      'CIS AWS Foundations 5.0 4.3',
      'CIS AWS Foundations 6.0 5.3',
      'CIS AWS Foundations 7.0 5.3',
      'SOC 2 CC7.2',
      'AWS Security Hub CloudWatch.1',
    ]);
  });
});

test.each([
  ['{$.a="b"}', '{ $.a = "b" }', true],
  ['{$.a="b"}', '\n{$.a="b"}\t', true],
  ['{$.a="b c"}', '{$.a="bc"}', false],
  ['{$.a="b"}', '{$.a=b}', false],
  ['{$.a="b"}', '{$.A="b"}', false],
])('%j and %j are the same text: %s', (one, other, expected) => {
  expect(isSameText(one, other)).toBe(expected);
});
