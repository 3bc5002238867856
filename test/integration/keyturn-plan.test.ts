// cli/commands/plan.ts, cli/commands/status.ts, cli/preview-accounts.ts, cli/preview.ts, cli/report.ts, cli/settings-from.ts,
// cli/html/page.ts, shared/aws/plan-users.ts

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, test } from 'vitest';
import { outputs, type PlanOutput, type StatusOutput } from '../../cli/output.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { cast } from '../../local/demo/cast.ts';
import { addCharacter } from '../../local/host/set-up.ts';
import { type Accounts, startAccounts } from '../support/accounts.ts';
import { golden } from '../support/golden.ts';
import { type Finished, type RunOptions, runCommand } from '../support/run-command.ts';
import { runOnce } from '../support/runs.ts';
import { setSigned } from '../support/signed.ts';
import { createWorld, DAY, type World } from '../support/world.ts';

const folder = join(import.meta.dirname, 'golden');

const open: Accounts[] = [];
afterEach(async () => {
  for (const accounts of open.splice(0)) await accounts.close();
});

async function start(world: World, isDeployed = false, before?: BeforeCall): Promise<Accounts> {
  const accounts = await startAccounts([world.aws], before);
  open.push(accounts);
  if (isDeployed) {
    accounts.deployed.set(world.aws.accountId, { 'keyturn-dev-scheduled-rotation': world.environment });
  }
  // AWS makes its report meanwhile.
  world.aws.onCall(({ operation }) => {
    if (operation === 'GenerateCredentialReport') world.aws.clock.advance(1_500);
  });
  return accounts;
}

interface Setting extends Partial<RunOptions> {
  isDeployed?: boolean;
  before?: BeforeCall;
}

async function keyturn(world: World, args: readonly string[], setting: Setting = {}): Promise<Finished> {
  const { isDeployed, before, ...options } = setting;
  const accounts = await start(world, isDeployed, before);
  return runCommand(accounts, args, { now: world.aws.clock.now(), ...options });
}

/** Some of the demo's users, and one with a name of 64 letters. */
function someUsers(): World {
  const world = createWorld();
  const names = ['alice', 'bob', 'erin', 'ivan', 'olivia', 'peggy', 'quinn', 'victor', 'ci,build=1'];
  for (const character of cast) if (names.includes(character.userName)) addCharacter(world.aws, character);
  const tags = { 'keyturn:owner': 'team-a' };
  world.aws.iam.addUser({ userName: `long-${'x'.repeat(59)}`, tags, keys: [{ ageDays: 300 }] });
  return world;
}

async function json<Output>(world: World, args: readonly string[], setting: Setting = {}): Promise<Output> {
  const { stdout } = await keyturn(world, [...args, '--json'], setting);
  const output: unknown = JSON.parse(stdout);
  const [command] = args;
  return (command === 'status' ? outputs.status : outputs.plan).parse(output) as Output;
}

describe('how a plan looks', () => {
  it.each([
    ['80', { columns: 80 }],
    ['200', { columns: 200 }],
    ['pipe', {}],
  ])('plan, %s', async (name, options) => {
    const { code, stdout, stderr } = await keyturn(someUsers(), ['plan', '--no-color', '--all'], options);
    const text = `${stdout}--- stderr\n${stderr}`;
    expect(text).toBe(golden(join(folder, `plan-${name}.txt`), text));
    expect(code).toBe(0);
  });

  it('for a ticket', async () => {
    const { stdout } = await keyturn(someUsers(), ['plan', '--markdown']);
    expect(stdout).toBe(golden(join(folder, 'plan.md.txt'), stdout));
  });

  it('as JSON, which the published schema describes', async () => {
    const { accounts } = await json<PlanOutput>(someUsers(), ['plan', '--all']);
    const text = JSON.stringify(
      accounts.map((account) => ({ ...account, runId: '-' })),
      undefined,
      2,
    );
    expect(JSON.parse(text)).toEqual(JSON.parse(golden(join(folder, 'plan.json'), `${text}\n`)));
  });

  it('a terminal of 80 columns has no longer line, and a pipe has every key ID whole', async () => {
    const world = createWorld();
    for (const character of cast) addCharacter(world.aws, character);
    const narrow = await keyturn(world, ['plan'], { columns: 80 });
    const [, table = ''] = narrow.stdout.split('\n\n');
    const plainText = stripVTControlCharacters(table);
    expect(plainText.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(plainText).toContain('…');
    const piped = await keyturn(world, ['plan']);
    const [, whole = ''] = piped.stdout.split('\n\n');
    expect(whole).not.toContain('…');
    expect(piped.stdout).not.toContain('\u001B');
    expect(narrow.stdout).toContain('\u001B[36missue');
  });

  it('without anybody due it says so', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'carol', keys: [{ ageDays: 5 }] });
    const { stdout, code } = await keyturn(world, ['plan', '--detailed-exitcode']);
    expect(stdout).toBe(
      'Account 111122223333 · 1 IAM user · 0 due\n\nNothing was changed. A run with these settings would change nothing.\n',
    );
    expect(code).toBe(0);
  });
});

