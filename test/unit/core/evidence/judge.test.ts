// shared/core/evidence/judge.ts, shared/core/evidence/judge-users.ts, shared/core/evidence/judge-keys.ts,
// shared/core/evidence/judge-unused.ts, shared/core/evidence/judge-root.ts, shared/core/evidence/judge-buckets.ts,
// shared/core/evidence/judge-trails.ts, shared/core/evidence/judgement.ts, shared/core/evidence/judging.ts,
// shared/core/evidence/controls.ts, shared/core/evidence/snapshot.ts
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controls } from '../../../../shared/core/evidence/controls.ts';
import {
  type ControlId,
  type Finding,
  findingReasons,
  type HandOver,
} from '../../../../shared/core/evidence/finding.ts';
import { type SeenKey, type Snapshot, seen } from '../../../../shared/core/evidence/snapshot.ts';
import type { LastUsed } from '../../../../shared/core/model.ts';
import { DAY, formatDate, SECOND } from '../../../../shared/core/time.ts';
import { C, daysAgo, key, NOW, P, secret, USER } from '../../../support/core/builders.ts';
import {
  ACCOUNT,
  denied,
  findingsOf,
  seenBucket,
  seenKey,
  seenTrail,
  seenUser,
  withKeys,
} from '../../../support/core/snapshots.ts';

const answers = (control: ControlId, more: Partial<Snapshot>, limits = {}): string[] =>
  findingsOf(more, [], limits)
    .filter((finding) => finding.control.id === control)
    .map(({ status, reason }) => `${status} ${reason}`);
const users = (...list: ReturnType<typeof seenUser>[]): Partial<Snapshot> => ({ users: seen(list) });
const access = (hasPassword: boolean, hasMfa: boolean) =>
  seen({ hasPassword, hasMfa, basis: 'exact' as const, readAt: NOW });
const root = (mayHavePassword: boolean, hasMfa: boolean, activeKeys = 0): Partial<Snapshot> => ({
  root: seen({ mayHavePassword, hasMfa, activeKeys, reportedAt: NOW, basis: 'report' }),
});

