import { SettingsError } from '../errors.ts';
import { environmentName, settingsOrProblems } from '../settings.ts';
import type { Fleet, Override } from './fleet.ts';
import { filledIn } from './overridable.ts';
import { depthOf } from './path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An account of the fleet, as its settings depend on it. */
export interface Place {
  readonly accountId: string;
  readonly path: string;
  /** The hub's. */
  readonly region: string;
  /** As AWS Organizations has it, for people; unknown where the organization was not asked. */
  readonly accountName?: string;
}

/**
 * The hub's variables with the account's own over them: of two organizational units the deeper wins, and the account over
 * all. `parseSettings` reads it as it reads the hub's own; tags of users come last, as ever.
 */
export function environmentFor(environment: Environment, fleet: Fleet, place: Place): Environment {
  const filling = { accountId: place.accountId, region: regionFor(fleet, place) };
  const own = overridesOf(fleet, place).flatMap(({ settings }) => Object.entries(settings));
  const variables = own.map(([name, text]) => [environmentName(name), filledIn(text, filling)]);
  return { ...environment, ...Object.fromEntries(variables) };
}

/** Where the account's secrets are. */
export function regionFor(fleet: Fleet, place: Place): string {
  return lastOf(fleet, place, ({ region }) => region) ?? place.region;
}

/** Every Region in which secrets of the fleet may be, home first. */
export function regionsOf({ settings, formerRegions = [] }: Fleet, home: string): readonly string[] {
  return [...new Set([home, ...settings.flatMap(({ region }) => region ?? []), ...formerRegions])];
}

/** Whether IAM users belong into that account; where they do not, each is reported. */
export function expectsUsers(fleet: Fleet, place: Place): boolean {
  return lastOf(fleet, place, ({ expectUsers }) => expectUsers) ?? true;
}

/**
 * Throws a SettingsError that names each entry of `settings` with which no account could be worked on: by itself over the
 * hub's settings, since which of them meet in one account only the organization knows.
 */
export function checkOverrides(fleet: Fleet, given: (setting: string) => string | undefined): void {
  const problems = fleet.settings.flatMap((override, index) => {
    const of = [...override.organizationalUnits, ...override.accounts].join(', ');
    const read = withOverride(override, given);
    return 'problems' in read ? [`settings.${index} (${of}): ${read.problems.join('. ')}`] : [];
  });
  if (problems.length > 0) throw new SettingsError(`Cannot deploy the fleet: ${problems.join('; ')}.`);
}

function withOverride({ settings }: Override, given: (setting: string) => string | undefined) {
  const filling = { accountId: '000000000000', region: 'eu-west-1' };
  const overridden = (name: string): string | undefined => {
    const own = settings[name];
    return own === undefined ? given(name) : filledIn(own, filling);
  };
  return settingsOrProblems(overridden, (name) => name);
}

/** Those that name the account, the one that wins last. */
function overridesOf({ settings }: Fleet, { accountId, path }: Place): Override[] {
  const depth = ({ organizationalUnits, accounts }: Override): number =>
    accounts.includes(accountId)
      ? Number.POSITIVE_INFINITY
      : Math.max(-1, ...organizationalUnits.map((unit) => depthOf(path, unit)));
  return settings
    .map((override) => ({ override, depth: depth(override) }))
    .filter((each) => each.depth >= 0)
    .toSorted((a, b) => a.depth - b.depth)
    .map(({ override }) => override);
}

function lastOf<T>(fleet: Fleet, place: Place, read: (override: Override) => T | undefined): T | undefined {
  return overridesOf(fleet, place).reduce<T | undefined>((value, override) => read(override) ?? value, undefined);
}
