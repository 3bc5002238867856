import { InvalidArgumentError } from 'commander';
import { expect, it } from 'vitest';
import {
  accessKeyId,
  accountId,
  collect,
  collectAccounts,
  date,
  days,
  digestNumber,
  domain,
  region,
  size,
  stage,
  trailDays,
} from '../../../cli/option-values.ts';

it.each([
  ['accountId', accountId, '111122223333', '1111222233334'],
  ['accessKeyId', accessKeyId, 'AKIAIOSFODNN7EXAMPLE', 'akiaiosfodnn7example'],
  ['domain', domain, 'ci-1', 'Ci'],
  ['date', date, '2026-02-28', '2026-02-31x'],
  ['date', date, '2026-12-31', '2026-13-01'],
  ['region', region, 'us-gov-east-1', 'europe'],
  ['stage', stage, 'dev-2', 'dev_2'],
] as const)('$0: $2 passes, $3 is refused in a sentence', (_name, read, good, bad) => {
  expect(read(good)).toBe(good);
  expect(() => read(bad)).toThrow(InvalidArgumentError);
  expect(() => read(bad)).toThrow(/^[A-Z].*\.$/);
});

it.each([
  ['days', days, ['0', '1', '3650'], ['', '-1', '0.5', '3651', 'x']],
  ['size', size, ['1', '10000'], ['0', '1.5', '10001', 'x']],
  ['digestNumber', digestNumber, ['1', '400'], ['0', '1.5', 'x']],
  ['trailDays', trailDays, ['1', '90'], ['0', '1.5', '91', 'x']],
] as const)('$0: $2 pass, $3 are refused', (_name, read, good, bad) => {
  expect(good.map((value) => read(value))).toEqual(good.map(Number));
  for (const value of bad) expect(() => read(value)).toThrow(InvalidArgumentError);
});

it('a repeatable option keeps every value, each checked', () => {
  expect(collect('b', collect('a', []))).toEqual(['a', 'b']);
  expect(collectAccounts('111122223333', ['x'])).toEqual(['x', '111122223333']);
  expect(() => collectAccounts('1', [])).toThrow(InvalidArgumentError);
});
