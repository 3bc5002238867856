import { createHash } from 'node:crypto';
import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { HandedOn } from '../../shared/core/hand-on.ts';
import { HOUR } from '../../shared/core/time.ts';
import type { EcsDestination, ParameterDestination, SecretDestination } from '../hand-on-file.ts';
import { fieldValue, jsonOf, type Pair } from '../pair.ts';
import type { HandOnRuntime } from '../runtime.ts';

/**
 * Repeated under the same hand-on it makes no second version. Its instant is in the token: Secrets Manager ignores a put
 * with a token that it has seen, so without it a key that comes back after a roll-back would stay away.
 */
export async function writeSecret(
  { aws }: HandOnRuntime,
  destination: SecretDestination,
  { pair, tag }: { pair: Pair; tag: HandedOn },
): Promise<void> {
  const parts = [tag.at, tag.accessKeyId, tag.hash, destination.secret];
  await aws.secrets.send(
    new PutSecretValueCommand({
      SecretId: destination.secret,
      ClientRequestToken: createHash('sha256').update(JSON.stringify(parts)).digest('hex'),
      SecretString: jsonOf(pair, destination.fields, destination.constants),
    }),
  );
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
