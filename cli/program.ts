import { Argument, Command, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { EventError } from '../shared/core/errors.ts';
import { type Context, createContext, type GlobalOptions, type Shell } from './context.ts';
import {
  accessKeyId,
  accountId,
  collect,
  collectAccounts,
  date,
  days,
  digestNumber,
  domain,
  region,
  size,
  stage,
  trailDays,
} from './option-values.ts';

/** What a module in `commands/` exports. It is loaded when it is called: `--version` and `--help` load none. */
export interface CommandModule<Options> {
  /** The exit code; of a command that runs another program, that one's own. */
  run(context: Context, args: readonly string[], options: Options): Promise<number>;
}

type Ended = (code: number) => void;

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

interface Tree {
  program: Command;
  shell: Shell;
  ended: Ended;
}

const mfa = ['--mfa-code-stdin', 'read MFA codes from stdin, one a line'] as const;

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
  const yes = ['--yes', 'act without asking'] as const;
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
  const yes = ['--yes', 'act without asking'] as const;
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

/** For a whole organization; each changes what its profile may change, and nothing else. */
function addFleet(tree: Tree): void {
  const fleet = group(tree, 'fleet', 'look after a whole organization');
  const yes = ['--yes', 'act without asking'] as const;
  const file = ['--fleet <file>', 'which accounts, and from when', 'fleet.yml'] as const;
  const hub = () =>
    new Option('--hub-account <id>', 'the account of the deployment').argParser(accountId).makeOptionMandatory();
  add(fleet, 'init', 'write the first fleet.yml: every account in a dry run', () => import('./commands/fleet-init.ts'))
    .option(...file)
    .option('--print', 'print it, and write no file')
    .option(...mfa);
  add(fleet, 'grant', 'let the hub list the accounts', () => import('./commands/fleet-grant.ts'))
    .addOption(hub())
    .option('--revoke', 'take that right away again')
    .option('--print', 'print the command of the AWS CLI, and change nothing')
    .option(...yes)
    .option(...mfa);
  add(fleet, 'members', 'deploy two roles to every account, by a StackSet', () => import('./commands/fleet-members.ts'))
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
  const yes = ['--yes', 'act without asking'] as const;
  add(fleet, 'check', 'check that the hub can work in every account', () => import('./commands/fleet-check.ts'))
    .option(...file)
    .addOption(accounts())
    .option(...print)
    .option(...mfa);
  add(fleet, 'plan', 'show what a run would do in every account', () => import('./commands/fleet-plan.ts'))
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
    () => import('./commands/fleet-leave.ts'),
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
    () => import('./commands/fleet-adopt.ts'),
  )
    .addOption(one())
    .option('--read-with <name>', 'a profile of that account, to find who has a secret')
    .option('--print', 'print the commands of the AWS CLI, and adopt nothing')
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

/** What an auditor runs, and what is done for one. */
function addEvidence(tree: Tree): void {
  const evidence = group(tree, 'evidence', 'collect and report evidence for auditors');
  const print = ['--print', 'print the command of the AWS CLI, and ask nothing'] as const;
  const command = () => import('./commands/evidence.ts');
  add(evidence, 'run', 'collect evidence now, besides the daily run', async () => (await command()).collect)
    .addOption(
      new Option('--account <id>', 'a member of the fleet; the profile is that of its hub').argParser(accountId),
    )
    .option(...print)
    .option(...mfa);
  add(evidence, 'test', 'check that the collector can read and write what it must', async () => (await command()).test)
    .option(...print)
    .option(...mfa);
  addPeriod(tree, evidence);
  add(
    tree,
    'verify <place>',
    'check evidence against its chain, in a bucket (s3://name) or a folder',
    () => import('./commands/verify.ts'),
  )
    .addOption(publishedHead())
    .option(...publicKey)
    .option('--quick', 'check digests only')
    .addOption(new Option('--from <n>', 'only this digest and later ones, and what they name').argParser(digestNumber))
    .addOption(bucketOwner())
    .option(...mfa);
}

const publicKey = ['--public-key <file>', 'require digests that are signed by this key, in PEM'] as const;

function publishedHead(): Option {
  return new Option(
    '--head <sha256>',
    'require this published head, number:sha256 or account/number:sha256; repeatable',
  )
    .argParser(collect)
    .default([], 'none');
}

function bucketOwner(): Option {
  return new Option('--bucket-owner <id>', 'refuse a bucket of any other account').argParser(accountId);
}

/** About a period: of a bucket, or of a copy of it, that is verified first. */
function addPeriod(tree: Tree, evidence: Tree): void {
  const period = () =>
    new Option('--period <period>', '2026, 2026-H1, 2026-Q3, 2026-07 or 2026-07-01/2026-09-30').makeOptionMandatory();
  const suffix = ['--suffix <suffix>', '`roleSuffix` of the deployment, with its hyphen'] as const;
  const account = () =>
    new Option('--account <id>', 'which account, if there is evidence of several').argParser(accountId);
  add(
    evidence,
    'report <place>',
    'report the life of every key in a period, gaps first, from a bucket (s3://name) or a folder',
    () => import('./commands/evidence-report.ts'),
  )
    .addOption(period())
    .option(...suffix)
    .option('--out <folder>', 'write a page, JSON and CSV files there')
    .addOption(account())
    .addOption(publishedHead())
    .option(...publicKey)
    .addOption(bucketOwner())
    .option(...mfa);
  add(
    tree,
    'sample <place>',
    'draw rotations of a period for an auditor to look at',
    () => import('./commands/sample.ts'),
  )
    .addOption(period())
    .requiredOption('--seed <text>', 'the same seed picks the same ones')
    .option(...suffix)
    .addOption(new Option('--size <n>', 'how many to draw').argParser(size).default(25, '25'))
    .addOption(account())
    .addOption(publishedHead())
    .option(...publicKey)
    .addOption(bucketOwner())
    .option(...mfa);
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
  add(tree, 'complete [words...]', 'what may be typed next', () => import('./commands/complete.ts'), { hidden: true });
}

/** A command beside the options that all have; its own are added to what is returned. */
function add<Options>(
  { program, shell, ended }: Tree,
  usage: string,
  description: string,
  load: () => Promise<CommandModule<Options>>,
  visibility: { hidden?: boolean } = {},
): Command {
  const command = program.command(usage, visibility).description(description).allowExcessArguments(false);
  return command.action(async () => {
    const given = { ...off, ...command.optsWithGlobals<GlobalOptions & Options>() };
    const { run } = await load();
    ended(await run(createContext(shell, given), command.args, given));
  });
}

/** Commands with a word in common, that does nothing by itself. */
function group(tree: Tree, name: string, description: string): Tree {
  return { ...tree, program: tree.program.command(name).description(description).helpCommand(false) };
}

/** Every command that does something, with all of its words: `fleet init`. */
export function everyCommand(program: Command): { name: string; command: Command }[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .flatMap((command) =>
      command.commands.length === 0
        ? [{ name: command.name(), command }]
        : everyCommand(command).map((each) => ({ ...each, name: `${command.name()} ${each.name}` })),
    );
}

/** Commander says nothing of a switch that is not given. */
const off = { json: false, quiet: false, verbose: false };

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
