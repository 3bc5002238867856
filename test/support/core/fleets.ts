import fc from 'fast-check';
import { decide, parseStatements, type Statement } from '../../../local/aws/policies/policy.ts';
import { type Fleet, parseFleet } from '../../../shared/core/fleet/fleet.ts';
import { type MemberRole, memberRoleArn } from '../../../shared/core/fleet/member-roles.ts';
import { assumeRoleStatements, managedPolicies, type Taker } from '../../../shared/core/fleet/policy.ts';
import { type OrganizationAccount, select } from '../../../shared/core/fleet/select.ts';
import { DAY, formatDate, formatInstant, type Instant } from '../../../shared/core/time.ts';

export const ORGANIZATION = 'o-a1b2c3d4e5';
const ROOT = 'r-ab12';
const BEGIN = Date.UTC(2026, 11, 1);

export const hub = { partition: 'aws', roleSuffix: '-team-a' };
export const taker: Taker = {
  ...hub,
  roles: ['observe', 'rotate'],
  functionArn: 'arn:aws:lambda:eu-west-1:999900001111:function:keyturn-prod-rotate-user',
};

/** What IAM knows of one attempt to take a role. */
export interface Attempt {
  role: MemberRole;
  account: Pick<OrganizationAccount, 'accountId' | 'path'>;
  now: Instant;
  functionArn?: string;
  roleTags?: Readonly<Record<string, string>>;
  roleName?: string;
}

const compiled = new WeakMap<Fleet, Statement[]>();

/** Of all managed policies together, as JSON hands them to IAM. */
function statementsOf(fleet: Fleet): Statement[] {
  const known = compiled.get(fleet);
  if (known !== undefined) return known;
  const documents = managedPolicies(assumeRoleStatements(fleet, taker));
  const statements = documents.flatMap((document) => parseStatements(JSON.parse(JSON.stringify(document))));
  compiled.set(fleet, statements);
  return statements;
}

/** Whether the policies of a function let it, whatever the trust policy of the role says. */
export function mayTake(fleet: Fleet, { role, account, now, functionArn, roleTags, roleName }: Attempt): boolean {
  const statements = statementsOf(fleet);
  const organizationId = account.path.split('/')[0] ?? '';
  const arn = memberRoleArn(role, { accountId: account.accountId, region: 'eu-west-1', roleSuffix: hub.roleSuffix });
  const decision = decide(statements, {
    action: 'sts:AssumeRole',
    resource: roleName === undefined ? arn : arn.replace(/[^/]*$/, roleName),
    context: {
      'aws:ResourceOrgID': organizationId,
      'aws:ResourceOrgPaths': [account.path],
      'aws:ResourceAccount': account.accountId,
      'aws:CurrentTime': formatInstant(now),
      'lambda:SourceFunctionArn': functionArn ?? taker.functionArn,
      ...Object.fromEntries(Object.entries(roleTags ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
    },
  });
  return decision === 'allowed';
}

/** IDs of which one begins as another does. */
const unitIds = Array.from({ length: 9 }, (_, index) => `ou-ab12-0000000${index === 8 ? '01' : index}`);
const accountIds = Array.from({ length: 8 }, (_, index) => String(100_000_000_000 + index));
const units = fc.oneof(fc.constant([ROOT]), fc.subarray(unitIds));
const accounts = fc.subarray(accountIds);

/** Each unit below one that comes before it, or below the root. */
const tree = fc.tuple(...unitIds.map((_, index) => fc.integer({ min: -1, max: index - 1 })));

function pathOf(unit: number, parents: readonly number[]): string {
  return unit < 0 ? `${ROOT}/` : `${pathOf(parents[unit] ?? -1, parents)}${unitIds[unit]}/`;
}

const tags = fc.option(fc.constantFrom({ keyturn: 'on' }, { keyturn: 'off' }, {}), { nil: undefined });
const account = fc.record({
  unit: fc.integer({ min: -1, max: unitIds.length - 1 }),
  organizationId: fc.constantFrom(ORGANIZATION, ORGANIZATION, ORGANIZATION, `${ORGANIZATION}6`),
  isNamed: fc.boolean(),
  state: fc.constantFrom('ACTIVE', 'ACTIVE', 'SUSPENDED'),
  isManagement: fc.constantFrom(false, false, false, true),
  tags,
});

export interface Organization {
  accounts: readonly OrganizationAccount[];
}

const organization = fc.record({ parents: tree, all: fc.array(account, { minLength: 8, maxLength: 8 }) }).map(
  ({ parents, all }): Organization => ({
    accounts: all.map(({ unit, organizationId, isNamed, tags: own, ...more }, index) => ({
      accountId: accountIds[index] ?? '',
      name: `account-${index}`,
      path: `${organizationId}/${pathOf(unit, parents)}${isNamed ? `${accountIds[index]}/` : ''}`,
      ...more,
      ...(own === undefined ? {} : { tags: own }),
    })),
  }),
);

/** Which wave names each unit and account; 3 and above: none. */
const inWave = fc.integer({ min: 0, max: 5 });
const waves = fc
  .record({
    units: fc.tuple(...[ROOT, ...unitIds].map(() => inWave)),
    accounts: fc.tuple(...accountIds.map(() => inWave)),
    days: fc.tuple(...[0, 1, 2].map(() => fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }))),
    // Of everybody only now and then: the rest of the waves would say little.
    isRootNamed: fc.constantFrom(false, false, false, true),
  })
  .map((given) =>
    given.days
      .map((day, index) => ({
        name: `wave-${index}`,
        organizationalUnits: [ROOT, ...unitIds].filter(
          (unit, at) => given.units[at] === index && (unit !== ROOT || given.isRootNamed),
        ),
        accounts: accountIds.filter((_, at) => given.accounts[at] === index),
        ...(day === undefined ? {} : { enforceFrom: formatDate(BEGIN + day * DAY) }),
      }))
      .filter((wave) => wave.organizationalUnits.length + wave.accounts.length > 0),
  );

