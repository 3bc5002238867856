import { SettingsError } from '../errors.ts';
import { date } from '../event-fields.ts';
import { regionName, textLike } from '../setting-schemas.ts';
import type { Instant } from '../time.ts';
import * as z from '../zod.ts';
import { isOverridable, overridableSettings, settingProblem, textOf } from './overridable.ts';

/** Parts of an organization. An organizational unit stands for all units below it too. */
export interface Units {
  /** `ou-…`, or a root `r-…` for everybody. */
  readonly organizationalUnits: readonly string[];
  /** IDs. */
  readonly accounts: readonly string[];
}

export interface Wave extends Units {
  readonly name: string;
  /** Midnight UTC. Absent, or before it: a dry run. */
  readonly enforceFrom?: Instant;
}

export interface Override extends Units {
  /** By name of the setting, as text of an environment variable; `{accountId}` and `{region}` not yet filled in. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where the secrets of these accounts are; absent: in the hub's Region. */
  readonly region?: string;
  /** False: no IAM user should be in these accounts, and each who is is reported. */
  readonly expectUsers?: boolean;
}

export interface FleetLimits {
  /** In all accounts together, a UTC day. */
  readonly maxNewRotationsPerDay: number;
  /** Passes at once in one account. */
  readonly accountConcurrency: number;
  /** Accounts scanned at once. */
  readonly scanConcurrency: number;
  /** Passes at once in all accounts. */
  readonly workerConcurrency: number;
}

/** `fleet.yml`: which accounts of an AWS organization one deployment looks after, from when, and with which settings. */
export interface Fleet {
  readonly organizationId: string;
  /** Half of what members ask for; the account's own ID is the other half. */
  readonly externalId: string;
  readonly select: Units & { readonly tags?: Readonly<Record<string, string>> };
  /** Wins over everything. */
  readonly exclude: Units;
  /** An account is in the first that names it. */
  readonly waves: readonly Wave[];
  readonly settings: readonly Override[];
  /** Where secrets were, beside the Regions that `settings` names: they are looked for there too. */
  readonly formerRegions?: readonly string[];
  readonly limits: FleetLimits;
}

/** What is wrong, and where in the document. */
export interface FleetProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** How the sentence of a refusal names a field: `waves.0.enforceFrom`. */
export function fieldName({ path }: Pick<FleetProblem, 'path'>): string {
  return path.join('.');
}

/** Of what YAML or JSON holds. Throws a SettingsError that names each wrong field and what it may be. */
export function parseFleet(value: unknown): Fleet {
  const result = readFleet(value);
  if ('fleet' in result) return result.fleet;
  const problems = result.problems.map((each) => [fieldName(each), each.message].filter((part) => part).join(': '));
  throw new SettingsError(`Cannot read the fleet: ${problems.join('; ')}.`);
}

/** The same for callers that know the line of each field. */
export function readFleet(value: unknown): { fleet: Fleet } | { problems: readonly FleetProblem[] } {
  const result = fleetSchema.safeParse(value, {
    error: ({ input }) => (input === undefined ? 'is missing' : undefined),
  });
  if (result.success) return { fleet: result.data };
  return { problems: result.error.issues.map(({ path, message }) => ({ path, message })) };
}

type Shape = Parameters<typeof z.strictObject>[0];

/** Names the fields that there are: an unknown one is most likely misspelt. */
const strict = <T extends Shape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `${issue.keys?.join(', ')} is unknown: the fields are ${Object.keys(shape).join(', ')}`
        : undefined,
  });

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html */
const unit = textLike(
  /^(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32})$/,
  'must be the ID of an organizational unit (ou-ab12-11111111) or of the root (r-ab12)',
);
// Without quotes YAML takes 012345678901 for a number, and drops its zero.
const accountId = z
  .string('must be text: quote account IDs, since YAML drops the zeros of numbers')
  .check(z.regex(/^\d{12}$/, 'must be an account ID of 12 digits: quote account IDs, since YAML drops zeros'));

