import { accountReasons } from './fleet/account-reasons.ts';

/** One line for each reason code: what it says, and what to do. Published in docs/reference.md, pinned by a test. */
export const reasons = {
  exposed: {
    says: 'Others know the key, or could have read it with a key that they know. It is deactivated, then replaced.',
    todo: 'Remove the key from where it was published, and find out what it was used for.',
  },
  'exposure-suspected': {
    says: 'AWS suspects that others know the key. Nothing was changed.',
    todo: 'Investigate and deactivate the key, or set `suspectedKeys` to `act`.',
  },
  'key-of-nobody': {
    says: "Others know a key that belongs to no IAM user of this account. It may be the root user's.",
    todo: 'Find out now whose key it is.',
  },
  'exposure-over': {
    says: 'The exposed keys are gone, and all sessions made with them have expired.',
    todo: 'Nothing.',
  },
  busy: { says: 'Another run is working on this user.', todo: 'Nothing; run it again a few minutes later.' },
  settling: {
    says: 'Something was recorded about the user less than a minute ago, so reads may not show it yet.',
    todo: 'Nothing; run it again a minute later.',
  },
  'tags-invalid': {
    says: 'A tag of the user or of the secret does not parse, so the user is left untouched.',
    todo: 'Correct or remove the tag that the message names.',
  },
  exempt: { says: 'The user is exempt by tag, group or path.', todo: 'Remove the exemption to have the keys rotated.' },
  held: { says: 'The user is on hold until a date.', todo: 'Lift the hold with a past date, or pass `force`.' },
  'hold-written': { says: 'The user was put on hold.', todo: 'Nothing; the hold ends on its date.' },
  'hold-lifted': { says: 'The hold was lifted.', todo: 'Nothing.' },
  'not-held': { says: 'There is no hold to lift.', todo: 'Nothing.' },
  'secret-foreign': {
    says: 'The secret with that name is not as Keyturn would have created it.',
    todo: 'Find out who created it. Delete it, or correct what the message names.',
  },
  'secret-pending-deletion': {
    says: 'The secret is pending deletion.',
    todo: 'Restore it, by hand or with `rotate` and `restoreSecret`.',
  },
  'secret-value-foreign': {
    says: 'The current version of the secret is not labelled with exactly one access key ID.',
    todo: 'Move AWSCURRENT back to a labelled version, or delete the secret.',
  },
  'too-many-tags': {
    says: 'The secret has so many tags that there is no room for those of Keyturn.',
    todo: 'Remove as many as the message says.',
  },
  'restore-asked': { says: 'The secret is restored, as requested.', todo: 'Nothing.' },
  'status-unknown': {
    says: 'A key has a status that is neither Active nor Inactive.',
    todo: 'Delete the key, or set its status.',
  },
  finished: { says: 'An interrupted transition was finished.', todo: 'Nothing.' },
  'intent-cleared': {
    says: 'An interrupted transition had changed nothing. It is discarded, and the user is planned again.',
    todo: 'Nothing.',
  },
  'orphan-deactivated': {
    says: 'A key whose secret was lost in an interrupted run is deactivated.',
    todo: 'Reactivate it if you made it yourself.',
  },
  'orphan-waiting': { says: 'The orphan is deleted half a day after its deactivation.', todo: 'Nothing.' },
  'orphan-deleted': { says: 'The orphan stayed inactive and unused and is deleted.', todo: 'Nothing.' },
  'two-orphans': {
    says: 'Either of two keys may be the orphan of one interrupted run.',
    todo: 'Delete the one that is not used.',
  },
  'not-proven': {
    says: 'The new key never worked and was deleted. The old key stays as it is.',
    todo: 'Check whether AWS has an incident; Keyturn tries again.',
  },
  refused: {
    says: 'AWS refused a call for this user. Nothing more was changed.',
    todo: 'Do what the message says.',
  },
  'refused-everywhere': {
    says: 'AWS refuses the same call for every user tried, so each run tries only one.',
    todo: 'Do what the message says; rotation then resumes automatically.',
  },
  failed: { says: 'The pass failed. Nothing more was changed.', todo: 'Do what the message says.' },
  'user-changed': { says: 'The user with that name and UserId no longer exists.', todo: 'Nothing.' },
  'out-of-time': { says: 'The function had too little time left to finish the step.', todo: 'Nothing; run it again.' },
  asked: { says: 'A rotation was requested by hand.', todo: 'Nothing.' },
  'two-keys': {
    says: 'Both key slots are taken.',
    todo: 'Pass the key to give up as `accessKeyId`, and run it again once that key is deleted.',
  },
  'given-up': { says: 'The key was given up by hand.', todo: 'Run `rotate` again after its deletion.' },
  'only-active-key': { says: 'The key to give up is the only active one.', todo: 'Delete the inactive one.' },
  'key-not-named': { says: 'The user has more than one key, or none.', todo: 'Pass `accessKeyId`.' },
  'no-such-key': { says: 'The user has no key with that ID.', todo: 'Correct `accessKeyId`.' },
  'retired-by-hand': { says: 'The key is deactivated immediately, without a replacement.', todo: 'Nothing.' },
  confirmed: { says: 'The owner has switched to the new key.', todo: 'Nothing.' },
  'nothing-to-confirm': { says: 'No old key is waiting for a confirmation.', todo: 'Nothing.' },
  'rolled-back': {
    says: 'The previous key is in use again, and the user is on hold.',
    todo: 'Lift the hold when ready.',
  },
  'nothing-to-roll-back': { says: 'There is no older key to go back to.', todo: 'Run `rotate`.' },
  'key-gone': { says: 'A key was deleted, but not by Keyturn.', todo: 'Nothing, if that was intended.' },
  reactivated: {
    says: 'A key was reactivated, but not by Keyturn. Its grace period starts again.',
    todo: 'Switch to the new key.',
  },
  'newer-key-stored': { says: 'A newer stored key becomes current again.', todo: 'Switch to it.' },
  recovery: {
    says: 'An inactive key waits for the end of its recovery period.',
    todo: 'Reactivate it if it is needed.',
  },
  'recovery-over': { says: 'The recovery period is over: the key is deleted.', todo: 'Nothing.' },
  'none-active': { says: 'The key could be deleted, but no key is active.', todo: 'Reactivate or delete one.' },
  'current-inactive': {
    says: 'The current key was deactivated, but not by Keyturn.',
    todo: 'Reactivate it, or run `rotate`.',
  },
  'no-active-key': { says: 'There is no active key to replace.', todo: 'Run `rotate` for a first key.' },
  'inactive-seen': {
    says: 'A key is inactive, but Keyturn did not deactivate it. Its recovery period begins.',
    todo: 'Reactivate it if it is needed.',
  },
  'grace-restarted': { says: 'The grace period begins.', todo: 'Switch to the new key.' },
  'reminder-due': { says: 'The old key will be deactivated soon.', todo: 'Switch to the new key.' },
  'retirement-soon': {
    says: 'The key is due and unused. It will be deactivated soon, without a replacement.',
    todo: 'If the key is needed, use it; then it is replaced instead.',
  },
  'deletion-soon': {
    says: 'An inactive key will be deleted soon.',
    todo: 'Reactivate it if it is needed.',
  },
  'in-grace': { says: 'The old key is in its grace period.', todo: 'Switch to the new key.' },
  'still-in-use': {
    says: 'The deactivation is postponed because the old key is still in use.',
    todo: 'Switch to the new key.',
  },
  'not-switched': {
    says: 'The deactivation is postponed because the new key has not been used.',
    todo: 'Use the new key, or confirm the switch.',
  },
  'not-handed-on': {
    says: 'The deactivation is postponed because the new key is not handed on yet.',
    todo: 'See the messages hand-on-failed, or confirm the switch.',
  },
  'notice-running': {
    says: 'The owner was told, and has until the day that the message names.',
    todo: 'Switch to the new key.',
  },
  'grace-over': { says: 'The grace period is over, and the owner has switched.', todo: 'Nothing.' },
  'least-used': {
    says: 'Both slots were taken. The key that is used less has had its grace period and makes room.',
    todo: 'Use the other key.',
  },
  'postponed-to-limit': {
    says: 'The deactivation was postponed for as long as the settings allow.',
    todo: 'Switch to the new key.',
  },
  'no-grace': { says: 'The old key is deactivated without a grace period.', todo: 'Use the new key.' },
  unused: {
    says: 'The key is due and unused. It is deactivated without a replacement.',
    todo: 'Run `rotate` if one is needed.',
  },
  'current-gone': { says: 'The current key is gone and the other one is due.', todo: 'Nothing.' },
  'issued-lately': {
    says: 'A new key was issued within the last `graceDays`.',
    todo: 'Find out who deletes the new keys.',
  },
  due: { says: 'The key has reached its age limit.', todo: 'Nothing; a replacement is issued.' },
  'slots-taken': {
    says: 'A key is due, but both slots hold active keys.',
    todo: 'Delete one, or run `rotate` with the `accessKeyId` to give up.',
  },
  frozen: { says: 'Changes are frozen.', todo: 'Wait for the end of the freeze, or act by hand.' },
  'managed-rotation': { says: "Secrets Manager's own rotation is enabled on the secret.", todo: 'Nothing.' },
  'rotation-asked': {
    says: 'Secrets Manager began a rotation: a replacement is issued as its pending version.',
    todo: 'Nothing; its last step makes the new key current.',
  },
  'rotation-stored': { says: 'The key of this rotation is issued and stored already.', todo: 'Nothing.' },
  'rotation-finished': {
    says: 'A rotation by Secrets Manager made its new key current.',
    todo: 'Switch to the new key.',
  },
  'rotation-not-ready': {
    says: 'The pending version of the rotation holds no key that can be made current.',
    todo: 'Find out why the earlier steps failed; Secrets Manager repeats all of them.',
  },
  'rotation-stuck': {
    says: 'A rotation by Secrets Manager has been pending for more than a day.',
    todo: 'Do what the message says. To abandon the rotation, cancel it and remove AWSPENDING from its version.',
  },
  'no-subscription': {
    says: 'No confirmed subscription of the topic would deliver a message about this user.',
    todo: 'Subscribe and confirm, widen a filter, or set `requireSubscription` to false.',
  },
  'breaker-open': {
    says: 'Three new keys in a row did not work today, so no more are issued.',
    todo: 'See the logs; issuing resumes tomorrow.',
  },
  'daily-limit': { says: '`maxNewRotationsPerDay` is reached.', todo: 'Nothing; it continues tomorrow.' },
  'state-unverified': {
    says: 'A tag of the secret that Keyturn relies on was written by someone else.',
    todo: 'Find out who can tag that secret; the message says what was done.',
  },
  'state-key-unavailable': {
    says: 'KMS did not provide the key that verifies the tags of Keyturn, so nothing is changed.',
    todo: 'Make sure that the key is enabled and that its policy lets the roles use it.',
  },
  'rollback-to-exposed': {
    says: 'Others know the key to go back to, so it stays inactive.',
    todo: 'Run `rotate` for a new key.',
  },
  'notice-undeliverable': {
    says: 'Something would be taken away, but no subscription would deliver a message about it.',
    todo: 'Subscribe and confirm, widen a filter, or set `requireSubscription` to false.',
  },
  compromised: {
    says: 'The key was reported by hand as known to others. It is deactivated and replaced.',
    todo: 'Find out what the key was used for.',
  },
  'exposed-slot': { says: 'An exposed key is deleted early because its slot is needed.', todo: 'Nothing.' },
  adopted: {
    says: 'A secret from elsewhere is adopted, as requested.',
    todo: 'Nothing; what was signed is in the answer.',
  },
  'policy-put': {
    says: 'The secret is brought into line with the settings: policy, KMS key, replicas, tags, signatures.',
    todo: 'Nothing.',
  },
  'replica-failed': {
    says: 'The secret is not replicated to a Region where it should be; Keyturn tries again.',
    todo: 'Do what the message says.',
  },
  'secret-elsewhere': {
    says: "The user's secret is in another Region than that of the account, so no key is issued.",
    todo: 'Set `region` of the account in fleet.yml back, or do what docs/fleet.md says of it.',
  },
  ...accountReasons,
  ignored: { says: 'An event asks for nothing that could be done.', todo: 'Nothing; the message says why.' },
  'nothing-due': { says: 'Nothing is due.', todo: 'Nothing.' },
} as const;

export type ReasonCode = keyof typeof reasons;

export function isReason(code: string): code is ReasonCode {
  return Object.hasOwn(reasons, code);
}
