import type { LocalAws } from '../../local/aws/aws.ts';
import { unsigned } from '../../local/checker/unsigned.ts';
import { createWorld, DAY, pass, published, rotateUser, type World, type WorldOptions } from './world.ts';

const MINUTE = 60_000;

/** A world with one user whose first key has this age, in days. */
export interface Life extends World {
  userId: string;
  /** The key that the user had at first. */
  oldKey: string;
}

export interface LifeOptions extends WorldOptions {
  ageDays?: number;
  tags?: Readonly<Record<string, string>>;
  /** The first key was last used so many days ago; `undefined`: there is no record of a use. */
  usedDaysAgo?: number | undefined;
  userName?: string;
}

/** `alice` with one key of 90 days, which somebody used three days ago. */
export function createLife(options: LifeOptions = {}): Life {
  const { ageDays = 90, tags = {}, userName = 'alice', ...rest } = options;
  const usedDaysAgo = 'usedDaysAgo' in options ? options.usedDaysAgo : 3;
  const world = createWorld(rest);
  const { aws } = world;
  const at = aws.clock.now() - (usedDaysAgo ?? 0) * DAY;
  const lastUsed = usedDaysAgo === undefined ? {} : { lastUsed: { at, service: 's3', region: 'eu-west-1' } };
  const { userId, keys } = aws.iam.addUser({
    userName,
    tags,
    keys: [{ ageDays, ...lastUsed }],
    createdAt: aws.clock.now() - 400 * DAY,
  });
  return { ...world, userId, oldKey: keys[0]?.accessKeyId ?? '' };
}

/** A user in the middle of a second rotation. */
export interface Rotated extends Life {
  /** Stored, and current before the rotation. */
  previous: string;
  current: string;
}

/** `alice` a minute after a rotation by hand whose old and new key are both stored, both Active. */
export async function createRotated(options: LifeOptions = {}): Promise<Rotated> {
  const life = await createStored(options);
  const [previous] = Object.keys(keysOf(life));
  use(life, previous);
  life.aws.clock.advance(4 * DAY);
  await rotateUser(life, { userName: 'alice', action: 'rotate' });
  life.aws.clock.advance(MINUTE);
  life.aws.sns.published.length = 0;
  return { ...life, previous: previous ?? '', current: newKeyOf(life, [previous ?? '']) };
}

/** `alice` eleven days after her key was issued by hand, the one before being gone: it is stored and current. */
export async function createStored(options: LifeOptions = {}): Promise<Life> {
  const life = createLife({ ageDays: 20, ...options });
  life.aws.iam.deleteKey(life.oldKey);
  await rotateUser(life, { userName: 'alice', action: 'rotate' });
  life.aws.clock.advance(11 * DAY);
  return life;
}

export interface Days {
  from: number;
  to: number;
  /** What people do on a day, before its pass. */
  on?: Readonly<Record<number, (() => unknown) | undefined>>;
  /** What happens on every day, before its pass. */
  daily?: (day: number) => unknown;
  userName?: string;
}

/** One pass a day; the next one a day after the end of the last. Returns what was announced: `90 issued`. */
export async function live(world: World, { from, to, on = {}, daily, userName = 'alice' }: Days): Promise<string[]> {
  const timeline: string[] = [];
  const start = world.aws.clock.now();
  const collect = async (day: number, act: () => unknown): Promise<void> => {
    const before = published(world).length;
    await act();
    for (const event of published(world).slice(before)) timeline.push(`${day} ${event}`);
  };
  for (let day = from; day <= to; day++) {
    if (day > from) world.aws.clock.set(Math.max(world.aws.clock.now() + DAY, start + (day - from) * DAY));
    await collect(day, () => daily?.(day));
    await collect(day, () => on[day]?.());
    // A record younger than a minute makes the next pass wait.
    if (on[day] !== undefined) world.aws.clock.advance(MINUTE);
    await collect(day, async () => {
      if (!(await pass(world, userName))) throw new Error(`The message of day ${day} failed: ${world.logged.at(-1)}`);
    });
  }
  return timeline;
}

