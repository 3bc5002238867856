// Tests of shared/aws/trust.ts.

import { describe, expect, it } from 'vitest';
import type { BeforeCall, LocalAws } from '../../../local/aws/aws.ts';
import { functionCredentials } from '../../../local/aws/principals.ts';
import { createRuntime, directLine } from '../../../local/host/runtime.ts';
import type { LocalOrganization } from '../../../local/organization/organization.ts';
import { inMember } from '../../../shared/aws/in-member.ts';
import { isRefusedRole } from '../../../shared/aws/member-session.ts';
import { admitsStrangers, trustOf } from '../../../shared/aws/trust.ts';
import { parseFleet } from '../../../shared/core/fleet/fleet.ts';
import {
  createFleetOrganization,
  EXTERNAL_ID,
  HUB,
  ORGANIZATION,
  rolesOfMember,
  UNITS,
} from '../../support/organization.ts';

const PAYMENTS = '444455556666';
const fleet = parseFleet({
  organizationId: ORGANIZATION,
  externalId: EXTERNAL_ID,
  select: { organizationalUnits: [UNITS.root] },
});
const environment = {
  KEYTURN_TOPIC_ARN: `arn:aws:sns:eu-west-1:${HUB}:keyturn`,
  KEYTURN_QUEUE_URL: `https://sqs.eu-west-1.amazonaws.com/${HUB}/q.fifo`,
};

function hubOf(organization: LocalOrganization, before?: BeforeCall, settings = {}) {
  const runtime = createRuntime({
    aws: organization.hub,
    line: directLine(organization.connect('scheduled-rotation', before)),
    credentials: functionCredentials('scheduled-rotation'),
    environment: { ...environment, ...settings },
    onLog: () => {},
  });
  return { ...runtime, fleet };
}

const place = (accountId = PAYMENTS) => ({
  accountId,
  path: `${ORGANIZATION}/${UNITS.root}/${UNITS.prod}/`,
  region: 'eu-west-1',
});

async function look(
  organization: LocalOrganization,
  { settings = {}, accountId = PAYMENTS, before }: { settings?: object; accountId?: string; before?: BeforeCall } = {},
) {
  const hub = hubOf(organization, before, settings);
  const member = inMember(hub, place(accountId), 'observe', { by: 'scheduled-rotation', runId: '1' });
  return trustOf(hub, member, place(accountId));
}

const kinds = async (...asked: Parameters<typeof look>) => (await look(...asked)).map(({ kind }) => kind);

function changed(change: (iam: LocalAws['iam']) => void, parameters = {}): LocalOrganization {
  const organization = createFleetOrganization({ parameters });
  change(organization.account(PAYMENTS).iam);
  return organization;
}

function trustOfRole(iam: LocalAws['iam'], role: string, change: (text: string) => string): void {
  iam.setTrust(role, JSON.parse(change(JSON.stringify(iam.role(role)?.trust.document))));
}

