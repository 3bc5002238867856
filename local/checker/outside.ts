import { SECOND } from '../aws/clock.ts';
import type { AccessKey } from '../aws/iam/iam-state.ts';
import { intentOf, isInUse, keyLabels, keyOf, keysOf, type Look, lookAt, tag } from './look.ts';
import { believedLook, type Watch } from './watch.ts';

/** Takes in what somebody else has done since the last call of one of ours. */
export function takeInOutside(watch: Watch): void {
  const { aws, authors, announcements, exposure } = watch;
  announcements.read();
  for (const [userId, seen] of watch.users) {
    const { secret } = lookAt(aws, userId);
    if (secret !== seen.secret) seen.tamperedAt = watch.checkedCalls;
    authors.noteOther(seen.secret, secret);
    seen.secret = secret;
    const before = seen.look;
    const after = believedLook(watch, userId);
    if (before.user === after.user && before.secret === after.secret) continue;
    takeInKeys(watch, before, after);
    takeInSecret(watch, userId, before, after);
    seen.look = after;
    exposure.noteReaders(after);
  }
}

function takeInKeys(watch: Watch, before: Look, after: Look): void {
  const { lives, announcements } = watch;
  for (const key of keysOf(after)) {
    const old = keyOf(before, key.accessKeyId);
    if (!lives.isKnown(key.accessKeyId)) takeInNew(watch, key, after);
    else if (old !== undefined && old.status !== key.status) takeInStatus(watch, key);
  }
  for (const { accessKeyId } of keysOf(before)) {
    if (keyOf(after, accessKeyId) === undefined) announcements.forgive((change) => change.accessKeyId === accessKeyId);
  }
}

function takeInNew({ aws, lives }: Watch, { accessKeyId, createdAt, status }: AccessKey, after: Look): void {
  const life = lives.of(accessKeyId);
  const intent = intentOf(after);
  life.isAmbiguous = intent?.verb === 'issue' && Math.abs(createdAt - intent.at) < 70 * SECOND;
  if (status === 'Inactive') life.inactiveSince = aws.clock.now();
}

function takeInStatus({ aws, lives, announcements }: Watch, { accessKeyId, status, lastUsed }: AccessKey): void {
  const now = aws.clock.now();
  const life = lives.of(accessKeyId);
  if (status === 'Active') {
    life.isReclaimed = true;
    life.wasInactiveSince = life.inactiveSince;
    life.inactiveSince = undefined;
  } else {
    const wasUsed = (lastUsed?.at ?? 0) > (life.wasInactiveSince ?? 0);
    life.inactiveSince = wasUsed ? now : (life.wasInactiveSince ?? now);
  }
  announcements.forgive((change) => change.accessKeyId === accessKeyId);
}

function takeInSecret(watch: Watch, userId: string, before: Look, after: Look): void {
  const { lives, announcements } = watch;
  const isIntentLost = tag(before, 'doing') !== tag(after, 'doing') || after.user === undefined;
  const isSecretLost = before.secret !== undefined && before.secret.arn !== after.secret?.arn;
  if (isIntentLost || isSecretLost) announcements.forgive((change) => change.userId === userId);
  takeInLabels(watch, before, after);
  // Nothing shows any longer that an issue was under way: what it made counts as someone's key.
  if (isIntentLost && intentOf(before)?.verb === 'issue' && intentOf(after)?.verb !== 'issue') {
    for (const { accessKeyId } of keysOf(after)) {
      if (lives.isLost(accessKeyId)) lives.of(accessKeyId).isReclaimed = true;
    }
  }
}

function takeInLabels({ lives, announcements }: Watch, before: Look, after: Look): void {
  const kept = new Set(keyLabels(after).map(({ label }) => label));
  for (const { label } of keyLabels(before)) {
    if (kept.has(label)) continue;
    announcements.forgive(({ accessKeyId }) => accessKeyId === label);
    // One that was never used can be taken for the leftover of an issue whose intent is put back; any other is its owner's.
    if (!isInUse(keyOf(after, label))) lives.of(label).isLabelled = false;
  }
  for (const label of kept) lives.of(label).isLabelled = true;
}
