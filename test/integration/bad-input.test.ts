import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createLife, createStored, type Life, live, secretNameOf, thrownBy, writes } from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { setSigned } from '../support/signed.ts';
import { createWorld, DAY, invoke, pass, published, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

describe('an event of rotate-user', () => {
  const KEY = 'AKIAEXAMPLE000000000';
  it.each<[string, unknown, string]>([
    ['is missing', undefined, 'userName'],
    ['is empty', {}, 'userName'],
    ['is null', null, 'userName'],
    ['is text', 'alice', 'rotate-user event'],
    ['is a list', [], 'rotate-user event'],
    ['has an empty name', { userName: '' }, 'userName: must be an IAM user name'],
    ['has a name that IAM does not allow', { userName: 'a b' }, 'userName: must be an IAM user name'],
    ['has an unknown action', { userName: 'alice', action: 'delete' }, 'action: must be one of plan, rotate, confirm'],
    ['has an unknown field', { userName: 'alice', user: 'alice' }, '"user"'],
    ['asks for a dry run', { userName: 'alice', dryRun: true }, '"dryRun"'],
    [
      'confirms a key',
      { userName: 'alice', action: 'confirm', accessKeyId: KEY },
      'accessKeyId: goes with rotate or retire',
    ],
    [
      'plans with a key',
      { userName: 'alice', accessKeyId: KEY },
      'accessKeyId: goes with rotate or retire, not with plan',
    ],
    ['retires with a grace', { userName: 'alice', action: 'retire', graceDays: 1 }, 'graceDays: goes with rotate'],
    [
      'restores for a rollback',
      { userName: 'alice', action: 'rollback', restoreSecret: true },
      'restoreSecret: goes with',
    ],
    [
      'rotates until a date',
      { userName: 'alice', action: 'rotate', holdUntil: '2026-02-01' },
      'holdUntil: goes with hold',
    ],
    ['holds without a date', { userName: 'alice', action: 'hold' }, 'holdUntil: is required for hold'],
    [
      'holds until a day that is none',
      { userName: 'alice', action: 'hold', holdUntil: '2026-02-30' },
      'holdUntil: must be',
    ],
    [
      'holds until an instant',
      { userName: 'alice', action: 'hold', holdUntil: '2026-02-01T00:00:00Z' },
      'holdUntil: must be',
    ],
    [
      'has half a day of grace',
      { userName: 'alice', action: 'rotate', graceDays: 0.5 },
      'graceDays: must be 0 or at least 1',
    ],
    ['has a grace in the past', { userName: 'alice', action: 'rotate', graceDays: -1 }, 'graceDays: must be 0'],
    ['has a grace in words', { userName: 'alice', action: 'rotate', graceDays: '10' }, 'graceDays'],
    ['has a key ID that is none', { userName: 'alice', action: 'retire', accessKeyId: 'akia' }, 'accessKeyId: must be'],
    ['forces by a word', { userName: 'alice', action: 'rotate', force: 'yes' }, 'force'],
  ])('that %s is refused before any call, and the error names the field', async (_is, event, named) => {
    const life = createLife();
    const error = await thrownBy(rotateUser(life, event));
    expect(error.name).toBe('EventError');
    expect(error.message).toMatch(/^Cannot read the rotate-user event: .*\.$/);
    expect(error.message).toContain(named);
    expect(life.aws.calls).toEqual([]);
  });

  it('about a user who does not exist is refused with the account', async () => {
    const life = createLife();
    const error = await thrownBy(rotateUser(life, { userName: 'alcie', action: 'rotate' }));
    expect(error).toMatchObject({ name: 'EventError', facts: { userName: 'alcie', accountId: '111122223333' } });
    expect(error.message).toMatch(/^userName: there is no IAM user alcie in account 111122223333\. Check/);
    expect(writes(life)).toEqual([]);
  });
});

describe('an event of rotation-worker', () => {
  it.each([undefined, {}, { Records: 'none' }])('that is no batch of messages is refused: %j', async (event) => {
    const world = createWorld();
    const error = await thrownBy(
      invoke(world, 'rotation-worker', createRotationWorker(world.runtime('worker')), event),
    );
    expect(error.name).toBe('EventError');
    expect(error.message).toContain('Records');
    expect(world.aws.calls).toEqual([]);
  });
});

describe('a setting', () => {
  it.each([
    ['KEYTURN_ENFORCE', 'yes'],
    ['KEYTURN_TOPIC_ARN', ''],
    ['KEYTURN_TOPIC_ARN', 'keyturn'],
    ['KEYTURN_QUEUE_URL', 'queue'],
    ['KEYTURN_SECRET_PREFIX', '/keyturn/'],
    ['KEYTURN_READER_ARNS', 'arn:aws:iam::111122223333:role/ops'],
    ['KEYTURN_EXEMPT_GROUPS', '{"a":1}'],
    ['KEYTURN_EXEMPT_PATHS', '[1]'],
    ['KEYTURN_USER_PATH_PREFIX', 'robots'],
    ['KEYTURN_ON_BLOCKED', 'retire'],
    ['KEYTURN_UNUSED', 'delete'],
    ['KEYTURN_MAX_ACCESS_KEY_AGE_DAYS', 'ninety'],
    ['KEYTURN_MAX_ACCESS_KEY_AGE_DAYS', '0'],
    ['KEYTURN_GRACE_DAYS', '0.5'],
    ['KEYTURN_QUIET_DAYS', '-1'],
    ['KEYTURN_RECOVERY_DAYS', '0'],
    ['KEYTURN_EXACT_SWEEP_DAYS', '1.5'],
    ['KEYTURN_FREEZE', '[["2026-01-05","2026-01-01"]]'],
    ['KEYTURN_FREEZE', '[["2026-01-05"]]'],
    ['KEYTURN_MAX_NEW_ROTATIONS_PER_DAY', 'many'],
    ['KEYTURN_REQUIRE_SUBSCRIPTION', '1'],
  ])('%s of "%s" stops the function with a sentence that names it', async (name, value) => {
    const life = createLife({ environment: { [name]: value } });
    const error = await thrownBy(rotateUser(life, { userName: 'alice', action: 'rotate' }));
    expect(error.name).toBe('SettingsError');
    expect(error.message).toMatch(/^Cannot start: .*\.$/);
    expect(error.message).toContain(value === '' ? `${name} is missing` : `${name} is "${value}"`);
    expect(await pass(life, 'alice')).toBe(false);
    expect(life.aws.calls).toEqual([]);
  });

  it('that leaves no time for one rotation before the next is refused with both sides', async () => {
    const life = createLife({ environment: { KEYTURN_MAX_ACCESS_KEY_AGE_DAYS: '31' } });
    const { message } = await thrownBy(rotateUser(life, { userName: 'alice' }));
    expect(message).toContain('maxAccessKeyAgeDays - rotateAheadDays is 31 days');
    expect(message).toContain('graceDays + maxPostponeDays + recoveryDays + 2 is 32');
    life.environment.KEYTURN_MAX_ACCESS_KEY_AGE_DAYS = '32';
    expect((await rotateUser(life, { userName: 'alice' })).status).toBe('planned');
  });

  it('is reported together with every other that is wrong', async () => {
    const life = createLife({ environment: { KEYTURN_UNUSED: 'x', KEYTURN_GRACE_DAYS: 'y', KEYTURN_TOPIC_ARN: '' } });
    const { message } = await thrownBy(rotateUser(life, { userName: 'alice' }));
    for (const name of ['KEYTURN_UNUSED', 'KEYTURN_GRACE_DAYS', 'KEYTURN_TOPIC_ARN']) expect(message).toContain(name);
  });
});

/** By hand it is only answered; by schedule it is announced on one day of the week. Nothing is changed. */
async function expectBlocked(life: Life, reason: string, named: readonly string[]): Promise<void> {
  const from = life.aws.calls.length;
  life.aws.sns.published.length = 0;
  const answer = await rotateUser(life, { userName: 'alice', action: 'rotate', force: true });
  expect(answer).toMatchObject({ status: 'blocked', reason, outcomes: [] });
  for (const text of named) expect(answer.message).toContain(text);
  expect(published(life)).toEqual([]);
  expect((await live(life, { from: 1, to: 7 })).map((line) => line.slice(2))).toEqual(['blocked']);
  expect(writes(life, from)).toEqual([]);
}

describe('a tag of the user that does not parse', () => {
  it.each([
    ['keyturn:exempt', 'maybe'],
    ['keyturn:exempt', '2026-02-30'],
    ['keyturn:max-age-days', 'ninety'],
    ['keyturn:grace-days', '0.5'],
    ['keyturn:unused', 'delete'],
    ['keyturn:exmpt', 'true'],
  ])('%s=%s leaves the user untouched and is named', async (name, value) => {
    const shown = name === 'keyturn:exmpt' ? 'is unknown' : `is "${value}"`;
    await expectBlocked(createLife({ tags: { [name]: value } }), 'tags-invalid', [`tag ${name} ${shown}`, 'alice']);
  });

  it('because of the settings it meets names both sides', async () => {
    const life = createLife({ tags: { 'keyturn:max-age-days': '40', 'keyturn:grace-days': '20' } });
    await expectBlocked(life, 'tags-invalid', ['maxAccessKeyAgeDays - rotateAheadDays is 40', 'is 42']);
  });
});

describe('a tag of the secret that does not parse', () => {
  it.each([
    ['doing', 'issue yesterday'],
    ['current-since', '2026-01-01 AKIAEXAMPLE000000000'],
    ['current-since', '2030-01-01T00:00:00.000Z AKIAEXAMPLE000000000'],
    ['deactivated', '2026-01-01T00:00:00.000Z'],
    ['inactive-seen', 'AKIAEXAMPLE000000000'],
    ['confirmed', '2026-01-01T00:00:00.000Z AKIAEXAMPLE000000000 grace=1'],
    ['announced', '2026-01-01T00:00:00.000Z'],
    ['issued-on', '2026-13-01'],
    ['hold', 'tomorrow'],
  ])('%s=%s leaves the user untouched and is named', async (name, value) => {
    const life = await createStored();
    life.aws.clock.advance(90 * DAY);
    // Signed, or it would count as absent.
    await setSigned(life, life.userId, { [name]: value });
    await expectBlocked(life, 'tags-invalid', [`tag keyturn:${name} of the secret`, `"${value}"`]);
  });
});

describe('a secret of that name', () => {
  async function made(tags: Record<string, string>): Promise<Life> {
    const life = createLife();
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const command = new CreateSecretCommand({ Name: secretNameOf(life.userId), Tags });
    await life.runtime('operator').aws.secrets.send(command);
    return life;
  }

  it.each([
    ['without our tags', {}],
    ['of another user', { 'keyturn:user-id': 'AIDASOMEBODY00000000' }],
  ])('%s is not adopted', async (_what, tags) => {
    const life = await made(tags);
    await expectBlocked(life, 'secret-foreign', ['its tag keyturn:user-id is not', 'Find out who created it', 'alice']);
  });

  it.each([
    ['of a managing service', { owningService: 'rds' }, 'it is managed by rds'],
    [
      'with a foreign rotation function',
      { rotationLambdaArn: 'arn:aws:lambda:::x' },
      'it is rotated by arn:aws:lambda:::x',
    ],
  ])('%s is not adopted', async (_what, settings, named) => {
    const life = createLife();
    const other = await made({ 'keyturn:user-id': life.userId });
    other.aws.secrets.configure(secretNameOf(other.userId), settings);
    await expectBlocked(other, 'secret-foreign', [named]);
  });

  it('under the configured KMS key and in a configured Region is ours', async () => {
    const environment = { KEYTURN_KMS_KEY_ID: 'alias/keyturn', KEYTURN_REPLICA_REGIONS: '["us-east-1"]' };
    const life = await createStored({ environment });
    expect(life.aws.secrets.find(secretNameOf(life.userId))?.kmsKeyId).toBe('alias/keyturn');
    expect((await rotateUser(life, { userName: 'alice', action: 'rotate' })).status).toBe('changed');
  });

  it('that is pending deletion is not restored by itself', async () => {
    const life = await createStored();
    const command = new DeleteSecretCommand({ SecretId: secretNameOf(life.userId), RecoveryWindowInDays: 30 });
    await life.runtime('operator').aws.secrets.send(command);
    await expectBlocked(life, 'secret-pending-deletion', ['pending deletion since 2026-01-12', 'restoreSecret']);
  });

  it('whose AWSCURRENT is on a value without our label is not built on', async () => {
    const life = await createStored();
    const { secrets } = life.runtime('operator').aws;
    const SecretId = secretNameOf(life.userId);
    await secrets.send(new DeleteResourcePolicyCommand({ SecretId }));
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: '{"mine":true}' }));
    await expectBlocked(life, 'secret-value-foreign', ['whose labels name no access key', 'Move AWSCURRENT back']);
  });
});
