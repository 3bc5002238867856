import { GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { fromIni, fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { createAws } from '../shared/aws/clients.ts';
import { EventError, isFailure, messageOf, RotationError } from '../shared/core/errors.ts';
import { HOUR, MINUTE, SECOND } from '../shared/core/time.ts';
import type { Context } from './context.ts';
import { Interrupted } from './exit-code.ts';
import { createMfaCodes, type MfaCodes } from './mfa.ts';
import { type Profile, readProfiles, requireProfile, type SharedFiles, sharedFilesOf } from './profiles.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}
export type CredentialProvider = () => Promise<Credentials>;

/** What to call AWS with, for one account. */
export interface SignedIn {
  /** Absent for whatever the environment gives. */
  profile?: string;
  /** For a sentence: `profile prod`. */
  name: string;
  region: string;
  credentials: CredentialProvider;
  /** Where the shell says that AWS is, if the process does not say the same. */
  endpoint?: string;
}

export interface SignInOptions {
  mfaCodeStdin?: boolean;
}

/** Signs in with one profile after the other; what several of them share is asked for once. */
export interface SignIns {
  /** In the order given; one undefined for whatever the environment gives. */
  profiles: readonly (string | undefined)[];
  /** Throws an error that names the profile, and what to do. */
  signIn(profile: string | undefined): Promise<SignedIn>;
}

/**
 * The profiles that are asked for: `--profile`, else `AWS_PROFILE`, else what the environment gives. Throws an EventError
 * for one that does not exist, before anything is called.
 *
 * Files are found by the shell's environment. Where the SDK has no argument for it, it reads that of the process: the
 * cache of `aws sso login`, endpoints, and the credentials of containers and instances.
 */
export async function createSignIns(context: Context, { mfaCodeStdin = false }: SignInOptions): Promise<SignIns> {
  const { options, shell } = context;
  const files = sharedFilesOf(shell);
  const known = await readProfiles(files);
  const fromEnvironment = shell.environment.AWS_PROFILE || undefined;
  const profiles = options.profile.length > 0 ? [...new Set(options.profile)] : [fromEnvironment];
  for (const name of profiles) if (name !== undefined) requireProfile(known, name, files);
  const codes = createMfaCodes(context, { fromStdin: mfaCodeStdin });
  const wanted = profiles.filter((name) => name !== undefined);
  const source: Source = { context, files, known, codes, sessions: createSessions(), wanted };
  return { profiles, signIn: (profile) => signIn(source, profile) };
}

interface Source {
  context: Context;
  files: SharedFiles;
  known: ReadonlyMap<string, Profile>;
  codes: MfaCodes;
  sessions: Sessions;
  wanted: readonly string[];
}

async function signIn(source: Source, profile: string | undefined): Promise<SignedIn> {
  const name = profile === undefined ? 'the credentials of the environment' : `profile ${profile}`;
  const region = regionFor(source, profile);
  const endpoint = endpointOf(source.context);
  const where: Where = { region, ...(endpoint === undefined ? {} : { endpoint }) };
  const credentials = kept(providerFor(source, profile, where), source.context.shell.clock);
  try {
    await credentials();
  } catch (error) {
    throw explained(error, profile);
  }
  return { ...(profile === undefined ? {} : { profile }), name, credentials, ...where };
}

interface Where {
  region: string;
  endpoint?: string;
}

function regionFor({ context: { options, shell }, known }: Source, profile: string | undefined): string {
  const { KEYTURN_REGION, AWS_REGION, AWS_DEFAULT_REGION } = shell.environment;
  const own = known.get(profile ?? 'default')?.region;
  const region = options.region || KEYTURN_REGION || own || AWS_REGION || AWS_DEFAULT_REGION;
  if (region !== undefined && region !== '') return region;
  const where = profile === undefined ? 'AWS_REGION' : `\`region\` of profile ${profile}`;
  throw new EventError(`--region is missing: give it, or set KEYTURN_REGION or ${where}.`);
}

/** The SDK knows that of the process, with all its variants; a test has a shell of its own. */
function endpointOf({ shell }: Context): string | undefined {
  const { AWS_ENDPOINT_URL } = shell.environment;
  return AWS_ENDPOINT_URL === process.env.AWS_ENDPOINT_URL ? undefined : AWS_ENDPOINT_URL;
}

function providerFor(source: Source, profile: string | undefined, where: Where): CredentialProvider {
  const { context, files, codes } = source;
  const init = { ...files, ignoreCache: true, mfaCodeProvider: codes, clientConfig: where };
  if (profile === undefined) return fromShell(context) ?? fromNodeProviderChain(init);
  const shared = sharedSession(source, profile);
  if (shared === undefined) return fromIni({ ...init, profile });
  const { role, key } = shared;
  return fromTemporaryCredentials({
    masterCredentials: () => source.sessions(key, () => openSession(source, shared, where)),
    clientConfig: where,
    params: {
      RoleArn: role.role_arn ?? '',
      RoleSessionName: role.role_session_name ?? `keyturn-${context.shell.clock()}`,
      ...(role.external_id === undefined ? {} : { ExternalId: role.external_id }),
      DurationSeconds: Number(role.duration_seconds ?? HOUR / SECOND),
    },
  });
}

function fromShell({ shell }: Context): CredentialProvider | undefined {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN,
  } = shell.environment;
  if (!accessKeyId || !secretAccessKey) return undefined;
  const token = AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {};
  return async () => ({ accessKeyId, secretAccessKey, ...token });
}

/** Several roles behind one device and one user. */
interface SharedSession {
  role: Profile;
  sourceProfile: string;
  serial: string;
  key: string;
}

/**
 * A code is good once, so that roles of one device need one session for all of them: GetSessionToken with the code, then
 * AssumeRole with the session, which says to trust policies that there was MFA. Only a user's own key can open one.
 */
function sharedSession({ known, wanted }: Source, profile: string): SharedSession | undefined {
  const keyOf = (name: string): string | undefined => {
    const { role_arn, source_profile, mfa_serial } = known.get(name) ?? {};
    return role_arn && source_profile && mfa_serial ? JSON.stringify([source_profile, mfa_serial]) : undefined;
  };
  const role = known.get(profile);
  const key = keyOf(profile);
  const { source_profile: sourceProfile = '', mfa_serial: serial = '' } = role ?? {};
  const base = known.get(sourceProfile);
  const isUser = base?.aws_access_key_id !== undefined && base.aws_session_token === undefined;
  if (role === undefined || key === undefined || !isUser) return undefined;
  return wanted.filter((name) => keyOf(name) === key).length > 1 ? { role, sourceProfile, serial, key } : undefined;
}

const SESSION = HOUR;

async function openSession(
  { context, files, codes }: Source,
  { sourceProfile, serial }: SharedSession,
  where: Where,
): Promise<Credentials> {
  const TokenCode = await codes(serial);
  const credentials = fromIni({ ...files, ignoreCache: true, profile: sourceProfile });
  const { sts } = createAws({ ...where, credentials }, { caller: `profile ${sourceProfile}`, ...verbosely(context) });
  const input = { SerialNumber: serial, TokenCode, DurationSeconds: SESSION / SECOND };
  const { Credentials: session } = await sts.send(new GetSessionTokenCommand(input));
  if (session?.AccessKeyId === undefined || session.SecretAccessKey === undefined) {
    throw new RotationError(`The answer of sts:GetSessionToken for ${serial} has no credentials.`);
  }
  return {
    accessKeyId: session.AccessKeyId,
    secretAccessKey: session.SecretAccessKey,
    ...(session.SessionToken === undefined ? {} : { sessionToken: session.SessionToken }),
    ...(session.Expiration === undefined ? {} : { expiration: session.Expiration }),
  };
}

/** In memory only, one for each user and device. A failure is not remembered: the next profile may have a better code. */
type Sessions = (key: string, open: CredentialProvider) => Promise<Credentials>;

function createSessions(): Sessions {
  const opened = new Map<string, Promise<Credentials>>();
  return async (key, open) => {
    const session = opened.get(key) ?? open();
    opened.set(key, session);
    try {
      return await session;
    } catch (error) {
      opened.delete(key);
      throw error;
    }
  };
}

/** The SDK renews what has less left. */
const RENEWED_BEFORE = 5 * MINUTE;

/** Each client would ask on its own, and a person for a code each time. */
function kept(provide: CredentialProvider, clock: () => number): CredentialProvider {
  let current: Promise<Credentials> | undefined;
  const isFresh = ({ expiration }: Credentials): boolean =>
    expiration === undefined || expiration.getTime() - clock() > RENEWED_BEFORE;
  return async () => {
    if (current === undefined || !isFresh(await current)) current = provide();
    return current;
  };
}

/** `--verbose`: each call with its time. */
export function verbosely({ options, warn }: Context): { onCall?(permission: string, ms: number): void } {
  return options.verbose ? { onCall: (permission, ms) => warn(`${permission} ${Math.round(ms)} ms`) } : {};
}

/** The SDK's sentences name no profile. */
function explained(error: unknown, profile: string | undefined): unknown {
  if (error instanceof Interrupted || error instanceof EventError) return error;
  const said = messageOf(error);
  const who = profile === undefined ? 'the credentials of the environment' : `profile ${profile}`;
  if (/MultiFactorAuthentication failed/i.test(said)) {
    const text = `Cannot sign in with ${who}: AWS did not take the MFA code. Each is good once, so wait for the next one.`;
    return new RotationError(text, { code: 'AccessDenied', action: 'sts:AssumeRole', cause: error });
  }
  const code = error instanceof RotationError ? error.code : error instanceof Error ? error.name : 'Unknown';
  const text = `Cannot sign in with ${who}: ${said}${/[.!?]$/.test(said) ? '' : '.'}${wayOut(error, said, profile)}`;
  const isTransient = error instanceof RotationError && error.isTransient;
  return new RotationError(text, { code, isTransient, action: 'sts:AssumeRole', cause: error });
}

function wayOut(error: unknown, said: string, profile: string | undefined): string {
  const option = profile === undefined ? '' : ` --profile ${profile}`;
  if (/sso/i.test(said)) return ` Run: aws sso login${option}`;
  if (/aws login|login session/i.test(said)) return ` Run: aws login${option}`;
  if (isFailure(error, 'AccessDenied') || /not authorized to perform/i.test(said)) return '';
  if (profile !== undefined) return '';
  return ' Give --profile, set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
}
