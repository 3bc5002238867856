import { HOUR, MINUTE } from '../aws/clock.ts';
import { evaluate } from '../aws/policies/resource-policy.ts';
import type { Secret } from '../aws/secrets-manager/secret-state.ts';
import type { Principal } from '../aws/service.ts';
import { isNamedExposed } from './exposure.ts';
import { currentKeyId, isActive, keyLabels, keyOf, type Look, record, storedKey, tag } from './look.ts';
import { names } from './mailbox.ts';
import { graceBegins } from './notice.ts';
import { fault, type Judged, owe, type Watch } from './watch.ts';

/** What the call did to the secret. `raw` and `written`: also where none of ours has made it. */
export function judgeSecret(watch: Watch, j: Judged, written: Secret | undefined): void {
  if (j.raw === written || written === undefined) return;
  judgeStored(watch, j, written);
  judgeUnlabelled(watch, j);
  judgeCurrent(watch, j);
  judgeClock(watch, j, { user: j.after.user, secret: written });
  const labels = written.versions.reduce((count, version) => count + version.labels.length, 0);
  if (labels > 20) fault(watch, j, 'labels', 'The secret has more than 20 labels.');
}

/** A label that is an access key ID means that the key is stored, and was proven before; its owner alone reads it. */
function judgeStored(watch: Watch, j: Judged, written: Secret): void {
  const { aws, lives } = watch;
  // Of one key there may be several, all but one of them forged.
  const known = new Set(keyLabels({ secret: j.raw }).map(({ label, versionId }) => `${label} ${versionId}`));
  for (const { label, versionId } of keyLabels({ secret: written })) {
    if (known.has(`${label} ${versionId}`)) continue;
    const version = written.versions.find((candidate) => candidate.versionId === versionId);
    const stored = storedKey(version?.value.text);
    const isRight = stored?.accessKeyId === label && stored.secretAccessKey === aws.iam.state.secretAccessKey(label);
    if (!isRight) fault(watch, j, 'label', `The version labelled ${label} does not hold that key.`);
    const isProven = keyOf(j.after, label)?.lastUsed !== undefined;
    if (!isProven) fault(watch, j, 'label', `${label} was stored before it was proven to work.`);
    const life = lives.of(label);
    if (life.madeBy !== j.run) fault(watch, j, 'label', `${label} was stored by another run than made it.`);
    life.isLabelled = true;
    judgeExposed(watch, j, label);
    if (!isLifted(j) && !isPrivate(written, j)) {
      fault(watch, j, 'policy', `${label} was stored without a policy that lets its owner alone read it.`);
    }
  }
}

/** Nobody can know of a policy that was lifted between its being put and the value's. */
function isLifted({ seen }: Judged): boolean {
  return seen.tamperedAt >= 0 && seen.tamperedAt >= seen.policyPutAt;
}

function judgeUnlabelled(watch: Watch, j: Judged): void {
  const kept = new Set(keyLabels(j.after).map(({ label }) => label));
  for (const { label } of keyLabels(j.before)) {
    if (kept.has(label)) continue;
    const life = watch.lives.of(label);
    const isOwnLoss = life.madeBy === j.run && !life.wasCurrent;
    if (keyOf(j.after, label) !== undefined && !isOwnLoss) {
      fault(watch, j, 'label', `The label of ${label} was taken off while the key is there.`);
    }
    // Nothing remembers a secret that lost step 6: what is left of its key is an orphan.
    if (isOwnLoss) life.isLabelled = false;
  }
}

/** Whoever has found an exposed key reads nothing with it that is stored from now on, nor with a session that it made. */
function judgeExposed(watch: Watch, j: Judged, id: string): void {
  const { before, after, run } = j;
  const exposed = [...watch.exposure.named].filter((key) => isNamedExposed(before, key) || run.exposedKeyId === key);
  for (const key of exposed) {
    if (key !== id && isActive(before, key)) {
      fault(watch, j, 'exposed', `${id} was stored while ${key}, which others know, was Active.`);
    }
    if (!isLifted(j) && canSessionRead(watch, j, key, after)) {
      fault(watch, j, 'exposed', `A session made with ${key} can read ${id}.`);
    }
  }
}

function canSessionRead({ lives }: Watch, j: Judged, key: string, { user, secret }: Look): boolean {
  const { call, userId, before } = j;
  if (user === undefined || secret === undefined) return false;
  // A deactivated key may work for seconds more. Deactivated again by a process that died at once, it is recorded as of
  // the first time.
  const since = Math.min(lives.of(key).inactiveSince ?? call.at, record(before, 'exposed')?.at ?? call.at);
  const issuedAt = Math.min(call.at, since + MINUTE);
  const principal: Principal = { kind: 'user', arn: user.arn, userId, accessKeyId: 'ASIAOFANEXPOSEDKEY00', issuedAt };
  const action = 'secretsmanager:GetSecretValue';
  return evaluate(secret.policy, { principal, action, resource: secret.arn, now: call.at + HOUR }) === 'allowed';
}

function judgeCurrent(watch: Watch, j: Judged): void {
  const { before, after } = j;
  const id = currentKeyId(after);
  const version = currentVersion(after);
  if (id === undefined || currentVersion(before)?.versionId === version?.versionId) return;
  if (!version?.labels.some((label) => label.startsWith(`${id}.`))) {
    fault(watch, j, 'current', `AWSCURRENT moved to ${id}, which no label names.`);
  }
  if (!isActive(after, id)) fault(watch, j, 'current', `AWSCURRENT moved to ${id}, which is not Active.`);
  watch.lives.of(id).wasCurrent = true;
  owe(watch, j, 'current', id);
}

function currentVersion({ secret }: Look): Secret['versions'][number] | undefined {
  return secret?.versions.find(({ labels }) => labels.includes('AWSCURRENT'));
}

/** Nobody's time runs before they are told. */
function judgeClock(watch: Watch, j: Judged, after: Look): void {
  const since = record(after, 'current-since');
  if (since === undefined || tag({ user: undefined, secret: j.raw }, 'current-since') === tag(after, 'current-since'))
    return;
  const isTold = watch.mailbox
    .about(j.userId)
    .some((m) => graceBegins.includes(m.event) && names(m, since.accessKeyId) && j.call.at - m.at < 10 * MINUTE);
  if (!isTold) fault(watch, j, 'told', `The grace period of ${since.accessKeyId} began before its owner was told.`);
}

function isPrivate({ policy }: Secret, { after: { user }, userId }: Judged): boolean {
  const statements = policy?.statements ?? [];
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
