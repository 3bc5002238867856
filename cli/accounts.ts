import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { type Aws, createAws } from '../shared/aws/clients.ts';
import { required } from '../shared/aws/observe.ts';
import { messageOf } from '../shared/core/errors.ts';
import type { Context } from './context.ts';
import { createSignIns, type SignedIn, type SignInOptions, verbosely } from './credentials.ts';
import { type ExitCode, exitCodeOf, Interrupted } from './exit-code.ts';

/** One account, signed in to. */
export interface Account extends SignedIn {
  accountId: string;
  callerArn: string;
  aws: Aws;
}

/** What of several accounts was learnt, and how those ended that did not answer. */
export interface Looked<T> {
  results: readonly T[];
  codes: readonly ExitCode[];
}

/**
 * Looks at one account after the other: one question for a code at a time. Of two profiles into one account the first
 * counts. With several profiles a failure is said on stderr, and the others go on.
 */
export async function inEachAccount<T>(
  context: Context,
  options: SignInOptions,
  look: (account: Account) => Promise<T>,
): Promise<Looked<T>> {
  const { profiles, signIn } = await createSignIns(context, options);
  const results: T[] = [];
  const codes: ExitCode[] = [];
  const seen = new Map<string, string>();
  for (const profile of profiles) {
    try {
      const account = await identify(context, await signIn(profile));
      const first = seen.get(account.accountId);
      if (first === undefined) {
        seen.set(account.accountId, account.name);
        results.push(await look(account));
      } else {
        context.warn(`${account.name} is in account ${account.accountId} too, as ${first}: it is looked at only once.`);
      }
    } catch (error) {
      if (profiles.length === 1 || error instanceof Interrupted) throw error;
      const said = messageOf(error);
      context.warn(said.includes(`profile ${profile}`) ? said : `profile ${profile}: ${said}`);
      codes.push(exitCodeOf(error));
    }
  }
  return { results, codes };
}

/** Whose account it is. */
export async function identify(context: Context, signedIn: SignedIn): Promise<Account> {
  const { profile, region, credentials, endpoint, name } = signedIn;
  const options = {
    region,
    credentials,
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const aws = createAws(options, { caller: name, ...verbosely(context) });
  const { Account: accountId, Arn: callerArn } = await aws.sts.send(new GetCallerIdentityCommand({}));
  const action = 'sts:GetCallerIdentity';
  return {
    ...signedIn,
    aws,
    accountId: required(accountId, action, 'Account'),
    callerArn: required(callerArn, action, 'Arn'),
  };
}
