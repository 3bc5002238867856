import { Option } from 'commander';
import { add, group, mfa, type Tree } from '../command-tree.ts';
import { accountId, collect, digestNumber, size } from '../option-values.ts';

/** What an auditor runs, and what is done for one. */
export function addEvidence(tree: Tree): void {
  const evidence = group(tree, 'evidence', 'collect and report evidence for auditors');
  const print = ['--print', 'print the command of the AWS CLI, and ask nothing'] as const;
  const command = () => import('../commands/evidence.ts');
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
    () => import('../commands/verify.ts'),
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
    () => import('../commands/evidence-report.ts'),
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
    () => import('../commands/sample.ts'),
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
