import { expect } from 'vitest';
import { decide, type Request } from '../../local/aws/policies/policy.ts';
import { afterEachFleetWorld, afterEachWorld } from './after-each-world.ts';
import { type Deployment, readPermissions, statementsOfFunction } from './permissions-table.ts';
import { functionOf, requestOf } from './requests.ts';
import { refusedInFleet } from './within-fleet-permissions.ts';
import type { World } from './world.ts';

// vitest runs this in every test file: whatever a function is seen to ask of AWS, its role allows. The roles are those
// of docs/security.md, which test/package holds to the packaged template.

afterEachWorld((world) => expect(refused(world), 'calls that no role allows').toEqual([]));
afterEachFleetWorld((world) => expect(refusedInFleet(world), 'calls that no role of the hub allows').toEqual([]));

/** The event names the secret that is looked at: where that is none of ours, AWS's refusal ends the step as ours does. */
const REFUSED_EITHER_WAY = 'secret-rotation: secretsmanager:DescribeSecret';

function refused(world: World): string[] {
  const permissions = readPermissions(deploymentOf(world));
  const arn = (word: string) => permissions.find(({ on }) => on === word)?.resources[0] ?? '';
  const targets = {
    topicArn: arn('the topic'),
    queueArn: arn('the queue'),
    deadLetterQueueArn: arn('the dead-letter queue'),
    stateKeyArn: arn('the state key'),
    signingKeyArn: arn('the signing key'),
    evidenceBucketArn: arn('the records').split('/')[0] ?? '',
  };
  const asked = new Map<string, { name: string; request: Request }>();
  for (const call of world.aws.calls) {
    const name = functionOf(call);
    if (name === undefined) continue;
    const request = requestOf(world, call, targets);
    asked.set(`${name} ${JSON.stringify(request)}`, { name, request });
  }
  return [...asked.values()]
    .filter(({ name, request }) => decide(statementsOfFunction(permissions, name), request) !== 'allowed')
    .map(({ name, request }) => `${name}: ${request.action} on ${request.resource}`)
    .filter((call) => !call.startsWith(REFUSED_EITHER_WAY));
}

function deploymentOf({ aws, environment }: World): Deployment {
  return {
    account: aws.accountId,
    region: aws.region,
    stage: 'test',
    userPathPrefix: environment.KEYTURN_USER_PATH_PREFIX ?? '/',
    secretPrefix: environment.KEYTURN_SECRET_PREFIX ?? 'keyturn',
  };
}
