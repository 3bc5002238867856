import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createExposedKey } from '../../functions/exposed-key.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import {
  createLife,
  createRotated,
  createStored,
  keysOf,
  type Life,
  labelsOf,
  live,
  messages,
  newKeyOf,
  secretNameOf,
  tagOf,
  tagsOf,
  use,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { runOnce } from '../support/runs.ts';
import { DAY, invoke, pass, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

const event = JSON.parse(readFileSync(new URL('../../events/exposed-key-health.json', import.meta.url), 'utf8'));
const replicated = { environment: { KEYTURN_REPLICA_REGIONS: '["us-east-1"]' } };
const stateOf = (life: Life) => life.aws.secrets.state.find(secretNameOf(life.userId));
const configure = (life: Life, settings: object) => life.aws.secrets.configure(secretNameOf(life.userId), settings);

/** One day and its run, so many times. */
async function days(life: Life, count: number): Promise<void> {
  for (let day = 0; day < count; day++) {
    life.aws.clock.advance(DAY);
    await runOnce(life);
  }
}

describe('an epoch that is raised', () => {
  it('and raised again after a run loses nothing', async () => {
    const life = await createRotated();
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2030-01-01' });
    const labels = labelsOf(life, life.userId);
    for (const epoch of ['2', '3', '4']) {
      life.environment.KEYTURN_STATE_EPOCH = epoch;
      await days(life, 1);
      expect(await rotateUser(life, { userName: 'alice' })).toMatchObject({ status: 'unchanged', reason: 'held' });
      expect(labelsOf(life, life.userId)).toEqual(labels);
    }
    expect(tagOf(life, life.userId, 'hold')).toBe('2030-01-01');
    expect(messages(life, 'blocked')).toEqual([]);
  });

  it('of a user whose tags do not parse as well', async () => {
    const life = await createStored();
    life.aws.iam.setTags('alice', { 'keyturn:grace-days': 'many' });
    for (const epoch of ['2', '3']) {
      life.environment.KEYTURN_STATE_EPOCH = epoch;
      await days(life, 1);
    }
    life.aws.iam.setTags('alice', { 'keyturn:grace-days': '12' });
    expect(await rotateUser(life, { userName: 'alice' })).toMatchObject({ reason: 'nothing-due' });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'loses nothing by a crash after call %i of the pass that signs',
    async (n) => {
      const life = await createRotated();
      const labels = labelsOf(life, life.userId);
      life.environment.KEYTURN_STATE_EPOCH = '2';
      life.aws.clock.advance(DAY);
      let calls = 0;
      await pass(life, 'alice', ({ service }) =>
        service === 'secretsmanager' && ++calls === n ? { kind: 'crash-after' } : undefined,
      ).catch(() => undefined);
      await days(life, 1);
      life.environment.KEYTURN_STATE_EPOCH = '3';
      expect(await rotateUser(life, { userName: 'alice' })).not.toMatchObject({ status: 'blocked' });
      expect(labelsOf(life, life.userId)).toEqual(labels);
    },
  );

  it('twice without a run between is refused, by a sentence that names it', async () => {
    const life = await createStored();
    life.environment.KEYTURN_STATE_EPOCH = '3';
    const answer = await rotateUser(life, { userName: 'alice' });
    expect(answer).toMatchObject({ reason: 'secret-foreign' });
    expect(answer.message).toContain('stateEpoch was changed');
  });
});

describe('replicas', () => {
  it('that failed are told of once a week and tried in each run, and the key is rotated all the same', async () => {
    const life = await createStored();
    configure(life, { failingRegions: ['us-east-1'] });
    life.environment.KEYTURN_REPLICA_REGIONS = '["us-east-1"]';
    const from = life.aws.calls.length;
    await days(life, 13);
    const told = messages(life, 'blocked');
    expect(told.map(({ reason }) => reason)).toEqual(['replica-failed', 'replica-failed']);
    expect(told[0]?.message).toMatch(/us-east-1 \(Replication failed: .* already exists .*\).*delete it there/);
    const tried = writes(life, from).filter((call) => call === 'secretsmanager:ReplicateSecretToRegions');
    expect(tried.length).toBeGreaterThanOrEqual(12);
    expect(tried.length).toBeLessThanOrEqual(13);
    expect(await rotateUser(life, { userName: 'alice', action: 'rotate' })).toMatchObject({ status: 'changed' });
    configure(life, { failingRegions: [] });
    await days(life, 1);
    expect(tagOf(life, life.userId, 'policy')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('that AWS refuses are told of, and keep no key from being rotated', async () => {
    const life = await createStored();
    life.environment.KEYTURN_REPLICA_REGIONS = '["ap-south-1"]';
    const refusing: BeforeCall = ({ operation }) =>
      operation === 'ReplicateSecretToRegions'
        ? { kind: 'error', status: 400, code: 'InvalidParameterException', message: 'The Region is not enabled.' }
        : undefined;
    for (let day = 0; day < 3; day++) {
      life.aws.clock.advance(DAY);
      expect(await pass(life, 'alice', refusing)).toBe(true);
    }
    expect(messages(life, 'blocked').map(({ reason }) => reason)).toEqual(['replica-failed']);
    expect(await rotateUser(life, { userName: 'alice', action: 'rotate' }, refusing)).toMatchObject({
      status: 'changed',
    });
  });

  it('that somebody added are taken off before a value is written', async () => {
    const life = await createStored();
    configure(life, { replicaRegions: ['cn-north-1'], kmsKeyId: 'alias/theirs' });
    const from = life.aws.calls.length;
    expect(await rotateUser(life, { userName: 'alice', action: 'rotate' })).toMatchObject({ status: 'changed' });
    expect(stateOf(life)?.replicaRegions).toEqual([]);
    expect(stateOf(life)?.kmsKeyId).toBe('alias/aws/secretsmanager');
    const order = writes(life, from);
    const value = order.indexOf('secretsmanager:PutSecretValue');
    expect(order.indexOf('secretsmanager:RemoveRegionsFromReplication')).toBeLessThan(value);
    expect(order.indexOf('secretsmanager:UpdateSecret')).toBeLessThan(value);
    expect(order.indexOf('secretsmanager:PutResourcePolicy')).toBeLessThan(
      order.indexOf('secretsmanager:RemoveRegionsFromReplication'),
    );
  });

  it('cost a user who needs nothing no call', async () => {
    const life = await createStored(replicated);
    await days(life, 2);
    // The first pass of a container asks for the key of the state.
    await pass(life, 'alice');
    const from = life.aws.calls.length;
    await pass(life, 'alice');
    expect(life.aws.calls.slice(from).map(({ operation }) => operation)).toEqual([
      'GetUser',
      'ListAccessKeys',
      'DescribeSecret',
    ]);
  });
});

describe('a crowded secret', () => {
  const crowd = (life: Life, count: number) =>
    life.aws.secrets.setTags(
      secretNameOf(life.userId),
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`team-${n}`, 'x'])),
    );

  it('is told of once a week, and nothing is begun that could not be remembered', async () => {
    const life = await createStored({ ageDays: 95 });
    crowd(life, 49 - Object.keys(tagsOf(life, life.userId)).length);
    life.aws.clock.advance(95 * DAY);
    use(life, Object.keys(keysOf(life))[0]);
    const before = keysOf(life);
    life.aws.sns.published.length = 0;
    await live(life, { from: 0, to: 20 });
    expect(keysOf(life)).toEqual(before);
    const told = messages(life).map(({ event, reason }) => `${event} ${reason}`);
    expect(new Set(told)).toEqual(new Set(['blocked too-many-tags']));
    expect(told).toHaveLength(3);
  });

  it('keeps no exposed key in use', async () => {
    const life = await createStored();
    crowd(life, 49 - Object.keys(tagsOf(life, life.userId)).length);
    const [exposed = ''] = Object.keys(keysOf(life));
    const found = { ...event, detail: { ...event.detail, affectedEntities: [{ entityValue: exposed }] } };
    await invoke(life, 'exposed-key', createExposedKey(life.runtime('exposed-key')), found);
    expect(keysOf(life)).toEqual({ [exposed]: 'Inactive' });
  });

  it('keeps no orphan in use', async () => {
    const life = await createStored();
    const [old = ''] = Object.keys(keysOf(life));
    const crash: BeforeCall = ({ operation }) =>
      operation === 'CreateAccessKey' ? { kind: 'crash-after' } : undefined;
    await expect(rotateUser(life, { userName: 'alice', action: 'rotate' }, crash)).rejects.toThrow();
    crowd(life, 49 - Object.keys(tagsOf(life, life.userId)).length);
    life.aws.clock.advance(DAY);
    await pass(life, 'alice');
    expect(keysOf(life)).toEqual({ [old]: 'Active', [newKeyOf(life, [old])]: 'Inactive' });
  });

  it('is what secretTags make of one that was full to the brim', async () => {
    const life = await createStored();
    crowd(life, 33);
    life.aws.clock.advance(DAY);
    life.environment.KEYTURN_SECRET_TAGS = '{"team":"a"}';
    await pass(life, 'alice');
    expect(tagsOf(life, life.userId).team).toBe('a');
    life.environment.KEYTURN_SECRET_TAGS = '{"team":"a","cost center":"42"}';
    expect(await rotateUser(life, { userName: 'alice' })).toMatchObject({ reason: 'too-many-tags' });
  });
});

describe('the tags of an operator', () => {
  it('are given to CreateSecret itself, which is what a policy asks for', async () => {
    const life = createLife({ environment: { KEYTURN_SECRET_TAGS: '{"cost center":"42"}' } });
    await pass(life, 'alice');
    const at = life.aws.calls.findIndex(({ operation }) => operation === 'CreateSecret');
    expect(JSON.stringify(life.aws.calls[at]?.input)).toContain('cost center');
    expect(tagsOf(life, life.userId)['cost center']).toBe('42');
  });
});

describe('a staging label of an operator', () => {
  it('that looks like an access key is taken for none, and never taken off', async () => {
    const life = await createRotated();
    const label = 'PRODUCTIONBLUE2026';
    const version = life.aws.secrets.find(secretNameOf(life.userId))?.versions.at(-1)?.versionId ?? '';
    life.aws.secrets.tamper(secretNameOf(life.userId), { labels: { [label]: version } });
    use(life, life.current);
    await live(life, { from: 0, to: 30 });
    expect(keysOf(life)).toEqual({ [life.current]: 'Active' });
    expect(Object.keys(labelsOf(life, life.userId))).toContain(label);
    expect(messages(life, 'blocked')).toEqual([]);
  });
});
