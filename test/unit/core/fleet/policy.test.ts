import { describe, expect, it } from 'vitest';
import { parseFleet } from '../../../../shared/core/fleet/fleet.ts';
import {
  assumeRoleStatements,
  checkPolicies,
  grants,
  managedPolicies,
  POLICY_CHARACTERS,
  type PolicyStatement,
  rolesTaken,
} from '../../../../shared/core/fleet/policy.ts';
import { parseDate } from '../../../../shared/core/time.ts';
import { type Attempt, compareWithIam, mayTake, taker } from '../../../support/core/fleets.ts';

it('IAM lets the hub into exactly the accounts that select names, and State, tags and the management account, which only code knows, narrow it', () => {
  const { rotated, dryRuns, refusedByBoth, refusedByCodeAlone } = compareWithIam(250, 20261201);
  // Each answer was given often enough for the comparison to say something.
  expect(Math.min(rotated, dryRuns, refusedByBoth, refusedByCodeAlone)).toBeGreaterThan(50);
});

const [DEV, PROD, SANDBOX] = ['ou-ab12-dev00000', 'ou-ab12-prod0000', 'ou-ab12-sandbox0'];
const [CANARY, NAMED, BANNED] = ['444455556666', '999900002222', '777788889999'];
const BEGINS = parseDate('2026-12-10') ?? 0;

const fleet = parseFleet({
  organizationId: 'o-a1b2c3d4e5',
  externalId: 'f00dfeed',
  select: { organizationalUnits: [DEV, PROD], accounts: [NAMED] },
  exclude: { organizationalUnits: [SANDBOX], accounts: [BANNED] },
  waves: [
    { name: 'canary', accounts: [CANARY], enforceFrom: '2026-12-01' },
    { name: 'dev', organizationalUnits: [DEV], enforceFrom: '2026-12-10' },
    { name: 'prod', organizationalUnits: [PROD] },
  ],
});

const at = (accountId: string, ...units: string[]) => ({
  accountId,
  path: ['o-a1b2c3d4e5', 'r-ab12', ...units, ''].join('/'),
});
const ANY = '111122223333';

describe('the hub takes keyturn-rotate', () => {
  it.each<[string, Partial<Attempt>]>([
    ['in a wave that has begun', {}],
    ['in a unit below', { account: at(ANY, DEV, 'ou-ab12-deeper00') }],
    ['in a unit that lies below another', { account: at(ANY, 'ou-ab12-outer000', DEV) }],
    ['of a canary in a unit whose own wave has no date', { account: at(CANARY, PROD) }],
    ['if a tag says that it is not paused', { roleTags: { 'keyturn:paused': 'false' } }],
  ])('%s', (_, over) => {
    expect(mayTake(fleet, { role: 'rotate', account: at(ANY, DEV), now: BEGINS, ...over })).toBe(true);
  });
});

describe('the hub does not take keyturn-rotate', () => {
  it.each<[string, Partial<Attempt>]>([
    ['a moment before the wave', { now: BEGINS - 1 }],
    ['in a wave without a date', { account: at(ANY, PROD) }],
    ['in no wave', { account: at(NAMED, 'ou-ab12-other000') }],
    ['of an excluded account', { account: at(BANNED, DEV) }],
    ['in an excluded unit below a selected one', { account: at(ANY, DEV, SANDBOX) }],
    ['of a canary in an excluded unit', { account: at(CANARY, DEV, SANDBOX) }],
    ['in a unit that nobody selected', { account: at(ANY, 'ou-ab12-other000') }],
    ['at the root', { account: at(ANY) }],
    ['of another organization', { account: { accountId: ANY, path: `o-zzzzzzzzzz/r-ab12/${DEV}/` } }],
    ['of a named account that left the organization', { account: { accountId: NAMED, path: 'o-zzzzzzzzzz/r-zz99/' } }],
    ['while it is paused', { roleTags: { 'keyturn:paused': 'true' } }],
    ['while it is paused, in whatever case', { roleTags: { 'keyturn:paused': 'True' } }],
    ['in another function', { functionArn: `${taker.functionArn}-of-mine` }],
    ['under another name', { roleName: 'keyturn-rotate-team-b' }],
    ['or any other role of the account', { roleName: 'administrator' }],
  ])('%s', (_, over) => {
    expect(mayTake(fleet, { role: 'rotate', account: at(ANY, DEV), now: BEGINS, ...over })).toBe(false);
  });

  it('without what IAM would know of the account', () => {
    expect(mayTake(fleet, { role: 'rotate', account: { accountId: NAMED, path: '' }, now: BEGINS })).toBe(false);
  });
});

