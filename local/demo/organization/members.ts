import { DAY } from '../../aws/clock.ts';
import type { NewAccount } from '../../organization/organization.ts';
import type { Character } from '../cast.ts';

/** The first day; its scheduled run is at 06:00 UTC, as of every day. */
export const organizationStart = Date.UTC(2026, 1, 1);

export const hubId = '999900001111';
export const managementId = '000011112222';
export const organizationId = 'o-a1b2c3d4e5';
export const externalId = '0f9c1b7e-2d3a-4c5b-8e6f-7a8b9c0d1e2f';

const units = {
  root: 'r-ab12',
  canary: 'ou-ab12-canary00',
  development: 'ou-ab12-dev00000',
  production: 'ou-ab12-prod0000',
  vault: 'ou-ab12-vault000',
} as const;
type UnitName = Exclude<keyof typeof units, 'root'>;

export const tree = {
  id: units.root,
  name: 'Root',
  units: [
    { id: units.canary, name: 'canary' },
    { id: units.development, name: 'development' },
    { id: units.production, name: 'production' },
    { id: units.vault, name: 'vault' },
  ],
};

/** The day of each wave, counted from the first. The vault is in none: a dry run for good. */
export const waveDays: readonly (readonly [wave: UnitName, day: number])[] = [
  ['canary', 1],
  ['development', 3],
  ['production', 8],
];

/** What goes wrong in an account, and from which day on; the world does it, not the service. */
export interface Trouble {
  readonly kind: 'excluded' | 'paused' | 'refused' | 'silent' | 'suspended';
  readonly day: number;
  readonly says: string;
}

export interface Member {
  readonly accountId: string;
  readonly name: string;
  readonly unit: UnitName;
  readonly trouble?: Trouble;
}

const names: readonly (readonly [name: string, unit: UnitName, trouble?: Trouble])[] = [
  ['canary', 'canary'],
  ['dev-web', 'development'],
  ['dev-data', 'development'],
  ['dev-ci', 'development', { kind: 'paused', day: 5, says: 'tags its roles `keyturn:paused`, before a demo' }],
  ['prod-shop', 'production'],
  ['prod-mail', 'production'],
  ['prod-billing', 'production'],
  ['prod-payments', 'production', { kind: 'refused', day: 0, says: 'gives its roles the external ID of another hub' }],
  ['prod-legacy', 'production', { kind: 'silent', day: 0, says: 'STS answers 503 whenever its role is taken' }],
  ['prod-search', 'production', { kind: 'suspended', day: 12, says: 'is suspended, in the middle of its rotations' }],
  ['prod-archive', 'production', { kind: 'excluded', day: 0, says: 'is excluded in fleet.yml' }],
  ['vault', 'vault'],
];

/** Twelve accounts: what is agreed about each, and what goes wrong. */
export const members: readonly Member[] = names.map(([name, unit, trouble], i) => ({
  ...{ accountId: `2000000000${String(i + 1).padStart(2, '0')}`, name, unit },
  ...(trouble !== undefined && { trouble }),
}));

export const accounts: readonly NewAccount[] = members.map(({ accountId, name, unit }) => ({
  ...{ accountId, name, parent: units[unit] },
}));

const dateOf = (day: number): string => new Date(organizationStart + day * DAY).toISOString().slice(0, 10);

/** As YAML would hold it. */
export const fleetFile = {
  ...{ organizationId, externalId },
  select: { organizationalUnits: [units.canary, units.development, units.production, units.vault] },
  exclude: {
    accounts: members.filter(({ trouble }) => trouble?.kind === 'excluded').map(({ accountId }) => accountId),
  },
  waves: waveDays.map(([name, day]) => ({ name, organizationalUnits: [units[name]], enforceFrom: dateOf(day) })),
  limits: { maxNewRotationsPerDay: 20 },
};

/** Whether people have agreed that keys of the account may be changed on that day. */
export function mayChange({ unit, trouble }: Member, day: number): boolean {
  const begins = waveDays.find(([wave]) => wave === unit)?.[1];
  return begins !== undefined && day >= begins && (trouble === undefined || day < trouble.day);
}

/** A person who does as the email says, and a robot; that of one account never reads its secret again. */
export function charactersOf({ name }: Member): Character[] {
  const i = members.findIndex((member) => member.name === name);
  const daily = { service: 's3', usesEveryDays: 1 };
  const isStubborn = name === 'prod-mail';
  return [
    { userName: 'alice', about: '', keys: [{ ageDays: 100 + 7 * i, usedDaysAgo: 1 }], ...daily, switchesAfterDays: 1 },
    {
      ...{ userName: 'deploy', about: '', keys: [{ ageDays: isStubborn ? 300 : 68 + i, usedDaysAgo: 1 }], ...daily },
      ...(!isStubborn && { switchesAfterDays: 0 }),
    },
  ];
}