describe('each control says what it says', () => {
  test.each<[ControlId, string, string, Partial<Snapshot>]>([
    ['mfa-console', 'a password and a device', 'pass has-mfa', users(seenUser('a', { console: access(true, true) }))],
    ['mfa-console', 'a password alone', 'fail no-mfa', users(seenUser('a', { console: access(true, false) }))],
    ['mfa-console', 'no password', 'not-applicable no-password', users(seenUser('a'))],
    ['mfa-console', 'not to be read', 'error denied', users(seenUser('a', { console: denied }))],
    ['mfa-console', 'no users to be read', 'error denied', { users: denied }],
    ['root-keys', 'no key', 'pass no-root-key', {}],
    ['root-keys', 'a key', 'fail root-key', root(true, true, 1)],
    ['root-keys', 'no report', 'error denied', { root: denied }],
    ['root-mfa', 'a device', 'pass has-mfa', {}],
    ['root-mfa', 'no device', 'fail no-mfa', root(true, false)],
    ['root-mfa', 'no credentials', 'not-applicable no-root-credentials', root(false, false)],
    ['root-mfa', 'no password, but a key', 'fail no-mfa', root(false, false, 1)],
    ['root-hardware-mfa', 'no virtual device', 'pass no-virtual-device', {}],
    ['root-hardware-mfa', 'a virtual one', 'fail virtual-device', { rootHasVirtualMfa: seen(true) }],
    ['root-hardware-mfa', 'no list of devices', 'error denied', { rootHasVirtualMfa: denied }],
    ['root-hardware-mfa', 'no device at all', 'fail no-mfa', { ...root(true, false), rootHasVirtualMfa: denied }],
    ['one-active-key', 'no key', 'not-applicable no-key', users(seenUser('a'))],
    ['one-active-key', 'one', 'pass at-most-one', users(seenUser('a', withKeys(seenKey(1))))],
    ['one-active-key', 'two', 'fail two-active', users(seenUser('a', withKeys(seenKey(1), seenKey(2))))],
    ['one-active-key', 'not listed', 'error denied', users(seenUser('a', { keys: denied }))],
    ['bucket-encryption', 'encrypted', 'pass encrypted-as-asked', { buckets: seen([seenBucket('b')]) }],
    [
      'bucket-encryption',
      'none',
      'fail no-default-encryption',
      { buckets: seen([seenBucket('b', { encryption: seen('none') })]) },
    ],
    [
      'bucket-encryption',
      'gone',
      'not-applicable gone',
      { buckets: seen([seenBucket('b', { encryption: seen('gone') })]) },
    ],
    ['bucket-encryption', 'denied', 'error denied', { buckets: seen([seenBucket('b', { encryption: denied })]) }],
    ['bucket-encryption', 'no list', 'error denied', { buckets: denied }],
    ['exemption-dated', 'not exempt', 'not-applicable no-exemption', users(seenUser('a'))],
    ['exemption-dated', 'for ever', 'fail no-end', users(seenUser('a', {}, { 'keyturn:exempt': 'true' }))],
    ['exemption-dated', 'with a date', 'pass dated', users(seenUser('a', {}, { 'keyturn:exempt': '2099-01-01' }))],
    ['exemption-dated', 'over', 'fail ended', users(seenUser('a', {}, { 'keyturn:exempt': '2020-01-01' }))],
  ])('%s: %s', (control, _, expected, snapshot) => {
    expect(answers(control, snapshot)).toEqual([expected]);
  });

  test.each([
    ['kms', 'AES256', undefined, 'fail other-encryption'],
    ['kms', 'aws:kms', undefined, 'pass encrypted-as-asked'],
    ['kms', 'aws:kms:dsse', undefined, 'pass encrypted-as-asked'],
    ['customer-key', 'aws:kms', undefined, 'fail other-encryption'],
    ['customer-key', 'aws:kms', 'arn:aws:kms:eu-west-1:111122223333:alias/aws/s3', 'fail other-encryption'],
    ['customer-key', 'aws:kms', 'arn:aws:kms:eu-west-1:111122223333:key/k', 'pass encrypted-as-asked'],
  ])(
    'a bucket is asked to encrypt by %s, and does by %s with %s',
    (bucketEncryption, algorithm, kmsKeyId, expected) => {
      const more = kmsKeyId === undefined ? {} : { kmsKeyId };
      const encryption = seen({ algorithm, bucketKey: false, blockedTypes: [], ...more });
      expect(
        answers('bucket-encryption', { buckets: seen([seenBucket('b', { encryption })]) }, { bucketEncryption }),
      ).toEqual([expected]);
    },
  );

  test('of a bucket from before 2023 it says that old objects may be unencrypted', () => {
    const [finding] = findingsOf({ buckets: seen([seenBucket('b', { createdAt: Date.UTC(2022, 0, 1) })]) }).filter(
      ({ control }) => control.id === 'bucket-encryption',
    );
    expect(finding?.sentence).toContain('may be unencrypted: S3 Inventory tells.');
  });

  test.each([
    ['limit - 1 s', 90 * DAY - SECOND, 'pass younger-than-limit'],
    ['limit', 90 * DAY, 'fail older-than-limit'],
    ['limit + 1 s', 90 * DAY + SECOND, 'fail older-than-limit'],
  ])('a key at its %s', (_, age, expected) => {
    const one = seenKey(1, { createdAt: NOW - age });
    expect(answers('key-age', users(seenUser('a', withKeys(one))))).toEqual([expected]);
    const inactive = { ...one, status: 'Inactive' };
    expect(answers('key-age', users(seenUser('a', withKeys(inactive))))).toEqual(['not-applicable inactive']);
  });

  test('a user may have a lower limit of their own', () => {
    const own = seenUser('a', withKeys(seenKey(1, { ageDays: 40 })), { 'keyturn:max-age-days': '30' });
    const [finding] = findingsOf(users(own)).filter(({ control }) => control.id === 'key-age');
    expect(finding).toMatchObject({ status: 'fail', facts: { ageDays: 40, limitDays: 30, limitFrom: 'user-tag' } });
    expect(finding?.sentence).toBe('Access key …0001 of a is 40 days old; the limit is 30 days.');
  });

  test("a higher limit of a user's own excuses nothing: the lower of both counts, as in AWS Config", () => {
    const own = seenUser('a', withKeys(seenKey(1, { ageDays: 300 })), { 'keyturn:max-age-days': '365' });
    const [finding] = findingsOf(users(own)).filter(({ control }) => control.id === 'key-age');
    expect(finding).toMatchObject({ status: 'fail', facts: { limitDays: 90, limitFrom: 'setting' } });
  });

  test.each([
    ['used 44 days ago', { at: daysAgo(44), service: 's3', region: 'r' }, 100, 'pass used-lately'],
    ['used 45 days ago', { at: daysAgo(45), service: 's3', region: 'r' }, 100, 'fail unused'],
    ['never used in 44 days', undefined, 44, 'pass used-lately'],
    ['never used in 200 days', undefined, 200, 'fail never-used'],
  ])('a key that was %s', (_, lastUsed, ageDays, expected) => {
    const use = seen({ ...(lastUsed && { lastUsed }), basis: 'exact' as const, readAt: NOW });
    const found = answers('unused-credentials', users(seenUser('a', withKeys(seenKey(1, { ageDays, use })))));
    expect(found).toEqual(['not-applicable no-password', expected]);
  });

  test("our own proof of a key is not its owner's use", () => {
    const createdAt = daysAgo(60);
    const lastUsed = { at: createdAt + 60 * SECOND, service: 'sts', region: 'us-east-1' };
    const one = seenKey(1, { accessKeyId: C, createdAt, lastUsed });
    const found = (more: object) => answers('unused-credentials', users(seenUser('a', { ...withKeys(one), ...more })));
    expect(found({ secret: secret({ current: C }) }).at(-1)).toBe('fail never-used');
    expect(found({}).at(-1)).toBe('fail unused');
  });

  test.each([
    ['used yesterday', daysAgo(1), daysAgo(400), 'pass used-lately'],
    ['never used for 400 days', undefined, daysAgo(400), 'fail never-used'],
    ['never used, but set lately', undefined, daysAgo(4), 'pass used-lately'],
  ])('a password that was %s', (_, lastUsedAt, changedAt, expected) => {
    const password = seen({
      ...(lastUsedAt !== undefined && { lastUsedAt }),
      changedAt,
      basis: 'exact' as const,
      readAt: NOW,
    });
    const user = seenUser('a', { console: access(true, true), password });
    expect(answers('unused-credentials', users(user))).toEqual([expected]);
  });
});

