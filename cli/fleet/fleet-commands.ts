import { Option } from 'commander';
import { add, group, mfa, type Tree, yes } from '../command-tree.ts';
import { accountId, collect, collectAccounts } from '../option-values.ts';

/** For a whole organization; each changes what its profile may change, and nothing else. */
export function addFleet(tree: Tree): void {
  const fleet = group(tree, 'fleet', 'look after a whole organization');
  const file = ['--fleet <file>', 'which accounts, and from when', 'fleet.yml'] as const;
  const hub = () =>
    new Option('--hub-account <id>', 'the account of the deployment').argParser(accountId).makeOptionMandatory();
  add(fleet, 'init', 'write the first fleet.yml: every account in a dry run', () => import('../commands/fleet-init.ts'))
    .option(...file)
    .option('--print', 'print it, and write no file')
    .option(...mfa);
  add(fleet, 'grant', 'let the hub list the accounts', () => import('../commands/fleet-grant.ts'))
    .addOption(hub())
    .option('--revoke', 'take that right away again')
    .option('--print', 'print the command of the AWS CLI, and change nothing')
    .option(...yes)
    .option(...mfa);
  add(
    fleet,
    'members',
    'deploy two roles to every account, by a StackSet',
    () => import('../commands/fleet-members.ts'),
  )
    .addOption(hub())
    .option(...file)
    .option('--suffix <suffix>', 'roleSuffix of the hub, with its hyphen')
    .addOption(
      new Option('--parameter <name=value>', 'of keyturn-member.yml; repeatable')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--print', 'print the commands of the AWS CLI, and change nothing')
    .option(...yes)
    .option(...mfa);
  addFleetMembers(fleet, file);
}

/** About its members: the hub is asked, or the account itself. */
function addFleetMembers(fleet: Tree, file: readonly [string, string, string]): void {
  const accounts = () =>
    new Option('--account <id>', 'only this one; repeatable')
      .argParser(collectAccounts)
      .default([], 'all of fleet.yml');
  const print = ['--print', 'print the commands of the AWS CLI, and ask nothing'] as const;
  add(fleet, 'check', 'check that the hub can work in every account', () => import('../commands/fleet-check.ts'))
    .option(...file)
    .addOption(accounts())
    .option(...print)
    .option(...mfa);
  add(fleet, 'plan', 'show what a run would do in every account', () => import('../commands/fleet-plan.ts'))
    .option(...file)
    .addOption(accounts())
    .option('--html <file>', 'write a page about the organization there')
    .option(...print)
    .option(...mfa);
  const one = () => new Option('--account <id>', 'the account').argParser(accountId).makeOptionMandatory();
  add(
    fleet,
    'leave',
    'list who is in the middle of a rotation in an account, and how to end it',
    () => import('../commands/fleet-leave.ts'),
  )
    .addOption(one())
    .option(...file)
    .option('--suffix <suffix>', 'roleSuffix of the hub, with its hyphen')
    .option('--print', 'print the commands of the AWS CLI alone')
    .option(...mfa);
  add(
    fleet,
    'adopt [user...]',
    'let the hub take over the secrets of an account that had its own stack',
    () => import('../commands/fleet-adopt.ts'),
  )
    .addOption(one())
    .option('--read-with <name>', 'a profile of that account, to find who has a secret')
    .option('--print', 'print the commands of the AWS CLI, and adopt nothing')
    .option(...yes)
    .option(...mfa);
}
