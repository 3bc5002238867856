// Tests of shared/core/checks/hands-off.ts and shared/core/checks/blocked.ts.

import { describe, expect, it } from 'vitest';
import { DAY, MINUTE, SECOND } from '../../../shared/core/time.ts';
import { C, daysAgo, key, minutesAgo, NOW, O, P, RUN, record, request, S } from '../../support/core/builders.ts';
import { answeredBy, type Given, inShort, planOf } from '../../support/core/cases.ts';

const due = key(C, { ageDays: 95 });
const live = { intent: { at: minutesAgo(2), deadlineAt: NOW + 1 } };
const orphan = key(O, { createdAt: minutesAgo(60) });
const crashed = { intent: { accessKeyIds: [S] } };
const withOrphan = [key(S, { ageDays: 95 }), orphan];

answeredBy('busy', [
  {
    name: 'is busy while the intent of another run has one millisecond left',
    keys: [due],
    secret: { current: C, ...live },
    gives: 'busy busy: none',
  },
  {
    name: 'is busy even when a hold, a wrong tag and an unknown status are there too',
    keys: [key(C, { status: 'Expired' })],
    secret: { current: C, ...live, hold: NOW + 5 * DAY, raw: { 'keyturn:confirmed': '?' } },
    gives: 'busy busy: none',
  },
  {
    name: 'leaves an orphan alone while the issue that made it may still be at work',
    keys: withOrphan,
    secret: { intent: { ...crashed.intent, deadlineAt: NOW + 1 } },
    gives: 'busy busy: none',
  },
  {
    name: 'settles while somebody else has written a record less than a minute ago',
    keys: [due],
    secret: { current: C, announced: { event: 'issued', at: NOW - MINUTE + 1 } },
    gives: 'busy settling: none',
  },
  {
    name: 'settles on a record that is a few seconds ahead of the clock',
    keys: [due],
    secret: { current: C, currentSince: { accessKeyId: C, at: NOW + 5 * SECOND } },
    gives: 'busy settling: none',
  },
  {
    name: 'settles by hand, too',
    keys: [due],
    secret: { current: C, deactivated: { accessKeyId: P, at: NOW - 1 } },
    request: { origin: 'manual', asked: { action: 'rotate' } },
    gives: 'busy settling: none',
  },
  {
    name: 'settles on the record that another run wrote while this pass was at work',
    keys: [due],
    secret: { current: C, confirmed: { accessKeyId: C, at: NOW + 5 * MINUTE } },
    gives: 'busy settling: none',
  },
]);

it('says until when the other run is working on the user', () => {
  const { steps } = planOf({ keys: [due], secret: { current: C, ...live } });
  expect(steps[0]?.notBefore).toBe(NOW + 1);
});

it('what this invocation wrote itself does not make it busy', () => {
  const at = NOW - SECOND;
  const given = { keys: [due], secret: { current: C, announced: { event: 'deleted', at } } };
  expect(inShort(planOf({ ...given, request: { wroteAt: new Set([at]) } }))).toBe('act due: issue');
  expect(inShort(planOf({ ...given, request: { wroteAt: new Set([at - 1]) } }))).toBe('busy settling: none');
});

const heldFor5Days = { hold: NOW + 5 * DAY };

