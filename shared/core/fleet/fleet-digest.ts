import type { Instant } from '../time.ts';
import { type CoveredAccount, type FanOutMessage, type ResultMessage, shownName } from './messages.ts';
import { notSelectedReasons } from './select.ts';

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
  /** The organization could not be listed: `selected` is then who has answered. */
  isUnlisted?: true;
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

/** Whether it is known who did not answer. */
export function isSilenceKnown({ fanOut, isUnlisted }: FleetFacts): boolean {
  return fanOut !== undefined && isUnlisted === undefined;
}

/** Pure: who is silent, who has left, and all counts. */
export function addUp(all: FleetFacts): FleetDigest {
  const facts = withoutOutsiders(all);
  const { results, selected, coveredBefore, isUnlisted } = facts;
  const answered = new Set(results.map(({ accountId }) => accountId));
  const isSelected = new Set(selected.map(({ accountId }) => accountId));
  const totals = Object.fromEntries(
    summed.map((name) => [name, results.reduce((sum, result) => sum + result[name], 0)]),
  ) as Totals;
  return {
    ...facts,
    silent: isSilenceKnown(facts) ? selected.filter(({ accountId }) => !answered.has(accountId)) : [],
    left: isUnlisted ? [] : coveredBefore.filter(({ accountId }) => !isSelected.has(accountId)),
    totals,
    waveCounts: [...facts.waves, ...dryRunOutside(facts)].map((wave) => countWave(wave, results)),
  };
}

/**
 * Who turned out not to belong only when looked at, as by tags of the account, is left out as if that had been known. So is
 * what was answered of an account that does not belong now.
 */
function withoutOutsiders(facts: FleetFacts): FleetFacts {
  const outsiders = new Map(
    facts.results.flatMap(({ accountId, reason }) => (isOutside(reason) ? [[accountId, reason]] : [])),
  );
  const isInside = ({ accountId }: { accountId: string }): boolean => !outsiders.has(accountId);
  const skipped = { ...facts.skipped };
  for (const { accountId } of facts.selected) {
    const reason = outsiders.get(accountId);
    if (reason !== undefined) skipped[reason] = (skipped[reason] ?? 0) + 1;
  }
  const selected = facts.selected.filter(isInside);
  const belongs = new Set(selected.map(({ accountId }) => accountId));
  return { ...facts, results: facts.results.filter(({ accountId }) => belongs.has(accountId)), selected, skipped };
}

function isOutside(reason: string | undefined): reason is (typeof notSelectedReasons)[number] {
  return notSelectedReasons.some((each) => each === reason);
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

/**
 * Whom the digest has told of, with what is under way there as it was last heard of. Where nobody could say who belongs,
 * the next digest has to know whom the last one covered.
 */
export function coveredNow({ selected, results, coveredBefore, isUnlisted }: FleetDigest): CoveredAccount[] {
  const isSelected = new Set(selected.map(({ accountId }) => accountId));
  const others = isUnlisted ? coveredBefore.filter(({ accountId }) => !isSelected.has(accountId)) : [];
  const before = new Map(coveredBefore.map(({ accountId, underWay }) => [accountId, underWay]));
  const now = new Map(
    results.flatMap(({ accountId, status, underWay }) => (status === 'scanned' ? [[accountId, underWay]] : [])),
  );
  const told = selected.map(({ accountId, name }) => {
    return { accountId, name: shownName(name), underWay: now.get(accountId) ?? before.get(accountId) ?? 0 };
  });
  return [...told, ...others];
}

/** `1 user`, `2 users`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
