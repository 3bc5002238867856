// cli/commands/fleet-adopt.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { answering, FLEET_STAGE, withFleetCli } from '../support/fleet-cli.ts';
import { HUB } from '../support/organization.ts';
import { rotateInMember } from '../support/rotated-member.ts';
import { keyturn, type Typing } from '../support/terminal.ts';

const LAB = '666677778888';
const cli = withFleetCli();
let asked: Record<string, unknown>[];

beforeEach(() => {
  asked = answering(cli.organization, 'rotate-user', ({ force, userName }) => {
    if (userName === 'odd')
      return { status: 'blocked', reason: 'secret-foreign', message: 'It differs.', dryRun: false };
    return force
      ? { status: 'changed', reason: 'adopted', message: `Signed for ${userName}.`, dryRun: false }
      : {
          status: 'unchanged',
          reason: 'adopted',
          message: `Would sign for ${userName}, once you pass force.`,
          dryRun: false,
        };
  });
});

function adopt(args: readonly string[], typing: Typing = {}) {
  const now = cli.organization.clock.now();
  const environment = cli.environmentOf(HUB);
  return keyturn(['fleet', 'adopt', '--account', LAB, '--stage', FLEET_STAGE, ...args], {
    environment,
    now,
    ...typing,
  });
}

describe('fleet adopt', () => {
  it('lists what would be signed, asks, and has the hub sign it', async () => {
    const ran = await adopt(['alice', 'bob'], { answers: [{ to: /Adopt the secrets/, keys: 'y' }] });
    expect(ran).toMatchObject({ code: 0, stdout: 'alice: Signed for alice.\nbob: Signed for bob.\n' });
    expect(ran.stderr).toContain('alice: Would sign for alice');
    expect(ran.stderr).toContain(`Adopt the secrets of 2 users in account ${LAB}, by the hub in`);
    expect(ran.stderr).toContain(
      `Next: remove the stack of that account, then keyturn fleet check --account ${LAB} --stage test`,
    );
    const event = { accountId: LAB, action: 'adopt' };
    expect(asked).toEqual([
      { ...event, userName: 'alice' },
      { ...event, userName: 'bob' },
      { ...event, userName: 'alice', force: true },
      { ...event, userName: 'bob', force: true },
    ]);
  });

  it('signs nothing when it is told no, and never what the hub refuses', async () => {
    const no = await adopt(['alice'], { answers: [{ to: /Adopt the secrets/, keys: 'n' }] });
    expect(no).toMatchObject({ code: 1, stdout: '' });
    const ran = await adopt(['alice', 'odd', '--yes', '--json']);
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.stdout).users).toEqual([
      { userName: 'alice', status: 'changed', message: 'Signed for alice.' },
      { userName: 'odd', status: 'blocked', message: 'It differs.' },
    ]);
    expect(asked.filter(({ force }) => force)).toEqual([
      { accountId: LAB, action: 'adopt', userName: 'alice', force: true },
    ]);
  });

  it('finds the users who have a secret with a profile of the account', async () => {
    cli.organization.account(LAB).iam.addUser({ userName: 'quiet', keys: [{ ageDays: 10 }] });
    await rotateInMember(cli.organization, LAB, 'alice');
    const there = cli.environmentOf(LAB);
    const credentials = join(cli.folder, 'credentials');
    const config = join(cli.folder, 'config');
    writeFileSync(
      credentials,
      `[lab]\naws_access_key_id = ${there.AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${there.AWS_SECRET_ACCESS_KEY}\n`,
    );
    writeFileSync(config, '[profile lab]\nregion = eu-west-1\n');
    const files = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: config };
    const environment = { ...cli.environmentOf(HUB), ...files };
    const ran = await adopt(['--read-with', 'lab', '--yes'], { environment });
    expect(ran).toMatchObject({ code: 0, stdout: 'alice: Signed for alice.\n' });
    const printed = await adopt(['--read-with', 'lab', '--print'], { environment });
    expect(printed.stdout).toMatch(
      /^printf %s '\{"accountId":"666677778888","userName":"alice","action":"adopt","force":true\}' \| aws lambda/,
    );
  });

  it.each([
    [['--yes'], '--read-with: give a profile of account 666677778888'],
    [['alice'], 'Use --yes'],
    [['ali ce', '--yes'], '"ali ce" is no name of an IAM user'],
  ])('refuses %j before it asks AWS', async (args, said) => {
    const ran = await adopt(args);
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(cli.organization.calls).toEqual([]);
  });
});
