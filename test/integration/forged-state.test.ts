// Tests of shared/apply/authorship.ts and shared/core/signed-state.ts: state that others wrote.

import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import {
  createLife,
  createRotated,
  createStored,
  keysOf,
  type Life,
  live,
  messages,
  secretNameOf,
  tagOf,
  tagsOf,
  thrownBy,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { makeSecret as makeOwnSecret, setSigned, signed } from '../support/signed.ts';
import { createWorld, DAY, pass, rotateUser, type World } from '../support/world.ts';

searchForSecretsAfterEach();

/** Somebody with every permission on Secrets Manager, and none on IAM. */
const attackerOf = (world: World) => world.runtime('operator').aws.secrets;

const iso = ({ aws }: World, days: number): string => new Date(aws.clock.now() + days * DAY).toISOString();

async function makeSecret(world: World, userId: string, tags: Record<string, string>): Promise<void> {
  const Tags = Object.entries({ 'user-id': userId, ...tags }).map(([name, Value]) => ({
    Key: `keyturn:${name}`,
    Value,
  }));
  await attackerOf(world).send(new CreateSecretCommand({ Name: secretNameOf(userId), Tags }));
}

async function tag(world: World, userId: string, tags: Record<string, string>): Promise<void> {
  const Tags = Object.entries(tags).map(([name, Value]) => ({ Key: `keyturn:${name}`, Value }));
  await attackerOf(world).send(new TagResourceCommand({ SecretId: secretNameOf(userId), Tags }));
}

async function takePolicyOff(world: World, userId: string): Promise<void> {
  await attackerOf(world).send(new DeleteResourcePolicyCommand({ SecretId: secretNameOf(userId) }));
}

const keyWrites = (world: World, from = 0): string[] => writes(world, from).filter((call) => call.startsWith('iam:'));

/** What moved the worker when tags were believed: the tag, and the key of alice that it is about. */
const forgeries: [string, (life: Life, key: string) => Record<string, string>, { status?: 'Inactive' }][] = [
  [
    'an interrupted roll-back to an Inactive key',
    (life, key) => ({ doing: `roll-back ${iso(life, -0.1)} ${iso(life, -0.05)} run ${key} -` }),
    { status: 'Inactive' },
  ],
  [
    'an interrupted issue at the moment at which the key was made',
    (life) => ({ doing: `issue ${iso(life, -5)} ${iso(life, -4.9)} run - -` }),
    {},
  ],
  [
    'a deactivation eleven days ago',
    (life, key) => ({ deactivated: `${iso(life, -11)} ${key}` }),
    { status: 'Inactive' },
  ],
  [
    'an interrupted deletion',
    (life, key) => ({ doing: `delete ${iso(life, -1)} ${iso(life, -0.9)} run ${key} -` }),
    {},
  ],
  [
    'a grace that is over, with a reminder',
    (life, key) => ({
      'current-since': `${iso(life, -11)} ${key}`,
      announced: `reminder ${iso(life, -1)} ${key}`,
      notice: `${iso(life, -1)} ${key} deactivation ${iso(life, -0.1)}`,
    }),
    {},
  ],
];

type Tags = Record<string, string>;

/** What a forger may put behind a value: nothing, something that looks right, or what we wrote for somebody else. */
const authors: [string, (world: World, tags: Tags) => Promise<Tags>][] = [
  ['no MAC', async (_, tags) => tags],
  ['a made-up MAC', async (_, tags) => mapTags(tags, (value) => `${value} 1${'A'.repeat(22)}`)],
  [
    'the MAC of another secret of ours',
    async (world, tags) => {
      const { userId } = world.aws.iam.addUser({ userName: 'bob', keys: [] });
      await makeOwnSecret(world, userId);
      const theirs = await signed(world, userId, tags);
      return Object.fromEntries(Object.entries(theirs).map(([name, value]) => [name.replace('keyturn:', ''), value]));
    },
  ],
];

function mapTags(tags: Tags, change: (value: string) => string): Tags {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, change(value)]));
}

const forgeriesByAuthor = authors.flatMap(([author, sign]) =>
  forgeries.map(([what, forged, options]) => [author, what, sign, forged, options] as const),
);

function aliceWith({ status }: { status?: 'Inactive' }): Life & { key: string } {
  const life = createLife({ ageDays: 5, usedDaysAgo: undefined });
  const key = life.oldKey;
  if (status !== undefined) life.aws.iam.setKeyStatus(key, status);
  return { ...life, key };
}

describe('a secret of our name that somebody else made moves no key', () => {
  it.each(forgeriesByAuthor)('with %s: %s', async (_, __, sign, forged, options) => {
    const life = aliceWith(options);
    await makeSecret(life, life.userId, await sign(life, forged(life, life.key)));
    const before = keysOf(life);
    await live(life, { from: 0, to: 15 });
    expect(keysOf(life)).toEqual(before);
    expect(keyWrites(life)).toEqual([]);
    expect(messages(life, 'blocked').every(({ reason }) => reason === 'secret-foreign')).toBe(true);
  });
});

