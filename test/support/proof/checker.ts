import type { Call, LocalAws } from '../../../local/aws/aws.ts';
import type { AccessKey } from '../../../local/aws/iam/iam-state.ts';
import { evaluate } from '../../../local/aws/policies/resource-policy.ts';
import type { Principal } from '../../../local/aws/service.ts';
import { createMailbox, type Message, names } from './announced.ts';
import { createAuthors } from './authors.ts';
import {
  currentKeyId,
  DAY,
  HOUR,
  intent,
  keyLabels,
  keyOf,
  keysOf,
  type Look,
  lookAt,
  MINUTE,
  record,
  SECOND,
  storedKey,
  tag,
  userTag,
} from './keys.ts';

/** The settings of the run under proof, in days. */
export interface Limits {
  readonly maxAgeDays: number;
  readonly graceDays: number;
  readonly quietDays: number;
  readonly maxPostponeDays: number;
  readonly recoveryDays: number;
  readonly unusedDays: number;
}

/** What `rotate-user` was asked for. */
export interface Command {
  readonly action: string;
  readonly userName: string;
  readonly accessKeyId?: string;
  readonly force?: boolean;
  readonly compromised?: true;
  readonly graceDays?: number;
  readonly holdUntil?: string;
  readonly restoreSecret?: boolean;
}

/** One invocation of a function: who called, and what for. */
export interface Invocation {
  readonly caller: string;
  readonly command?: Command;
  /** The key that AWS found in public, if the invocation is about one. */
  readonly exposedKeyId?: string;
  readonly isDryRun?: boolean;
}

export interface Violation {
  readonly rule: string;
  readonly what: string;
  readonly at: number;
  readonly where: string;
}

/** What is known of one access key that IAM alone does not say. */
interface Life {
  readonly accessKeyId: string;
  /** The invocation that made it; undefined: somebody else. */
  readonly madeBy: string | undefined;
  readonly madeAt: number;
  /** Since when it has been Inactive without a break that anybody could have noticed. */
  inactiveSince: number | undefined;
  /** The earlier `inactiveSince` of a key that somebody reactivated since the last pass. */
  wasInactiveSince: number | undefined;
  /** Its secret is stored: until the pass that stored it takes the label off a key that never was current. */
  isLabelled: boolean;
  wasCurrent: boolean;
  /** Made by hand within the minute of an issue that crashed: taken for ours (accepted by the design). */
  isAmbiguous: boolean;
  /** Somebody made it Active again, or was the last to touch its intent: it is theirs. */
  isReclaimed: boolean;
}

type ChangeKind = 'deactivated' | 'deleted' | 'reactivated' | 'current';

interface Change {
  readonly kind: ChangeKind;
  readonly userId: string;
  readonly accessKeyId: string;
  readonly at: number;
  /** Of the intent under which it was made: every announcement of it carries this. */
  readonly transitionId: string | undefined;
  /** Whoever gave the command saw that it died, and gives it again. */
  readonly isByHand: boolean;
}

export interface Checker {
  readonly violations: readonly Violation[];
  readonly checkedCalls: number;
  /** Must precede the calls of an invocation. */
  begin(invocation: Invocation): void;
  /** After a pass that was not disturbed: an orphan is Inactive by now, and what was written is announced. */
  passed(userId: string, begunAt: number): void;
  /** Takes in what somebody else has just done. */
  outside(): void;
  /** When nothing is planned any more: everything was announced, each transition under one id. */
  atRest(userId: string, isBlocked?: boolean): void;
  /** Whether the key was made by an invocation, and its secret is nowhere. */
  lostKeys(userId: string): readonly string[];
  stop(): void;
}

const announcedBy: Readonly<Record<ChangeKind, readonly string[]>> = {
  deactivated: ['deactivated', 'retired', 'orphan-removed', 'exposed'],
  deleted: ['deleted', 'orphan-removed'],
  // An interrupted roll-back is not finished; what it had reactivated is told.
  reactivated: ['rolled-back', 'reactivated'],
  current: ['issued', 'moved-forward', 'rolled-back'],
};
const graceBegins = ['issued', 'grace-restarted', 'moved-forward', 'reactivated'];
const inactiveKnown = ['deactivated', 'retired', 'inactive-seen', 'orphan-removed', 'exposed'];
/** Clocks of a message and of the tag that goes with it differ by a few calls. */
const SLACK = MINUTE;

/**
 * Design section 5, judged after every single call from the embedded AWS's own state. Written from the design alone:
 * it imports nothing of `shared/`.
 */
