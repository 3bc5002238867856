// Tests of shared/core/fleet/messages.ts and shared/core/event-fields.ts.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRotateUserEvent, parseScheduledEvent, parseWorkMessage } from '../../../../shared/core/events.ts';
import {
  type AccountMessage,
  bodyOf,
  boundedResult,
  type CoveredMessage,
  countBy,
  parseAccountMessage,
  parseReported,
  parseTicket,
  runIdOf,
  scheduledAtOf,
  shownName,
} from '../../../../shared/core/fleet/messages.ts';
import { fanOutOf, resultOf } from './fleet-facts.ts';

const PATH = 'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/';
const account: AccountMessage = {
  schemaVersion: 1,
  runId: '2026-12-01T06:00:00.000Z',
  kind: 'account',
  accountId: '111122223333',
  path: PATH,
  name: 'payments-prod',
  dryRun: false,
  notAfter: Date.parse('2026-12-02T06:00:00Z'),
};

describe('the account message', () => {
  it('is read as it was sent', () => {
    const full = { ...account, joinedAt: 1_000, previousAt: 2_000, isManagement: true };
    expect(parseAccountMessage(bodyOf(full))).toEqual(full);
  });

  it.each([
    ['accountId', '12345678901', 'accountId: must be an account ID of 12 digits'],
    ['path', '/ou-ab12-11111111', 'path: must be a path of AWS Organizations'],
    ['notAfter', 'tomorrow', 'notAfter: must be an instant'],
    ['also', 1, 'Unrecognized key: "also"'],
  ])('is refused with a wrong %s', (field, value, because) => {
    const body = JSON.stringify({ ...JSON.parse(bodyOf(account)), [field]: value });
    expect(() => parseAccountMessage(body)).toThrow(because);
  });

  it('is refused without a limit of time, and if it is no JSON', () => {
    expect(() => parseAccountMessage(bodyOf({ ...account, notAfter: undefined as never }))).toThrow('notAfter');
    expect(() => parseAccountMessage('{')).toThrow('Cannot read the account message: its body is not JSON.');
  });
});

describe('what stands in the results queue', () => {
  it('is told apart by its kind', () => {
    const result = resultOf('111122223333');
    const covered: CoveredMessage = {
      schemaVersion: 1,
      runId: 'x',
      kind: 'covered',
      accounts: [{ accountId: '111122223333', name: 'a', underWay: 2 }],
    };
    for (const each of [result, fanOutOf({ unsent: ['111122223333'] }), covered]) {
      expect(parseReported(bodyOf(each))).toEqual(each);
    }
    expect(() => parseReported('{"kind":"account"}')).toThrow('Cannot read the result');
  });

  it('fits into 4 KB, whatever users and errors are called, and keeps its counts', () => {
    // Up to 2,000 characters, of which fast-check makes no more than 40.
    const anyText = fc
      .tuple(fc.string({ unit: 'binary', maxLength: 40, size: 'max' }), fc.nat(50))
      .map(([text, times]) => text.repeat(times));
    const given = fc.record({
      name: anyText,
      errors: fc.array(anyText, { maxLength: 9 }),
      trust: fc.array(anyText, { maxLength: 9 }),
      needsDecision: fc.array(anyText, { maxLength: 9 }),
      secretNames: fc.array(anyText, { maxLength: 9 }),
      exemptWithSecret: fc.array(anyText, { maxLength: 9 }),
      findings: fc.array(anyText, { maxLength: 9 }),
      notes: fc.array(anyText, { maxLength: 9 }),
    });
    fc.assert(
      fc.property(given, (each) => {
        const skipped = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`reason-${n}`, n]));
        const result = boundedResult({
          ...resultOf('111122223333'),
          ...each,
          skipped,
          usersScanned: 5_000,
          errorCount: 77,
        });
        expect(Buffer.byteLength(bodyOf(result))).toBeLessThanOrEqual(4_096);
        expect(parseReported(bodyOf(result))).toEqual(result);
        expect(result).toMatchObject({ usersScanned: 5_000, errorCount: 77 });
      }),
      { numRuns: 40 },
    );
  });

  it('names an account by one line', () => {
    expect(shownName('prod\n    aws iam delete-user')).toBe('prod aws iam delete-user');
    expect(shownName('n'.repeat(500))).toHaveLength(64);
  });
});

describe('a ticket', () => {
  it('is of a day', () => {
    expect(parseTicket('{"date":"2026-12-01","n":3}')).toEqual({ date: '2026-12-01', n: 3 });
    expect(() => parseTicket('{"date":"2026-02-31","n":3}')).toThrow('date: must be a date');
    expect(() => parseTicket('{"date":"2026-12-01","n":-1}')).toThrow('n:');
  });
});

describe('a run', () => {
  it('by a schedule is called by its time; by hand it is told to nobody', () => {
    const at = Date.parse('2026-12-01T06:00:00Z');
    expect(scheduledAtOf(runIdOf(at))).toBe(at);
    expect(scheduledAtOf('6f1b6a0e-0000-4000-8000-000000000000')).toBeUndefined();
  });

  it('counts reasons', () => {
    expect(countBy(['a', 'b', 'a'])).toEqual({ a: 2, b: 1 });
  });
});

describe('events of a fleet', () => {
  it('name an account', () => {
    expect(parseRotateUserEvent({ accountId: '111122223333', userName: 'alice' })).toMatchObject({
      accountId: '111122223333',
      userName: 'alice',
      asked: { action: 'plan' },
    });
    expect(parseScheduledEvent({ dryRun: true, accountId: '111122223333' })).toEqual({
      dryRun: true,
      accountId: '111122223333',
    });
    expect(parseScheduledEvent({ digest: true, scheduledAt: '2026-12-01T10:00:00Z' })).toMatchObject({ digest: true });
    expect(parseScheduledEvent({ check: true, accountId: '111122223333' })).toMatchObject({ check: true });
  });

  it.each([
    [{ check: true }, 'check: goes with the accountId'],
    [{ digest: true, dryRun: true }, 'digest: goes with scheduledAt alone'],
    [{ digest: true, accountId: '111122223333' }, 'digest: goes with scheduledAt alone'],
    [{ accountId: '111122223333', scheduledAt: '2026-12-01T06:00:00Z' }, 'accountId: does not go with scheduledAt'],
    [{ accountId: 111122223333 }, 'accountId'],
    [{ digest: false }, 'digest'],
  ])('are refused where fields do not go together: %j', (event, because) => {
    expect(() => parseScheduledEvent(event)).toThrow(because);
  });

  it('carry a path and a limit of time in messages about users', () => {
    const message = {
      schemaVersion: 1,
      accountId: '111122223333',
      userId: 'AIDA0000000000000000',
      userName: 'alice',
      origin: 'schedule',
      requestId: 'x',
      path: PATH,
      notAfter: '2026-12-02T06:00:00.000Z',
    };
    expect(parseWorkMessage(JSON.stringify(message))).toEqual(message);
    expect(() => parseWorkMessage(JSON.stringify({ ...message, path: 'ou' }))).toThrow('path: must be a path');
    expect(() => parseWorkMessage(JSON.stringify({ ...message, notAfter: 'x' }))).toThrow(
      'notAfter: must be an instant',
    );
  });
});