describe('trails', () => {
  const all = (...trails: ReturnType<typeof seenTrail>[]) => ({ trails: seen(trails) });
  const off = { delivery: seen({ isLogging: false, errors: [] }) };
  const readsOnly = { management: seen({ reads: true, writes: false, excludedSources: [] }) };

  test.each<[string, Partial<Snapshot>, string]>([
    ['none', all(), 'fail no-trail'],
    ['one that proves it', all(seenTrail('t')), 'pass trail-proven'],
    ['one of a Region', all(seenTrail('t', { isMultiRegion: false })), 'fail trails-fall-short'],
    ['one that is off', all(seenTrail('t', off)), 'fail trails-fall-short'],
    ['one without writes', all(seenTrail('t', readsOnly)), 'fail trails-fall-short'],
    ['one that could not be read', all(seenTrail('t', { management: denied })), 'error denied'],
    ['one unread beside one proven', all(seenTrail('t', { management: denied }), seenTrail('u')), 'pass trail-proven'],
    ['one unread beside one short', all(seenTrail('t', { delivery: denied }), seenTrail('u', off)), 'error denied'],
    [
      'one that is short by what is known',
      all(seenTrail('t', { ...readsOnly, delivery: denied })),
      'fail trails-fall-short',
    ],
    ['no list', { trails: denied }, 'error denied'],
  ])('%s', (_, snapshot, expected) => {
    expect(answers('trail-covers-all', snapshot)).toEqual([expected]);
  });

  test('two keys of the root user are told as two', () => {
    const [finding] = findingsOf(root(true, true, 2)).filter(({ control }) => control.id === 'root-keys');
    expect(finding?.sentence).toBe('The root user has 2 active access keys.');
  });

  test('sources that a trail leaves out are named', () => {
    const management = seen({ reads: true, writes: true, excludedSources: ['kms.amazonaws.com'] });
    const [finding] = findingsOf(all(seenTrail('t', { management })))
      .filter(({ status }) => status === 'pass')
      .slice(-3);
    expect(finding?.sentence).toContain('but for those of kms.amazonaws.com');
  });

  test.each<[string, Partial<Snapshot>, string, string]>([
    ['as they should be', all(seenTrail('t')), 'pass validated', 'pass delivering'],
    ['not logging', all(seenTrail('t', off)), 'not-applicable no-trail-logs', 'not-applicable no-trail-logs'],
    ['of unknown state', all(seenTrail('t', { delivery: denied })), 'error denied', 'error denied'],
    [
      'that fail',
      all(
        seenTrail('t', {
          isValidated: false,
          delivery: seen({ isLogging: true, deliveredAt: NOW, errors: ['NoSuchBucket'] }),
        }),
      ),
      'fail not-validated',
      'fail not-delivering',
    ],
    [
      'that never delivered',
      all(seenTrail('t', { delivery: seen({ isLogging: true, errors: [] }) })),
      'pass validated',
      'fail not-delivering',
    ],
    [
      'silent for a day',
      all(seenTrail('t', { delivery: seen({ isLogging: true, deliveredAt: daysAgo(1), errors: [] }) })),
      'pass validated',
      'fail not-delivering',
    ],
  ])('%s', (_, snapshot, validation, delivering) => {
    expect(answers('trail-validation', snapshot)).toEqual([validation]);
    expect(answers('trail-delivering', snapshot)).toEqual([delivering]);
  });
});

