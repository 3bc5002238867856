// Tests of shared/apply/announce.ts: what is published has the facts of the golden files.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createExposedKey } from '../../functions/exposed-key.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { createLife, createRotated, type Life, live, newKeyOf, use } from '../support/life.ts';
import { createWorld, DAY, invoke, pass, rotateUser, type World } from '../support/world.ts';

type Document = Record<string, unknown>;

const folder = new URL('../unit/messages/golden/', import.meta.url);
const golden: Document[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')).default);

/** Absent where there is nothing to tell. */
const OPTIONAL = ['owner', 'lastUsed', 'usedBy'];
const kindOf = ({ event, reason }: Document) => `${event} ${reason}`;
const fieldsOf = (document: Document) =>
  Object.keys(document)
    .filter((name) => !OPTIONAL.includes(name))
    .toSorted()
    .join(' ');

function documents(world: World): Document[] {
  return world.aws.sns.published.map(({ message }) => JSON.parse(message.default ?? '{}'));
}

/** The one sentence of the planner with its names, ages and dates taken out. */
const patternOf = (sentence: unknown) =>
  String(sentence)
    .replace(/last used \S+ by \S+ in [\w-]+|no recorded use/g, '<use>')
    .replace(/\b(AKIA\w+|alice|deploy-bot|\d{4}-\d\d-\d\d(T[\d:.]+Z)?|\d+(\.\d+)? days?)\b/g, '<…>')
    .replace(/in <…> \(<…>\)|today \(<…>\)/g, '<when>');

async function undisturbed(): Promise<World> {
  const life = createLife();
  await live(life, { from: 90, to: 111, on: { 91: () => use(life, newKeyOf(life, [life.oldKey])) } });
  return life;
}

async function inUse(): Promise<World> {
  const life = createLife();
  await live(life, { from: 90, to: 101, daily: () => use(life, life.oldKey) });
  return life;
}

async function notSwitched(): Promise<World> {
  const life = createLife();
  await live(life, { from: 90, to: 101 });
  return life;
}

async function exposed(): Promise<World> {
  const life = createLife();
  const detail = { eventTypeCode: 'AWS_RISK_CREDENTIALS_EXPOSED', affectedEntities: [{ entityValue: life.oldKey }] };
  const handler = createExposedKey(life.runtime('exposed-key'));
  await invoke(life, 'exposed-key', handler, { id: 'event', source: 'aws.health', detail });
  return life;
}

async function failing(options: Parameters<typeof createLife>[0], before?: BeforeCall): Promise<Life> {
  const life = createLife(options);
  await pass(life, 'alice', before);
  return life;
}

async function secondThoughts(): Promise<World> {
  const rotated = await createRotated();
  await rotateUser(rotated, { userName: 'alice', action: 'rollback' });
  rotated.aws.clock.advance(DAY);
  await rotateUser(rotated, { userName: 'alice', action: 'hold', holdUntil: '2030-01-01' });
  return rotated;
}

async function reactivated(): Promise<World> {
  const life = createLife();
  const bringBack = () => life.aws.iam.setKeyStatus(life.oldKey, 'Active');
  await live(life, { from: 90, to: 103, on: { 91: () => use(life, newKeyOf(life, [life.oldKey])), 103: bringBack } });
  return life;
}

async function twoKeys(): Promise<World> {
  const world = createWorld();
  world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }, { ageDays: 200 }] });
  await pass(world, 'alice');
  return world;
}

it('what the engine publishes has the fields, and the sentences, of the golden files', async () => {
  const denied: BeforeCall = ({ operation }) =>
    operation === 'CreateAccessKey' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
  const worlds = [
    ...[
      await undisturbed(),
      await inUse(),
      await notSwitched(),
      await exposed(),
      await secondThoughts(),
      await reactivated(),
    ],
    ...[await failing({}, denied), await failing({ propagationMs: 3_600_000 }), await twoKeys()],
  ];
  const compared = new Set<string>();
  for (const document of worlds.flatMap(documents)) {
    const same = golden.filter((other) => kindOf(other) === kindOf(document));
    if (same.length === 0) continue;
    compared.add(kindOf(document));
    expect(same.map(fieldsOf), kindOf(document)).toContain(fieldsOf(document));
    // AWS's own words are in the middle of this one.
    if (document.event !== 'failed')
      expect(same.map(({ message }) => patternOf(message))).toContain(patternOf(document.message));
  }
  expect([...compared].toSorted()).toEqual([
    'blocked slots-taken',
    'deactivated grace-over',
    'deleted recovery-over',
    'exposed exposed',
    'failed not-proven',
    'failed refused',
    'held hold-written',
    'issued due',
    'issued exposed',
    'postponed not-switched',
    'postponed still-in-use',
    'reactivated reactivated',
    'reminder deletion-soon',
    'reminder reminder-due',
    'rolled-back rolled-back',
  ]);
});

it('an owner whose key was found in public is not told that it goes on working, nor how to bring it back', async () => {
  const world = await exposed();
  const at = documents(world).findIndex(({ event }) => event === 'issued');
  const issued = world.aws.sns.published[at];
  const document = documents(world)[at];
  expect(document).toMatchObject({ event: 'issued', reason: 'exposed', next: { action: 'deactivate' } });
  expect(issued?.message.email).toContain('aws login');
  expect(issued?.message.email).not.toMatch(/works until|rollback|grace/);
});

it('what asked for a pass, and how old the key was, is in its messages', async () => {
  const told = async (world: Promise<World>, event: string) =>
    documents(await world).find((document) => document.event === event);
  const age = { ageDays: 90, limitDays: 90 };
  expect(await told(undisturbed(), 'issued')).toMatchObject({ origin: 'schedule', ...age });
  expect(await told(exposed(), 'exposed')).toMatchObject({ origin: 'exposed', runId: expect.any(String) });
  const held = await told(secondThoughts(), 'held');
  expect(held).toMatchObject({ origin: 'hand' });
  expect(held).not.toHaveProperty('ageDays');
});