answeredBy('left-alone', [
  {
    name: 'leaves a user with the tag exempt alone',
    keys: [due],
    user: { tags: { 'keyturn:exempt': 'true' } },
    gives: 'unchanged exempt: none',
  },
  {
    name: 'leaves the member of an exempt group alone',
    keys: [due],
    user: { groups: ['break,glass'] },
    settings: { exemptGroups: ['break,glass'] },
    gives: 'unchanged exempt: none',
  },
  {
    name: 'leaves a user below an exempt path alone',
    keys: [due],
    user: { path: '/legacy/ftp/' },
    settings: { exemptPaths: ['/legacy/'] },
    gives: 'unchanged exempt: none',
  },
  { name: 'leaves a held user alone', keys: [due], secret: heldFor5Days, gives: 'unchanged held: none' },
  {
    name: 'never lets force override an exemption',
    keys: [due],
    user: { tags: { 'keyturn:exempt': 'true' } },
    request: { origin: 'manual', asked: { action: 'rotate', force: true } },
    gives: 'unchanged exempt: none',
  },
  {
    name: 'holds against a command by hand without force',
    keys: [due],
    secret: heldFor5Days,
    request: { origin: 'manual', asked: { action: 'rotate' } },
    gives: 'unchanged held: none',
  },
  {
    name: 'does not finish a past intent of a held user by schedule',
    keys: [due, key(P, { status: 'Inactive' })],
    secret: { current: C, previous: P, ...heldFor5Days, intent: { verb: 'deactivate', accessKeyIds: [P] } },
    gives: 'unchanged held: none',
  },
  {
    name: 'deactivates the orphan of a held user',
    keys: withOrphan,
    secret: { ...crashed, ...heldFor5Days },
    gives: 'act held: deactivate-orphan O',
  },
  {
    name: 'deactivates the orphan of an exempt user',
    keys: withOrphan,
    secret: crashed,
    user: { tags: { 'keyturn:exempt': 'true' } },
    gives: 'act exempt: deactivate-orphan O',
  },
  {
    name: 'deactivates the orphan of a user whose tags do not parse',
    keys: withOrphan,
    secret: crashed,
    user: { tags: { 'keyturn:grace-days': 'ten' } },
    request: { origin: 'manual', asked: { action: 'plan' } },
    gives: 'blocked tags-invalid: deactivate-orphan O',
  },
  {
    name: 'does not delete the orphan of a held user',
    keys: [key(S), key(O, { createdAt: minutesAgo(60 * 24), status: 'Inactive' })],
    secret: {
      ...heldFor5Days,
      intent: { at: minutesAgo(60 * 24), accessKeyIds: [S] },
      deactivated: record(O, 0.9),
    },
    gives: 'unchanged held: none',
  },
  {
    name: 'blocks on a tag of the secret that does not parse',
    keys: [due],
    secret: { current: C, raw: { 'keyturn:current-since': 'yesterday' } },
    request: { origin: 'manual', asked: { action: 'rotate', force: true } },
    gives: 'blocked tags-invalid: none',
  },
  {
    name: 'blocks on a tag of the user that Keyturn does not know, since it may be a misspelt exemption',
    keys: [due],
    user: { tags: { 'keyturn:exmept': 'true' } },
    request: { origin: 'manual', asked: { action: 'plan' } },
    gives: 'blocked tags-invalid: none',
  },
  {
    name: 'blocks on settings that contradict each other only with the tags of this user',
    keys: [due],
    user: { tags: { 'keyturn:max-age-days': '31' } },
    request: { origin: 'manual', asked: { action: 'plan' } },
    gives: 'blocked tags-invalid: none',
  },
]);

answeredBy('intent-past', [
  {
    name: 'a hold does not stop a command with force, and the past intent goes first',
    keys: [due, key(P, { status: 'Inactive' })],
    secret: { current: C, previous: P, ...heldFor5Days, intent: { verb: 'deactivate', accessKeyIds: [P] } },
    request: { origin: 'manual', asked: { action: 'rotate', force: true } },
    gives: 'act finished: finish P',
  },
  {
    name: 'a rollback is finished in spite of the hold that it wrote',
    keys: [key(C, { ageDays: 3 }), key(P, { ageDays: 95 })],
    secret: { current: P, previous: C, ...heldFor5Days, intent: { verb: 'roll-back', accessKeyIds: [P] } },
    gives: 'act finished: finish P',
  },
]);

