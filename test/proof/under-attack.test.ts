import { afterAll, describe, expect, it } from 'vitest';
import { DAY } from '../../local/aws/clock.ts';
import { seeded } from '../../local/aws/random.ts';
import { lookAt } from '../../local/checker/look.ts';
import { attackerOf, campaign, type Deed, deedKinds, deedOf } from '../support/proof/attacker.ts';
import { attackedWork, attackOn, fight } from '../support/proof/contests.ts';
import { expectClean } from '../support/proof/crash.ts';
import { faultAt, faultKinds } from '../support/proof/faults.ts';
import { atRandom } from '../support/proof/interleave.ts';
import { later, passesOn, rotatedOnce, stageWith } from '../support/proof/prepared.ts';
import { printTable, seconds, unknown } from '../support/proof/report.ts';
import { scenarios } from '../support/proof/scenarios.ts';
import { administered, deliverTwice, ownerLives, pass, type Stage, trace } from '../support/proof/stage.ts';
import { tryOut } from '../support/proof/trial.ts';

const runs = Number(process.env.KEYTURN_PROOF_RUNS ?? 2_000);
const seed = Number(process.env.KEYTURN_PROOF_SEED ?? 20260101);
/** Of each scenario, and of each piece of work. */
const most = Math.ceil(runs / 100);

const rows: (string | number)[][] = [];

afterAll(() => {
  const sum = (i: number): number => rows.reduce((total, row) => total + Number(row[i]), 0);
  printTable(`Somebody else between two calls, and between a death and the next pass, seed ${seed}`, [
    ['work', 'attacks', 'calls judged', 'seconds'],
    ...rows,
    ['together', sum(1), sum(2), Math.round(sum(3))],
  ]);
});

function drawn(random: () => number): readonly Deed[] {
  const upTo = (n: number): number => Math.floor(random() * n);
  const deeds = Array.from({ length: 1 + upTo(3) }, () => deedOf(upTo(deedKinds), upTo(64)));
  return campaign(deeds, random() < 0.8);
}

/** In words that can be put back into a test. */
const show = (deeds: readonly Deed[]): string => JSON.stringify(deeds);

interface Pinned {
  readonly name: string;
  prepare(): Promise<Stage>;
  readonly deeds: readonly Deed[];
}

const lifted: Deed = { does: 'policy off', n: 0 };

/** What moved keys, or would, without one of the things that are asked of a secret. */
const pinned: readonly Pinned[] = [
  {
    name: 'a forged clock and notice',
    prepare: async () => later(await passesOn(await stageWith(), [0]), 1),
    deeds: [
      lifted,
      { does: 'forge tag', tag: 'current-since', n: 1 },
      { does: 'forge tag', tag: 'notice', n: 0 },
      { does: 'forge tag', tag: 'confirmed', n: 1 },
    ],
  },
  {
    name: 'a forged label on a version of somebody else',
    prepare: async () => later(await passesOn(await stageWith(), [0]), 1),
    deeds: [lifted, { does: 'put value', n: 0 }, { does: 'forge label', n: 1 }],
  },
  {
    name: 'a copy of a secret that was deleted',
    prepare: () => rotatedOnce(),
    deeds: [
      { does: 'destroy secret', n: 0 },
      { does: 'copy secret', n: 0 },
    ],
  },
  {
    name: 'a secret made first by somebody else',
    prepare: () => stageWith(),
    deeds: [{ does: 'create secret', n: 0 }],
  },
  {
    name: 'a forged hold',
    prepare: () => rotatedOnce(),
    deeds: [lifted, { does: 'forge tag', tag: 'hold', n: 0 }],
  },
  {
    name: 'a key without its label, beside the old intent that made it',
    prepare: async () => {
      const stage = await stageWith();
      // It saw the intent while it was there.
      attackerOf(stage);
      return later(await passesOn(stage, [0], false), 3.5);
    },
    deeds: [
      lifted,
      { does: 'take label off', n: 0 },
      { does: 'untag', tag: 'current-since', n: 0 },
      { does: 'replay tag', tag: 'doing', n: 0 },
    ],
  },
  {
    name: 'a message about an exposed key',
    prepare: () => stageWith({ keys: [{ ageDays: 5 }] }),
    deeds: [{ does: 'send message', n: 0 }],
  },
];

describe('an attack on undisturbed work', () => {
  it.each(pinned)('$name: no rule breaks', async ({ name, prepare, deeds }) => {
    const stage = await prepare();
    const attacker = attackerOf(stage);
    for (const deed of deeds) await attacker.act(deed);
    await deliverTwice(stage);
    for (let day = 0; day < 10; day++) {
      await pass(stage);
      ownerLives(stage, { reads: false });
      stage.aws.clock.advance(DAY);
    }
    const broken = stage.checker.violations.map(({ rule, what, where }) => `${rule}: ${what} (${where})`);
    expect([...broken, ...attacker.problems], name).toEqual([]);
  });
});

it('where secrets have administrators, nobody else does anything to one of ours', async () => {
  const stage = await rotatedOnce(administered);
  const attacker = attackerOf(stage);
  const secret = (): string => JSON.stringify(lookAt(stage.aws, stage.userId).secret);
  const before = secret();
  for (let kind = 0; kind < deedKinds; kind++) {
    for (const n of [0, 1, 2, 3]) await attacker.act(deedOf(kind, n));
  }
  expect(secret()).toBe(before);
  expect(attacker.problems).toEqual([]);
});

describe('an attack between a death and the next pass', () => {
  it.each(scenarios)('$name: no rule breaks, and all comes to rest', async (scenario) => {
    const begun = performance.now();
    const random = seeded(seed);
    const { calls } = await tryOut(scenario);
    let judged = 0;
    for (let n = 0; n < most; n++) {
      const call = 1 + Math.floor(random() * calls);
      const kind = faultKinds[1 + Math.floor(random() * 3)];
      const deeds = drawn(random);
      if (kind === undefined) continue;
      let problems: readonly string[] = [];
      const verdict = await tryOut(scenario, {
        first: faultAt(call, kind),
        async between(stage) {
          const attacker = attackerOf(stage);
          for (const deed of deeds) await attacker.act(deed);
          ({ problems } = attacker);
        },
      });
      judged += verdict.stage.checker.checkedCalls;
      const all = { ...verdict, problems: [...verdict.problems, ...problems] };
      expectClean(scenario.name, `${kind.name} at call ${call}, then ${show(deeds)}`, all);
    }
    rows.push([scenario.name, most, judged, seconds(begun)]);
  });
});

describe('an attack between any two calls', () => {
  it.each(attackedWork)('$name: no rule breaks, and all comes to rest', async ({ name }) => {
    const begun = performance.now();
    const random = seeded(seed);
    let judged = 0;
    for (let n = 0; n < 2 * most; n++) {
      const deeds = drawn(random);
      const { problems, stage, from } = await fight(attackOn(name, deeds), atRandom(random), { isAttacked: true });
      judged += stage.checker.checkedCalls;
      const unexpected = unknown(name, problems);
      if (unexpected.length === 0) continue;
      throw new Error(`${name}, ${show(deeds)}:\n${unexpected.join('\n')}\n${trace(stage, from)}`);
    }
    rows.push([`${name}, at once`, 2 * most, judged, seconds(begun)]);
  });
});
