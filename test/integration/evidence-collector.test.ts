// functions/evidence-collector.ts, shared/service/evidence-collector.ts, shared/aws/evidence/users.ts,
// shared/aws/evidence/buckets.ts, shared/aws/evidence/trails.ts, shared/aws/evidence/own-bucket.ts,
// shared/aws/evidence/snapshot.ts, shared/aws/evidence/unfinished.ts, shared/aws/evidence/key-events.ts,
// shared/aws/evidence/changes.ts, shared/aws/evidence/records.ts, shared/core/evidence/key-event.ts,
// shared/aws/evidence/try-read.ts, shared/aws/evidence/yesterday.ts, shared/core/evidence/manifest.ts
import { describe, expect, test } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { faultsByRule } from '../../local/aws/faults.ts';
import type { ControlId, Finding } from '../../shared/core/evidence/finding.ts';
import { nameRecord } from '../../shared/core/evidence/record-name.ts';
import { formatInstant, HOUR } from '../../shared/core/time.ts';
import { collect, createCollectorWorld, populate, verifiedEvidence } from '../support/collector.ts';
import { evidenceBucket } from '../support/evidence.ts';
import { makeSecret } from '../support/signed.ts';
import { DAY } from '../support/world.ts';

const refuse = (operation: string, code = 'AccessDenied', status = 403) =>
  faultsByRule([{ operation, times: 1_000, fault: { kind: 'error', status, code } }]);

function says(findings: readonly Finding[], control: ControlId): string[] {
  return findings
    .filter((finding) => finding.control.id === control)
    .map(({ resource, status, reason }) => `${resource.userName ?? resource.id} ${status} ${reason}`)
    .toSorted();
}

function setUp() {
  const account = createCollectorWorld();
  populate(account);
  return account;
}

describe('a run', () => {
  test('judges the whole account, whomever Keyturn rotates', async () => {
    const { findings, error, manifest } = await collect(setUp());
    expect(error).toBeUndefined();
    expect(says(findings, 'mfa-console')).toEqual([
      '=cmd not-applicable no-password',
      'alice pass has-mfa',
      'bob fail no-mfa',
      'ci not-applicable no-password',
    ]);
    expect(says(findings, 'key-age')).toEqual([
      '=cmd fail older-than-limit',
      'alice pass younger-than-limit',
      'ci fail older-than-limit',
      'ci pass younger-than-limit',
    ]);
    expect(says(findings, 'bucket-encryption').map((line) => line.split(' ')[1])).toEqual(['pass', 'pass', 'pass']);
    for (const control of [
      'root-keys',
      'root-mfa',
      'trail-covers-all',
      'trail-delivering',
      'evidence-bucket',
    ] as const) {
      expect(says(findings, control)).toEqual([expect.stringContaining(' pass ')]);
    }
    expect(manifest).toMatchObject({ isComplete: true, population: { users: 4, buckets: 3, trails: 1 } });
  });

  test('is whole: its manifest names every file, and the chain names the manifest', async () => {
    const account = setUp();
    await collect(account);
    account.world.aws.clock.advance(DAY);
    await collect(account);
    const { verdicts, valid, digests, objects } = verifiedEvidence(account.world.aws);
    expect(verdicts.filter(({ word }) => word !== 'NOT CHECKED')).toEqual([]);
    expect([digests, valid]).toEqual([2, objects]);
  });

  test('says by whose leave and by which limits it looked, what failed, and what is otherwise than the day before', async () => {
    const account = setUp();
    const denied = await collect(account, refuse('GetEventSelectors'));
    expect(denied.manifest.errors).toMatchObject({ 'cloudtrail:GetEventSelectors': 1 });
    account.world.aws.iam.addUser({ userName: 'dora', keys: [{ ageDays: 91 }] });
    account.world.aws.clock.advance(DAY);
    const { manifest, page, folder } = await collect(account);
    expect(manifest).toMatchObject({
      role: 'keyturn-evidence-collector',
      parameters: { maxAccessKeyAgeDays: 90, lockMode: 'governance', lockDays: 400, expireDays: 0 },
      population: { users: 5, usersInReport: 5, usersMadeSinceReport: 0, usersGoneSinceReport: 0 },
    });
    expect(page).toContain('<td>New user</td><td>dora</td>');
    expect(page).toContain('It follows 111122223333/chain/0000000001.jsonl');
    for (const { name, sha256 } of manifest.files) {
      if (name !== 'index.html') expect(page).toContain(`<td>${name}</td><td>${sha256}</td>`);
    }
    expect(folder).not.toBe(denied.folder);
  });

  test('makes no formula of a name', async () => {
    const account = setUp();
    await collect(account);
    const users = account.world.aws.s3.versions(evidenceBucket).find(({ key }) => key.endsWith('/users.csv'));
    expect(Buffer.from(users?.body ?? '').toString('utf8')).toContain(",'=cmd,");
  });

  test('carries exact facts to the next day, and sees a toggled key as old as it is', async () => {
    const account = setUp();
    const { world } = account;
    await collect(account);
    world.aws.clock.advance(DAY);
    const second = await collect(account);
    const swept = second.calls.get('iam:ListAccessKeys') ?? 0;
    expect(swept).toBeLessThan(3);
    const [old] = world.aws.iam.keysOf('ci').filter(({ createdAt }) => createdAt < world.aws.clock.now() - 90 * DAY);
    world.aws.iam.setKeyStatus(old?.accessKeyId ?? '', 'Inactive');
    world.aws.iam.setKeyStatus(old?.accessKeyId ?? '', 'Active');
    world.aws.clock.advance(DAY);
    const third = await collect(account);
    expect(says(third.findings, 'key-age')).toContain('ci fail older-than-limit');
    const failure = third.findings.find(
      ({ control, status, resource }) => control.id === 'key-age' && status === 'fail' && resource.userName === 'ci',
    );
    expect(failure?.facts).toMatchObject({ ageDays: 103, basis: 'exact' });
    expect(failure?.since).toBe('2026-01-02');
  });

  test('believes nothing of a yesterday that somebody has touched', async () => {
    const account = setUp();
    const { world } = account;
    const { folder } = await collect(account);
    world.aws.s3.put(evidenceBucket, `${folder}findings.json.gz`, 'forged');
    world.aws.clock.advance(DAY);
    const { findings, calls } = await collect(account);
    expect(says(findings, 'evidence-bucket')).toEqual([expect.stringContaining('fail not-as-asked')]);
    expect(calls.get('iam:ListAccessKeys')).toBe(3);
  });
});

