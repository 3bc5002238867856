import { describe, expect, it } from 'vitest';
import type { AccessKey, LastUsed } from '../../../shared/core/model.ts';
import type { Announced } from '../../../shared/core/secret-tags.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../../shared/core/time.ts';
import { C, daysAgo, key, NOW, P, type SecretOptions } from '../../support/core/builders.ts';
import { aroundLimit, type Given, inShort, planOf } from '../../support/core/cases.ts';

/** The announcement: day 90 of the old key. Everything else is relative to it. */
const SINCE = NOW;
const at = (days: number): Instant => SINCE + days * DAY;

const told = (event: string, days: number): Announced => ({ event, at: at(days), accessKeyId: P });
const use = (days: number): LastUsed => ({ at: at(days), service: 's3', region: 'eu-west-1' });
const fresh = (used?: Instant): AccessKey =>
  key(C, { createdAt: SINCE - MINUTE, ...(used === undefined ? {} : { usedAt: used }) });
const old = (used?: Instant): AccessKey => ({
  ...key(P, { createdAt: at(-90) }),
  ...(used === undefined ? {} : { lastUsed: { at: used, service: 's3', region: 'eu-west-1' } }),
});

/** Two keys, announced at SINCE; last used, and what was last published. */
function ladder(options: { used?: number; switched?: number | false; announced?: Announced } & SecretOptions): Given {
  const { used = -1, switched = 1, announced, ...secret } = options;
  return {
    keys: [fresh(switched === false ? undefined : at(switched)), old(at(used))],
    secret: {
      current: C,
      previous: P,
      currentSince: { accessKeyId: C, at: SINCE },
      ...(announced === undefined ? {} : { announced }),
      ...secret,
    },
  };
}

const remind = 'act reminder-due: remind P';
const inGrace = 'unchanged in-grace: none';
const over = 'act grace-over: deactivate P';
const forced = 'act postponed-to-limit: deactivate P';
const notice = 'unchanged notice-running: none';
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
  aroundLimit('7 days before', at(3), ladder({}), [inGrace, remind]);
  aroundLimit('3 days before', at(7), ladder({ announced: told('reminder', 3) }), [inGrace, remind]);
  aroundLimit('1 day before', at(9), ladder({ announced: told('reminder', 7) }), [inGrace, remind]);

  it('are not repeated', () => {
    expect(inShort(planOf({ ...ladder({ announced: told('reminder', 3) }), now: at(4) }))).toBe(inGrace);
    expect(inShort(planOf({ ...ladder({ announced: told('reminder', 9) }), now: at(9.9) }))).toBe(inGrace);
  });
  it('that were missed are given once, as the latest one due', () => {
    expect(inShort(planOf({ ...ladder({}), now: at(9.5) }))).toBe(remind);
    expect(inShort(planOf({ ...ladder({ announced: told('reminder', 9.5) }), now: at(9.6) }))).toBe(inGrace);
  });
  it('about another key do not count', () => {
    const announced = { ...told('reminder', 3), accessKeyId: C };
    expect(inShort(planOf({ ...ladder({ announced }), now: at(4) }))).toBe(remind);
  });
  it('of an earlier grace period do not count', () => {
    expect(inShort(planOf({ ...ladder({ announced: told('reminder', -1) }), now: at(3) }))).toBe(remind);
  });
  it('that would lie before the announcement are left out of a short grace', () => {
    const short = { user: { tags: { 'keyturn:grace-days': '3' } } };
    expect(inShort(planOf({ ...ladder({}), ...short, now: at(1.9) }))).toBe(inGrace);
    expect(inShort(planOf({ ...ladder({}), ...short, now: at(2) }))).toBe(remind);
  });
  it('say when the deactivation comes and where the old key was last used', () => {
    const { message, steps } = planOf({ ...ladder({ used: 2 }), now: at(3) });
    expect(message).toContain('in 7 days (2026-03-20)');
    expect(message).toContain('last used 2026-03-12T12:00:00.000Z by s3 in eu-west-1');
    expect(steps[0]).toMatchObject({ deactivationAt: at(10), notBefore: at(10) });
  });
});

