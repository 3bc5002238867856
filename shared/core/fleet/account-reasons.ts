/** Why nothing is done, or nothing is changed, in a whole account of a fleet: each with what to do. */
export const accountReasons = {
  'not-selected': {
    says: 'The fleet does not look after the account.',
    todo: 'Name it, or an organizational unit above it, in `select` of fleet.yml.',
  },
  excluded: { says: 'The account is excluded from the fleet.', todo: 'Take it out of `exclude` in fleet.yml.' },
  'not-active': { says: 'The account is not ACTIVE in the organization.', todo: 'Nothing.' },
  'management-account': {
    says: 'The account is the management account, which no StackSet reaches.',
    todo: 'Name it in `select.accounts`, and deploy the roles there by hand.',
  },
  'not-tagged': {
    says: 'The account lacks a tag of `select.tags`.',
    todo: 'Tag the account in AWS Organizations.',
  },
  joining: {
    says: 'The account joined in the last 24 hours and has no role of Keyturn yet.',
    todo: 'Nothing; the StackSet brings it.',
  },
  'own-deployment': {
    says: 'The account has a Keyturn of its own.',
    todo: 'Remove that stack, or exclude the account.',
  },
  'second-hub': {
    says: 'The account has a role of another hub for the same users.',
    todo: 'Remove one of them, or give each a user path of its own.',
  },
  'trust-changed': {
    says: 'The trust of a role of Keyturn is not what its template says, so the account is left alone.',
    todo: 'Update the StackSet, and find out who changed the role.',
  },
  paused: { says: 'Keyturn was paused in the account.', todo: 'Remove the tag `keyturn:paused` of the role.' },
  'role-refused': {
    says: 'AWS does not let the hub take its role in the account.',
    todo: 'Run `keyturn fleet check --account`, which says what to do.',
  },
  'template-outdated': {
    says: 'The roles in the account are of an older template than the hub.',
    todo: 'Update the StackSet: `keyturn fleet members`.',
  },
  'parameters-differ': {
    says: 'The roles in the account are for other users, secrets, Regions or KMS keys than the settings.',
    todo: 'Correct one of the two: `keyturn fleet members`, or the settings of the account in fleet.yml.',
  },
  'denied-by-organization': {
    says: 'A policy of the organization would refuse a rotation in the account.',
    todo: "Except Keyturn's role from that policy, or exclude the account.",
  },
  'denied-in-account': {
    says: "The role's own policies in the account, or its permissions boundary, would refuse a rotation.",
    todo: 'Update the StackSet: `keyturn fleet members`.',
  },
  'not-simulated': {
    says: 'AWS does not say whether a policy would refuse a rotation in the account.',
    todo: 'Begin with the account in a wave of its own.',
  },
  'region-not-enabled': {
    says: 'The Region of the secrets is not enabled in the account.',
    todo: 'Enable it, or set `region` for the account in fleet.yml.',
  },
  'wave-dry-run': {
    says: "The account's wave has not begun, so nothing is changed there.",
    todo: 'Give the wave a date in fleet.yml, or wait for it.',
  },
  'message-too-old': {
    says: 'A message of the queue was older than a day, or did not say where its account is.',
    todo: 'Nothing; the next run enqueues these users again.',
  },
} as const;

/** An account fails as a pass does. */
export type AccountReason = keyof typeof accountReasons | 'failed';
