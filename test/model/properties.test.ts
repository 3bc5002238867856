import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AccessKey, Asked, Limits, Request, UserState } from '../../shared/core/model.ts';
import { rotateUserActions, transitionVerbs } from '../../shared/core/model.ts';
import { plan } from '../../shared/core/plan.ts';
import { reasons } from '../../shared/core/reasons.ts';
import { secretTagNames } from '../../shared/core/secret-tags.ts';
import { type Settings, timelineProblem } from '../../shared/core/settings.ts';
import { DAY, formatDate, formatInstant, type Instant, SECOND } from '../../shared/core/time.ts';
import {
  C,
  G,
  key,
  NOW,
  notice,
  OTHER_RUN,
  P,
  request,
  S,
  secret,
  settings,
  USER,
  user,
  versionOf,
} from '../support/core/builders.ts';
import { isMutating, violations } from '../support/core/invariants.ts';

const SEED = Number(process.env.KEYTURN_SEED ?? 20260310);
console.log(`fast-check seed ${SEED} (KEYTURN_SEED)`);
/** A share of them, as of the enumerated states; `npm run proof` makes all. */
const SHARE = Number(process.env.KEYTURN_MODEL_SHARE ?? 17);
const runs = (most: number) => ({ seed: SEED, numRuns: Math.ceil(most / SHARE) });

/** Present in so many of ten. */
const maybe = <T>(tenths: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: tenths, arbitrary: value }, { weight: 10 - tenths, arbitrary: fc.constant(undefined) });

const id = fc.constantFrom(C, C, C, P, P, P, S, G);
/** Dense around the limits of the checks, and anywhere else. */
const instant: fc.Arbitrary<Instant> = fc
  .tuple(
    fc.constantFrom(0, 0.5, 1, 2, 3, 7, 9, 10, 11, 19, 20, 30, 80, 90, 100, 180, -0.01, -2),
    fc.constantFrom(0, 0, 1, -1, SECOND, -SECOND, 61 * SECOND, -61 * SECOND, 17 * 60 * SECOND),
  )
  .map(([days, ms]) => NOW - days * DAY + ms);
const status = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('Active', 'Active', 'Inactive') },
  fc.constantFrom('Expired', '', 'active'),
);
const lastUsed = fc.option(
  fc.record({ at: instant, service: fc.constantFrom('s3', 'sts', 'N/A'), region: fc.constant('eu-west-1') }),
  { nil: undefined },
);

/** Mostly the keys that the labels below name, in either order. */
const keyIds = fc.constantFrom([C, P], [P, C], [C, P], [C, S], [C], [P], [S, P], []);
const keys: fc.Arbitrary<AccessKey[]> = keyIds.chain((ids) =>
  fc.tuple(
    ...ids.map((accessKeyId) =>
      fc.record({ status, createdAt: instant, lastUsed }).map(({ lastUsed: used, ...rest }) => ({
        accessKeyId,
        ...rest,
        ...(used === undefined ? {} : { lastUsed: used }),
      })),
    ),
  ),
);

const stamp = fc.tuple(instant, id).map(([at, about]) => `${formatInstant(at)} ${about}`);
const grace = fc.constantFrom('', '', '', ' grace=0', ' grace=5', ' grace=1.5');
const intent = fc
  .tuple(fc.constantFrom(...transitionVerbs), instant, fc.constantFrom(0, 900, 90_000), id, fc.constantFrom('-', C, P))
  .map(([verb, at, lease, about, version]) => {
    const before = verb === 'issue' && about === G ? '-' : about;
    const current = version === '-' ? '-' : versionOf(version);
    return `${verb} ${formatInstant(at)} ${formatInstant(at + lease * SECOND)} ${OTHER_RUN} ${before} ${current}`;
  });
const notices = fc
  .tuple(stamp, fc.constantFrom('deactivation', 'deactivation', 'deletion', 'retirement'), instant)
  .map(([told, kind, earliestAt]) => `${told} ${kind} ${formatInstant(earliestAt)}`);