export function createChecker(aws: LocalAws, limits: Limits): Checker {
  const violations: Violation[] = [];
  const mailbox = createMailbox(aws);
  const lives = new Map<string, Life>();
  const authors = createAuthors();
  /** As they were last seen, without what no function wrote. */
  const looks = new Map<string, Look>();
  /** The same secrets as AWS has them. */
  const secrets = new Map<string, Look['secret']>();
  const seen = (userId: string): Look => authors.believed(lookAt(aws, userId));
  const invocations = new Map<string, Invocation>();
  /** By caller: when the lease was last seen as its own. */
  const leaseSeenAt = new Map<string, number>();
  const confirmations: { userId: string; accessKeyId: string; at: number }[] = [];
  /** By caller: the users as they were when it began. */
  const begins = new Map<string, Map<string, Look>>();
  const begunForged = new Map<string, Map<string, readonly string[]>>();
  /** By caller and user: the secret as it was last read, and when that was. */
  const reads = new Map<string, { secret: Look['secret']; n: number }>();
  const policyPutAt = new Map<string, number>();
  /** When somebody else has last changed a secret. */
  const tamperedAt = new Map<string, number>();
  const gone = new Set<string>();
  /** Keys that AWS or an operator said are known to others. */
  const exposed = new Set<string>();
  /** By key: those that were Active, for all that is recorded, while its secret was stored. */
  const readers = new Map<string, Set<string>>();
  let owed: Change[] = [];
  let checkedCalls = 0;
  let searched = 0;

  function report(rule: string, what: string, call?: Call): void {
    const where =
      call === undefined ? 'between two calls' : `call ${call.n} of ${call.caller}: ${call.service}:${call.operation}`;
    violations.push({ rule, what, at: aws.clock.now(), where });
  }

  function lifeOf(accessKeyId: string): Life {
    const known = lives.get(accessKeyId);
    if (known !== undefined) return known;
    const life: Life = {
      accessKeyId,
      madeBy: undefined,
      madeAt: aws.clock.now(),
      inactiveSince: undefined,
      wasInactiveSince: undefined,
      isLabelled: false,
      wasCurrent: false,
      isAmbiguous: false,
      isReclaimed: false,
    };
    lives.set(accessKeyId, life);
    return life;
  }

  function isLost(accessKeyId: string): boolean {
    const { madeBy, isLabelled, isAmbiguous } = lifeOf(accessKeyId);
    return isAmbiguous || (madeBy !== undefined && !isLabelled);
  }

  /** Known to others, or stored where a key that is could read it. */
  function isExposed(id: string, asked: ReadonlySet<string> = new Set()): boolean {
    if (exposed.has(id)) return true;
    const next = new Set([...asked, id]);
    return [...(readers.get(id) ?? [])].some((reader) => !next.has(reader) && isExposed(reader, next));
  }

  function noteReaders(look: Look): void {
    // Nothing tells since when a key without a record has been Inactive: it may have been Active a moment ago.
    const isRecorded = (id: string): boolean =>
      ['deactivated', 'inactive-seen'].some((name) => record(look, name)?.accessKeyId === id) ||
      isNamedExposed(look, id);
    const able = keysOf(look).filter(({ status, accessKeyId }) => status === 'Active' || !isRecorded(accessKeyId));
    for (const { label } of keyLabels(look)) {
      const known = readers.get(label) ?? new Set();
      for (const { accessKeyId } of able) if (accessKeyId !== label) known.add(accessKeyId);
      readers.set(label, known);
    }
  }

  // ---- what one call changed ----

  interface Judged {
    call: Call;
    invocation: Invocation;
    userId: string;
    before: Look;
    after: Look;
    /** The secret before, with what nobody of ours wrote. */
    raw: Look['secret'];
  }

  function judge(j: Judged, actual: Judged): void {
    judgeAuthority(j);
    judgeKeys(j);
    judgeSecret(actual);
  }

  /** Section 5, 4: exempt, held, unparsable: nothing but deactivating our own orphan. */
  function judgeAuthority({ call, invocation, before, userId }: Judged): void {
    if (invocation.isDryRun) report('7 dry run', 'A dry run changed something', call);
    const doing = intent(before);
    const isAboutOrphan =
      keysOf(before).some(({ accessKeyId }) => isLost(accessKeyId)) &&
      (call.operation === 'TagResource' || (call.operation === 'UpdateAccessKey' && call.input.Status === 'Inactive'));
    if (isAboutOrphan || isPolicyOnly(call)) return;
    // Limits and holds are for what can wait.
    const hasExposed = keysOf(before).some(({ accessKeyId }) => isExposed(accessKeyId)) || isNamedExposed(before);
    // Whoever had begun before cannot know; a write of another run is seen when the state is read again.
    const begin = begins.get(invocation.caller)?.get(userId) ?? before;
    const isSo = (is: (look: Look, at: number) => boolean): boolean => is(before, call.at) && is(begin, call.at);
    if (isSo(isExempt)) report('4 exempt', 'An exempt user was touched', call);
    if (isSo(hasGarbage) && !hasExposed) report('4 tags', 'A user whose tags do not parse was touched', call);
    const isHeld = isSo((look, at) => at < Date.parse(tag(look, 'hold') ?? ''));
    const { command } = invocation;
    const isAsked =
      command !== undefined && (command.force || command.compromised || ['hold', 'rollback'].includes(command.action));
    if (isHeld && !isAsked && !hasExposed && doing?.verb !== 'roll-back')
      report('4 held', 'A held user was touched', call);
  }

  function judgeKeys(j: Judged): void {
    const { before, after, call, invocation, userId } = j;
    for (const key of keysOf(after)) {
      const old = keyOf(before, key.accessKeyId);
      if (old === undefined) {
        judgeMade(j, key);
      } else if (old.status !== key.status) {
        const life = lifeOf(key.accessKeyId);
        life.inactiveSince = key.status === 'Inactive' ? call.at : undefined;
        life.wasInactiveSince = undefined;
        owe(j, key.status === 'Inactive' ? 'deactivated' : 'reactivated', key.accessKeyId);
        if (key.status === 'Inactive') judgeDeactivated(j, old);
        else if (invocation.command?.action !== 'rollback' && intent(before)?.verb !== 'roll-back') {
          report('1 reactivated', `${key.accessKeyId} was reactivated and nobody had asked`, call);
        }
      }
    }
    for (const old of keysOf(before)) {
      if (keyOf(after, old.accessKeyId) !== undefined) continue;
      gone.add(old.accessKeyId);
      judgeDeleted(j, old);
      if (old.status === 'Inactive') owe(j, 'deleted', old.accessKeyId);
      for (const { kind, accessKeyId } of owed.filter((change) => isEarlier(change, call, old.accessKeyId))) {
        report('6 announced', `${accessKeyId} was deleted, and that it was ${kind} had never been announced`, call);
      }
      owed = owed.filter(({ accessKeyId, kind }) => accessKeyId !== old.accessKeyId || kind === 'deleted');
    }
    const isKeyWrite = call.service === 'iam' && call.mutating;
    if (isKeyWrite) judgeAuthor(j);
    const isOwnLoss = lifeOf(String(call.input.AccessKeyId ?? '-')).madeBy === call.caller;
    // Every minute of an exposed key counts: it does not wait for an intent.
    if (isKeyWrite && !isOwnLoss && !isExposedKey(j)) judgeLease(j);
    const isActive = (look: Look): boolean => keysOf(look).some(({ status }) => status === 'Active');
    const isRetiring =
      invocation.command?.action === 'retire' || userTag(before, 'unused') === 'retire' || isExposedKey(j);
    const isOrphanOnly = keysOf(before).every(
      ({ accessKeyId, status }) => status === 'Inactive' || isLost(accessKeyId),
    );
    if (isActive(before) && !isActive(after) && !isRetiring && !isOrphanOnly) {
      report('1 locked out', `The last active key of ${userId} is gone`, call);
    }
  }

  /**
   * No key is written because of what somebody else wrote. The other rules see no tag and no label that no function ever
   * wrote; these two are about what such things forbid.
   */
  function judgeAuthor(j: Judged): void {
    const { call, before, raw, invocation, userId } = j;
    if (isExposedKey(j) || isLost(String(call.input.AccessKeyId ?? '-'))) return;
    if (raw !== undefined && before.secret === undefined) {
      report('author', 'A key was written beside a secret that no function made', call);
    }
    const begun = begunForged.get(invocation.caller)?.get(userId) ?? [];
    const odd = authors.forged(raw).filter((name) => begun.includes(name) && ['hold', 'exposed'].includes(name));
    if (odd.length > 0) report('author', `A key was written under a forged ${odd.join(', ')}`, call);
  }

  /** An exposed key is deactivated "at once", "without grace", whoever finds it Active. */
  function isExposedKey({ call }: Judged): boolean {
    const { AccessKeyId, Status } = call.input;
    return call.operation === 'UpdateAccessKey' && Status === 'Inactive' && isExposed(String(AccessKeyId));
  }

  /** The secret remembers that a key of the user is known to others, also once it is gone. */
  function isNamedExposed(look: Look, accessKeyId?: string): boolean {
    const ids = record(look, 'exposed')?.accessKeyId.split('/') ?? [];
    return accessKeyId === undefined ? ids.length > 0 : ids.includes(accessKeyId);
  }

  function owe({ userId, call, before, invocation }: Judged, kind: ChangeKind, accessKeyId: string): void {
    // That it is exposed was told; one that somebody reactivated is deactivated before anything is written.
    const isTold = mailbox.about(userId).some((m) => m.event === 'exposed' && m.accessKeyId === accessKeyId);
    if (isTold && kind === 'deactivated') return;
    const transitionId = ownIntents.get(call.caller) ?? idOf(userId, before);
    owed.push({ kind, userId, accessKeyId, at: call.at, transitionId, isByHand: invocation.command !== undefined });
  }

  function isEarlier(change: Change, { at }: Call, accessKeyId: string): boolean {
    return change.accessKeyId === accessKeyId && change.at < at;
  }

  /** "Every write comes at most 10 s after the lease was read back as ours." */
  function judgeLease({ call, before, after }: Judged): void {
    const doing = intent(before) ?? intent(after);
    const seenAt = leaseSeenAt.get(call.caller);
    if (doing === undefined || doing.deadlineAt < call.at) {
      // An orphan beside a secret that is not ours, or pending deletion, is deactivated without a lease.
      if (call.operation === 'UpdateAccessKey' && isLost(String(call.input.AccessKeyId))) return;
      report('lease', 'A key was written without an intent', call);
      return;
    }
    if (seenAt === undefined || call.at - seenAt > 10.5 * SECOND) {
      report('lease', 'A key was written without having read the lease back lately', call);
    }
  }

  function judgeMade({ call, before }: Judged, { accessKeyId }: AccessKey): void {
    const life = lifeOf(accessKeyId);
    lives.set(accessKeyId, { ...life, madeBy: call.caller, madeAt: call.at });
    const doing = intent(before);
    if (doing?.verb !== 'issue') report('issue', `${accessKeyId} was made without an intent to issue`, call);
    else if (call.at - doing.at > 31 * SECOND) report('issue', `${accessKeyId} was made long after its intent`, call);
    const ours = keysOf(before).filter((key) => {
      const { madeBy, wasCurrent, isReclaimed } = lifeOf(key.accessKeyId);
      const isYoung = call.at - key.createdAt < DAY;
      return madeBy !== undefined && !wasCurrent && !isReclaimed && isYoung && !gone.has(key.accessKeyId);
    });
    if (ours.length > 0) {
      report('issue', `${accessKeyId} was made beside ${ours[0]?.accessKeyId}, which was not current yet`, call);
    }
  }

  function judgeDeactivated(j: Judged, key: AccessKey): void {
    const { call, before, invocation } = j;
    const id = key.accessKeyId;
    if (isLost(id)) {
      // Somebody has taken its label off, and put the intent of its issue back: at worst a key that nobody used yet.
      if (isInUse(key)) report('orphan', `${id} is in use`, call);
      const begunAt = intent(before)?.at ?? call.at;
      if (call.at - begunAt >= 3 * DAY + HOUR) report('orphan', `${id} was deactivated by an intent days old`, call);
      return;
    }
    if (isExposedKey(j)) return;
    const { command } = invocation;
    const others = keysOf(before).filter(({ accessKeyId, status }) => accessKeyId !== id && status === 'Active');
    if (command?.action === 'retire') return;
    const age = call.at - key.createdAt;
    const idle = call.at - Math.max(key.createdAt, key.lastUsed?.at ?? 0);
    const isUnused = idle >= limits.unusedDays * DAY;
    if (userTag(before, 'unused') === 'retire' && isUnused && age >= limits.maxAgeDays * DAY) {
      judgeNotice(j.userId, id, call.at - idle, call);
      return;
    }
    if (command?.action === 'rotate' && command.accessKeyId === id) {
      if (others.length === 0) report('1 given up', `${id} was given up while no other key was Active`, call);
      return;
    }
    const currentId = currentKeyId(before);
    const isStored = keyLabels(before).some(({ label }) => label === currentId);
    const current = others.find(({ accessKeyId }) => accessKeyId === currentId && isStored);
    if (current === undefined) {
      report('1 deactivated', `${id} was deactivated while no other Active key was under AWSCURRENT`, call);
      return;
    }
    judgeLadder(j, key, current, isUnused);
  }

  /** Section 1: nobody's time runs before they are told; quiet, switched, noticed. */
  function judgeLadder({ call, before, userId }: Judged, old: AccessKey, current: AccessKey, isUnused: boolean): void {
    const id = old.accessKeyId;
    const promise = record(before, 'current-since')?.rest ?? '';
    const grace = /grace=([\d.]+)/.exec(promise)?.[1];
    const [promised = 0, postponed = 0] = (/promised=(\S+)/.exec(promise)?.[1] ?? '').split('/').map(Number);
    const graceDays = Number(grace ?? Math.max(promised, Number(userTag(before, 'grace-days') ?? limits.graceDays)));
    const begins = mailbox
      .about(userId)
      .filter((m) => graceBegins.includes(m.event) && names(m, m.event === 'reactivated' ? id : current.accessKeyId));
    // An old clock that was put back counts from an earlier announcement of the same current key.
    const told = begins.at(authors.isReplayed(before, 'current-since') ? 0 : -1);
    if (told === undefined) {
      report('told', `${id} was deactivated before its owner was told of ${current.accessKeyId}`, call);
      return;
    }
    if (graceDays === 0) return;
    const days = (call.at - told.at + SLACK) / DAY;
    const confirmed = confirmations.some(
      ({ userId: u, accessKeyId, at }) => u === userId && accessKeyId === current.accessKeyId && at >= told.at - SLACK,
    );
    if (days < graceDays && !confirmed) report('grace', `${id} was deactivated after ${days.toFixed(2)} days`, call);
    judgeNotice(userId, id, told.at, call);
    const isBefore = mailbox.about(userId).some((m) => m.at >= told.at && isPromise(m, 'deactivate', id, call));
    if (isBefore && !confirmed) report('promised', `${id} was deactivated before the day that was promised`, call);
    if (days >= graceDays + Math.max(limits.maxPostponeDays, postponed)) return;
    const idle = call.at - Math.max(old.createdAt, old.lastUsed?.at ?? 0);
    if (idle < limits.quietDays * DAY - SECOND) report('quiet', `${id} was deactivated while in use`, call);
    const hasSwitched = confirmed || isUnused || (current.lastUsed?.at ?? 0) > told.at + 15 * MINUTE - SLACK;
    if (!hasSwitched) report('switched', `${id} was deactivated before its owner had switched`, call);
  }

  /**
   * Nothing is taken away unheard: with a run a day, told half a day to four days before, and after what made it possible;
   * by a message that somebody got, and that named no later day. And somebody will get the one about its being done.
   */
  function judgeNotice(userId: string, accessKeyId: string, after: number, call: Call): void {
    const notices = mailbox.about(userId).filter((m) => {
      const ago = call.at - m.at;
      const isNotice = (m.event === 'reminder' || m.event === 'postponed') && m.accessKeyId === accessKeyId;
      return isNotice && m.at > after && ago >= 12 * HOUR - SLACK && ago <= 4 * DAY + SLACK;
    });
    if (notices.length === 0) {
      report('notice', `${accessKeyId} was taken away without a message half a day to 4 days before`, call);
      return;
    }
    const heard = notices.filter(({ isDelivered }) => isDelivered);
    if (heard.length === 0) report('heard', `${accessKeyId} was taken away, and nobody got the notice`, call);
    const isDue = heard.some(({ next }) => next !== undefined && next.notBefore <= call.at + SLACK);
    if (!isDue && heard.length > 0) report('promised', `${accessKeyId} was taken away before the noticed day`, call);
    const topicArn = aws.sns.published[0]?.topicArn ?? '-';
    const event = call.operation === 'DeleteAccessKey' ? 'deleted' : 'deactivated';
    if (aws.sns.recipientsOf(topicArn, { event }).length === 0) {
      report('heard', `${accessKeyId} was taken away, and nobody will hear of it`, call);
    }
  }

  /** A message that names a later day than this one. */
  function isPromise(m: Message, action: 'deactivate' | 'delete', accessKeyId: string, { at }: Call): boolean {
    const isOf = action === 'delete' ? inactiveKnown.includes(m.event) : graceBegins.includes(m.event);
    return isOf && m.accessKeyId === accessKeyId && m.next?.action === action && m.next.notBefore > at + SLACK;
  }

  function judgeDeleted({ call, before, userId }: Judged, key: AccessKey): void {
    const id = key.accessKeyId;
    const life = lifeOf(id);
    if (key.status === 'Active') {
      if (life.madeBy !== call.caller) report('2 active deleted', `${id} was deleted while Active`, call);
      if (life.wasCurrent) report('2 active deleted', `${id} was deleted though its secret was handed out`, call);
      if (keyLabels(before).some(({ label }) => label === id)) {
        report('2 label', `${id} was deleted while a label still named it`, call);
      }
      return;
    }
    // Of two exposed keys one has a record of its own; the tag that names them is the other's.
    const byExposure = isNamedExposed(before, id) ? { at: life.inactiveSince ?? call.at, accessKeyId: id } : undefined;
    const written = [record(before, 'deactivated'), record(before, 'inactive-seen'), byExposure].find(
      (r) => r?.accessKeyId === id,
    );
    if (written === undefined) {
      report('2 record', `${id} was deleted without a record of its inactivity`, call);
      return;
    }
    // An old record that was put back counts from an earlier day, while the key is Inactive and unused since.
    const isReplayed = ['deactivated', 'inactive-seen'].some((name) => authors.isReplayed(before, name));
    // Nobody may want an exposed key back: it goes when its slot is needed.
    const wait = isExposed(id) ? 0 : isLost(id) ? 12 * HOUR : limits.recoveryDays * DAY;
    if (call.at - written.at < wait) report('2 recovery', `${id} was deleted before its recovery was over`, call);
    if (!isReplayed && !isExposed(id) && (life.inactiveSince ?? call.at) > written.at + 5 * MINUTE) {
      report('2 toggled', `${id} was deleted though it was Active since its record`, call);
    }
    if (!isLost(id) && !isExposed(id)) {
      judgeNotice(userId, id, written.at - SLACK, call);
      // Whoever takes the record off takes what was promised with it: the recovery begins anew, by the settings of then.
      const isBefore = mailbox
        .about(userId)
        .some((m) => m.at >= written.at - SLACK && isPromise(m, 'delete', id, call));
      if (isBefore && !isReplayed) report('promised', `${id} was deleted before the day that was promised`, call);
    }
    if (!isExposed(id) && (key.lastUsed?.at ?? 0) > written.at + MINUTE + SECOND)
      report('2 used', `${id} was deleted though used since`, call);
    const knownBy = isExposed(id) ? call.at : written.at + SLACK;
    const isKnown = mailbox
      .about(userId)
      .some((m) => inactiveKnown.includes(m.event) && m.accessKeyId === id && m.at <= knownBy);
    if (!isKnown) report('2 told', `${id} was deleted before anybody was told that it is Inactive`, call);
    const others = keysOf(before).filter(({ accessKeyId }) => accessKeyId !== id);
    if (!isLost(id) && !isExposed(id) && others.length > 0 && others.every(({ status }) => status !== 'Active')) {
      report('2 none active', `${id} was deleted while the only other key was Inactive`, call);
    }
  }

  function judgeSecret(j: Judged): void {
    const { before, after, call, userId } = j;
    if (before.secret === after.secret || after.secret === undefined) return;
    judgeLabels(j);
    judgeCurrent(j);
    const since = record(after, 'current-since');
    if (since !== undefined && tag(before, 'current-since') !== tag(after, 'current-since')) {
      const isTold = mailbox.about(userId).some((m) => names(m, since.accessKeyId) && call.at - m.at < 10 * MINUTE);
      if (!isTold) report('told', `The grace clock of ${since.accessKeyId} began before anybody was told`, call);
    }
    const labels = after.secret.versions.reduce((count, version) => count + version.labels.length, 0);
    if (labels > 20) report('labels', 'More than 20 labels', call);
  }

  /** "A key-ID label means: stored and proven", and read by its owner alone. */
  function judgeLabels({ before, after, call, userId }: Judged): void {
    const known = new Map(keyLabels(before).map(({ label, versionId }) => [label, versionId]));
    for (const { label, versionId } of keyLabels(after)) {
      if (known.get(label) === versionId) continue;
      const version = after.secret?.versions.find((candidate) => candidate.versionId === versionId);
      const stored = storedKey(version?.value.text);
      const isRight = stored?.accessKeyId === label && stored.secretAccessKey === aws.iam.state.secretAccessKey(label);
      if (!isRight) report('label', `The version labelled ${label} does not hold that key`, call);
      const key = keyOf(after, label);
      if (key?.lastUsed === undefined) report('label', `${label} was stored before it was proven`, call);
      const life = lifeOf(label);
      if (life.madeBy !== call.caller) report('label', `${label} was stored by another pass than made it`, call);
      life.isLabelled = true;
      judgeExposed({ before, after, call, userId }, label);
      // Nobody can know of a policy that was lifted between its being put and the value's.
      const isLifted = (tamperedAt.get(userId) ?? -1) >= (policyPutAt.get(call.caller) ?? -1);
      if (!isLifted && !isPrivate(after, userId))
        report('policy', `${label} was stored where others can read it`, call);
    }
    const kept = new Set(keyLabels(after).map(({ label }) => label));
    for (const [label] of known) {
      if (kept.has(label)) continue;
      const life = lifeOf(label);
      const isOwnLoss = life.madeBy === call.caller && !life.wasCurrent;
      if (keyOf(after, label) !== undefined && !isOwnLoss) {
        report('label', `The label of ${label} was taken off while the key is there`, call);
      }
      // Nothing remembers a secret that lost step 6: what is left of its key is an orphan.
      if (isOwnLoss) life.isLabelled = false;
    }
  }

  /** Whoever has found an exposed key reads nothing with it that is stored from now on, nor with a session that it made. */
  function judgeExposed(
    { before, after, call, userId }: Pick<Judged, 'before' | 'after' | 'call' | 'userId'>,
    id: string,
  ) {
    const named = [...exposed].filter(
      (key) => isNamedExposed(before, key) || invocations.get(call.caller)?.exposedKeyId === key,
    );
    for (const key of named) {
      if (key !== id && keyOf(before, key)?.status === 'Active') {
        report('exposed', `${id} was stored while ${key}, which others know, was Active`, call);
      }
    }
    const { user, secret } = after;
    const isLifted = (tamperedAt.get(userId) ?? -1) >= (policyPutAt.get(call.caller) ?? -1);
    if (isLifted || user === undefined || secret === undefined) return;
    for (const key of named) {
      // A deactivated key may work for seconds more. Deactivated again by a process that died at once, it is recorded as of
      // the first time.
      const since = Math.min(lifeOf(key).inactiveSince ?? call.at, record(before, 'exposed')?.at ?? call.at);
      const issuedAt = Math.min(call.at, since + MINUTE);
      const principal: Principal = {
        kind: 'user',
        arn: user.arn,
        userId,
        accessKeyId: 'ASIAOFANEXPOSEDKEY00',
        issuedAt,
      };
      const action = 'secretsmanager:GetSecretValue';
      const verdict = evaluate(secret.policy, { principal, action, resource: secret.arn, now: call.at + HOUR });
      if (verdict === 'allow') report('exposed', `A session made with ${key} can read ${id}`, call);
    }
  }

  function judgeCurrent(j: Judged): void {
    const { before, after, call } = j;
    const id = currentKeyId(after);
    const versionOf = ({ secret }: Look): string | undefined =>
      secret?.versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.versionId;
    if (id === undefined || versionOf(before) === versionOf(after)) return;
    const version = after.secret?.versions.find(({ versionId }) => versionId === versionOf(after));
    if (!version?.labels.some((label) => label.startsWith(`${id}.`)))
      report('current', `AWSCURRENT moved to ${id}, which no label names`, call);
    if (keyOf(after, id)?.status !== 'Active')
      report('current', `AWSCURRENT moved to ${id}, which is not Active`, call);
    lifeOf(id).wasCurrent = true;
    owe(j, 'current', id);
  }

  function isPrivate({ secret, user }: Look, userId: string): boolean {
    const statements = secret?.policy?.statements ?? [];
    const denies = statements.some(
      ({ effect, principals, actions, conditions }) =>
        effect === 'Deny' &&
        principals.includes('*') &&
        ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'].every((a) => actions.includes(a)) &&
        conditions.some(({ key, values }) => key === 'aws:userid' && values.length === 1 && values[0] === userId),
    );
    const isOwners = statements.every(
      ({ effect, principals }) => effect === 'Deny' || principals.every((arn) => arn === user?.arn || arn === userId),
    );
    return denies && isOwners;
  }

  // ---- what goes round ----

  function readMail(): void {
    for (const message of mailbox.fresh()) {
      owed = owed.filter((change) => !isAbout(message, change));
    }
  }

  /** Of the messages that come after it. */
  function isAbout(message: Message, { userId, kind, accessKeyId, transitionId }: Change): boolean {
    // A command that died right after it deactivated the key has left no trace: found Inactive, it is told of as that.
    const isSeen = kind === 'deactivated' && message.event === 'inactive-seen' && isExposed(accessKeyId);
    const isOf =
      message.userId === userId && (isSeen || announcedBy[kind].includes(message.event)) && names(message, accessKeyId);
    if (isSeen) return isOf;
    // An orphan beside a secret that is not ours, and an exposed key, are deactivated without an intent, and told of so.
    return isOf && (message.transitionId === transitionId || isLost(accessKeyId) || message.event === 'exposed');
  }

  function searchForSecrets(call: Call): void {
    const secrets = aws.iam.everySecretAccessKey();
    const texts = [JSON.stringify(call.input)];
    if (call.operation === 'Publish') texts.push(JSON.stringify(aws.sns.published.slice(searched)));
    searched = aws.sns.published.length;
    for (const secret of secrets) {
      if (texts.some((text) => text.includes(secret))) report('5 secret', 'A secret was sent in the open', call);
    }
  }

  const stop = aws.onCall((call) => {
    const invocation = invocations.get(call.caller);
    if (invocation === undefined) {
      outside();
      return;
    }
    checkedCalls++;
    readMail();
    if (call.mutating || call.operation === 'Publish') searchForSecrets(call);
    for (const [userId, before] of looks) {
      const { secret } = lookAt(aws, userId);
      const raw = secrets.get(userId);
      authors.note(raw, secret);
      secrets.set(userId, secret);
      const after = seen(userId);
      if (call.operation === 'DescribeSecret' && call.outcome === 'ok') {
        reads.set(`${call.caller} ${userId}`, { secret, n: checkedCalls });
        const runId = runIds.get(call.caller);
        if (runId !== undefined && intent(after)?.runId === runId) leaseSeenAt.set(call.caller, call.at);
      }
      if (after.user === before.user && after.secret === before.secret) continue;
      if (call.operation === 'PutResourcePolicy') policyPutAt.set(call.caller, checkedCalls);
      looks.set(userId, after);
      noteReaders(after);
      if (call.operation === 'TagResource') noteRun(call, userId, before, after);
      const actual: Judged = { call, invocation, userId, before, after, raw };
      judge({ ...actual, ...asRead(call, userId, actual) }, actual);
    }
  });

  /** What somebody else has done to the secret since it was last read, no pass can know of before it writes a key. */
  function asRead({ caller, service }: Call, userId: string, now: Pick<Judged, 'before' | 'raw'>): typeof now {
    const read = reads.get(`${caller} ${userId}`);
    const isTampered = read !== undefined && (tamperedAt.get(userId) ?? -1) >= read.n;
    if (service !== 'iam' || !isTampered) return now;
    return { raw: read.secret, before: authors.believed({ user: now.before.user, secret: read.secret }) };
  }

  /** The run id under which a caller writes its intents. */
  const runIds = new Map<string, string>();
  /** The transition that a caller has announced in `doing`. */
  const ownIntents = new Map<string, string>();
  function noteRun(call: Call, userId: string, before: Look, after: Look): void {
    const runId = intent(after)?.runId;
    const transitionId = idOf(userId, after);
    if (runId === undefined || transitionId === undefined || tag(before, 'doing') === tag(after, 'doing')) return;
    runIds.set(call.caller, runId);
    ownIntents.set(call.caller, transitionId);
  }

  function follow(): void {
    for (const { userId } of aws.iam.users())
      if (!looks.has(userId)) looks.set(userId, { user: undefined, secret: undefined });
  }

  function outside(): void {
    readMail();
    for (const [userId, before] of looks) {
      const { secret } = lookAt(aws, userId);
      if (secret !== secrets.get(userId)) tamperedAt.set(userId, checkedCalls);
      authors.noteOther(secrets.get(userId), secret);
      secrets.set(userId, secret);
      const after = seen(userId);
      if (before.user === after.user && before.secret === after.secret) continue;
      takeIn(userId, before, after);
      looks.set(userId, after);
      noteReaders(after);
    }
  }

  function takeIn(userId: string, before: Look, after: Look): void {
    const now = aws.clock.now();
    for (const key of keysOf(after)) {
      const isKnown = lives.has(key.accessKeyId);
      const life = lifeOf(key.accessKeyId);
      const old = keyOf(before, key.accessKeyId);
      if (!isKnown) {
        const doing = intent(after);
        life.isAmbiguous = doing?.verb === 'issue' && Math.abs(key.createdAt - doing.at) < 70 * SECOND;
        if (key.status === 'Inactive') life.inactiveSince = now;
      } else if (old !== undefined && old.status !== key.status) {
        if (key.status === 'Active') {
          life.isReclaimed = true;
          life.wasInactiveSince = life.inactiveSince;
          life.inactiveSince = undefined;
        } else {
          const wasUsed = (key.lastUsed?.at ?? 0) > (life.wasInactiveSince ?? 0);
          life.inactiveSince = wasUsed ? now : (life.wasInactiveSince ?? now);
        }
        forgive(({ accessKeyId }) => accessKeyId === key.accessKeyId);
      }
    }
    for (const old of keysOf(before)) {
      if (keyOf(after, old.accessKeyId) !== undefined) continue;
      gone.add(old.accessKeyId);
      forgive(({ accessKeyId }) => accessKeyId === old.accessKeyId);
    }
    const isIntentLost = tag(before, 'doing') !== tag(after, 'doing') || after.user === undefined;
    if (isIntentLost) forgive((change) => change.userId === userId);
    if (before.secret !== undefined && before.secret.arn !== after.secret?.arn) forgive((c) => c.userId === userId);
    const [labelled, kept] = [before, after].map((look) => new Set(keyLabels(look).map(({ label }) => label)));
    for (const label of labelled ?? []) {
      if (kept?.has(label)) continue;
      forgive(({ accessKeyId }) => accessKeyId === label);
      // One that was never used can be taken for the leftover of an issue whose intent is put back; any other is its owner's.
      if (!isInUse(keyOf(after, label))) lifeOf(label).isLabelled = false;
    }
    for (const label of kept ?? []) lifeOf(label).isLabelled = true;
    // Nobody knows any more that an issue was under way: what it made is somebody's key.
    if (isIntentLost && intent(before)?.verb === 'issue' && intent(after)?.verb !== 'issue') {
      for (const { accessKeyId } of keysOf(after)) if (isLost(accessKeyId)) lifeOf(accessKeyId).isReclaimed = true;
    }
  }

  /** "Accepted: an operator who undoes a write between the write and its announcement." */
  function forgive(isMeant: (change: Change) => boolean): void {
    owed = owed.filter((change) => !isMeant(change));
  }

  function lostKeys(userId: string): string[] {
    return keysOf(seen(userId))
      .filter(({ accessKeyId }) => lifeOf(accessKeyId).madeBy !== undefined && isLost(accessKeyId))
      .map(({ accessKeyId }) => accessKeyId);
  }

  return {
    violations,
    get checkedCalls() {
      return checkedCalls;
    },
    begin(invocation) {
      invocations.set(invocation.caller, invocation);
      follow();
      outside();
      begins.set(invocation.caller, new Map(looks));
      const forged = [...secrets].map(([userId, secret]) => [userId, authors.forged(secret)] as const);
      begunForged.set(invocation.caller, new Map(forged));
      ownIntents.delete(invocation.caller);
      const { command, exposedKeyId } = invocation;
      if (exposedKeyId !== undefined) exposed.add(exposedKeyId);
      const user = aws.iam.users().find(({ userName }) => userName === command?.userName);
      if (user === undefined) return;
      if (command?.compromised) {
        const [first, second] = user.keys;
        const meant = command.accessKeyId ?? (second === undefined ? first?.accessKeyId : undefined);
        if (meant !== undefined) exposed.add(meant);
      }
      if (command?.action !== 'confirm') return;
      const accessKeyId = currentKeyId(seen(user.userId));
      if (accessKeyId !== undefined) confirmations.push({ userId: user.userId, accessKeyId, at: aws.clock.now() });
    },
    passed(userId, begunAt) {
      const look = seen(userId);
      for (const key of keysOf(look)) {
        lifeOf(key.accessKeyId).wasInactiveSince = undefined;
      }
      for (const { accessKeyId, status } of keysOf(look)) {
        const isForgotten = !exposed.has(accessKeyId) || !isNamedExposed(look, accessKeyId) || isExempt(look, begunAt);
        if (status === 'Active' && !isForgotten) {
          report('exposed', `${accessKeyId}, which others know, is Active after a completed pass`);
        }
      }
      const doing = intent(look);
      const isPast = doing === undefined || doing.deadlineAt <= begunAt;
      const lost = lostKeys(userId);
      if (doing?.verb !== 'issue' || !isPast || lost.length > 1) return;
      // With a run a day: what nobody has seen to for three of them may be an intent that was put back.
      if (begunAt - doing.at >= 3 * DAY) return;
      for (const id of lost) {
        if (keyOf(look, id)?.status === 'Active' && !lifeOf(id).isReclaimed)
          report('3 orphan', `${id} is still Active after a completed pass`);
      }
    },
    outside,
    atRest(userId, isBlocked = false) {
      readMail();
      // "What `doing` had not announced is announced with it": with the message that the user is blocked.
      const told = isBlocked ? idOf(userId, seen(userId)) : undefined;
      const unsaid = owed.filter((change) => change.userId === userId && !(told && change.transitionId === told));
      for (const { kind, accessKeyId, isByHand } of unsaid) {
        if (isByHand && kind === 'deactivated' && isExposed(accessKeyId)) continue;
        report('6 announced', `${accessKeyId} was ${kind}, and that was never announced`);
      }
      const look = seen(userId);
      const lost = lostKeys(userId);
      if (lost.length > 0 && intent(look) !== undefined && !isBlocked)
        report('3 orphan', `${lost.join(', ')} is still there`);
    },
    lostKeys,
    stop,
  };
}