describe('the roles of an account', () => {
  it('are as the template makes them', async () => {
    const organization = createFleetOrganization();
    expect(await look(organization)).toEqual([]);
    expect(organization.calls.map(({ call }) => call.operation)).toEqual([
      'GetCallerIdentity',
      'AssumeRole',
      'GetRole',
      'GetRole',
      'AssumeRole',
      'ListRoles',
    ]);
  });

  it('that ask for no external ID are found by trying', async () => {
    const open = (text: string) => text.replace(`,"sts:ExternalId":"${EXTERNAL_ID}/${PAYMENTS}"`, '');
    const organization = changed((iam) => trustOfRole(iam, 'keyturn-observe', open));
    expect(await look(organization)).toMatchObject([
      { kind: 'no-external-id', reason: 'trust-changed', isRefusal: true },
      { kind: 'trust-drifted', isRefusal: true },
    ]);
  });

  it.each(['keyturn-observe', 'keyturn-rotate'])('that let in others are found: %s', async (role) => {
    const organization = changed((iam) =>
      trustOfRole(iam, role, (text) =>
        text.replace('"Action":"sts:AssumeRole"', '"Action":["sts:AssumeRole","sts:TagSession"]'),
      ),
    );
    expect(await look(organization)).toEqual([
      {
        ...{ kind: 'trust-drifted', reason: 'trust-changed', isRefusal: true },
        message: `The trust of ${role} in ${PAYMENTS} is not what its template says: action is sts:AssumeRole, sts:TagSession.`,
      },
    ]);
  });

  it('that may not be read are not believed', async () => {
    const organization = createFleetOrganization();
    const [observe] = rolesOfMember(PAYMENTS);
    if (observe === undefined) throw new Error('no role');
    const blind = JSON.parse(JSON.stringify(observe).replace('"iam:GetRole"', '"iam:GetUser"'));
    organization.account(PAYMENTS).iam.putRole(blind);
    expect(await kinds(organization)).toEqual(['trust-drifted', 'role-missing']);
  });

  it('that are of an older template are named, and used', async () => {
    const older = (text: string) => text.replace(`,"arn:aws:iam::${HUB}:role/keyturn/keyturn-evidence-collector"`, '');
    const organization = changed((iam) => {
      trustOfRole(iam, 'keyturn-observe', older);
      iam.setRoleTags('keyturn-rotate', { 'keyturn:template': '0' });
    });
    const found = await look(organization);
    expect(found.map(({ kind, isRefusal }) => [kind, isRefusal])).toEqual([
      ['template-outdated', false],
      ['template-outdated', false],
    ]);
  });

  it('that are paused, or only look, are not refused', async () => {
    expect(await look(createFleetOrganization({ parameters: { Paused: 'true' } }))).toMatchObject([
      { kind: 'paused', reason: 'paused', isRefusal: false },
    ]);
    expect(await look(createFleetOrganization({ parameters: { Rotates: 'false' } }))).toMatchObject([
      { kind: 'looks-only', reason: 'paused', isRefusal: false },
    ]);
  });

  it('that are not all there are refused', async () => {
    const organization = changed((iam) => iam.deleteRole('keyturn-rotate'));
    expect(await look(organization)).toMatchObject([{ kind: 'role-missing', isRefusal: true }]);
  });

  it('that are for other users than the settings want are named', async () => {
    const settings = { KEYTURN_USER_PATH_PREFIX: '/ops/' };
    const found = await look(createFleetOrganization({ parameters: { UserPathPrefix: '/team/' } }), { settings });
    expect(found).toMatchObject([{ kind: 'parameters-differ', isRefusal: false }]);
  });

  it.each([
    ['CloudtrailLookups', { KEYTURN_CLOUDTRAIL_LOOKUPS: 'true' }],
    ['Evidence', { KEYTURN_KEEP_EVIDENCE: 'true' }],
    ['AwsConfig', { KEYTURN_CREATE_ORGANIZATION_CONFIG_RULE: 'true' }],
  ])('that lack %s, which the hub needs, are named', async (parameter, settings) => {
    expect(await look(createFleetOrganization(), { settings })).toEqual([
      {
        ...{ kind: 'parameters-differ', reason: 'parameters-differ', isRefusal: false },
        message: `keyturn-rotate in ${PAYMENTS} is for a hub that needs no ${parameter}, and this one does.`,
      },
    ]);
    expect(await look(createFleetOrganization({ parameters: { [parameter]: 'true' } }), { settings })).toEqual([]);
  });
});

describe('another who rotates there', () => {
  const role = (name: string, tags = {}) => ({ name, path: '/keyturn/', trust: { Statement: [] }, tags });

  it('is a deployment of its own, or another hub', async () => {
    const own = changed((iam) =>
      ['rotation-worker', 'rotate-user'].map((name) => iam.putRole(role(`keyturn-${name}`))),
    );
    expect(await look(own)).toMatchObject([{ kind: 'own-deployment', reason: 'own-deployment', isRefusal: true }]);
    const second = changed((iam) => iam.putRole(role('keyturn-rotate-b')));
    expect(await look(second)).toMatchObject([{ kind: 'second-hub', reason: 'second-hub', isRefusal: true }]);
  });

  it('is none who is for other users', async () => {
    const organization = changed((iam) =>
      iam.putRole(role('keyturn-rotate-b', { 'keyturn:user-path-prefix': '/ops/' })),
    );
    expect(await kinds(organization, { settings: { KEYTURN_USER_PATH_PREFIX: '/team/' } })).toEqual([]);
    expect(await kinds(organization)).toEqual(['second-hub']);
  });

  it('is not the hub itself, where it is of its own fleet', async () => {
    const organization = createFleetOrganization();
    const { iam } = organization.hub;
    for (const each of rolesOfMember(HUB)) iam.putRole(each);
    iam.putRole(role('keyturn-rotation-worker'));
    expect(await kinds(organization, { accountId: HUB })).toEqual([]);
    iam.putRole(role('keyturn-rotation-worker-b'));
    expect(await kinds(organization, { accountId: HUB })).toEqual(['own-deployment']);
  });
});

describe('what says neither', () => {
  it('is no finding: the role is refused', async () => {
    const organization = changed((iam) => iam.deleteRole('keyturn-observe'));
    await expect(look(organization)).rejects.toSatisfy(isRefusedRole);
  });

  it('is no finding: AWS is busy while a stranger knocks', async () => {
    let taken = 0;
    const before: BeforeCall = ({ operation }) =>
      operation === 'AssumeRole' && taken++ > 0 ? { kind: 'error', status: 500, code: 'InternalFailure' } : undefined;
    await expect(look(createFleetOrganization(), { before })).rejects.toMatchObject({ isTransient: true });
  });

  it('a stranger is refused the role that rotates, too', async () => {
    const organization = createFleetOrganization();
    expect(await admitsStrangers(hubOf(organization), place(), 'rotate')).toBe(false);
  });
});
