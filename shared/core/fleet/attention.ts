import { clamp } from '../messages/text.ts';
import { type FleetDigest, type Named, plural } from './fleet-digest.ts';
import { type ResultMessage, shownName } from './messages.ts';

/** What somebody has to see to, as a sentence and the accounts that it is about. */
export interface Attention {
  kind: string;
  /** How many accounts. */
  count: number;
  message: string;
  accounts: readonly string[];
}

const SENTENCE_MAX = 200;

/** In the order of what is worst. */
export function attentionOf(digest: FleetDigest): Attention[] {
  return told(digest).filter(({ count }) => count > 0);
}

function tell<T extends Named>(
  kind: string,
  about: readonly T[],
  says: string,
  detail: (account: T) => string = () => '',
): Attention {
  return {
    kind,
    count: about.length,
    message: `${plural(about.length, 'account')} ${says}`,
    accounts: about.map((account) =>
      clamp(`${account.accountId} ${shownName(account.name)}${detail(account)}`, SENTENCE_MAX),
    ),
  };
}

function detailOf({ trust = [], errors }: ResultMessage): string {
  const [first] = [...trust, ...errors];
  return first === undefined ? '' : `: ${first}`;
}

function usersOf({ usersScanned, oldestActiveKeyDays: days }: ResultMessage): string {
  return `: ${plural(usersScanned, 'user')}${days === undefined ? '' : `, oldest key ${Math.floor(days)} days`}`;
}

function underWayOf({ underWay }: { underWay: number }): string {
  return underWay === 0 ? '' : `: ${plural(underWay, 'rotation')} under way`;
}

/** Reasons that are told as such; with any other the account has failed. */
const known = ['trust-changed', 'role-refused', 'joining', 'paused', 'own-deployment', 'second-hub'];

function told({ results, silent, left, selected, fanOut }: FleetDigest): Attention[] {
  const because = (wanted: string): ResultMessage[] => results.filter(({ reason }) => reason === wanted);
  const unsent = new Set(fanOut?.unsent);
  const failed = results.filter(({ status, reason = '' }) => status === 'failed' && !known.includes(reason));
  const outdated = results.filter(
    ({ status, reason, trust }) => status === 'scanned' && reason !== 'paused' && trust !== undefined,
  );
  const undecided = results.filter((each) => undecidedIn(each) > 0);
  const withErrors = results.filter(({ status, errorCount }) => status === 'scanned' && errorCount > 0);
  return [
    tell('silent', silent, 'did not answer'),
    tell(
      'unsent',
      selected.filter(({ accountId }) => unsent.has(accountId)),
      'could not be enqueued',
    ),
    tell('trust-changed', because('trust-changed'), 'changed the trust of a role', detailOf),
    tell('role-refused', because('role-refused'), 'refused the role', detailOf),
    tell('own-deployment', because('own-deployment'), 'with a Keyturn of their own'),
    tell('second-hub', because('second-hub'), 'with the roles of a second hub'),
    tell('failed', failed, 'could not be looked at', detailOf),
    tell('errors', withErrors, 'had errors', detailOf),
    tell(
      'unexpected-users',
      results.filter(({ isUnexpected }) => isUnexpected),
      'with users where none should be',
      usersOf,
    ),
    tell(
      'unheard',
      results.filter((each) => each.isUnheard),
      'without a subscription that would get their messages',
    ),
    tell(
      'root-keys',
      results.filter(({ activeRootKeys }) => activeRootKeys > 0),
      'with an active key of the root user',
    ),
    {
      ...tell('blocked', undecided, 'with users who need a decision'),
      accounts: undecided.flatMap(decisionsIn),
    },
    ...inventory(results),
    tell('joining', because('joining'), 'without a role yet (joining)'),
    tell('roles-outdated', outdated, 'with roles to be updated', detailOf),
    tell('paused', because('paused'), 'paused'),
    tell('left', left, 'left the selection; `keyturn fleet leave --account` ends what is under way there', underWayOf),
  ];
}

/** Accounts in which nothing has failed, and something is to be known. */
function inventory(results: readonly ResultMessage[]): Attention[] {
  return [
    tell(
      'notes',
      results.filter(({ notes }) => notes !== undefined),
      'in which something concerns all users',
      ({ notes = [] }) => `: ${notes.join(' ')}`,
    ),
    tell(
      'findings',
      results.filter(({ findings }) => findings !== undefined),
      'in which something is to be checked',
      ({ findings = [] }) => `: ${findings.join(' ')}`,
    ),
    tell(
      'exempt-with-secret',
      results.filter(({ exemptWithSecretCount = 0 }) => exemptWithSecretCount > 0),
      'with exempt users who still have a secret',
      ({ exemptWithSecretCount = 0, exemptWithSecret = [] }) => namesOf(exemptWithSecretCount, exemptWithSecret),
    ),
    tell(
      'secrets-without-user',
      results.filter(({ secretsWithoutUser }) => secretsWithoutUser > 0),
      'with secrets whose user is gone; delete them when they are no longer needed',
      ({ secretsWithoutUser, secretNames = [] }) => namesOf(secretsWithoutUser, secretNames),
    ),
  ];
}

/** `: 7, among them a, b`. */
function namesOf(count: number, names: readonly string[]): string {
  if (names.length === 0) return `: ${count}`;
  return names.length < count ? `: ${count}, among them ${names.join(', ')}` : `: ${names.join(', ')}`;
}

function undecidedIn({ blocked, needsDecisionCount = blocked }: ResultMessage): number {
  return needsDecisionCount;
}

/** Each user by name, with the reason; how many more there are. */
function decisionsIn(result: ResultMessage): string[] {
  const { needsDecision = [] } = result;
  const who = `${result.accountId} ${shownName(result.name)}`;
  const rest = undecidedIn(result) - needsDecision.length;
  const more = needsDecision.length === 0 ? plural(rest, 'user') : `${rest} more; the log has all of them`;
  return [...needsDecision, ...(rest > 0 ? [more] : [])].map((each) => clamp(`${who}: ${each}`, SENTENCE_MAX));
}
