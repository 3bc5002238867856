import { EventError } from '../shared/core/errors.ts';
import { type Account, identify } from './accounts.ts';
import type { Context } from './context.ts';
import { createSignIns, type SignInOptions } from './credentials.ts';

/** An account, signed in to, and the stage that is meant there. */
export interface Deployed extends Account {
  stage: string;
}

/** The one account that something is done in. Throws an EventError for several profiles, before anything is asked of AWS. */
export async function connect(context: Context, options: SignInOptions): Promise<Deployed> {
  refuseSeveralProfiles(context);
  const { profiles, signIn } = await createSignIns(context, options);
  const account = await identify(context, await signIn(profiles[0]));
  return { ...account, stage: context.options.stage };
}

/** What changes something changes it in one account. */
export function refuseSeveralProfiles({ options: { profile } }: Context): void {
  if (profile.length < 2) return;
  throw new EventError(
    `--profile: this acts in one account, and ${profile.join(', ')} are given. Run it once for each.`,
  );
}

/** Ready to be typed: with the options that this command was given, as far as they lead to the same deployment. */
export function commandFor({ options }: Context, command: string, own?: string): string {
  const { region, stage } = options;
  // Of several profiles the one that it is about.
  const profile = options.profile.length > 1 && own !== undefined ? [own] : options.profile;
  const given = [
    ...profile.map((name) => `--profile ${name}`),
    ...(region === undefined ? [] : [`--region ${region}`]),
    ...(stage === 'dev' ? [] : [`--stage ${stage}`]),
  ];
  return ['keyturn', command, ...given].join(' ');
}

/** `in account 111122223333 (profile prod)`; of a member of a fleet also whose hub is asked. */
export function placeOf({ accountId, name }: Deployed, member = accountId): string {
  return member === accountId
    ? `in account ${accountId} (${name})`
    : `in account ${member}, by the hub in ${accountId} (${name})`;
}
