// Tests of shared/aws/runtime.ts.

import { describe, expect, it } from 'vitest';
import { createAws } from '../../shared/aws/clients.ts';
import { inMember } from '../../shared/aws/in-member.ts';
import type { InAccount } from '../../shared/aws/member-session.ts';
import type { Runtime } from '../../shared/aws/runtime.ts';
import { parseFleet } from '../../shared/core/fleet/fleet.ts';
import { sessionPolicy } from '../../shared/core/fleet/session-policy.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { environment } from '../support/core/builders.ts';

const fleet = parseFleet({
  organizationId: 'o-a1b2c3d4e5',
  externalId: 'c0ffee00-0000-4000-8000-000000000000',
  select: { organizationalUnits: ['r-ab12'] },
  settings: [
    {
      accounts: ['444455556666'],
      region: 'eu-central-1',
      graceDays: 3,
      kmsKeyId: 'arn:aws:kms:{region}:{accountId}:key/12345678-90ab-cdef-1234-567890abcdef',
    },
  ],
});
const place = { accountId: '444455556666', path: 'o-a1b2c3d4e5/r-ab12/444455556666/', region: 'eu-west-1' };
const alice = { userName: 'alice', userId: 'AIDAALICE' };

/** A runtime that shows which session it was asked for. */
function hub(settings: Record<string, string> = {}) {
  const asked: InAccount[] = [];
  const aws = createAws({ region: 'eu-west-1', credentials: { accessKeyId: 'ASIAHUB', secretAccessKey: 'x' } });
  const nothing = { info: () => {}, warn: () => {}, error: () => {} };
  const runtime: Runtime & { fleet: typeof fleet } = {
    fleet,
    aws: {
      ...aws,
      inAccount(target) {
        asked.push(target);
        return aws;
      },
    },
    environment: environment(settings),
    clock: () => 5,
    sleep: async () => {},
    newRunId: () => 'run',
    log: nothing,
    meter: { add: () => {} },
    memory: { stateKeys: new Map(), audiences: new Map() },
  };
  return { runtime, asked };
}

describe('the runtime in a member', () => {
  it('has the settings of the account', () => {
    const { runtime } = hub({ KEYTURN_GRACE_DAYS: '20' });
    const member = inMember(runtime, place, 'observe', { by: 'scheduled-rotation', runId: '1' });
    expect(parseSettings(member.environment)).toMatchObject({
      graceDays: 3,
      kmsKeyId: 'arn:aws:kms:eu-central-1:444455556666:key/12345678-90ab-cdef-1234-567890abcdef',
    });
    expect(parseSettings(runtime.environment)).toMatchObject({ graceDays: 20 });
  });

  it('looks for an hour, at everything that the role sees', () => {
    const { runtime, asked } = hub({ KEYTURN_ROLE_SUFFIX: '-a' });
    inMember(runtime, place, 'observe', { by: 'scheduled-rotation', runId: '1' });
    expect(asked).toEqual([
      {
        ...{ accountId: '444455556666', region: 'eu-central-1', role: 'observe', roleSuffix: '-a' },
        ...{ externalId: fleet.externalId, sessionName: 'keyturn-scheduled-rotation-1', durationSeconds: 3_600 },
        otherRegions: ['eu-west-1'],
        refused: { until: expect.any(Map), clock: runtime.clock },
      },
    ]);
  });

  it('rotates for a quarter of an hour, one user and one secret of the account’s Region', () => {
    const { runtime, asked } = hub();
    inMember(runtime, place, 'rotate', { by: 'rotation-worker', runId: '1', user: alice });
    const policy = sessionPolicy(
      { accountId: place.accountId, region: 'eu-central-1', otherRegions: ['eu-west-1'], ...alice },
      parseSettings(environment()),
    );
    expect(asked).toMatchObject([{ role: 'rotate', durationSeconds: 900, policy }]);
  });

  it('has a session name that STS takes', () => {
    const { runtime, asked } = hub();
    inMember(runtime, place, 'observe', { by: 'scheduled-rotation', runId: `2026-12-01T06:00:00Z/${'x'.repeat(80)}` });
    expect(asked[0]?.sessionName).toMatch(/^keyturn-scheduled-rotation-2026-12-01T06-00-00Z-x+$/);
    expect(asked[0]?.sessionName).toHaveLength(64);
  });

  it('remembers refusals in the container, not in the account', () => {
    const { runtime, asked } = hub();
    for (const runId of ['1', '2']) inMember(runtime, place, 'observe', { by: 'rotate-user', runId });
    expect(asked[0]?.refused?.until).toBe(asked[1]?.refused?.until);
    expect(runtime.memory.refusedRoles).toBe(asked[0]?.refused?.until);
  });
});
