import { describe, expect, it } from 'vitest';
import { parseFleet } from '../../../../shared/core/fleet/fleet.ts';
import {
  dryRunBecause,
  notSelectedReasons,
  type OrganizationAccount,
  select,
} from '../../../../shared/core/fleet/select.ts';
import { DAY, parseDate } from '../../../../shared/core/time.ts';

const [DEV, PROD, SANDBOX] = ['ou-ab12-dev00000', 'ou-ab12-prod0000', 'ou-ab12-sandbox0'];
const [CANARY, NAMED, BANNED] = ['444455556666', '999900001111', '777788889999'];
const BEGINS = parseDate('2026-12-10') ?? 0;

const fleet = parseFleet({
  organizationId: 'o-a1b2c3d4e5',
  externalId: 'f00dfeed',
  select: { organizationalUnits: [DEV, PROD], accounts: [NAMED], tags: { keyturn: 'on' } },
  exclude: { organizationalUnits: [SANDBOX], accounts: [BANNED] },
  waves: [
    { name: 'canary', accounts: [CANARY], enforceFrom: '2026-12-01' },
    { name: 'dev', organizationalUnits: [DEV], enforceFrom: '2026-12-10' },
    { name: 'prod', organizationalUnits: [PROD] },
  ],
});

const account = (over: Partial<OrganizationAccount> = {}): OrganizationAccount => ({
  accountId: '111122223333',
  name: 'payments',
  path: at(DEV),
  state: 'ACTIVE',
  isManagement: false,
  ...over,
});

describe('an account is of the fleet', () => {
  it.each<[string, Partial<OrganizationAccount>, object]>([
    ['and its wave has begun', {}, { wave: 'dev', isDryRun: false, enforceFrom: BEGINS }],
    ['in a unit below', { path: at(DEV, 'ou-ab12-deeper00') }, { wave: 'dev', isDryRun: false }],
    ['with the account at the end of its path', { path: `${at(DEV)}111122223333/` }, { wave: 'dev', isDryRun: false }],
    ['in a wave without a date', { path: at(PROD) }, { wave: 'prod', isDryRun: true }],
    ['in the first wave that names it', { path: at(PROD), accountId: CANARY }, { wave: 'canary', isDryRun: false }],
    ['in no wave', { path: at('ou-ab12-other000'), accountId: NAMED }, { isDryRun: true }],
    ['as the management account, named itself', { isManagement: true, accountId: NAMED }, { isDryRun: false }],
    ['with its tag', { tags: { keyturn: 'on', team: 'a' } }, { isDryRun: false }],
  ])('%s', (_, over, expected) => {
    expect(select(fleet, account(over), BEGINS)).toMatchObject({ isMember: true, ...expected });
  });

  it('in a dry run until the very day of its wave', () => {
    expect(select(fleet, account(), BEGINS - 1)).toMatchObject({ isMember: true, isDryRun: true });
    expect(select(fleet, account(), BEGINS)).toMatchObject({ isMember: true, isDryRun: false });
  });
});

describe('an account is left alone', () => {
  it.each<[string, Partial<OrganizationAccount>, string, string]>([
    ['nobody selected it', { path: at('ou-ab12-other000') }, 'not-selected', 'is named by nothing in select'],
    ['it has no path', { path: '' }, 'not-selected', 'is not in organization o-a1b2c3d4e5'],
    [
      'it is of another organization',
      { path: at(DEV).replace('o-a', 'o-b') },
      'not-selected',
      'is not in organization',
    ],
    ['it was named, but left the organization', { path: 'o-b/', accountId: NAMED }, 'not-selected', 'is not in'],
    ['it is excluded', { accountId: BANNED }, 'excluded', `is excluded by exclude.accounts ${BANNED} (fleet.yml)`],
    ['its unit is', { path: at(DEV, SANDBOX) }, 'excluded', `is excluded by exclude.organizationalUnits ${SANDBOX}`],
    ['a unit above is', { path: at(SANDBOX, DEV) }, 'excluded', 'exclude.organizationalUnits'],
    ['it is suspended', { state: 'SUSPENDED' }, 'not-active', 'is SUSPENDED'],
    ['its state is new', { state: 'DREAMING' }, 'not-active', 'is DREAMING'],
    ['it is the management account', { isManagement: true }, 'management-account', 'select.accounts does not name it'],
    ['its tag is missing', { tags: {} }, 'not-tagged', 'has no tag keyturn with the value on'],
    ['its tag is another', { tags: { keyturn: 'On' } }, 'not-tagged', 'has no tag keyturn'],
  ])('because %s', (_, over, reason, because) => {
    expect(notSelectedReasons).toContain(reason);
    const selection = select(fleet, account(over), BEGINS);
    expect(selection).toMatchObject({ isMember: false, reason });
    expect(selection).toHaveProperty('because', expect.stringContaining(because));
  });
});

it('says why a member is in a dry run', () => {
  const because = (over: Partial<OrganizationAccount>, now: number): string | undefined => {
    const selection = select(fleet, account(over), now);
    return selection.isMember ? dryRunBecause(selection) : 'no member';
  };
  expect(because({}, BEGINS)).toBeUndefined();
  expect(because({}, BEGINS - DAY)).toBe('is in wave dev, which begins on 2026-12-10 (fleet.yml)');
  expect(because({ path: at(PROD) }, BEGINS)).toBe('is in wave prod, which has no date (fleet.yml)');
  expect(because({ accountId: NAMED, path: at('ou-ab12-other000') }, BEGINS)).toBe('is in no wave (fleet.yml)');
});

function at(...units: string[]): string {
  return ['o-a1b2c3d4e5', 'r-ab12', ...units, ''].join('/');
}
