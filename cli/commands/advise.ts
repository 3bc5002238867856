import { callsMade } from '../../shared/aws/runtime.ts';
import { collect, EventError, type Failures, messageOf } from '../../shared/core/errors.ts';
import { formatInstant } from '../../shared/core/time.ts';
import { type Account, inEachAccount } from '../accounts.ts';
import { gather, type Person } from '../advise/evidence.ts';
import { type Need, readNeeds } from '../advise/needs.ts';
import { type Advice, advise, type Confidence, confidences } from '../advise/rules.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { type ExitCode, worst } from '../exit-code.ts';
import type { AdviseOutput } from '../output.ts';
import { parseSelection } from '../preview.ts';
import { codeOf, nameOf } from '../report.ts';
import { withProgress } from '../ui/progress.ts';
import { plain, renderTable } from '../ui/table.ts';

export interface AdviseOptions extends SignInOptions {
  cloudtrail?: boolean;
  days: number;
  min: Confidence;
}

/** One user, with all that fits. */
interface Advised extends Person {
  fits: readonly Advice[];
  needs?: readonly Need[];
}

interface AdvisedAccount {
  account: Account;
  at: number;
  people: readonly Advised[];
  errors: readonly string[];
  causes: readonly unknown[];
}

/**
 * What would make keys needless, by evidence that is read now. It changes nothing, and nothing that rotates keys looks
 * at it: whoever holds a key chooses what it looks like.
 */
export async function run(context: Context, users: readonly string[], options: AdviseOptions): Promise<ExitCode> {
  const { users: names } = parseSelection(users, {});
  const { results, codes } = await inEachAccount(context, options, (account) =>
    look(context, account, { names, options }),
  );
  requireSomebody(names, results);
  if (context.options.json) context.print(JSON.stringify(documentOf(results, options), undefined, 2));
  else for (const result of results) printAccount(context, result, results.length > 1);
  for (const { errors } of results) for (const error of errors) context.warn(error);
  if (options.cloudtrail !== true) {
    context.note('User agents and addresses were not looked at: --cloudtrail asks CloudTrail for them.');
  }
  return worst([...codes, ...results.map(({ causes }) => codeOf({ causes, plans: [] }, false))]);
}

async function look(
  context: Context,
  account: Account,
  { names, options }: { names: readonly string[]; options: AdviseOptions },
): Promise<AdvisedAccount> {
  const at = context.shell.clock();
  const trail = options.cloudtrail === true ? { trailDays: options.days } : {};
  const progress = () => `${account.accountId}: ${callsMade(account)} AWS calls`;
  return withProgress(context, progress, async () => {
    const gathered = await gather(context, { account, now: at, users: names, ...trail });
    const failures = { errors: [...gathered.errors], causes: [...gathered.causes] } satisfies Failures;
    const people: Advised[] = [];
    for (const person of gathered.people) {
      const fits = advise(person.evidence).filter(({ confidence }) => isAtLeast(confidence, options.min));
      const [first] = fits;
      if (first === undefined) continue;
      people.push({ ...person, fits, ...(first.isRole ? await needsOf(context, { account, person, failures }) : {}) });
    }
    return { account, at, people, ...failures };
  });
}

/** That it cannot be read takes nothing from the advice. */
async function needsOf(
  context: Context,
  { account, person, failures }: { account: Account; person: Person; failures: Failures },
): Promise<Pick<Advised, 'needs'>> {
  try {
    return person.arn === undefined ? {} : { needs: await readNeeds(context, account, person.arn) };
  } catch (error) {
    collect(failures, error, `${person.evidence.userName}: ${messageOf(error)}`);
    return {};
  }
}

function isAtLeast(confidence: Confidence, min: Confidence): boolean {
  return confidences.indexOf(confidence) <= confidences.indexOf(min);
}

/** A name that is in no account, or has no Active key, would look like a key that needs no advice. */
function requireSomebody(names: readonly string[], results: readonly AdvisedAccount[]): void {
  const known = new Set(results.flatMap(({ people }) => people.map(({ evidence }) => evidence.userName)));
  const missing = names.filter((name) => !known.has(name));
  if (missing.length === 0 || results.length === 0) return;
  throw new EventError(`user: of ${missing.join(', ')} there is no active key to advise on, or no advice by --min.`);
}

const columns = [{ title: 'USER' }, { title: 'SURE' }, { title: 'DO INSTEAD' }, { title: 'BECAUSE' }];

function printAccount(context: Context, { account, people }: AdvisedAccount, isOneOfSeveral: boolean): void {
  if (isOneOfSeveral) context.print(`${nameOf(account)}:`);
  if (people.length === 0) {
    context.note('No user has an active key, or one that the options ask for.');
    return;
  }
  const rows = people.map(({ evidence, fits: [first] }) => [
    { text: evidence.userName },
    { text: first?.confidence ?? '' },
    { text: first?.doInstead ?? '' },
    { text: first?.because ?? '' },
  ]);
  const { stdout } = context.shell;
  context.print(renderTable(columns, rows, stdout.isTTY === true ? stdout.columns : undefined));
  for (const { evidence, needs } of people) {
    if (needs === undefined) continue;
    context.print(plain(`${evidence.userName}: a role would need ${wordsOf(needs)}`));
  }
}

function wordsOf(needs: readonly Need[]): string {
  if (needs.length === 0) return 'nothing that IAM has seen in use';
  return needs
    .map(({ service, actions }) => (actions.length === 0 ? service : `${service} (${actions.join(', ')})`))
    .join(', ');
}

function documentOf(results: readonly AdvisedAccount[], { cloudtrail, days }: AdviseOptions): AdviseOutput {
  return {
    schemaVersion: 1,
    accounts: results.map(({ account, people, errors }) => ({
      ...(account.profile === undefined ? {} : { profile: account.profile }),
      accountId: account.accountId,
      region: account.region,
      ...(cloudtrail === true ? { cloudTrailDays: days } : {}),
      errors: [...errors],
      awsCalls: callsMade(account),
      users: people.map(userOf),
    })),
  };
}

function userOf({ evidence, fits, needs }: Advised): AdviseOutput['accounts'][number]['users'][number] {
  return {
    userName: evidence.userName,
    keys: evidence.keys.map(({ accessKeyId, createdAt, lastUsed }) => ({
      accessKeyId,
      createdAt: formatInstant(createdAt),
      ...(lastUsed === undefined ? {} : { lastUsed: { ...lastUsed, at: formatInstant(lastUsed.at) } }),
    })),
    advice: fits.map(({ rule, confidence, doInstead, because, source }) => ({
      rule,
      confidence,
      doInstead,
      because,
      source,
    })),
    ...(needs === undefined
      ? {}
      : { roleNeeds: needs.map(({ service, actions }) => ({ service, actions: [...actions] })) }),
  };
}
