import { type Diary, daysOf, passDay } from '../days.ts';
import { type Owner, switchKey, worksWith } from '../owner.ts';
import { check, step } from '../report.ts';
import type { Deployed, People, World } from '../world.ts';

/** Defaults of the deployed stack: grace 10 days, quiet 2, recovery 10, limit 90. */
const BOB_SWITCHES_ON = 12;
const FIRST_IS_OVER = 25;
const SECOND_BEGINS = 91;

export async function weeksPass(world: World, deployed: Deployed, people: People): Promise<Diary> {
  step('Weeks pass: reminders, deactivation, deletion');
  const { alice, bob, carol } = people;
  const diary: Diary = { day: 0, said: [], outages: [] };
  while (diary.day < FIRST_IS_OVER) {
    if (diary.day + 1 === BOB_SWITCHES_ON) await switchKey(world, bob);
    await passDay(world, deployed, [alice, bob, carol], diary);
  }
  check('nobody was without a working key on any day', diary.outages.length === 0, diary.outages);
  checkAlice(diary, alice.keys[0]?.accessKeyId ?? '');
  checkBob(diary, bob.keys[0]?.accessKeyId ?? '');
  for (const owner of [alice, bob]) {
    const [old] = owner.keys;
    await checkOnlyNewKey(world, owner);
    check('the old one is refused', old !== undefined && !(await worksWith(world.emulator, old)));
  }
  check('erin, blocked, was reminded of it weekly', daysOf(diary, 'erin', 'blocked').length === 3, diary.said);
  check('and keeps both keys', (await world.account.keysOf('erin')).size === 2);
  const others = diary.said.filter(({ userName }) => userName === 'carol' || userName === 'dave');
  check('carol and dave were never mentioned', others.length === 0, others);
  return diary;
}

function checkAlice(diary: Diary, old: string): void {
  const reminders = daysOf(diary, 'alice', 'reminder', old);
  const [before, after] = [reminders.filter((day) => day < 10), reminders.filter((day) => day >= 10)];
  check('alice was reminded on days 3, 7, 9: 7, 3 and 1 days before', before.join() === '3,7,9', reminders);
  const [deactivated = 0, ...more] = daysOf(diary, 'alice', 'deactivated', old);
  check(`her old key was deactivated on day ${deactivated}`, isOneOf(deactivated, 10) && more.length === 0, diary.said);
  const [deleted = 0] = daysOf(diary, 'alice', 'deleted', old);
  check(`told of its deletion on day ${after}`, after.length === 1 && isOneOf(after[0] ?? 0, deleted - 3), reminders);
  check(`and deleted on day ${deleted}`, isOneOf(deleted, deactivated + 10), diary.said);
}

function checkBob(diary: Diary, old: string): void {
  const postponed = daysOf(diary, 'bob', 'postponed', old);
  check(`bob still used his: put off on days ${postponed.join(', ')}`, postponed.length >= 2, postponed);
  const [deactivated = 0] = daysOf(diary, 'bob', 'deactivated', old);
  check(`deactivated on day ${deactivated}, when it was quiet`, deactivated > BOB_SWITCHES_ON, diary.said);
  const [deleted = 0] = daysOf(diary, 'bob', 'deleted', old);
  check(`and deleted on day ${deleted}`, isOneOf(deleted, deactivated + 10), diary.said);
}

/** The instants in tags are the clock when they are written, so a limit may fall on the next daily run. */
function isOneOf(day: number, expected: number): boolean {
  return day === expected || day === expected + 1;
}

async function checkOnlyNewKey({ account }: World, owner: Owner): Promise<void> {
  const { userName, inUse } = owner;
  const present = await account.keysOf(userName);
  const isOnly = present.size === 1 && present.get(inUse.accessKeyId) === 'Active';
  check(`ListAccessKeys of ${userName} shows the new key alone, Active`, isOnly, [...present]);
  const labels = (await account.secretOf(owner))?.labels ?? new Map<string, string>();
  const keyIds = [...labels.keys()].filter((label) => label.startsWith('AKIA'));
  const isTidy = keyIds.join() === inUse.accessKeyId && labels.get(inUse.accessKeyId) === labels.get('AWSCURRENT');
  check('of the key IDs its label alone is on the secret, where AWSCURRENT is', isTidy, [...labels]);
}

/** Now there is a version to move AWSCURRENT away from, and a label to take off. */
export async function nextRotation(world: World, deployed: Deployed, people: People, diary: Diary): Promise<void> {
  step('Three months later: the next rotation, in the same secrets');
  const { account } = world;
  const owners = [people.alice, people.bob, people.carol];
  const before = new Map(owners.map(({ userName, inUse }) => [userName, inUse.accessKeyId]));
  const versionBefore = (await account.secretOf(people.alice))?.labels.get('AWSCURRENT');
  const today = await passDay(world, deployed, owners, diary, SECOND_BEGINS - diary.day);
  const issued = today.filter(({ event }) => event === 'issued').map(({ userName }) => userName);
  check('the run issues keys for alice, bob and carol', issued.sort().join() === 'alice,bob,carol', issued);
  const labels = (await account.secretOf(people.alice))?.labels ?? new Map<string, string>();
  const isMoved = versionBefore !== undefined && labels.get('AWSPREVIOUS') === versionBefore;
  check("AWSCURRENT of alice's secret moved, AWSPREVIOUS is where it was", isMoved, [...labels]);
  const old = before.get('alice') ?? '';
  check("the old key's label stays on its version", labels.get(old) === versionBefore, [...labels]);
  for (const owner of owners) await switchKey(world, owner);
  while (diary.day < SECOND_BEGINS + 22) await passDay(world, deployed, owners, diary);
  for (const owner of owners) {
    const { userName } = owner;
    const [deactivated = 0] = daysOf(diary, userName, 'deactivated', before.get(userName));
    const [deleted = 0] = daysOf(diary, userName, 'deleted', before.get(userName));
    const isInTime = isOneOf(deactivated, SECOND_BEGINS + 10) && isOneOf(deleted, deactivated + 10);
    check(
      `the old key of ${userName}: deactivated on day ${deactivated}, deleted on day ${deleted}`,
      isInTime,
      diary.said,
    );
    await checkOnlyNewKey(world, owner);
  }
  check('nobody was without a working key on any day', diary.outages.length === 0, diary.outages);
}
