// cli/commands/advise.ts, cli/advise/evidence.ts, cli/advise/needs.ts, local/aws/iam/last-accessed.ts

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { outputs } from '../../cli/output.ts';
import { type Accounts, startAccounts } from '../support/accounts.ts';
import { type RunOptions, runCommand } from '../support/run-command.ts';
import { createWorld, DAY, type World } from '../support/world.ts';

const open: Accounts[] = [];
afterEach(async () => {
  for (const accounts of open.splice(0)) await accounts.close();
});

/** A key that is never used, one of GitHub Actions, one of a person, and one that is Inactive. */
function someKeys(): World {
  const world = createWorld();
  const { iam, cloudTrail, clock } = world.aws;
  const lastUsed = { at: clock.now() - DAY, service: 's3', region: 'us-east-1' };
  iam.addUser({ userName: 'old-report', keys: [{ ageDays: 640 }] });
  const { keys } = iam.addUser({
    userName: 'ci-shop',
    policies: ['ReadOnlyAccess'],
    keys: [{ ageDays: 40, lastUsed }],
  });
  iam.addUser({
    userName: 'alice',
    passwordEnabled: true,
    mfaActive: true,
    groups: ['staff'],
    keys: [{ ageDays: 9, lastUsed }],
  });
  iam.addUser({ userName: 'gone', keys: [{ ageDays: 300, status: 'Inactive' }] });
  const event = {
    accessKeyId: keys[0]?.accessKeyId ?? '',
    eventName: 'ListBuckets',
    eventSource: 's3.amazonaws.com',
    sourceIp: '203.0.113.7',
    userAgent: 'configure-aws-credentials-for-github-actions \u001B[31mred\n',
  };
  cloudTrail.addEvent({ ...event, at: clock.now() - 13 * DAY });
  cloudTrail.addEvent({ ...event, at: clock.now() - 20 * DAY, userAgent: 'HashiCorp/1.0 Terraform/1.14' });
  return world;
}

async function advise(world: World, args: readonly string[] = [], options: Partial<RunOptions> = {}) {
  const accounts = await startAccounts([world.aws]);
  open.push(accounts);
  world.aws.onCall(({ operation }) => {
    if (operation === 'GenerateCredentialReport' || operation === 'LookupEvents') world.aws.clock.advance(1_500);
  });
  return runCommand(accounts, ['advise', ...args], { now: world.aws.clock.now(), ...options });
}

const documentOf = (stdout: string) => outputs.advise.parse(JSON.parse(stdout)).accounts[0];

describe('keyturn advise', () => {
  it('says of every user with an active key what to do instead', async () => {
    const { code, stdout, stderr } = await advise(someKeys());
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['USER', 'SURE', 'DO INSTEAD', 'BECAUSE'],
      [
        'alice',
        'likely',
        '`aws login` (AWS CLI 2.32 or later), or Identity Center for several accounts',
        'has a password and MFA',
      ],
      ['ci-shop', 'guess', 'keep and rotate it; narrow the policy to what was used', 'nothing else fits'],
      [
        'old-report',
        'sure',
        expect.stringMatching(/^keyturn retire old-report --access-key-id AKIA/),
        'never used in 640 days',
      ],
      [''],
    ]);
    expect(stderr).toContain('--cloudtrail');
  });

  it('knows more with CloudTrail: of the days asked for, in the Region of the last use', async () => {
    const { code, stdout } = await advise(someKeys(), ['ci-shop', '--cloudtrail']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ci-shop +likely +an OIDC role for GitHub Actions.* user agent configure-aws-\S+, 1 call\n/);
    expect(stdout).toContain('ci-shop: a role would need s3 (ListBuckets)\n');
    expect(stdout).not.toContain('\u001B');
    const later = await advise(someKeys(), ['ci-shop', '--cloudtrail', '--days', '30', '--json']);
    const user = documentOf(later.stdout)?.users[0];
    expect(user?.advice.map(({ rule }) => rule)).toEqual(['github-actions', 'terraform', 'none-of-these']);
    expect(user?.roleNeeds).toEqual([{ service: 's3', actions: ['ListBuckets'] }]);
  });

  it('leaves out what is less certain than --min, and all that is said of it', async () => {
    const { stdout } = await advise(someKeys(), ['--min', 'likely', '--json']);
    expect(documentOf(stdout)?.users.map(({ userName, advice }) => [userName, advice[0]?.rule])).toEqual([
      ['alice', 'person'],
      ['old-report', 'unused'],
    ]);
  });

  it('tells of a key of the root user first', async () => {
    const world = someKeys();
    world.aws.iam.setRootKey(true);
    const { stdout } = await advise(world);
    expect(stdout.split('\n')[1]).toMatch(/^<root_account> +sure +delete it today/);
  });

  it('makes no call but those of its table, and changes nothing', async () => {
    const world = someKeys();
    const table = readFileSync('docs/cli-permissions.md', 'utf8');
    const rows = table.split('\n').filter((line) => /^\| (all|.*`advise`)/.test(line));
    const allowed = [...rows.join('\n').matchAll(/`(\w+:\w+)`/g)].map(([, action]) => action);
    await advise(world, ['--cloudtrail']);
    const names = [...new Set(world.aws.calls.map(({ service, operation }) => `${service}:${operation}`))];
    expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(names).toContain('iam:GenerateServiceLastAccessedDetails');
  });

  it('what may not be read is said, and the rest stands', async () => {
    const world = someKeys();
    const accounts = await startAccounts([world.aws], ({ operation }) => {
      if (operation === 'GenerateCredentialReport') world.aws.clock.advance(1_500);
      if (operation !== 'LookupEvents' && operation !== 'GenerateServiceLastAccessedDetails') return undefined;
      return { kind: 'error', status: 403, code: 'AccessDenied', message: 'no' };
    });
    open.push(accounts);
    const { code, stdout, stderr } = await runCommand(accounts, ['advise', '--cloudtrail'], {
      now: world.aws.clock.now(),
    });
    expect(code).toBe(77);
    expect(stdout).toContain('old-report');
    expect(stderr).toContain('ci-shop: ');
  });

  it.each([[['nobody-of-that-name']], [['gone']], [['--days', '91']], [['--min', 'perhaps']]])(
    'refuses %j with 64',
    async (args) => {
      expect((await advise(someKeys(), args)).code).toBe(64);
    },
  );
});
