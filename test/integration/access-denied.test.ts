// Tests of shared/aws/clients.ts and shared/aws/failure.ts: each call refused in turn.

import { describe, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import type { BeforeCall, Fault } from '../../local/aws/aws.ts';
import { currentKey } from '../support/faults.ts';
import {
  createLife,
  createStored,
  keysOf,
  type Life,
  labelsOf,
  messages,
  newKeyOf,
  rename,
  secretNameOf,
  tagOf,
  thrownBy,
  use,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { bodyOf } from '../support/queue.ts';
import { DAY, invoke, pass, published, rotateUser, sqsEvent } from '../support/world.ts';

searchForSecretsAfterEach();

const SESSION = 'arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/x';

/** AWS's refusal, in the words and with the code of each service. */
function denial(permission: string, why = 'because no identity-based policy allows the action'): Fault {
  const [status, code] = permission.startsWith('iam:')
    ? ([403, 'AccessDenied'] as const)
    : permission.startsWith('sns:')
      ? ([403, 'AuthorizationError'] as const)
      : ([400, 'AccessDeniedException'] as const);
  const message = `User: ${SESSION} is not authorized to perform: ${permission} on resource: x ${why}`;
  return { kind: 'error', status, code, message };
}

function deny(permission: string, fault = denial(permission)): BeforeCall {
  return ({ service, operation }) => (`${service}:${operation}` === permission ? fault : undefined);
}

const environment = { KEYTURN_EXEMPT_GROUPS: '["robots"]' };

/** A key that is due, renamed meanwhile, so that a pass makes each of its calls; the first or the second rotation. */
async function due(rotation: 'first' | 'second'): Promise<Life> {
  const life = rotation === 'first' ? createLife({ environment }) : await createStored({ environment });
  if (rotation === 'second') {
    rename(life, 'alice', 'alicia');
    rename(life, 'alicia', 'alice');
    const secret = life.aws.secrets.state.find(secretNameOf(life.userId));
    if (secret !== undefined) life.aws.secrets.state.save({ ...secret, description: 'of a former name' });
    life.aws.clock.advance(90 * DAY);
    life.aws.sns.published.length = 0;
  }
  return life;
}

/** A pass on each of these days from now; the owner uses the current key when it works. */
async function passesOn(life: Life, days: readonly number[], before?: BeforeCall): Promise<void> {
  const start = life.aws.clock.now();
  const worker = createRotationWorker(life.runtime('worker', before));
  for (const day of days) {
    life.aws.clock.set(Math.max(life.aws.clock.now(), start + day * DAY));
    await invoke(life, 'rotation-worker', worker, sqsEvent(bodyOf(life, 'alice')));
    use(life, currentKey(life.aws, life.userId)?.accessKeyId);
  }
}

const LIFE = [0, 1 / 24, 1, 3, 7, 9, 10.5, 12, 13, 21, 23];
const SETTLE = [1, 3, 4, 7, 9, 11, 12, 13, 21, 22, 24, 25];

/** Every permission of the worker that a whole rotation needs, and how an error names its resource. */
const permissions: readonly (readonly [string, 'first' | 'second', RegExp])[] = [
  ['iam:GetUser', 'second', /on alice/],
  ['iam:ListGroupsForUser', 'second', /on alice/],
  ['iam:ListAccessKeys', 'second', /on alice/],
  ['iam:GetAccessKeyLastUsed', 'second', /on AKIA\w+/],
  ['iam:CreateAccessKey', 'second', /on alice/],
  ['iam:UpdateAccessKey', 'second', /on alice/],
  ['iam:DeleteAccessKey', 'second', /on alice/],
  ['secretsmanager:CreateSecret', 'first', /on keyturn\/AIDA\w+\/access-key/],
  ['secretsmanager:DescribeSecret', 'second', /on keyturn\/AIDA\w+\/access-key/],
  ['secretsmanager:ListSecrets', 'second', /on the account/],
  ['secretsmanager:PutResourcePolicy', 'second', /on arn:aws:secretsmanager:/],
  ['secretsmanager:UpdateSecret', 'second', /on arn:aws:secretsmanager:/],
  ['secretsmanager:TagResource', 'second', /on arn:aws:secretsmanager:/],
  ['secretsmanager:UntagResource', 'second', /on arn:aws:secretsmanager:/],
  ['secretsmanager:PutSecretValue', 'second', /on arn:aws:secretsmanager:/],
  ['secretsmanager:UpdateSecretVersionStage', 'second', /on arn:aws:secretsmanager:/],
  ['sns:Publish', 'second', /on arn:aws:sns:/],
];

describe('access denied', () => {
  it('can happen at each of the calls of a whole rotation, and at no others', async () => {
    const made = new Set<string>();
    for (const rotation of ['first', 'second'] as const) {
      const life = await due(rotation);
      const from = life.aws.calls.length;
      await passesOn(life, LIFE);
      for (const { service, operation } of life.aws.calls.slice(from)) made.add(`${service}:${operation}`);
    }
    // GetCallerIdentity needs no permission.
    made.delete('sts:GetCallerIdentity');
    // Without the state key nothing is begun: test/integration/forged-state.test.ts.
    made.delete('kms:GenerateMac');
    // Where the subscriptions may not be read, their number has to do: test/unit/audience.test.ts.
    made.delete('sns:ListSubscriptionsByTopic');
    made.delete('sns:GetSubscriptionAttributes');
    expect([...made].toSorted()).toEqual(permissions.map(([permission]) => permission).toSorted());
  });

  it.each(permissions)(
    'to %s names the permission to add, and nothing is lost',
    async (permission, rotation, resource) => {
      const life = await due(rotation);
      const before = keysOf(life);
      await passesOn(life, LIFE, deny(permission));
      const errors = life.logged.filter((line) => line.includes('"level":"error"'));
      const said = errors.filter((line) => line.includes(`Cannot call ${permission}`));
      expect(said.length).toBeGreaterThan(0);
      expect(said[0]).toMatch(resource);
      expect(said[0]).toContain(`Add ${permission}`);
      const announced = messages(life, 'failed').filter(({ message }) => message.includes(`Cannot call ${permission}`));
      expect(announced.length > 0).toBe(permission !== 'sns:Publish');
      // Whatever was refused, somebody can still work: with the old key, or with a new one that is stored.
      const active = Object.entries(keysOf(life)).filter(([, status]) => status === 'Active');
      const usable = active.filter(([id]) => id in before || currentKey(life.aws, life.userId)?.accessKeyId === id);
      expect(usable.length).toBeGreaterThan(0);

      await passesOn(life, SETTLE);
      const current = currentKey(life.aws, life.userId);
      expect(keysOf(life)).toEqual({ [current?.accessKeyId ?? '']: 'Active' });
      expect(current?.works).toBe(true);
      expect(Object.keys(before)).not.toContain(current?.accessKeyId);
      // An issue that waited for more than three days is not gone on with; its key is stored, and moved forward to.
      const isNewKeyTold = published(life).some((event) => event === 'issued' || event === 'moved-forward');
      expect(isNewKeyTold).toBe(true);
      expect(published(life)).toEqual(expect.arrayContaining(['deactivated', 'deleted']));
      expect(tagOf(life, life.userId, 'doing')).toBeUndefined();
    },
  );

  it.each(permissions.filter(([name]) => !/ListSecrets|GetTopic|UpdateAccessKey|DeleteAccessKey/.test(name)))(
    'to %s is thrown by rotate-user',
    async (permission, rotation, resource) => {
      const life = await due(rotation);
      const error = await thrownBy(rotateUser(life, { userName: 'alice', action: 'rotate' }, deny(permission)));
      expect(error.name).toBe('RotationError');
      expect(error.message).toContain(`Cannot call ${permission}`);
      expect(error.message).toMatch(resource);
      expect(error.message).toContain(`Add ${permission} on that resource to the policy of this function's role.`);
    },
  );

  it('names the user and the account where a step was refused', async () => {
    const life = await due('second');
    const refused = rotateUser(life, { userName: 'alice', action: 'rotate' }, deny('iam:CreateAccessKey'));
    expect((await thrownBy(refused)).message).toMatch(
      /^Cannot issue an access key for alice in account 111122223333: /,
    );
  });

  it('by a service control policy is told from a missing permission', async () => {
    const life = await due('second');
    const scp = denial('iam:CreateAccessKey', 'with an explicit deny in a service control policy');
    const refused = rotateUser(life, { userName: 'alice', action: 'rotate' }, deny('iam:CreateAccessKey', scp));
    const { message } = await thrownBy(refused);
    expect(message).toContain('A service control policy of the organization denies it');
    expect(message).not.toContain('Add iam:');
    expect(Object.keys(keysOf(life))).toHaveLength(1);
    expect(tagOf(life, life.userId, 'doing')).toBeUndefined();
  });

  it('by an explicit deny of an identity policy is told from a missing permission', async () => {
    const life = await due('second');
    const explicit = denial('iam:CreateAccessKey', 'with an explicit deny in an identity-based policy');
    const refused = rotateUser(life, { userName: 'alice', action: 'rotate' }, deny('iam:CreateAccessKey', explicit));
    const { message } = await thrownBy(refused);
    expect(message).toContain('A policy denies it explicitly');
    expect(message).not.toContain('Add iam:');
  });
});

describe('when nobody can be told', () => {
  it('the grace of a new key does not run, until a later pass has published it', async () => {
    const life = await due('first');
    await pass(life, 'alice', deny('sns:Publish'));
    const newKey = newKeyOf(life, [life.oldKey]);
    expect(labelsOf(life, life.userId).AWSCURRENT).toBe(newKey);
    expect(tagOf(life, life.userId, 'current-since')).toBeUndefined();
    expect(life.logged.join('\n')).toContain('Add sns:Publish');
    life.aws.clock.advance(15 * DAY);
    await pass(life, 'alice');
    expect(published(life)).toEqual(['issued']);
    const since = Date.parse(tagOf(life, life.userId, 'current-since')?.split(' ')[0] ?? '');
    expect(life.aws.clock.now() - since).toBeLessThan(60_000);
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active', [newKey]: 'Active' });
  });
});

describe('when KMS refuses', () => {
  it.each([
    ['AccessDeniedException', 'Access to KMS is not allowed'],
    ['EncryptionFailure', "Secrets Manager can't encrypt the protected secret text using the provided KMS key."],
  ])('by %s, no key is left behind, and the error names the permission on the key', async (code, message) => {
    const life = await due('second');
    const before = keysOf(life);
    const fault: Fault = { kind: 'error', status: 400, code, message };
    const refused = rotateUser(
      life,
      { userName: 'alice', action: 'rotate' },
      deny('secretsmanager:PutSecretValue', fault),
    );
    const error = await thrownBy(refused);
    expect(error.message).toContain('secretsmanager:PutSecretValue');
    expect(error.message).toContain('kms:GenerateDataKey');
    expect(error.message).not.toContain('Add secretsmanager:');
    expect(keysOf(life)).toEqual(before);
    expect(tagOf(life, life.userId, 'doing')).toBeUndefined();
  });
});
