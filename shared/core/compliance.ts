import type { Step } from './answer.ts';
import type { RuleParameters } from './config-events.ts';
import { isOutdated, type ReportRow } from './credential-report.ts';
import { afterFreeze } from './freeze.ts';
import { asScheduled, type UserState } from './model.ts';
import { type Plan, planFor } from './plan.ts';
import { postponeDaysOf } from './promises.ts';
import { parseSecretTags } from './read-secret-tags.ts';
import { reasons } from './reasons.ts';
import type { Settings } from './settings.ts';
import { assess, type KeyView, keyLabels, type Situation, versionWith } from './situation.ts';
import { DAY, formatDate, formatInstant, hasPassed, type Instant } from './time.ts';
import type { ScannedUser } from './triage/facts.ts';
import { parseUserSettings, type UserSettings } from './user-settings.ts';

export type ComplianceType = 'COMPLIANT' | 'NON_COMPLIANT' | 'NOT_APPLICABLE';

/** What AWS Config is told about one user. */
export interface Verdict {
  complianceType: ComplianceType;
  /** Sentences, 1 to 256 characters. Of a key only the last four characters. */
  annotation: string;
}

/** AWS Config refuses a longer annotation, and an empty one. */
const ANNOTATION_MAX = 256;

/**
 * The verdict on one user, from their exact keys: a fact about ages, in the grace period too. What happens next is the
 * planner's answer. Pure and total; right about a user without their last use, but for what happens next.
 */
export function judge(state: UserState, settings: Settings, parameters: RuleParameters, now: Instant): Verdict {
  const s = assess(state, asScheduled, settings, now);
  const excused = exemptUntil(s.settings);
  if (excused !== undefined) return excused;
  const limitDays = limitOf(s.settings, parameters);
  const active = s.keys.filter(({ isActive }) => isActive).toSorted((a, b) => a.createdAt - b.createdAt);
  const [oldest, ...others] = active.filter(({ createdAt }) => hasPassed(createdAt, limitDays, now));
  if (oldest === undefined) return compliant(active[0], limitDays, now);
  const also = others.map((other) => ` So is ${short(other)}, ${ageOf(other, now)}.`).join('');
  const fact = `Access key ${short(oldest)} is ${ageOf(oldest, now)} old; the limit is ${inDays(limitDays)}.${also}`;
  const plan = planFor(s);
  return verdict('NON_COMPLIANT', `${fact} ${whatNext(plan, s, oldest)}`, ` [${plan.reason}]`);
}

/**
 * The verdict on one user as far as the scan can tell, or undefined where only their exact keys can: the report may be
 * four hours old, and must accuse nobody. (It shows a toggled key as younger than it is, until the user's day of the
 * exact sweep.)
 */
export function prejudge(
  scanned: ScannedUser,
  settings: Settings,
  parameters: RuleParameters,
  now: Instant,
): Verdict | undefined {
  const { user, keys, secret, report } = scanned;
  if (keys !== undefined) {
    const exact = judge({ user, keys, ...(secret === undefined ? {} : { secret }) }, settings, parameters, now);
    return exact.complianceType === 'NON_COMPLIANT' ? undefined : exact;
  }
  const own = parseUserSettings(user, settings, now).settings;
  const excused = exemptUntil(own);
  if (excused !== undefined) return excused;
  const limitDays = limitOf(own, parameters);
  if (report === undefined || isInFlight(scanned, report, now)) return undefined;
  if (report.keys.some(({ isActive, rotatedAt }) => isActive && hasPassed(rotatedAt ?? 0, limitDays, now))) {
    return undefined;
  }
  const at = formatInstant(report.reportedAt);
  return verdict(
    'COMPLIANT',
    `No active access key has reached the limit of ${inDays(limitDays)}, by the credential report of ${at}.`,
  );
}

/** Of a user who is not there, or not ours to judge, any more. */
export function notApplicable(because: string): Verdict {
  return verdict('NOT_APPLICABLE', because);
}

/** With a date the exemption ends by itself; without one somebody might forget it, so the fact stays visible. */
function exemptUntil({ exemption }: UserSettings): Verdict | undefined {
  if (exemption?.until === undefined) return undefined;
  return notApplicable(`Exempt until ${formatDate(exemption.until)}: ${exemption.because}.`);
}

/** The lower of the rule's limit and the user's own. */
function limitOf({ maxAccessKeyAgeDays }: UserSettings, parameters: RuleParameters): number {
  return Math.min(maxAccessKeyAgeDays, parameters.maxAccessKeyAgeDays ?? maxAccessKeyAgeDays);
}

function compliant(oldest: KeyView | undefined, limitDays: number, now: Instant): Verdict {
  if (oldest === undefined) return verdict('COMPLIANT', 'There is no active access key.');
  return verdict(
    'COMPLIANT',
    `The oldest active access key, ${short(oldest)}, is ${ageOf(oldest, now)} old; the limit is ${inDays(limitDays)}.`,
  );
}