answeredBy('asked-by-hand', [
  {
    name: 'a hold does not stop the command that lifts it',
    keys: [due],
    secret: { current: C, ...heldFor5Days },
    request: { origin: 'manual', asked: { action: 'hold', holdUntil: NOW - DAY } },
    gives: 'act hold-lifted: hold',
  },
  {
    name: 'a hold does not stop a command with force',
    keys: [due],
    secret: { current: C, ...heldFor5Days },
    request: { origin: 'manual', asked: { action: 'rotate', force: true } },
    gives: 'act asked: issue',
  },
]);

answeredBy('due', [
  {
    name: 'a hold is over at the start of its day',
    keys: [due],
    secret: { current: C, hold: NOW - DAY / 2 },
    gives: 'act due: issue',
  },
]);

const manualPlan = { request: { origin: 'manual', asked: { action: 'plan' } } } as const;

answeredBy('secret-unverified', [
  {
    name: 'blocks on a secret of somebody else',
    keys: [due],
    secret: { current: C, as: { owningService: 'rds' } },
    ...manualPlan,
    gives: 'blocked secret-foreign: none',
  },
  {
    name: 'blocks on a secret that is pending deletion',
    keys: [due],
    secret: { current: C, as: { deletedAt: daysAgo(1) } },
    ...manualPlan,
    gives: 'blocked secret-pending-deletion: none',
  },
  {
    name: 'restores a secret that is pending deletion when asked',
    keys: [due],
    secret: { current: C, as: { deletedAt: daysAgo(1) } },
    request: { origin: 'manual', asked: { action: 'rotate', restoreSecret: true } },
    gives: 'act restore-asked: restore-secret',
  },
  {
    name: 'never adopts a foreign secret, not even when a restore is asked for',
    keys: [due],
    secret: { current: C, as: { deletedAt: daysAgo(1), owningService: 'rds' } },
    request: { origin: 'manual', asked: { action: 'rotate', restoreSecret: true } },
    gives: 'blocked secret-foreign: none',
  },
  {
    name: 'blocks on a current value without a key label',
    keys: [due],
    secret: { as: { versions: { theirs: ['AWSCURRENT'] } } },
    ...manualPlan,
    gives: 'blocked secret-value-foreign: none',
  },
  {
    name: 'blocks on a current value whose labels name two keys',
    keys: [due],
    secret: { as: { versions: { both: ['AWSCURRENT', C, P] } } },
    ...manualPlan,
    gives: 'blocked secret-value-foreign: none',
  },
  {
    name: 'deactivates the orphan all the same',
    keys: withOrphan,
    secret: { ...crashed, as: { deletedAt: daysAgo(1) } },
    ...manualPlan,
    gives: 'blocked secret-pending-deletion: deactivate-unrecorded O',
  },
  {
    name: 'does not finish a past intent',
    keys: [due, key(P, { status: 'Inactive' })],
    secret: {
      current: C,
      previous: P,
      intent: { verb: 'deactivate', accessKeyIds: [P] },
      as: { deletedAt: daysAgo(1) },
    },
    ...manualPlan,
    gives: 'blocked secret-pending-deletion: none',
  },
]);

it('an unverified secret names what its intent had not finished', () => {
  const secret = {
    current: C,
    intent: { verb: 'deactivate', accessKeyIds: [P] } as const,
    as: { deletedAt: daysAgo(1) },
  };
  const { message } = planOf({ keys: [due], secret });
  expect(message).toContain(`The deactivation begun at`);
  expect(message).toContain(P);
});

it('where no tag may be written, being blocked is announced on exactly one day in seven', () => {
  const given = { keys: [due], secret: { current: C, as: { deletedAt: daysAgo(30) } } };
  const answers = Array.from({ length: 14 }, (_, day) => inShort(planOf({ ...given, now: NOW + day * DAY })));
  const announced = answers.flatMap((answer, day) => (answer.endsWith(': announce-blocked') ? [day] : []));
  expect(announced).toHaveLength(2);
  expect((announced[1] ?? 0) - (announced[0] ?? 0)).toBe(7);
});