const used = (days: number) => ({ at: daysAgo(days), service: 's3', region: 'eu-west-1' });

/** Of a user whose key was replaced some days ago, by control. */
function handOversOfFailures({
  previous = {},
  sinceDays = 5,
  tags = {},
}: {
  previous?: Partial<SeenKey> & { lastUsed?: LastUsed };
  sinceDays?: number;
  tags?: Record<string, string>;
}): Map<ControlId, HandOver | null> {
  const { lastUsed, ...rest } = previous;
  const use = (of?: LastUsed) => ({
    use: seen({ ...(of && { lastUsed: of }), basis: 'exact' as const, readAt: NOW }),
  });
  const keys = [
    { ...key(P, { ageDays: 95 }), ...use(lastUsed), ...rest },
    { ...key(C, { ageDays: sinceDays }), ...use() },
  ];
  const theirs = secret({ current: C, previous: P, currentSince: { accessKeyId: C, at: daysAgo(sinceDays) } });
  const replaced = {
    ...seenUser('a'),
    user: { ...USER, tags: { ...USER.tags, ...tags } },
    ...withKeys(...keys),
    secret: theirs,
  };
  const failures = findingsOf(users(replaced)).filter(({ status }) => status === 'fail');
  return new Map(
    failures
      .filter(({ control }) => control.id === 'key-age' || control.id === 'one-active-key')
      .map((finding) => [finding.control.id, finding.handOver]),
  );
}

