import { expect } from 'vitest';
import { afterEachFleetWorld, afterEachWorld } from './after-each-world.ts';
import { type Asked, note, refusedOf } from './asked-of-roles.ts';
import { type Deployment, readPermissions } from './permissions-table.ts';
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
  const asked: Asked = new Map();
  for (const call of world.aws.calls) {
    const name = functionOf(call);
    if (name !== undefined) note(asked, name, requestOf(world, call, targets));
  }
  return refusedOf(permissions, asked).filter((call) => !call.startsWith(REFUSED_EITHER_WAY));
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
