import type { Call, LocalAws } from '../../../local/aws.ts';
import type { AccessKey } from '../../../local/iam-state.ts';
import { createMailbox, type Message, names } from './announced.ts';
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
  reactivated: ['rolled-back'],
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
  const looks = new Map<string, Look>();
  const invocations = new Map<string, Invocation>();
  /** By caller: when the lease was last seen as its own. */
  const leaseSeenAt = new Map<string, number>();
  const confirmations: { userId: string; accessKeyId: string; at: number }[] = [];
  /** By caller: the users as they were when it began. */
  const begins = new Map<string, Map<string, Look>>();
  const gone = new Set<string>();
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

  // ---- what one call changed ----

  interface Judged {
    call: Call;
    invocation: Invocation;
    userId: string;
    before: Look;
    after: Look;
  }

  function judge(j: Judged): void {
    judgeAuthority(j);
    judgeKeys(j);
    judgeSecret(j);
  }

  /** Section 5, 4: exempt, held, unparsable: nothing but deactivating our own orphan. */
  function judgeAuthority({ call, invocation, before, userId }: Judged): void {
    if (invocation.isDryRun) report('7 dry run', 'A dry run changed something', call);
    const doing = intent(before);
    const isAboutOrphan =
      keysOf(before).some(({ accessKeyId }) => isLost(accessKeyId)) &&
      (call.operation === 'TagResource' || (call.operation === 'UpdateAccessKey' && call.input.Status === 'Inactive'));
    if (isAboutOrphan) return;
    // Whoever had begun before cannot know; a write of another run is seen when the state is read again.
    const begin = begins.get(invocation.caller)?.get(userId) ?? before;
    const isSo = (is: (look: Look, at: number) => boolean): boolean => is(before, call.at) && is(begin, call.at);
    if (isSo(isExempt)) report('4 exempt', 'An exempt user was touched', call);
    if (isSo(hasGarbage)) report('4 tags', 'A user whose tags do not parse was touched', call);
    const isHeld = isSo((look, at) => at < Date.parse(tag(look, 'hold') ?? ''));
    const { command } = invocation;
    const isAsked = command !== undefined && (command.force || ['hold', 'rollback'].includes(command.action));
    if (isHeld && !isAsked && doing?.verb !== 'roll-back') report('4 held', 'A held user was touched', call);
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

  /** The exposed key is deactivated "at once", "without grace". */
  function isExposedKey({ call, invocation: { exposedKeyId } }: Judged): boolean {
    return (
      exposedKeyId !== undefined && call.operation === 'UpdateAccessKey' && call.input.AccessKeyId === exposedKeyId
    );
  }

  function owe({ userId, call, before }: Judged, kind: ChangeKind, accessKeyId: string): void {
    const transitionId = ownIntents.get(call.caller) ?? idOf(userId, before);
    owed.push({ kind, userId, accessKeyId, at: call.at, transitionId });
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
      const { madeBy, wasCurrent } = lifeOf(key.accessKeyId);
      const isYoung = call.at - key.createdAt < DAY;
      return madeBy !== undefined && !wasCurrent && isYoung && !gone.has(key.accessKeyId);
    });
    if (ours.length > 0) {
      report('issue', `${accessKeyId} was made beside ${ours[0]?.accessKeyId}, which was not current yet`, call);
    }
  }

  function judgeDeactivated(j: Judged, key: AccessKey): void {
    const { call, before, invocation } = j;
    const id = key.accessKeyId;
    if (isLost(id) || isExposedKey(j)) return;
    const { command } = invocation;
    const others = keysOf(before).filter(({ accessKeyId, status }) => accessKeyId !== id && status === 'Active');
    if (command?.action === 'retire') return;
    const age = call.at - key.createdAt;
    const idle = call.at - Math.max(key.createdAt, key.lastUsed?.at ?? 0);
    const isUnused = idle >= limits.unusedDays * DAY;
    if (userTag(before, 'unused') === 'retire' && isUnused && age >= limits.maxAgeDays * DAY) {
      if (!isNoticed(j.userId, id, call.at - idle, call)) report('notice', `${id} was retired without a message`, call);
      return;
    }
    if (command?.action === 'rotate' && command.accessKeyId === id) {
      if (others.length === 0) report('1 given up', `${id} was given up while no other key was Active`, call);
      return;
    }
    const currentId = currentKeyId(before);
    const current = others.find(({ accessKeyId }) => accessKeyId === currentId);
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
    const promised = Number(/promised=([\d.]+)/.exec(promise)?.[1] ?? 0);
    const graceDays = Number(grace ?? Math.max(promised, Number(userTag(before, 'grace-days') ?? limits.graceDays)));
    const told = mailbox
      .about(userId)
      .findLast((m) => graceBegins.includes(m.event) && names(m, m.event === 'reactivated' ? id : current.accessKeyId));
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
    if (!isNoticed(userId, id, told.at, call))
      report('notice', `${id} was deactivated without a message half a day to 4 days before`, call);
    if (days >= graceDays + limits.maxPostponeDays) return;
    const idle = call.at - Math.max(old.createdAt, old.lastUsed?.at ?? 0);
    if (idle < limits.quietDays * DAY - SECOND) report('quiet', `${id} was deactivated while in use`, call);
    const hasSwitched = confirmed || isUnused || (current.lastUsed?.at ?? 0) > told.at + 15 * MINUTE - SLACK;
    if (!hasSwitched) report('switched', `${id} was deactivated before its owner had switched`, call);
  }

  /** With a run a day: told half a day to four days before, and after what made it possible. */
  function isNoticed(userId: string, accessKeyId: string, after: number, call: Call): boolean {
    return mailbox.about(userId).some((m) => {
      const ago = call.at - m.at;
      const isNotice = (m.event === 'reminder' || m.event === 'postponed') && m.accessKeyId === accessKeyId;
      return isNotice && m.at > after && ago >= 12 * HOUR - SLACK && ago <= 4 * DAY + SLACK;
    });
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
    const written = [record(before, 'deactivated'), record(before, 'inactive-seen')].find((r) => r?.accessKeyId === id);
    if (written === undefined) {
      report('2 record', `${id} was deleted without a record of its inactivity`, call);
      return;
    }
    const wait = isLost(id) ? 12 * HOUR : limits.recoveryDays * DAY;
    if (call.at - written.at < wait) report('2 recovery', `${id} was deleted before its recovery was over`, call);
    if ((life.inactiveSince ?? call.at) > written.at + 5 * MINUTE) {
      report('2 toggled', `${id} was deleted though it was Active since its record`, call);
    }
    const isExposed = record(before, 'exposed')?.accessKeyId.includes(id) === true;
    if (!isLost(id) && !isExposed && !isNoticed(userId, id, written.at - SLACK, call))
      report('2 notice', `${id} was deleted without a message half a day to 4 days before`, call);
    if ((key.lastUsed?.at ?? 0) > written.at + MINUTE + SECOND)
      report('2 used', `${id} was deleted though used since`, call);
    const isKnown = mailbox
      .about(userId)
      .some((m) => inactiveKnown.includes(m.event) && m.accessKeyId === id && m.at <= written.at + SLACK);
    if (!isKnown) report('2 told', `${id} was deleted before anybody was told that it is Inactive`, call);
    const others = keysOf(before).filter(({ accessKeyId }) => accessKeyId !== id);
    if (!isLost(id) && others.length > 0 && others.every(({ status }) => status !== 'Active')) {
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
      if (!isPrivate(after, userId)) report('policy', `${label} was stored where others can read it`, call);
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
    const isOf = message.userId === userId && announcedBy[kind].includes(message.event) && names(message, accessKeyId);
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
    if (invocation === undefined) return;
    checkedCalls++;
    readMail();
    if (call.mutating || call.operation === 'Publish') searchForSecrets(call);
    for (const [userId, before] of looks) {
      const after = lookAt(aws, userId);
      if (call.operation === 'DescribeSecret' && call.outcome === 'ok') {
        const runId = runIds.get(call.caller);
        if (runId !== undefined && intent(after)?.runId === runId) leaseSeenAt.set(call.caller, call.at);
      }
      if (after.user === before.user && after.secret === before.secret) continue;
      looks.set(userId, after);
      if (call.operation === 'TagResource') noteRun(call, userId, before, after);
      judge({ call, invocation, userId, before, after });
    }
  });

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
    for (const { label } of keyLabels(before)) {
      if (!keyLabels(after).some((other) => other.label === label)) forgive(({ accessKeyId }) => accessKeyId === label);
    }
  }

  /** "Accepted: an operator who undoes a write between the write and its announcement." */
  function forgive(isMeant: (change: Change) => boolean): void {
    owed = owed.filter((change) => !isMeant(change));
  }

  function lostKeys(userId: string): string[] {
    return keysOf(lookAt(aws, userId))
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
      this.outside();
      begins.set(invocation.caller, new Map(looks));
      ownIntents.delete(invocation.caller);
      const { command } = invocation;
      const user = aws.iam.users().find(({ userName }) => userName === command?.userName);
      if (command?.action !== 'confirm' || user === undefined) return;
      const accessKeyId = currentKeyId(lookAt(aws, user.userId));
      if (accessKeyId !== undefined) confirmations.push({ userId: user.userId, accessKeyId, at: aws.clock.now() });
    },
    passed(userId, begunAt) {
      const look = lookAt(aws, userId);
      for (const key of keysOf(look)) {
        lifeOf(key.accessKeyId).wasInactiveSince = undefined;
      }
      const doing = intent(look);
      const isPast = doing === undefined || doing.deadlineAt <= begunAt;
      const lost = lostKeys(userId);
      if (doing?.verb !== 'issue' || !isPast || lost.length > 1) return;
      for (const id of lost) {
        if (keyOf(look, id)?.status === 'Active' && !lifeOf(id).isReclaimed)
          report('3 orphan', `${id} is still Active after a completed pass`);
      }
    },
    outside() {
      readMail();
      for (const [userId, before] of looks) {
        const after = lookAt(aws, userId);
        if (before.user === after.user && before.secret === after.secret) continue;
        takeIn(userId, before, after);
        looks.set(userId, after);
      }
    },
    atRest(userId, isBlocked = false) {
      readMail();
      // "What `doing` had not announced is announced with it": with the message that the user is blocked.
      const told = isBlocked ? idOf(userId, lookAt(aws, userId)) : undefined;
      const unsaid = owed.filter((change) => change.userId === userId && !(told && change.transitionId === told));
      for (const { kind, accessKeyId } of unsaid) {
        report('6 announced', `${accessKeyId} was ${kind}, and that was never announced`);
      }
      const look = lookAt(aws, userId);
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
