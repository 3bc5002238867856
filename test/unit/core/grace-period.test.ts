// Tests of shared/core/checks/grace-period.ts, shared/core/checks/frozen.ts, shared/core/notice-period.ts,
// shared/core/promises.ts and shared/core/freeze.ts.

import { describe, expect, it } from 'vitest';
import type { AccessKey, LastUsed } from '../../../shared/core/model.ts';
import type { NoticeGiven } from '../../../shared/core/secret-tags.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../../shared/core/time.ts';
import {
  byHand,
  C,
  daysAgo,
  key,
  NOW,
  notice,
  P,
  record,
  request,
  S,
  type SecretOptions,
} from '../../support/core/builders.ts';
import { answeredBy, aroundLimit, type Given, inShort, planOf } from '../../support/core/cases.ts';

/** The announcement: day 90 of the old key. Everything else is relative to it. */
const SINCE = NOW;
const at = (days: number): Instant => SINCE + days * DAY;

/** On that day, of a deactivation at the end of the grace period, or half a day on. */
const told = (days: number, earliest = Math.max(10, days + 0.5)): NoticeGiven => ({
  kind: 'deactivation',
  accessKeyId: P,
  at: at(days),
  earliestAt: at(earliest),
});
const use = (days: number): LastUsed => ({ at: at(days), service: 's3', region: 'eu-west-1' });
const fresh = (used?: Instant): AccessKey =>
  key(C, { createdAt: SINCE - MINUTE, ...(used === undefined ? {} : { usedAt: used }) });
const old = (used?: Instant): AccessKey => ({
  ...key(P, { createdAt: at(-90) }),
  ...(used === undefined ? {} : { lastUsed: { at: used, service: 's3', region: 'eu-west-1' } }),
});

/** Two keys, announced at SINCE; last used, and what was last told of. */
function gracePeriod(
  options: { used?: number; switched?: number | false; notice?: NoticeGiven } & SecretOptions,
): Given {
  const { used = -1, switched = 1, notice, ...secret } = options;
  return {
    keys: [fresh(switched === false ? undefined : at(switched)), old(at(used))],
    secret: {
      current: C,
      previous: P,
      currentSince: { accessKeyId: C, at: SINCE },
      ...(notice === undefined ? {} : { notice }),
      ...secret,
    },
  };
}

const remind = 'act reminder-due: remind P';
const inGrace = 'unchanged in-grace: none';
const over = 'act grace-over: deactivate P';
const forced = 'act postponed-to-limit: deactivate P';
const running = 'unchanged notice-running: none';
const inUse = 'act still-in-use: postpone P';
const notSwitched = 'act not-switched: postpone P';

describe('the age limit', () => {
  const created = daysAgo(90);
  const alone = { keys: [key(C, { createdAt: created })], secret: { current: C } };
  aroundLimit('90 days', NOW, alone, ['unchanged nothing-due: none', 'act due: issue']);
  aroundLimit('rotateAheadDays earlier', NOW - 22 * DAY, { ...alone, settings: { rotateAheadDays: 22 } }, [
    'unchanged nothing-due: none',
    'act due: issue',
  ]);
  aroundLimit('the limit of the user', NOW - 50 * DAY, { ...alone, user: { tags: { 'keyturn:max-age-days': '40' } } }, [
    'unchanged nothing-due: none',
    'act due: issue',
  ]);
  aroundLimit('a limit with a fraction', NOW - 49.5 * DAY, { ...alone, settings: { maxAccessKeyAgeDays: 40.5 } }, [
    'unchanged nothing-due: none',
    'act due: issue',
  ]);
  it('counts a key from the future as new', () => {
    expect(inShort(planOf({ keys: [key(C, { createdAt: NOW + 900 * DAY })] }))).toBe('unchanged nothing-due: none');
  });
});

