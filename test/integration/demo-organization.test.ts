// local/demo/organization/members.ts, local/demo/organization/stage.ts, local/demo/organization/play.ts,
// local/demo/organization/report.ts, local/demo/organization/print.ts, local/demo/organization/section.ts,
// local/checker/organization.ts

import { Writable } from 'node:stream';
import { CreateAccessKeyCommand, IAMClient } from '@aws-sdk/client-iam';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { beforeAll, describe, expect, it } from 'vitest';
import { hubId, members } from '../../local/demo/organization/members.ts';
import { type OrganizationDays, playOrganization } from '../../local/demo/organization/play.ts';
import { printOrganization } from '../../local/demo/organization/print.ts';
import { accountRows, organizationTotals } from '../../local/demo/organization/report.ts';
import { organizationSection } from '../../local/demo/organization/section.ts';
import { createOrganizationStage, type OrganizationStage } from '../../local/demo/organization/stage.ts';
import { exitCodeOf } from '../../local/demo/report.ts';

const idOf = (name: string): string => members.find((member) => member.name === name)?.accountId ?? '';

describe('the first two days of the organization', () => {
  let act: OrganizationDays;
  beforeAll(async () => {
    act = await playOrganization({ days: 2 });
  }, 60_000);

  function printed(): string {
    const written: string[] = [];
    const out = new Writable({
      write(chunk, _encoding, done) {
        written.push(String(chunk));
        done();
      },
    });
    printOrganization(act, out);
    return written.join('');
  }

  it('break nothing that must always hold, after any call of any account', () => {
    const totals = organizationTotals(act);
    expect(totals.violations).toEqual([]);
    expect(totals.checkedCalls).toBeGreaterThan(200);
    expect(totals).toMatchObject({ checkedCalls: totals.calls, runs: 2, issued: 1, deadLetters: 0 });
    expect(exitCodeOf(totals)).toBe(0);
  });

  it('change the first wave alone, and name who did not answer', () => {
    const rows = new Map(accountRows(act).map((row) => [row.name, row]));
    expect(rows.size).toBe(12);
    expect(rows.get('canary')).toMatchObject({ wave: 'canary', state: 'since 2026-02-02', rotated: 1, waiting: 0 });
    expect(rows.get('dev-web')).toMatchObject({ state: 'dry run until 2026-02-04', rotated: 0, waiting: 1, wrong: '' });
    expect(rows.get('prod-legacy')?.wrong).toBe('silent');
    expect(rows.get('prod-payments')?.wrong).toBe('role-refused');
    expect(rows.get('prod-archive')).toMatchObject({ wave: '-', state: 'excluded' });
    expect(rows.get('vault')).toMatchObject({ wave: '-', state: 'dry run' });
  });

  it('print what a person can follow, without secrets', () => {
    const text = printed();
    expect(text).toMatch(/ digest +10 of 11 accounts of organization o-\w+ answered, 18 users; 1 did not$/m);
    expect(text).toMatch(/ digest +1 account did not answer: \d+ prod-legacy$/m);
    expect(text).toMatch(/^ +1 +2026-02-02 +canary +begins/m);
    expect(text).toMatch(/ canary +keys: 1 issued \(alice in canary\)$/m);
    expect(text).toContain('no session of one named a resource of another');
    expect(text).toMatch(/ prod-legacy .* did not answer$/m);
    expect(text).toMatch(/ prod-payments .* refused its role$/m);
    for (const accountId of act.stage.organization.accountIds) {
      const secrets = act.stage.organization.account(accountId).iam.everySecretAccessKey();
      for (const secret of secrets) expect(text + organizationSection(act)).not.toContain(secret);
    }
  });

  it('draw a table that needs no network, in which nothing said is markup', () => {
    const section = organizationSection(act);
    expect(section).not.toMatch(/src=|href=|url\(|@import|<script/);
    expect(section.match(/<tr>/g)).toHaveLength(13);
    const told = [{ at: 0, kind: '<script>alert(1)</script> & more', message: '', accountIds: [idOf('vault')] }];
    expect(organizationSection({ ...act, told })).toContain(
      '<td>&lt;script&gt;alert(1)&lt;/script&gt; &amp; more</td>',
    );
  });
});

/** Somebody of that account whom the checker takes for a function, so for one of ours. */
function clientOptions({ organization }: OrganizationStage, accountId: string) {
  const { requestHandler } = organization.connect('rotation-worker');
  return { region: organization.region, credentials: organization.operatorOf(accountId), requestHandler };
}

describe('the checker of the organization finds', () => {
  const sins: [string, RegExp, (stage: OrganizationStage) => Promise<unknown>][] = [
    [
      'a change in an account whose wave has not begun',
      /^- in \d{12}: A dry run changed something\. .*iam:CreateAccessKey/,
      (stage) =>
        new IAMClient(clientOptions(stage, idOf('vault'))).send(new CreateAccessKeyCommand({ UserName: 'alice' })),
    ],
    [
      'the secret of one account in a message of the hub',
      /sent in the open.*sns:Publish/,
      (stage) => {
        const TopicArn = `arn:aws:sns:eu-west-1:${hubId}:keyturn-local`;
        const [Message = ''] = stage.organization.account(idOf('vault')).iam.everySecretAccessKey();
        return new SNSClient(clientOptions(stage, hubId)).send(new PublishCommand({ TopicArn, Message }));
      },
    ],
    [
      'a session of one account that names a secret of another',
      /secretsmanager:DescribeSecret by rotation-worker in \d{12} names \d{12}/,
      async (stage) => {
        const SecretId = `arn:aws:secretsmanager:eu-west-1:${idOf('canary')}:secret:keyturn/x-AbCdEf`;
        const client = new SecretsManagerClient(clientOptions(stage, idOf('vault')));
        await expect(client.send(new DescribeSecretCommand({ SecretId }))).rejects.toThrow();
      },
    ],
    [
      'a secret of any account in a log line',
      /written down/,
      async ({ checker, organization }) => {
        checker.readText('a log line', organization.account(idOf('vault')).iam.everySecretAccessKey().join(' '));
      },
    ],
  ];
  it.each(sins)('%s', async (_name, expected, commit) => {
    const stage = createOrganizationStage();
    const { checker } = stage;
    checker.begin('rotation-worker');
    expect(checker.violations).toEqual([]);
    await commit(stage);
    expect(exitCodeOf(checker)).toBe(1);
    const found = checker.violations.map(({ userName, what, where }) => `${userName}: ${what} ${where}`);
    expect(found).toContainEqual(expect.stringMatching(expected));
  });

  it('nothing in what somebody else does', async () => {
    const stage = createOrganizationStage();
    const client = new IAMClient(clientOptions(stage, idOf('vault')));
    await client.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
    expect(stage.checker.violations).toEqual([]);
  });
});
