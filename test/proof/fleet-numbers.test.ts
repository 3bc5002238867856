// The figures of docs/benchmarks.md that are promises, over a thousand accounts.
import { expect, it } from 'vitest';
import { liveIdleDay, MOST_CALLS, passesAtOnce } from '../bench/fleet.ts';

const ACCOUNTS = 1_000;
const USERS = 20;

it('a day on which nothing is due costs each of a thousand accounts no more calls than it may', async () => {
  const [fanOut, scans, digest] = await liveIdleDay(ACCOUNTS, USERS);
  // Two hundred users may be in an account, of whom each is read once in 30 days.
  expect(scans.calls.length / ACCOUNTS + (200 - USERS) / 30).toBeLessThanOrEqual(MOST_CALLS);
  for (const { calls } of [fanOut, digest]) expect(calls.length / ACCOUNTS).toBeLessThan(0.5);
});

it('in an account where everybody is due two passes begin at once', async () => {
  expect(await passesAtOnce(USERS)).toBe(2);
});