/** `<verb>/<UserId>/<intent's instant>`. */
function idOf(userId: string, look: Look): string | undefined {
  const doing = intent(look);
  return doing && `${doing.verb}/${userId}/${new Date(doing.at).toISOString()}`;
}

/** Not only by the proof that it works. */
function isInUse(key: AccessKey | undefined): boolean {
  return key?.lastUsed !== undefined && key.lastUsed.service !== 'sts';
}

/** Who may read follows today's settings for everybody, whoever is otherwise left alone. */
function isPolicyOnly({ operation, input }: Call): boolean {
  const { Tags } = input;
  const isOnlyTag = Array.isArray(Tags) && Tags.length === 1 && Tags[0]?.Key === 'keyturn:policy';
  return operation === 'PutResourcePolicy' || (operation === 'TagResource' && isOnlyTag);
}

function isExempt(look: Look, at: number): boolean {
  const value = userTag(look, 'exempt');
  return value === 'true' || at < Date.parse(value ?? '');
}

/** What an operator of a proof writes where a tag shall not parse. */
export const GARBAGE = 'garbage';

function hasGarbage({ user, secret }: Look): boolean {
  const all = [...(user?.tags ?? []), ...(secret?.tags ?? [])];
  return all.some(({ Key, Value }) => Key.startsWith('keyturn:') && Value === GARBAGE);
}
