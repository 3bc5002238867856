// Tests of shared/aws/foresee-refusals.ts.
import { expect, it } from 'vitest';
import type { BeforeCall } from '../../../local/aws/aws.ts';
import { functionCredentials } from '../../../local/aws/principals.ts';
import { createRuntime, directLine } from '../../../local/host/runtime.ts';
import type { LocalOrganization } from '../../../local/organization/organization.ts';
import { foreseeRefusals } from '../../../shared/aws/foresee-refusals.ts';
import { inMember } from '../../../shared/aws/in-member.ts';
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
  ...{ organizationId: ORGANIZATION, externalId: EXTERNAL_ID },
  select: { organizationalUnits: [UNITS.root] },
});

const ofTwoRegions = { ...fleet, formerRegions: ['eu-central-1'] };

function foresee(organization: LocalOrganization, before?: BeforeCall, as = fleet) {
  const hub = createRuntime({
    aws: organization.hub,
    line: directLine(organization.connect('scheduled-rotation', before)),
    credentials: functionCredentials('scheduled-rotation'),
    environment: {
      KEYTURN_TOPIC_ARN: `arn:aws:sns:eu-west-1:${HUB}:keyturn`,
      KEYTURN_QUEUE_URL: `https://sqs.eu-west-1.amazonaws.com/${HUB}/q.fifo`,
    },
    onLog: () => {},
  });
  const place = { accountId: PAYMENTS, path: `${ORGANIZATION}/${UNITS.root}/${UNITS.prod}/`, region: 'eu-west-1' };
  const member = inMember({ ...hub, fleet: as }, place, 'observe', { by: 'check', runId: '1' });
  return foreseeRefusals(member, place);
}

const refusing =
  (named: string, code: string, message = 'No.'): BeforeCall =>
  ({ operation }) =>
    operation === named ? { kind: 'error', status: 400, code, message } : undefined;

it('the template allows what a rotation needs', async () => {
  expect(await foresee(createFleetOrganization())).toEqual([]);
});

it('a policy of the organization is named', async () => {
  const organization = createFleetOrganization();
  organization.account(PAYMENTS).iam.simulateOrganization(['iam:CreateAccessKey']);
  expect(await foresee(organization)).toMatchObject([{ reason: 'denied-by-organization', isRefusal: true }]);
});

it('a role whose policy is not the one of the template is named with what it lacks', async () => {
  const organization = createFleetOrganization();
  const { iam } = organization.account(PAYMENTS);
  const rotate = rolesOfMember(PAYMENTS).find(({ name }) => name === 'keyturn-rotate');
  if (rotate === undefined) throw new Error('no role');
  iam.deleteRole('keyturn-rotate');
  iam.putRole(JSON.parse(JSON.stringify(rotate).replaceAll('"iam:DeleteAccessKey"', '"iam:ListAccessKeys"')));
  const [found] = await foresee(organization);
  expect(found).toMatchObject({ reason: 'denied-in-account', message: expect.stringContaining('iam:DeleteAccessKey') });
});

it('of a role that is not there nothing is simulated', async () => {
  const organization = createFleetOrganization();
  organization.account(PAYMENTS).iam.deleteRole('keyturn-rotate');
  expect(await foresee(organization)).toEqual([]);
});

const scp = 'not authorized to perform: secretsmanager:ListSecrets with an explicit deny in a service control policy';

it.each([
  ['UnrecognizedClientException', 'The security token included in the request is invalid', 'region-not-enabled'],
  ['AccessDeniedException', scp, 'denied-by-organization'],
  ['AccessDeniedException', 'not authorized to perform: secretsmanager:ListSecrets', 'denied-in-account'],
])('a Region that is not enabled is told from a denial: %s, %s', async (code, message, reason) => {
  const found = await foresee(createFleetOrganization(), refusing('ListSecrets', code, message));
  expect(found).toMatchObject([{ reason, isRefusal: true, message: expect.stringContaining('eu-west-1') }]);
});

it('in another Region of the fleet a denial is named, and a Region that is not enabled is none', async () => {
  const organization = createFleetOrganization();
  expect(await foresee(organization, undefined, ofTwoRegions)).toEqual([]);
  let lists = 0;
  const second: BeforeCall = (call) =>
    call.operation === 'ListSecrets' && ++lists === 2
      ? { kind: 'error', status: 400, code: 'AccessDeniedException', message: scp }
      : undefined;
  expect(await foresee(organization, second, ofTwoRegions)).toMatchObject([
    {
      ...{ reason: 'denied-by-organization', isRefusal: true },
      message: expect.stringContaining(`Whether secrets of ${PAYMENTS} are in eu-central-1 too cannot be seen`),
    },
  ]);
  organization.account(PAYMENTS).disableRegion('eu-central-1');
  expect(await foresee(organization, undefined, ofTwoRegions)).toEqual([]);
});

it('without the permission to simulate nothing is known, and nobody is kept from the account', async () => {
  const found = await foresee(createFleetOrganization(), refusing('SimulatePrincipalPolicy', 'AccessDenied'));
  expect(found).toMatchObject([{ reason: 'not-simulated', isRefusal: false }]);
});

it('AWS that is busy is no finding', async () => {
  const busy = foresee(createFleetOrganization(), refusing('SimulatePrincipalPolicy', 'Throttling'));
  await expect(busy).rejects.toMatchObject({ isTransient: true });
});
