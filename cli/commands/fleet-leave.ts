import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { readFleetFile } from '../../scripts/fleet.ts';
import { EventError, isFailure } from '../../shared/core/errors.ts';
import { memberRoleName } from '../../shared/core/fleet/member-roles.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { connect, type Deployed } from '../deployed.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { removalOf } from '../fleet/stack-set.ts';
import { type UnderWay, underWayIn, type Ways, waysByHand, waysByHub } from '../fleet/under-way.ts';
import type { FleetLeaveOutput } from '../output.ts';
import { previewAccount } from '../preview.ts';
import { findSettings } from '../settings-from.ts';
import { plain } from '../ui/table.ts';

export interface FleetLeaveOptions extends SignInOptions {
  account: string;
  fleet: string;
  suffix?: string;
  print?: boolean;
}

/**
 * Who is in the middle of a rotation in an account that is to leave, or has left, and the commands that end it. With
 * credentials of that account: the hub may not look there any more. Changes nothing; 3 if somebody has to decide.
 */
export async function run(context: Context, _args: readonly string[], options: FleetLeaveOptions): Promise<ExitCode> {
  const { account: accountId, suffix = '', print = false } = options;
  const deployed = await connect(context, options);
  if (deployed.accountId !== accountId) {
    throw new EventError(
      `--account ${accountId}: ${deployed.name} is of account ${deployed.accountId}. Give a --profile of ${accountId}.`,
    );
  }
  const role = await rotatingRole(deployed, suffix);
  const isMember = role !== undefined && !(await isExcluded(context, options));
  const found = await findSettings(context, deployed, settingsIn(role ?? {}));
  const preview = await previewAccount(context, deployed, found, { users: [], isEverybody: true });
  const under = underWayIn(preview);
  const waysOf = (user: UnderWay): Ways =>
    isMember ? waysByHub(user, deployed, print ? 'aws' : 'keyturn') : waysByHand(user, deployed.region);
  const listed = under.map((user) => ({ user, ways: waysOf(user) }));
  if (context.options.json) context.print(JSON.stringify(documentOf(accountId, isMember, listed), undefined, 2));
  else if (print) for (const line of listed.flatMap(commandsOf)) context.print(line);
  else show(context, accountId, isMember, listed);
  if (role !== undefined && !context.options.json) {
    const end = removalOf(accountId, { suffix, region: deployed.region });
    const first = `${under.length === 0 ? '' : 'no rotation is under way any longer, and '}fleet.yml excludes the account and is deployed`;
    if (print) context.print(`# Once ${first}, with a profile of the management account:\n# ${end}`);
    else context.note(`Once ${first}, its roles go with a profile of the management account: ${end}`);
  }
  for (const error of preview.errors) context.warn(error);
  if (preview.errors.length > 0) return exitCodes.failed;
  return under.length === 0 ? exitCodes.done : exitCodes.undecided;
}

interface Listed {
  user: UnderWay;
  ways: Ways;
}

type Tags = Readonly<Record<string, string>>;

/** The tags of the role that the hub takes; undefined: there is none any more. */
async function rotatingRole({ aws }: Deployed, suffix: string): Promise<Tags | undefined> {
  try {
    const { Role } = await aws.iam.send(new GetRoleCommand({ RoleName: memberRoleName('rotate', suffix) }));
    return Object.fromEntries((Role?.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  } catch (error) {
    if (isFailure(error, 'NoSuchEntity')) return undefined;
    throw error;
  }
}

/** By fleet.yml, where there is one here. Of units an account itself cannot tell. */
async function isExcluded({ shell }: Context, { fleet: file, account }: FleetLeaveOptions): Promise<boolean> {
  const path = resolve(shell.workingDirectory, file);
  if (!existsSync(path)) return false;
  const { fleet } = await readFleetFile(path);
  return fleet.exclude.accounts.includes(account);
}

/** What the template was given there: the hub's own settings are in another account. */
function settingsIn(tags: Tags): ReadonlyMap<string, string> {
  const given = { userPathPrefix: tags['keyturn:user-path-prefix'], secretPrefix: tags['keyturn:secret-prefix'] };
  return new Map(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function show({ print, note }: Context, accountId: string, isMember: boolean, listed: readonly Listed[]): void {
  if (listed.length === 0) {
    print(`No rotation is under way in account ${accountId}: it may leave. Secrets and keys stay as they are.`);
    return;
  }
  for (const [index, { user, ways }] of listed.entries()) {
    if (index > 0) print('');
    print(`${plain(user.userName)}: ${plain(user.says)}.`);
    for (const line of ways.confirm) print(`  the new key stays   ${line}`);
    for (const line of ways.rollback) print(`  the old key stays   ${line}`);
  }
  note(
    isMember
      ? 'With a profile of the hub, while fleet.yml still selects the account and its wave has begun.'
      : 'With credentials of this account: the hub works here no longer. Delete a key once nothing has failed for a while.',
  );
}

function commandsOf({ user: { userName, says }, ways: { confirm, rollback } }: Listed): string[] {
  return [
    `# ${plain(userName)}: ${plain(says)}.`,
    ...['# Either the new key stays:', ...confirm],
    ...['# or the old one:', ...rollback.map((line) => `# ${line}`)],
  ];
}

function documentOf(accountId: string, isMember: boolean, listed: readonly Listed[]): FleetLeaveOutput {
  return {
    schemaVersion: 1,
    accountId,
    isMember,
    users: listed.map(({ user: { userName, says, current, old }, ways }) => ({
      userName,
      message: says,
      ...(current === undefined ? {} : { currentKeyId: current.accessKeyId }),
      ...(old === undefined ? {} : { oldKeyId: old.accessKeyId }),
      confirm: [...ways.confirm],
      rollback: [...ways.rollback],
    })),
  };
}
