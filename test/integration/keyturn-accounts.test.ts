// cli/credentials.ts, cli/profiles.ts, cli/mfa.ts, cli/accounts.ts

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { PlanOutput } from '../../cli/output.ts';
import { createLocalAws, type LocalAws } from '../../local/aws/aws.ts';
import { type Accounts, startAccounts } from '../support/accounts.ts';
import { type Finished, type RunOptions, runCommand } from '../support/run-command.ts';

const SERIAL = 'arn:aws:iam::111111111111:mfa/me';
const role = (name: string, account: string, roleName = 'Audit', more = ''): string =>
  `[profile ${name}]\nrole_arn = arn:aws:iam::${account}:role/${roleName}\nsource_profile = base\nmfa_serial = ${SERIAL}\n${more}\n`;
/** What docs/operators.md tells an operator to write, and profiles of other kinds. */
const CONFIG = [
  readFileSync(new URL('../../examples/operators/config', import.meta.url), 'utf8'),
  role('audit-again', '333333333333', 'Audit', 'role_session_name = me-again\nduration_seconds = 900'),
  role('vendor', '222222222222', 'external', 'external_id = e-1'),
  role('stranger', '444444444444'),
  '[profile sso]\nsso_session = work\nsso_account_id = 222222222222\nsso_role_name = Audit\n',
  '[sso-session work]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n',
].join('\n');
const BASE = '[base]\naws_access_key_id = ASIALOCALOPERATOR000\naws_secret_access_key = not-verified\n';

const open: Accounts[] = [];
afterEach(async () => {
  for (const accounts of open.splice(0)) await accounts.close();
});

function accountWith(accountId: string, userName: string): LocalAws {
  const aws = createLocalAws({ accountId });
  aws.iam.addUser({ userName, keys: [{ ageDays: 95 }] });
  aws.onCall(({ operation }) => {
    if (operation === 'GenerateCredentialReport') aws.clock.advance(1_500);
  });
  return aws;
}

/** The identity account, and two that its user may look at. */
async function start(config = CONFIG): Promise<{ accounts: Accounts; now: number }> {
  const all = [
    accountWith('111111111111', 'me'),
    accountWith('222222222222', 'prod-robot'),
    accountWith('333333333333', 'preprod-robot'),
  ];
  const accounts = await startAccounts(all);
  open.push(accounts);
  accounts.writeFiles(config, BASE);
  return { accounts, now: all[0]?.clock.now() ?? 0 };
}

async function plan(profiles: readonly string[], options: Partial<RunOptions> = {}, ...args: string[]) {
  const { accounts, now } = await start();
  const given = ['plan', '--json', ...profiles.flatMap((name) => ['--profile', name]), ...args];
  const looked = await runCommand(accounts, given, { now, ...options });
  return { ...looked, others: accounts.others.filter(({ operation }) => !operation.startsWith('GetFunction')) };
}

const accountsOf = ({ stdout }: Finished): string[] =>
  (JSON.parse(stdout) as PlanOutput).accounts.map(({ accountId, profile, plan: [step] }) =>
    [accountId, profile, step?.userName].join(' '),
  );

describe('several roles behind one device', () => {
  it('need one code: one session, and each role with it', async () => {
    const looked = await plan(['audit-prod', 'audit-preprod', 'vendor'], { answers: ['123456'] });
    expect(looked.stderr).toContain(`MFA code of ${SERIAL}`);
    expect(looked.others.map(({ operation }) => operation)).toEqual([
      'GetSessionToken',
      'AssumeRole',
      'AssumeRole',
      'AssumeRole',
    ]);
    expect(accountsOf(looked)).toEqual([
      '222222222222 audit-prod prod-robot',
      '333333333333 audit-preprod preprod-robot',
    ]);
    expect(looked.stderr).toContain('profile vendor is in account 222222222222 too, as profile audit-prod');
    expect(looked.stderr).not.toContain('123456');
    expect(looked.code).toBe(0);
  });

  it('take it from stdin', async () => {
    const stdin = { stdin: '654321\n' };
    const looked = await plan(['audit-prod', 'audit-preprod'], stdin, '--mfa-code-stdin');
    expect(accountsOf(looked)).toHaveLength(2);
    expect(looked.others[0]).toMatchObject({ operation: 'GetSessionToken', parameters: { TokenCode: '654321' } });
  });

  it('have their own session name and length', async () => {
    const looked = await plan(['audit-prod', 'audit-again'], { answers: ['123456'] });
    expect(looked.others.at(-1)?.parameters).toMatchObject({ RoleSessionName: 'me-again', DurationSeconds: '900' });
  });

  it('print the answers of those that may be looked at, and end with the worst', async () => {
    const looked = await plan(['stranger', 'audit-prod'], { answers: ['123456'] });
    expect(accountsOf(looked)).toEqual(['222222222222 audit-prod prod-robot']);
    expect(looked.stderr).toMatch(/Cannot sign in with profile stranger: .*not authorized to perform: sts:AssumeRole/m);
    expect(looked.code).toBe(77);
  });
});

describe('one profile', () => {
  it('with a role behind a device asks for a code once, and assumes the role with it', async () => {
    const looked = await plan(['vendor'], { answers: ['123456'] });
    expect(looked.others).toEqual([
      {
        operation: 'AssumeRole',
        parameters: expect.objectContaining({ SerialNumber: SERIAL, TokenCode: '123456', ExternalId: 'e-1' }),
      },
    ]);
    expect(accountsOf(looked)).toEqual(['222222222222 vendor prod-robot']);
  });

  it('of AWS_PROFILE counts where none is given', async () => {
    const looked = await plan([], { environment: { AWS_PROFILE: 'base' } });
    expect(accountsOf(looked)).toEqual(['111111111111 base me']);
  });

  it.each([
    [
      ['prod'],
      [],
      /^--profile: there is no profile "prod" in .*config or .*credentials\. There are: audit-again, audit-preprod, audit-prod, base, sso, stranger, vendor\.$/m,
    ],
    [['vendor'], [], /^There is no terminal to ask "MFA code of .*" on\. Use --mfa-code-stdin\.$/m],
    [['vendor'], ['--no-input'], /^--no-input: "MFA code of .*" may not be asked\. Use --mfa-code-stdin\.$/m],
    [['vendor'], ['--mfa-code-stdin'], /^--mfa-code-stdin: stdin has no code left for /m],
  ])('%s %s is wrong usage, and says the way out', async (profiles, args, sentence) => {
    const { code, stdout, stderr } = await plan(profiles, {}, ...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(sentence);
  });

  it('a code that is none is not repeated', async () => {
    const looked = await plan(['vendor'], { stdin: 'hunter2\n' }, '--mfa-code-stdin');
    expect(looked.code).toBe(64);
    expect(looked.stderr).toMatch(/is no MFA code: it has six digits\.$/m);
    expect(looked.stderr).not.toContain('hunter2');
  });

  it('whose sign-in is over names itself and the command', async () => {
    const looked = await plan(['sso']);
    expect(looked.code).toBe(1);
    expect(looked.stderr).toMatch(/^Cannot sign in with profile sso: .* Run: aws sso login --profile sso$/m);
  });

  it('without a Region says where one is taken from', async () => {
    const looked = await plan(['vendor'], { environment: { AWS_REGION: '' }, answers: ['123456'] });
    expect(looked.code).toBe(64);
    expect(looked.stderr).toMatch(
      /^--region is missing: give it, or set KEYTURN_REGION or `region` of profile vendor\.$/m,
    );
  });
});
