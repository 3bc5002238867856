import { present } from '../present.ts';
import { formatDate, formatInstant, type Instant } from '../time.ts';
import { type ParsedUserSettings, parseUserSettings } from '../user-settings.ts';
import { type Accepted, type ControlId, type Finding, findingId, type Verdict } from './finding.ts';
import { judgeKeys, oneActiveKey } from './judge-keys.ts';
import { accountResource } from './judge-root.ts';
import { unusedKeys, unusedPassword } from './judge-unused.ts';
import { type Judgement, notKnown } from './judgement.ts';
import type { Approval, Judging, Measures } from './judging.ts';
import { standingOf } from './key-state.ts';
import type { KeyEvent } from './reconcile.ts';
import { mapSeen, type Seen, type SeenUser, type Snapshot } from './snapshot.ts';

/** Controls of users, one answer a user; and of their keys, one a key. */
export function judgeUsers(
  { accountId, at, users }: Snapshot,
  measures: Measures,
  yesterday: ReadonlyMap<string, Finding>,
): Judgement[] {
  if (users.isSeen) return users.value.flatMap((user) => judgeUser(user, measures, yesterday));
  const controls = ['mfa-console', 'key-age', 'one-active-key', 'unused-credentials', 'exemption-dated'] as const;
  return controls.map((control): Judgement => {
    const resource = accountResource(accountId);
    return { control, parts: [accountId], resource, verdict: notKnown(users), asOf: at };
  });
}

function judgeUser(seen: SeenUser, measures: Measures, yesterday: ReadonlyMap<string, Finding>): Judgement[] {
  const { user } = seen;
  const { accountId, userId, userName, arn } = user;
  const resource = { type: 'iam-user' as const, id: userId, userId, userName, arn, accountId, region: 'global' };
  const own = parseUserSettings(user, measures.settings, measures.now);
  const before = yesterday.get(findingId('exemption-dated', userId));
  const call = isTagged(user) ? measures.exemptedBy?.get(userName) : undefined;
  const approval = call === undefined ? approvalIn(before, own) : approvalBy(call);
  const judging: Judging = { ...measures, seen, own, resource, approval };
  const accepted = exemptionOf(judging);
  const ofUser = (control: ControlId, verdict: Verdict, asOf: Instant): Judgement => {
    return { control, parts: [userId], resource, verdict, asOf };
  };
  const standing = mapSeen(seen.keys, (keys) => standingOf(judging, keys));
  const [handOver] = standing.isSeen ? standing.value.handOvers.values() : [];
  const keysAt = seen.keys.isSeen ? seen.keys.value.readAt : measures.now;
  return [
    ofUser('mfa-console', mfa(seen), readAt(seen.console, measures.now)),
    ...judgeKeys(judging, standing).map((judgement) => ({ ...judgement, accepted })),
    { ...ofUser('one-active-key', oneActiveKey(judging), keysAt), handOver },
    ofUser('unused-credentials', unusedPassword(judging), readAt(seen.password, measures.now)),
    ...unusedKeys(judging),
    ofUser('exemption-dated', dated(judging), measures.now),
  ];
}

function readAt(found: Seen<{ readAt: Instant }>, otherwise: Instant): Instant {
  return found.isSeen ? found.value.readAt : otherwise;
}

/** In Config an exemption with a date makes a user not applicable. Here the age is a fact, and the exemption a decision. */
function exemptionOf({ own, approval }: Judging): Accepted | undefined {
  const { exemption, exemptReason } = own.settings;
  if (exemption === undefined) return undefined;
  return { until: endOf(exemption), because: exemptReason ?? exemption.because, ...approval, source: 'tag' };
}

/** Others are exempt by their group or path, which nobody set on them. */
function isTagged({ tags }: SeenUser['user']): boolean {
  return Object.keys(tags).some((name) => name.toLowerCase() === 'keyturn:exempt');
}

function approvalBy({ caller, at, eventId }: KeyEvent): Approval {
  return { approvedBy: caller, approvedAt: formatInstant(at), eventId };
}

/** What the run before knew, as long as the exemption is the same. */
function approvalIn(before: Finding | undefined, { settings: { exemption } }: ParsedUserSettings): Approval {
  const { because, until, approvedBy, approvedAt, eventId } = before?.facts ?? {};
  const isSame = exemption !== undefined && because === exemption.because && until === endOf(exemption);
  const known = (fact: unknown): string | null => (isSame && typeof fact === 'string' ? fact : null);
  return { approvedBy: known(approvedBy), approvedAt: known(approvedAt), eventId: known(eventId) };
}

function endOf({ until }: { until?: Instant | undefined }): string | null {
  return until === undefined ? null : formatDate(until);
}

function mfa({ user: { userName }, console: found, mfaKind }: SeenUser): Verdict {
  if (!found.isSeen) return notKnown(found);
  const { hasPassword, hasMfa, basis } = found.value;
  const facts = { consolePassword: hasPassword, mfaActive: hasMfa, ...present({ mfaKind }), basis };
  if (!hasPassword) {
    return { status: 'not-applicable', reason: 'no-password', sentence: `${userName} has no password.`, facts };
  }
  if (hasMfa) return { status: 'pass', reason: 'has-mfa', sentence: `${userName} has a password, and MFA.`, facts };
  return { status: 'fail', reason: 'no-mfa', sentence: `${userName} has a password, and no MFA device.`, facts };
}

function dated({ seen: { user }, own, now, approval }: Judging): Verdict {
  const { exemption } = own.settings;
  if (exemption === undefined) {
    return ended(user.userName, user.tags, now);
  }
  const facts = {
    because: exemption.because,
    until: endOf(exemption),
    ...approval,
  };
  if (exemption.until === undefined) {
    const sentence = `${user.userName} is exempt without an end: ${exemption.because}.`;
    return { status: 'fail', reason: 'no-end', sentence, facts };
  }
  const sentence = `${user.userName} is exempt until ${facts.until}: ${exemption.because}.`;
  return { status: 'pass', reason: 'dated', sentence, facts };
}

/** An exemption that has ended is no exemption to the rotation; that its tag is still there is for somebody to tidy. */
function ended(userName: string, tags: Readonly<Record<string, string>>, now: Instant): Verdict {
  const value = Object.entries(tags).find(([name]) => name.toLowerCase() === 'keyturn:exempt')?.[1];
  const isPast = value !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(value) && value <= formatInstant(now).slice(0, 10);
  if (!isPast) {
    return { status: 'not-applicable', reason: 'no-exemption', sentence: `${userName} is not exempt.`, facts: {} };
  }
  const sentence = `The exemption of ${userName} ended on ${value}.`;
  return { status: 'fail', reason: 'ended', sentence, facts: { until: value } };
}
