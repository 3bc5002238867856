import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { type Aws, createAws } from '../shared/aws/clients.ts';
import { required } from '../shared/aws/observe.ts';
import { EventError } from '../shared/core/errors.ts';
import type { Context } from './context.ts';

/** One account and Region, signed in to, and the stage that is meant there. */
export interface Deployed {
  aws: Aws;
  accountId: string;
  callerArn: string;
  region: string;
  /** For a sentence: `profile prod`. */
  name: string;
  stage: string;
}

/** Throws an EventError for several profiles, before anything is asked of AWS. */
export async function connect({ options, shell }: Context): Promise<Deployed> {
  const { KEYTURN_REGION, AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL } = shell.environment;
  const profile = options.profile[0] ?? AWS_PROFILE;
  const region = options.region ?? KEYTURN_REGION ?? AWS_REGION ?? AWS_DEFAULT_REGION;
  if (region === undefined) throw new EventError('--region is missing: give it, or set KEYTURN_REGION or AWS_REGION.');
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = shell.environment;
  const credentials =
    accessKeyId !== undefined && secretAccessKey !== undefined && profile === undefined
      ? { accessKeyId, secretAccessKey }
      : fromNodeProviderChain(profile === undefined ? {} : { profile });
  const endpoint = AWS_ENDPOINT_URL === undefined ? {} : { endpoint: AWS_ENDPOINT_URL };
  const aws = createAws({ region, credentials, ...endpoint });
  const { Account, Arn } = await aws.sts.send(new GetCallerIdentityCommand({}));
  const action = 'sts:GetCallerIdentity';
  return {
    aws,
    accountId: required(Account, action, 'Account'),
    callerArn: required(Arn, action, 'Arn'),
    region,
    name: profile === undefined ? 'the credentials of the environment' : `profile ${profile}`,
    stage: options.stage,
  };
}

/** What changes something changes it in one account. */
export function refuseSeveralProfiles({ options: { profile } }: Context): void {
  if (profile.length < 2) return;
  throw new EventError(
    `--profile: this acts in one account, and ${profile.join(', ')} are given. Run it once for each.`,
  );
}

/** For what only looks: one context for each profile that is given. */
export function eachProfile(context: Context): Context[] {
  const { profile } = context.options;
  if (profile.length < 2) return [context];
  return profile.map((name) => ({ ...context, options: { ...context.options, profile: [name] } }));
}

/** Ready to be typed: with the options that this command was given, as far as they lead to the same deployment. */
export function commandFor({ options }: Context, command: string): string {
  const { profile, region, stage } = options;
  const given = [
    ...profile.map((name) => `--profile ${name}`),
    ...(region === undefined ? [] : [`--region ${region}`]),
    ...(stage === 'dev' ? [] : [`--stage ${stage}`]),
  ];
  return ['keyturn', command, ...given].join(' ');
}

/** `in account 111122223333 (profile prod)` */
export function placeOf({ accountId, name }: Deployed): string {
  return `in account ${accountId} (${name})`;
}
