import { type Environment, type Operations, operationsOn } from '../service.ts';
import { type ConfigItem, type Recorder, recorderOperations } from './config-recorder.ts';
import { type Rules, ruleOf, ruleOperations, type StoredEvaluation } from './config-rules.ts';

export interface InvocationOptions {
  /** A ScheduledNotification of now unless told. */
  readonly invokingEvent?: unknown;
  /** Absent where the rule has none, as in AWS. */
  readonly ruleParameters?: Readonly<Record<string, string>>;
  readonly eventLeftScope?: boolean;
}

/** AWS Config as this service uses it. https://docs.aws.amazon.com/config/latest/APIReference/ */
export interface Config {
  readonly operations: Operations;
  addRule(ruleName: string): void;
  /** The event that Config invokes a custom rule's function with, and a token of its own. */
  invocation(ruleName: string, options?: InvocationOptions): Record<string, unknown>;
  evaluations(ruleName: string): StoredEvaluation[];
  /** PutEvaluations returns this resource in FailedEvaluations so many times. */
  refuse(resourceId: string, times?: number): void;
  /** The recorder sees the resource. */
  record(item: ConfigItem): void;
  /** Every StartConfigRulesEvaluation that was accepted. */
  readonly started: readonly { readonly ruleName: string; readonly at: number }[];
}

export function createConfig(environment: Environment): Config {
  const { accountId, clock, random, pageSize } = environment;
  const recorder: Recorder = { items: [], accountId, pageSize };
  const rules: Rules = { byName: new Map(), byToken: new Map(), refusals: new Map(), started: [], pageSize };
  return {
    operations: { ...operationsOn(rules, ruleOperations), ...operationsOn(recorder, recorderOperations) },
    started: rules.started,
    addRule(ruleName) {
      rules.byName.set(ruleName, { evaluations: new Map(), startedAt: undefined });
    },
    invocation(ruleName, options = {}) {
      const resultToken = random.text(40);
      rules.byToken.set(resultToken, ruleOf(rules, ruleName));
      return eventOf(environment, ruleName, resultToken, options);
    },
    evaluations: (ruleName) => [...ruleOf(rules, ruleName).evaluations.values()],
    refuse(resourceId, times = 1) {
      rules.refusals.set(resourceId, times);
    },
    record(item) {
      recorder.items.push({ ...item, status: item.status ?? 'OK', capturedAt: item.capturedAt ?? clock.now() });
    },
  };
}

/** https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html */
function eventOf(
  { accountId, region, clock }: Environment,
  ruleName: string,
  resultToken: string,
  { invokingEvent, ruleParameters, eventLeftScope = false }: InvocationOptions,
): Record<string, unknown> {
  const scheduled = {
    awsAccountId: accountId,
    notificationCreationTime: new Date(clock.now()).toISOString(),
    messageType: 'ScheduledNotification',
    recordVersion: '1.0',
  };
  return {
    invokingEvent: JSON.stringify(invokingEvent ?? scheduled),
    ...(ruleParameters === undefined ? {} : { ruleParameters: JSON.stringify(ruleParameters) }),
    resultToken,
    eventLeftScope,
    executionRoleArn: `arn:aws:iam::${accountId}:role/config-role`,
    configRuleArn: `arn:aws:config:${region}:${accountId}:config-rule/config-rule-0123456`,
    configRuleName: ruleName,
    configRuleId: 'config-rule-0123456',
    accountId,
    version: '1.0',
  };
}
