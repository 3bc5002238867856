// Tests of shared/core/fleet/fleet-digest.ts, shared/core/fleet/attention.ts and shared/core/fleet/fleet-digest-message.ts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { attentionOf } from '../../../../shared/core/fleet/attention.ts';
import { addUp, coveredNow, type FleetFacts, lastResults } from '../../../../shared/core/fleet/fleet-digest.ts';
import { buildFleetDigestMessage } from '../../../../shared/core/fleet/fleet-digest-message.ts';
import type { ResultMessage } from '../../../../shared/core/fleet/messages.ts';
import { golden } from '../../../support/golden.ts';
import { factsOf, fanOutOf, RUN_ID, resultOf } from './fleet-facts.ts';

const [A, B, C] = ['111122223333', '222233334444', '333344445555'] as const;
const schema = z.fromJSONSchema(
  z
    .record(z.string(), z.json())
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../../../docs/message.schema.json'), 'utf8'))),
);

const build = (facts: FleetFacts) => buildFleetDigestMessage(addUp(facts));

/** A fleet that has something of everything. */
const busy = factsOf([A, B, C], {
  results: [
    resultOf(A, {
      name: 'payments-prod',
      wave: 'canary',
      usersScanned: 200,
      enqueued: 9,
      rotated: 4,
      blocked: 2,
      underWay: 6,
      oldestActiveKeyDays: 1_204.6,
      oldestActiveKeyUser: 'svc-backup',
      activeRootKeys: 1,
    }),
    resultOf(B, {
      name: 'legacy-erp',
      status: 'refused',
      reason: 'trust-changed',
      trust: ['the trust of keyturn-rotate has no ExternalId'],
    }),
  ],
  fanOut: fanOutOf({ selected: 3, skipped: { 'not-active': 3 } }),
  skipped: { 'not-active': 3, excluded: 1 },
  waves: [
    { name: 'canary', enforceFrom: Date.parse('2026-12-01T00:00:00Z'), isDryRun: false },
    { name: 'prod', isDryRun: true },
  ],
  coveredBefore: [
    { accountId: A, name: 'payments-prod', underWay: 6 },
    { accountId: '444455556666', name: 'sold', underWay: 2 },
  ],
});

describe('results of a run added up', () => {
  it('name every account that did not answer, and whoever has left', () => {
    const digest = addUp(busy);
    expect(digest.silent.map(({ accountId }) => accountId)).toEqual([C]);
    expect(digest.left).toEqual([{ accountId: '444455556666', name: 'sold', underWay: 2 }]);
    expect(digest.totals).toMatchObject({ usersScanned: 200, rotated: 4, blocked: 2, underWay: 6 });
  });

  it('call nobody silent without a record of the fan-out, and say so', () => {
    const { fanOut: _, ...facts } = busy;
    const { body, attributes } = build(facts);
    expect(addUp(facts).silent).toEqual([]);
    expect(body.email).toContain('The record of the fan-out of run');
    expect(attributes.severity).toBe('warning');
  });

  it('call nobody silent where the organization could not be listed, and say that, and nothing else', () => {
    const facts = { ...busy, isUnlisted: true, selected: busy.results, errors: ['Cannot call ListAccounts'] } as const;
    const { subject, body, attributes } = build(facts);
    expect(addUp(facts)).toMatchObject({ silent: [], left: [] });
    expect(body.email).toContain('The organization could not be listed: who did not answer, and who has left,');
    expect(body.email).not.toContain('fan-out');
    expect(body.email).toContain('2 of 3 accounts');
    expect(subject).toContain('silent unknown');
    expect(JSON.parse(body.default)).toMatchObject({
      accounts: { selected: 3, answered: 2, enqueued: 3 },
      message: expect.stringMatching(
        /^2 of 3 accounts [^;]*\. .*The organization could not be listed, so silent accounts are not known\.$/,
      ),
    });
    expect(attributes.severity).toBe('warning');
    const { fanOut: _, ...neither } = facts;
    expect(JSON.parse(build(neither).body.default).accounts).toEqual({
      selected: 2,
      answered: 2,
      skipped: busy.skipped,
    });
    // Whoever leaves on such a day is named by the next one.
    expect(coveredNow(addUp(facts)).map(({ accountId, underWay }) => [accountId, underWay])).toEqual(
      expect.arrayContaining([['444455556666', 2]]),
    );
  });

  it('count the last of several results of one account, and none of another run', () => {
    const first = resultOf(A, { rotated: 1, at: 1 });
    const last = resultOf(A, { rotated: 2, at: 2 });
    const other = resultOf(B, { runId: '2026-11-30T06:00:00.000Z' });
    for (const results of [
      [first, last, other],
      [last, first, other],
    ]) {
      expect(lastResults(results, RUN_ID)).toEqual([last]);
    }
  });

  it('count each wave, and whoever is in none as a dry run', () => {
    const results = [resultOf(A, { wave: 'canary', rotated: 3 }), resultOf(B, { due: 5, dryRun: true })];
    expect(addUp({ ...busy, results }).waveCounts).toEqual([
      {
        name: 'canary',
        enforceFrom: Date.parse('2026-12-01'),
        isDryRun: false,
        accounts: 1,
        rotated: 3,
        failed: 0,
        due: 0,
      },
      { name: 'prod', isDryRun: true, accounts: 0, rotated: 0, failed: 0, due: 0 },
      { name: '(no wave)', isDryRun: true, accounts: 1, rotated: 0, failed: 0, due: 5 },
    ]);
  });
});