describe('reminders', () => {
  aroundLimit('7 days before', at(3), gracePeriod({}), [inGrace, remind]);
  aroundLimit('3 days before', at(7), gracePeriod({ notice: told(3) }), [inGrace, remind]);
  aroundLimit('1 day before', at(9), gracePeriod({ notice: told(7) }), [inGrace, remind]);

  it('are not repeated', () => {
    expect(inShort(planOf({ ...gracePeriod({ notice: told(3) }), now: at(4) }))).toBe(inGrace);
    expect(inShort(planOf({ ...gracePeriod({ notice: told(9) }), now: at(9.9) }))).toBe(inGrace);
  });
  it('that were missed are given once, as the latest one due', () => {
    expect(inShort(planOf({ ...gracePeriod({}), now: at(9.5) }))).toBe(remind);
    expect(inShort(planOf({ ...gracePeriod({ notice: told(9.5) }), now: at(9.6) }))).toBe(inGrace);
  });
  it('about another key do not count', () => {
    const notice = { ...told(3), accessKeyId: C };
    expect(inShort(planOf({ ...gracePeriod({ notice }), now: at(4) }))).toBe(remind);
  });
  it('of an earlier grace period do not count', () => {
    expect(inShort(planOf({ ...gracePeriod({ notice: told(-1) }), now: at(3) }))).toBe(remind);
  });
  it('that would lie before the announcement are left out of a short grace', () => {
    const short = { user: { tags: { 'keyturn:grace-days': '3' } } };
    expect(inShort(planOf({ ...gracePeriod({}), ...short, now: at(1.9) }))).toBe(inGrace);
    expect(inShort(planOf({ ...gracePeriod({}), ...short, now: at(2) }))).toBe(remind);
  });
  it('say when the deactivation comes and where the old key was last used', () => {
    const { message, steps } = planOf({ ...gracePeriod({ used: 2 }), now: at(3) });
    expect(message).toContain('in 7 days (2026-03-20)');
    expect(message).toContain('last used 2026-03-12T12:00:00.000Z by s3 in eu-west-1');
    expect(steps[0]).toMatchObject({ kind: 'deactivation', earliestAt: at(10), notBefore: at(10) });
  });
});

describe('the end of the grace period', () => {
  const reminded = { notice: told(9) };
  aroundLimit('10 days after the announcement', at(10), gracePeriod(reminded), [inGrace, over]);
  aroundLimit(
    'by the tag of the user',
    at(5),
    {
      ...gracePeriod({ notice: told(4, 5) }),
      user: { tags: { 'keyturn:grace-days': '5' } },
    },
    [inGrace, over],
  );
  aroundLimit(
    'by the rotation that asked for it',
    at(5),
    gracePeriod({ notice: told(4, 5), currentSince: { accessKeyId: C, at: SINCE, graceDays: 5 } }),
    [inGrace, over],
  );
  aroundLimit(
    'the grace of the rotation goes before that of the user',
    at(20),
    {
      ...gracePeriod({ notice: told(19, 20), currentSince: { accessKeyId: C, at: SINCE, graceDays: 20 } }),
      user: { tags: { 'keyturn:grace-days': '5' } },
    },
    [inGrace, over],
  );
});

describe('a promise', () => {
  const promised = { graceDays: 10, postponeDays: 10 };
  const currentSince = { accessKeyId: C, at: SINCE, promised };
  aroundLimit(
    'outlives a grace that was cut off',
    at(10),
    { ...gracePeriod({ currentSince, notice: told(9) }), settings: { graceDays: 0 } },
    [inGrace, over],
  );
  aroundLimit(
    'outlives a shorter grace',
    at(10),
    { ...gracePeriod({ currentSince, notice: told(9) }), settings: { graceDays: 3 } },
    [inGrace, over],
  );
  aroundLimit(
    'is exceeded by a longer one',
    at(12),
    { ...gracePeriod({ currentSince, notice: told(11, 12) }), settings: { graceDays: 12 } },
    [inGrace, over],
  );
  aroundLimit(
    'of the hard limit, too',
    at(20),
    { ...gracePeriod({ used: 19.9, currentSince, notice: told(19, 20) }), settings: { maxPostponeDays: 0 } },
    [inUse, forced],
  );
  aroundLimit(
    'is what the rotation asked for, where it did',
    at(2),
    gracePeriod({ currentSince: { ...currentSince, graceDays: 2 }, notice: told(1, 2) }),
    [inGrace, over],
  );
});

describe('quiet', () => {
  const reminded = { notice: told(9.5) };
  aroundLimit('2 days after the last use', at(10.5), gracePeriod({ ...reminded, used: 8.5 }), [inUse, over]);
  const short = { currentSince: { accessKeyId: C, at: SINCE, graceDays: 1 }, notice: told(0.9, 1.4) };
  aroundLimit(
    'counts from the creation of a key that was never used',
    at(1.5),
    { ...gracePeriod(short), keys: [fresh(at(1)), key(P, { createdAt: at(-0.5) })] },
    [inUse, over],
  );
  it('is not enough without a switch', () => {
    expect(inShort(planOf({ ...gracePeriod({ ...reminded, switched: false }), now: at(10.5) }))).toBe(notSwitched);
  });
  it('never counts for a use that lies ahead of the clock', () => {
    expect(inShort(planOf({ ...gracePeriod({ ...reminded, used: 11 }), now: at(10.5) }))).toBe(inUse);
  });
});

