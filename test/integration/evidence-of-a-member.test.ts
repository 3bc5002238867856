// shared/service/evidence-collector.ts, for an account of a fleet: its evidence lies in the bucket of the hub.
import { expect, test } from 'vitest';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import { inMember } from '../../shared/aws/in-member.ts';
import { collectEvidence } from '../../shared/service/evidence-collector.ts';
import { hasFleet } from '../../shared/service/has-fleet.ts';
import { addEvidenceBucket, evidenceBucket } from '../support/evidence.ts';
import { createFleetWorld } from '../support/fleet-world.ts';
import { HUB } from '../support/organization.ts';

const MEMBER = '444455556666';

test('what is seen is the member, and what is kept is below its number in the bucket of the hub', async () => {
  const world = createFleetWorld({ parameters: { Evidence: 'true' } });
  const { organization, hub } = world;
  const member = organization.account(MEMBER);
  member.iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
  member.cloudTrail.addTrail({ name: 'all' });
  member.s3.addBucket({ name: 'data-of-the-member' });
  hub.iam.addUser({ userName: 'somebody-else', keys: [{ ageDays: 100 }] });
  const settings = { ...addEvidenceBucket(hub), accountId: MEMBER };
  const runtime = world.runtime('evidence-collector');
  if (!hasFleet(runtime)) throw new Error('There is no fleet.');
  const path = organization.pathOf(MEMBER);
  const place = { accountId: MEMBER, path, region: organization.region };
  const startedAt = hub.clock.now();
  const invocation = { runId: '12345678-1', startedAt, deadlineAt: startedAt + 900_000, functionName: 'collector' };
  const answer = await collectEvidence(
    inMember(runtime, place, 'observe', { by: 'evidence-collector', runId: invocation.runId }),
    invocation,
    { action: 'collect', trigger: 'hand' },
    { settings, limits: { bucketEncryption: 'any', unusedCredentialDays: 45 }, version: '0.0.0' },
  );
  expect(answer).toMatchObject({ accountId: MEMBER, isComplete: true });
  const kept = hub.s3.versions(evidenceBucket);
  expect(kept.length).toBeGreaterThan(8);
  expect(kept.filter(({ key }) => !key.startsWith(`${MEMBER}/`))).toEqual([]);
  const textOf = (name: RegExp) => String(Buffer.from(kept.find(({ key }) => name.test(key))?.body ?? ''));
  expect(textOf(/users\.csv$/)).toContain('alice');
  expect(textOf(/users\.csv$/)).not.toContain('somebody-else');
  expect(textOf(/buckets\.csv$/)).toContain('data-of-the-member');
  expect(crossTalk(organization.calls, HUB)).toEqual([]);
});
