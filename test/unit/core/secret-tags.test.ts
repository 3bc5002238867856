// Tests of shared/core/secret-tags.ts, shared/core/read-secret-tags.ts and shared/core/format-secret-tags.ts.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAnnounced,
  formatCurrentSince,
  formatIntent,
  formatKeyRecord,
  formatPolicyPut,
} from '../../../shared/core/format-secret-tags.ts';
import { transitionVerbs } from '../../../shared/core/model.ts';
import { parseSecretTags } from '../../../shared/core/read-secret-tags.ts';
import { secretNameOf, userIdOfSecretName } from '../../../shared/core/secret-name.ts';
import { type Intent, isKeyLabel, secretTagNames } from '../../../shared/core/secret-tags.ts';
import { DAY, formatDate, MINUTE } from '../../../shared/core/time.ts';
import { C, intent, NOW, P, RUN } from '../../support/core/builders.ts';

const SEED = 20260310;
const names = secretTagNames;
const parse = (tags: Record<string, string>, now = NOW) => parseSecretTags(tags, now);

/** AWS's limits for a tag value. */
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

const capital = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
const keyIds = fc.string({ unit: capital, minLength: 20, maxLength: 20 });
const instants = fc.integer({ min: Date.UTC(2015, 0, 1), max: NOW });
const graces = fc.option(
  fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 3_650 }),
    fc.integer({ min: 100, max: 9_999 }).map((n) => n / 100),
  ),
  { nil: undefined },
);
const intents: fc.Arbitrary<Intent> = fc
  .record({
    verb: fc.constantFrom(...transitionVerbs),
    at: instants,
    lease: fc.integer({ min: 0, max: 20 * MINUTE }),
    runId: fc.uuid(),
    ids: fc.array(keyIds, { minLength: 1, maxLength: 2 }),
    versionId: fc.option(fc.oneof(fc.uuid(), fc.string({ unit: capital, minLength: 64, maxLength: 64 })), {
      nil: undefined,
    }),
    graceDays: graces,
  })
  .map(({ lease, ids, versionId, graceDays, ...rest }) => ({
    ...rest,
    deadlineAt: rest.at + lease,
    accessKeyIds: rest.verb === 'issue' ? ids.slice(1) : ids.slice(0, 1),
    ...(versionId === undefined ? {} : { versionId }),
    ...(graceDays === undefined ? {} : { graceDays }),
  }));

describe('what is written is what is read, within what AWS allows in a tag', () => {
  it('doing', () => {
    fc.assert(
      fc.property(intents, (value) => {
        const text = formatIntent(value);
        expect(text).toMatch(allowed);
        expect(parse({ [names.doing]: text })).toEqual({ tags: { intent: value }, problems: [] });
      }),
      { seed: SEED },
    );
  });
  it('doing, taken over by a later pass with its instant unchanged', () => {
    fc.assert(
      fc.property(intents, fc.integer({ min: 0, max: 30 * DAY }), (value, later) => {
        const now = value.at + later;
        const takenOver = { ...value, runId: RUN, deadlineAt: now + 15 * MINUTE };
        const read = parse({ [names.doing]: formatIntent(takenOver) }, now);
        expect(read).toEqual({ tags: { intent: takenOver }, problems: [] });
      }),
      { seed: SEED },
    );
  });
  it('current-since', () => {
    fc.assert(
      fc.property(instants, keyIds, graces, (at, accessKeyId, graceDays) => {
        const value = { at, accessKeyId, ...(graceDays === undefined ? {} : { graceDays }) };
        const text = formatCurrentSince(value);
        expect(text).toMatch(allowed);
        expect(parse({ [names.currentSince]: text }).tags).toEqual({ currentSince: value });
      }),
      { seed: SEED },
    );
  });
  it.each(['deactivated', 'inactiveSeen', 'confirmed'] as const)('%s', (tag) => {
    fc.assert(
      fc.property(instants, keyIds, (at, accessKeyId) => {
        const text = formatKeyRecord({ at, accessKeyId });
        expect(text).toMatch(allowed);
        expect(parse({ [names[tag]]: text }).tags).toEqual({ [tag]: { at, accessKeyId } });
      }),
      { seed: SEED },
    );
  });
  it('announced', () => {
    const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
    const reasons = fc.constantFrom('due', 'slots-taken', 'failed');
    const definedOnly = (value: object) => Object.fromEntries(Object.entries(value).filter(([, each]) => each));
    const events = fc.constantFrom('issued', 'orphan-removed', 'grace-restarted', 'failed');
    fc.assert(
      fc.property(events, instants, maybe(keyIds), maybe(reasons), (event, at, accessKeyId, reason) => {
        const value = { event, at, ...definedOnly({ accessKeyId, reason }) };
        expect(formatAnnounced(value)).toMatch(allowed);
        expect(parse({ [names.announced]: formatAnnounced(value) }).tags).toEqual({ announced: value });
      }),
      { seed: SEED },
    );
  });
  it('policy', () => {
    const hash = '0123456789abcdef'.repeat(2);
    fc.assert(
      fc.property(instants, instants, (triedAt, toldAt) => {
        for (const value of [{ hash }, { hash, triedAt }, { hash, triedAt, toldAt }]) {
          expect(formatPolicyPut(value)).toMatch(allowed);
          expect(parse({ [names.policy]: formatPolicyPut(value) }).tags).toEqual({ policy: value });
        }
      }),
      { seed: SEED },
    );
  });
  it('issued-on and hold, by the day', () => {
    fc.assert(
      fc.property(instants, (at) => {
        const day = Math.floor(at / DAY) * DAY;
        const tags = { [names.issuedOn]: `${formatDate(at)} config`, [names.hold]: formatDate(at) };
        expect(parse(tags).tags).toEqual({ issuedOn: day, issuedFor: 'config', holdUntil: day });
      }),
      { seed: SEED },
    );
  });
});

