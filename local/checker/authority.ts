import type { Call } from '../aws/aws.ts';
import { SECOND } from '../aws/clock.ts';
import { isNamedExposed } from './exposure.ts';
import { intentOf, keysOf, type Look, tag, userTag } from './look.ts';
import { fault, isExposedKey, type Judged, type Watch } from './watch.ts';

/** Exempt, held, unparsable: nothing but deactivating our own orphan. Only who may write, writes. */
export function judgeAuthority(watch: Watch, j: Judged): void {
  const { call, before } = j;
  const { lives, exposure } = watch;
  const isAboutOrphan =
    keysOf(before).some(({ accessKeyId }) => lives.isLost(accessKeyId)) &&
    (call.operation === 'TagResource' || (call.operation === 'UpdateAccessKey' && call.input.Status === 'Inactive'));
  if (isAboutOrphan || isPolicyOnly(call)) return;
  // Limits and holds are for what can wait.
  const hasExposed =
    keysOf(before).some(({ accessKeyId }) => exposure.isExposed(accessKeyId)) || isNamedExposed(before);
  if (isSo(j, isExempt)) fault(watch, j, '4 exempt', 'An exempt user was touched.');
  if (isSo(j, hasGarbage) && !hasExposed) fault(watch, j, '4 tags', 'A user whose tags do not parse was touched.');
  const isHeld = isSo(j, (look, at) => at < Date.parse(tag(look, 'hold') ?? ''));
  const isExcused = isAsked(j) || hasExposed || intentOf(before)?.verb === 'roll-back';
  if (isHeld && !isExcused) fault(watch, j, '4 held', 'A held user was touched.');
}

/** Whoever had begun before cannot know; a write of another run is seen when the state is read again. */
function isSo({ call, run, before, userId }: Judged, is: (look: Look, at: number) => boolean): boolean {
  return is(before, call.at) && is(run.begun.get(userId) ?? before, call.at);
}

/** By hand, and in spite of a hold. */
function isAsked({ run: { command } }: Judged): boolean {
  if (command === undefined) return false;
  return command.force || command.compromised || ['hold', 'rollback'].includes(command.action);
}

/** Who may read follows today's settings for everybody, whoever is otherwise left alone. */
function isPolicyOnly({ operation, input }: Call): boolean {
  const { Tags } = input;
  const isOnlyTag = Array.isArray(Tags) && Tags.length === 1 && Tags[0]?.Key === 'keyturn:policy';
  return operation === 'PutResourcePolicy' || (operation === 'TagResource' && isOnlyTag);
}

export function isExempt(look: Look, at: number): boolean {
  const value = userTag(look, 'exempt');
  return value === 'true' || at < Date.parse(value ?? '');
}

/** What an operator of a proof writes where a tag shall not parse. */
export const GARBAGE = 'garbage';

function hasGarbage({ user, secret }: Look): boolean {
  const all = [...(user?.tags ?? []), ...(secret?.tags ?? [])];
  return all.some(({ Key, Value }) => Key.startsWith('keyturn:') && Value === GARBAGE);
}

/**
 * No key is written because of what somebody else wrote. The other rules see no tag and no label that no function ever
 * wrote; these two are about what such things forbid.
 */
export function judgeAuthor(watch: Watch, j: Judged): void {
  const { call, before, raw, run, userId } = j;
  if (isExposedKey(watch, j) || watch.lives.isLost(String(call.input.AccessKeyId ?? '-'))) return;
  if (raw !== undefined && before.secret === undefined) {
    fault(watch, j, 'author', 'A key was written beside a secret that no function made.');
  }
  const begun = run.forged.get(userId) ?? [];
  const odd = watch.authors.forged(raw).filter((name) => begun.includes(name) && ['hold', 'exposed'].includes(name));
  if (odd.length > 0) fault(watch, j, 'author', `A key was written under a forged ${odd.join(', ')}.`);
}

/** Every write comes at most 10 s after the lease was read back as its own. */
export function judgeLease(watch: Watch, j: Judged): void {
  const { call, before, after, run } = j;
  const { lives } = watch;
  const accessKeyId = String(call.input.AccessKeyId ?? '-');
  // Every minute of an exposed key counts: it does not wait for an intent.
  if (lives.of(accessKeyId).madeBy === run || isExposedKey(watch, j)) return;
  const intent = intentOf(before) ?? intentOf(after);
  if (intent === undefined || intent.deadlineAt < call.at) {
    // An orphan beside a secret that is not ours, or pending deletion, is deactivated without a lease.
    if (call.operation === 'UpdateAccessKey' && lives.isLost(accessKeyId)) return;
    fault(watch, j, 'lease', 'A key was written without an intent.');
    return;
  }
  if (run.leaseSeenAt === undefined || call.at - run.leaseSeenAt > 10.5 * SECOND) {
    fault(watch, j, 'lease', 'A key was written without having read the lease back lately.');
  }
}
