import { EventError } from '../../shared/core/errors.ts';
import { type Verdict, type Verification, worst } from '../../shared/core/evidence/verdict.ts';
import { verifyEvidence } from '../../shared/core/evidence/verify.ts';
import type { Context } from '../context.ts';
import { type AskedOptions, askedOf } from '../evidence/asked.ts';
import { accountsIn, openPlace, type PlaceOptions } from '../evidence/place.ts';
import { readEvidence } from '../evidence/read.ts';
import { type ExitCode, exitCodes, worst as worstOf } from '../exit-code.ts';

export interface VerifyOptions extends PlaceOptions, AskedOptions {
  quick?: boolean;
  from?: number;
}

/**
 * Whether evidence is what its chain says. 0 it is; 3 something is wrong; 1 something could not be checked: never 0 by
 * ignorance.
 */
export async function run(
  context: Context,
  [given = '']: readonly string[],
  options: VerifyOptions,
): Promise<ExitCode> {
  const { head, quick: isQuick = false, from = 1 } = options;
  const asked = { ...(await askedOf(context, options)), isQuick, from };
  const place = await openPlace(context, given, options);
  const accounts: (Verification & { accountId: string })[] = [];
  // An account that a head names, and of which there is nothing, has lost its chain.
  const named = asked.heads.flatMap(({ accountId }) => accountId ?? []);
  for (const accountId of new Set([...accountsIn(place), ...named])) {
    const { evidence } = await readEvidence(place, accountId, { isQuick, from });
    accounts.push({ accountId, ...verifyEvidence(evidence, asked) });
  }
  const short = accounts.find(({ head }) => head !== undefined && head.number < from);
  if (short !== undefined) {
    throw new EventError(`--from ${from}: the newest digest of ${short.accountId} is number ${short.head?.number}.`);
  }
  if (context.options.json) context.print(JSON.stringify(documentOf(accounts), undefined, 2));
  else context.print(accounts.flatMap((each) => linesOf(context, each)).join('\n'));
  if (place.versions === undefined) context.note('Versions and delete markers are not to be seen here.');
  if (from > 1) context.note(`Of what the digests before number ${from} name, nothing was looked at.`);
  if (head.length === 0) {
    context.note('No --head was given: whether the newest digests are missing, this cannot show.');
  }
  return worstOf(accounts.map(({ verdicts }) => codes[worst(verdicts)]));
}

const codes = { wrong: exitCodes.undecided, unknown: exitCodes.failed, true: exitCodes.done } as const;

function documentOf(accounts: readonly (Verification & { accountId: string })[]) {
  return {
    schemaVersion: 1,
    accounts: accounts.map(({ accountId, verdicts, digests, valid, head, provenTo }) => ({
      accountId,
      result: { wrong: 'invalid', unknown: 'not-checked', true: 'valid' }[worst(verdicts)],
      digests,
      valid,
      ...(head !== undefined && { head: { sequence: head.number, sha256: head.sha256, madeAt: head.digest.madeAt } }),
      ...(provenTo !== undefined && { provenTo }),
      verdicts,
    })),
  };
}

function linesOf({ paint }: Context, account: Verification & { accountId: string }): string[] {
  const { accountId, verdicts, digests, valid, head, provenTo } = account;
  const styles = { wrong: 'red', unknown: 'yellow', true: 'dim' } as const;
  const lines = verdicts.map((verdict) => {
    const { word, key, why } = verdict;
    return `${paint('stdout', styles[worst([verdict])], word)} ${key} ${why}`;
  });
  const [wrong, gaps] = [count(verdicts, 'wrong'), verdicts.filter(({ word }) => word === 'GAP').length];
  const proven = provenTo === undefined ? '' : `; by a published head nothing is missing up to digest ${provenTo}`;
  const end = head === undefined ? 'no head' : `head ${head.number}:${head.sha256}`;
  return [
    ...lines,
    `Account ${accountId}: ${counted(digests, 'digest')}; ${counted(valid, 'object')} valid; ${wrong} wrong; ` +
      `${count(verdicts, 'unknown')} not checked; ${counted(gaps, 'gap')}; ${end}${proven}.`,
  ];
}

function count(verdicts: readonly Verdict[], kind: ReturnType<typeof worst>): number {
  return verdicts.filter((verdict) => worst([verdict]) === kind).length;
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