describe('tags that somebody writes into our own secret', () => {
  it('are refused by its policy', async () => {
    const life = await createStored();
    const error = await thrownBy(tag(life, life.userId, { hold: '2030-01-01' }));
    expect(error.message).toContain('AccessDeniedException');
  });

  it.each(forgeriesByAuthor)('with %s move no key where the policy was taken off: %s', async (_, __, sign, forged) => {
    const life = await createStored();
    const [key = ''] = Object.keys(keysOf(life));
    await takePolicyOff(life, life.userId);
    const tags = await sign(life, forged(life, key));
    await tag(life, life.userId, tags);
    life.aws.sns.published.length = 0;
    const from = life.aws.calls.length;
    await live(life, { from: 0, to: 15 });
    expect(keyWrites(life, from)).toEqual([]);
    // Told once, and taken off; the policy is back.
    expect(messages(life, 'blocked').map(({ reason }) => reason)).toEqual(['state-unverified']);
    for (const name of Object.keys(tags)) expect(messages(life, 'blocked')[0]?.message).toContain(`keyturn:${name}`);
    expect(Object.keys(tagsOf(life, life.userId))).not.toContain('keyturn:doing');
  });

  it('leave the user alone if they are a hold or an exposure, until somebody has decided', async () => {
    const life = await createRotated();
    await takePolicyOff(life, life.userId);
    await tag(life, life.userId, { hold: '2030-01-01' });
    const from = life.aws.calls.length;
    await live(life, { from: 0, to: 30 });
    expect(keyWrites(life, from)).toEqual([]);
    expect(messages(life, 'blocked')[0]).toMatchObject({ reason: 'state-unverified' });
    const lifted = await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2027-01-01' });
    expect(lifted).toMatchObject({ status: 'changed', reason: 'hold-written' });
  });
});

describe('an intent that was truly signed, and is put back', () => {
  /** A key issued four days ago that its owner has not used, with nothing left that says so but its old intent. */
  async function putBack({ isHeld }: { isHeld: boolean }): Promise<Life> {
    const life = await createRotated();
    const { current } = life;
    const issuedAt = life.aws.iam.keysOf('alice').find(({ accessKeyId }) => accessKeyId === current)?.createdAt ?? 0;
    const others = Object.keys(keysOf(life)).filter((id) => id !== current);
    life.aws.clock.advance(4 * DAY);
    await takePolicyOff(life, life.userId);
    const secret = life.aws.secrets.find(secretNameOf(life.userId));
    const label = secret?.versions.flatMap(({ labels }) => labels).find((each) => each.startsWith(current));
    const VersionId = secret?.versions.find(({ labels }) => labels.includes(label ?? '-'))?.versionId;
    const SecretId = secretNameOf(life.userId);
    const secrets = attackerOf(life);
    const off = { SecretId, VersionStage: label, RemoveFromVersionId: VersionId };
    await secrets.send(new UpdateSecretVersionStageCommand(off));
    await secrets.send(new UntagResourceCommand({ SecretId, TagKeys: ['keyturn:current-since', 'keyturn:doing'] }));
    const [at, deadline] = [issuedAt, issuedAt + 300_000].map((ms) => new Date(ms).toISOString());
    const doing = `issue ${at} ${deadline} 11111111-1111-4111-8111-111111111111 ${others.join('/')} -`;
    await setSigned(life, life.userId, { doing });
    if (isHeld) await tag(life, life.userId, { hold: '2030-01-01' });
    return life;
  }

  it.each([{ isHeld: false }, { isHeld: true }])('takes no key away once it is days old: %j', async (options) => {
    const life = await putBack(options);
    const before = keysOf(life);
    const from = life.aws.calls.length;
    await live(life, { from: 0, to: 5 });
    expect(keyWrites(life, from)).toEqual([]);
    expect(keysOf(life)).toEqual(before);
  });
});

