import { formatInstant, HOUR, type Instant } from '../time.ts';
import type { ControlId, FindingFacts, Verdict } from './finding.ts';
import { accountResource } from './judge-root.ts';
import { instantFact, type Judgement, notKnown } from './judgement.ts';
import type { SeenTrail, Snapshot, Unseen } from './snapshot.ts';

/** A trail that delivers nothing for so long has either nothing to deliver or an error, and every day has events. */
const LONGEST_SILENCE = 24 * HOUR;

/** One answer for the account, and two for each trail that is counted on. */
export function judgeTrails({ accountId, at, trails }: Snapshot): Judgement[] {
  const ofAccount = (control: ControlId, verdict: Verdict): Judgement => {
    return { control, parts: [accountId], resource: accountResource(accountId), verdict, asOf: at };
  };
  if (!trails.isSeen) {
    return (['trail-covers-all', 'trail-validation', 'trail-delivering'] as const).map((control) =>
      ofAccount(control, notKnown(trails)),
    );
  }
  const counted = trails.value.filter(({ isMultiRegion, delivery }) => isMultiRegion && mayLog(delivery));
  const none: Verdict = {
    status: 'not-applicable',
    reason: 'no-trail-logs',
    sentence: 'No multi-Region trail is logging.',
    facts: {},
  };
  const ofTrail = (control: ControlId, judge: (trail: SeenTrail, at: Instant) => Verdict): Judgement[] => {
    if (counted.length === 0) return [ofAccount(control, none)];
    return counted.map((trail): Judgement => {
      const { arn, homeRegion } = trail;
      const resource = { type: 'cloudtrail-trail' as const, id: arn, arn, accountId, region: homeRegion };
      return { control, parts: [arn], resource, verdict: judge(trail, at), asOf: at };
    });
  };
  return [
    ofAccount('trail-covers-all', coverage(trails.value)),
    ...ofTrail('trail-validation', validation),
    ...ofTrail('trail-delivering', delivering),
  ];
}

/** What could not be asked may be logging: it is counted, and then not known. */
function mayLog(delivery: SeenTrail['delivery']): boolean {
  return !delivery.isSeen || delivery.value.isLogging;
}

type Proof =
  | { is: 'proven'; trail: SeenTrail; excluded: readonly string[] }
  | { is: 'short'; why: string }
  | Unreadable;
type Unreadable = { is: 'unreadable'; unseen: Unseen };

/** A trail that falls short by what is known is short, whatever else could not be read. */
function proofOf(trail: SeenTrail): Proof {
  const { name, isMultiRegion, delivery, management } = trail;
  if (!isMultiRegion) return { is: 'short', why: `${name} is of one Region` };
  if (delivery.isSeen && !delivery.value.isLogging) return { is: 'short', why: `${name} is not logging` };
  if (management.isSeen && !(management.value.reads && management.value.writes)) {
    return { is: 'short', why: `${name} does not have all management events, read and write` };
  }
  if (!delivery.isSeen) return { is: 'unreadable', unseen: delivery };
  if (!management.isSeen) return { is: 'unreadable', unseen: management };
  return { is: 'proven', trail, excluded: management.value.excludedSources };
}

/** One proven trail is enough, and one that could not be read may be it. */
function coverage(trails: readonly SeenTrail[]): Verdict {
  if (trails.length === 0) {
    return { status: 'fail', reason: 'no-trail', sentence: 'The account has no trail.', facts: {} };
  }
  const proofs = trails.map(proofOf);
  const proven = proofs.find((proof) => proof.is === 'proven');
  if (proven?.is === 'proven') {
    const { trail, excluded } = proven;
    const but = excluded.length === 0 ? '' : `, but for those of ${excluded.join(', ')}`;
    const sentence = `Trail ${trail.name} has the management events of all Regions, read and write${but}.`;
    return { status: 'pass', reason: 'trail-proven', sentence, facts: { trail: trail.arn, excludedSources: excluded } };
  }
  const unreadable = proofs.find((proof) => proof.is === 'unreadable');
  if (unreadable?.is === 'unreadable') return notKnown(unreadable.unseen);
  const why = proofs.filter((proof) => proof.is === 'short').map((proof) => proof.why);
  return {
    status: 'fail',
    reason: 'trails-fall-short',
    sentence: `No trail covers all: ${why.join('; ')}.`,
    facts: {},
  };
}

function validation({ name, isValidated, kmsKeyId, delivery }: SeenTrail): Verdict {
  // Whether it logs decides whether it is one that is counted on.
  if (!delivery.isSeen) return notKnown(delivery);
  const facts: FindingFacts = { isValidated, kmsKeyId: kmsKeyId ?? null };
  if (isValidated) {
    return { status: 'pass', reason: 'validated', sentence: `Log files of trail ${name} can be validated.`, facts };
  }
  const sentence = `Log files of trail ${name} cannot be validated.`;
  return { status: 'fail', reason: 'not-validated', sentence, facts };
}

function delivering({ name, delivery }: SeenTrail, now: Instant): Verdict {
  if (!delivery.isSeen) return notKnown(delivery);
  const { deliveredAt, errors } = delivery.value;
  const facts: FindingFacts = {
    deliveredAt: instantFact(deliveredAt),
    errors,
  };
  if (errors.length > 0) {
    const sentence = `Trail ${name} cannot deliver: ${errors.join('; ')}.`;
    return { status: 'fail', reason: 'not-delivering', sentence, facts };
  }
  if (deliveredAt === undefined || now - deliveredAt >= LONGEST_SILENCE) {
    const since = deliveredAt === undefined ? 'never' : `not since ${formatInstant(deliveredAt)}`;
    return { status: 'fail', reason: 'not-delivering', sentence: `Trail ${name} has delivered ${since}.`, facts };
  }
  const sentence = `Trail ${name} delivered last at ${formatInstant(deliveredAt)}.`;
  return { status: 'pass', reason: 'delivering', sentence, facts };
}