describe('accounts that turned out not to belong', () => {
  it('are counted as left out, once, and are no dry run', () => {
    const results = [
      resultOf(A, { status: 'refused', reason: 'not-tagged' }),
      resultOf(B, { status: 'refused', reason: 'excluded' }),
      resultOf(C, { wave: 'canary' }),
    ];
    // B was excluded before the digest listed the organization, and is counted there.
    const facts = factsOf([A, C], {
      results,
      skipped: { excluded: 1 },
      coveredBefore: [{ accountId: A, name: 'a', underWay: 1 }],
    });
    expect(addUp(facts)).toMatchObject({
      results: [{ accountId: C }],
      selected: [{ accountId: C }],
      skipped: { excluded: 1, 'not-tagged': 1 },
      silent: [],
      left: [{ accountId: A, underWay: 1 }],
      waveCounts: [],
    });
  });
});

it('what was answered of an account that does not belong now is not added up', () => {
  const results = [resultOf(A, { usersScanned: 3 }), resultOf(B, { usersScanned: 5, rotated: 7, wave: 'canary' })];
  const digest = addUp(factsOf([A], { results, coveredBefore: [{ accountId: B, name: 'b', underWay: 2 }] }));
  expect([digest.results.length, digest.totals.usersScanned, digest.totals.rotated]).toEqual([1, 3, 0]);
  expect(digest.left).toMatchObject([{ accountId: B, underWay: 2 }]);
});

describe('what is to be looked at', () => {
  it.each([
    ['role-refused', { status: 'refused', reason: 'role-refused', errors: ['Cannot take keyturn-observe'] }],
    ['trust-changed', { status: 'refused', reason: 'trust-changed' }],
    ['own-deployment', { status: 'refused', reason: 'own-deployment' }],
    ['second-hub', { status: 'refused', reason: 'second-hub' }],
    ['joining', { status: 'refused', reason: 'joining' }],
    ['paused', { reason: 'paused' }],
    ['failed', { status: 'failed', reason: 'failed', errors: ['no report'] }],
    ['errors', { errorCount: 1, errors: ['bob: throttled'] }],
    ['unexpected-users', { isUnexpected: true, usersScanned: 7 }],
    ['unheard', { isUnheard: true }],
    ['root-keys', { activeRootKeys: 1 }],
    ['blocked', { blocked: 9 }],
    ['notes', { notes: ['A freeze until 2026-12-24.'] }],
    ['findings', { findings: ['No user has the group of exemptGroups.'] }],
    ['exempt-with-secret', { exemptWithSecretCount: 1, exemptWithSecret: ['break-glass'] }],
    ['secrets-without-user', { secretsWithoutUser: 2 }],
  ] satisfies [string, Partial<ResultMessage>][])('%s is named once', (kind, given) => {
    const attention = attentionOf(addUp(factsOf([A], { results: [resultOf(A, given)] })));
    expect(attention.map((each) => each.kind)).toEqual([kind]);
    expect(attention[0]?.accounts[0]).toMatch(/^111122223333 account-3333/);
  });

  it('names users with their reason, and says how many more there are', () => {
    const needsDecision = ['alice: unverified. Somebody changed the tags.', 'bob: too-many-keys. Delete one.'];
    const results = [
      resultOf(A, { blocked: 1, needsDecision, needsDecisionCount: 7 }),
      resultOf(B, { needsDecisionCount: 1, needsDecision: ['carol: exposed. Look.'] }),
    ];
    expect(attentionOf(addUp(factsOf([A, B], { results })))).toEqual([
      {
        kind: 'blocked',
        count: 2,
        message: '2 accounts with users who need a decision',
        accounts: [
          `${A} account-3333: alice: unverified. Somebody changed the tags.`,
          `${A} account-3333: bob: too-many-keys. Delete one.`,
          `${A} account-3333: 5 more; the log has all of them`,
          `${B} account-4444: carol: exposed. Look.`,
        ],
      },
    ]);
  });

  it('names secrets and exempt users as far as the result has them', () => {
    const results = [
      resultOf(A, { secretsWithoutUser: 2, secretNames: ['keyturn/A/x', 'keyturn/B/x'], exemptWithSecretCount: 3 }),
      resultOf(B, { secretsWithoutUser: 9, secretNames: ['keyturn/C/x'] }),
    ];
    expect(attentionOf(addUp(factsOf([A, B], { results }))).map(({ accounts }) => accounts)).toEqual([
      [`${A} account-3333: 3`],
      [`${A} account-3333: keyturn/A/x, keyturn/B/x`, `${B} account-4444: 9, among them keyturn/C/x`],
    ]);
  });

  it('is a warning if anybody was silent, and not if somebody is only joining', () => {
    expect(build(factsOf([A])).attributes.severity).toBe('info');
    expect(build(factsOf([A], { results: [] })).attributes.severity).toBe('warning');
    const joining = [resultOf(A, { status: 'refused', reason: 'joining' })];
    expect(build(factsOf([A], { results: joining })).attributes.severity).toBe('info');
  });
});

