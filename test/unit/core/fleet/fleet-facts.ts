import type { FleetFacts } from '../../../../shared/core/fleet/fleet-digest.ts';
import type { FanOutMessage, ResultMessage } from '../../../../shared/core/fleet/messages.ts';

export const RUN_ID = '2026-12-01T06:00:00.000Z';

/** An account in which all went well, and nothing happened. */
export function resultOf(accountId: string, given: Partial<ResultMessage> = {}): ResultMessage {
  return {
    schemaVersion: 1,
    runId: RUN_ID,
    kind: 'result',
    accountId,
    path: 'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/',
    name: `account-${accountId.slice(-4)}`,
    dryRun: false,
    at: Date.parse('2026-12-01T06:05:00Z'),
    status: 'scanned',
    usersScanned: 0,
    enqueued: 0,
    skipped: {},
    rotated: 0,
    deactivated: 0,
    deleted: 0,
    postponed: 0,
    blocked: 0,
    failed: 0,
    underWay: 0,
    due: 0,
    activeRootKeys: 0,
    exemptWithDate: 0,
    exemptWithoutDate: 0,
    secretsWithoutUser: 0,
    errors: [],
    errorCount: 0,
    ...given,
  };
}

export function fanOutOf(given: Partial<FanOutMessage> = {}): FanOutMessage {
  return {
    schemaVersion: 1,
    runId: RUN_ID,
    kind: 'fan-out',
    startedAt: Date.parse('2026-12-01T06:00:02Z'),
    selected: 0,
    skipped: {},
    unsent: [],
    ...given,
  };
}

/** A fleet in which each of these accounts belongs and has answered. */
export function factsOf(accountIds: readonly string[], given: Partial<FleetFacts> = {}): FleetFacts {
  return {
    organizationId: 'o-a1b2c3d4e5',
    accountId: '999900001111',
    runId: RUN_ID,
    at: Date.parse('2026-12-01T10:00:00Z'),
    fanOut: fanOutOf({ selected: accountIds.length }),
    results: accountIds.map((accountId) => resultOf(accountId)),
    selected: accountIds.map((accountId) => ({ accountId, name: `account-${accountId.slice(-4)}` })),
    skipped: {},
    waves: [],
    coveredBefore: [],
    errors: [],
    unreadable: 0,
    ...given,
  };
}