describe('what is refused is not known, and everything else is judged', () => {
  test.each<[string, ControlId[]]>([
    ['GetBucketEncryption', ['bucket-encryption', 'evidence-bucket']],
    ['ListBuckets', ['bucket-encryption']],
    ['DescribeTrails', ['trail-covers-all', 'trail-validation', 'trail-delivering']],
    ['GetTrailStatus', ['trail-covers-all', 'trail-validation', 'trail-delivering']],
    ['GetEventSelectors', ['trail-covers-all']],
    [
      'GenerateCredentialReport',
      ['mfa-console', 'root-keys', 'root-mfa', 'root-hardware-mfa', 'key-age', 'one-active-key', 'unused-credentials'],
    ],
    [
      'GetAccountAuthorizationDetails',
      [
        'mfa-console',
        'root-keys',
        'root-mfa',
        'root-hardware-mfa',
        'key-age',
        'one-active-key',
        'unused-credentials',
        'exemption-dated',
      ],
    ],
    ['ListVirtualMFADevices', ['root-hardware-mfa']],
    ['ListAccessKeys', ['key-age', 'one-active-key', 'unused-credentials']],
    ['GetLoginProfile', ['mfa-console', 'unused-credentials']],
    ['GetObjectLockConfiguration', ['evidence-bucket']],
    ['GetBucketPolicy', ['evidence-bucket']],
    ['GetBucketLifecycleConfiguration', ['evidence-bucket']],
    ['LookupEvents', ['changes-reconciled']],
  ])('%s', async (operation, expected) => {
    const { findings, error, page, manifest } = await collect(setUp(), refuse(operation));
    const unknown = findings.filter(({ status }) => status === 'error');
    expect(new Set(unknown.map(({ control }) => control.id))).toEqual(new Set(expected));
    expect(
      findings.some(
        ({ control, status }) => expected.includes(control.id) && status === 'pass' && control.id === 'key-age',
      ),
    ).toBe(false);
    expect(error).toContain('is incomplete');
    expect(page).toContain('INCOMPLETE');
    expect(manifest.isComplete).toBe(false);
    // What is not known says which permission would tell.
    if (operation === 'GetBucketEncryption') {
      expect(unknown[0]?.sentence).toContain('s3:GetEncryptionConfiguration');
    }
  });

  test('one bucket alone, by a policy of its own', async () => {
    const account = setUp();
    account.world.aws.s3.addBucket({
      name: 'payroll',
      policy: { Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::payroll' }] },
    });
    const { findings } = await collect(account);
    expect(says(findings, 'bucket-encryption').filter((line) => !line.includes(' pass '))).toEqual([
      'payroll error denied',
    ]);
  });

  test('what somebody has accepted as not known fails no run, and leaves it incomplete', async () => {
    const account = setUp();
    const seal = { Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::payroll' }] };
    account.world.aws.s3.addBucket({ name: 'payroll', policy: seal });
    const decided = { because: 'sealed', approvedBy: 'Ann', until: '2026-12-31' };
    const exceptions = [{ control: 'bucket-encryption' as const, resource: 'payroll', ...decided }];
    const { error, page, manifest } = await collect(account, undefined, { exceptions });
    expect([error, manifest.isComplete]).toEqual([undefined, false]);
    expect(page).toContain('INCOMPLETE: 1 of');
    expect(page).toContain('<td>Ann</td>');
  });

  test('what the run has no more time for: what is left is written all the same', async () => {
    const account = setUp();
    const { findings, page, error } = await collect(account, ({ operation }) => {
      if (operation === 'DescribeTrails') account.world.aws.clock.advance(850_000);
      return undefined;
    });
    expect(says(findings, 'trail-covers-all')).toEqual(['111122223333 error no-time']);
    expect(says(findings, 'evidence-bucket')).toEqual([expect.stringContaining('error no-time')]);
    expect(page).toContain('The run was over before this could be read.');
    expect(error).toContain('is incomplete');
  });
});

describe('where the bucket takes nothing', () => {
  test.each<[string, (account: ReturnType<typeof setUp>) => BeforeCall | undefined]>([
    ['since it refuses', () => refuse('PutObject')],
    ['since it is gone', ({ world: { aws } }) => void aws.s3.removeBucket(evidenceBucket)],
  ])('%s, the run ends at once, and what it found is in the log', async (_, broken) => {
    const account = setUp();
    const before = broken(account);
    await expect(collect(account, before)).rejects.toThrow();
    expect(account.world.aws.calls.filter(({ operation }) => operation === 'PutObject')).toHaveLength(1);
    const judged = account.world.logged.find((line) => line.includes('"Judged"')) ?? '{}';
    const bob = account.world.aws.iam.users().find(({ userName }) => userName === 'bob');
    const { failures, ...counts } = JSON.parse(judged);
    expect(failures).toContain(`mfa-console/${bob?.userId}`);
    expect(counts).toMatchObject({ fail: failures.length, moreFailures: 0, headBefore: 'none' });
  });
});

describe('the report and the list of users', () => {
  test('of whom one alone has somebody: made since is read exactly, gone since is left out and counted', async () => {
    const account = setUp();
    const { aws } = account.world;
    await collect(account);
    aws.iam.addUser({ userName: 'newcomer', passwordEnabled: true, keys: [{ ageDays: 0 }] });
    aws.iam.deleteUser('bob');
    aws.clock.advance(HOUR);
    const { findings, manifest } = await collect(account);
    const access = findings.find(
      ({ control, resource }) => control.id === 'mfa-console' && resource.userName === 'newcomer',
    );
    expect(access).toMatchObject({ status: 'fail', facts: { basis: 'exact' } });
    expect(says(findings, 'key-age')).toContain('newcomer pass younger-than-limit');
    expect(findings.filter(({ resource }) => resource.userName === 'bob')).toEqual([]);
    expect(manifest.population).toMatchObject({ users: 4, usersInReport: 4 });
    const exact = await collect(account, refuse('GenerateCredentialReport'));
    expect(exact.manifest.population).toMatchObject({ users: 4, usersInReport: null });
  });
});

test('two runs at once are two folders and two digests of one chain', async () => {
  const account = setUp();
  await Promise.all([collect(account), collect(account)]);
  const { verdicts, valid, digests, objects } = verifiedEvidence(account.world.aws);
  expect(verdicts.filter(({ word }) => word !== 'NOT CHECKED')).toEqual([]);
  expect([digests, valid]).toEqual([2, objects]);
});

test('a run may die before or after each of its puts: the next one says what is there of it', async () => {
  // The first file, the manifest, and what names it in the chain: test/proof/evidence-crash.test.ts has every call.
  for (const n of [1, 9, 10]) {
    for (const kind of ['crash-before', 'crash-after'] as const) {
      const account = setUp();
      await collect(account);
      account.world.aws.clock.advance(DAY);
      let put = 0;
      await collect(account, ({ operation }) => {
        if (operation === 'PutObject') put++;
        return put === n && operation === 'PutObject' ? { kind } : undefined;
      }).catch(() => undefined);
      account.world.aws.clock.advance(DAY);
      await collect(account);
      account.world.aws.clock.advance(2 * DAY);
      await collect(account);
      const { verdicts, valid, objects } = verifiedEvidence(account.world.aws);
      expect([n, kind, verdicts.filter(({ word }) => word !== 'NOT CHECKED' && word !== 'GAP')]).toEqual([n, kind, []]);
      expect(valid).toBe(objects);
    }
  }
});

test('a digest that was not signed fails the bucket of evidence on the next day', async () => {
  const account = setUp();
  const { arn } = account.world.aws.kms.addSigningKey({ alias: 'alias/evidence' });
  const signing = { ...account, settings: { ...account.settings, signingKeyArn: arn } };
  const runs = [];
  for (const before of [refuse('Sign'), undefined, undefined]) {
    runs.push(await collect(signing, before));
    account.world.aws.clock.advance(DAY);
  }
  const told = runs.map(({ findings }) => findings.find(({ control }) => control.id === 'evidence-bucket'));
  expect(told.map((finding) => finding?.status)).toEqual(['pass', 'fail', 'pass']);
  expect(told[1]?.sentence).toMatch(/chain\/0000000001\.jsonl is not signed: Cannot call kms:Sign/);
});

describe('what CloudTrail tells of keys and sign-in', () => {
  const changed = (account: ReturnType<typeof setUp>, more: object = {}) =>
    account.world.aws.cloudTrail.addEvent({
      accessKeyId: 'ASIAEXAMPLE',
      // Where IAM's events are, wherever the account is at home.
      region: 'us-east-1',
      eventName: 'DeleteAccessKey',
      eventSource: 'iam.amazonaws.com',
      sourceIp: '192.0.2.1',
      userAgent: 'console',
      at: account.world.aws.clock.now(),
      more: {
        userIdentity: { arn: 'arn:aws:iam::111122223333:user/mallory' },
        requestParameters: { userName: 'alice', accessKeyId: 'AKIAGONE', note: 'private' },
        ...more,
      },
    });
  const files = ({ world }: ReturnType<typeof setUp>, pattern: RegExp) =>
    world.aws.s3
      .versions(evidenceBucket)
      .filter(({ key }) => pattern.test(key))
      .map(({ body }) => Buffer.from(body ?? '').toString('utf8'));

  test('is kept beyond its history, without what nobody asked for', async () => {
    const account = setUp();
    changed(account);
    account.world.aws.clock.advance(HOUR);
    const { error, manifest } = await collect(account);
    const [kept = ''] = files(account, /\/key-changes\.jsonl$/);
    expect(JSON.parse(kept)).toMatchObject({ name: 'DeleteAccessKey', userName: 'alice', accessKeyId: 'AKIAGONE' });
    expect(kept).not.toContain('private');
    expect([error, manifest.problems]).toEqual([undefined, []]);
  });

  test('before the first run is kept as far as CloudTrail has it, and nobody is asked for records of it', async () => {
    const account = setUp();
    const userIdentity = { arn: 'arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/x' };
    for (let n = 0; n < 1_001; n++) changed(account, { userIdentity });
    account.world.aws.clock.advance(80 * DAY);
    const first = await collect(account);
    expect([first.error, first.manifest.problems]).toEqual([undefined, []]);
    expect(
      files(account, /\/key-changes\.jsonl$/)[0]
        ?.trim()
        .split('\n'),
    ).toHaveLength(1_000);
    account.world.aws.clock.advance(4 * DAY);
    expect(says((await collect(account)).findings, 'changes-reconciled')).toEqual(['111122223333 pass reconciled']);
  });

  test('makes a run ask exactly about whom it names, unless the call was refused', async () => {
    const asked = async (more: object) => {
      const account = setUp();
      await collect(account);
      account.world.aws.clock.advance(HOUR);
      changed(account, more);
      // The same report: it is made every four hours at most.
      account.world.aws.clock.advance(HOUR);
      return (await collect(account)).calls.get('iam:ListAccessKeys') ?? 0;
    };
    expect(await asked({})).toBe((await asked({ errorCode: 'AccessDenied' })) + 1);
  });

  test('of the root user since the report leaves it not known until the next report', async () => {
    const account = setUp();
    await collect(account);
    account.world.aws.clock.advance(HOUR);
    const userIdentity = { arn: 'arn:aws:iam::111122223333:root', type: 'Root' };
    changed(account, { userIdentity, requestParameters: null });
    account.world.aws.clock.advance(HOUR);
    const soon = await collect(account);
    expect(says(soon.findings, 'root-keys')).toEqual(['111122223333 error not-re-read']);
    expect(soon.error).toContain('The root user called DeleteAccessKey after the credential report was begun');
    account.world.aws.clock.advance(DAY);
    expect(says((await collect(account)).findings, 'root-keys')).toEqual(['111122223333 pass no-root-key']);
  });

  test('is not known where there is more of it than a run reads, or it is older than AWS keeps', async () => {
    const account = setUp();
    await collect(account);
    for (let n = 0; n < 1_001; n++) changed(account);
    account.world.aws.clock.advance(HOUR);
    const cut = await collect(account);
    expect(says(cut.findings, 'changes-reconciled')).toContain('111122223333 error cut-short');
    expect(cut.error).toContain('CloudTrail has more than 20 pages of DeleteAccessKey');
    account.world.aws.clock.advance(100 * DAY);
    const late = await collect(account);
    expect(says(late.findings, 'changes-reconciled')).toContain('111122223333 error no-longer-kept');
    expect(late.error).toMatch(/CloudTrail no longer has CreateAccessKey from 2026-\S+ to 2026-/);
    account.world.aws.clock.advance(DAY);
    expect(says((await collect(account)).findings, 'changes-reconciled')).toEqual(['111122223333 pass reconciled']);
  });

  test('is asked for again from where it was, after a run that was refused', async () => {
    const account = setUp();
    const { manifest, error } = await collect(account, refuse('LookupEvents'));
    expect(error).toContain('changes-reconciled: CloudTrail did not answer for CreateAccessKey');
    expect(manifest.problems).toContainEqual(expect.stringContaining('CloudTrail did not answer for DeleteAccessKey'));
    changed(account, {});
    account.world.aws.clock.advance(DAY);
    await collect(account);
    const [first = '', second = ''] = files(account, /\/key-changes\.jsonl$/);
    expect([first, second.includes('AKIAGONE')]).toEqual(['', true]);
    const untils = files(account, /\/chain\//).map((text) => JSON.parse(text.split('\n')[0] ?? '').eventsUntil);
    expect(untils[1].DeleteAccessKey > untils[0].DeleteAccessKey).toBe(true);
  });
});

describe('changes of keys are compared with their records', () => {
  const worker = 'arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/keyturn-rotation-worker';
  const KEY = 'AKIAEXAMPLE7F3Q00000';
  const deleteBy = ({ world: { aws } }: ReturnType<typeof setUp>, arn: string) =>
    aws.cloudTrail.addEvent({
      ...{ accessKeyId: 'ASIAEXAMPLE', region: 'us-east-1', eventName: 'DeleteAccessKey' },
      ...{ eventSource: 'iam.amazonaws.com', sourceIp: '192.0.2.1', userAgent: 'aws-sdk' },
      more: { userIdentity: { arn, type: 'AssumedRole' }, requestParameters: { userName: 'ci', accessKeyId: KEY } },
    });
  const record = ({ world: { aws } }: ReturnType<typeof setUp>, more: { at?: number; late?: boolean } = {}) => {
    const { at = aws.clock.now() } = more;
    const transitionId = `deleted/AIDAEXAMPLE000000000/${formatInstant(at)}`;
    const message = { schemaVersion: 1, event: 'deleted', transitionId, at: formatInstant(at), accessKeyId: KEY };
    const body = JSON.stringify({ ...message, accountId: aws.accountId, userId: 'AIDAEXAMPLE000000000' });
    const named = nameRecord(body, { accountId: aws.accountId, isKnown: () => false, now: aws.clock.now() });
    if (named.kind === 'record') aws.s3.put(evidenceBucket, named.key, body);
  };
  const changes = (findings: readonly Finding[]) =>
    findings
      .filter(({ resource }) => resource.type === 'key-change')
      .map(({ status, reason }) => `${status} ${reason}`);

  /** What was before its first run evidence compares with nothing. */
  const begin = async () => {
    const account = setUp();
    await collect(account);
    return account;
  };

  test('both sides: it is confirmed for three days, and read once', async () => {
    const account = await begin();
    deleteBy(account, worker);
    record(account);
    // Without a hash in its name it is no record.
    account.world.aws.s3.put(evidenceBucket, '111122223333/records/2026/01/02/deleted_x.json', '{}');
    account.world.aws.clock.advance(HOUR);
    const first = await collect(account);
    expect([changes(first.findings), first.error]).toEqual([['pass reconciled'], undefined]);
    expect(first.page).toContain('by Keyturn</td>');
    account.world.aws.clock.advance(DAY);
    const read: string[] = [];
    const second = await collect(account, ({ operation, input }) => {
      if (operation === 'GetObject') read.push(JSON.stringify(input));
      return undefined;
    });
    expect(changes(second.findings)).toEqual(['pass reconciled']);
    expect(read.filter((input) => input.includes('/records/'))).toEqual([]);
    account.world.aws.clock.advance(2 * DAY);
    expect(changes((await collect(account)).findings)).toEqual(['pass reconciled']);
    account.world.aws.clock.advance(DAY);
    expect(changes((await collect(account)).findings)).toEqual([]);
  });

  test('ours alone: it is pending for two days, then fails, and settles when the record comes', async () => {
    const account = await begin();
    const { clock } = account.world.aws;
    deleteBy(account, worker);
    const at = clock.now();
    clock.advance(HOUR);
    expect(changes((await collect(account)).findings)).toEqual(['not-applicable pending']);
    for (const _ of [1, 2, 3, 4]) {
      clock.advance(DAY);
      await collect(account);
    }
    clock.advance(DAY);
    const late = await collect(account);
    expect(changes(late.findings)).toEqual(['fail unrecorded']);
    expect(late.error).toBeUndefined();
    record(account, { at });
    clock.advance(HOUR);
    expect(changes((await collect(account)).findings)).toEqual(['pass reconciled']);
  });

  test('ours alone is pending for as long as Keyturn may still go on with it', async () => {
    const account = await begin();
    const { world } = account;
    const [at, deadline] = [0, HOUR].map((more) => formatInstant(world.aws.clock.now() + more));
    const userId = world.aws.iam.users().find(({ userName }) => userName === 'ci')?.userId ?? '';
    await makeSecret(world, userId, {
      doing: `delete ${at} ${deadline} 11111111-1111-4111-8111-111111111111 ${KEY} -`,
    });
    deleteBy(account, worker);
    world.aws.clock.advance(2.5 * DAY);
    expect(changes((await collect(account)).findings)).toEqual(['not-applicable pending']);
    world.aws.clock.advance(DAY);
    expect(changes((await collect(account)).findings)).toEqual(['fail unrecorded']);
  });

  test("a record alone fails as soon as CloudTrail has told everything, and a stranger's change is listed", async () => {
    const account = await begin();
    account.world.aws.clock.advance(HOUR);
    record(account);
    deleteBy(account, 'arn:aws:iam::111122223333:user/mallory');
    expect(changes((await collect(account)).findings)).toEqual(['not-applicable pending']);
    account.world.aws.clock.advance(HOUR);
    expect(changes((await collect(account)).findings)).toEqual(['pass outside-keyturn', 'fail unwitnessed']);
  });

  test.each([
    ['ListObjectsV2', 's3:ListBucket'],
    ['GetObject', 's3:GetObject'],
  ])('where records cannot be read by %s, nothing is said of what Keyturn did', async (operation, action) => {
    const account = await begin();
    deleteBy(account, worker);
    record(account);
    account.world.aws.clock.advance(HOUR);
    const isOfRecords = (input: object) => JSON.stringify(input).includes('/records/');
    const { findings, error } = await collect(account, (call) =>
      call.operation === operation && isOfRecords(call.input)
        ? { kind: 'error', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    expect(changes(findings)).toEqual([]);
    expect(says(findings, 'changes-reconciled')).toEqual(['111122223333 error denied']);
    expect(error).toContain(action);
  });
});