describe('a failure', () => {
  const old = seenUser('a', withKeys(seenKey(1, { ageDays: 100 })), {
    'keyturn:exempt': '2026-12-31',
    'keyturn:exempt-reason': 'vendor',
  });

  test('that is accepted stays one', () => {
    const [finding] = findingsOf(users(old)).filter(({ control }) => control.id === 'key-age');
    expect(finding).toMatchObject({
      status: 'fail',
      accepted: { until: '2026-12-31', because: 'vendor', approvedAt: null, eventId: null, source: 'tag' },
    });
  });

  test('that Keyturn is about to end says when', () => {
    const handOvers = handOversOfFailures({ previous: { lastUsed: used(1) } });
    for (const control of ['key-age', 'one-active-key'] as const) {
      expect(handOvers.get(control)).toMatchObject({ newAccessKeyId: C, sentence: expect.stringContaining(P) });
    }
    expect(handOvers.get('key-age')?.until).toMatch(/^2026-/);
  });

  test('of a key whose use could not be read is handed over all the same', () => {
    expect(handOversOfFailures({ previous: { use: denied } }).get('key-age')).toMatchObject({ newAccessKeyId: C });
  });

  test('of a user whom Keyturn leaves alone is handed over by nobody', () => {
    const tags = { 'keyturn:exempt': '2026-12-31' };
    expect([...handOversOfFailures({ tags }).values()]).toEqual([null, null]);
  });

  test('says so where it was not known before, until it changes', () => {
    const of = (hasMfa: boolean | undefined) =>
      users(seenUser('a', { console: hasMfa === undefined ? denied : access(true, hasMfa) }));
    const history = (...days: (boolean | undefined)[]) => {
      let before: Finding[] = [];
      return days.map((hasMfa, n) => {
        before = findingsOf({ ...of(hasMfa), at: NOW + n * DAY }, before);
        const found = before.find(({ control }) => control.id === 'mfa-console');
        return `${found?.since === formatDate(NOW) ? 'first' : 'later'} ${found?.isSinceKnown}`;
      });
    };
    expect(history(false, false, undefined, false)).toEqual([
      'first false',
      'first false',
      'later true',
      'first false',
    ]);
    expect(history(false, true, true)).toEqual(['first false', 'later true', 'later true']);
    // Of what could not be read on the first day, the second is the first answer.
    expect(history(undefined, false)).toEqual(['first false', 'later false']);
  });

  test('says since when it is, also over days on which it was not known', () => {
    const on = (day: number, console: ReturnType<typeof access> | typeof denied, before = findingsOf({})) =>
      findingsOf({ at: NOW + day * DAY, ...users(seenUser('a', { console })) }, before);
    const first = on(0, access(true, false));
    const second = on(1, denied, first);
    const third = on(2, denied, second);
    const fourth = on(3, access(true, false), third);
    const fifth = on(4, access(true, true), fourth);
    const dates = [first, second, third, fourth, fifth].map(
      (findings) => findings.find(({ control }) => control.id === 'mfa-console')?.since,
    );
    expect(dates).toEqual([0, 1, 1, 0, 4].map((day) => formatDate(NOW + day * DAY)));
  });
});

