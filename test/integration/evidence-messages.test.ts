// shared/service/evidence-messages.ts, shared/core/messages/mfa-missing.ts, shared/core/messages/evidence.ts
import { describe, expect, test } from 'vitest';
import { createEvidenceCollector } from '../../functions/evidence-collector.ts';
import type { BeforeCall, LocalAws } from '../../local/aws/aws.ts';
import { keepRecord } from '../../shared/service/evidence-recorder.ts';
import { collect, createCollectorWorld, populate, verifiedEvidence } from '../support/collector.ts';
import { addEvidenceBucket, evidenceBucket, evidenceEnvironment } from '../support/evidence.ts';
import { createFleetWorld, lambda } from '../support/fleet-world.ts';
import { MEMBERS } from '../support/organization.ts';
import { DAY } from '../support/world.ts';

type Account = ReturnType<typeof createCollectorWorld>;
interface Told {
  attributes: Record<string, string>;
  document: Record<string, unknown>;
  email: string;
}

function setUp() {
  const account = createCollectorWorld();
  populate(account);
  return account;
}

function toldIn(aws: LocalAws, from = 0): Told[] {
  return aws.sns.published.slice(from).map(({ attributes, message }) => {
    const { default: document = '', email = '' } = message;
    return { attributes: { ...attributes }, document: JSON.parse(document), email };
  });
}

/** One more run, and what it told; its messages are kept as records unless nobody keeps them. */
async function run(account: Account, more: { before?: BeforeCall; keeps?: boolean; mfaMessages?: boolean } = {}) {
  const { before, keeps = true, mfaMessages = true } = more;
  const { world, settings } = account;
  const first = world.aws.sns.published.length;
  const collected = await collect(account, before, { mfaMessages }).catch((error: Error) => ({ error: error.message }));
  const told = toldIn(world.aws, first);
  for (const { message, messageId } of keeps ? world.aws.sns.published.slice(first) : []) {
    await keepRecord(world.runtime('evidence-recorder'), settings, { body: message.default ?? '', messageId });
  }
  const events = told.map(({ attributes }) => attributes.event);
  return { told, events, error: collected.error, ...('calls' in collected ? { calls: collected.calls } : {}) };
}

async function nextDay(account: Account, more: Parameters<typeof run>[1] = {}) {
  account.world.aws.clock.advance(DAY);
  return run(account, more);
}

const refused =
  (event: string): BeforeCall =>
  (call) =>
    call.operation === 'Publish' && JSON.stringify(call.input).includes(event)
      ? { kind: 'error', status: 403, code: 'AuthorizationError' }
      : undefined;
const crash =
  (kind: 'crash-before' | 'crash-after', isAt: (operation: string, input: string) => boolean): BeforeCall =>
  ({ operation, input }) =>
    isAt(operation, JSON.stringify(input)) ? { kind } : undefined;
const atDigest = (operation: string, input: string) => operation === 'PutObject' && input.includes('/chain/');

