import type { RuleParameters } from './config-events.ts';
import { isOutdated, type ReportRow } from './credential-report.ts';
import { asScheduled, type User, type UserState } from './model.ts';
import { type Plan, planFor } from './plan.ts';
import { parseSecretTags } from './read-secret-tags.ts';
import { keyLabels, versionWith } from './secret-versions.ts';
import type { Settings } from './settings.ts';
import { assess, type KeyView, type Situation } from './situation.ts';
import { formatDate, formatInstant, hasPassed, type Instant } from './time.ts';
import type { ScannedUser } from './triage/facts.ts';
import { describeExemption, parseUserSettings, type UserSettings } from './user-settings.ts';
import { age, daysInWords } from './words.ts';

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
  const excused = exemptUntil(state.user, s.settings);
  if (excused !== undefined) return excused;
  const limitDays = limitOf(s.settings, parameters);
  const active = s.keys.filter(({ isActive }) => isActive).toSorted((a, b) => a.createdAt - b.createdAt);
  const [oldest, ...others] = active.filter(({ createdAt }) => hasPassed(createdAt, limitDays, now));
  if (oldest === undefined) return compliant(active[0], limitDays, now);
  const also = others.map((other) => ` So is ${short(other)}, ${age(other, now)}.`).join('');
  const own = s.settings.maxAccessKeyAgeDays;
  const laxer = limitDays < own ? `, Keyturn's own ${daysInWords(own)}` : '';
  const fact = `Access key ${short(oldest)} is ${age(oldest, now)} old; the limit is ${daysInWords(limitDays)}${laxer}.${also}`;
  const plan = planFor(s);
  return verdict('NON_COMPLIANT', shortened(`${fact} ${whatNext(plan, s)}`), plan);
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
  const excused = exemptUntil(user, own);
  if (excused !== undefined) return excused;
  const limitDays = limitOf(own, parameters);
  if (report === undefined || isInFlight(scanned, report, now)) return undefined;
  if (report.keys.some(({ isActive, rotatedAt = 0 }) => isActive && hasPassed(rotatedAt, limitDays, now))) {
    return undefined;
  }
  const at = formatInstant(report.reportedAt);
  return verdict(
    'COMPLIANT',
    `No active access key has reached the limit of ${daysInWords(limitDays)}, by the credential report of ${at}.`,
  );
}

/** For a user who no longer exists, or is no longer ours to judge. */
export function notApplicable(because: string): Verdict {
  return verdict('NOT_APPLICABLE', because);
}

/** With a date the exemption ends by itself. Without one it might be forgotten, so it stays visible. */
function exemptUntil({ userName }: User, { exemption }: UserSettings): Verdict | undefined {
  return exemption?.until === undefined ? undefined : notApplicable(describeExemption(userName, exemption));
}

/** The lower of the rule's limit and the user's own. */
function limitOf({ maxAccessKeyAgeDays }: UserSettings, parameters: RuleParameters): number {
  return Math.min(maxAccessKeyAgeDays, parameters.maxAccessKeyAgeDays ?? maxAccessKeyAgeDays);
}

function compliant(oldest: KeyView | undefined, limitDays: number, now: Instant): Verdict {
  if (oldest === undefined) return verdict('COMPLIANT', 'There is no active access key.');
  return verdict(
    'COMPLIANT',
    `The oldest active access key, ${short(oldest)}, is ${age(oldest, now)} old; the limit is ${daysInWords(limitDays)}.`,
  );
}

/** In a rotation the report may show neither the new key nor what became of the old one. */
function isInFlight({ secret }: ScannedUser, report: ReportRow, now: Instant): boolean {
  if (secret === undefined) return false;
  const { tags, problems } = parseSecretTags(secret.tags, now);
  const currentVersionId = versionWith(secret, 'AWSCURRENT');
  const hasOtherLabel = keyLabels(secret).some(({ versionId }) => versionId !== currentVersionId);
  const hasTwoKeys = report.keys.every(({ rotatedAt }) => rotatedAt !== undefined);
  const hasRecord = [tags.intent, tags.deactivated, tags.inactiveSeen].some((record) => record !== undefined);
  return hasRecord || hasOtherLabel || hasTwoKeys || problems.length > 0 || isOutdated(report, tags);
}

/** The planner's answer in its own words, unless nothing at all is done for the user. */
function whatNext({ status, message }: Plan, { settings: { exemption, enforce }, state }: Situation): string {
  if (exemption !== undefined) return describeExemption(state.user.userName, exemption);
  if (!enforce) return 'Nothing is done: Keyturn is in a dry run (enforce is false).';
  return status === 'act' ? `Next: ${message}` : message;
}

/** Enough to tell two keys apart: annotations are read by people who need not know more. */
function short({ accessKeyId }: { accessKeyId: string }): string {
  return `...${accessKeyId.slice(-4)}`;
}

/** The same for every key that a sentence names. */
function shortened(sentence: string): string {
  return sentence.replace(/\bAKIA[A-Z0-9]{12,}\b/g, (accessKeyId) => short({ accessKeyId }));
}

/** Cut to what AWS Config takes; the day that comes next, and the reason code, stay. */
function verdict(complianceType: ComplianceType, text: string, plan?: Plan): Verdict {
  const code = plan === undefined ? '' : ` [${plan.reason}]`;
  if (text.length + code.length <= ANNOTATION_MAX) return { complianceType, annotation: text + code };
  const at = plan?.steps[0]?.notBefore;
  const end = `...${at === undefined ? '' : ` (${formatDate(at)})`}${code}`;
  // A tag's value may hold letters of two UTF-16 units: half of one would be no text.
  const cut = text
    .slice(0, ANNOTATION_MAX - end.length)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd();
  return { complianceType, annotation: cut + end };
}