test('references are those that were looked up, and no others', () => {
  const marks = { benchmark: '', 'security-hub': ' (Security Hub)', text: ' (text)' } as const;
  const said = Object.entries(controls).map(([control, { references }]): [string, string] => [
    control,
    references.map(({ framework, requirement, basis }) => `${framework} ${requirement}${marks[basis]}`).join(', '),
  ]);
  const cis = (five: string, six: string, seven: string) =>
    `CIS AWS Foundations 5.0 ${five}, CIS AWS Foundations 6.0 ${six}, CIS AWS Foundations 7.0 ${seven}`;
  const by = (framework: string, mark: string) => (requirement: string) => `${framework} ${requirement} (${mark})`;
  const [soc, pci, hub] = [by('SOC 2', 'text'), by('PCI DSS 4.0.1', 'text'), by('AWS Security Hub', 'Security Hub')];
  const [nist, nistOfHub] = [by('NIST 800-53r5', 'text'), by('NIST 800-53r5', 'Security Hub')];
  const table: Record<ControlId, string[]> = {
    'mfa-console': [
      ...[cis('1.9', '2.9', '2.10'), soc('CC6.1'), soc('CC6.6'), hub('IAM.5'), pci('8.4.2')],
      ...[nist('IA-2(1)'), nist('IA-2(2)')],
    ],
    'root-keys': [cis('1.3', '2.3', '2.4'), soc('CC6.1'), hub('IAM.4')],
    'root-mfa': [cis('1.4', '2.4', '2.5'), soc('CC6.6'), hub('IAM.9')],
    'root-hardware-mfa': [cis('1.5', '2.5', '2.6'), hub('IAM.6')],
    'key-age': [
      ...[cis('1.13', '2.13', '2.12'), soc('CC6.1'), hub('IAM.3'), pci('8.6.3'), nist('IA-5(f)')],
      nistOfHub('AC-2(3)'),
    ],
    // The newest edition has none.
    'one-active-key': ['CIS AWS Foundations 5.0 1.12', 'CIS AWS Foundations 6.0 2.12'],
    'unused-credentials': [
      ...[cis('1.11', '2.11', '2.11'), soc('CC6.1'), hub('IAM.22'), pci('8.2.6'), nistOfHub('AC-2(3)')],
    ],
    'bucket-encryption': [soc('CC6.1'), soc('CC6.7'), hub('S3.17'), pci('3.5.1'), nist('SC-28')],
    'trail-covers-all': [cis('3.1', '4.1', '4.1'), soc('CC7.2'), hub('CloudTrail.1'), pci('10.2'), nist('AU-12')],
    'trail-validation': [cis('3.2', '4.2', '4.2'), soc('CC7.3'), hub('CloudTrail.4'), pci('10.3.4'), nist('AU-9')],
    'trail-delivering': [soc('CC7.2'), pci('10.7')],
    'iam-alarms': [
      ...[cis('4.2', '5.2', '5.2'), cis('4.3', '5.3', '5.3'), cis('4.4', '5.4', '5.4'), cis('4.5', '5.5', '5.5')],
      ...[cis('4.6', '5.6', '5.6'), soc('CC7.2')],
      ...[hub('CloudWatch.1'), hub('CloudWatch.4'), hub('CloudWatch.5'), hub('CloudWatch.6')],
    ],
    'evidence-bucket': [soc('CC6.1'), pci('10.3.4'), nist('AU-9')],
    'exemption-dated': [soc('CC6.1')],
    'changes-reconciled': [soc('CC7.2'), soc('CC8.1')],
  };
  expect(said).toEqual(Object.entries(table).map(([control, references]) => [control, references.join(', ')]));
});

test('references name each requirement of a framework once', () => {
  for (const { references } of Object.values(controls)) {
    const names = references.map(({ framework, requirement }) => `${framework} ${requirement}`);
    expect(new Set(names).size).toBe(names.length);
  }
});

/** An account of which any part could not be read. */
const parts = fc.record({
  users: fc.boolean(),
  root: fc.boolean(),
  virtual: fc.boolean(),
  buckets: fc.boolean(),
  trails: fc.boolean(),
  each: fc.array(
    fc.record({
      console: fc.boolean(),
      password: fc.boolean(),
      keys: fc.boolean(),
      use: fc.boolean(),
      encryption: fc.boolean(),
      delivery: fc.boolean(),
      management: fc.boolean(),
      hasPassword: fc.boolean(),
      hasMfa: fc.boolean(),
      isMultiRegion: fc.boolean(),
      ages: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 2 }),
    }),
    { maxLength: 4 },
  ),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