const once = z.check<readonly string[]>(({ value, issues }) => {
  for (const [index, each] of value.entries()) {
    if (value.indexOf(each) === index) continue;
    issues.push({ code: 'custom', input: value, path: [index], message: `${each} is here twice` });
  }
});
const units = {
  organizationalUnits: z._default(z.array(unit).check(once), []),
  accounts: z._default(z.array(accountId).check(once), []),
};
const some = z.refine<Units>(
  ({ organizationalUnits, accounts }) => organizationalUnits.length + accounts.length > 0,
  'must name organizationalUnits or accounts',
);

/** Refuses a unit or account that an earlier entry of the list names: what the later one says would never hold. */
const namedOnce = z.check<readonly Units[]>(({ value, issues }) => {
  const seen = new Map<string, number>();
  for (const [index, entry] of value.entries()) {
    for (const field of ['organizationalUnits', 'accounts'] as const) {
      for (const each of entry[field]) {
        const first = seen.get(each) ?? index;
        seen.set(each, first);
        if (first === index) continue;
        issues.push({
          code: 'custom',
          input: value,
          path: [index, field],
          message: `${each} is named by entry ${first} already`,
        });
      }
    }
  }
});

const wave = strict({
  name: textLike(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must be at most 32 small letters, digits and hyphens'),
  ...units,
  enforceFrom: z.exactOptional(date),
}).check(some);
const waves = z.array(wave).check(
  namedOnce,
  z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have names of their own'),
);

const region = textLike(regionName, 'must be the name of a Region: eu-west-1');

const override = z.pipe(
  z
    .catchall(
      z.object({
        ...units,
        region: z.exactOptional(region),
        expectUsers: z.exactOptional(z.boolean('must be true or false')),
      }),
      z.unknown(),
    )
    .check(some),
  z.transform(({ organizationalUnits, accounts, region, expectUsers, ...rest }, { issues }): Override => {
    const refuse = (name: string, message: string): void => {
      issues.push({ code: 'custom', input: rest, path: [name], message });
    };
    if (organizationalUnits.length > 0) {
      // An account that is moved would leave its secrets behind, in a Region where nobody looks for them any more.
      if (region !== undefined) refuse('region', 'goes with accounts only, not with organizationalUnits');
    }
    for (const [name, value] of Object.entries(rest)) {
      const problem = isOverridable(name)
        ? settingProblem(name, textOf(value))
        : `is no setting of an account: they are ${[...overridableSettings, 'region', 'expectUsers'].join(', ')}`;
      if (problem !== undefined) refuse(name, problem);
    }
    const settings = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, textOf(value)]));
    return {
      organizationalUnits,
      accounts,
      settings,
      ...(region === undefined ? {} : { region }),
      ...(expectUsers === undefined ? {} : { expectUsers }),
    };
  }),
);

const count = (least: number, most: number, otherwise: number) => {
  const range = `must be a whole number from ${least} to ${most}`;
  return z._default(z.int(range).check(z.minimum(least, range), z.maximum(most, range)), otherwise);
};

// SQS lets a function have 2 to 1,000 at once.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
const limits = strict({
  maxNewRotationsPerDay: count(0, 10_000, 250),
  accountConcurrency: count(1, 10, 2),
  scanConcurrency: count(2, 1_000, 20),
  workerConcurrency: count(2, 1_000, 50),
});

const fleetSchema: z.ZodMiniType<Fleet> = strict({
  organizationId: textLike(/^o-[a-z0-9]{10,32}$/, 'must be the ID of an organization: o-a1b2c3d4e5'),
  externalId: textLike(
    /^[\w+=,.@:/-]{2,256}$/,
    'must be 2 to 256 letters, digits and +=,.@:/-_, the same in every member: `keyturn fleet init` writes one',
  ),
  select: strict({ ...units, tags: z.exactOptional(z.record(z.string(), z.string('must be text: quote it'))) }).check(
    z.refine(
      ({ organizationalUnits, accounts, tags }) =>
        tags === undefined || organizationalUnits.length + accounts.length > 0,
      { message: 'tags narrow a selection; say of which organizationalUnits or accounts', abort: true },
    ),
    some,
  ),
  exclude: z._default(strict(units), { organizationalUnits: [], accounts: [] }),
  waves: z._default(waves, []),
  settings: z._default(z.array(override).check(namedOnce), []),
  formerRegions: z.exactOptional(z.array(region).check(once)),
  limits: z.prefault(limits, {}),
});