describe('as a page', () => {
  it('needs nothing but itself, and says what it assumes', async () => {
    const { stdout } = await keyturn(someUsers(), ['plan', '--html']);
    expect(stdout).toMatch(/^<!doctype html>/);
    expect(stdout).toMatch(/content="default-src 'none'; style-src 'sha256-[\w+/=]{44}'"/);
    expect(stdout).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|style="|\son\w+="|@import|url\((?!#)|https?:/);
    expect(stdout).toContain('It is assumed that:');
    expect(stdout).toContain('owners use a new key from the day after it is issued');
    for (const userName of ['bob', 'victor', 'ivan']) expect(stdout).toContain(`<td>${userName}</td>`);
    expect(stdout).toMatch(/2026-01-01 issue \(due\): .*alice/);
    expect(stdout).toMatch(/2026-01-12 deactivate \(grace-over\)/);
    // Its keys are only foreseen.
    expect(stdout).not.toContain('AKIAFORESEEN');
  });

  it('shows a name as it is, whatever is in it', async () => {
    const world = createWorld();
    const tags = { 'keyturn:owner': '"><img src=x onerror=alert(2)>', 'keyturn:unknown': '<b>' };
    world.aws.iam.addUser({ userName: '<script>alert(1)</script>', keys: [{ ageDays: 95 }] });
    world.aws.iam.addUser({ userName: 'bob', tags, keys: [{ ageDays: 95 }] });
    const { stdout } = await keyturn(world, ['plan', '--html']);
    expect(stdout).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(stdout).not.toMatch(/<script|<img|<b>/);
    // Every tag that was opened is closed: nothing of what was given is one.
    const opened = [...stdout.matchAll(/<([a-z]+\d?)\b[^>]*?(\/?)>/g)].filter(([, name = '', end]) => {
      return end === '' && !['meta', 'br'].includes(name);
    });
    expect(opened.length).toBe([...stdout.matchAll(/<\/[a-z]+\d?>/g)].length);
  });
});

describe('whom a plan is about', () => {
  const names = ({ accounts }: PlanOutput) => accounts.flatMap(({ users }) => users.map(({ userName }) => userName));

  it('users by name, due or not; those of an owner; those of a reason', async () => {
    expect(names(await json(someUsers(), ['plan', 'bob', 'alice']))).toEqual(['alice', 'bob']);
    expect(names(await json(someUsers(), ['plan', '--owner', 'team-a']))).toEqual([`long-${'x'.repeat(59)}`]);
    expect(names(await json(someUsers(), ['plan', '--reason', 'slots-taken']))).toEqual(['olivia']);
  });

  it.each([
    [['plan', 'alisa'], /^user: there is no IAM user alisa in account 111122223333\. Check the name/m],
    [['plan', 'a b'], /^user: "a b" is no name of an IAM user\./m],
    [['plan', '--reason', 'whatever'], /^--reason: there is no "whatever"\. `keyturn explain` lists all/m],
    [['plan', '--json', '--markdown'], /^--json and --markdown exclude each other: give one of them\./m],
    [['plan', '--set', 'maxAge=1'], /^--set maxAge: there is no such setting\. There are: enforce, /m],
    [['plan', '--set', 'x'], /^--set x: write name=value, as in --set maxAccessKeyAgeDays=60\./m],
    [['plan', '--set', 'graceDays=soon'], /--set graceDays is "soon": must be a number/],
  ])('%s is wrong usage, and says what is right', async (args, sentence) => {
    const { code, stdout, stderr } = await keyturn(someUsers(), args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(sentence);
  });

  it.each([
    ['act', 2, ['plan', 'alice']],
    ['blocked', 3, ['plan']],
    ['unchanged', 0, ['plan', 'bob']],
    ['act', 2, ['status', 'alice']],
  ])('%s ends with %i where that is asked for', async (_, code, args) => {
    expect((await keyturn(someUsers(), [...args, '--detailed-exitcode'])).code).toBe(code);
    expect((await keyturn(someUsers(), args)).code).toBe(0);
  });
});

describe('where settings come from', () => {
  const saying = async (setting: Setting, ...args: string[]): Promise<string | undefined> =>
    (await keyturn(createWorld(), ['plan', ...args], setting)).stderr.split('\n')[0];

  it('says which', async () => {
    expect(await saying({})).toBe('Settings: defaults (no deployment "dev" found in eu-west-1).');
    expect(await saying({ isDeployed: true })).toBe('Settings of the deployment keyturn-dev in eu-west-1.');
    const environment = { KEYTURN_GRACE_DAYS: '5' };
    expect(await saying({ isDeployed: true, environment }, '--set', 'unusedDays=30')).toBe(
      'Settings of the deployment keyturn-dev in eu-west-1; from the environment: KEYTURN_GRACE_DAYS; by --set: unusedDays.',
    );
  });

  it('the nearest source wins', async () => {
    const world = createWorld({ environment: { KEYTURN_GRACE_DAYS: '4', KEYTURN_QUIET_DAYS: '1' } });
    const environment = { KEYTURN_GRACE_DAYS: '5', KEYTURN_UNUSED_DAYS: '50' };
    const args = ['plan', '--set', 'unusedDays=40'];
    const { accounts } = await json<PlanOutput>(world, args, { environment, isDeployed: true });
    expect(accounts[0]?.settings).toMatchObject({ from: 'deployment', graceDays: 5, quietDays: 1, unusedDays: 40 });
  });

  it.each<[Setting, Record<string, string>, RegExp]>([
    [{ environment: { KEYTURN_GRACE_DAYS: 'x' } }, {}, /KEYTURN_GRACE_DAYS in the environment is "x"/],
    [
      { isDeployed: true },
      { KEYTURN_GRACE_DAYS: 'x' },
      /KEYTURN_GRACE_DAYS of function keyturn-dev-scheduled-rotation is "x"/,
    ],
  ])('a value that does not parse names its source', async (setting, environment, sentence) => {
    const { code, stderr } = await keyturn(createWorld({ environment }), ['plan'], setting);
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(sentence) });
  });
});

describe('who would hear of it', () => {
  const about = async (world: World, setting: Setting = {}) => {
    const [account] = (await json<PlanOutput>(world, ['plan'], { isDeployed: true, ...setting })).accounts;
    const { plan: [step] = [], subscriptions, notes } = account ?? {};
    return { subscriptions, notes, action: step?.action, reason: step?.reason };
  };
  const due = (emails?: string[]): World => {
    const world = createWorld(emails === undefined ? {} : { emails });
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
    return world;
  };
  const refusing =
    (...operations: string[]): BeforeCall =>
    ({ operation }) =>
      operations.includes(operation) ? { kind: 'error', status: 403, code: 'AuthorizationError' } : undefined;

  it('is read where it may be', async () => {
    expect(await about(due())).toEqual({ subscriptions: 'read', notes: [], action: 'issue', reason: 'due' });
    expect(await about(due([]))).toMatchObject({ subscriptions: 'read', action: 'none', reason: 'no-subscription' });
  });

  it('is counted where filters may not be read, as SecurityAudit has it', async () => {
    const counted = await about(due(), { before: refusing('GetSubscriptionAttributes') });
    expect(counted).toMatchObject({ subscriptions: 'counted', action: 'issue' });
    expect(counted.notes?.[0]).toMatch(/allow sns:ListSubscriptionsByTopic and sns:GetSubscriptionAttributes/);
  });

  it('is assumed where nobody may ask, and where there is no topic', async () => {
    const before = refusing('ListSubscriptionsByTopic', 'GetTopicAttributes');
    const denied = await about(due([]), { before });
    expect(denied).toMatchObject({ subscriptions: 'assumed', action: 'issue' });
    expect(denied.notes).toEqual([expect.stringMatching(/may not be read: .* assumes that someone has subscribed\.$/)]);
    const none = await about(due([]), { isDeployed: false });
    expect(none).toMatchObject({ subscriptions: 'assumed', action: 'issue' });
  });
});

test('explain as JSON is what the published schema describes', async () => {
  const { stdout } = await keyturn(createWorld(), ['explain', '--json']);
  expect(Object.keys(outputs.explain.parse(JSON.parse(stdout)).reasons)).toContain('due');
});

test('one user who cannot be read is named with the permission, and the others are planned', async () => {
  const before: BeforeCall = ({ operation, input }) =>
    operation === 'GetUser' && input.UserName === 'alice'
      ? { kind: 'error', status: 403, code: 'AccessDenied' }
      : undefined;
  const { code, stdout, stderr } = await keyturn(someUsers(), ['plan'], { before });
  expect(code).toBe(77);
  expect(stderr).toMatch(
    /^alice: .*Add iam:GetUser on that resource to the policy of the credentials of the environment\.$/m,
  );
  expect(stdout).toMatch(/^erin /m);
});

describe('status', () => {
  async function rotated(): Promise<World> {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', tags: { 'keyturn:owner': 'team-a' }, keys: [{ ageDays: 90 }] });
    await runOnce(world);
    world.aws.clock.advance(3 * DAY);
    return world;
  }

  it('shows keys, secret, grace period, and what the planner waits for', async () => {
    const { stdout } = await keyturn(await rotated(), ['status', 'alice'], { isDeployed: true });
    expect(stdout).toBe(golden(join(folder, 'status.txt'), stdout));
  });

  it('as JSON, which the published schema describes', async () => {
    const { accounts } = await json<StatusOutput>(await rotated(), ['status', 'alice'], { isDeployed: true });
    const text = JSON.stringify(accounts, undefined, 2).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '-');
    expect(JSON.parse(text)).toEqual(JSON.parse(golden(join(folder, 'status.json'), `${text}\n`)));
  });

  it('without a name is about everybody who has a key or a secret', async () => {
    const world = someUsers();
    world.aws.iam.addUser({ userName: 'nobody' });
    const { accounts } = await json<StatusOutput>(world, ['status']);
    const names = accounts.flatMap(({ users }) => users.map(({ userName }) => userName));
    expect(names).toContain('bob');
    expect(names).not.toContain('nobody');
  });

  it('what others wrote into a tag steers no terminal', async () => {
    const world = await rotated();
    const [user] = world.aws.iam.users();
    await setSigned(world, user?.userId ?? '', { confirmed: 'x\u001B[2Jy' });
    const { stdout } = await keyturn(world, ['status', 'alice'], { isDeployed: true });
    expect(stdout).not.toContain('\u001B');
  });
});