describe('switched', () => {
  const reminded = { notice: told(9) };
  const WINDOW = (15 * MINUTE) / DAY;
  it.each([
    ['15 minutes after the announcement is still our own proof', WINDOW, notSwitched],
    ['a millisecond later is the owner', WINDOW + 1 / DAY, over],
    ['before the announcement belongs to a former life', -20, notSwitched],
  ])('a use of the new key %s', (_, switched, gives) => {
    expect(inShort(planOf({ ...gracePeriod({ ...reminded, switched }), now: at(10) }))).toBe(gives);
  });
  it('by the word of the owner', () => {
    const confirmed = { accessKeyId: C, at: at(8) };
    expect(inShort(planOf({ ...gracePeriod({ ...reminded, switched: false, confirmed }), now: at(10) }))).toBe(over);
  });
  it('not by a word about another key', () => {
    const confirmed = { accessKeyId: P, at: at(8) };
    expect(inShort(planOf({ ...gracePeriod({ ...reminded, switched: false, confirmed }), now: at(10) }))).toBe(
      notSwitched,
    );
  });
  aroundLimit(
    '90 days after the last use of the old key',
    at(10.25),
    gracePeriod({ ...reminded, switched: false, used: -79.75 }),
    [notSwitched, over],
  );
});

describe('notice', () => {
  it.each([
    ['never told', undefined, remind],
    ['told before the announcement', told(-0.1), remind],
    ['told at the announcement', told(0), remind],
    ['told of something else', { ...told(10.5), kind: 'retirement' } as const, remind],
    ['told about another key', { ...told(10.5), accessKeyId: C }, remind],
  ])('%s: reminded first', (_, notice, gives) => {
    expect(inShort(planOf({ ...gracePeriod(notice === undefined ? {} : { notice }), now: at(11.5) }))).toBe(gives);
  });
  aroundLimit('12 hours after it', at(11.5), gracePeriod({ notice: told(11) }), [running, over]);
  aroundLimit('on the earliest day that it named', at(12), gracePeriod({ notice: told(11, 12) }), [running, over]);
  aroundLimit('4 days after it', at(15) + 1, gracePeriod({ notice: told(11) }), [over, remind]);
  for (const [runEveryDays, days] of [
    [2, 6],
    [3, 8],
    [7, 16],
  ] as const) {
    const given = { ...gracePeriod({ notice: told(11) }), settings: { runEveryDays, maxPostponeDays: 30 } };
    aroundLimit(`${days} days after it, with a run every ${runEveryDays}`, at(11 + days) + 1, given, [over, remind]);
  }
  it('is needed at the hard limit, too', () => {
    const given = gracePeriod({ used: 19.9, switched: false });
    expect(inShort(planOf({ ...given, now: at(25) }))).toBe(remind);
    expect(inShort(planOf({ ...given, ...gracePeriod({ used: 25, notice: told(25) }), now: at(25.4) }))).toBe(running);
    expect(inShort(planOf({ ...given, ...gracePeriod({ used: 25, notice: told(25) }), now: at(25.5) }))).toBe(forced);
  });
  it('says half a day, where that is all that is left', () => {
    expect(planOf({ ...gracePeriod({}), now: at(11.5) }).steps[0]).toMatchObject({ earliestAt: at(12) });
  });
});

