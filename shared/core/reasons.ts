/** One line for each reason code: what it says, and what to do. Published in docs/reference.md, pinned by a test. */
export const reasons = {
  exposed: {
    says: 'Others know the key, or could have read it with one that they know: it is deactivated, then replaced.',
    todo: 'Remove the key from where it was published, and see what it was used for.',
  },
  'exposure-suspected': {
    says: 'AWS suspects that others know the key; nothing was changed.',
    todo: 'Look, and deactivate the key; or set `suspectedKeys` to act.',
  },
  'key-of-nobody': {
    says: "Others know a key that belongs to no IAM user of the account: it may be the root user's.",
    todo: 'See whose it is, at once.',
  },
  'exposure-over': {
    says: 'The exposed keys are gone, and so are all sessions that they could have made.',
    todo: 'Nothing.',
  },
  busy: { says: 'Another run has the user in hand.', todo: 'Nothing; run it again a few minutes later.' },
  settling: {
    says: 'Something was recorded about the user less than a minute ago, so reads may not show it yet.',
    todo: 'Nothing; run it again a minute later.',
  },
  'tags-invalid': {
    says: 'A tag of the user or of the secret does not parse; the user is left untouched.',
    todo: 'Correct or remove the tag that the message names.',
  },
  exempt: { says: 'The user is exempt by tag, group or path.', todo: 'Remove the exemption to have the keys rotated.' },
  held: { says: 'The user is held until a date.', todo: 'Lift the hold with a past date, or pass `force`.' },
  'hold-written': { says: 'A hold was written.', todo: 'Nothing; it ends by itself.' },
  'hold-lifted': { says: 'The hold was lifted.', todo: 'Nothing.' },
  'not-held': { says: 'There is no hold to lift.', todo: 'Nothing.' },
  'secret-foreign': {
    says: 'The secret of that name is not as Keyturn would have made it.',
    todo: 'Find out who made it; delete it or put right what the message names.',
  },
  'secret-pending-deletion': {
    says: 'The secret is pending deletion.',
    todo: 'Restore it, by hand or with `rotate` and `restoreSecret`.',
  },
  'secret-value-foreign': {
    says: 'The current value of the secret is not labelled with one access key ID.',
    todo: 'Move AWSCURRENT back to a labelled version, or delete the secret.',
  },
  'too-many-tags': {
    says: 'The secret has so many tags that Keyturn could not write its own.',
    todo: 'Take off as many as the message says.',
  },
  'restore-asked': { says: 'The secret is restored as asked.', todo: 'Nothing.' },
  'status-unknown': {
    says: 'A key has a status that is neither Active nor Inactive.',
    todo: 'Delete the key, or set its status.',
  },
  finished: { says: 'An interrupted transition was finished.', todo: 'Nothing.' },
  'intent-cleared': { says: 'An interrupted transition had changed nothing and is judged anew.', todo: 'Nothing.' },
  'orphan-deactivated': {
    says: 'A key whose secret was lost in an interrupted issue is deactivated.',
    todo: 'Reactivate it if you made it yourself.',
  },
  'orphan-waiting': { says: 'The orphan is deleted half a day after its deactivation.', todo: 'Nothing.' },
  'orphan-deleted': { says: 'The orphan stayed inactive and unused and is deleted.', todo: 'Nothing.' },
  'two-orphans': { says: 'Two keys may be the orphan of one issue.', todo: 'Delete the one that nobody uses.' },
  'not-proven': {
    says: 'The new key never worked and was deleted; the old key stays as it is.',
    todo: 'See whether AWS has an incident; it is tried again.',
  },
  refused: {
    says: 'AWS refused a call for this user; nothing more was changed.',
    todo: 'Do what the message says.',
  },
  'refused-everywhere': {
    says: 'AWS refuses the same call for everybody who was tried, so one user is tried in each run.',
    todo: 'Do what the message says; it goes on by itself then.',
  },
  failed: { says: 'The pass failed; nothing more was changed.', todo: 'Do what the message says.' },
  'user-changed': { says: 'There is no user of that name and UserId any more.', todo: 'Nothing.' },
  'out-of-time': { says: 'The function had too little time left to finish the step.', todo: 'Nothing; run it again.' },
  asked: { says: 'A rotation was asked for by hand.', todo: 'Nothing.' },
  'two-keys': {
    says: 'Both key slots are taken.',
    todo: 'Name the key to give up as `accessKeyId`, and run it again after its deletion.',
  },
  'given-up': { says: 'The key was given up by hand.', todo: 'Run `rotate` again after its deletion.' },
  'only-active-key': { says: 'The key to give up is the only active one.', todo: 'Delete the inactive one.' },
  'key-not-named': { says: 'The user has not exactly one key.', todo: 'Pass `accessKeyId`.' },
  'no-such-key': { says: 'The user has no key of that ID.', todo: 'Correct `accessKeyId`.' },
  'retired-by-hand': { says: 'The key is deactivated at once, without a replacement.', todo: 'Nothing.' },
  confirmed: { says: 'The owner has switched to the new key.', todo: 'Nothing.' },
  'nothing-to-confirm': { says: 'No old key waits for a confirmation.', todo: 'Nothing.' },
  'rolled-back': {
    says: 'The previous key is put back in use, and the user is held.',
    todo: 'Lift the hold when ready.',
  },
  'nothing-to-roll-back': { says: 'There is no older key to go back to.', todo: 'Run `rotate`.' },
  'key-gone': { says: 'A key was deleted by somebody.', todo: 'Nothing, if it was meant.' },
  reactivated: {
    says: 'A key was reactivated by somebody; its grace period starts again.',
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
    says: 'The current key was deactivated by somebody else.',
    todo: 'Reactivate it, or run `rotate`.',
  },
  'no-active-key': { says: 'There is no active key to replace.', todo: 'Run `rotate` for a first key.' },
  'inactive-seen': {
    says: 'A key was found inactive, and not by Keyturn; its recovery period begins.',
    todo: 'Reactivate it if it is needed.',
  },
  'grace-restarted': { says: 'The grace period begins.', todo: 'Switch to the new key.' },
  'reminder-due': { says: 'The old key is deactivated soon.', todo: 'Switch to the new key.' },
  'retirement-soon': {
    says: 'The key is due and unused: it is deactivated soon, without a replacement.',
    todo: 'Use the key if it is needed; then it is replaced instead.',
  },
  'deletion-soon': {
    says: 'An inactive key is deleted soon.',
    todo: 'Reactivate it if it is needed.',
  },
  'in-grace': { says: 'The old key is in its grace period.', todo: 'Switch to the new key.' },
  'still-in-use': {
    says: 'The deactivation is put off, because the old key is in use.',
    todo: 'Switch to the new key.',
  },
  'not-switched': {
    says: 'The deactivation is put off, because the new key has not been used.',
    todo: 'Use the new key, or confirm the switch.',
  },
  'notice-running': { says: 'The owner was told, and has until then.', todo: 'Switch to the new key.' },
  'grace-over': { says: 'The grace period is over, and the owner has switched.', todo: 'Nothing.' },
  'least-used': {
    says: 'Both slots were taken; the key that is used less was given its grace period, and makes room.',
    todo: 'Use the other key.',
  },
  'postponed-to-limit': { says: 'The deactivation was put off as long as it may be.', todo: 'Switch to the new key.' },
  'no-grace': { says: 'The old key is handed over without a grace period.', todo: 'Use the new key.' },
  unused: {
    says: 'The key is due and unused: deactivated without a replacement.',
    todo: 'Run `rotate` if one is needed.',
  },
  'current-gone': { says: 'The current key is gone and the other one is due.', todo: 'Nothing.' },
  'issued-lately': { says: 'A key was issued within the grace period.', todo: 'Find out who deletes the new keys.' },
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
    says: 'The pending version of the rotation holds no key that could be made current.',
    todo: 'See why the steps before failed; Secrets Manager tries all of them again.',
  },
  'rotation-stuck': {
    says: 'A rotation by Secrets Manager has been pending for more than a day.',
    todo: 'Do what the message says; to give the rotation up, cancel it and take AWSPENDING off its version.',
  },
  'no-subscription': {
    says: 'No confirmed subscription of the topic would deliver a message about this user.',
    todo: 'Subscribe and confirm, or widen a filter; or set `requireSubscription` to false.',
  },
  'breaker-open': {
    says: 'Three issues in a row failed their proof today.',
    todo: 'See the logs; it closes tomorrow.',
  },
  'daily-limit': { says: '`maxNewRotationsPerDay` is reached.', todo: 'Nothing; it goes on tomorrow.' },
  'state-unverified': {
    says: 'A tag of the secret that Keyturn relies on was not written by Keyturn.',
    todo: 'Find out who can write tags of that secret; the message says what was done.',
  },
  'state-key-unavailable': {
    says: 'KMS did not give the key that tells the tags of Keyturn from others: nothing is changed.',
    todo: 'See that the key is enabled and lets the roles use it.',
  },
  'rollback-to-exposed': {
    says: 'The key to go back to is known to others, so it stays inactive.',
    todo: 'Run `rotate` for a new key.',
  },
  'notice-undeliverable': {
    says: 'Something would be taken away, but no subscription would deliver a message about it.',
    todo: 'Subscribe and confirm, or widen a filter; or set `requireSubscription` to false.',
  },
  compromised: {
    says: 'The key is known to others, as was said by hand: it is deactivated and replaced.',
    todo: 'See what the key was used for.',
  },
  'exposed-slot': {
    says: 'An exposed key that nobody may want back is deleted, since its slot is needed.',
    todo: 'Nothing.',
  },
  adopted: { says: 'A secret from elsewhere is adopted as asked.', todo: 'Nothing; what was signed is in the answer.' },
  'policy-put': {
    says: 'The secret is brought in line with the settings: policy, KMS key, replicas, tags, signatures.',
    todo: 'Nothing.',
  },
  'replica-failed': {
    says: 'The secret is not replicated to a Region that it should be in; it is tried again.',
    todo: 'Do what the message says.',
  },
  'nothing-due': { says: 'Nothing is due.', todo: 'Nothing.' },
} as const;

export type ReasonCode = keyof typeof reasons;