test('1,000 users of whom nothing is due cost at most 40 calls', async () => {
  const world = createWorld();
  for (let n = 0; n < 1_000; n++) world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 10 }] });
  const accounts = await start(world);
  const { code, stdout } = await runCommand(accounts, ['plan'], { now: world.aws.clock.now() });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('1000 IAM users · 0 due') });
  expect(world.aws.calls.length + accounts.others.length).toBeLessThanOrEqual(40);
});

test('only calls of the published table are made, none of which changes anything', async () => {
  const world = await (async () => {
    const made = createWorld({ environment: { KEYTURN_EXEMPT_GROUPS: '["admins"]' } });
    for (const character of cast) addCharacter(made.aws, character);
    await runOnce(made);
    return made;
  })();
  const table = readFileSync(new URL('../../docs/cli-permissions.md', import.meta.url), 'utf8');
  const allowed = [...table.matchAll(/`(\w+:\w+)`/g)].map(([, action]) => action);
  const from = world.aws.calls.length;
  await keyturn(world, ['plan', '--all'], { isDeployed: true });
  await keyturn(world, ['status'], { isDeployed: true });
  const made = world.aws.calls.slice(from);
  const names = [...new Set(made.map(({ service, operation }) => `${service}:${operation}`))];
  expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
  expect(names).toContain('iam:ListGroupsForUser');
  expect(made.filter(({ mutating }) => mutating)).toEqual([]);
});
