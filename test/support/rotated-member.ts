import { functionCredentials } from '../../local/aws/principals.ts';
import { createRuntime, directLine } from '../../local/host/runtime.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';
import { inMember } from '../../shared/aws/in-member.ts';
import { parseFleet } from '../../shared/core/fleet/fleet.ts';
import { work } from '../../shared/service/rotation-worker.ts';
import { EXTERNAL_ID, ORGANIZATION, UNITS } from './organization.ts';

/** A user of a member in the middle of a rotation: the hub's worker has issued a second key. */
export async function rotateInMember(organization: LocalOrganization, accountId: string, userName: string) {
  const { iam } = organization.account(accountId);
  const { userId, keys } = iam.addUser({ userName, keys: [{ ageDays: 100 }] });
  const topicArn = organization.hub.sns.addTopic('keyturn-test', ['ops@example.com']);
  const { queueUrl } = organization.hub.sqs.addFifoPair(`q-${userName}`, {
    visibilitySeconds: 1_800,
    maxReceiveCount: 4,
  });
  const hub = createRuntime({
    aws: organization.hub,
    line: directLine(organization.connect('rotation-worker')),
    credentials: functionCredentials('rotation-worker'),
    environment: { KEYTURN_ENFORCE: 'true', KEYTURN_TOPIC_ARN: topicArn, KEYTURN_QUEUE_URL: queueUrl },
    onLog: () => {},
  });
  const fleet = parseFleet({
    ...{ organizationId: ORGANIZATION, externalId: EXTERNAL_ID },
    select: { organizationalUnits: [UNITS.root] },
  });
  const place = { accountId, path: organization.pathOf(accountId), region: organization.region };
  const session = { by: 'rotation-worker', runId: hub.newRunId(), user: { userId, userName } };
  const member = inMember({ ...hub, fleet }, place, 'rotate', session);
  const startedAt = hub.clock();
  const times = { runId: hub.newRunId(), startedAt, deadlineAt: startedAt + 300_000 };
  const message = { schemaVersion: 1, accountId, userId, userName, origin: 'schedule', requestId: '1', mayIssue: true };
  const delivery = { body: JSON.stringify(message), receiptHandle: 'r', receiveCount: 1 };
  const environment = { KEYTURN_MEMBER_REGION: organization.region, ...member.environment };
  // As what takes a message of the fleet hands it on.
  const { fleet: _, ...inside } = { ...member, environment };
  await work(inside, { ...times, functionName: 'keyturn-test-rotation-worker' }, delivery);
  const old = keys[0]?.accessKeyId ?? '';
  const now = iam.users().find((user) => user.userName === userName)?.keys ?? [];
  return { old, current: now.map(({ accessKeyId }) => accessKeyId).find((id) => id !== old) ?? '' };
}
