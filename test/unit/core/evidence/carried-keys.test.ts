import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReportKey, ReportRow } from '../../../../shared/core/credential-report.ts';
import { carriedKeys, contradicts, factToCarry, useInReport } from '../../../../shared/core/evidence/carried-keys.ts';
import type { AccessKey } from '../../../../shared/core/model.ts';
import { HOUR, type Instant, MINUTE } from '../../../../shared/core/time.ts';

const BORN = Date.UTC(2025, 0, 1);
interface Key extends AccessKey {
  activatedAt: Instant;
}
type Step = { kind: 'create' | 'toggle' | 'delete'; slot: number; minutes: number };

const rowOf = (keys: readonly Key[], reportedAt: Instant): ReportRow => {
  const slot = (key: Key | undefined): ReportKey =>
    key === undefined ? { isActive: false } : { isActive: key.status === 'Active', rotatedAt: key.activatedAt };
  const shape = { userName: 'a', arn: 'arn', userCreatedAt: BORN, reportedAt };
  return { ...shape, keys: [slot(keys[1]), slot(keys[0])] };
};

function apply(keys: readonly Key[], { kind, slot }: Step, at: Instant, id: number): Key[] {
  if (kind === 'create') {
    if (keys.length === 2) return [...keys];
    return [...keys, { accessKeyId: `AKIA${id}`, status: 'Active', createdAt: at, activatedAt: at }];
  }
  const chosen = keys[slot % Math.max(1, keys.length)];
  if (kind === 'delete') return keys.filter((key) => key !== chosen);
  return keys.map((key) => {
    if (key !== chosen) return key;
    return key.status === 'Active' ? { ...key, status: 'Inactive' } : { ...key, status: 'Active', activatedAt: at };
  });
}

const exactly = (keys: readonly Key[]): AccessKey[] =>
  keys.map(({ accessKeyId, status, createdAt }) => ({ accessKeyId, status, createdAt }));

test('what is carried is what was there when the report was made, whatever became of the keys', () => {
  const step = fc.record({
    kind: fc.constantFrom('create' as const, 'toggle' as const, 'delete' as const),
    slot: fc.nat(1),
    minutes: fc.integer({ min: 1, max: 600 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(4 * 60), fc.nat(4 * 60), (steps, lagThen, lagNow) => {
      const states: { at: Instant; keys: Key[] }[] = [{ at: BORN, keys: [] }];
      let at = BORN;
      for (const [id, one] of steps.entries()) {
        at += one.minutes * MINUTE;
        states.push({ at, keys: apply(states.at(-1)?.keys ?? [], one, at, id) });
      }
      const stateAt = (instant: Instant) => states.findLast((state) => state.at <= instant)?.keys ?? [];
      const readAt = BORN + HOUR * 24;
      const reportThen = rowOf(stateAt(readAt - lagThen * MINUTE), readAt - lagThen * MINUTE);
      const fact = factToCarry('AIDA', reportThen, { keys: exactly(stateAt(readAt)), readAt });
      const later = readAt + HOUR * 24;
      const reportNow = rowOf(stateAt(later - lagNow * MINUTE), later - lagNow * MINUTE);
      const carried = carriedKeys(fact, reportNow);
      // A change between report and reading whose slots look alike leaves ages as they were.
      fc.pre(stateAt(readAt) === stateAt(readAt - lagThen * MINUTE));
      if (carried !== undefined) {
        expect(contradicts(carried.keys, exactly(stateAt(later - lagNow * MINUTE)))).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

const one: Key = { accessKeyId: 'AKIA1', status: 'Active', createdAt: BORN, activatedAt: BORN };

test('nothing is carried of a reading that the report beside it does not agree with', () => {
  const reading = { keys: exactly([one]), readAt: BORN };
  expect(factToCarry('AIDA', rowOf([], BORN), reading)).toBeUndefined();
  expect(factToCarry('AIDA', rowOf([{ ...one, status: 'Inactive' }], BORN), reading)).toBeUndefined();
  expect(factToCarry('AIDA', rowOf([one], BORN), reading)).toBeDefined();
});

test('nothing is carried to a namesake, or past a toggled key', () => {
  const fact = factToCarry('AIDA', rowOf([one], BORN), { keys: exactly([one]), readAt: BORN });
  expect(carriedKeys(fact, rowOf([one], BORN))?.keys).toEqual(exactly([one]));
  expect(carriedKeys(fact, { ...rowOf([one], BORN), userCreatedAt: BORN + HOUR })).toBeUndefined();
  expect(carriedKeys(fact, rowOf([{ ...one, activatedAt: BORN + HOUR }], BORN))).toBeUndefined();
  expect(carriedKeys(undefined, rowOf([one], BORN))).toBeUndefined();
});

test('nothing is carried of a fact whose times are none', () => {
  const fact = factToCarry('AIDA', rowOf([one], BORN), { keys: exactly([one]), readAt: BORN });
  if (fact === undefined) throw new Error('nothing to carry');
  const row = rowOf([one], BORN);
  expect(carriedKeys({ ...fact, readAt: 'once' }, row)).toBeUndefined();
  expect(carriedKeys({ ...fact, userCreatedAt: 'once' }, row)).toBeUndefined();
  expect(
    carriedKeys({ ...fact, keys: fact.keys.map((each) => ({ ...each, createdAt: 'once' })) }, row),
  ).toBeUndefined();
});

test('the report tells of the use of a key only where one slot can be its own', () => {
  const other: Key = { ...one, accessKeyId: 'AKIA2', createdAt: BORN + HOUR, activatedAt: BORN + HOUR };
  const row = rowOf([one, other], BORN);
  const [first, second] = row.keys;
  const used: ReportRow = { ...row, keys: [first, { ...second, lastUsedAt: BORN + MINUTE, lastUsedService: 's3' }] };
  expect(useInReport(one, used)).toEqual({ lastUsed: { at: BORN + MINUTE, service: 's3', region: 'N/A' } });
  expect(useInReport(other, used)).toEqual({});
  expect(useInReport({ ...one, createdAt: BORN - HOUR }, used)).toBeUndefined();
  expect(useInReport(one, rowOf([one, { ...one, accessKeyId: 'AKIA3' }], BORN))).toBeUndefined();
});
