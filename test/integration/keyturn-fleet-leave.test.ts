// cli/commands/fleet-leave.ts, cli/fleet/under-way.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { fleetLeaveOutput } from '../../cli/output.ts';
import { actionsOutside, FLEET_STAGE, withFleetCli } from '../support/fleet-cli.ts';
import { EXTERNAL_ID, HUB, ORGANIZATION, UNITS } from '../support/organization.ts';
import { rotateInMember } from '../support/rotated-member.ts';

const LAB = '666677778888';
const cli = withFleetCli();
let old: string;
let current: string;

beforeEach(async () => {
  cli.organization.account(LAB).iam.addUser({ userName: 'quiet', keys: [{ ageDays: 10 }] });
  ({ old, current } = await rotateInMember(cli.organization, LAB, 'alice'));
});

function leave(args: readonly string[] = [], accountId = LAB) {
  const now = cli.organization.clock.now();
  return cli.fleet(['leave', '--account', LAB, ...args], { environment: cli.environmentOf(accountId), now });
}

describe('fleet leave', () => {
  it('names who is in the middle of a rotation, and the commands of the hub that end it', async () => {
    const ran = await leave();
    expect(ran.code).toBe(3);
    expect(ran.stdout).toMatch(
      new RegExp(`^alice: ${current} is current since \\d{4}-\\d\\d-\\d\\d, ${old} is Active beside it\\.$`, 'm'),
    );
    expect(ran.stdout).toContain(`the new key stays   keyturn confirm alice --account ${LAB} --stage ${FLEET_STAGE}\n`);
    expect(ran.stdout).toContain(
      `the old key stays   keyturn rollback alice --account ${LAB} --stage ${FLEET_STAGE}\n`,
    );
    expect(ran.stdout).not.toContain('quiet');
    expect(ran.stderr).toContain('With a profile of the hub');
  });

  it('prints what the hub would be told by the AWS CLI', async () => {
    const { stdout } = await leave(['--print']);
    expect(stdout).toContain(
      `printf %s '{"accountId":"${LAB}","userName":"alice","action":"confirm"}' | aws lambda invoke`,
    );
    // Both at once would be neither.
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toHaveLength(1);
  });

  it.each([
    ['its roles are gone', () => cli.organization.account(LAB).iam.deleteRole('keyturn-rotate')],
    ['fleet.yml excludes it', () => {}],
  ])('is ended by hand once %s', async (_, leaveBefore) => {
    leaveBefore();
    const excluding = join(cli.folder, 'excluding.yml');
    writeFileSync(
      excluding,
      `organizationId: ${ORGANIZATION}
externalId: ${EXTERNAL_ID}
select: { organizationalUnits: [${UNITS.root}] }
exclude: { accounts: ['${LAB}'] }
`,
    );
    const ran = await leave(['--fleet', excluding, '--json']);
    const document = fleetLeaveOutput.parse(JSON.parse(ran.stdout));
    expect(document).toMatchObject({ accountId: LAB, isMember: false });
    const inactive = (id: string) =>
      `aws iam update-access-key --user-name alice --access-key-id ${id} --status Inactive`;
    expect(document.users).toEqual([
      {
        ...{ userName: 'alice', currentKeyId: current, oldKeyId: old, message: expect.stringContaining('is current') },
        confirm: [inactive(old)],
        rollback: [
          inactive(current),
          expect.stringMatching(/^aws secretsmanager delete-secret --region eu-west-1 --secret-id keyturn\//),
        ],
      },
    ]);
  });

  it('says that an account may leave where nobody is', async () => {
    const { iam } = cli.organization.account(LAB);
    iam.deleteKey(old);
    const ran = await leave();
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No rotation is under way in account 666677778888'),
    });
  });

  it('ends with the command that takes the roles from the account, as long as they are there', async () => {
    const end =
      'aws cloudformation delete-stack-instances --stack-set-name keyturn-member --region eu-west-1 --regions eu-west-1 ' +
      `--no-retain-stacks --deployment-targets OrganizationalUnitIds="$(aws organizations list-roots --query 'Roots[0].Id' ` +
      `--output text)",Accounts=${LAB},AccountFilterType=INTERSECTION`;
    expect((await leave()).stderr).toContain(
      `Once no rotation is under way any longer, and fleet.yml excludes the account and is deployed, its roles go with a ` +
        `profile of the management account: ${end}`,
    );
    expect((await leave(['--print'])).stdout).toContain(`\n# ${end}\n`);
    const { iam } = cli.organization.account(LAB);
    iam.deleteKey(old);
    expect((await leave()).stderr).toContain(`Once fleet.yml excludes the account and is deployed, its roles go`);
    iam.deleteRole('keyturn-rotate');
    expect((await leave()).stderr).not.toContain('delete-stack-instances');
  });

  it('wants credentials of that account', async () => {
    const ran = await leave([], HUB);
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain(`is of account ${HUB}. Give a --profile of ${LAB}.`);
  });

  it('changes nothing, and makes no call but those of its table', async () => {
    const before = cli.organization.calls.length;
    await leave();
    const calls = cli.organization.calls.slice(before).map(({ call }) => call.operation);
    expect(calls.length).toBeGreaterThan(3);
    expect(calls.filter((name) => !/^(Get|List|Describe|Generate)/.test(name))).toEqual([]);
    expect(actionsOutside(cli.organization, before)).toEqual([]);
  });
});