describe('postponed', () => {
  it('is announced daily while the old key is in use', () => {
    const given = (notice: NoticeGiven) => gracePeriod({ used: 13, notice });
    expect(inShort(planOf({ ...given(told(12)), now: at(13) }))).toBe(inUse);
    expect(inShort(planOf({ ...given(told(13)), now: at(13.1) }))).toBe('unchanged still-in-use: none');
  });
  it('names half a day on as the earliest, and the limit apart from it', () => {
    const { steps, message } = planOf({ ...gracePeriod({ used: 13, notice: told(12) }), now: at(13) });
    expect(steps[0]).toMatchObject({ earliestAt: at(13.5), notBefore: at(13.5), latestAt: at(20) });
    expect(message).toContain('in 7 days (2026-03-30) at the latest, or from 2026-03-24T00:00:00.000Z on');
  });
  it('is announced once while the owner has not switched', () => {
    const given = (notice: NoticeGiven) => gracePeriod({ switched: false, notice });
    expect(inShort(planOf({ ...given(told(9)), now: at(10) }))).toBe(notSwitched);
    expect(inShort(planOf({ ...given(told(10)), now: at(15) }))).toBe('unchanged not-switched: none');
  });
  it('ends as soon as the old key is quiet and the owner has switched', () => {
    expect(inShort(planOf({ ...gracePeriod({ used: 11, notice: told(12.2) }), now: at(13) }))).toBe(over);
  });
  aroundLimit('reminded 1 day before the hard limit', at(19), gracePeriod({ switched: false, notice: told(10) }), [
    'unchanged not-switched: none',
    remind,
  ]);
  aroundLimit(
    'or in the last run before it',
    at(15),
    { ...gracePeriod({ switched: false, notice: told(10) }), settings: { runEveryDays: 5 } },
    ['unchanged not-switched: none', remind],
  );
  aroundLimit('in use or not, over at the hard limit', at(20), gracePeriod({ used: 19.9, notice: told(19) }), [
    inUse,
    forced,
  ]);
  aroundLimit('switched or not', at(20), gracePeriod({ switched: false, notice: told(19) }), [
    'unchanged not-switched: none',
    forced,
  ]);
  aroundLimit(
    'the hard limit is maxPostponeDays after the grace',
    at(14),
    { ...gracePeriod({ used: 13.9, notice: told(13) }), settings: { maxPostponeDays: 4 } },
    [inUse, forced],
  );
});

it('several passes on the last day before the hard limit neither repeat nor alternate messages', () => {
  const given = gracePeriod({ used: 18.9, notice: told(18) });
  const published: string[] = [];
  let notice = told(18);
  for (let hour = 0; hour < 24; hour += 2) {
    const now = at(19) + hour * HOUR;
    const { action } = planOf({ ...given, ...gracePeriod({ used: 18.9 + hour / 24, notice }), now }).steps[0] ?? {};
    if (action !== 'remind' && action !== 'postpone') continue;
    published.push(action);
    notice = { kind: 'deactivation', at: now, accessKeyId: P, earliestAt: now + DAY / 2 };
  }
  expect(published.filter((action) => action === 'remind')).toHaveLength(1);
  expect(published.length).toBeLessThanOrEqual(3);
});

describe('confirm', () => {
  const confirmed = { accessKeyId: C, at: at(2) };
  it('is followed by one more reminder before anything is deactivated', () => {
    const given = (notice?: NoticeGiven) => gracePeriod({ switched: false, confirmed, ...(notice && { notice }) });
    expect(inShort(planOf({ ...given(), now: at(2.5) }))).toBe(remind);
    expect(inShort(planOf({ ...given(told(1.9, 2.4)), now: at(2.5) }))).toBe(remind);
    expect(inShort(planOf({ ...given(told(2, 2.5)), now: at(2.5) }))).toBe(remind);
    expect(inShort(planOf({ ...given(told(2.1, 2.6)), now: at(2.5) }))).toBe(running);
    expect(inShort(planOf({ ...given(told(2.1, 2.6)), now: at(2.6) }))).toBe(over);
  });
  it('ends the grace early, but not the quiet check', () => {
    const given = gracePeriod({ used: 2.5, confirmed, notice: told(2.1, 2.6) });
    expect(inShort(planOf({ ...given, now: at(3) }))).toBe(inUse);
  });
  aroundLimit(
    'does not move the hard limit',
    at(20),
    gracePeriod({ used: 19.9, confirmed: { accessKeyId: C, at: at(19) }, notice: told(19.1) }),
    [inUse, forced],
  );
  it('at the last moment needs no more than the reminder that the hard limit has', () => {
    const late = { accessKeyId: C, at: at(19.5) };
    expect(inShort(planOf({ ...gracePeriod({ used: 19.9, confirmed: late, notice: told(19) }), now: at(20) }))).toBe(
      forced,
    );
  });
  it('is void when AWSCURRENT has moved away and back since', () => {
    const before = { accessKeyId: C, at: at(-30) };
    expect(inShort(planOf({ ...gracePeriod({ confirmed: before, switched: false }), now: at(1) }))).toBe(inGrace);
  });
});

