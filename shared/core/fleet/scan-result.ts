import type { Triaged } from '../activity.ts';
import { countsIn, type Digest } from '../digest.ts';
import { present } from '../present.ts';
import { parseSecretTags } from '../read-secret-tags.ts';
import type { Instant } from '../time.ts';
import type { AccountReason } from './account-reasons.ts';
import { type AccountMessage, boundedResult, type ResultMessage } from './messages.ts';

interface Scanned {
  triaged: readonly Triaged[];
  /** Users who were due. */
  due: number;
  reason?: AccountReason;
  /** What is not as it should be about the roles there, and hinders nothing. */
  trust: readonly string[];
  isUnexpected: boolean;
  isUnheard: boolean;
  /** Names of exempt users whose secret is still there. */
  exemptWithSecret: readonly string[];
}

interface NotScanned {
  at: Instant;
  status: 'refused' | 'failed';
  reason: AccountReason;
  errors: readonly string[];
}

type About = Pick<AccountMessage, 'runId' | 'accountId' | 'path' | 'name' | 'dryRun'>;

/** What the fleet's digest adds up, of the digest that the account would have in a deployment of its own. */
export function resultOfScan(account: About, digest: Digest, facts: Scanned): ResultMessage {
  const { errors, oldestActiveKeyDays, oldestActiveKeyUser = '', secretsWithoutUser, needsDecision, note } = digest;
  const { exemptWithSecret } = facts;
  return boundedResult({
    ...headOf(account),
    at: digest.at,
    status: 'scanned',
    ...present({ reason: facts.reason }),
    ...someOf({
      trust: facts.trust,
      needsDecision: needsDecision.map(({ userName, reason, message }) => `${userName}: ${reason}. ${message}`),
      secretNames: secretsWithoutUser,
      exemptWithSecret,
      findings: digest.findings,
      notes: note === undefined ? [] : [note],
    }),
    ...countsIn(digest),
    underWay: facts.triaged.filter((user) => isUnderWay(user, digest.at)).length,
    due: facts.due,
    ...(facts.isUnexpected ? { isUnexpected: true } : {}),
    ...(facts.isUnheard ? { isUnheard: true } : {}),
    ...(oldestActiveKeyDays === undefined ? {} : { oldestActiveKeyDays, oldestActiveKeyUser }),
    activeRootKeys: digest.activeRootKeys,
    exemptWithDate: digest.exemptWithDate,
    exemptWithoutDate: digest.exemptWithoutDate,
    secretsWithoutUser: secretsWithoutUser.length,
    needsDecisionCount: needsDecision.length,
    exemptWithSecretCount: exemptWithSecret.length,
    errors: [...errors],
    errorCount: errors.length,
  });
}

/** Lists that have something in them. */
function someOf<Name extends string>(lists: Record<Name, readonly string[]>): Partial<Record<Name, string[]>> {
  const some: Partial<Record<Name, string[]>> = {};
  for (const name in lists) if (lists[name].length > 0) some[name] = [...lists[name]];
  return some;
}

/** Why there is no scan. */
export function resultWithoutScan(account: About, { errors, ...facts }: NotScanned): ResultMessage {
  return boundedResult({
    ...headOf(account),
    ...zeros,
    ...facts,
    skipped: {},
    errors: [...errors],
    errorCount: errors.length,
  });
}

function headOf({ runId, accountId, path, name, dryRun }: About) {
  return { schemaVersion: 1, runId, kind: 'result', accountId, path, name, dryRun } as const;
}

const zeros = {
  usersScanned: 0,
  enqueued: 0,
  rotated: 0,
  deactivated: 0,
  deleted: 0,
  postponed: 0,
  blocked: 0,
  failed: 0,
  underWay: 0,
  due: 0,
  activeRootKeys: 0,
  exemptWithDate: 0,
  exemptWithoutDate: 0,
  secretsWithoutUser: 0,
};

/** We have given a key and not yet taken the old one, or a run was interrupted. */
function isUnderWay({ scanned: { secret, report, keys } }: Triaged, now: Instant): boolean {
  if (secret === undefined) return false;
  const { keys: reported = [] } = { ...report };
  const count = (keys ?? reported.filter(({ rotatedAt }) => rotatedAt !== undefined)).length;
  const { intent, currentSince } = parseSecretTags(secret.tags, now).tags;
  return intent !== undefined || (count > 1 && currentSince !== undefined);
}

/** `reason: 3`, for the log. */
export function sentencesOf(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).map(([reason, count]) => `${reason}: ${count}`);
}