const deletionNotice = (accessKeyId: string): string =>
  `${formatInstant(NOW - DAY)} ${accessKeyId} deletion ${formatInstant(NOW - DAY / 2)}`;
const announced = fc
  .tuple(fc.constantFrom('reminder', 'reminder', 'postponed', 'blocked', 'issued'), stamp)
  .map(([event, rest]) => `${event} ${rest}`);
const date = instant.map(formatDate);
const garbage = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('-', '2026-02-31', 'grace=1', C));

const names = secretTagNames;
const secretTags = (mayBeGarbage: boolean): fc.Arbitrary<Record<string, string>> => {
  const or = (tenths: number, value: fc.Arbitrary<string>) =>
    maybe(tenths, mayBeGarbage ? fc.oneof({ weight: 40, arbitrary: value }, garbage) : value);
  return fc
    .record({
      [names.doing]: or(2, intent),
      [names.currentSince]: or(
        8,
        fc.tuple(stamp, grace, fc.constantFrom('', '', ' promised=5/2')).map((parts) => parts.join('')),
      ),
      [names.deactivated]: or(
        3,
        fc.tuple(stamp, fc.constantFrom('', ' recovery=20')).map((parts) => parts.join('')),
      ),
      [names.inactiveSeen]: or(2, stamp),
      [names.confirmed]: or(2, stamp),
      [names.announced]: or(8, announced),
      [names.notice]: or(8, notices),
      [names.issuedOn]: or(5, date),
      [names.hold]: or(1, date),
    })
    .map((tags) => {
      const given = Object.entries(tags).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
      // Rarely by chance: the owner of the key that waits for its deletion was told of it.
      const waiting = (tags[names.deactivated] ?? tags[names.inactiveSeen])?.split(' ')[1];
      const isTold =
        waiting !== undefined && (tags[names.issuedOn] !== undefined || tags[names.confirmed] !== undefined);
      const told = isTold ? { [names.notice]: deletionNotice(waiting) } : {};
      return { ...secret().tags, ...Object.fromEntries(given), ...told };
    });
};

const stages = fc.subarray(['AWSPREVIOUS', 'AWSPENDING']);
const versions = fc
  .tuple(fc.constantFrom([C], [C, P], [C, P], [P, C], [C, P], [C], [G, P], [C, P, S]), stages)
  .map(([labelled, more]) =>
    Object.fromEntries(
      labelled.map((label, index) => [versionOf(label), [label, ...(index === 0 ? ['AWSCURRENT'] : more)]]),
    ),
  );
const secrets = (mayBeGarbage: boolean) =>
  fc
    .record({
      tags: secretTags(mayBeGarbage),
      versions: fc.oneof({ weight: 20, arbitrary: versions }, fc.constantFrom({}, { theirs: ['AWSCURRENT'] })),
      rotationEnabled: fc.boolean(),
      more: fc.oneof(
        { weight: 30, arbitrary: fc.constant({}) },
        fc.constantFrom({ deletedAt: NOW }, { owningService: 'rds' }),
      ),
    })
    .map(({ more, ...rest }) => ({ ...secret(), ...rest, ...more }));

const userTags = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  fc.dictionary(
    fc.constantFrom(
      'keyturn:exempt',
      'keyturn:max-age-days',
      'keyturn:grace-days',
      'keyturn:unused',
      'keyturn:x',
      'team',
    ),
    fc.oneof(fc.constantFrom('true', 'retire', '40', '5', '0', '2026-03-11'), fc.string({ maxLength: 6 })),
    { maxKeys: 2 },
  ),
);

const states = (mayBeGarbage: boolean): fc.Arbitrary<UserState> =>
  fc
    .record({
      tags: mayBeGarbage ? userTags : fc.constant({}),
      keys,
      secret: fc.option(secrets(mayBeGarbage), { nil: undefined, freq: 8 }),
    })
    .map(({ tags, keys: held, secret: found }) => ({
      user: { ...USER, tags },
      keys: held,
      ...(found === undefined ? {} : { secret: found }),
    }));

