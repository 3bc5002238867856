// shared/service/evidence-of.ts, shared/service/fleet-evidence.ts, shared/aws/invoke.ts: evidence of an account of a fleet
// lies in the bucket of the hub.
import { describe, expect, test } from 'vitest';
import { createEvidenceCollector } from '../../functions/evidence-collector.ts';
import { createEvidenceRecorder } from '../../functions/evidence-recorder.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { functionRoleArn } from '../../local/aws/principals.ts';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import { addEvidenceBucket, evidenceBucket, evidenceEnvironment } from '../support/evidence.ts';
import { createFleetWorld, type FleetWorldOptions, lambda } from '../support/fleet-world.ts';
import { HUB, MEMBERS, UNITS } from '../support/organization.ts';

const MEMBER = '444455556666';
const NAME = 'keyturn-test-evidence-collector';

function setUp(options: FleetWorldOptions = {}) {
  const world = createFleetWorld({ parameters: { Evidence: 'true' }, ...options });
  const { organization, hub } = world;
  for (const aws of [hub, ...MEMBERS.map(({ accountId }) => organization.account(accountId))]) {
    aws.iam.addUser({ userName: `alice-of-${aws.accountId}`, keys: [{ ageDays: 100 }] });
    aws.cloudTrail.addTrail({ name: 'all' });
  }
  organization.account(MEMBER).s3.addBucket({ name: 'data-of-the-member' });
  Object.assign(world.environment, evidenceEnvironment(addEvidenceBucket(hub)));
  const collector = (before?: BeforeCall) =>
    lambda(world, 'evidence-collector', createEvidenceCollector(world.runtime('evidence-collector', before)));
  const roleArn = functionRoleArn(HUB, 'evidence-collector');
  hub.lambda.deploy({ functionName: NAME, roleArn, environment: world.environment, handler: collector() });
  const kept = () => hub.s3.versions(evidenceBucket);
  const accounts = () => [...new Set(kept().map(({ key }) => key.slice(0, 12)))].sort();
  return { ...world, collector, kept, accounts };
}

describe('a member that is named', () => {
  test('is seen by its own role, and kept below its number in the bucket of the hub', async () => {
    const { collector, kept, accounts, organization } = setUp();
    expect(await collector()({ accountId: MEMBER })).toMatchObject({ accountId: MEMBER, isComplete: true });
    expect(accounts()).toEqual([MEMBER]);
    const textOf = (name: RegExp) => String(Buffer.from(kept().find(({ key }) => name.test(key))?.body ?? ''));
    expect(textOf(/users\.csv$/)).toContain(`alice-of-${MEMBER}`);
    expect(textOf(/users\.csv$/)).not.toContain(`alice-of-${HUB}`);
    expect(textOf(/buckets\.csv$/)).toContain('data-of-the-member');
    expect(crossTalk(organization.calls, HUB)).toEqual([]);
  });

  test('must be of the fleet', async () => {
    const { collector, kept } = setUp();
    await expect(collector()({ accountId: '777788889999' })).rejects.toThrow('777788889999 is not in organization');
    expect(kept()).toEqual([]);
  });

  test('may be the hub itself, whose own role looks then', async () => {
    const { collector, accounts } = setUp();
    await collector()({ accountId: HUB });
    await collector()({});
    expect(accounts()).toEqual([HUB]);
  });
});