describe('grace 0', () => {
  const none = 'act no-grace: deactivate P';
  const inUseAndNotSwitched = { used: 0.001, switched: false } as const;
  it('skips quiet, switched and reminder', () => {
    const given = { ...gracePeriod(inUseAndNotSwitched), now: at(0.002), settings: { graceDays: 0 } };
    expect(inShort(planOf(given))).toBe(none);
  });
  it('may be that of one rotation', () => {
    const currentSince = { accessKeyId: C, at: SINCE, graceDays: 0 };
    expect(inShort(planOf({ ...gracePeriod({ ...inUseAndNotSwitched, currentSince }), now: at(0.002) }))).toBe(none);
  });
  it('is not that of a rotation which asked for more', () => {
    const currentSince = { accessKeyId: C, at: SINCE, graceDays: 2 };
    const given = { ...gracePeriod({ currentSince }), now: at(0.5), settings: { graceDays: 0 } };
    expect(inShort(planOf(given))).toBe(inGrace);
  });
  it('still waits for the announcement', () => {
    const { keys } = gracePeriod({});
    const given = { keys: keys ?? [], secret: { current: C, previous: P }, settings: { graceDays: 0 }, now: at(1) };
    expect(inShort(planOf(given))).toBe('act grace-restarted: start-grace C');
  });
  it('still waits for the end of a freeze', () => {
    const settings = { graceDays: 0, freeze: [[at(-1), at(1)]] } satisfies Given['settings'];
    expect(inShort(planOf({ ...gracePeriod({}), settings, now: at(0.5) }))).toBe('unchanged frozen: none');
  });
});

describe('a date in a freeze is the end of the freeze', () => {
  const until = (from: number, to: number) => ({ freeze: [[at(from), at(to)]] }) satisfies Given['settings'];
  const date = (days: number): string => new Date(at(days)).toISOString().slice(0, 10);

  it.each([
    ['of the grace period', { ...gracePeriod({ notice: told(3) }), now: at(4) }, inGrace, 10],
    ['of a reminder', { ...gracePeriod({}), now: at(9) }, remind, 10],
    ['of the last reminder', { ...gracePeriod({ used: 19, notice: told(18) }), now: at(19) }, remind, 20],
  ])('%s', (_, given, answer, day) => {
    const before = planOf(given);
    const frozen = planOf({ ...given, settings: until(day - 0.5, day + 14) });
    const outside = planOf({ ...given, settings: until(day + 0.5, day + 14) });
    expect([before, frozen, outside].map(inShort)).toEqual([answer, answer, answer]);
    expect([before, frozen, outside].map(({ steps }) => steps[0]?.notBefore)).toEqual([at(day), at(day + 14), at(day)]);
    expect(before.message).toContain(date(day));
    expect(frozen.message).toContain(date(day + 14));
    expect(frozen.message).not.toContain(date(day));
  });

  it('of a postponement, both of them', () => {
    const given = { ...gracePeriod({ used: 10 }), now: at(11) };
    const [first] = planOf({ ...given, settings: until(11.2, 14) }).steps;
    expect(first).toMatchObject({ action: 'postpone', earliestAt: at(14), latestAt: at(20) });
    const { steps, message } = planOf({ ...given, settings: until(19.5, 34) });
    expect(steps[0]).toMatchObject({ action: 'postpone', earliestAt: at(11.5), latestAt: at(34) });
    expect(message).toContain(date(34));
  });

  it('of a deletion, whoever tells of it', () => {
    const recovering = { keys: [fresh(), { ...old(), status: 'Inactive' as const }], now: at(11) };
    const secret = { current: C, previous: P, deactivated: { accessKeyId: P, at: at(10) } };
    const given: Given[] = [
      { ...gracePeriod({ notice: told(9) }), now: at(10) },
      { ...recovering, secret },
      { ...recovering, secret, request: byHand({ action: 'rotate', accessKeyId: P }) },
      { ...gracePeriod({}), now: at(10), request: byHand({ action: 'rotate', accessKeyId: P }) },
      { keys: [fresh(), old()], now: at(10), request: request({ origin: 'exposed', accessKeyId: P }) },
    ];
    for (const each of given) {
      const { steps, message } = planOf({ ...each, settings: until(19, 34) });
      expect(steps[0]?.notBefore).toBe(at(34));
      expect(message).toContain(date(34));
    }
  });

  it('of a grace period that begins', () => {
    const { keys } = gracePeriod({});
    const given = { keys: keys ?? [], secret: { current: C, previous: P }, settings: until(9, 12), now: at(1) };
    expect(planOf(given).steps[0]?.notBefore).toBe(at(12));
  });
});