describe('the message about a run', () => {
  test('says what changed and where the chain ends, is kept as a record, and goes to nobody by name', async () => {
    const account = setUp();
    const { told, events } = await run(account);
    expect(events).toEqual(['mfa-missing', 'evidence']);
    const chain = account.world.aws.s3.versions(evidenceBucket).filter(({ key }) => key.includes('/chain/'));
    expect(told[1]?.attributes).toEqual({ accountId: '111122223333', event: 'evidence', severity: 'warning' });
    const { head, changes } = told[1]?.document ?? {};
    expect(head).toEqual({ key: chain[0]?.key, sequence: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(changes).toContainEqual(expect.objectContaining({ control: 'mfa-console', resource: 'bob', to: 'fail' }));
    expect(told[1]?.email).toMatch(/keyturn verify s3:\/\/keyturn-test-evidence --head 111122223333\/1:[0-9a-f]{64}\n/);
    const records = account.world.aws.s3.versions(evidenceBucket).filter(({ key }) => key.includes('/records/'));
    expect(records.map(({ key }) => key.replace(/.*\/|_2026.*/g, ''))).toEqual([
      expect.stringMatching(/^mfa-missing_AIDA/),
      'evidence_account',
    ]);
    account.world.aws.clock.advance(DAY);
    await run(account);
    account.world.aws.clock.advance(2 * DAY);
    await run(account);
    const { verdicts } = verifiedEvidence(account.world.aws);
    expect(verdicts.filter(({ word }) => word !== 'NOT CHECKED' && word !== 'UNCHAINED' && word !== 'GAP')).toEqual([]);
  });

  test('comes when something has changed, and else once in a week', async () => {
    const account = setUp();
    await run(account);
    const events: (string | undefined)[] = [];
    for (let day = 1; day <= 7; day++) events.push(...(await nextDay(account, { mfaMessages: false })).events);
    expect(events).toEqual(['evidence']);
    const { aws } = account.world;
    const quietly = await run(account);
    expect(quietly.events).toEqual([]);
    aws.iam.addUser({ userName: 'eve', passwordEnabled: true });
    expect((await run(account, { mfaMessages: false })).told[0]?.document).toMatchObject({ changeCount: 1 });
    expect((await run(account)).events).toEqual([]);
  });

  test('says so each day on which something could not be read, before the run fails', async () => {
    const account = setUp();
    await run(account);
    const denied: BeforeCall = ({ operation }) =>
      operation === 'DescribeTrails' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
    for (const _ of [1, 2]) {
      const { told, error } = await nextDay(account, { before: denied });
      expect(error).toContain('is incomplete');
      expect(told.at(-1)?.document).toMatchObject({ isComplete: false, severity: 'warning', event: 'evidence' });
      expect(told.at(-1)?.email).toContain('INCOMPLETE');
    }
    expect((await nextDay(account)).told[0]?.document).toMatchObject({ isComplete: true });
  });

  test('says that the chain is not intact, also where it shows only when the chain grows', async () => {
    const account = setUp();
    await run(account);
    const { told } = await run(account, {
      before: ({ operation, input }) => {
        if (operation === 'PutObject' && String(input.Key).endsWith('/index.html'))
          account.world.aws.s3.put(evidenceBucket, '111122223333/chain/stray', 'x');
        return undefined;
      },
    });
    expect(told.at(-1)?.document).toMatchObject({ isChainIntact: false, problemCount: 1 });
  });
});

describe('nothing is lost', () => {
  test.each<[string, { before?: BeforeCall; keeps?: boolean }]>([
    [
      'the run dies before the message',
      { before: crash('crash-before', (operation, input) => operation === 'Publish' && input.includes('evidence/')) },
    ],
    ['SNS refuses it', { before: refused('evidence/') }],
    ['nobody kept it', { keeps: false }],
  ])('where %s, the next run repeats it, and the one after does not', async (_, more) => {
    const account = setUp();
    await run(account, { mfaMessages: false });
    account.world.aws.iam.addUser({ userName: 'eve', passwordEnabled: true });
    const failed = await nextDay(account, { mfaMessages: false, ...more });
    expect(failed.error === undefined).toBe(more.keeps === false);
    const again = await nextDay(account, { mfaMessages: false });
    expect(again.told[0]?.document).toMatchObject({ changes: [{ resource: 'eve', isWorse: true }] });
    expect(again.told[0]?.email).toContain('There is no record of the message of the run before.');
    const { email = '' } = (await nextDay(account, { mfaMessages: false })).told[0] ?? {};
    expect(email).not.toContain('eve');
  });

  test.each(['crash-before', 'crash-after'] as const)('where a run dies of its digest (%s)', async (kind) => {
    const account = setUp();
    const died = await run(account, { before: crash(kind, atDigest) });
    expect(died.events).toEqual(['mfa-missing']);
    const { told } = await nextDay(account);
    // A digest that was put has said who was told.
    const expected = kind === 'crash-before' ? ['mfa-missing', 'evidence'] : ['evidence'];
    expect(told.map(({ attributes }) => attributes.event)).toEqual(expected);
    expect(told.at(-1)?.document.changes).toContainEqual(expect.objectContaining({ resource: 'bob', to: 'fail' }));
  });

  test('a run that SNS refuses has kept everything, fails, and its people are told by the next', async () => {
    const account = setUp();
    const { error, events } = await run(account, { before: refused('mfa-missing') });
    expect(error).toMatch(/^The evidence is kept, and was not told of\. Cannot call sns:Publish/);
    expect(events).toEqual(['evidence']);
    const [again] = (await nextDay(account)).told;
    expect(again?.document).toMatchObject({ event: 'mfa-missing', userName: 'bob', since: '2026-01-02' });
    expect((await nextDay(account)).events).not.toContain('mfa-missing');
  });
});

describe('the message to a person without MFA', () => {
  test('has the attributes by which teams filter, and when they signed in last', async () => {
    const account = createCollectorWorld();
    const { aws } = account.world;
    aws.iam.addUser({ userName: 'eve', passwordEnabled: true, tags: { 'keyturn:owner': 'team-a' } });
    aws.clock.advance(DAY);
    const [first] = (await run(account)).told;
    const owned = { userName: 'eve', accountId: '111122223333', event: 'mfa-missing', severity: 'warning' };
    expect(first?.attributes).toEqual({ ...owned, owner: 'team-a' });
    expect(first?.email).toMatch(/^Last sign-in: never$/m);
    expect(first?.email).toContain('https://console.aws.amazon.com/iam/home#/security_credentials');
  });

  test('says that the last sign-in is not known where AWS does not tell', async () => {
    const account = createCollectorWorld();
    account.world.aws.iam.addUser({ userName: 'eve', passwordEnabled: true });
    account.world.aws.clock.advance(60 * DAY);
    const { told } = await run(account, {
      before: ({ operation }) =>
        operation === 'GetUser' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined,
    });
    expect(told[0]?.email).toMatch(/^Last sign-in: unknown$/m);
  });

  test('is not sent where mfaMessages is off; the findings are the same', async () => {
    const { events, told } = await run(setUp(), { mfaMessages: false });
    expect(events).toEqual(['evidence']);
    expect(told[0]?.document).toMatchObject({ withoutMfa: [], withoutMfaCount: 0 });
  });

  test('is for 25 people a run; the message about the run names the others', async () => {
    const account = createCollectorWorld();
    for (let n = 0; n < 28; n++) account.world.aws.iam.addUser({ userName: `p${n}`, passwordEnabled: true });
    account.world.aws.clock.advance(DAY);
    const { events, told } = await run(account);
    expect(events.filter((event) => event === 'mfa-missing')).toHaveLength(25);
    const alone = told.slice(0, 25).map(({ document }) => document.userName);
    const { withoutMfa } = told.at(-1)?.document ?? {};
    expect([...alone, ...(Array.isArray(withoutMfa) ? withoutMfa : [])].length).toBe(28);
  });
});

test('about a member of a fleet the topic of the hub is told, with the name of the account', async () => {
  const world = createFleetWorld({ parameters: { Evidence: 'true' } });
  const { hub, organization } = world;
  const [member] = MEMBERS;
  const accountId = member?.accountId ?? '';
  organization.account(accountId).iam.addUser({ userName: 'bob', passwordEnabled: true });
  organization.account(accountId).cloudTrail.addTrail({ name: 'all' });
  organization.clock.advance(DAY);
  Object.assign(world.environment, evidenceEnvironment(addEvidenceBucket(hub)));
  const collector = createEvidenceCollector(world.runtime('evidence-collector'));
  await lambda(world, 'evidence-collector', collector)({ accountId });
  const told = toldIn(hub);
  expect(told.map(({ document }) => [document.event, document.accountId, document.accountName])).toEqual([
    ['mfa-missing', accountId, member?.name],
    ['evidence', accountId, member?.name],
  ]);
  expect(organization.account(accountId).sns.published).toEqual([]);
});
