import { AwsError, constraintError } from '../errors.ts';
import { flag, isRecord, list, text, textList } from '../input.ts';
import { seconds } from '../secrets-manager/secret-views.ts';
import type { OperationsOn } from '../service.ts';
import { instant, pageOf, sizedText, tooMany } from './config-input.ts';

/** What a rule said last about a resource. */
export interface StoredEvaluation {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly complianceType: string;
  readonly annotation: string | undefined;
  readonly orderingAt: number;
  readonly recordedAt: number;
}

export interface Rule {
  readonly evaluations: Map<string, StoredEvaluation>;
  startedAt: number | undefined;
}

/** The rules of an account, and what they are asked and told. */
export interface Rules {
  readonly byName: Map<string, Rule>;
  /** By the token of the invocation that it was handed out with. */
  readonly byToken: Map<string, Rule>;
  /** How often PutEvaluations is still to refuse a resource. */
  readonly refusals: Map<string, number>;
  readonly started: { readonly ruleName: string; readonly at: number }[];
  readonly pageSize: number | undefined;
}

const acceptedTypes = ['COMPLIANT', 'NON_COMPLIANT', 'NOT_APPLICABLE'];
/** A second StartConfigRulesEvaluation within this time is refused, whether or not the first is still running. */
const startIntervalMs = 60_000;

/** The rule, or AWS's refusal. */
export function ruleOf({ byName }: Rules, ruleName: string): Rule {
  const rule = byName.get(ruleName);
  if (rule !== undefined) return rule;
  const message = `The ConfigRule '${ruleName}' provided in the request is invalid. Please check the configRule name`;
  throw new AwsError(400, 'NoSuchConfigRuleException', message);
}

function isRefused({ refusals }: Rules, resourceId: string): boolean {
  const left = refusals.get(resourceId) ?? 0;
  if (left > 0) refusals.set(resourceId, left - 1);
  return left > 0;
}

function evaluationOf(value: unknown, now: number): StoredEvaluation {
  if (!isRecord(value)) throw constraintError('evaluations', 'be a list of structures');
  const complianceType = text(value, 'ComplianceType');
  if (!acceptedTypes.includes(complianceType)) {
    const message = `The compliance type ${complianceType} is not accepted by PutEvaluations.`;
    throw new AwsError(400, 'InvalidParameterValueException', message);
  }
  const orderingAt = instant(value, 'OrderingTimestamp');
  if (orderingAt === undefined) throw constraintError('orderingTimestamp', 'not be null');
  return {
    resourceType: sizedText(value, 'ComplianceResourceType', 256),
    resourceId: sizedText(value, 'ComplianceResourceId', 768),
    complianceType,
    annotation: value.Annotation === undefined ? undefined : sizedText(value, 'Annotation', 256),
    orderingAt,
    recordedAt: now,
  };
}

/** The operations on rules and their evaluations. */
export const ruleOperations: OperationsOn<Rules> = {
  PutEvaluations(rules, input, { now }) {
    const given = list(input, 'Evaluations');
    if (given.length > 100) throw tooMany('evaluations', 100);
    const token = text(input, 'ResultToken');
    const evaluations = given.map((value) => ({ value, evaluation: evaluationOf(value, now) }));
    const rule = rules.byToken.get(token);
    if (flag(input, 'TestMode')) return { FailedEvaluations: [] };
    if (rule === undefined) {
      throw new AwsError(400, 'InvalidResultTokenException', 'The result token is invalid.');
    }
    const failed = evaluations.filter(({ evaluation }) => isRefused(rules, evaluation.resourceId));
    for (const { evaluation } of evaluations.filter((each) => !failed.includes(each))) {
      rule.evaluations.set(`${evaluation.resourceType}/${evaluation.resourceId}`, evaluation);
    }
    return { FailedEvaluations: failed.map(({ value }) => value) };
  },

  GetComplianceDetailsByConfigRule(rules, input) {
    const ConfigRuleName = sizedText(input, 'ConfigRuleName', 128);
    const types = textList(input, 'ComplianceTypes');
    const all = [...ruleOf(rules, ConfigRuleName).evaluations.values()].filter(
      ({ complianceType }) => types.length === 0 || types.includes(complianceType),
    );
    const page = pageOf(input, all, { limit: 'Limit', token: 'NextToken' }, rules.pageSize);
    const EvaluationResults = page.items.map((stored) => ({
      EvaluationResultIdentifier: {
        EvaluationResultQualifier: {
          ConfigRuleName,
          ResourceType: stored.resourceType,
          ResourceId: stored.resourceId,
        },
        OrderingTimestamp: seconds(stored.orderingAt),
      },
      ComplianceType: stored.complianceType,
      ResultRecordedTime: seconds(stored.recordedAt),
      ConfigRuleInvokedTime: seconds(stored.recordedAt),
      Annotation: stored.annotation,
    }));
    return { EvaluationResults, NextToken: page.next };
  },

  StartConfigRulesEvaluation(rules, input, { now }) {
    const names = textList(input, 'ConfigRuleNames');
    if (names.length < 1 || names.length > 25) throw constraintError('configRuleNames', 'have 1 to 25 members');
    for (const rule of names.map((name) => ruleOf(rules, name))) {
      if (rule.startedAt === undefined || now - rule.startedAt >= startIntervalMs) continue;
      throw new AwsError(400, 'LimitExceededException', 'An evaluation of the rule is in progress.');
    }
    for (const ruleName of names) {
      ruleOf(rules, ruleName).startedAt = now;
      rules.started.push({ ruleName, at: now });
    }
    return {};
  },
};
