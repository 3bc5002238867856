import { EventError } from './errors.ts';
import { present } from './present.ts';
import type { Instant } from './time.ts';
import * as z from './zod.ts';

/** The only type of resource that has access keys. */
export const USER_TYPE = 'AWS::IAM::User';

/** Parameters of the Config rule, named as those of the managed rule `access-keys-rotated`. */
export interface RuleParameters {
  maxAccessKeyAgeDays?: number;
}

/** The state of one resource that a change-triggered rule is asked about. */
export interface ChangedItem {
  resourceType: string;
  /** Of a user the UserId, `AIDA…`. */
  resourceId: string;
  /** Of a user the name; absent where the recorder did not know it. */
  resourceName?: string;
  status: string;
}

/** One invocation of a custom rule by AWS Config. */
export type RuleEvent = {
  ruleName: string;
  accountId: string;
  /** For Config alone: never logged. */
  resultToken: string;
  /** Nothing that is put is stored. */
  isTest: boolean;
  parameters: RuleParameters;
  hasLeftScope: boolean;
  /** When Config was moved to ask: the time that each evaluation carries. */
  orderingAt: Instant;
} & ({ kind: 'periodic' } | { kind: 'change' | 'oversized'; item: ChangedItem });

/** The token that AWS's own development kit sends for a rule that is tried out. */
const TEST_TOKEN = 'TESTMODE';

const someText = z.string().check(z.minLength(1));
const accountId = z.string().check(z.regex(/^\d{12}$/, 'must be an account ID of 12 digits'));
const instant = z.pipe(
  z.string(),
  z.transform((input: string, { issues }): Instant => {
    const at = /^\d{4}-\d{2}-\d{2}T/.test(input) ? Date.parse(input) : Number.NaN;
    if (Number.isNaN(at)) issues.push({ code: 'custom', input, message: 'must be an instant in ISO 8601' });
    return at;
  }),
);

/** AWS Config passes JSON inside strings; `whenEmpty` is what an empty one stands for. */
const jsonText = <T extends z.ZodMiniType>(schema: T, whenEmpty?: string) =>
  z.jsonText(z.string('must be a string of JSON'), schema, whenEmpty);

const givenItem = z.object({
  configurationItemCaptureTime: instant,
  configurationItemStatus: someText,
  resourceType: someText,
  resourceId: someText,
  resourceName: z.nullish(z.string()),
});
const item = z.pipe(
  givenItem,
  z.transform((given: z.output<typeof givenItem>) => ({
    orderingAt: given.configurationItemCaptureTime,
    item: {
      resourceType: given.resourceType,
      resourceId: given.resourceId,
      ...(given.resourceName ? { resourceName: given.resourceName } : {}),
      status: given.configurationItemStatus,
    },
  })),
);

const messageTypes = [
  'ScheduledNotification',
  'ConfigurationItemChangeNotification',
  'OversizedConfigurationItemChangeNotification',
  'ConfigurationSnapshotDeliveryCompleted',
] as const;

const invokingEvent = z.discriminatedUnion(
  'messageType',
  [
    z.pipe(
      z.object({ messageType: z.literal(messageTypes[0]), notificationCreationTime: instant }),
      z.transform(({ notificationCreationTime: orderingAt }) => ({ kind: 'periodic' as const, orderingAt })),
    ),
    z.pipe(
      z.object({ messageType: z.literal(messageTypes[1]), configurationItem: item }),
      z.transform(({ configurationItem }) => ({ kind: 'change' as const, ...configurationItem })),
    ),
    z.pipe(
      z.object({ messageType: z.literal(messageTypes[2]), configurationItemSummary: item }),
      z.transform(({ configurationItemSummary }) => ({ kind: 'oversized' as const, ...configurationItemSummary })),
    ),
    // A snapshot is about all resources at once, and says nothing about access keys.
    z.pipe(
      z.object({ messageType: z.literal(messageTypes[3]) }),
      z.transform((input, { issues }) => {
        const message = `is ${messageTypes[3]}, which this rule does not act on: give it a MaximumExecutionFrequency`;
        issues.push({ code: 'custom', input, path: ['messageType'], message });
        return z.NEVER;
      }),
    ),
  ],
  `must be an object whose messageType is one of ${messageTypes.slice(0, 3).join(', ')}`,
);

const age = z.pipe(
  z.pipe(z.union([z.string(), z.number()]), z.transform(Number)),
  z
    .number('must be a number of days')
    .check(z.minimum(1, 'must be at least 1 day'), z.maximum(3_650, 'must be at most 3650 days')),
);
const ruleParameters = jsonText(z.strictObject({ maxAccessKeyAge: z.optional(age) }), '{}');

const ruleEvent = z.object({
  invokingEvent: jsonText(invokingEvent),
  // A rule without parameters is sent without the field.
  ruleParameters: z.nullish(ruleParameters),
  resultToken: someText,
  eventLeftScope: z._default(z.boolean(), false),
  accountId,
  configRuleName: someText,
});