describe('the message', () => {
  it('reads as in its golden file, and its document conforms to the published schema', () => {
    const { subject, body, attributes } = build(busy);
    const text = `Subject: ${subject}\n\n${body.email}`;
    expect(text).toBe(golden(join(import.meta.dirname, 'golden/fleet-digest.txt'), text));
    const document: unknown = JSON.parse(body.default);
    expect(schema.parse(document)).toEqual(document);
    expect(document).toMatchObject({ scope: 'fleet', accounts: { selected: 3, answered: 2, enqueued: 3 } });
    expect(attributes).toEqual({ accountId: '999900001111', event: 'digest', severity: 'warning' });
  });

  it('stays below 256 KiB with 50,000 silent accounts with long names, and counts them all', () => {
    const accounts = Array.from({ length: 50_000 }, (_, n) => ({
      accountId: String(100_000_000_000 + n),
      name: 'ü'.repeat(200),
    }));
    const { subject, body, attributes } = build(factsOf([], { selected: accounts }));
    expect(Buffer.byteLength(subject + JSON.stringify(body) + JSON.stringify(attributes))).toBeLessThan(256 * 1_024);
    expect(JSON.parse(body.default).attention[0]).toMatchObject({ kind: 'silent', count: 50_000 });
    expect(body.email).toContain('and 49950 more');
  });

  it('stays below 256 KiB with 1,000 accounts that have something of everything', () => {
    const long = Array.from({ length: 5 }, () => '\u00fc'.repeat(200));
    const every: Partial<ResultMessage>[] = [
      ...['trust-changed', 'role-refused', 'own-deployment', 'second-hub', 'joining', 'paused'].map((reason) => ({
        reason,
      })),
      { status: 'failed', reason: 'failed' },
      { blocked: 5, errorCount: 1, isUnexpected: true, isUnheard: true, activeRootKeys: 1, trust: long },
      { exemptWithSecretCount: 5, secretsWithoutUser: 5 },
    ];
    const lists = {
      needsDecision: long,
      errors: long,
      notes: long,
      findings: long,
      secretNames: long,
      exemptWithSecret: long,
    };
    const results = Array.from({ length: 1_000 }, (_, n) =>
      resultOf(String(100_000_000_000 + n), { ...lists, name: 'n'.repeat(64), ...every[n % every.length] }),
    );
    const message = build(factsOf([], { results, selected: results }));
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(256 * 1_024);
    expect(JSON.parse(message.body.default).attention).toHaveLength(17);
  });

  it('lets no name of an account begin a line of its own', () => {
    const { body } = build(factsOf([A], { results: [], selected: [{ accountId: A, name: 'x\n    rm -rf /' }] }));
    expect(body.email).toContain('- 111122223333 x rm -rf /');
  });

  it('says that no account has answered yet', () => {
    expect(build(factsOf([A], { results: [] })).body.email).toContain('No account has answered yet.');
  });
});