const someSettings: fc.Arbitrary<Settings> = fc
  .record(
    {
      graceDays: fc.constantFrom(0, 1, 5, 10),
      quietDays: fc.constantFrom(0, 2),
      maxPostponeDays: fc.constantFrom(0, 0.5, 10),
      recoveryDays: fc.constantFrom(1, 10),
      unusedDays: fc.constantFrom(7, 90),
      rotateAheadDays: fc.constantFrom(0, 22),
      runEveryDays: fc.constantFrom(1, 1, 3, 7),
      onBlocked: fc.constantFrom('report', 'retire-least-used'),
      unused: fc.constantFrom('rotate', 'retire'),
      freeze: fc.constantFrom<Settings['freeze'][]>([], [], [], [], [[NOW - DAY, NOW + DAY]]),
    },
    { requiredKeys: [] },
  )
  .map(settings)
  .filter((given) => timelineProblem(given) === undefined);

const hearing = (...event: string[]): Limits['audience'] => ({
  kind: 'filtered',
  subscriptions: [
    { subscriptionArn: 'arn:x', filter: { policy: JSON.stringify({ event }), scope: 'MessageAttributes' } },
  ],
});
const limits = fc.option(
  fc.record({
    audience: fc.constantFrom<(Limits['audience'] | undefined)[]>(
      undefined,
      { kind: 'everything' },
      { kind: 'counted', confirmed: 0 },
      hearing('issued', 'deactivated', 'deleted'),
      hearing('reminder', 'retired', 'inactive-seen'),
    ),
    issuedToday: fc.constantFrom(0, 24, 25),
    isBreakerOpen: fc.boolean(),
  }),
  { nil: undefined },
);
const asked: fc.Arbitrary<Asked> = fc
  .record({
    action: fc.constantFrom(...rotateUserActions),
    accessKeyId: fc.option(id, { nil: undefined }),
    force: fc.boolean(),
    restoreSecret: fc.boolean(),
    holdUntil: instant,
  })
  .map(({ accessKeyId, ...rest }) => ({ ...rest, ...(accessKeyId === undefined ? {} : { accessKeyId }) }));
const requests: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('schedule', 'schedule', 'config', 'exposed'), id, limits)
      .map(([origin, accessKeyId, given]) =>
        request({ origin, ...(origin === 'exposed' && { accessKeyId }), ...(given && { limits: given }) }),
      ),
  },
  asked.map((by) => request({ origin: 'manual', asked: by })),
);

const clocks = fc.oneof({ weight: 4, arbitrary: fc.constant(NOW) }, instant);

it('for any state, settings, request and clock there is one answer, the same each time', () => {
  fc.assert(
    fc.property(states(true), requests, someSettings, clocks, (state, by, given, now) => {
      const answer = plan(state, by, given, now);
      expect(plan(structuredClone(state), by, given, now)).toEqual(answer);
      expect(answer.steps.length).toBeGreaterThan(0);
      expect(Object.keys(reasons)).toContain(answer.reason);
    }),
    runs(16_000),
  );
});

it.each([
  ['with garbage', true],
  ['without garbage', false],
])('no answer breaks an invariant: %s', (_, mayBeGarbage) => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(states(mayBeGarbage), requests, someSettings, clocks, (state, by, given, now) => {
      const { steps } = plan(state, by, given, now);
      for (const { action } of steps) seen.set(action, (seen.get(action) ?? 0) + 1);
      expect(violations({ state, request: by, settings: given, now, steps })).toEqual([]);
    }),
    runs(80_000),
  );
  console.log(Object.fromEntries(seen));
  for (const action of [
    'issue',
    'delete',
    'retire',
    'finish',
    'clear-intent',
    'start-grace',
    'forget',
    'restart-grace',
  ])
    expect([...seen.keys()]).toContain(action);
});

it('nothing that was observed is changed by planning', () => {
  const frozen = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
    return value;
  };
  fc.assert(
    fc.property(states(true), someSettings, (state, given) => {
      plan(frozen(state), request(), Object.freeze(given), NOW);
    }),
    runs(2_000),
  );
});

