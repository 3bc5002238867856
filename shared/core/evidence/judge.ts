import { formatDate, formatInstant } from '../time.ts';
import { controls } from './controls.ts';
import { acceptedBy, judgeExceptions } from './exceptions.ts';
import { type Finding, findingId } from './finding.ts';
import { judgeBuckets } from './judge-buckets.ts';
import { judgeRoot } from './judge-root.ts';
import { judgeTrails } from './judge-trails.ts';
import { judgeUsers } from './judge-users.ts';
import type { Judgement } from './judgement.ts';
import type { Measures } from './judging.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Every control's answer about every resource that it is about, once. Pure: the same snapshot and yesterday give the same
 * findings, and what could not be read is an error of what depends on it alone.
 *
 * @param others What is judged where it is read: the evidence itself, and changes of keys.
 */
export function judgeEvidence(
  snapshot: Snapshot,
  yesterday: readonly Finding[],
  measures: Measures,
  others: readonly Judgement[] = [],
): Finding[] {
  const { exceptions = [], now } = measures;
  const before = new Map(yesterday.map((finding) => [finding.id, finding]));
  const judgements = [
    ...judgeRoot(snapshot),
    ...judgeUsers(snapshot, measures, before),
    ...judgeBuckets(snapshot, measures.limits),
    ...judgeTrails(snapshot),
    ...others,
    ...judgeExceptions(exceptions, { accountId: snapshot.accountId, now }),
  ];
  const today = formatDate(snapshot.at);
  return judgements.map((judgement) => {
    const accepted = judgement.accepted ?? acceptedBy(exceptions, judgement, now);
    return findingOf(asOfReport({ ...judgement, accepted }, snapshot), before, today);
  });
}

/** What the credential report says is said with its time, where nobody told what was changed since. */
function asOfReport(judgement: Judgement, { unwitnessedSince }: Snapshot): Judgement {
  const { verdict } = judgement;
  const { basis = 'exact' } = verdict.facts;
  if (unwitnessedSince === undefined || basis === 'exact') return judgement;
  const sentence = `${verdict.sentence} As of the credential report of ${formatInstant(unwitnessedSince)}.`;
  return { ...judgement, verdict: { ...verdict, sentence }, asOf: Math.min(judgement.asOf, unwitnessedSince) };
}

function findingOf(judgement: Judgement, yesterday: ReadonlyMap<string, Finding>, today: string): Finding {
  const { control, parts, resource, verdict, asOf, accepted, handOver } = judgement;
  const { title, version, remediation } = controls[control];
  const { references = controls[control].references } = judgement;
  const id = findingId(control, ...parts);
  const isFailure = verdict.status === 'fail';
  return {
    id,
    control: { id: control, version, title },
    status: verdict.status,
    reason: verdict.reason,
    sentence: verdict.sentence,
    resource,
    facts: verdict.facts,
    asOf: formatInstant(asOf),
    ...sinceOf(verdict, yesterday.get(id), { since: today, isSinceKnown: yesterday.size > 0 }),
    handOver: isFailure ? (handOver ?? null) : null,
    // What nobody may read, by design, stays not known; somebody has decided so.
    accepted: isFailure || (verdict.status === 'error' && accepted?.source === 'file') ? (accepted ?? null) : null,
    remediation: isFailure ? remediation : '',
    references,
  };
}

type Begin = Pick<Finding, 'since' | 'isSinceKnown'>;

/** Without a run before that could be read nobody can say how long anything has been so. */
function sinceOf(
  { status, reason }: Pick<Finding, 'status' | 'reason'>,
  before: Finding | undefined,
  begun: Begin,
): Pick<Finding, 'since' | 'isSinceKnown' | 'lastKnown'> {
  const wasUnknown = before?.status === 'error';
  const known =
    before === undefined || wasUnknown
      ? (before?.lastKnown ?? null)
      : { ...beginOf(before), status: before.status, reason: before.reason };
  if (status === 'error') return { ...(wasUnknown ? beginOf(before) : begun), lastKnown: known };
  if (known?.status === status && known.reason === reason) return { ...beginOf(known), lastKnown: null };
  // Not known on every day before: nobody can say how long it has been so.
  return { ...begun, isSinceKnown: begun.isSinceKnown && !(wasUnknown && known === null), lastKnown: null };
}

function beginOf({ since, isSinceKnown }: Begin): Begin {
  return { since, isSinceKnown };
}