describe('the end of the grace period', () => {
  const reminded = { announced: told('reminder', 9) };
  aroundLimit('10 days after the announcement', at(10), ladder(reminded), [inGrace, over]);
  aroundLimit(
    'by the tag of the user',
    at(5),
    {
      ...ladder({ announced: told('reminder', 4) }),
      user: { tags: { 'keyturn:grace-days': '5' } },
    },
    [inGrace, over],
  );
  aroundLimit(
    'by the rotation that asked for it',
    at(5),
    ladder({ announced: told('reminder', 4), currentSince: { accessKeyId: C, at: SINCE, graceDays: 5 } }),
    [inGrace, over],
  );
  aroundLimit(
    'the grace of the rotation goes before that of the user',
    at(20),
    {
      ...ladder({ announced: told('reminder', 19), currentSince: { accessKeyId: C, at: SINCE, graceDays: 20 } }),
      user: { tags: { 'keyturn:grace-days': '5' } },
    },
    [inGrace, over],
  );
});

describe('quiet', () => {
  const reminded = { announced: told('reminder', 9.5) };
  aroundLimit('2 days after the last use', at(10.5), ladder({ ...reminded, used: 8.5 }), [inUse, over]);
  const short = { currentSince: { accessKeyId: C, at: SINCE, graceDays: 1 }, announced: told('reminder', 0.9) };
  aroundLimit(
    'counts from the creation of a key that was never used',
    at(1.5),
    { ...ladder(short), keys: [fresh(at(1)), key(P, { createdAt: at(-0.5) })] },
    [inUse, over],
  );
  it('is not enough without a switch', () => {
    expect(inShort(planOf({ ...ladder({ ...reminded, switched: false }), now: at(10.5) }))).toBe(notSwitched);
  });
  it('never counts for a use that lies ahead of the clock', () => {
    expect(inShort(planOf({ ...ladder({ ...reminded, used: 11 }), now: at(10.5) }))).toBe(inUse);
  });
});

describe('switched', () => {
  const reminded = { announced: told('reminder', 9) };
  const WINDOW = (15 * MINUTE) / DAY;
  it.each([
    ['15 minutes after the announcement is still our own proof', WINDOW, notSwitched],
    ['a millisecond later is the owner', WINDOW + 1 / DAY, over],
    ['before the announcement belongs to a former life', -20, notSwitched],
  ])('a use of the new key %s', (_, switched, gives) => {
    expect(inShort(planOf({ ...ladder({ ...reminded, switched }), now: at(10) }))).toBe(gives);
  });
  it('by the word of the owner', () => {
    const confirmed = { accessKeyId: C, at: at(8) };
    expect(inShort(planOf({ ...ladder({ ...reminded, switched: false, confirmed }), now: at(10) }))).toBe(over);
  });
  it('not by a word about another key', () => {
    const confirmed = { accessKeyId: P, at: at(8) };
    expect(inShort(planOf({ ...ladder({ ...reminded, switched: false, confirmed }), now: at(10) }))).toBe(notSwitched);
  });
  aroundLimit(
    '90 days after the last use of the old key',
    at(10.25),
    ladder({ ...reminded, switched: false, used: -79.75 }),
    [notSwitched, over],
  );
});

describe('notice', () => {
  it.each([
    ['never told', undefined, remind],
    ['told before the announcement', told('reminder', -0.1), remind],
    ['told at the announcement', told('reminder', 0), remind],
    ['told by something that is no notice', told('issued', 10.5), remind],
    ['told about another key', { ...told('reminder', 10.5), accessKeyId: C }, remind],
  ])('%s: reminded first', (_, announced, gives) => {
    expect(inShort(planOf({ ...ladder(announced === undefined ? {} : { announced }), now: at(11.5) }))).toBe(gives);
  });
  for (const event of ['reminder', 'postponed']) {
    aroundLimit(`12 hours after a ${event}`, at(11.5), ladder({ announced: told(event, 11) }), [notice, over]);
    aroundLimit(`3 days after a ${event}`, at(14) + 1, ladder({ announced: told(event, 11) }), [over, remind]);
  }
  it('is needed at the hard limit, too', () => {
    const given = ladder({ used: 19.9, switched: false });
    expect(inShort(planOf({ ...given, now: at(25) }))).toBe(remind);
    expect(inShort(planOf({ ...given, ...ladder({ used: 25, announced: told('reminder', 25) }), now: at(25.4) }))).toBe(
      notice,
    );
    expect(inShort(planOf({ ...given, ...ladder({ used: 25, announced: told('reminder', 25) }), now: at(25.5) }))).toBe(
      forced,
    );
  });
  it('says half a day, where that is all that is left', () => {
    expect(planOf({ ...ladder({}), now: at(11.5) }).steps[0]).toMatchObject({ deactivationAt: at(12) });
  });
});