/** In a rotation the report may show neither the new key nor what became of the old one. */
function isInFlight({ secret }: ScannedUser, report: ReportRow, now: Instant): boolean {
  if (secret === undefined) return false;
  const { tags, problems } = parseSecretTags(secret.tags, now);
  const currentVersionId = versionWith(secret, 'AWSCURRENT');
  const hasOtherLabel = keyLabels(secret).some(({ versionId }) => versionId !== currentVersionId);
  const hasTwoKeys = report.keys.every(({ rotatedAt }) => rotatedAt !== undefined);
  const hasRecord = [tags.doing, tags.deactivated, tags.inactiveSeen].some((record) => record !== undefined);
  return hasRecord || hasOtherLabel || hasTwoKeys || problems.length > 0 || isOutdated(report, tags);
}

function whatNext(plan: Plan, s: Situation, oldest: KeyView): string {
  const { exemption, enforce } = s.settings;
  if (exemption !== undefined) return `The user is exempt: ${exemption.because}.`;
  if (!enforce) return 'Nothing is done: Keyturn is in a dry run (enforce is false).';
  // Only the tag at fault helps whoever has to correct it.
  if (plan.reason === 'tags-invalid') return `The user is left untouched: ${s.problems.join('; ')}.`;
  // An answer that waits has no key of its own, but its sentence names the one it is about.
  const subject = s.keys.find(({ accessKeyId }) => plan.message.includes(accessKeyId)) ?? oldest;
  const step = plan.steps.find(({ action }) => action !== 'none' && action !== 'announce-blocked');
  return stepSentence(step, oldest) ?? waitSentence(plan, s, subject);
}

/** What the next pass does, if that is about an Active key. */
function stepSentence(step: Step | undefined, oldest: KeyView): string | undefined {
  switch (step?.action) {
    case 'issue':
      return 'A replacement is issued by the next run.';
    case 'deactivate':
    case 'deactivate-orphan':
    case 'deactivate-unrecorded':
    case 'deactivate-exposed':
      return `Key ${short(step)} is deactivated by the next run.`;
    case 'retire':
      return `Key ${short(step)} is unused, and is deactivated by the next run without a replacement.`;
    case 'remind':
      return step.kind === 'deletion'
        ? undefined
        : `Key ${short(step)} is deactivated on ${formatDate(step.earliestAt)}.`;
    case 'postpone':
      return putOff(short(step), step.latestAt);
    case 'start-grace':
      return step.notBefore === undefined || step.accessKeyId === oldest.accessKeyId
        ? undefined
        : `Key ${short(oldest)} is deactivated after a grace period, on ${formatDate(step.notBefore)} at the earliest.`;
    default:
      return undefined;
  }
}

/** What is waited for, and until when. */
function waitSentence({ reason, steps }: Plan, { settings, tags }: Situation, key: KeyView): string {
  const at = steps[0]?.notBefore;
  const { says, todo } = reasons[reason];
  const more = todo.startsWith('Nothing') ? '' : ` ${todo}`;
  const postponed =
    tags.currentSince === undefined ? settings.maxPostponeDays : postponeDaysOf(tags.currentSince, settings);
  if (at === undefined) return says + more;
  switch (reason) {
    case 'in-grace':
      return (
        `Key ${short(key)} is deactivated on ${formatDate(at)}, or, if it is still in use then, by ` +
        `${formatDate(afterFreeze(settings, at + postponed * DAY))} at the latest.`
      );
    case 'still-in-use':
    case 'not-switched':
      return putOff(short(key), at);
    case 'notice-running':
      return `Key ${short(key)} is deactivated on ${formatDate(at)}.`;
    case 'held':
      return `The user is held until ${formatDate(at)}: nothing is done before.`;
    case 'frozen':
      return `Changes are frozen until ${formatDate(at)}.`;
    case 'nothing-due':
      return `Keyturn's own limit is ${inDays(settings.maxAccessKeyAgeDays)}: a replacement is issued on ${formatDate(at)}.`;
    case 'busy':
    case 'settling':
      // A matter of minutes.
      return says;
    default:
      return `${says} It goes on ${formatDate(at)} at the earliest.${more}`;
  }
}

function putOff(key: string, at: Instant): string {
  return `The deactivation of ${key} is put off, to ${formatDate(at)} at the latest: it is in use, or the new key is not.`;
}

/** Enough to tell two keys apart: annotations are read by people who need not know more. */
function short({ accessKeyId }: { accessKeyId: string }): string {
  return `...${accessKeyId.slice(-4)}`;
}

function ageOf({ createdAt }: KeyView, now: Instant): string {
  return inDays(Math.max(0, Math.floor((now - createdAt) / DAY)));
}

function inDays(days: number): string {
  return `${days} ${days === 1 ? 'day' : 'days'}`;
}

/** Cut to what AWS Config takes; the reason code at the end stays. */
function verdict(complianceType: ComplianceType, text: string, code = ''): Verdict {
  const room = ANNOTATION_MAX - code.length;
  // A tag's value may hold letters of two UTF-16 units: half of one would be no text.
  const cut = text.length <= room ? text : `${text.slice(0, room - 3).replace(/[\uD800-\uDBFF]$/, '')}...`;
  return { complianceType, annotation: cut + code };
}
