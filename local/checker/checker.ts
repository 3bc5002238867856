import type { Call, LocalAws } from '../aws/aws.ts';
import { judgeAuthority } from './authority.ts';
import type { Expectations, Invocation, Violation } from './expectations.ts';
import { judgeKeys } from './keys.ts';
import { currentKeyId, intentOf, type Look, lookAt, tag, transitionIdOf } from './look.ts';
import { takeInOutside } from './outside.ts';
import { judgeAtRest, judgeOverdue, judgePassed, lostKeys } from './rest.ts';
import { beginRun, type Run } from './runs.ts';
import { createSecrecy, type Secrecy } from './secrecy.ts';
import { judgeSecret } from './secret.ts';
import { believedLook, createWatch, type Judged, report, type Seen, type Watch } from './watch.ts';

export interface Checker {
  readonly violations: readonly Violation[];
  /** Calls after which everything was checked. */
  readonly checkedCalls: number;
  /** Must precede the calls of an invocation. */
  begin(invocation: Invocation): void;
  /** What the caller does from now on is somebody else's doing, until it begins again. */
  end(caller: string): void;
  /** After a pass that was not disturbed: an orphan is Inactive by now, and what was written is announced. */
  passed(userId: string, begunAt: number): void;
  /** Takes in what someone else has just done. */
  outside(): void;
  /** When nothing more is planned: everything was announced, each transition under one id. */
  atRest(userId: string, isBlocked?: boolean): void;
  /** Between two runs: whatever changed before this instant was announced. */
  upTo(at: number): void;
  /** Looks for secrets in a log line, an error or what a handler returned. */
  readText(where: string, text: string): void;
  /** Whether the key was made by an invocation, and its secret is nowhere. */
  lostKeys(userId: string): readonly string[];
  stop(): void;
}

/**
 * Watches an embedded AWS and judges it after every single call, from its own state alone. It imports nothing of the
 * service, so that a mistake there is not repeated here.
 */
export function createChecker(aws: LocalAws, expected: Expectations): Checker {
  const watch = createWatch(aws, expected);
  const secrecy = createSecrecy(aws);
  const runs = new Map<string, Run>();
  const stop = aws.onCall((call) => {
    watch.checkedCalls++;
    const run = runs.get(call.caller);
    if (run === undefined) takeInOutside(watch);
    else judgeCall(watch, secrecy, run, call);
  });
  return {
    violations: watch.violations,
    get checkedCalls() {
      return watch.checkedCalls;
    },
    begin(invocation) {
      runs.set(invocation.caller, begin(watch, invocation));
    },
    end: (caller) => runs.delete(caller),
    passed: (userId, begunAt) => judgePassed(watch, userId, begunAt),
    outside: () => takeInOutside(watch),
    atRest: (userId, isBlocked = false) => judgeAtRest(watch, userId, isBlocked),
    upTo: (at) => judgeOverdue(watch, at),
    readText(where, text) {
      if (secrecy.leaks(text)) report(watch, '-', '5 secret', 'A secret access key was written down.', where);
    },
    lostKeys: (userId) => lostKeys(watch, userId),
    stop,
  };
}

function begin(watch: Watch, invocation: Invocation): Run {
  const { aws, users, authors, exposure, confirmations } = watch;
  for (const { userId } of aws.iam.users()) if (!users.has(userId)) users.set(userId, unseen());
  takeInOutside(watch);
  const all = [...users];
  const run = beginRun(
    invocation,
    new Map(all.map(([userId, { look }]) => [userId, look])),
    new Map(all.map(([userId, { secret }]) => [userId, authors.forged(secret)])),
  );
  const { command, exposedKeyId } = invocation;
  if (exposedKeyId !== undefined) exposure.add(exposedKeyId);
  const user = aws.iam.users().find(({ userName }) => userName === command?.userName);
  if (user === undefined) return run;
  if (command?.compromised) {
    const [first, second] = user.keys;
    const meant = command.accessKeyId ?? (second === undefined ? first?.accessKeyId : undefined);
    if (meant !== undefined) exposure.add(meant);
  }
  const accessKeyId = currentKeyId(believedLook(watch, user.userId));
  if (command?.action === 'confirm' && accessKeyId !== undefined) {
    confirmations.push({ userId: user.userId, accessKeyId, at: aws.clock.now() });
  }
  return run;
}

function unseen(): Seen {
  return { look: { user: undefined, secret: undefined }, secret: undefined, tamperedAt: -1, policyPutAt: -1 };
}

function judgeCall(watch: Watch, secrecy: Secrecy, run: Run, call: Call): void {
  watch.announcements.read();
  if (secrecy.leaks(JSON.stringify(call.input))) {
    report(watch, '-', '5 secret', 'A secret access key was sent in the open.', call);
  }
  if (run.isDryRun && call.mutating && call.outcome === 'ok') {
    report(watch, '-', '7 dry run', 'A dry run changed something.', call);
  }
  for (const [userId, seen] of watch.users) judgeUser(watch, run, call, { userId, seen });
}

function judgeUser(watch: Watch, run: Run, call: Call, { userId, seen }: Pick<Judged, 'userId' | 'seen'>): void {
  const { authors, exposure } = watch;
  const { look: before, secret: raw } = seen;
  const { secret } = lookAt(watch.aws, userId);
  authors.note(raw, secret);
  seen.secret = secret;
  const after = believedLook(watch, userId);
  if (call.operation === 'DescribeSecret' && call.outcome === 'ok')
    noteRead(watch, run, { call, userId, after, secret });
  if (after.user === before.user && after.secret === before.secret && raw === secret) return;
  if (call.operation === 'PutResourcePolicy') seen.policyPutAt = watch.checkedCalls;
  seen.look = after;
  exposure.noteReaders(after);
  if (call.operation === 'TagResource') noteIntent(run, userId, before, after);
  const actual: Judged = { call, run, userId, seen, before, after, raw };
  const known: Judged = { ...actual, ...asRead(watch, actual) };
  judgeAuthority(watch, known);
  judgeKeys(watch, known);
  judgeSecret(watch, actual, secret);
}

interface Read extends Pick<Judged, 'call' | 'userId' | 'after'> {
  readonly secret: Seen['secret'];
}

function noteRead({ checkedCalls }: Watch, run: Run, { call, userId, after, secret }: Read): void {
  run.reads.set(userId, { secret, n: checkedCalls });
  if (run.runId !== undefined && intentOf(after)?.runId === run.runId) run.leaseSeenAt = call.at;
}

/** What it has announced in its intent: every message of it carries that. */
function noteIntent(run: Run, userId: string, before: Look, after: Look): void {
  const runId = intentOf(after)?.runId;
  const transitionId = transitionIdOf(userId, after);
  if (runId === undefined || transitionId === undefined || tag(before, 'doing') === tag(after, 'doing')) return;
  run.runId = runId;
  run.transitionId = transitionId;
}

/** What somebody else has done to the secret since it was last read, no pass can know of before it writes a key. */
function asRead({ authors }: Watch, { call, run, userId, seen, before }: Judged): Partial<Judged> {
  const read = run.reads.get(userId);
  if (call.service !== 'iam' || read === undefined || seen.tamperedAt < read.n) return {};
  return { raw: read.secret, before: authors.believed({ user: before.user, secret: read.secret }) };
}
