// hand-on/hand-on.ts: it may die before and after each call, while AWSCURRENT moves, on reads that may be stale. In the
// end every destination has the current pair, and the tag says so.

import { expect, it } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { createHandOnWorld, type HandOnWorld } from '../support/hand-on.ts';
import { printTable, seconds } from '../support/proof/report.ts';
import { DAY, rotateUser } from '../support/world.ts';

const DESTINATIONS = [
  { secret: 'shop/prod', fields: { ID: 'accessKeyId', KEY: 'secretAccessKey' } },
  { parameters: { '/report/id': 'accessKeyId', '/report/key': 'secretAccessKey' } },
  { ecs: { cluster: 'shop', service: 'mailer' } },
];

interface Prepared {
  made: HandOnWorld;
  old: string;
  fresh: string;
}

/** Two keys are stored, and the older one is current. It was handed on, or was not. */
async function prepare(isHandedOn: boolean): Promise<Prepared> {
  const made = await createHandOnWorld({ destinations: DESTINATIONS });
  const { aws } = made.world;
  const old = made.currentKeyId();
  aws.clock.advance(DAY);
  await rotateUser(made.world, { userName: 'ci-shop', action: 'rotate' });
  const fresh = made.currentKeyId();
  made.move(old);
  if (isHandedOn) await made.invoke();
  aws.clock.advance(2 * 3_600_000);
  return { made, old, fresh };
}

/** Where the label goes after the rotation to the new key: at the n-th call of its hand-on and the calls after it. */
const moves: Readonly<Record<string, (prepared: Prepared) => string[]>> = {
  'a rotation': () => [],
  'a rotation that is rolled back': ({ old }) => [old],
  'a rotation, rolled back and forward': ({ old, fresh }) => [old, fresh],
};

/** An invocation that begins with the rotation to the new key, dies at one call, and sees labels move at another. */
async function live({ made, old, fresh }: Prepared, how: How): Promise<boolean> {
  const { aws } = made.world;
  const events = [made.move(fresh)];
  const moving = moves[how.move]?.({ made, old, fresh }) ?? [];
  const movedAt = aws.clock.now();
  let calls = 0;
  const before: BeforeCall = ({ operation }) => {
    calls++;
    if (calls >= how.at && moving.length > 0) {
      const next = moving.shift();
      if (next !== undefined) events.push(made.move(next));
    }
    if (calls === how.die) return { kind: how.after ? 'crash-after' : 'crash-before' };
    const isRead = operation === 'DescribeSecret' || operation === 'ListSecrets';
    // As of a moment before the label moved first.
    return how.stale && isRead && aws.clock.now() - movedAt < 20_000
      ? { kind: 'stale', ms: aws.clock.now() - movedAt + 50 }
      : undefined;
  };
  await made.invoke(events[0], before).catch(() => {});
  while (moving.length > 0) events.push(made.move(moving.shift() ?? ''));
  const isDead = calls >= how.die;
  // At least once each, and the one whose function died again. None of them at all: the schedule finds what is left.
  for (const event of how.die % 2 === 0 ? [...events].reverse() : []) await made.invoke(event).catch(() => {});
  for (let run = 0; run < 6; run++) {
    aws.clock.advance(15 * 60_000);
    await made.invoke().catch(() => {});
  }
  return isDead;
}

function problems({ world, held, currentKeyId, tag }: HandOnWorld): string[] {
  const id = currentKeyId();
  const key = world.aws.iam.secretAccessKeyOf(id);
  const wanted = { 'shop/prod': JSON.stringify({ ID: id, KEY: key }), '/report/id': id, '/report/key': key };
  const isDone = tag().includes(` done ${id} `);
  return [
    ...Object.entries(wanted).flatMap(([name, value]) => (held()[name] === value ? [] : [`${name} has another pair`])),
    ...(isDone ? [] : [`the tag says ${tag()}`]),
  ];
}

interface How {
  die: number;
  after: boolean;
  at: number;
  move: string;
  stale: boolean;
  isHandedOn: boolean;
}

/** Everything but where it dies. */
function* ways(move: string): Generator<Omit<How, 'die'>> {
  for (const isHandedOn of [true, false]) {
    for (const stale of [false, true]) {
      for (const after of [false, true]) {
        for (const at of move === 'a rotation' ? [1] : [3, 8]) yield { after, at, move, stale, isHandedOn };
      }
    }
  }
}

it.each(Object.keys(moves))('%s: wherever it dies, all comes to be where it belongs', async (move) => {
  const begun = performance.now();
  let tried = 0;
  const found: string[] = [];
  for (const way of ways(move)) {
    // Until it lives through.
    let isDead = true;
    for (let die = 1; isDead; die++) {
      const prepared = await prepare(way.isHandedOn);
      isDead = await live(prepared, { ...way, die });
      tried++;
      const wrong = problems(prepared.made);
      if (wrong.length > 0) found.push(`${JSON.stringify({ ...way, die })}: ${wrong.join('; ')}`);
    }
  }
  printTable(`A hand-on, ${move}`, [
    ['lives', tried],
    ['seconds', seconds(begun)],
  ]);
  expect(found.slice(0, 5)).toEqual([]);
});
