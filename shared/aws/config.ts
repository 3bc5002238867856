import {
  BatchGetResourceConfigCommand,
  ConfigServiceClient,
  type Evaluation,
  ListDiscoveredResourcesCommand,
  PutEvaluationsCommand,
  paginateGetComplianceDetailsByConfigRule,
  paginateGetResourceConfigHistory,
} from '@aws-sdk/client-config-service';
import { paginateListUsers } from '@aws-sdk/client-iam';
import type { ComplianceType, Verdict } from '../core/compliance.ts';
import { type ChangedItem, type RuleEvent, USER_TYPE } from '../core/config-events.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { UserState } from '../core/model.ts';
import { formatInstant, type Instant } from '../core/time.ts';
import type { Aws } from './clients.ts';
import { observeUser, type Reader, required } from './observe.ts';

type Config = Pick<Aws, 'clientOf'>;

function configClient(aws: Config): ConfigServiceClient {
  return aws.clientOf((options) => new ConfigServiceClient(options));
}

/** A verdict on one resource; users are of the type `AWS::IAM::User`. */
export interface Judged extends Verdict {
  resourceType: string;
  resourceId: string;
}

/** Config's limit for one call. */
const BATCH_SIZE = 100;

/**
 * Puts every evaluation, a hundred at a time. What Config returns as failed is put once more; a hundred that fails does
 * not stop the others. Returns what could not be put, and why.
 */
export async function putEvaluations(
  aws: Config,
  event: Pick<RuleEvent, 'resultToken' | 'isTest' | 'orderingAt'>,
  judged: readonly Judged[],
): Promise<string[]> {
  const client = configClient(aws);
  const put = async (batch: readonly Evaluation[]): Promise<Evaluation[]> => {
    const { resultToken: ResultToken, isTest: TestMode } = event;
    const command = new PutEvaluationsCommand({ Evaluations: [...batch], ResultToken, TestMode });
    // A call that succeeds may hold evaluations that failed.
    return (await client.send(command)).FailedEvaluations ?? [];
  };
  const evaluations = judged.map((each) => evaluationOf(each, event.orderingAt));
  const problems: string[] = [];
  for (let start = 0; start < evaluations.length; start += BATCH_SIZE) {
    try {
      const failed = await put(evaluations.slice(start, start + BATCH_SIZE));
      const again = failed.length === 0 ? [] : await put(failed);
      problems.push(...again.map(({ ComplianceResourceId: id }) => `${id}: AWS Config did not take the evaluation.`));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return problems;
}

function evaluationOf({ resourceType, resourceId, complianceType, annotation }: Judged, at: Instant): Evaluation {
  return {
    ComplianceResourceType: resourceType,
    ComplianceResourceId: resourceId,
    ComplianceType: complianceType,
    Annotation: annotation,
    OrderingTimestamp: new Date(at),
  };
}

/** What the rule said last about a resource. */
export interface Former {
  resourceType: string;
  resourceId: string;
  complianceType: ComplianceType;
}

/** Every resource that the rule has called compliant or not. Throws RotationError, for one if there is no such rule. */
export async function formerResults(aws: Config, ruleName: string): Promise<Former[]> {
  const former: Former[] = [];
  const input = { ConfigRuleName: ruleName, ComplianceTypes: ['COMPLIANT' as const, 'NON_COMPLIANT' as const] };
  const paging = { client: configClient(aws), pageSize: BATCH_SIZE };
  for await (const page of paginateGetComplianceDetailsByConfigRule(paging, input)) {
    for (const { EvaluationResultIdentifier, ComplianceType: complianceType } of page.EvaluationResults ?? []) {
      const { ResourceType, ResourceId } = EvaluationResultIdentifier?.EvaluationResultQualifier ?? {};
      const action = 'config:GetComplianceDetailsByConfigRule';
      former.push({
        resourceType: required(ResourceType, action, 'ResourceType'),
        resourceId: required(ResourceId, action, 'ResourceId'),
        complianceType: complianceType === 'NON_COMPLIANT' ? complianceType : 'COMPLIANT',
      });
    }
  }
  return former;
}

/** The item that was too large for the event. Throws RotationError where Config has none: its state would be a guess. */
export async function recordedItem(
  aws: Config,
  { resourceType, resourceId }: ChangedItem,
  at: Instant,
): Promise<ChangedItem> {
  // The type is one of hundreds, and the SDK lists them all: this service asks about users only.
  if (resourceType !== USER_TYPE) throw new RotationError(`AWS Config is not asked about ${resourceType}.`);
  const input = { resourceType: USER_TYPE, resourceId, laterTime: new Date(at) } as const;
  // One call sees seven days at most: a page may be empty, and the item on the next one.
  for await (const page of paginateGetResourceConfigHistory({ client: configClient(aws), pageSize: 1 }, input)) {
    const [item] = page.configurationItems ?? [];
    if (item === undefined) continue;
    const status = required(item.configurationItemStatus, 'config:GetResourceConfigHistory', 'configurationItemStatus');
    const name = item.resourceName === undefined ? {} : { resourceName: item.resourceName };
    return { resourceType, resourceId, status, ...name };
  }
  const message = `AWS Config has no item of ${resourceId} at ${formatInstant(at)}, although it announced one.`;
  throw new RotationError(message, { action: 'config:GetResourceConfigHistory', isTransient: true });
}

/**
 * The user of that UserId, or undefined if there is none. A name that may be known is tried first, which is one call;
 * whoever was renamed since is found by UserId.
 */
export async function observeByUserId(
  reader: Reader,
  { userId, userName }: { userId: string; userName?: string },
): Promise<UserState | undefined> {
  const named = userName === undefined ? undefined : await observeUser(reader, { userName, userId });
  if (named !== undefined) return named;
  const present = await userNameInIam(reader.aws, userId);
  return present === undefined ? undefined : observeUser(reader, { userName: present, userId });
}

/** The name of the user with this UserId, which IAM itself finds only by a list; undefined if there is none. */
export async function userNameInIam(aws: Pick<Aws, 'iam'>, userId: string): Promise<string | undefined> {
  for await (const page of paginateListUsers({ client: aws.iam, pageSize: 1_000 }, {})) {
    const found = page.Users?.find(({ UserId }) => UserId === userId);
    if (found !== undefined) return required(found.UserName, 'iam:ListUsers', 'UserName');
  }
  return undefined;
}

/** The name that the recorder knows, which may be an old one; undefined if it knows none. */
export async function userNameInConfig(aws: Config, userId: string): Promise<string | undefined> {
  const client = configClient(aws);
  const list = new ListDiscoveredResourcesCommand({ resourceType: USER_TYPE, resourceIds: [userId] });
  const { resourceIdentifiers = [] } = await client.send(list);
  const named = resourceIdentifiers.find(({ resourceId, resourceName }) => resourceId === userId && resourceName);
  if (named !== undefined) return named.resourceName;
  const key = { resourceType: USER_TYPE, resourceId: userId } as const;
  const { baseConfigurationItems = [] } = await client.send(new BatchGetResourceConfigCommand({ resourceKeys: [key] }));
  return baseConfigurationItems.find(({ resourceId }) => resourceId === userId)?.resourceName;
}