describe('the schedule', () => {
  const scheduled = { scheduledAt: '2026-01-01T02:00:00Z' };

  test('collects the hub, and begins an invocation for every member', async () => {
    const { collector, accounts, hub, organization } = setUp();
    expect(await collector()(scheduled)).toMatchObject({ accountId: HUB, isComplete: true });
    await hub.lambda.settled();
    expect(accounts()).toEqual([HUB, ...MEMBERS.map(({ accountId }) => accountId)].sort());
    expect(crossTalk(organization.calls, HUB)).toEqual([]);
  });

  test('leaves out whom the fleet does not select, by its tags too', async () => {
    const { collector, accounts, hub } = setUp({
      fleet: { select: { organizationalUnits: [UNITS.prod], tags: { evidence: 'yes' } } },
      accounts: MEMBERS.map((member) =>
        member.accountId === MEMBER ? { ...member, tags: { evidence: 'yes' } } : member,
      ),
    });
    await collector()(scheduled);
    await hub.lambda.settled();
    expect(accounts()).toEqual([HUB, MEMBER].sort());
  });

  test('goes on where one cannot be begun, and fails for it after all', async () => {
    const { collector, accounts, hub } = setUp();
    const refused: BeforeCall = ({ operation, input }) =>
      operation === 'Invoke' && String(input.Payload).includes(MEMBER)
        ? { kind: 'error', status: 403, code: 'AccessDeniedException' }
        : undefined;
    await expect(collector(refused)(scheduled)).rejects.toThrow(`Not all members are collected. ${MEMBER}: `);
    await hub.lambda.settled();
    expect(accounts()).toHaveLength(MEMBERS.length);
    expect(accounts()).not.toContain(MEMBER);
  });

  test('fails for the hub where that is what failed', async () => {
    const { collector } = setUp();
    const refused: BeforeCall = ({ operation }) =>
      operation === 'DescribeTrails' ? { kind: 'error', status: 403, code: 'AccessDeniedException' } : undefined;
    await expect(collector(refused)(scheduled)).rejects.toThrow(`The evidence below ${HUB}/runs/`);
  });

  test('names a member that could not be begun where the hub failed as well', async () => {
    const { collector } = setUp();
    const refused: BeforeCall = ({ operation, input }) =>
      operation === 'DescribeTrails' || (operation === 'Invoke' && String(input.Payload).includes(MEMBER))
        ? { kind: 'error', status: 403, code: 'AccessDeniedException' }
        : undefined;
    const failed = expect(collector(refused)(scheduled)).rejects;
    await failed.toThrow(new RegExp(`The evidence below ${HUB}/runs/.* Not all members are collected\\. ${MEMBER}: `));
  });
});

describe('a message', () => {
  const told = (accountId: string, n = 1) => ({
    Records: [
      {
        messageId: `message-${n}`,
        body: JSON.stringify({
          ...{ schemaVersion: 1, event: 'issued', accountId, at: '2026-01-01T06:00:00.000Z' },
          ...{
            userId: `AIDAEXAMPLE00000000${n}`,
            transitionId: `issue/AIDAEXAMPLE00000000${n}/2026-01-01T06:00:00.000Z`,
          },
        }),
      },
    ],
  });
  const recorderOf = (world: ReturnType<typeof setUp>, before?: BeforeCall) =>
    lambda(world, 'evidence-recorder', createEvidenceRecorder(world.runtime('evidence-recorder', before)));

  test('about a member is kept below its account, and whose it is is asked once', async () => {
    const world = setUp();
    const recorder = recorderOf(world);
    for (const n of [1, 2]) expect(await recorder(told(MEMBER, n))).toEqual({ batchItemFailures: [] });
    const keys = world.kept().map(({ key }) => key.replace(/\.[0-9a-f]{64}/, ''));
    const name = (n: number) => `${MEMBER}/records/2026/01/01/issued_AIDAEXAMPLE00000000${n}_20260101T060000000Z.json`;
    expect(keys).toEqual([name(1), name(2)]);
    const asked = world.organization.calls.filter(({ call }) => call.operation === 'DescribeAccount');
    expect(asked).toHaveLength(1);
  });

  test.each(['777788889999', '000011112222'])(
    'about %s, of no member, is kept by its hash alone',
    async (accountId) => {
      const world = setUp();
      const recorder = recorderOf(world);
      for (const n of [1, 2]) await recorder(told(accountId, n));
      for (const { key } of world.kept()) expect(key).toMatch(new RegExp(`^${HUB}/records/2026/01/01/other_`));
      expect(world.kept()).toHaveLength(2);
    },
  );

  test('waits while the organization does not answer', async () => {
    const world = setUp();
    const refused: BeforeCall = ({ operation }) =>
      operation === 'DescribeAccount' ? { kind: 'error', status: 400, code: 'AccessDeniedException' } : undefined;
    const answer = await recorderOf(world, refused)(told(MEMBER));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }] });
    expect(world.kept()).toEqual([]);
  });
});

test('a deployment without a fleet knows no other account', async () => {
  const world = setUp();
  const { fleet: _, ...alone } = { fleet: undefined, ...world.runtime('evidence-collector') };
  const collect = lambda(world, 'evidence-collector', createEvidenceCollector(alone));
  await expect(collect({ accountId: MEMBER })).rejects.toThrow(`looks after ${HUB} only`);
});
