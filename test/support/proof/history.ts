import fc from 'fast-check';
import { DAY, HOUR, MINUTE } from '../../../local/aws/clock.ts';
import { GARBAGE } from '../../../local/checker/authority.ts';
import type { Command, Limits } from '../../../local/checker/expectations.ts';
import { currentKeyId, keysOf, lookAt, tag } from '../../../local/checker/look.ts';
import { attackerOf, campaign, type Deed, deedKinds, deedOf } from './attacker.ts';
import { faultAt, faultKinds } from './faults.ts';
import {
  administered,
  changeAudience,
  changeSettings,
  createStage,
  deliverTwice,
  handingOn,
  isAtRest,
  limits,
  ownerLives,
  pass,
  rotateUser,
  type Stage,
  searchForSecrets,
} from './stage.ts';
import { findInPublic } from './triggers.ts';

/** A fault at the n-th call of an invocation, by the number of its kind. */
interface Disturbance {
  readonly kind: number;
  readonly n: number;
}

/** One thing that happens to a user, as plain data: a history can be printed, cut short and run again. */
export type Event =
  | { readonly is: 'pass'; readonly fault?: Disturbance }
  | { readonly is: 'dry run' }
  | { readonly is: 'command'; readonly asked: Asked; readonly fault?: Disturbance }
  | { readonly is: 'time'; readonly minutes: number }
  | { readonly is: 'owner'; readonly does: 'switch' | 'stay' | 'rest' | 'make a key' }
  | { readonly is: 'operator'; readonly does: KeyDeed; readonly slot: number }
  | { readonly is: 'operator'; readonly does: TagDeed; readonly tag: string }
  | { readonly is: 'operator'; readonly does: SecretDeed }
  | { readonly is: 'hand-on'; readonly says: HandOnWord }
  | { readonly is: 'exposed'; readonly slot: number; readonly fault?: Disturbance }
  | { readonly is: 'settings'; readonly periods: Periods }
  | { readonly is: 'topic'; readonly heard: 'none' | 'nobody' | readonly string[] }
  | { readonly is: 'attacker'; readonly deeds: readonly Deed[] };

/** What the role that hands keys on writes: of the current key, of another one, or what nobody understands. */
type HandOnWord = 'writing' | 'done' | 'another' | 'nonsense';
type KeyDeed = 'toggle' | 'delete key';
type TagDeed = 'remove tag' | 'spoil tag' | 'hold' | 'exempt' | 'spoil user tag' | 'clear user tags' | 'grace 0';
type SecretDeed = 'delete secret' | 'restore secret' | 'destroy secret' | 'rename' | 're-create';

type Periods = Pick<Limits, 'graceDays' | 'maxPostponeDays' | 'recoveryDays'>;

/** A command with its keys by slot and its dates by distance. */
interface Asked {
  readonly action: string;
  readonly slot?: number;
  readonly holdDays?: number;
  readonly force?: true;
  readonly compromised?: true;
  readonly graceDays?: number;
  readonly restoreSecret?: true;
}

export interface History {
  /** Of every list that AWS gives. */
  readonly pageSize?: number | undefined;
  readonly keys: readonly { readonly ageDays: number; readonly status?: 'Inactive'; readonly usedDaysAgo: number }[];
  /** Days of undisturbed passes before anything happens. */
  readonly age: number;
  readonly events: readonly Event[];
  /** Only listed roles may change policies. */
  readonly isAdministered?: boolean;
  /** A role carries the keys to where they are used. */
  readonly isHandedOn?: boolean;
}

const disturbance = fc.record({
  kind: fc.nat({ max: faultKinds.length - 1 }),
  n: fc.integer({ min: 1, max: 34 }),
});
const secretTags = [
  'doing',
  'current-since',
  'deactivated',
  'inactive-seen',
  'confirmed',
  'announced',
  'issued-on',
  'hold',
  'notice',
  'exposed',
  'policy',
  'user-id',
  'made',
];