describe('the hub takes keyturn-observe', () => {
  it.each<[string, Partial<Attempt>, boolean]>([
    ['before a wave begins', { now: BEGINS - 1 }, true],
    ['in no wave', { account: at(NAMED, 'ou-ab12-other000') }, true],
    ['while keyturn-rotate is paused', { roleTags: { 'keyturn:paused': 'true' } }, true],
    ['of nobody who is excluded', { account: at(BANNED, DEV) }, false],
    ['in no excluded unit', { account: at(ANY, SANDBOX, DEV) }, false],
    ['of nobody else', { account: at(ANY, 'ou-ab12-other000') }, false],
  ])('%s', (_, over, isTaken) => {
    expect(mayTake(fleet, { role: 'observe', account: at(ANY, DEV), now: BEGINS, ...over })).toBe(isTaken);
  });
});

it('a fleet without waves changes nothing anywhere', () => {
  const watching = parseFleet({
    organizationId: 'o-a1b2c3d4e5',
    externalId: 'f00d',
    select: { organizationalUnits: ['r-ab12'] },
  });
  expect(mayTake(watching, { role: 'rotate', account: at(ANY, DEV), now: BEGINS })).toBe(false);
  expect(mayTake(watching, { role: 'observe', account: at(ANY, DEV), now: BEGINS })).toBe(true);
});

it('a function takes only the roles that it needs', () => {
  const resources = Object.entries(rolesTaken).map(([name, roles]) => [
    name,
    grants(fleet, { ...taker, roles }).flatMap(({ Resource }) => Resource),
  ]);
  const [observe, rotate] = ['observe', 'rotate'].map((role) => `arn:aws:iam::*:role/keyturn/keyturn-${role}-team-a`);
  expect(Object.fromEntries(resources)).toEqual({
    'scheduled-rotation': [observe, observe],
    'rotation-worker': [rotate, rotate],
    'rotate-user': [observe, rotate, observe, rotate],
    'exposed-key': [observe, rotate, observe, rotate],
    'config-rule': [observe, observe],
    'config-remediation': [observe, observe],
  });
});

describe('managed policies', () => {
  const size = (value: unknown): number => JSON.stringify(value).length;

  it('hold a small fleet in one, every Deny before the first Allow', () => {
    const documents = managedPolicies(assumeRoleStatements(fleet, taker));
    expect(documents).toHaveLength(1);
    const effects = documents.flatMap(({ Statement }) => Statement.map(({ Effect }) => Effect));
    expect(effects).toEqual(effects.toSorted().toReversed());
  });

  it('hold a large one in several, each of a size that IAM takes, with all its statements as they were', () => {
    const statements = assumeRoleStatements(large(60, 60), taker);
    const documents = managedPolicies(statements);
    expect(documents.length).toBeGreaterThan(1);
    expect(documents.length).toBeLessThanOrEqual(4);
    expect(Math.max(...documents.map(size))).toBeLessThanOrEqual(POLICY_CHARACTERS);
    expect(documents.flatMap(({ Statement }) => Statement)).toEqual(statements);
    checkPolicies(documents);
  });

  it('fill each to the last character', () => {
    const statement = (length: number): PolicyStatement => {
      const empty = { Sid: 'S', Effect: 'Deny' as const, Action: 'sts:AssumeRole' as const, Resource: '' };
      const frame = size({ Version: '2012-10-17', Statement: [empty] });
      return { ...empty, Resource: 'x'.repeat(length - frame) };
    };
    expect(managedPolicies([statement(POLICY_CHARACTERS)]).map(size)).toEqual([POLICY_CHARACTERS]);
    expect(() => managedPolicies([statement(POLICY_CHARACTERS + 1)])).toThrow(
      'fleet.yml makes a statement of 6,145 characters (S), and IAM takes 6,144: use organizational units instead of',
    );
    const five = managedPolicies(Array.from({ length: 5 }, () => statement(6_000)));
    expect(() => checkPolicies(five)).toThrow(
      'fleet.yml makes 30,000 characters of policy, in 5 policies of at most 6,144, and IAM takes 4: use organizational units',
    );
  });

  function large(units: number, excluded: number) {
    const unit = (index: number): string => `ou-ab12-${String(index).padStart(8, '0')}`;
    const all = Array.from({ length: units }, (_, index) => unit(index));
    return parseFleet({
      organizationId: 'o-a1b2c3d4e5',
      externalId: 'f00d',
      select: { organizationalUnits: all },
      exclude: { accounts: Array.from({ length: excluded }, (_, index) => String(100_000_000_000 + index)) },
      waves: [0, 1, 2, 3].map((wave) => ({
        name: `wave-${wave}`,
        organizationalUnits: all.filter((_, index) => index % 4 === wave),
        enforceFrom: '2026-12-01',
      })),
    });
  }
});
