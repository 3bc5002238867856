import { realpath } from 'node:fs/promises';
import { fromIni } from '@aws-sdk/credential-providers';
import { EventError, RotationError } from '../../shared/core/errors.ts';
import { SecretAccessKey } from '../../shared/core/redacted.ts';
import type { Context, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { type CredentialSource, createCalls } from '../owner/calls.ts';
import { environmentWith, expectNothingPrinted, type Marker, markerOf, runCommand } from '../owner/command.ts';
import { parse } from '../owner/credentials-file.ts';
import { expectNoEndpoint } from '../owner/endpoints.ts';
import { findKey, type NoKey } from '../owner/profile.ts';
import { report } from '../owner/report.ts';
import type { Outcome, Present, SwitchRequest, Tools } from '../owner/request.ts';
import { pathsOf, readSharedFiles, type SharedFiles } from '../owner/shared-files.ts';
import { switchKey } from '../owner/switch.ts';
import { recoverFirst, thisDisk } from '../owner/write.ts';

export interface SwitchOptions extends GlobalOptions {
  check?: boolean;
  onlyProfile?: boolean;
  readWith?: string;
  secret?: string;
  user?: string;
  fromEnv?: boolean;
  /** False with `--no-file`. */
  file: boolean;
  mfaSerial?: string;
  endpointUrl?: string;
}

/** What a test passes otherwise. */
export type Hooks = Partial<Pick<Tools, 'onStep' | 'disk' | 'sleep' | 'now'>>;

/** The owner's part of a rotation, as docs/switch.md has it. */
export async function run(
  context: Context,
  args: readonly string[],
  options: SwitchOptions,
  hooks: Hooks = {},
): Promise<number> {
  const first = args.findIndex((each) => each !== '--');
  const command = first === -1 ? [] : args.slice(first);
  expectSensible(context, command, options);
  // A report of a crash would show the environment, which may hold a key.
  process.report.excludeEnv = true;
  const { shell } = context;
  const paths = pathsOf(shell.environment, shell.platform);
  if (!options.check && options.file) {
    for (const path of Object.values(paths)) {
      const said = await recoverFirst(path);
      if (said !== undefined) context.warn(said);
    }
  }
  const files = await readSharedFiles(paths);
  const present = presentKey(context, options, files);
  if ('message' in present) return nothingToSwitch(context, options, present);
  const request = await requestOf(context, options, { files, present, command });
  const { region, isCheck, marker } = request;
  const tools: Tools = {
    calls: createCalls({
      region,
      endpoint: options.endpointUrl,
      onCall(permission, milliseconds, outcome) {
        if (options.verbose) context.warn(`${permission} ${milliseconds} ms ${outcome}`);
      },
    }),
    ask: context.ask,
    disk: { ...thisDisk, platform: shell.platform },
    now: shell.clock,
    sleep: shell.sleep,
    ...hooks,
  };
  const outcome = await switchKey(request, tools);
  report(context, options, outcome, request);
  if (isCheck) return outcome.status === 'waits' ? exitCodes.due : exitCodes.done;
  if (command.length === 0 || !(await isCommandDue(outcome, marker))) return exitCodes.done;
  const environment = outcome.pair === undefined ? shell.environment : environmentWith(shell.environment, outcome.pair);
  const code = await runCommand(command, {
    ...{ environment, workingDirectory: shell.workingDirectory, isStdoutTaken: options.json },
  });
  await tools.onStep?.('ran');
  if (code === 0) await marker?.note(outcome.to);
  return code;
}

/** After a switch; and after one whose command did not run, or failed. */
async function isCommandDue({ status, to }: Outcome, marker: Marker | undefined): Promise<boolean> {
  const last = await marker?.lastRun();
  if (status === 'switched') return true;
  if (marker === undefined) return false;
  // From the next switch on, whoever makes it.
  if (last === undefined) await marker.note(to);
  return last !== undefined && last !== to;
}

function expectSensible({ shell }: Context, command: readonly string[], options: SwitchOptions): void {
  const { profile, fromEnv, file, check, secret, user, readWith } = options;
  const [, second] = profile;
  if (second !== undefined) throw new EventError('--profile: `switch` takes one. Run it once for each.');
  if (fromEnv && profile.length > 0)
    throw new EventError('--from-env: without --profile, since the key is one or the other.');
  if (fromEnv && file && !check) {
    throw new EventError('--from-env: the environment cannot be written to. Use --no-file, and a command after `--`.');
  }
  if (!file && command.length === 0 && !check)
    throw new EventError('--no-file: without a command after `--` the new key would go nowhere.');
  if (readWith !== undefined && secret !== undefined && user === undefined) {
    throw new EventError('--secret: with --read-with, say also whose key it must be, by --user.');
  }
  if (user !== undefined && readWith === undefined) throw new EventError('--user: only with --read-with.');
  if (command.length > 0 && (!file || shell.environment.AWS_SECRET_ACCESS_KEY)) expectNothingPrinted(shell.environment);
}

/** The key to be replaced, by profile or from the environment. */
function presentKey(context: Context, options: SwitchOptions, files: SharedFiles): Present | NoKey {
  const { environment } = context.shell;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  const isSet = Boolean(accessKeyId && secretAccessKey);
  if (options.fromEnv) {
    if (!accessKeyId || !secretAccessKey) {
      throw new EventError('--from-env: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set.');
    }
    if (environment.AWS_SESSION_TOKEN)
      throw new EventError('--from-env: beside AWS_SESSION_TOKEN the key is a temporary one.');
    return { pair: { accessKeyId, secret: new SecretAccessKey(secretAccessKey) }, place: undefined };
  }
  const profile = profileOf(context, options);
  try {
    const found = findKey(files, profile);
    if (found.kind === 'no-key') return found;
    for (const text of found.followed) context.note(text);
    if (isSet) {
      context.warn(
        `AWS_ACCESS_KEY_ID is set too: most programs prefer it to profile ${profile}. Take it out of the environment.`,
      );
    }
    const place = { kind: found.file, path: files[found.file].path, section: found.section };
    return { pair: found.pair, place: options.file ? place : undefined };
  } catch (error) {
    if (!isSet || !(error instanceof EventError)) throw error;
    throw new EventError(`${error.message} There is a key in the environment: for that one use --from-env.`);
  }
}

function profileOf({ shell }: Context, { profile }: SwitchOptions): string {
  return profile[0] ?? (shell.environment.AWS_PROFILE || shell.environment.AWS_DEFAULT_PROFILE || 'default');
}

interface Found {
  files: SharedFiles;
  present: Present;
  command: readonly string[];
}

async function requestOf(
  context: Context,
  options: SwitchOptions,
  { files, present, command }: Found,
): Promise<SwitchRequest> {
  const { shell } = context;
  const { environment } = shell;
  const profile = options.fromEnv ? undefined : profileOf(context, options);
  const section = present.place?.section;
  const used = [profile, section, options.readWith, environment.AWS_PROFILE || 'default'];
  const profiles = [...new Set(used.filter((name) => name !== undefined))];
  if (options.endpointUrl === undefined) await expectNoEndpoint(environment, files, profiles);
  else context.warn(`Calls go to ${options.endpointUrl}, not to AWS.`);
  const region = options.region ?? (await regionOf(environment, files, [profile, section, options.readWith]));
  return {
    ...{ present, files, region, workingDirectory: shell.workingDirectory },
    ...{ isCheck: options.check === true, isProfileOnly: options.onlyProfile === true },
    ...{ secretId: options.secret, userName: options.user, mfaSerial: options.mfaSerial },
    reader: options.readWith === undefined ? undefined : readerOf(context, options.readWith, files),
    marker:
      present.place === undefined || command.length === 0
        ? undefined
        : markerOf(await realpath(present.place.path), present.place.section, command),
  };
}

async function regionOf(
  environment: Context['shell']['environment'],
  files: SharedFiles,
  profiles: readonly (string | undefined)[],
): Promise<string> {
  if (environment.KEYTURN_REGION) return environment.KEYTURN_REGION;
  const parsed = [await parse(files.credentials.text, 'credentials'), await parse(files.config.text, 'config')];
  for (const profile of profiles) {
    for (const sections of parsed) {
      const region = profile === undefined ? undefined : sections[profile]?.region;
      if (region) return region;
    }
  }
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION;
  if (region) return region;
  throw new EventError('The Region of the secret is not known. Name it by --region.');
}

/** A profile that signs in: by `aws login`, by Identity Center, as a role. */
function readerOf({ ask }: Context, profile: string, files: SharedFiles): { profile: string; as: CredentialSource } {
  const provider = fromIni({
    ...{ profile, ignoreCache: true, filepath: files.credentials.path, configFilepath: files.config.path },
    mfaCodeProvider: (serial) => ask.hidden(`Code of ${serial}`, 'a terminal'),
  });
  return {
    profile,
    async as() {
      try {
        return await provider();
      } catch (error) {
        // Of a refusal the sentence helps, and it is the SDK's own; what an answer held is in the cause only.
        const why = error instanceof Error && error.name === 'CredentialsProviderError' ? `: ${error.message}` : '';
        throw new RotationError(`--read-with ${profile} gives no credentials${why}. Sign in with it again.`);
      }
    },
  };
}

function nothingToSwitch(
  { print, options: { quiet, json } }: Context,
  { check }: SwitchOptions,
  { message }: NoKey,
): number {
  if (json) print(JSON.stringify({ schemaVersion: 1, status: 'no-key', message }, undefined, 2));
  else if (!quiet || check) print(message);
  return exitCodes.done;
}
