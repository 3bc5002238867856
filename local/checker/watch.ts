import type { Call, LocalAws } from '../aws/aws.ts';
import { MINUTE } from '../aws/clock.ts';
import type { Secret } from '../aws/secrets-manager/secret-state.ts';
import { type Announcements, type ChangeKind, createAnnouncements } from './announcements.ts';
import { type Authors, createAuthors } from './authors.ts';
import type { Expectations, Violation } from './expectations.ts';
import { createExposure, type Exposure } from './exposure.ts';
import { createLives, type Lives } from './lives.ts';
import { type Look, lookAt, transitionIdOf } from './look.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import type { Run } from './runs.ts';

/** One user as last seen. */
export interface Seen {
  /** Without what no function wrote. */
  look: Look;
  /** As AWS has it. */
  secret: Secret | undefined;
  /** After how many calls somebody else last changed the secret, and one of ours last put its policy. */
  tamperedAt: number;
  policyPutAt: number;
}

/** All that the rules share. */
export interface Watch {
  readonly aws: LocalAws;
  readonly expected: Expectations;
  readonly mailbox: Mailbox;
  readonly authors: Authors;
  readonly lives: Lives;
  readonly exposure: Exposure;
  readonly announcements: Announcements;
  readonly confirmations: { readonly userId: string; readonly accessKeyId: string; readonly at: number }[];
  readonly users: Map<string, Seen>;
  readonly violations: Violation[];
  checkedCalls: number;
}

/** What one call of one of ours changed of one user: what every rule judges. */
export interface Judged {
  readonly call: Call;
  readonly run: Run;
  readonly userId: string;
  readonly seen: Seen;
  readonly before: Look;
  readonly after: Look;
  /** The secret before, with what none of ours wrote. */
  readonly raw: Secret | undefined;
}

/** Clocks of a message and of the tag that goes with it differ by a few calls. */
export const SLACK = MINUTE;

export function createWatch(aws: LocalAws, expected: Expectations): Watch {
  const known = { mailbox: createMailbox(expected.post ?? aws), lives: createLives(), exposure: createExposure() };
  return {
    ...known,
    aws,
    expected,
    authors: createAuthors(),
    announcements: createAnnouncements(known),
    confirmations: [],
    users: new Map(),
    violations: [],
    checkedCalls: 0,
  };
}

export function believedLook({ aws, authors }: Watch, userId: string): Look {
  return authors.believed(lookAt(aws, userId));
}

/** Where a violation was found: after a call, or in words. */
export function report(watch: Watch, userId: string, rule: string, what: string, found: Call | string): void {
  const { aws, violations } = watch;
  const where =
    typeof found === 'string'
      ? found
      : `${found.service}:${found.operation}, call ${found.n} of ${found.caller}, answered ${found.outcome}`;
  const userName = aws.iam.state.users.get(userId)?.userName ?? userId;
  violations.push({ rule, userName, what, at: aws.clock.now(), where });
}

/** For a rule that judges calls. */
export function fault(watch: Watch, { userId, call }: Judged, rule: string, what: string): void {
  report(watch, userId, rule, what, call);
}

export function owe({ announcements }: Watch, j: Judged, kind: ChangeKind, accessKeyId: string): void {
  const { userId, call, before, run } = j;
  const transitionId = run.transitionId ?? transitionIdOf(userId, before);
  announcements.owe({ kind, userId, accessKeyId, at: call.at, transitionId, isByHand: run.command !== undefined });
}

export function isFrozen({ expected }: Watch, at: number): boolean {
  return expected.freezes?.some(([from, to]) => from <= at && at < to) ?? false;
}

/** An exposed key is deactivated "at once", "without grace", whoever finds it Active. */
export function isExposedKey({ exposure }: Watch, { call }: Judged): boolean {
  const { AccessKeyId, Status } = call.input;
  return call.operation === 'UpdateAccessKey' && Status === 'Inactive' && exposure.isExposed(String(AccessKeyId));
}
