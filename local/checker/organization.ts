import { crossTalk } from '../organization/cross-talk.ts';
import type { LocalOrganization } from '../organization/organization.ts';
import { type Checker, createChecker } from './checker.ts';
import type { Expectations, Violation } from './expectations.ts';
import { createSecrecy } from './secrecy.ts';

export interface OrganizationChecker
  extends Pick<Checker, 'violations' | 'checkedCalls' | 'end' | 'upTo' | 'readText' | 'stop'> {
  /** Must precede the calls of an invocation. */
  begin(caller: string): void;
}

export interface OrganizationExpectations extends Pick<Expectations, 'limits' | 'handOf'> {
  /** The accounts that are judged, with all their users. */
  readonly members: readonly string[];
  /** Whether anything may be changed there today, as people have agreed. */
  mayChange(accountId: string): boolean;
}

/**
 * Judges each account by the rules of one, with the hub as the place where messages are published; and what no account
 * can see alone: secrets of any in calls of any, and calls for one that are with the session of another, or name another.
 */
export function createOrganizationChecker(
  organization: LocalOrganization,
  { members, mayChange, ...expected }: OrganizationExpectations,
): OrganizationChecker {
  const { hub, clock, calls } = organization;
  const found: Violation[] = [];
  const report = (rule: string, what: string, where: string): void => {
    found.push({ rule, userName: '-', what, at: clock.now(), where });
  };
  const checkers = members.map((accountId) => {
    const account = organization.account(accountId);
    return { accountId, checker: createChecker(account, { ...expected, post: hub }) };
  });
  const accounts = organization.accountIds.map((accountId) => organization.account(accountId));
  const everySecretAccessKey = () => accounts.flatMap(({ iam }) => iam.everySecretAccessKey());
  const secrecy = createSecrecy({ iam: { everySecretAccessKey } });
  const stop = organization.onCall((made) => {
    const { service, operation, n, caller, input } = made.call;
    const where = `${service}:${operation}, call ${n} of ${caller}`;
    if (secrecy.leaks(JSON.stringify(input))) report('5 secret', 'A secret access key was sent in the open.', where);
    for (const what of crossTalk([made], hub.accountId)) report('cross-talk', `${what}.`, where);
  });
  return {
    get violations() {
      const inAccounts = checkers.flatMap(({ accountId, checker }) =>
        checker.violations.map((each) => ({ ...each, userName: `${each.userName} in ${accountId}` })),
      );
      return [...found, ...inAccounts];
    },
    get checkedCalls() {
      return calls.length;
    },
    begin(caller) {
      for (const { accountId, checker } of checkers) checker.begin({ caller, isDryRun: !mayChange(accountId) });
    },
    end(caller) {
      for (const { checker } of checkers) checker.end(caller);
    },
    upTo(at) {
      for (const { checker } of checkers) checker.upTo(at);
    },
    readText(where, text) {
      if (secrecy.leaks(text)) report('5 secret', 'A secret access key was written down.', where);
    },
    stop() {
      stop();
      for (const { checker } of checkers) checker.stop();
    },
  };
}
