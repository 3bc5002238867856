import { createHash } from 'node:crypto';
import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { HandedOn } from '../../shared/core/hand-on.ts';
import { jsonOf as parsed } from '../../shared/core/json.ts';
import { HOUR } from '../../shared/core/time.ts';
import type { EcsDestination, ParameterDestination, SecretDestination } from '../hand-on-file.ts';
import { fieldValue, jsonOf, type Pair } from '../pair.ts';
import type { HandOnRuntime } from '../runtime.ts';

/**
 * Repeated under the same hand-on it makes no second version. Its instant is in the token: Secrets Manager ignores a put
 * with a token that it has seen, so without it a key that comes back after a roll-back would stay away.
 */
export async function writeSecret(
  runtime: HandOnRuntime,
  destination: SecretDestination,
  { pair, tag }: { pair: Pair; tag: HandedOn },
): Promise<void> {
  const { secret: SecretId, fields, constants, merge } = destination;
  const present = merge ? await presentIn(runtime, SecretId) : {};
  const SecretString = jsonOf(pair, fields, { ...present, ...constants });
  // What others have written since is another value, which the same token would refuse.
  const parts = [tag.at, tag.accessKeyId, tag.hash, SecretId, ...(merge ? [SecretString] : [])];
  const ClientRequestToken = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  await runtime.aws.secrets.send(new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString }));
}

/**
 * The fields that are there. Secrets Manager has no compare-and-set: of two who write at once the later one wins. Throws
 * for a value that fields cannot be added to, and says nothing of it.
 */
async function presentIn({ aws }: HandOnRuntime, SecretId: string): Promise<Record<string, unknown>> {
  const { SecretString } = await aws.secrets.send(new GetSecretValueCommand({ SecretId }));
  const value = parsed(SecretString);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`The value of ${SecretId} is no JSON object, so nothing can be merged into it.`);
}

/** One parameter with JSON, or one for each field, between which a reader sees half of a pair. */
export async function writeParameters(
  { aws }: HandOnRuntime,
  destination: ParameterDestination,
  pair: Pair,
): Promise<void> {
  const client = aws.clientOf((options) => new SSMClient(options));
  const values =
    'parameter' in destination
      ? [[destination.parameter, jsonOf(pair, destination.fields, destination.constants)] as const]
      : Object.entries(destination.parameters).map(([name, field]) => [name, fieldValue(pair, field)] as const);
  const key = destination.kmsKeyArn === undefined ? {} : { KeyId: destination.kmsKeyArn };
  for (const [Name, Value] of values) {
    await client.send(new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite: true, ...key }));
  }
}

/**
 * So that a service loads what was written: not again if it was deployed since, and at most once an hour whoever asks.
 * `later` if the hour is not over.
 */
export async function redeploy(
  { aws, clock }: HandOnRuntime,
  { ecs: { cluster, service } }: EcsDestination,
  { at }: HandedOn,
): Promise<'done' | 'later'> {
  const client = aws.clientOf((options) => new ECSClient(options));
  const { services = [] } = await client.send(new DescribeServicesCommand({ cluster, services: [service] }));
  const [found] = services;
  const primary = found?.deployments?.find(({ status }) => status === 'PRIMARY');
  const deployedAt = primary?.createdAt?.getTime() ?? 0;
  if (deployedAt > at) return 'done';
  if (clock() - deployedAt < HOUR) return 'later';
  await client.send(new UpdateServiceCommand({ cluster, service, forceNewDeployment: true }));
  return 'done';
}
