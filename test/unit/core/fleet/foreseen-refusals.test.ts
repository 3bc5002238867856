import { expect, it } from 'vitest';
import { refusalsIn, type Simulated } from '../../../../shared/core/fleet/foreseen-refusals.ts';

const fine: Simulated = { action: 'iam:CreateAccessKey', decision: 'allowed', isAllowedByOrganization: true };
const told = (simulated: readonly Simulated[]) => refusalsIn(simulated, 'keyturn-rotate', '444455556666');

it('nothing is said of what is allowed', () => {
  expect(told([fine])).toEqual([]);
});

it('a denial of the organization is told from one in the account, and each is said once', () => {
  const denied = { decision: 'implicitDeny', isAllowedByOrganization: false };
  expect(
    told([
      { ...fine, ...denied },
      { ...denied, action: 'iam:DeleteAccessKey' },
      { ...fine, action: 'secretsmanager:CreateSecret', decision: 'explicitDeny' },
    ]),
  ).toEqual([
    {
      ...{ reason: 'denied-by-organization', isRefusal: true },
      message:
        'A policy of the organization denies iam:CreateAccessKey, iam:DeleteAccessKey to keyturn-rotate in 444455556666.',
    },
    {
      ...{ reason: 'denied-in-account', isRefusal: true },
      message: expect.stringContaining('do not allow secretsmanager:CreateSecret:'),
    },
  ]);
});

it('what AWS does not say of the organization is unknown, and keeps nobody from the account', () => {
  const { isAllowedByOrganization: _, ...unsaid } = fine;
  expect(told([unsaid, { ...unsaid, action: 'iam:DeleteAccessKey', decision: 'implicitDeny' }])).toMatchObject([
    { reason: 'denied-in-account', message: expect.stringContaining('iam:DeleteAccessKey') },
    { reason: 'not-simulated', isRefusal: false, message: expect.stringContaining('iam:CreateAccessKey') },
  ]);
});