describe('postponed', () => {
  it('is announced daily while the old key is in use', () => {
    const given = (announced: Announced) => ladder({ used: 13, announced });
    expect(inShort(planOf({ ...given(told('postponed', 12)), now: at(13) }))).toBe(inUse);
    expect(inShort(planOf({ ...given(told('postponed', 13)), now: at(13.1) }))).toBe('unchanged still-in-use: none');
  });
  it('is announced once while the owner has not switched', () => {
    const given = (announced: Announced) => ladder({ switched: false, announced });
    expect(inShort(planOf({ ...given(told('reminder', 9)), now: at(10) }))).toBe(notSwitched);
    expect(inShort(planOf({ ...given(told('postponed', 10)), now: at(15) }))).toBe('unchanged not-switched: none');
  });
  it('ends as soon as the old key is quiet and the owner has switched', () => {
    expect(inShort(planOf({ ...ladder({ used: 11, announced: told('postponed', 12.2) }), now: at(13) }))).toBe(over);
  });
  aroundLimit(
    'reminded 1 day before the hard limit',
    at(19),
    ladder({ switched: false, announced: told('postponed', 10) }),
    ['unchanged not-switched: none', remind],
  );
  aroundLimit(
    'in use or not, over at the hard limit',
    at(20),
    ladder({ used: 19.9, announced: told('reminder', 19) }),
    [inUse, forced],
  );
  aroundLimit('switched or not', at(20), ladder({ switched: false, announced: told('reminder', 19) }), [
    'unchanged not-switched: none',
    forced,
  ]);
  aroundLimit(
    'the hard limit is maxPostponeDays after the grace',
    at(14),
    { ...ladder({ used: 13.9, announced: told('reminder', 13) }), settings: { maxPostponeDays: 4 } },
    [inUse, forced],
  );
});

it('several passes on the last day before the hard limit neither repeat nor alternate messages', () => {
  const given = ladder({ used: 18.9, announced: told('postponed', 18) });
  const published: string[] = [];
  let announced = told('postponed', 18);
  for (let hour = 0; hour < 24; hour += 2) {
    const now = at(19) + hour * HOUR;
    const { action } = planOf({ ...given, ...ladder({ used: 18.9 + hour / 24, announced }), now }).steps[0] ?? {};
    if (action !== 'remind' && action !== 'postpone') continue;
    published.push(action);
    announced = { event: action === 'remind' ? 'reminder' : 'postponed', at: now, accessKeyId: P };
  }
  expect(published.filter((action) => action === 'remind')).toHaveLength(1);
  expect(published.length).toBeLessThanOrEqual(3);
});

describe('confirm', () => {
  const confirmed = { accessKeyId: C, at: at(2) };
  it('is followed by one more reminder before anything is deactivated', () => {
    const given = (announced?: Announced) => ladder({ switched: false, confirmed, ...(announced && { announced }) });
    expect(inShort(planOf({ ...given(), now: at(2.5) }))).toBe(remind);
    expect(inShort(planOf({ ...given(told('reminder', 1.9)), now: at(2.5) }))).toBe(remind);
    expect(inShort(planOf({ ...given(told('reminder', 2)), now: at(2.5) }))).toBe(remind);
    expect(inShort(planOf({ ...given(told('reminder', 2.1)), now: at(2.5) }))).toBe(notice);
    expect(inShort(planOf({ ...given(told('reminder', 2.1)), now: at(2.6) }))).toBe(over);
  });
  it('ends the grace early, but not the quiet check', () => {
    const given = ladder({ used: 2.5, confirmed, announced: told('reminder', 2.1) });
    expect(inShort(planOf({ ...given, now: at(3) }))).toBe(inUse);
  });
  aroundLimit(
    'does not move the hard limit',
    at(20),
    ladder({ used: 19.9, confirmed: { accessKeyId: C, at: at(19) }, announced: told('reminder', 19.1) }),
    [inUse, forced],
  );
  it('at the last moment needs no more than the reminder that the hard limit has', () => {
    const late = { accessKeyId: C, at: at(19.5) };
    expect(
      inShort(planOf({ ...ladder({ used: 19.9, confirmed: late, announced: told('reminder', 19) }), now: at(20) })),
    ).toBe(forced);
  });
  it('is void when AWSCURRENT has moved away and back since', () => {
    const before = { accessKeyId: C, at: at(-30) };
    expect(inShort(planOf({ ...ladder({ confirmed: before, switched: false }), now: at(1) }))).toBe(inGrace);
  });
});