it('a blocked secret gets no tag', () => {
  const given = { keys: [due], secret: { current: C, as: { deletedAt: daysAgo(30) } } };
  const steps = Array.from({ length: 7 }, (_, day) => planOf({ ...given, now: NOW + day * DAY }).steps).flat();
  const flags = steps.flatMap((step) => (step.action === 'announce-blocked' ? [step.isRecordable] : []));
  expect(flags).toEqual([false]);
});

answeredBy('status-unknown', [
  {
    name: 'fails on a status that is neither Active nor Inactive',
    keys: [due, key(P, { status: 'Expired' })],
    secret: { current: C, previous: P },
    ...manualPlan,
    gives: 'failed status-unknown: none',
  },
  {
    name: 'fails before it finishes anything',
    keys: [due, key(P, { status: 'Expired' })],
    secret: { current: C, previous: P, intent: { verb: 'deactivate', accessKeyIds: [P] } },
    ...manualPlan,
    gives: 'failed status-unknown: none',
  },
  {
    name: 'is as strict about the case of a status',
    keys: [key(C, { ageDays: 95, status: 'active' })],
    secret: { current: C },
    ...manualPlan,
    gives: 'failed status-unknown: none',
  },
  {
    name: 'is not to be overridden by hand',
    keys: [due, key(P, { status: 'Expired' })],
    secret: { current: C },
    request: { origin: 'manual', asked: { action: 'rotate', accessKeyId: C, force: true } },
    gives: 'failed status-unknown: none',
  },
]);

describe('the leftover of an issue that is too old to be gone on with is left as it is, whoever is left alone:', () => {
  // Somebody may have put the intent back, and a key that the owner has not used yet looks like a leftover.
  it.each<[string, Given]>([
    ['a held user', { secret: { ...crashed, ...heldFor5Days } }],
    ['an exempt user', { secret: crashed, user: { tags: { 'keyturn:exempt': 'true' } } }],
    ['a user whose tags do not parse', { secret: crashed, user: { tags: { 'keyturn:grace-days': 'ten' } } }],
    ['a secret pending deletion', { secret: { ...crashed, as: { deletedAt: daysAgo(1) } } }],
    ['a current value without a key label', { secret: { ...crashed, as: { versions: { theirs: ['AWSCURRENT'] } } } }],
    ['a forged hold', { secret: { ...crashed, as: { voidTags: { 'keyturn:hold': '2027-01-01' } } } }],
  ])('%s', (_, given) => {
    const shown = [2.99, 3].map((days) => {
      const keys = [key(S, { ageDays: 95 }), key(O, { createdAt: daysAgo(days) })];
      const intent = { at: daysAgo(days), accessKeyIds: [S] };
      const { steps } = planOf({ ...given, keys, secret: { ...given.secret, intent }, ...manualPlan });
      return steps.some(({ action }) => action === 'deactivate-orphan' || action === 'deactivate-unrecorded');
    });
    expect(shown).toEqual([true, false]);
  });
});

answeredBy('busy', [
  {
    name: 'the live intent of somebody else keeps an exposed key from being replaced',
    keys: [key(C, { ageDays: 5, status: 'Inactive' })],
    secret: { current: C, exposed: { at: daysAgo(1), accessKeyIds: [C] }, intent: { at: NOW - MINUTE } },
    request: request({ origin: 'exposed', accessKeyId: C }),
    gives: 'busy busy: none',
  },
  {
    name: 'and any other pass from everything',
    keys: [key(C, { ageDays: 5 })],
    secret: { current: C, intent: { at: NOW - MINUTE, runId: RUN, accessKeyIds: [C] } },
    request: { completed: { verb: 'issue' } },
    gives: 'busy busy: none',
  },
]);

const maybeOrphans = [S, O].map((id) => key(id, { createdAt: minutesAgo(60) }));

answeredBy('left-alone', [
  {
    name: 'of two keys that may be the orphan of a held user none is touched',
    keys: maybeOrphans,
    secret: { intent: {}, ...heldFor5Days },
    gives: 'unchanged held: none',
  },
]);
