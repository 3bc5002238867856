import type { Accepted, Finding } from '../../../shared/core/evidence/finding.ts';
import { judgeEvidence } from '../../../shared/core/evidence/judge.ts';
import type { EvidenceLimits } from '../../../shared/core/evidence/judgement.ts';
import type {
  SeenBucket,
  SeenKey,
  SeenTrail,
  SeenUser,
  Snapshot,
  Unseen,
} from '../../../shared/core/evidence/snapshot.ts';
import { seen } from '../../../shared/core/evidence/snapshot.ts';
import type { LastUsed } from '../../../shared/core/model.ts';
import { DAY } from '../../../shared/core/time.ts';
import { DEFAULTS, daysAgo, NOW } from './builders.ts';

export const ACCOUNT = '111122223333';
export const denied: Unseen = { isSeen: false, reason: 'denied', sentence: 'Cannot call it: AccessDenied.' };
/** By the file of exceptions. */
export const accepted: Accepted = {
  ...{ until: '2027-01-01', because: 'sealed', approvedBy: 'Ann' },
  ...{ approvedAt: null, eventId: null, source: 'file' },
};
export const evidenceLimits: EvidenceLimits = { bucketEncryption: 'any', unusedCredentialDays: 45 };

/** The n-th key that a test knows. */
export function seenKey(n: number, more: Partial<SeenKey> & { ageDays?: number; lastUsed?: LastUsed } = {}): SeenKey {
  const { ageDays = 10, lastUsed = { at: daysAgo(1), service: 's3', region: 'eu-west-1' }, ...rest } = more;
  return {
    accessKeyId: `AKIAEXAMPLE${String(n).padStart(9, '0')}`,
    status: 'Active',
    createdAt: daysAgo(ageDays),
    use: seen({ lastUsed, basis: 'report', readAt: NOW }),
    ...rest,
  };
}

export function seenUser(name: string, more: Partial<SeenUser> = {}, tags: Record<string, string> = {}): SeenUser {
  const userId = `AIDA${name.toUpperCase().padEnd(17, '0')}`;
  return {
    user: {
      accountId: ACCOUNT,
      userId,
      userName: name,
      arn: `arn:aws:iam::${ACCOUNT}:user/${name}`,
      path: '/',
      tags,
      groups: [],
    },
    createdAt: daysAgo(400),
    console: seen({ hasPassword: false, hasMfa: false, basis: 'report', readAt: NOW }),
    password: seen({ changedAt: daysAgo(400), basis: 'report', readAt: NOW }),
    keys: seen({ keys: [], basis: 'exact', readAt: NOW }),
    ...more,
  };
}

export function withKeys(...keys: SeenKey[]): Pick<SeenUser, 'keys'> {
  return { keys: seen({ keys, basis: 'exact', readAt: NOW }) };
}

export function seenBucket(name: string, more: Partial<SeenBucket> = {}): SeenBucket {
  const encryption = { algorithm: 'AES256', bucketKey: false, blockedTypes: [] };
  return { name, region: 'eu-west-1', createdAt: daysAgo(100), encryption: seen(encryption), ...more };
}

export function seenTrail(name: string, more: Partial<SeenTrail> = {}): SeenTrail {
  return {
    name,
    arn: `arn:aws:cloudtrail:eu-west-1:${ACCOUNT}:trail/${name}`,
    homeRegion: 'eu-west-1',
    isMultiRegion: true,
    isOrganization: false,
    isValidated: true,
    delivery: seen({ isLogging: true, deliveredAt: NOW - DAY / 24, errors: [] }),
    management: seen({ reads: true, writes: true, excludedSources: [] }),
    ...more,
  };
}

export function snapshotOf(more: Partial<Snapshot> = {}): Snapshot {
  return {
    accountId: ACCOUNT,
    at: NOW,
    root: seen({ mayHavePassword: true, hasMfa: true, activeKeys: 0, reportedAt: NOW, basis: 'report' }),
    rootHasVirtualMfa: seen(false),
    users: seen([]),
    buckets: seen([]),
    trails: seen([seenTrail('all')]),
    ...more,
  };
}

export function findingsOf(
  more: Partial<Snapshot>,
  yesterday: readonly Finding[] = [],
  limits: Partial<EvidenceLimits> = {},
): Finding[] {
  const measures = { settings: DEFAULTS, limits: { ...evidenceLimits, ...limits }, now: more.at ?? NOW };
  return judgeEvidence(snapshotOf(more), yesterday, measures);
}
