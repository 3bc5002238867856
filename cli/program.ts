import { Argument, Command, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { EventError } from '../shared/core/errors.ts';
import { add, type Ended, mfa, type Tree, yes } from './command-tree.ts';
import type { Shell } from './context.ts';
import { addEvidence } from './evidence/evidence-commands.ts';
import { addFleet } from './fleet/fleet-commands.ts';
import { accessKeyId, accountId, collect, date, days, domain, region, stage, trailDays } from './option-values.ts';

/** The tree of commands, with every option of each. `ended` is told how the one that ran came out. */
export function createProgram(shell: Shell, ended: Ended): Command {
  const program = new Command('keyturn')
    .description('Preview and control the rotation of IAM access keys.')
    .version(manifest.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void shell.stdout.write(text),
      writeErr: (text) => void shell.stderr.write(text),
      getOutHelpWidth: () => shell.stdout.columns ?? 100,
      getErrHelpWidth: () => shell.stderr.columns ?? 100,
    });
  for (const option of globalOptions()) program.addOption(option);
  const tree = { program, shell, ended };
  addLooking(tree);
  addActing(tree);
  addKeeping(tree);
  addFleet(tree);
  addOwning(tree);
  addEvidence(tree);
  addCompletion(tree);
  return program;
}

/** Commands that change nothing, with the operator's own credentials. */
function addLooking(tree: Tree): void {
  add(tree, 'plan [user...]', 'show what a run would do', () => import('./commands/plan.ts'))
    .option('--detailed-exitcode', 'exit with 2 if something is due, with 3 if a decision is needed')
    .option('--all', 'also list users who are left alone, and why')
    .option('--owner <value>', 'only users with this tag keyturn:owner')
    .option('--reason <code>', 'only users with this reason code')
    .addOption(
      new Option('--set <name=value>', 'preview with another value of a setting; repeatable')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--markdown', 'a table for a ticket or a pull request')
    .option('--html', 'a self-contained page: every user, and the next 60 days')
    .option(...mfa);
  add(tree, 'status [user...]', 'show keys, secret and state', () => import('./commands/status.ts'))
    .option('--owner <value>', 'only users with this tag keyturn:owner')
    .option('--reason <code>', 'only users with this reason code')
    .option('--detailed-exitcode', 'exit with 2 if something is due, with 3 if a decision is needed')
    .option(...mfa);
  add(tree, 'explain [reason]', 'explain what a reason code means', () => import('./commands/explain.ts'));
  add(tree, 'advise [user...]', 'suggest what could replace each key', () => import('./commands/advise.ts'))
    .option('--cloudtrail', 'ask CloudTrail where the keys are used, and by what: two look-ups a second')
    .addOption(
      new Option('--days <n>', 'how far to look back in CloudTrail, at most 90').argParser(trailDays).default(14, '14'),
    )
    .addOption(
      new Option('--min <confidence>', 'leave out what is less certain')
        .choices(['sure', 'likely', 'guess'])
        .default('guess'),
    )
    .option(...mfa);
  add(tree, 'doctor', 'check that the deployment is sound', () => import('./commands/doctor.ts')).option(...mfa);
}

/** Commands that act on one user, each through the deployed function `rotate-user`. */
function addActing(tree: Tree): void {
  const force = ['--force', 'even if the user is on hold'] as const;
  const member = () =>
    new Option('--account <id>', 'a member of the fleet; the profile is that of its hub').argParser(accountId);
  const byHand = () => import('./commands/by-hand.ts');
  add(tree, 'rotate <user>', 'issue the next key now', async () => (await byHand()).rotate)
    .option('--access-key-id <id>', 'the key to give up, if both slots are taken', accessKeyId)
    .option('--grace-days <n>', 'how long the old key keeps working', days)
    .option('--compromised', 'others know the key: it is deactivated first')
    .option('--restore-secret', "restore the user's secret, if it is pending deletion")
    .option(...force)
    .addOption(member())
    .option(...yes)
    .option(...mfa);
  add(tree, 'confirm <user>', 'record that the owner has switched', async () => (await byHand()).confirm)
    .option(...force)
    .addOption(member())
    .option(...yes)
    .option(...mfa);
  add(tree, 'hold <user>', 'leave the user alone until a date', async () => (await byHand()).hold)
    .requiredOption('--until <date>', 'first day without the hold, YYYY-MM-DD; a past one lifts it', date)
    .addOption(member())
    .option(...yes)
    .option(...mfa);
  add(tree, 'rollback <user>', 'go back to the older key', async () => (await byHand()).rollback)
    .option(...force)
    .addOption(member())
    .option(...yes)
    .option(...mfa);
  add(tree, 'retire <user>', 'deactivate a key without a replacement', async () => (await byHand()).retire)
    .requiredOption('--access-key-id <id>', 'the key to deactivate', accessKeyId)
    .option(...force)
    .addOption(member())
    .option(...yes)
    .option(...mfa);
  add(tree, 'policy <user>', "put the policy of the user's secret again", async () => (await byHand()).policy)
    .addOption(member())
    .option(...yes)
    .option(...mfa);
}

/** What looks after a deployment. */
function addKeeping(tree: Tree): void {
  const worker = () => import('./commands/worker.ts');
  add(
    tree,
    'subscribe',
    'send messages about a user, or about the users of an owner, to an email address',
    () => import('./commands/subscribe.ts'),
  )
    .option('--user <user>', 'messages about this IAM user')
    .option('--owner <value>', 'messages about all users whose tag keyturn:owner is this')
    .option('--email <address>', 'the email address')
    .option('--topic <arn>', 'the topic, instead of a stage and a Region; KEYTURN_TOPIC_ARN')
    .option(...mfa);
  add(tree, 'hand-on <user>', 'write the current key to its destinations again', () => import('./commands/hand-on.ts'))
    .requiredOption('--domain <name>', 'of the hand-on.yml that names the user', domain)
    .option(...yes)
    .option(...mfa);
  add(tree, 'pause', 'switch the worker off', async () => (await worker()).pause)
    .option(...yes)
    .option(...mfa);
  add(tree, 'resume', 'switch the worker on again', async () => (await worker()).resume)
    .option(...yes)
    .option(...mfa);
}

/** What the owner of a key runs. */
function addOwning(tree: Tree): void {
  const command = add(
    tree,
    'switch [command...]',
    'fetch the new key, prove it, write it where the old one was; then run `-- command`, if one is given',
    () => import('./commands/switch.ts'),
  )
    .option('--check', 'change nothing: 0 the key is the newest, 2 a newer one waits')
    .option('--only-profile', 'leave other sections that hold the same key')
    .option('--read-with <name>', 'read the secret with this profile, if the present key no longer works')
    .option('--secret <arn>', 'which secret, if the key cannot tell')
    .option('--user <name>', 'with --read-with and --secret: whose key it must be')
    .option('--from-env', 'take the present key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
    .option('--no-file', 'write no file; pass the new key to `-- command` in its environment')
    .option('--mfa-serial <arn>', 'your MFA device, if the secret can only be read with MFA')
    .option('--endpoint-url <url>', 'send the calls there, instead of to AWS');
  command.hook('preAction', () => {
    const [first] = command.args;
    if (first !== undefined && first !== '--') throw new EventError(`"${first}": a command stands after \`--\`.`);
  });
}

/** For shells. The second is asked by the scripts of the first. */
function addCompletion(tree: Tree): void {
  const shells = new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish', 'powershell']);
  add(
    tree,
    'completion',
    'print a script that completes commands in a shell',
    () => import('./commands/completion.ts'),
  ).addArgument(shells);
  const complete = async () => {
    const { complete: completing } = await import('./commands/complete.ts');
    return completing(() => createProgram(tree.shell, () => {}));
  };
  add(tree, 'complete [words...]', 'what may be typed next', complete, { hidden: true });
}

function globalOptions(): Option[] {
  return [
    new Option('--profile <name>', 'AWS profile; more than one for several accounts')
      .argParser(collect)
      .default([], 'AWS_PROFILE'),
    new Option('--region <region>', 'of the deployment; else KEYTURN_REGION, the profile, AWS_REGION').argParser(
      region,
    ),
    new Option('--stage <stage>', 'of the deployment').argParser(stage).default('dev'),
    new Option('--json', 'print one JSON document on stdout'),
    new Option('--no-input', 'never ask'),
    new Option('-q, --quiet', 'print no progress and no hints'),
    new Option('-v, --verbose', 'log each AWS call on stderr, never its contents'),
    new Option('--no-color', 'print no colours; also NO_COLOR'),
  ];
}