describe('grace 0', () => {
  const none = 'act no-grace: deactivate P';
  const inUseAndNotSwitched = { used: 0.001, switched: false } as const;
  it('skips quiet, switched and reminder', () => {
    const given = { ...ladder(inUseAndNotSwitched), now: at(0.002), settings: { graceDays: 0 } };
    expect(inShort(planOf(given))).toBe(none);
  });
  it('may be that of one rotation', () => {
    const currentSince = { accessKeyId: C, at: SINCE, graceDays: 0 };
    expect(inShort(planOf({ ...ladder({ ...inUseAndNotSwitched, currentSince }), now: at(0.002) }))).toBe(none);
  });
  it('is not that of a rotation which asked for more', () => {
    const currentSince = { accessKeyId: C, at: SINCE, graceDays: 2 };
    const given = { ...ladder({ currentSince }), now: at(0.5), settings: { graceDays: 0 } };
    expect(inShort(planOf(given))).toBe(inGrace);
  });
  it('still waits for the announcement', () => {
    const { keys } = ladder({});
    const given = { keys: keys ?? [], secret: { current: C, previous: P }, settings: { graceDays: 0 }, now: at(1) };
    expect(inShort(planOf(given))).toBe('act grace-restarted: start-grace C');
  });
  it('still waits for the end of a freeze', () => {
    const settings = { graceDays: 0, freeze: [[at(-1), at(1)]] } satisfies Given['settings'];
    expect(inShort(planOf({ ...ladder({}), settings, now: at(0.5) }))).toBe('unchanged frozen: none');
  });
});

describe('a date in a freeze is the end of the freeze', () => {
  const until = (from: number, to: number) => ({ freeze: [[at(from), at(to)]] }) satisfies Given['settings'];
  const date = (days: number): string => new Date(at(days)).toISOString().slice(0, 10);

  it.each([
    ['of the grace period', { ...ladder({ announced: told('reminder', 3) }), now: at(4) }, inGrace, 10],
    ['of a reminder', { ...ladder({}), now: at(9) }, remind, 10],
    ['of a postponement', { ...ladder({ used: 10 }), now: at(11) }, inUse, 20],
    ['of the last reminder', { ...ladder({ used: 19, announced: told('postponed', 18) }), now: at(19) }, remind, 20],
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

  it('of a grace period that begins', () => {
    const { keys } = ladder({});
    const given = { keys: keys ?? [], secret: { current: C, previous: P }, settings: until(9, 12), now: at(1) };
    expect(planOf(given).steps[0]?.notBefore).toBe(at(12));
  });
});

describe('the recovery period', () => {
  const keys = [fresh(), { ...old(), status: 'Inactive' }];
  const secret = { current: C, previous: P, deactivated: { accessKeyId: P, at: at(10) } };
  aroundLimit('10 days after the record', at(20), { keys, secret }, [
    'unchanged recovery: none',
    'act recovery-over: delete P',
  ]);
  it('says from when on the key is deleted', () => {
    expect(planOf({ keys, secret, now: at(12) }).steps[0]?.notBefore).toBe(at(20));
  });
  it('tells the owner with the deactivation', () => {
    const [step] = planOf({ ...ladder({ announced: told('reminder', 9) }), now: at(10) }).steps;
    expect(step).toMatchObject({ action: 'deactivate', notBefore: at(20) });
  });
});

it('last used by somebody else than the owner is told where', () => {
  const given = { ...ladder({ used: 12, announced: told('postponed', 11) }), now: at(12.5) };
  const used = planOf({ ...given, keys: [fresh(), { ...old(), lastUsed: { ...use(12), service: 'ec2' } }] });
  expect(used.message).toContain('by ec2 in eu-west-1');
});