const passes = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Event>({ is: 'pass' }) },
  { weight: 3, arbitrary: disturbance.map((fault): Event => ({ is: 'pass', fault })) },
);
const times = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(12 * 60, 24 * 60, 24 * 60, 36 * 60, 72 * 60, 5 * 24 * 60) },
  { weight: 3, arbitrary: fc.constantFrom(10, 30, 60, 90) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -2, -4) },
);
const asks: readonly Asked[] = [
  { action: 'rotate' },
  { action: 'rotate' },
  { action: 'rotate', force: true },
  { action: 'rotate', graceDays: 0 },
  { action: 'rotate', graceDays: 2 },
  { action: 'rotate', restoreSecret: true },
  { action: 'rotate', slot: 0 },
  { action: 'rotate', slot: 1 },
  { action: 'rotate', compromised: true },
  { action: 'rotate', slot: 0, compromised: true },
  { action: 'confirm' },
  { action: 'hold', holdDays: 2 },
  { action: 'hold', holdDays: -1 },
  { action: 'rollback', holdDays: 2 },
  { action: 'rollback', holdDays: 4 },
  { action: 'retire' },
  { action: 'retire', slot: 0 },
  { action: 'retire', slot: 1, force: true },
  { action: 'plan' },
];
const commands = fc
  .record({ asked: fc.constantFrom(...asks), fault: fc.option(disturbance, { nil: undefined }) })
  .map(({ asked, fault }): Event => ({ is: 'command', asked, ...(fault === undefined ? {} : { fault }) }));
const owners = fc
  .constantFrom('switch' as const, 'switch' as const, 'stay' as const, 'rest' as const, 'make a key' as const)
  .map((does): Event => ({ is: 'owner', does }));
const operators = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ does: fc.constantFrom<KeyDeed>('toggle', 'toggle', 'delete key'), slot: fc.nat({ max: 1 }) })
      .map(({ does, slot }): Event => ({ is: 'operator', does, slot })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        does: fc.constantFrom<TagDeed>(
          'remove tag',
          'remove tag',
          'remove tag',
          'spoil tag',
          'hold',
          'exempt',
          'spoil user tag',
          'clear user tags',
          'grace 0',
        ),
        tag: fc.constantFrom(...secretTags),
      })
      .map(({ does, tag: name }): Event => ({ is: 'operator', does, tag: name })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<SecretDeed>('delete secret', 'restore secret', 'destroy secret', 'rename', 're-create')
      .map((does): Event => ({ is: 'operator', does })),
  },
);

const settings = fc
  .constantFrom<Periods>(
    { graceDays: 4, maxPostponeDays: 3, recoveryDays: 3 },
    { graceDays: 1, maxPostponeDays: 0, recoveryDays: 1 },
    { graceDays: 2, maxPostponeDays: 3, recoveryDays: 3 },
    { graceDays: 6, maxPostponeDays: 1, recoveryDays: 5 },
  )
  .map((periods): Event => ({ is: 'settings', periods }));
/** Filters that let a notice through and not what follows it, and the other way round. */
const topics = fc
  .constantFrom<'none' | 'nobody' | readonly string[]>(
    'none',
    'nobody',
    ['issued', 'reminder', 'postponed'],
    ['issued', 'deactivated', 'deleted'],
  )
  .map((heard): Event => ({ is: 'topic', heard }));

const exposures = fc
  .record({ slot: fc.nat({ max: 1 }), fault: fc.option(disturbance, { nil: undefined }) })
  .map(({ slot, fault }): Event => ({ is: 'exposed', slot, ...(fault === undefined ? {} : { fault }) }));

