import { expect, it } from 'vitest';
import { DAY } from '../../../shared/core/time.ts';
import { C, daysAgo, G, key, minutesAgo, NOW, O, P, record, request, S } from '../../support/core/builders.ts';
import { answeredBy, inShort, planOf } from '../../support/core/cases.ts';

const found = (accessKeyId: string) => request({ origin: 'exposed', accessKeyId });
const young = key(C, { ageDays: 5, usedDaysAgo: 0 });
const old = key(P, { ageDays: 95, usedDaysAgo: 0 });
const inactive = { status: 'Inactive' } as const;
const alone = { keys: [young], secret: { current: C } };
const both = { keys: [young, old], secret: { current: C, previous: P, currentSince: record(C, 5) } };
const frozenNow = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };
const hold = NOW + 5 * DAY;
const crashed = { doing: { at: minutesAgo(60), accessKeyIds: [S] } };

answeredBy('exposed-key', [
  { name: 'is replaced at once, due or not', ...alone, request: found(C), gives: 'act exposed: issue' },
  {
    name: 'is replaced in spite of a hold',
    ...alone,
    secret: { current: C, hold },
    request: found(C),
    gives: 'act exposed: issue',
  },
  {
    name: 'is replaced in spite of a freeze',
    ...alone,
    settings: frozenNow,
    request: found(C),
    gives: 'act exposed: issue',
  },
  {
    name: 'is replaced in spite of managed rotation',
    ...alone,
    secret: { current: C, as: { rotationEnabled: true } },
    request: found(C),
    gives: 'act exposed: issue',
  },
  {
    name: 'is deactivated without grace once another key is current',
    ...both,
    request: found(P),
    gives: 'act exposed: deactivate-exposed P',
  },
  {
    name: 'is deactivated in spite of a hold and a freeze',
    ...both,
    secret: { ...both.secret, hold },
    settings: frozenNow,
    request: found(P),
    gives: 'act exposed: deactivate-exposed P',
  },
  {
    name: 'is deactivated when no slot is free for a replacement, even if it is the current one',
    ...both,
    request: found(C),
    gives: 'act exposed: deactivate-exposed C',
  },
  {
    name: 'is deactivated in the run that has replaced it',
    keys: [key(O, { ageDays: 0.01 }), young],
    secret: { current: O, previous: C },
    request: { ...found(C), completed: { verb: 'issue' } },
    gives: 'act exposed: deactivate-exposed C',
  },
  {
    name: 'that was deactivated while the slots were taken is replaced when one is free',
    keys: [key(C, { ageDays: 5, ...inactive })],
    secret: { current: C, deactivated: record(C, 1) },
    request: found(C),
    gives: 'act exposed: issue',
  },
]);

it('a replacement goes on to the deactivation in the same run', () => {
  expect(planOf({ ...alone, request: found(C) }).steps[0]).toMatchObject({ action: 'issue', continues: true });
});

it('the replacement waits for an issue that was interrupted, and goes on after it', () => {
  const given = { keys: [key(S)], secret: crashed, request: found(S) };
  const answer = planOf(given);
  expect(`${answer.check} ${inShort(answer)}`).toBe('row-4-intent-past act intent-cleared: clear-intent');
  expect(answer.steps[0]?.continues).toBe(true);
});

it('an exposed key of an exempt user is left to its people', () => {
  const user = { tags: { 'keyturn:exempt': 'true' } };
  expect(inShort(planOf({ ...both, user, request: found(P) }))).toBe('unchanged exempt: none');
});

it('the exposed key is deactivated even where the secret may not be written', () => {
  const secret = { ...both.secret, as: { deletedAt: daysAgo(1) } };
  const { status, steps } = planOf({ ...both, secret, request: found(P) });
  expect(status).toBe('blocked');
  expect(steps[0]).toMatchObject({ action: 'deactivate-exposed', accessKeyId: P });
});

answeredBy('row-8-recovering', [
  {
    name: 'a freeze stops everything else, also in a pass about an exposed key that is gone',
    keys: [young, key(P, { ageDays: 95, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 20) },
    settings: frozenNow,
    request: found(G),
    gives: 'unchanged frozen: none',
  },
]);

answeredBy('row-1-left-alone', [
  {
    name: 'a hold stops everything else, also in a pass about an exposed key that is gone',
    ...both,
    secret: { ...both.secret, hold },
    request: found(G),
    gives: 'unchanged held: none',
  },
]);