function accountOf({ each, ...lists }: Parts): Partial<Snapshot> {
  const or = <T>(isRead: boolean, value: T) => (isRead ? seen(value) : denied);
  return {
    root: or(lists.root, { mayHavePassword: true, hasMfa: true, activeKeys: 0, reportedAt: NOW, basis: 'report' }),
    rootHasVirtualMfa: or(lists.virtual, false),
    users: or(
      lists.users,
      each.map((one, n) => {
        const keys = one.ages.map((ageDays, index) => {
          const lastUsed = { at: NOW, service: 's3', region: 'r' };
          return seenKey(n * 2 + index, {
            ageDays,
            use: or(one.use, { lastUsed, basis: 'report' as const, readAt: NOW }),
          });
        });
        return seenUser(`u${n}`, {
          console: or(one.console, {
            hasPassword: one.hasPassword,
            hasMfa: one.hasMfa,
            basis: 'report' as const,
            readAt: NOW,
          }),
          password: or(one.password, { lastUsedAt: NOW, changedAt: NOW, basis: 'report' as const, readAt: NOW }),
          keys: or(one.keys, { keys, basis: 'exact' as const, readAt: NOW }),
        });
      }),
    ),
    buckets: or(
      lists.buckets,
      each.map((one, n) => {
        const encryption = { algorithm: 'AES256', bucketKey: false, blockedTypes: [] };
        return seenBucket(`b${n}`, { encryption: or(one.encryption, encryption) });
      }),
    ),
    trails: or(
      lists.trails,
      each.map((one, n) =>
        seenTrail(`t${n}`, {
          isMultiRegion: one.isMultiRegion,
          delivery: or(one.delivery, { isLogging: true, deliveredAt: NOW, errors: [] }),
          management: or(one.management, { reads: true, writes: true, excludedSources: [] }),
        }),
      ),
    ),
  };
}

describe('whatever could not be read', () => {
  test('nothing that depends on it passes', () => {
    fc.assert(
      fc.property(parts, (account) => {
        const passed = findingsOf(accountOf(account)).filter(({ status }) => status === 'pass');
        for (const { control, resource } of passed) {
          const n = Number(/(\d)$/.exec(resource.userName ?? resource.id.split('/').at(-1) ?? '')?.[1]);
          const one = account.each[n];
          const needs: Partial<Record<ControlId, boolean | undefined>> = {
            'mfa-console': account.users && one?.console,
            'key-age': account.users && one?.keys,
            'one-active-key': account.users && one?.keys,
            'unused-credentials':
              account.users && one?.keys && (resource.type === 'iam-user' ? one.password && one.console : one.use),
            'root-keys': account.root,
            'root-mfa': account.root,
            'root-hardware-mfa': account.root && account.virtual,
            'bucket-encryption': account.buckets && one?.encryption,
            'trail-covers-all': account.trails && account.each.some((each) => each.delivery && each.management),
            'trail-validation': account.trails && one?.delivery,
            'trail-delivering': account.trails && one?.delivery,
          };
          expect([control.id, needs[control.id]]).toEqual([control.id, true]);
        }
      }),
    );
  });

  test('every resource has one answer a control, and its reason is of its status', () => {
    fc.assert(
      fc.property(parts, (account) => {
        const findings = findingsOf(accountOf(account));
        const names = findings.map(({ control, resource }) => `${control.id} ${resource.id}`);
        expect(new Set(names).size).toBe(names.length);
        expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
        for (const { status, reason } of findings)
          expect(findingReasons[status] as readonly string[]).toContain(reason);
        if (account.users) {
          const ofUsers = findings.filter(({ control }) => control.id === 'mfa-console');
          expect(ofUsers).toHaveLength(account.each.length);
        }
      }),
    );
  });

  test('an answer in place of a refusal changes nothing that is said of another user or bucket', () => {
    fc.assert(
      fc.property(
        parts,
        fc.nat(3),
        fc.constantFrom('console', 'password', 'keys', 'use', 'encryption'),
        (account, n, part) => {
          fc.pre(account.each[n] !== undefined);
          const withPart = (isRead: boolean) => ({
            ...account,
            each: account.each.map((one, index) => (index === n ? { ...one, [part]: isRead } : one)),
          });
          const others = (isRead: boolean) =>
            findingsOf(accountOf(withPart(isRead))).filter(
              ({ resource }) => resource.userName !== `u${n}` && resource.id !== `b${n}`,
            );
          expect(others(true)).toEqual(others(false));
        },
      ),
    );
  });

  test('the account of each finding is the account', () => {
    for (const { resource } of findingsOf({ users: denied, buckets: denied })) expect(resource.accountId).toBe(ACCOUNT);
  });
});