/** The owner calls AWS with the key, if it works. */
export function use({ aws }: World, accessKeyId: string | undefined, service = 's3'): void {
  if (statusOf(aws, accessKeyId) === 'Active') aws.iam.useKey(accessKeyId ?? '', { service, region: 'eu-west-1' });
}

export function statusOf(aws: LocalAws, accessKeyId: string | undefined): string | undefined {
  return aws.iam
    .users()
    .flatMap(({ keys }) => keys)
    .find((key) => key.accessKeyId === accessKeyId)?.status;
}

/** `{ AKIA…: 'Active' }`. */
export function keysOf({ aws }: World, userName = 'alice'): Record<string, string> {
  return Object.fromEntries(aws.iam.keysOf(userName).map(({ accessKeyId, status }) => [accessKeyId, status]));
}

/** The key of the user that is none of these. */
export function newKeyOf({ aws }: World, known: readonly string[], userName = 'alice'): string {
  const found = aws.iam.keysOf(userName).filter(({ accessKeyId }) => !known.includes(accessKeyId));
  const [key] = found;
  if (key === undefined || found.length > 1) throw new Error(`${userName} has ${found.length} other keys.`);
  return key.accessKeyId;
}

export function secretNameOf(userId: string): string {
  return `keyturn/${userId}/access-key`;
}

export function tagsOf({ aws }: World, userId: string): Readonly<Record<string, string>> {
  return aws.secrets.find(secretNameOf(userId))?.tags ?? {};
}

/** The tag without its prefix and its MAC. */
export function tagOf(world: World, userId: string, name: string): string | undefined {
  const value = tagsOf(world, userId)[`keyturn:${name}`];
  return value === undefined ? undefined : unsigned(value);
}

/** Label → the key in the value of its version. */
export function labelsOf({ aws }: World, userId: string): Record<string, string> {
  const versions = aws.secrets.find(secretNameOf(userId))?.versions ?? [];
  return Object.fromEntries(
    versions.flatMap(({ labels, value = '{}' }) => {
      const { AccessKeyId = 'unknown' }: { AccessKeyId?: string } = JSON.parse(value);
      return labels.map((label) => [unsigned(label), AccessKeyId]);
    }),
  );
}

/** Mutating calls, `iam:CreateAccessKey`, from the n-th call on. */
export function writes({ aws }: World, from = 0): string[] {
  return aws.calls
    .slice(from)
    .filter(({ mutating }) => mutating)
    .map(({ service, operation }) => `${service}:${operation}`);
}

/** A message's JSON document, as a subscription's queue would get it. */
export interface MessageDocument {
  event: string;
  severity: string;
  transitionId: string;
  userId: string;
  userName: string;
  accessKeyId?: string;
  newAccessKeyId?: string;
  secretName?: string;
  reason: string;
  message: string;
  next?: { action: string; notBefore: string };
  lastUsed?: { at: string; service: string; region: string };
}

export function messages({ aws }: World, event?: string): MessageDocument[] {
  return aws.sns.published
    .map(({ message }): MessageDocument => JSON.parse(message.default ?? '{}'))
    .filter((document) => event === undefined || document.event === event);
}

/** What a call threw. */
export async function thrownBy(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('Nothing was thrown.');
}

/** The service's intents are written with this one. */
export function isoIn({ aws }: World, ms: number): string {
  return new Date(aws.clock.now() + ms).toISOString();
}

/** `2026-01-11`, so many days from now. */
export function dateIn({ aws }: World, days: number): string {
  return new Date(aws.clock.now() + days * DAY).toISOString().slice(0, 10);
}

/** What an administrator does with `iam update-user --new-user-name`. */
export function rename({ aws }: World, userName: string, newName: string): void {
  const { state } = aws.iam;
  const user = state.user(userName);
  state.save({ ...user, userName: newName, arn: state.arnOf(user.path, newName) });
}