/** Mostly with the policy taken off before, since what is refused leaves nothing to go wrong. */
const attacks = fc
  .record({
    deeds: fc.array(fc.record({ kind: fc.nat({ max: deedKinds - 1 }), n: fc.nat({ max: 63 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    isPolicyLifted: fc.constantFrom(true, true, false),
  })
  .map(({ deeds, isPolicyLifted }): Event => {
    const done = deeds.map(({ kind, n }) => deedOf(kind, n));
    return { is: 'attacker', deeds: campaign(done, isPolicyLifted) };
  });

const events = fc.oneof(
  { weight: 9, arbitrary: passes },
  { weight: 7, arbitrary: times.map((minutes): Event => ({ is: 'time', minutes })) },
  { weight: 3, arbitrary: commands },
  { weight: 3, arbitrary: owners },
  { weight: 3, arbitrary: operators },
  { weight: 1, arbitrary: fc.constant<Event>({ is: 'dry run' }) },
  { weight: 1, arbitrary: exposures },
  { weight: 1, arbitrary: settings },
  { weight: 1, arbitrary: topics },
);

const firstKeys = fc.constantFrom<History['keys']>(
  [{ ageDays: 90, usedDaysAgo: 1 }],
  [{ ageDays: 90, usedDaysAgo: 1 }],
  [{ ageDays: 86, usedDaysAgo: 1 }],
  [{ ageDays: 95, usedDaysAgo: 80 }],
  [],
  [
    { ageDays: 90, usedDaysAgo: 1 },
    { ageDays: 300, status: 'Inactive', usedDaysAgo: 100 },
  ],
  [
    { ageDays: 100, usedDaysAgo: 1 },
    { ageDays: 20, usedDaysAgo: 2 },
  ],
);

export const histories: fc.Arbitrary<History> = fc.record({
  pageSize: fc.constantFrom(undefined, 1),
  keys: firstKeys,
  age: fc.constantFrom(0, 0, 2, 5, 9),
  events: fc.array(events, { minLength: 4, maxLength: 28 }),
});

/** The same, with somebody who may do everything to secrets, and send what they like to the queue. */
export const attackedHistories: fc.Arbitrary<History> = fc.record({
  pageSize: fc.constant(undefined),
  keys: firstKeys,
  age: fc.constantFrom(0, 2, 5, 9),
  events: fc.array(fc.oneof({ weight: 3, arbitrary: events }, { weight: 2, arbitrary: attacks }), {
    minLength: 4,
    maxLength: 24,
  }),
  isAdministered: fc.constantFrom(false, false, true),
});

const handOns = fc
  .constantFrom<HandOnWord>('writing', 'done', 'done', 'another', 'nonsense')
  .map((says): Event => ({ is: 'hand-on', says }));

/** The same, where a role hands the keys on, sooner or later or never. */
export const handedOnHistories: fc.Arbitrary<History> = fc.record({
  pageSize: fc.constant(undefined),
  keys: firstKeys,
  age: fc.constantFrom(0, 2, 5, 9),
  events: fc.array(fc.oneof({ weight: 5, arbitrary: events }, { weight: 1, arbitrary: handOns }), {
    minLength: 4,
    maxLength: 28,
  }),
  isHandedOn: fc.constant(true),
});

/** What a history comes to. */
export interface Told {
  readonly stage: Stage;
  readonly problems: readonly string[];
  readonly passes: number;
}

interface Live extends Stage {
  mode: 'switch' | 'stay' | 'rest';
}

/** Lives through a history, then through quiet days until nothing is planned any more. */
export async function live({ keys, age, events: happenings, pageSize, ...as }: History): Promise<Told> {
  const options = {
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(as.isAdministered ? administered : {}),
    ...(as.isHandedOn ? handingOn : {}),
  };
  const stage: Live = Object.assign(createStage({ keys, ...options }), { mode: 'switch' as const });
  const attacker = happenings.some(({ is }) => is === 'attacker') ? attackerOf(stage) : undefined;
  for (let day = 0; day < age; day++) await quietDay(stage);
  for (const event of happenings) {
    await happen(stage, event);
    if (stage.checker.violations.length > 0) break;
  }
  stage.mode = 'switch';
  changeAudience(stage, 'none');
  changeSettings(stage, limits);
  const isBroken = stage.checker.violations.length > 0;
  const passed = isBroken ? 0 : await comeToRest(stage);
  const problems = [
    ...stage.checker.violations.map(({ rule, what, where }) => `${rule}: ${what} (${where})`),
    ...(attacker?.problems ?? []),
    ...searchForSecrets(stage),
    ...(Number.isFinite(passed) ? [] : [`no rest after 60 daily passes: ${JSON.stringify(stage.decided)}`]),
  ];
  return { stage, problems, passes: passed };
}

async function quietDay(stage: Live): Promise<void> {
  stage.aws.clock.advance(DAY);
  await pass(stage);
  ownerWorks(stage);
}

function ownerWorks(stage: Live): void {
  if (stage.mode !== 'rest') ownerLives(stage, { reads: stage.mode === 'switch' });
}

/** Nothing is planned but `none`, or the user is blocked and announced. */
async function comeToRest(stage: Live): Promise<number> {
  const { aws, checker } = stage;
  aws.clock.advance(HOUR);
  let quiet = 0;
  for (let passes = 1; passes <= 60; passes++) {
    const from = aws.calls.length;
    await quietDay(stage);
    const isIdle = aws.calls.slice(from).every(({ mutating, operation }) => !mutating && operation !== 'Publish');
    quiet = isIdle && isAtRest(stage) ? quiet + 1 : 0;
    if (quiet < 2 || !isTold(stage)) continue;
    checker.atRest(stage.userId, stage.decided?.status === 'blocked');
    return passes;
  }
  checker.atRest(stage.userId, stage.decided?.status === 'blocked');
  return Number.POSITIVE_INFINITY;
}

function isTold(stage: Live): boolean {
  if (stage.decided?.status !== 'blocked') return true;
  return stage.aws.sns.published.some(
    ({ attributes }) => attributes.event === 'blocked' && attributes.userName === stage.userName,
  );
}

async function happen(stage: Live, event: Event): Promise<void> {
  const { aws, world } = stage;
  switch (event.is) {
    case 'time':
      aws.clock.advance(event.minutes * MINUTE);
      if (event.minutes > 0) ownerWorks(stage);
      return;
    case 'pass':
      await pass(stage, faultOf(event.fault));
      aws.clock.advance(5 * MINUTE);
      return;
    case 'dry run':
      world.environment.KEYTURN_ENFORCE = 'false';
      await pass(stage);
      world.environment.KEYTURN_ENFORCE = 'true';
      return;
    case 'command':
      await rotateUser(stage, commandOf(stage, event.asked), faultOf(event.fault));
      aws.clock.advance(5 * MINUTE);
      return;
    case 'exposed': {
      const key = keysOf(lookAt(aws, stage.userId))[event.slot];
      if (key === undefined) return;
      await findInPublic(stage, key.accessKeyId, faultOf(event.fault));
      aws.clock.advance(5 * MINUTE);
      await deliverTwice(stage);
      return;
    }
    case 'hand-on':
      handOn(stage, event.says);
      return;
    case 'settings':
      changeSettings(stage, event.periods);
      return;
    case 'topic':
      changeAudience(stage, event.heard);
      // What was known of the subscriptions is good for a quarter of an hour.
      aws.clock.advance(20 * MINUTE);
      return;
    case 'attacker':
      for (const deed of event.deeds) await attackerOf(stage).act(deed);
      await deliverTwice(stage);
      return;
    case 'owner':
      ownerDoes(stage, event.does);
      break;
    case 'operator':
      operatorDoes(stage, event);
      // Somebody at a console takes their time; a key made by hand in the minute of a crash cannot be told from ours.
      aws.clock.advance(MINUTE);
  }
  stage.checker.outside();
}

/** By a role that may write this tag alone, whatever it does. */
function handOn({ aws, userId, hand }: Live, says: HandOnWord): void {
  const look = lookAt(aws, userId);
  const [oldest] = keysOf(look);
  const key = says === 'another' ? oldest?.accessKeyId : currentKeyId(look);
  if (look.secret === undefined || key === undefined) return;
  const state = says === 'writing' ? 'writing' : 'done';
  const value = `${new Date(aws.clock.now()).toISOString()} ${state} ${key} 0123456789abcdef shop`;
  if (says === 'nonsense') {
    aws.secrets.setTags(look.secret.name, { 'keyturn:handed-on': 'nonsense' });
    return;
  }
  aws.secrets.setTags(look.secret.name, { 'keyturn:handed-on': value });
  // Then it is where it is used.
  if (state === 'done' && !hand.has(key)) hand.add(key);
}

function faultOf(disturbed: Disturbance | undefined): ReturnType<typeof faultAt> | undefined {
  const kind = faultKinds[disturbed?.kind ?? -1];
  return kind === undefined || disturbed === undefined ? undefined : faultAt(disturbed.n, kind);
}

function commandOf(stage: Live, { slot, holdDays, ...asked }: Asked): Omit<Command, 'userName'> {
  const date = (days: number): string => new Date(stage.aws.clock.now() + days * DAY).toISOString().slice(0, 10);
  return {
    ...asked,
    ...(slot === undefined
      ? {}
      : { accessKeyId: keysOf(lookAt(stage.aws, stage.userId))[slot]?.accessKeyId ?? 'AKIA0000000000000000' }),
    ...(holdDays === undefined ? {} : { holdUntil: date(holdDays) }),
  };
}

function ownerDoes(stage: Live, does: 'switch' | 'stay' | 'rest' | 'make a key'): void {
  if (does !== 'make a key') {
    stage.mode = does;
    ownerWorks(stage);
    return;
  }
  if (keysOf(lookAt(stage.aws, stage.userId)).length > 1) return;
  stage.aws.clock.advance(2 * MINUTE);
  const { accessKeyId } = stage.aws.iam.addKey(stage.userName);
  stage.hand.add(accessKeyId);
  stage.checker.outside();
}

function operatorDoes(stage: Live, event: Extract<Event, { is: 'operator' }>): void {
  const { aws, userId, userName } = stage;
  const look = lookAt(aws, userId);
  const secretName = look.secret?.name;
  if ('slot' in event) {
    const key = keysOf(look)[event.slot];
    if (key === undefined) return;
    if (event.does === 'delete key') aws.iam.deleteKey(key.accessKeyId);
    else aws.iam.setKeyStatus(key.accessKeyId, key.status === 'Active' ? 'Inactive' : 'Active');
    return;
  }
  if ('tag' in event) {
    changeTag(stage, event.does, event.tag);
    return;
  }
  switch (event.does) {
    case 'delete secret':
    case 'restore secret':
    case 'destroy secret': {
      if (secretName === undefined || look.secret === undefined) return;
      const { state } = aws.secrets;
      const now = aws.clock.now();
      if (event.does === 'destroy secret') state.remove(look.secret);
      else if (event.does === 'restore secret')
        state.save({ ...look.secret, deletedAt: undefined, deleteAfter: undefined });
      else if (look.secret.deletedAt === undefined) {
        state.save({ ...look.secret, deletedAt: now, deleteAfter: now + 30 * DAY });
      }
      return;
    }
    case 'rename': {
      const { state } = aws.iam;
      const user = state.user(userName);
      const newName = userName === 'alice' ? 'alice.new' : 'alice';
      state.save({ ...user, userName: newName, arn: state.arnOf(user.path, newName) });
      stage.userName = newName;
      return;
    }
    case 're-create': {
      aws.iam.deleteUser(userName);
      const made = aws.iam.addUser({ userName, keys: [{ ageDays: 0 }] });
      stage.userId = made.userId;
      stage.hand.clear();
      for (const { accessKeyId } of made.keys) stage.hand.add(accessKeyId);
    }
  }
}

function changeTag({ aws, userId, userName }: Live, does: TagDeed, name: string): void {
  const look = lookAt(aws, userId);
  const secretName = look.secret?.name;
  const userTags = Object.fromEntries((look.user?.tags ?? []).map(({ Key, Value }) => [Key, Value]));
  const date = (days: number): string => new Date(aws.clock.now() + days * DAY).toISOString().slice(0, 10);
  switch (does) {
    case 'remove tag':
      if (secretName !== undefined) aws.secrets.setTags(secretName, { [`keyturn:${name}`]: undefined });
      return;
    case 'spoil tag':
      if (secretName !== undefined && tag(look, name) !== undefined) {
        aws.secrets.setTags(secretName, { [`keyturn:${name}`]: GARBAGE });
      }
      return;
    case 'hold':
      if (secretName !== undefined) aws.secrets.setTags(secretName, { 'keyturn:hold': date(3) });
      return;
    case 'exempt':
      aws.iam.setTags(userName, { ...userTags, 'keyturn:exempt': date(4) });
      return;
    case 'spoil user tag':
      aws.iam.setTags(userName, { ...userTags, 'keyturn:max-age-days': GARBAGE });
      return;
    case 'grace 0':
      aws.iam.setTags(userName, { ...userTags, 'keyturn:grace-days': '0' });
      return;
    case 'clear user tags':
      aws.iam.setTags(userName, {});
      return;
  }
}