describe('state that others wrote', () => {
  it('stops no rotation: issues of today on 25 secrets of nobody, three failed', async () => {
    const world = createWorld();
    const today = iso(world, 0).slice(0, 10);
    for (let n = 10; n < 35; n++) {
      const failed = n < 13 ? { announced: `failed ${iso(world, 0)} - not-proven` } : {};
      await makeSecret(world, `AIDANOBODYNOBODY${n}00`, { 'issued-on': `${today} schedule`, ...failed });
    }
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
    world.aws.clock.advance(60_000);
    await pass(world, 'alice');
    expect(messages(world).map(({ event }) => event)).toEqual(['issued']);
  });

  it('copied from a secret of ours that was deleted counts for nothing in one made anew', async () => {
    const life = await createRotated();
    const tags = tagsOf(life, life.userId);
    const SecretId = secretNameOf(life.userId);
    await attackerOf(life).send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    const names = Object.entries(tags).map(([name, value]) => [name.replace('keyturn:', ''), value]);
    await makeSecret(life, life.userId, Object.fromEntries(names));
    const from = life.aws.calls.length;
    await live(life, { from: 0, to: 25 });
    expect(keyWrites(life, from)).toEqual([]);
    expect(messages(life, 'blocked')[0]).toMatchObject({ reason: 'secret-foreign' });
  });
});

describe('adopt', () => {
  const adopt = (life: Life, more: object = {}) => rotateUser(life, { userName: 'alice', action: 'adopt', ...more });

  it('signs anew what a lost key had signed, after it was read', async () => {
    const life = await createRotated();
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2030-01-01' });
    life.aws.clock.advance(120_000);
    life.environment.KEYTURN_STATE_EPOCH = '5';
    expect(await rotateUser(life, { userName: 'alice' })).toMatchObject({ reason: 'secret-foreign' });
    const from = life.aws.calls.length;
    const listed = await adopt(life);
    expect(listed).toMatchObject({ status: 'unchanged', reason: 'adopted', outcomes: [] });
    for (const part of [life.previous, life.current, '2030-01-01']) expect(listed.message).toContain(part);
    expect(writes(life, from)).toEqual([]);
    expect(await adopt(life, { force: true })).toMatchObject({ status: 'changed', reason: 'adopted' });
    life.aws.clock.advance(120_000);
    expect(await rotateUser(life, { userName: 'alice' })).toMatchObject({ status: 'unchanged', reason: 'held' });
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2020-01-01' });
    life.aws.clock.advance(120_000);
    await pass(life, 'alice');
    expect(messages(life).at(-1)).toMatchObject({ event: 'grace-restarted' });
    expect((await adopt(life, { force: true })).message).toContain('nothing to sign');
  });

  it('keeps an exposure of a key that is still there', async () => {
    const life = await createRotated();
    await setSigned(life, life.userId, { exposed: `${iso(life, -1)} ${life.previous}` });
    life.aws.clock.advance(120_000);
    life.environment.KEYTURN_STATE_EPOCH = '5';
    expect((await adopt(life)).message).toContain(`that ${life.previous} is exposed`);
    await adopt(life, { force: true });
    expect(tagOf(life, life.userId, 'exposed')).toContain(life.previous);
    expect(life.aws.secrets.find(secretNameOf(life.userId))?.policy).toContain('OwnerWaits');
  });
});

describe('the policy', () => {
  it('is put again when a reader was taken away, for a user who is held too', async () => {
    const life = await createRotated({
      environment: { KEYTURN_READER_ARNS: '["arn:aws:iam::111122223333:role/eso"]' },
    });
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2030-01-01' });
    life.aws.clock.advance(120_000);
    expect(life.aws.secrets.find(secretNameOf(life.userId))?.policy).toContain('role/eso');
    life.environment.KEYTURN_READER_ARNS = '[]';
    const from = life.aws.calls.length;
    await pass(life, 'alice');
    expect(life.aws.secrets.find(secretNameOf(life.userId))?.policy).not.toContain('role/eso');
    expect(writes(life, from)).toEqual(['secretsmanager:PutResourcePolicy', 'secretsmanager:TagResource']);
    await pass(life, 'alice');
    expect(writes(life, from)).toHaveLength(2);
  });

  it('is put by hand, though its hash says that it is there', async () => {
    const life = await createStored();
    await takePolicyOff(life, life.userId);
    expect(await rotateUser(life, { userName: 'alice', action: 'policy' })).toMatchObject({
      status: 'changed',
      reason: 'policy-put',
    });
    expect((await thrownBy(tag(life, life.userId, { hold: '2030-01-01' }))).message).toContain('AccessDeniedException');
  });
});

describe('without the state key', () => {
  it('nothing is changed, the message comes back, and all goes on once KMS answers', async () => {
    const life = createLife();
    life.environment.KEYTURN_STATE_KEY_ARN = `arn:aws:kms:eu-west-1:${life.aws.accountId}:key/gone`;
    expect(await pass(life, 'alice')).toBe(false);
    expect(writes(life)).toEqual([]);
    expect(await rotateUser(life, { userName: 'alice', action: 'rotate' })).toMatchObject({
      status: 'failed',
      reason: 'state-key-unavailable',
    });
    delete life.environment.KEYTURN_STATE_KEY_ARN;
    expect(await pass(life, 'alice')).toBe(true);
    expect(messages(life).map(({ event }) => event)).toEqual(['issued']);
  });
});
