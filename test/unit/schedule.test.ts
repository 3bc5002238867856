import { describe, expect, it, vi } from 'vitest';
import { computed } from '../../scripts/parameters.ts';
import { longestGapDays } from '../../scripts/schedule.ts';

describe('the longest gap between two runs', () => {
  it.each([
    ['rate(5 minutes)', 1],
    ['rate(1 hour)', 1],
    ['rate(24 hours)', 1],
    ['rate(25 hours)', 2],
    ['rate(1440 minutes)', 1],
    ['rate(1 day)', 1],
    ['rate(7 days)', 7],
    ['cron(0 6 * * ? *)', 1],
    ['cron(0/15 * ? * * *)', 1],
    ['cron(0 6 ? * MON-FRI *)', 3],
    ['cron(0 6 ? * 2-6 *)', 3],
    ['cron(0 6 ? * mon,wed,fri *)', 3],
    ['cron(0 6 ? * FRI-MON *)', 4],
    ['cron(0 6 ? * MON *)', 7],
    ['cron(0 6 ? * SAT,SUN *)', 6],
    ['cron(0 6 1/2 * ? *)', 2],
    ['cron(0 6 1,15 * ? *)', 17],
    ['cron(0 6 ? JAN-NOV MON-FRI *)', 32 + 2],
    ['cron(0 6 L * ? *)', 31],
    ['cron(0 6 1,8,15,22,L * ? *)', 9],
    ['cron(0 6 1W * ? *)', 33],
    ['cron(0 6 ? * 2#1 *)', 35],
    ['cron(0 6 ? * FRI#5 *)', 119],
    ['cron(0 6 ? * 6L *)', 35],
    ['cron(0 6 ? * L *)', 7],
    ['at(2027-01-01T00:00:00)', Number.POSITIVE_INFINITY],
  ])('of %s is %d days', (schedule, days) => {
    expect(longestGapDays(schedule)).toBe(days);
  });

  it.each([
    'cron(0 6 * * ? 2027)',
    'cron(0 6 ? * 2#6 *)',
    'cron(0 6 32W * ? *)',
    'rate(0 days)',
    'cron(0 6 ? * MOON *)',
    'cron(0 6 * *)',
    'daily',
  ])('of %s cannot be told', (schedule) => {
    expect(longestGapDays(schedule)).toBeUndefined();
  });
});

describe('what the stack computes from parameters', () => {
  function compute(name: string, given: Record<string, string>): Promise<unknown> {
    const defaults: Record<string, string> = {
      administratorArns: '[]',
      deployerArn: '',
      readerArns: '[]',
      runEveryDays: '1',
      schedule: 'cron(0 6 * * ? *)',
    };
    return computed[name]?.(async (parameter) => ({ ...defaults, ...given })[parameter] ?? '') ?? Promise.reject(name);
  }

  it.each([
    [
      { runEveryDays: '1', schedule: 'cron(0 6 ? * MON-FRI *)' },
      /^runEveryDays is 1, but up to 3 days .* schedule cron.*: give 3$/,
    ],
    [{ runEveryDays: '3' }, /^runEveryDays is 3, but up to a day lies .*: give 1$/],
    [
      { runEveryDays: '7', schedule: 'rate(10 days)' },
      /^schedule is rate\(10 days\): up to 10 days .* at most 7 .*runEveryDays/,
    ],
    [{ schedule: 'cron(0 6 L * ? *)' }, /^schedule is cron\(0 6 L \* \? \*\): up to 31 days .* at most 7 /],
    [{ schedule: 'at(2027-01-01T00:00:00)' }, /^schedule is at\(2027-.*\): it runs once, .*runEveryDays/],
    [{ runEveryDays: '8' }, /^runEveryDays is 8: must be at most 7$/],
    [{ runEveryDays: 'daily' }, /^runEveryDays is daily: must be a whole number/],
  ])('refuses %j', async (given, sentence) => {
    await expect(compute('hoursWithoutRun', given)).rejects.toThrow(sentence);
    await expect(compute('overdueDays', given)).rejects.toThrow(sentence);
  });

  it('lets pass what it cannot judge, with a note', async () => {
    const note = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(await compute('hoursWithoutRun', { runEveryDays: '2', schedule: 'cron(0 6 * * ? 2027)' })).toBe(50);
    expect(note.mock.calls).toEqual([
      ['Note: whether runEveryDays 2 fits schedule cron(0 6 * * ? 2027) cannot be judged.'],
    ]);
    note.mockRestore();
  });

  it('names every reader, whichever form it was given in', async () => {
    const [ci, auditor] = ['arn:aws:iam::111122223333:role/ci-*', 'arn:aws:iam::111122223333:user/auditor'];
    const readerArns = JSON.stringify([ci, { arn: auditor, paths: ['/people/'] }]);
    expect(await compute('readers', { readerArns })).toEqual([ci, auditor]);
    expect([await compute('hasReaders', { readerArns }), await compute('hasReaders', { readerArns: '[ ]' })]).toEqual([
      'true',
      'false',
    ]);
  });

  it.each(['readers', 'hasReaders'])('refuses a reader that is none: %s', async (name) => {
    await expect(compute(name, { readerArns: '["eso-role"]' })).rejects.toThrow(/^readerArns is \["eso-role"\]: .*ARN/);
    await expect(compute(name, { readerArns: 'eso-role' })).rejects.toThrow(/^readerArns is eso-role: must be JSON$/);
  });

  it('never leaves root out of those who govern the keys', async () => {
    const administratorArns = '["arn:aws:iam::111122223333:role/admin"]';
    const deployerArn = 'arn:aws:iam::111122223333:role/pipeline';
    const root = { 'Fn::Sub': expect.stringMatching(/:root$/) };
    expect(await compute('governors', { administratorArns })).toEqual(['arn:aws:iam::111122223333:role/admin', root]);
    expect(await compute('governors', { administratorArns, deployerArn })).toContain(deployerArn);
  });
});
