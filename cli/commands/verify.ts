import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EventError } from '../../shared/core/errors.ts';
import { type Asked, type Verdict, type Verification, worst } from '../../shared/core/evidence/verdict.ts';
import { verifyEvidence } from '../../shared/core/evidence/verify.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { accountsIn, openPlace } from '../evidence/place.ts';
import { readEvidence } from '../evidence/read.ts';
import { type ExitCode, exitCodes, worst as worstOf } from '../exit-code.ts';

export interface VerifyOptions extends SignInOptions {
  head: readonly string[];
  publicKey?: string;
  quick?: boolean;
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
  const { head, publicKey, quick = false } = options;
  const asked: Asked = {
    now: context.shell.clock(),
    heads: head.map(parseHead),
    isSignedBy: publicKey === undefined ? undefined : signedBy(await readPublicKey(publicKey)),
    isQuick: quick,
  };
  const place = await openPlace(context, given, options);
  const accounts: (Verification & { accountId: string })[] = [];
  for (const accountId of accountsIn(place)) {
    const verification = verifyEvidence((await readEvidence(place, accountId, { isQuick: quick })).evidence, asked);
    accounts.push({ accountId, ...verification });
  }
  if (context.options.json) context.print(JSON.stringify(documentOf(accounts), undefined, 2));
  else context.print(accounts.flatMap((each) => linesOf(context, each)).join('\n'));
  if (place.versions === undefined) context.note('Versions and delete markers are not to be seen here.');
  if (head.length === 0) {
    context.note('No --head was given: whether the newest digests are missing, this cannot show.');
  }
  return worstOf(accounts.map(({ verdicts }) => codes[worst(verdicts)]));
}

const codes = { wrong: exitCodes.undecided, unknown: exitCodes.failed, true: exitCodes.done } as const;

export function parseHead(text: string): Asked['heads'][number] {
  const [, number, sha256] = /^(?:(\d+):)?([0-9a-f]{64})$/.exec(text) ?? [];
  if (sha256 === undefined) {
    throw new EventError(`--head ${text}: it is a SHA-256 in hex, or a digest's number before it, as in 123:9f2c….`);
  }
  return { sha256, ...(number !== undefined && { number: Number(number) }) };
}

async function readPublicKey(file: string): Promise<KeyObject> {
  try {
    return createPublicKey(await readFile(file, 'utf8'));
  } catch {
    throw new EventError(`--public-key ${file}: it cannot be read as a public key in PEM.`);
  }
}

function signedBy(key: KeyObject): NonNullable<Asked['isSignedBy']> {
  return (text, signature) => verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

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