it('a user with one young, stored, current key has nothing planned, whatever was published before', () => {
  const ageDays = fc.integer({ min: 1, max: 89 });
  const old = fc.record({
    event: fc.constantFrom('issued', 'deleted', 'reminder'),
    days: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(ageDays, fc.option(ageDays, { nil: undefined }), old, (age, usedDaysAgo, { event, days }) => {
      const used = usedDaysAgo === undefined ? {} : { usedDaysAgo: Math.min(usedDaysAgo, age) };
      const given = user({
        keys: [key(C, { ageDays: age, ...used })],
        secret: {
          current: C,
          currentSince: { accessKeyId: C, at: NOW - age * DAY },
          issuedOn: NOW - age * DAY,
          announced: { event, at: NOW - days * DAY, accessKeyId: P },
        },
      });
      const { steps, status: outcome } = plan(given, request(), settings(), NOW);
      expect([outcome, steps.map(({ action }) => action)]).toEqual(['unchanged', ['none']]);
    }),
    runs(1_200),
  );
});

const ladderStates = fc
  .record({
    since: fc.integer({ min: 1, max: 40 }),
    used: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    switchedAfter: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
    told: fc.integer({ min: 0, max: 5 }),
    confirmed: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
  })
  .map(({ since, used, switchedAfter, told, confirmed }) => {
    const at = NOW - since * DAY;
    const use = switchedAfter === undefined ? {} : { usedAt: Math.min(NOW, at + switchedAfter * DAY) };
    return user({
      keys: [
        key(C, { createdAt: at - SECOND, ...use }),
        key(P, { ageDays: 90 + since, ...(used === undefined ? {} : { usedDaysAgo: used }) }),
      ],
      secret: {
        current: C,
        previous: P,
        currentSince: { accessKeyId: C, at },
        notice: notice('deactivation', P, told + 0.5),
        ...(confirmed === undefined ? {} : { confirmed: { accessKeyId: C, at: NOW - confirmed * DAY } }),
      },
    });
  });

it('a clock that is moved back turns no wait into an earlier deactivation', () => {
  fc.assert(
    fc.property(ladderStates, fc.integer({ min: 0, max: 60 * 24 }), (state, hoursBack) => {
      const now = NOW - hoursBack * (DAY / 24);
      const { steps } = plan(state, request(), settings(), now);
      const isDeactivated = steps.some(({ action }) => action === 'deactivate');
      expect(violations({ state, request: request(), settings: settings(), now, steps })).toEqual([]);
      // Whatever is deactivated by the earlier clock has had all its time by that clock, and has it by the later one.
      const isForbiddenLater =
        isDeactivated &&
        violations({ state, request: request(), settings: settings(), now: NOW, steps }).some(
          (problem) => !problem.includes('notice'),
        );
      expect(isForbiddenLater).toBe(false);
    }),
    runs(12_000),
  );
});

it('a record that lies ahead of the clock never counts as time that has passed', () => {
  fc.assert(
    fc.property(states(false), someSettings, fc.integer({ min: 1, max: 400 }), (state, given, days) => {
      const now = NOW - days * DAY;
      const { steps } = plan(state, request(), given, now);
      expect(violations({ state, request: request(), settings: given, now, steps })).toEqual([]);
    }),
    runs(12_000),
  );
});

it('a dry answer for plan is the answer of the schedule', () => {
  fc.assert(
    fc.property(states(false), someSettings, (state, given) => {
      const schedule = plan(state, request(), given, NOW).steps.filter(isMutating);
      const dry = plan(state, request({ origin: 'manual', asked: { action: 'plan' } }), given, NOW).steps.filter(
        isMutating,
      );
      const what = (steps: typeof schedule) =>
        steps.map(({ action }) => action).filter((a) => a !== 'announce-blocked');
      expect(what(dry)).toEqual(what(schedule));
    }),
    runs(4_000),
  );
});
