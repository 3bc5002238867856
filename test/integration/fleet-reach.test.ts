import { describe, expect, it } from 'vitest';
import { type FunctionName, functionCredentials } from '../../local/aws/principals.ts';
import { createRuntime, directLine } from '../../local/host/runtime.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';
import { inMember } from '../../shared/aws/in-member.ts';
import { isRefusedRole } from '../../shared/aws/member-session.ts';
import { listAccounts } from '../../shared/aws/organization.ts';
import { parseFleet } from '../../shared/core/fleet/fleet.ts';
import type { MemberRole } from '../../shared/core/fleet/member-roles.ts';
import { type OrganizationAccount, select } from '../../shared/core/fleet/select.ts';
import { parseInstant } from '../../shared/core/time.ts';
import {
  createFleetOrganization,
  EXTERNAL_ID,
  HUB,
  MEMBERS,
  ORGANIZATION,
  permit,
  UNITS,
} from '../support/organization.ts';

const [SANDBOX, EXCLUDED] = ['777788889999', '888899990000'];
const [, CANARY = '', LAB = ''] = MEMBERS.map(({ accountId }) => accountId);
const fleet = parseFleet({
  organizationId: ORGANIZATION,
  externalId: EXTERNAL_ID,
  select: { organizationalUnits: [UNITS.root] },
  exclude: { organizationalUnits: [UNITS.sandbox], accounts: [EXCLUDED] },
  waves: [
    { name: 'canary', organizationalUnits: [UNITS.canary], enforceFrom: '2026-01-10' },
    { name: 'dev', organizationalUnits: [UNITS.dev], enforceFrom: '2026-02-01' },
    { name: 'prod', organizationalUnits: [UNITS.prod] },
  ],
});

/** As it is deployed: what `fleet.yml` compiles to is all that the functions' roles may take. */
function deployed(): LocalOrganization {
  const accounts = [
    ...MEMBERS,
    { accountId: SANDBOX, parent: UNITS.sandbox },
    { accountId: EXCLUDED, parent: UNITS.dev },
  ];
  const organization = createFleetOrganization({ accounts });
  permit(organization, fleet);
  return organization;
}

function hubOf(organization: LocalOrganization, name: FunctionName) {
  const runtime = createRuntime({
    aws: organization.hub,
    line: directLine(organization.connect(name)),
    credentials: functionCredentials(name),
    environment: {
      KEYTURN_TOPIC_ARN: `arn:aws:sns:eu-west-1:${HUB}:keyturn`,
      KEYTURN_QUEUE_URL: `https://sqs.eu-west-1.amazonaws.com/${HUB}/q.fifo`,
    },
    onLog: () => {},
  });
  return { ...runtime, fleet };
}

/** Whether AWS gives the function a session of that role there, now. */
async function reaches(
  organization: LocalOrganization,
  role: MemberRole,
  { accountId, path }: Pick<OrganizationAccount, 'accountId' | 'path'>,
) {
  const place = { accountId, path, region: 'eu-west-1' };
  const by = role === 'observe' ? 'scheduled-rotation' : 'rotation-worker';
  const user = { userName: 'alice', userId: 'AIDAALICE' };
  const hub = hubOf(organization, by);
  const member =
    role === 'observe'
      ? inMember(hub, place, role, { by, runId: '1' })
      : inMember(hub, place, role, { by, runId: '1', user });
  return member.aws.iam.config.credentials().then(
    () => true,
    (error: unknown) => {
      if (isRefusedRole(error)) return false;
      throw error;
    },
  );
}

async function accountsOf(organization: LocalOrganization): Promise<OrganizationAccount[]> {
  const { aws, sleep } = hubOf(organization, 'scheduled-rotation');
  const accounts: OrganizationAccount[] = [];
  for await (const account of listAccounts(aws, { sleep })) accounts.push(account);
  // Neither has roles of a member.
  return accounts.filter(({ accountId, isManagement }) => !isManagement && accountId !== HUB);
}

describe('the accounts that the hub reaches', () => {
  it.each(['2026-01-09T23:59:00Z', '2026-01-10T00:00:00Z', '2026-01-31T23:59:00Z', '2026-02-01T00:00:00Z'])(
    'are those of fleet.yml, and it changes something only in waves that have begun: %s',
    async (date) => {
      const organization = deployed();
      const now = parseInstant(date) ?? 0;
      for (const account of await accountsOf(organization)) {
        organization.clock.set(now);
        const selection = select(fleet, account, now);
        expect([account.accountId, await reaches(organization, 'observe', account)]).toEqual([
          account.accountId,
          selection.isMember,
        ]);
        organization.clock.set(now);
        expect([account.accountId, await reaches(organization, 'rotate', account)]).toEqual([
          account.accountId,
          selection.isMember && !selection.isDryRun,
        ]);
      }
    },
  );

  it('are others at once when one is moved, paused, or leaves', async () => {
    const organization = deployed();
    organization.clock.set(Date.UTC(2026, 1, 2));
    const path = 'nobody believes it';
    const canReach = (accountId: string) => reaches(organization, 'rotate', { accountId, path });
    expect([await canReach(CANARY), await canReach(LAB)]).toEqual([true, true]);
    organization.account(LAB).iam.setRoleTags('keyturn-rotate', { 'keyturn:paused': 'true' });
    expect([await canReach(CANARY), await canReach(LAB)]).toEqual([true, false]);
    organization.move(CANARY, UNITS.sandbox);
    expect(await canReach(CANARY)).toBe(false);
    organization.move(CANARY, UNITS.canary);
    expect(await canReach(CANARY)).toBe(true);
    organization.leave(CANARY);
    expect(await canReach(CANARY)).toBe(false);
  });
});
