import { AwsError, constraintError } from '../errors.ts';
import { flag, type Input, isRecord, list, optionalInteger, optionalText, text, textList } from '../input.ts';
import { seconds } from '../secrets-manager/secret-views.ts';
import type { Environment, Operations } from '../service.ts';

/** One state of one resource, as the recorder saw it. */
export interface ConfigItem {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName?: string;
  /** `OK` unless told; `ResourceDeleted` and the like. */
  readonly status?: string;
  /** Now unless told. */
  readonly capturedAt?: number;
  readonly configuration?: unknown;
}

/** What a rule said last about a resource. */
export interface StoredEvaluation {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly complianceType: string;
  readonly annotation: string | undefined;
  readonly orderingAt: number;
  readonly recordedAt: number;
}

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

interface Rule {
  readonly evaluations: Map<string, StoredEvaluation>;
  startedAt: number | undefined;
}

type Item = Required<Omit<ConfigItem, 'resourceName' | 'configuration'>> & ConfigItem;

const acceptedTypes = ['COMPLIANT', 'NON_COMPLIANT', 'NOT_APPLICABLE'];
const deletedStatuses = ['ResourceDeleted', 'ResourceDeletedNotRecorded'];
/** A second StartConfigRulesEvaluation within this time is refused, whether or not the first is still running. */
const startIntervalMs = 60_000;

function tooMany(field: string, max: number): AwsError {
  return constraintError(field, `have length less than or equal to ${max}`);
}

function invalid(message: string): AwsError {
  return new AwsError(400, 'InvalidParameterValueException', message);
}

function sizedText(input: Input, name: string, max: number): string {
  const value = text(input, name);
  if (value.length < 1) throw constraintError(name, 'have length greater than or equal to 1');
  if (value.length > max) throw tooMany(name, max);
  return value;
}

function instant(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw constraintError(name, 'be a timestamp');
  return Math.round(value * 1000);
}

