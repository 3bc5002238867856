import { clamp } from '../messages/text.ts';
import type { Instant } from '../time.ts';
import { type CoveredAccount, type FanOutMessage, type ResultMessage, shownName } from './messages.ts';

/** An account of the organization as the digest names it. */
export interface Named {
  accountId: string;
  name: string;
}

/** One wave of the fleet, or who is in none. */
export interface WaveCount {
  name: string;
  enforceFrom?: Instant;
  isDryRun: boolean;
  accounts: number;
  rotated: number;
  failed: number;
  /** Users for whom something would be done, in a dry run. */
  due: number;
}

/** Everything that was seen of the fleet in one run. */
export interface FleetFacts {
  organizationId: string;
  /** Of the hub. */
  accountId: string;
  runId: string;
  at: Instant;
  /** Absent if the record of the fan-out is missing: who should have answered is then not known. */
  fanOut?: FanOutMessage;
  /** One for each account: the last of several. */
  results: readonly ResultMessage[];
  /** Who belongs to the fleet now. */
  selected: readonly Named[];
  /** Of the whole organization, as now: reason → accounts. */
  skipped: Readonly<Record<string, number>>;
  waves: readonly Pick<WaveCount, 'name' | 'enforceFrom' | 'isDryRun'>[];
  /** What the digest before this one covered. */
  coveredBefore: readonly CoveredAccount[];
  /** Sentences: what the digest itself could not do. */
  errors: readonly string[];
  /** Results that were dropped, since they could not be read. */
  unreadable: number;
  /** Messages in dead-letter queues. */
  deadLetters?: number;
}

/** The same, added up. */
export interface FleetDigest extends FleetFacts {
  silent: readonly Named[];
  left: readonly CoveredAccount[];
  totals: Totals;
  waveCounts: readonly WaveCount[];
}

const summed = [
  'usersScanned',
  'enqueued',
  'rotated',
  'deactivated',
  'deleted',
  'postponed',
  'blocked',
  'failed',
  'underWay',
  'due',
  'activeRootKeys',
  'exemptWithDate',
  'exemptWithoutDate',
  'secretsWithoutUser',
  'errorCount',
] as const;
export type Totals = Record<(typeof summed)[number], number>;

/**
 * The last result of each account counts: one that was sent twice, or after a retry, is the same account's. Of other runs
 * none does.
 */
export function lastResults(results: readonly ResultMessage[], runId: string): ResultMessage[] {
  const last = new Map<string, ResultMessage>();
  for (const result of results) {
    const known = last.get(result.accountId);
    if (result.runId === runId && (known === undefined || known.at <= result.at)) last.set(result.accountId, result);
  }
  return [...last.values()].toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1));
}

/** Pure: who is silent, who has left, and all counts. */
export function addUp(facts: FleetFacts): FleetDigest {
  const { results, selected, coveredBefore } = facts;
  const answered = new Set(results.map(({ accountId }) => accountId));
  const isSelected = new Set(selected.map(({ accountId }) => accountId));
  const totals = Object.fromEntries(
    summed.map((name) => [name, results.reduce((sum, result) => sum + result[name], 0)]),
  ) as Totals;
  return {
    ...facts,
    silent: facts.fanOut === undefined ? [] : selected.filter(({ accountId }) => !answered.has(accountId)),
    left: coveredBefore.filter(({ accountId }) => !isSelected.has(accountId)),
    totals,
    waveCounts: [...facts.waves, ...dryRunOutside(facts)].map((wave) => countWave(wave, results)),
  };
}

const NO_WAVE = '(no wave)';

function dryRunOutside({ results }: FleetFacts): FleetFacts['waves'] {
  return results.some(({ wave }) => wave === undefined) ? [{ name: NO_WAVE, isDryRun: true }] : [];
}

function countWave(wave: FleetFacts['waves'][number], results: readonly ResultMessage[]): WaveCount {
  const members = results.filter((result) => (result.wave ?? NO_WAVE) === wave.name);
  const sum = (name: 'rotated' | 'failed' | 'due'): number => members.reduce((total, each) => total + each[name], 0);
  return { ...wave, accounts: members.length, rotated: sum('rotated'), failed: sum('failed'), due: sum('due') };
}

/** Whom the digest has told of, with what is under way there as it was last heard of. */
export function coveredNow({ selected, results, coveredBefore }: FleetDigest): CoveredAccount[] {
  const before = new Map(coveredBefore.map(({ accountId, underWay }) => [accountId, underWay]));
  const now = new Map(
    results.flatMap(({ accountId, status, underWay }) => (status === 'scanned' ? [[accountId, underWay]] : [])),
  );
  return selected.map(({ accountId, name }) => {
    return { accountId, name: shownName(name), underWay: now.get(accountId) ?? before.get(accountId) ?? 0 };
  });
}