describe('what does not parse is a problem that names its tag and its value', () => {
  const at = '2026-03-01T00:00:00.000Z';
  const deadline = '2026-03-01T00:15:00.000Z';
  it.each([
    [names.policy, 'yes'],
    [names.policy, `${'0'.repeat(32)} tried=yesterday`],
    [names.policy, `${'0'.repeat(32)} tried=2026-03-01T00:00:00.000Z told=never`],
    [names.policy, `${'0'.repeat(32)} again`],
    [names.doing, ''],
    [names.doing, `create ${at} ${deadline} ${RUN} - -`],
    [names.doing, `issue yesterday ${deadline} ${RUN} - -`],
    [names.doing, `issue ${at} ${deadline} ${RUN} -`],
    [names.doing, `issue ${at} ${deadline}  - -`],
    [names.doing, `issue ${at} ${deadline} ${RUN} abc -`],
    [names.doing, `issue ${at} ${deadline} ${RUN} ${C},${P} -`],
    [names.doing, `issue ${at} ${deadline} ${RUN} - - grace=-1`],
    [names.doing, `issue ${at} ${deadline} ${RUN} - - grace=1 grace=2`],
    [names.doing, `issue ${deadline} ${at} ${RUN} - -`],
    [names.doing, `delete ${at} ${deadline} ${RUN} - -`],
    [names.currentSince, at],
    [names.currentSince, `${at} ${C} grace=ten`],
    [names.currentSince, `${at} ${C} 10`],
    [names.currentSince, `${at} ${C} promised=7`],
    [names.currentSince, `${at} ${C} promised=7/90 promised=7/90`],
    [names.announced, `issued ${at} key`],
    [names.announced, `issued ${at} key due`],
    [names.currentSince, `2026-02-31T00:00:00.000Z ${C}`],
    [names.currentSince, `2026-03-01T24:00:00.000Z ${C}`],
    [names.deactivated, `${at} ${C} more`],
    [names.deactivated, `${C} ${at}`],
    [names.deactivated, `2026-03-01 ${C}`],
    [names.inactiveSeen, `2026-03-01T00:00:00+01:00 ${C}`],
    [names.confirmed, `${at} akia`],
    [names.announced, `${at} reminder ${C}`],
    [names.announced, `Reminder ${at} ${C}`],
    [names.announced, `reminder ${at} ${C} ${P}`],
    [names.issuedOn, '2026-02-30'],
    [names.issuedOn, at],
    [names.hold, '2026-3-1'],
    [names.hold, 'forever'],
    [names.hold, '2026-03-01 2026-03-02'],
  ])('%s = "%s"', (name, value) => {
    const { tags, problems } = parse({ [name]: value });
    expect(tags).toEqual({});
    expect(problems).toEqual([`tag ${name} of the secret does not parse: "${value}"`]);
  });

  it('an instant more than a day ahead was written by hand', () => {
    const tag = (at: number) => ({ [names.currentSince]: formatKeyRecord({ at, accessKeyId: C }) });
    expect(parse(tag(NOW + DAY)).problems).toEqual([]);
    expect(parse(tag(NOW + DAY + 1)).problems[0]).toContain('lies in the future');
  });

  it('so was a lease that ends more than a day ahead', () => {
    const tag = (deadlineAt: number) => ({ [names.doing]: formatIntent(intent({ at: NOW - 5 * DAY, deadlineAt })) });
    expect(parse(tag(NOW + DAY)).problems).toEqual([]);
    expect(parse(tag(NOW + DAY + 1)).problems).toHaveLength(1);
  });

  it('one tag that does not parse hides no other', () => {
    const { tags, problems } = parse({ [names.hold]: '2026-05-01', [names.doing]: '?', [names.confirmed]: '?' });
    expect(tags).toEqual({ holdUntil: Date.UTC(2026, 4, 1) });
    expect(problems).toHaveLength(2);
  });

  it('tags of somebody else are none of ours', () => {
    expect(parse({ team: 'x', 'keyturn:else': '?', 'keyturn:user-id': 'AIDA' })).toEqual({ tags: {}, problems: [] });
  });

  it('no text whatever throws', () => {
    const pieces = fc.constantFrom(
      'issue',
      'doing',
      C,
      P,
      '2026-03-01T00:00:00.000Z',
      '2026-03-01',
      '-',
      RUN,
      'grace=1',
      '',
    );
    const value = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(names)), value, (name, text) => {
        const { tags, problems } = parse({ [name]: text });
        expect(Object.keys(tags).length + problems.length).toBeLessThanOrEqual(1);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe('the name of a secret', () => {
  it('is read back, and nobody else’s is', () => {
    expect(userIdOfSecretName('a/b', secretNameOf('a/b', 'AIDA1'))).toBe('AIDA1');
    for (const name of ['a/bc/AIDA1/access-key', 'a/b/AIDA1/access-key2', 'a/b/x/AIDA1/access-key', 'AIDA1', 'a/b/'])
      expect(userIdOfSecretName('a/b', name)).toBeUndefined();
  });
  it('never looks as if it ended in the suffix of an ARN', () => {
    expect(secretNameOf('keyturn', 'AIDA1')).not.toMatch(/-[A-Za-z0-9]{6}$/);
  });
});

it('a label is a key ID or one of AWS’s own', () => {
  expect([C, 'AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING', 'akia'].map(isKeyLabel)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});
