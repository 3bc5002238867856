import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { EventError, isFailure, messageOf } from '../shared/core/errors.ts';
import { functionNameOf } from '../shared/core/function-name.ts';
import { environmentName, readSettings, type Settings, settingSpecs } from '../shared/core/settings.ts';
import type { Account } from './accounts.ts';
import type { Context } from './context.ts';

/** Where most of the settings came from. */
export type SettingsOrigin = 'deployment' | 'environment' | 'defaults';

/** The settings that a look goes by, and where they came from. */
export interface FoundSettings {
  settings: Settings;
  from: SettingsOrigin;
  /** In a sentence, for stderr. */
  sentence: string;
  /** There is one: otherwise nobody can be asked who would hear of anything. */
  hasTopic: boolean;
}

/**
 * Each setting from the first that has it: `--set`, the environment, the deployed function, the default. Throws a
 * SettingsError that names the source of a value that does not parse.
 */
export async function findSettings(
  { shell, options }: Context,
  account: Pick<Account, 'aws' | 'region' | 'accountId'>,
  changes: ReadonlyMap<string, string>,
): Promise<FoundSettings> {
  const deployed = await readDeployment(account, options.stage);
  const { environment } = shell;
  const sources: Source[] = [
    { called: (name) => `--set ${name}`, read: (name) => changes.get(name) },
    { called: (name) => `${environmentName(name)} in the environment`, read: (name) => from(environment, name) },
    {
      called: (name) => `${environmentName(name)} of function ${deployed.functionName}`,
      read: (name) => from(deployed.environment, name),
    },
  ];
  const sourceOf = (name: string): Source | undefined => sources.find(({ read }) => read(name) !== undefined);
  const hasTopic = sourceOf('topicArn') !== undefined;
  const absent = placeholders(account);
  const settings = readSettings((name) => sourceOf(name)?.read(name) ?? absent[name], {
    cannot: 'Cannot plan',
    nameOf: (name) => sourceOf(name)?.called(name) ?? `setting ${name}`,
  });
  const own = Object.keys(settingSpecs).filter((name) => !changes.has(name) && from(environment, name) !== undefined);
  const isDeployed = deployed.environment !== undefined;
  const sentence = sentenceOf({ deployed, own, changes, account, stage: options.stage });
  return {
    settings,
    from: isDeployed ? 'deployment' : own.length > 0 ? 'environment' : 'defaults',
    sentence,
    hasTopic,
  };
}

interface Source {
  /** The setting, as this source has it. */
  called(name: string): string;
  read(name: string): string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as absent. */
function from(variables: Variables | undefined, name: string): string | undefined {
  return variables?.[environmentName(name)] || undefined;
}

/** Required where things are changed, and used by no path of a plan. */
function placeholders({ region, accountId }: Pick<Account, 'region' | 'accountId'>): Variables {
  return {
    topicArn: `arn:aws:sns:${region}:${accountId}:none`,
    queueUrl: `https://sqs.${region}.amazonaws.com/${accountId}/none.fifo`,
  };
}

interface Deployment {
  functionName: string;
  environment?: Variables;
  /** Why it could not be read. */
  because?: string;
}

/** Of the deployed function; undefined where it is not there, or may not be read. */
export async function readFunctionEnvironment(
  account: Pick<Account, 'aws'>,
  stage: string,
): Promise<Variables | undefined> {
  return (await readDeployment(account, stage)).environment;
}

/** That there is none is no error. What may not be read is said, since the plan may be another one then. */
async function readDeployment({ aws }: Pick<Account, 'aws'>, stage: string): Promise<Deployment> {
  const functionName = functionNameOf(stage, 'scheduled-rotation');
  const lambda = aws.clientOf((options) => new LambdaClient(options));
  try {
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
    if (Environment?.Variables !== undefined) return { functionName, environment: Environment.Variables };
    const because = Environment?.Error?.Message ?? 'AWS shows no environment of it';
    return { functionName, because };
  } catch (error) {
    if (isFailure(error, 'ResourceNotFound')) return { functionName };
    if (isFailure(error, 'AccessDenied')) return { functionName, because: messageOf(error) };
    throw error;
  }
}

interface Found {
  deployed: Deployment;
  own: readonly string[];
  changes: ReadonlyMap<string, string>;
  account: Pick<Account, 'region'>;
  stage: string;
}

function sentenceOf({ deployed, own, changes, account: { region }, stage }: Found): string {
  const what =
    deployed.environment !== undefined
      ? `Settings of the deployment keyturn-${stage} in ${region}`
      : deployed.because !== undefined
        ? `Settings: defaults, since the deployment keyturn-${stage} in ${region} could not be read: ${deployed.because}`
        : `Settings: defaults (no deployment "${stage}" found in ${region})`;
  const over = [
    ...(own.length === 0 ? [] : [`from the environment: ${own.map(environmentName).join(', ')}`]),
    ...(changes.size === 0 ? [] : [`by --set: ${[...changes.keys()].join(', ')}`]),
  ];
  const more = over.length === 0 ? '' : `; ${over.join('; ')}`;
  return `${what.replace(/\.$/, '')}${more}.`;
}

/** `--set name=value`, the last of several. Throws an EventError for what is no setting. */
export function parseChanges(given: readonly string[]): ReadonlyMap<string, string> {
  const changes = new Map<string, string>();
  for (const each of given) {
    const at = each.indexOf('=');
    if (at <= 0) throw new EventError(`--set ${each}: write name=value, as in --set maxAccessKeyAgeDays=60.`);
    const name = each.slice(0, at);
    if (!Object.hasOwn(settingSpecs, name)) {
      throw new EventError(
        `--set ${name}: there is no such setting. There are: ${Object.keys(settingSpecs).join(', ')}.`,
      );
    }
    changes.set(name, each.slice(at + 1));
  }
  return changes;
}
