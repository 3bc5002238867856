import { EventError } from '../../shared/core/errors.ts';

/** What is done for one hub, in the management account. */
export interface ForHub {
  hubAccount: string;
  print?: boolean;
  yes?: boolean;
}

/** What the hub reads of the organization, and all that it is given of it. */
export const hubReads = [
  'organizations:DescribeAccount',
  'organizations:ListAccounts',
  'organizations:ListParents',
  'organizations:ListTagsForResource',
] as const;

interface Statement {
  Sid?: unknown;
  [field: string]: unknown;
}

/** The organization's one resource policy. */
export interface DelegationPolicy {
  Version: string;
  Statement: readonly Statement[];
  [field: string]: unknown;
}

/** Of one hub, so that two can stand beside each other. */
export function sidOf(hubAccountId: string): string {
  return `KeyturnHub${hubAccountId}`;
}

function statementFor(hubAccountId: string, partition: string): Statement {
  return {
    Sid: sidOf(hubAccountId),
    Effect: 'Allow',
    Principal: { AWS: `arn:${partition}:iam::${hubAccountId}:root` },
    Action: [...hubReads],
    Resource: '*',
  };
}

/**
 * The policy with what the hub needs in it; all other statements stay as they are, in their order. AWS keeps one policy for
 * an organization, and a second one put would overwrite it. Throws an EventError for what cannot be understood.
 */
export function withHub(present: string | undefined, hub: { accountId: string; partition: string }): DelegationPolicy {
  const policy = parse(present);
  const others = policy.Statement.filter(({ Sid }) => Sid !== sidOf(hub.accountId));
  return { ...policy, Statement: [...others, statementFor(hub.accountId, hub.partition)] };
}

/** The policy without it; undefined if nothing else is in it, since AWS takes no empty policy. */
export function withoutHub(present: string | undefined, hubAccountId: string): DelegationPolicy | undefined {
  const policy = parse(present);
  const others = policy.Statement.filter(({ Sid }) => Sid !== sidOf(hubAccountId));
  return others.length === 0 ? undefined : { ...policy, Statement: others };
}

function parse(present: string | undefined): DelegationPolicy {
  if (present === undefined) return { Version: '2012-10-17', Statement: [] };
  let policy: unknown;
  try {
    policy = JSON.parse(present);
  } catch {
    throw unreadable('it is not JSON');
  }
  if (!isRecord(policy)) throw unreadable('it is no JSON object');
  const { Version, Statement } = policy;
  if (Version !== '2012-10-17') throw unreadable(`its Version is ${JSON.stringify(Version)}, not "2012-10-17"`);
  const statements = Array.isArray(Statement) ? Statement : [Statement];
  if (!statements.every(isRecord)) throw unreadable('its Statement is no list of statements');
  return { ...policy, Version, Statement: statements };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(why: string): EventError {
  return new EventError(
    `The delegation policy of the organization cannot be merged with, since ${why}. Nothing was changed: add the ` +
      'statement that --print shows by hand.',
  );
}
