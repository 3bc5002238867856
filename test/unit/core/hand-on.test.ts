// shared/core/hand-on.ts, and what the grace period makes of it: shared/core/checks/grace-period.ts

import { describe, expect, it } from 'vitest';
import { formatHandedOn, handOnReaders, parseHandedOn } from '../../../shared/core/hand-on.ts';
import { parseSettings } from '../../../shared/core/settings.ts';
import { DAY, type Instant, MINUTE } from '../../../shared/core/time.ts';
import {
  C,
  environment,
  HAND_ON,
  handedOn,
  handOnPolicy,
  key,
  NOW,
  P,
  type SecretOptions,
  USER,
} from '../../support/core/builders.ts';
import { type Given, inShort, planOf } from '../../support/core/cases.ts';

const at = (days: number): Instant => NOW + days * DAY;

/** Announced now; what follows is days on. The old key is quiet, and the new one in use, unless told otherwise. */
function given(days: number, secret: SecretOptions, more: { used?: number; told?: number } & Given = {}): Given {
  const { used = -1, told = days - 1, ...rest } = more;
  return {
    keys: [
      key(C, { createdAt: NOW - MINUTE, usedAt: at(1) }),
      { ...key(P, { createdAt: at(-90) }), lastUsed: { at: at(used), service: 's3', region: 'eu-west-1' } },
    ],
    secret: {
      current: C,
      previous: P,
      currentSince: { accessKeyId: C, at: NOW },
      notice: { kind: 'deactivation', accessKeyId: P, at: at(told), earliestAt: at(Math.max(10, told + 0.5)) },
      raw: handOnPolicy(),
      ...secret,
    },
    settings: HAND_ON,
    now: at(days),
    ...rest,
  };
}

const postponed = 'act not-handed-on: postpone P';
const over = 'act grace-over: deactivate P';
const forced = 'act postponed-to-limit: deactivate P';

describe('where somebody hands keys on', () => {
  it('the old key goes at the end of its grace period once the new one is everywhere', () => {
    expect(inShort(planOf(given(9.9, { handedOn: handedOn(C, 'done') }, { told: 9 })))).toBe(
      'unchanged in-grace: none',
    );
    expect(inShort(planOf(given(10, { handedOn: handedOn(C, 'done') })))).toBe(over);
  });

  it('the use of the new key alone is not enough: one consumer may have it, and others not', () => {
    expect(inShort(planOf(given(10, {}, { told: 9 })))).toBe(postponed);
    expect(inShort(planOf({ ...given(10, {}), settings: {}, secret: { ...given(10, {}).secret, raw: {} } }))).toBe(
      over,
    );
  });

  it('one that is still writing is not done', () => {
    expect(inShort(planOf(given(10, { handedOn: handedOn(C, 'writing') }, { told: 9 })))).toBe(postponed);
  });

  it('that of another key counts for nothing', () => {
    expect(inShort(planOf(given(10, { handedOn: handedOn(P, 'done') }, { told: 9 })))).toBe(postponed);
  });

  it('a word of the owner is enough, and so is an old key that nobody has used for long', () => {
    const confirmed = { confirmed: { accessKeyId: C, at: at(2) } };
    expect(inShort(planOf(given(10, confirmed)))).toBe(over);
    expect(inShort(planOf(given(10, {}, { used: -85 })))).toBe(over);
  });

  it('it shortens nothing: an old key in use waits, handed on or not', () => {
    const inUse = given(10, { handedOn: handedOn(C, 'done') }, { used: 9.5, told: 9 });
    expect(inShort(planOf(inUse))).toBe('act still-in-use: postpone P');
  });

  it('told of once, as a notice in force at the limit, and then no more', () => {
    const { steps, message } = planOf(given(10, {}, { told: 9 }));
    expect(steps).toMatchObject([{ action: 'postpone', earliestAt: at(10.5), latestAt: at(20) }]);
    expect(message).toContain('the new key is not handed on yet');
    expect(inShort(planOf(given(12, {}, { told: 10 })))).toBe('unchanged not-handed-on: none');
  });

  it('the hard limit stands: keys do get old and go', () => {
    expect(inShort(planOf(given(19.5, {}, { told: 10 })))).toBe('act reminder-due: remind P');
    expect(inShort(planOf(given(20, {}, { told: 19 })))).toBe(forced);
    expect(inShort(planOf(given(20, {}, { told: 19, used: 19.9 })))).toBe(forced);
  });

  it.each(['', 'done', `2026-03-09T12:00:00.000Z done ${C} hash`, `never done ${C} hash shop`])(
    'a tag that says %j is as good as none, and blocks nobody',
    (written) => {
      const raw = { ...handOnPolicy(), 'keyturn:handed-on': written };
      expect(inShort(planOf(given(10, { raw }, { told: 9 })))).toBe(postponed);
    },
  );

  it('two readers that would hand one key on leave the user alone, named', () => {
    const second = { arn: 'arn:aws:iam::123456789012:role/other', users: ['ali*'], paths: [], handOn: true };
    const answer = planOf({ ...given(10, {}), settings: { readerArns: [...(HAND_ON.readerArns ?? []), second] } });
    expect(answer).toMatchObject({ status: 'blocked', reason: 'tags-invalid' });
    expect(answer.message).toContain('role/hand-on and arn:aws:iam::123456789012:role/other');
  });

  it('a grace period of 0 leaves the user alone, since there would be no time', () => {
    const answer = planOf({ ...given(10, {}), settings: { ...HAND_ON, graceDays: 0 } });
    expect(answer.reason).toBe('tags-invalid');
    expect(answer.message).toContain('graceDays is 0');
  });

  it('an exposed key is deactivated at once all the same', () => {
    const request = { origin: 'exposed', accessKeyId: C } as const;
    expect(planOf({ ...given(3, {}), request }).steps[0]).toMatchObject({
      action: 'deactivate-exposed',
      accessKeyId: C,
    });
  });
});

it('a tag is written as it is read', () => {
  const tag = handedOn(C, 'writing');
  expect(parseHandedOn(formatHandedOn(tag))).toEqual(tag);
  expect(formatHandedOn({ ...tag, hash: 'a'.repeat(32), stack: 's'.repeat(64) }).length).toBeLessThanOrEqual(256);
  expect(handOnReaders(USER, HAND_ON.readerArns ?? [])).toHaveLength(1);
});

describe('the setting readerArns', () => {
  const entry = (users?: string[]) => ({
    arn: 'arn:aws:iam::123456789012:role/hand-on',
    ...(users && { users }),
    handOn: true,
  });
  const parse = (...entries: object[]) => parseSettings(environment({ KEYTURN_READER_ARNS: JSON.stringify(entries) }));

  it.each<[string, object[]]>([
    ['one name twice', [entry(['a', 'b']), entry(['b'])]],
    ['everybody, and a name', [entry(), entry(['a'])]],
    ['everybody twice', [entry(), entry()]],
  ])('refuses two readers with handOn for %s', (_, entries) => {
    expect(() => parse(...entries)).toThrow('only one entry with handOn may match a user');
  });

  it('takes those that differ, and those of which nobody can tell', () => {
    expect(parse(entry(['a']), entry(['b*']), { ...entry(['a']), handOn: false }).readerArns).toHaveLength(3);
    expect(parse(entry(['a', 'a'])).readerArns).toHaveLength(1);
  });
});