function evaluationOf(value: unknown, now: number): StoredEvaluation {
  if (!isRecord(value)) throw constraintError('evaluations', 'be a list of structures');
  const complianceType = text(value, 'ComplianceType');
  if (!acceptedTypes.includes(complianceType)) {
    throw invalid(`The compliance type ${complianceType} is not accepted by PutEvaluations.`);
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

function place(input: Input, name: string): number {
  const token = optionalText(input, name);
  if (token === undefined) return 0;
  if (!/^n\d+$/.test(token)) throw new AwsError(400, 'InvalidNextTokenException', 'The nextToken is not valid.');
  return Number(token.slice(1));
}

export function createConfig({ accountId, region, clock, random, pageSize = 1_000 }: Environment): Config {
  const rules = new Map<string, Rule>();
  const tokens = new Map<string, Rule>();
  const refusals = new Map<string, number>();
  const started: { ruleName: string; at: number }[] = [];
  const items: Item[] = [];

  function ruleOf(ruleName: string): Rule {
    const rule = rules.get(ruleName);
    if (rule !== undefined) return rule;
    const message = `The ConfigRule '${ruleName}' provided in the request is invalid. Please check the configRule name`;
    throw new AwsError(400, 'NoSuchConfigRuleException', message);
  }

  /** A page of 10 unless asked for up to 100. */
  function pageOf<T>(input: Input, all: readonly T[], names: { limit: string; token: string }) {
    const from = place(input, names.token);
    const limit = Math.min(optionalInteger(input, names.limit, 0, 100) || 10, pageSize);
    const end = from + limit;
    return { items: all.slice(from, end), next: end < all.length ? `n${end}` : undefined };
  }

  function isRefused(resourceId: string): boolean {
    const left = refusals.get(resourceId) ?? 0;
    if (left > 0) refusals.set(resourceId, left - 1);
    return left > 0;
  }

  /** The newest state of each resource. */
  function latest(): Item[] {
    const byId = new Map(items.map((item) => [`${item.resourceType}/${item.resourceId}`, item]));
    return [...byId.values()];
  }

  function itemView(item: Item) {
    return {
      accountId,
      arn: isRecord(item.configuration) ? item.configuration.arn : undefined,
      awsRegion: 'global',
      configuration: JSON.stringify(item.configuration ?? {}),
      configurationItemCaptureTime: seconds(item.capturedAt),
      configurationItemStatus: item.status,
      resourceId: item.resourceId,
      resourceName: item.resourceName,
      resourceType: item.resourceType,
      version: '1.3',
    };
  }

  const lowerCase = { limit: 'limit', token: 'nextToken' };

  const operations: Operations = {
    PutEvaluations(input, { now }) {
      const given = list(input, 'Evaluations');
      if (given.length > 100) throw tooMany('evaluations', 100);
      const token = text(input, 'ResultToken');
      const evaluations = given.map((value) => ({ value, evaluation: evaluationOf(value, now) }));
      const rule = tokens.get(token);
      if (flag(input, 'TestMode')) return { FailedEvaluations: [] };
      if (rule === undefined) {
        throw new AwsError(400, 'InvalidResultTokenException', 'The result token is invalid.');
      }
      const failed = evaluations.filter(({ evaluation }) => isRefused(evaluation.resourceId));
      for (const { evaluation } of evaluations.filter((each) => !failed.includes(each))) {
        rule.evaluations.set(`${evaluation.resourceType}/${evaluation.resourceId}`, evaluation);
      }
      return { FailedEvaluations: failed.map(({ value }) => value) };
    },

    GetComplianceDetailsByConfigRule(input) {
      const ConfigRuleName = sizedText(input, 'ConfigRuleName', 128);
      const types = textList(input, 'ComplianceTypes');
      const all = [...ruleOf(ConfigRuleName).evaluations.values()].filter(
        ({ complianceType }) => types.length === 0 || types.includes(complianceType),
      );
      const page = pageOf(input, all, { limit: 'Limit', token: 'NextToken' });
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

    StartConfigRulesEvaluation(input, { now }) {
      const names = textList(input, 'ConfigRuleNames');
      if (names.length < 1 || names.length > 25) throw constraintError('configRuleNames', 'have 1 to 25 members');
      for (const rule of names.map(ruleOf)) {
        if (rule.startedAt === undefined || now - rule.startedAt >= startIntervalMs) continue;
        throw new AwsError(400, 'LimitExceededException', 'An evaluation of the rule is in progress.');
      }
      for (const ruleName of names) {
        ruleOf(ruleName).startedAt = now;
        started.push({ ruleName, at: now });
      }
      return {};
    },

    ListDiscoveredResources(input) {
      const resourceType = text(input, 'resourceType');
      const ids = textList(input, 'resourceIds');
      if (ids.length > 20) throw tooMany('resourceIds', 20);
      const found = latest().filter(
        (item) =>
          item.resourceType === resourceType &&
          (ids.length === 0 || ids.includes(item.resourceId)) &&
          (flag(input, 'includeDeletedResources') || !deletedStatuses.includes(item.status)),
      );
      const page = pageOf(input, found, lowerCase);
      const resourceIdentifiers = page.items.map(({ resourceId, resourceName, status, capturedAt }) => {
        const resourceDeletionTime = deletedStatuses.includes(status) ? seconds(capturedAt) : undefined;
        return { resourceType, resourceId, resourceName, resourceDeletionTime };
      });
      return { resourceIdentifiers, nextToken: page.next };
    },

    BatchGetResourceConfig(input) {
      const keys = list(input, 'resourceKeys').filter(isRecord);
      if (keys.length < 1) throw constraintError('resourceKeys', 'have length greater than or equal to 1');
      if (keys.length > 100) throw tooMany('resourceKeys', 100);
      const found = keys.flatMap(({ resourceType, resourceId }) =>
        latest().filter((item) => item.resourceType === resourceType && item.resourceId === resourceId),
      );
      const kept = found.filter(({ status }) => !deletedStatuses.includes(status));
      return { baseConfigurationItems: kept.map(itemView), unprocessedResourceKeys: [] };
    },

    GetResourceConfigHistory(input, { now }) {
      const resourceType = text(input, 'resourceType');
      const resourceId = sizedText(input, 'resourceId', 768);
      const history = items.filter((item) => item.resourceType === resourceType && item.resourceId === resourceId);
      if (history.length === 0) {
        const message = `Resource ${resourceId} of resourceType:${resourceType} is unknown or has not been discovered`;
        throw new AwsError(400, 'ResourceNotDiscoveredException', message);
      }
      const until = instant(input, 'laterTime') ?? now;
      const newestFirst = history
        .filter(({ capturedAt }) => capturedAt <= until)
        .toSorted((a, b) => b.capturedAt - a.capturedAt);
      const page = pageOf(input, newestFirst, lowerCase);
      return { configurationItems: page.items.map(itemView), nextToken: page.next };
    },
  };

  return {
    operations,
    started,
    addRule(ruleName) {
      rules.set(ruleName, { evaluations: new Map(), startedAt: undefined });
    },
    invocation(ruleName, { invokingEvent, ruleParameters, eventLeftScope = false } = {}) {
      const resultToken = random.text(40);
      tokens.set(resultToken, ruleOf(ruleName));
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
    },
    evaluations: (ruleName) => [...ruleOf(ruleName).evaluations.values()],
    refuse(resourceId, times = 1) {
      refusals.set(resourceId, times);
    },
    record(item) {
      items.push({ ...item, status: item.status ?? 'OK', capturedAt: item.capturedAt ?? clock.now() });
    },
  };
}