describe('the recovery period', () => {
  const keys = [fresh(), { ...old(), status: 'Inactive' }];
  const secret = { current: C, previous: P, deactivated: { accessKeyId: P, at: at(10) } };
  const notice = { ...told(17, 20), kind: 'deletion' } as const;
  aroundLimit('is told of 3 days before its end', at(17), { keys, secret }, [
    'unchanged recovery: none',
    'act deletion-soon: remind P',
  ]);
  aroundLimit('10 days after the record', at(20), { keys, secret: { ...secret, notice } }, [
    'unchanged recovery: none',
    'act recovery-over: delete P',
  ]);
  it('is told of with the day of the deletion', () => {
    expect(planOf({ keys, secret, now: at(17.5) }).steps[0]).toMatchObject({ kind: 'deletion', earliestAt: at(20) });
    expect(planOf({ keys, secret, now: at(25) }).steps[0]).toMatchObject({ kind: 'deletion', earliestAt: at(25.5) });
  });
  it('says from when on the key is deleted', () => {
    expect(planOf({ keys, secret, now: at(12) }).steps[0]?.notBefore).toBe(at(20));
  });
  it('tells the owner with the deactivation', () => {
    const [step] = planOf({ ...gracePeriod({ notice: told(9) }), now: at(10) }).steps;
    expect(step).toMatchObject({ action: 'deactivate', notBefore: at(20) });
  });
});

it('last used by somebody else than the owner is told where', () => {
  const given = { ...gracePeriod({ used: 12, notice: told(11) }), now: at(12.5) };
  const used = planOf({ ...given, keys: [fresh(), { ...old(), lastUsed: { ...use(12), service: 'ec2' } }] });
  expect(used.message).toContain('by ec2 in eu-west-1');
});

answeredBy('superseded', [
  {
    name: 'an older P is in its grace period',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P, currentSince: record(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'an older S is in its grace period',
    keys: [key(C, { ageDays: 1 }), key(S, { ageDays: 91 })],
    secret: { current: C, currentSince: record(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'an S of the same second counts as older',
    keys: [key(C, { ageDays: 1 }), key(S, { ageDays: 1 })],
    secret: { current: C, currentSince: record(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'a P of the same second counts as older',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 1 })],
    secret: { current: C, previous: P, currentSince: record(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'the grace is started when nobody was told',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P },
    gives: 'act grace-restarted: start-grace C',
  },
  {
    name: 'the grace is started anew when its tag names another key',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P, currentSince: record(P, 60) },
    gives: 'act grace-restarted: start-grace C',
  },
  {
    name: 'reminders go on in a freeze',
    keys: [key(C, { ageDays: 5 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P, currentSince: record(C, 5) },
    settings: { freeze: [[daysAgo(1), NOW + DAY]] },
    gives: 'act reminder-due: remind P',
  },
  {
    name: 'a freeze stops the deactivation',
    keys: [key(C, { ageDays: 11, usedDaysAgo: 0 }), key(P, { ageDays: 101 })],
    secret: {
      current: C,
      previous: P,
      currentSince: record(C, 11),
      notice: notice('deactivation', P, 1),
    },
    settings: { freeze: [[daysAgo(1), NOW + DAY]] },
    gives: 'unchanged frozen: none',
  },
  {
    name: 'a key in its grace period is not replaced although it is due',
    keys: [key(C, { ageDays: 95 }), key(P, { ageDays: 200 })],
    secret: { current: C, previous: P, currentSince: record(C, 1) },
    gives: 'unchanged in-grace: none',
  },
]);

it('a newer stranger beside a young current key is left alone', () => {
  expect(planOf({ keys: [key(C, { ageDays: 5 }), key(S, { ageDays: 4 })], secret: { current: C } }).check).toBe(
    'nothing-due',
  );
});

answeredBy('superseded', [
  {
    name: 'a freeze stops a deactivation, and no reminder takes its place',
    keys: [key(C, { ageDays: 30, usedDaysAgo: 1 }), key(P, { ageDays: 120 })],
    secret: { current: C, previous: P, currentSince: record(C, 30) },
    settings: { freeze: [[daysAgo(1), NOW + DAY]] },
    gives: 'unchanged frozen: none',
  },
  {
    name: 'at the hard limit, quiet and switched, it is the end of the grace all the same',
    keys: [key(C, { ageDays: 30, usedDaysAgo: 1 }), key(P, { ageDays: 120 })],
    secret: {
      current: C,
      previous: P,
      currentSince: record(C, 30),
      notice: notice('deactivation', P, 1),
    },
    gives: 'act grace-over: deactivate P',
  },
]);