const fleet = fc
  .record({
    units,
    accounts,
    excludedUnits: fc.subarray(unitIds, { maxLength: 3 }),
    excluded: fc.subarray(accountIds, { maxLength: 2 }),
    waves,
    tags: fc.boolean(),
  })
  .filter((given) => given.units.length + given.accounts.length > 0)
  .map((given) =>
    parseFleet({
      organizationId: ORGANIZATION,
      externalId: 'f00dfeed',
      select: {
        organizationalUnits: given.units,
        accounts: given.accounts,
        ...(given.tags ? { tags: { keyturn: 'on' } } : {}),
      },
      exclude: { organizationalUnits: given.excludedUnits, accounts: given.excluded },
      waves: given.waves,
    }),
  );

/** Around every day on which a wave may begin. */
const instants = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(-1, 0, 1))
  .map(([day, by]) => BEGIN + day * DAY + by);

export interface Agreement {
  fleets: number;
  rotated: number;
  dryRuns: number;
  refusedByBoth: number;
  refusedByCodeAlone: number;
}

/**
 * Of random organizations, fleets and instants: IAM lets a function look at exactly the accounts that `select` calls
 * members, and change exactly those that it calls no dry run. What IAM knows nothing of only ever narrows that. Throws
 * for the first one of which that is not so.
 */
export function compareWithIam(numRuns: number, seed: number): Agreement {
  const seen: Agreement = { fleets: 0, rotated: 0, dryRuns: 0, refusedByBoth: 0, refusedByCodeAlone: 0 };
  const property = fc.property(organization, fleet, instants, ({ accounts: all }, given, now) => {
    seen.fleets++;
    for (const { tags: _, ...each } of all) {
      const asIam = select(given, { ...each, state: 'ACTIVE', isManagement: false }, now);
      const asCode = select(given, all.find(({ accountId }) => accountId === each.accountId) ?? each, now);
      const where = `${each.accountId} at ${each.path}, ${formatInstant(now)}`;
      const mayLook = mayTake(given, { role: 'observe', account: each, now });
      const mayChange = mayTake(given, { role: 'rotate', account: each, now });
      if (mayLook !== asIam.isMember)
        throw new Error(`observe ${where}: IAM ${mayLook}, select ${JSON.stringify(asIam)}`);
      const isRotated = asIam.isMember && !asIam.isDryRun;
      if (mayChange !== isRotated)
        throw new Error(`rotate ${where}: IAM ${mayChange}, select ${JSON.stringify(asIam)}`);
      if (asCode.isMember && JSON.stringify(asCode) !== JSON.stringify(asIam))
        throw new Error(`select is wider: ${where}`);
      if (!asIam.isMember) seen.refusedByBoth++;
      else if (!asCode.isMember) seen.refusedByCodeAlone++;
      else if (asCode.isDryRun) seen.dryRuns++;
      else seen.rotated++;
    }
  });
  fc.assert(property, { numRuns, seed });
  return seen;
}