/** What AWS Config asks of the rule. Throws an EventError that names each wrong field. */
export function parseRuleEvent(event: unknown): RuleEvent {
  const parsed = parse(ruleEvent, event, 'config-rule');
  const maxAccessKeyAge = parsed.ruleParameters?.maxAccessKeyAge;
  return {
    ruleName: parsed.configRuleName,
    accountId: parsed.accountId,
    resultToken: parsed.resultToken,
    isTest: parsed.resultToken === TEST_TOKEN,
    parameters: maxAccessKeyAge === undefined ? {} : { maxAccessKeyAgeDays: maxAccessKeyAge },
    hasLeftScope: parsed.eventLeftScope,
    ...parsed.invokingEvent,
  };
}

/** A user to look at, and who says so: a rule's change of compliance, or an operator through SSM Automation. */
export type RemediationEvent = {
  /** Whose user it is, if the event says so. */
  accountId?: string;
} & (
  | { kind: 'direct'; userId: string }
  | { kind: 'compliance'; ruleName: string; resourceType: string; resourceId: string; complianceType?: string }
);

const userId = z.string().check(z.regex(/^AIDA[A-Z0-9]{12,124}$/, 'must be the UserId of an IAM user (AIDA…)'));
const direct = z.strictObject({ resourceId: userId, accountId: z.optional(accountId) });

const DETAIL_TYPE = 'Config Rules Compliance Change';
const MESSAGE_TYPE = 'ComplianceChangeNotification';
const complianceChange = z.object({
  source: z.literal('aws.config', 'must be aws.config'),
  account: z.optional(z.string()),
  'detail-type': z.literal(DETAIL_TYPE, `must be "${DETAIL_TYPE}"`),
  detail: z.object({
    messageType: z.literal(MESSAGE_TYPE, `must be ${MESSAGE_TYPE}`),
    configRuleName: someText,
    awsAccountId: z.nullish(z.string()),
    resourceType: someText,
    resourceId: someText,
    // Absent once a result is withdrawn.
    newEvaluationResult: z.nullish(z.object({ complianceType: z.string() })),
  }),
});

/** An EventBridge event of AWS Config, or `{"resourceId": "AIDA…"}`. Throws an EventError that names each wrong field. */
export function parseRemediationEvent(event: unknown): RemediationEvent {
  if (typeof event === 'object' && event !== null && 'resourceId' in event) {
    const { resourceId, accountId: of } = parse(direct, event, 'config-remediation');
    return { kind: 'direct', userId: resourceId, ...present({ accountId: of }) };
  }
  const { detail, account } = parse(complianceChange, event, 'config-remediation');
  const { configRuleName: ruleName, resourceType, resourceId, newEvaluationResult, awsAccountId } = detail;
  // EventBridge says where an event is from; what Config says must not differ.
  if (account !== undefined && awsAccountId && awsAccountId !== account) {
    throw new EventError(`detail.awsAccountId: the event is from account ${account}, but about ${awsAccountId}.`);
  }
  const complianceType = newEvaluationResult?.complianceType;
  return {
    kind: 'compliance',
    ruleName,
    resourceType,
    resourceId,
    ...present({ complianceType, accountId: account }),
  };
}

/**
 * The managed rule, and its copies: of a conformance pack, of Security Hub, of an organization; and the rule that a hub
 * has made for its organization. AWS ends their names in letters and digits of no fixed length (docs/assumptions.md, A48).
 */
const MANAGED =
  /^(access-keys-rotated(-conformance-pack-[0-9a-z]+)?|(securityhub|OrgConfigRule)-access-keys-rotated-[0-9a-z]+|OrgConfigRule-keyturn-[\w-]+-access-keys-[0-9a-z]+)$/;

/** Whose the user is that an event asks for, or why there is nothing to do about the event. */
export type Target = { userId: string } | { ignoredBecause: string };

/** Events of other rules may arrive too: what the EventBridge rule lets through is somebody's configuration. */
export function targetOf(event: RemediationEvent, ownRuleName: string): Target {
  if (event.kind === 'direct') return { userId: event.userId };
  const { ruleName, resourceType, resourceId, complianceType = 'absent' } = event;
  if (ruleName !== ownRuleName && !MANAGED.test(ruleName)) {
    return { ignoredBecause: `rule ${ruleName} is not about the age of access keys` };
  }
  if (resourceType !== USER_TYPE) return { ignoredBecause: `${resourceType} has no access keys` };
  if (complianceType !== 'NON_COMPLIANT') return { ignoredBecause: `the compliance type is ${complianceType}` };
  return { userId: parse(userId, resourceId, 'config-remediation', 'detail.resourceId') };
}

function parse<T extends z.ZodMiniType>(schema: T, value: unknown, what: string, root = 'the event'): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || root}: ${message}`);
  throw new EventError(`Cannot read the ${what} event: ${problems.join('; ')}.`);
}