/** What somebody has to see to, as a sentence and the accounts that it is about. */
export interface Attention {
  kind: string;
  /** How many accounts. */
  count: number;
  message: string;
  accounts: readonly string[];
}

const SENTENCE_MAX = 200;

type Told = { kind: string; about: readonly Named[]; says: string; detail?: (account: Named) => string };

/** In the order of what is worst. */
export function attentionOf(digest: FleetDigest): Attention[] {
  return told(digest)
    .filter(({ about }) => about.length > 0)
    .map(({ kind, about, says, detail = () => '' }) => ({
      kind,
      count: about.length,
      message: `${plural(about.length, 'account')} ${says}`,
      accounts: about.map((account) => {
        return clamp(`${account.accountId} ${shownName(account.name)}${detail(account)}`, SENTENCE_MAX);
      }),
    }));
}

function told({ results, silent, left, selected, fanOut }: FleetDigest): Told[] {
  const because = (...reasons: string[]): ResultMessage[] =>
    results.filter(({ reason }) => reason !== undefined && reasons.includes(reason));
  const byId = new Map(results.map((result) => [result.accountId, result]));
  const detailOf = ({ accountId }: Named): string => {
    const { trust = [], errors = [] } = byId.get(accountId) ?? {};
    const [first] = [...trust, ...errors];
    return first === undefined ? '' : `: ${first}`;
  };
  const users = ({ accountId }: Named): string => {
    const { usersScanned = 0, oldestActiveKeyDays: days } = byId.get(accountId) ?? {};
    return `: ${plural(usersScanned, 'user')}${days === undefined ? '' : `, oldest key ${Math.floor(days)} days`}`;
  };
  const known = ['trust-changed', 'role-refused', 'joining', 'paused', 'own-deployment', 'second-hub'];
  const unsent = new Set(fanOut?.unsent);
  return [
    { kind: 'silent', about: silent, says: 'did not answer' },
    { kind: 'unsent', about: selected.filter(({ accountId }) => unsent.has(accountId)), says: 'could not be enqueued' },
    { kind: 'trust-changed', about: because('trust-changed'), says: 'changed the trust of a role', detail: detailOf },
    { kind: 'role-refused', about: because('role-refused'), says: 'refused their role', detail: detailOf },
    { kind: 'own-deployment', about: because('own-deployment'), says: 'with a Keyturn of their own' },
    { kind: 'second-hub', about: because('second-hub'), says: 'with the roles of a second hub' },
    {
      kind: 'failed',
      about: results.filter(({ status, reason = '' }) => status === 'failed' && !known.includes(reason)),
      says: 'could not be looked at',
      detail: detailOf,
    },
    {
      kind: 'errors',
      about: results.filter(({ status, errorCount }) => status === 'scanned' && errorCount > 0),
      says: 'had errors',
      detail: detailOf,
    },
    {
      kind: 'unexpected-users',
      about: results.filter(({ isUnexpected }) => isUnexpected),
      says: 'with users where none should be',
      detail: users,
    },
    {
      kind: 'unheard',
      about: results.filter(({ isUnheard }) => isUnheard),
      says: 'that nobody listens to: no subscription would get their messages',
    },
    {
      kind: 'root-keys',
      about: results.filter(({ activeRootKeys }) => activeRootKeys > 0),
      says: 'with an active key of the root user',
    },
    {
      kind: 'blocked',
      about: results.filter(({ blocked }) => blocked > 0),
      says: 'with users who need a decision',
      detail: blockedOf(byId),
    },
    { kind: 'joining', about: because('joining'), says: 'without a role yet (joining)' },
    {
      kind: 'roles-outdated',
      about: results.filter(
        ({ status, reason, trust }) => status === 'scanned' && reason !== 'paused' && trust !== undefined,
      ),
      says: 'with roles to be updated',
      detail: detailOf,
    },
    { kind: 'paused', about: because('paused'), says: 'paused' },
    {
      kind: 'left',
      about: left,
      says: 'left the selection; `keyturn fleet leave --account` ends what is under way there',
      detail: ({ accountId }) => {
        const underWay = left.find((each) => each.accountId === accountId)?.underWay ?? 0;
        return underWay === 0 ? '' : `: ${plural(underWay, 'rotation')} under way`;
      },
    },
  ];
}

function blockedOf(byId: ReadonlyMap<string, ResultMessage>): (account: Named) => string {
  return ({ accountId }) => `: ${plural(byId.get(accountId)?.blocked ?? 0, 'user')}`;
}

/** `1 user`, `2 users`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
