import type { Clock } from './clock.ts';
import { type CloudTrail, createCloudTrail } from './cloudtrail.ts';
import { type CloudWatch, createCloudWatch } from './cloudwatch.ts';
import { type Config, createConfig } from './config/config.ts';
import { createEcs, type Ecs } from './ecs.ts';
import { type Neighbours, noNeighbours } from './iam/assume-role.ts';
import { createIam, type Iam } from './iam/iam.ts';
import { createSts } from './iam/sts.ts';
import { createKms, type Kms } from './kms.ts';
import { createLambda, type Lambda } from './lambda.ts';
import { createLogs, type Logs } from './logs.ts';
import { createSns, type Sns } from './messaging/sns.ts';
import { createSqs, type Sqs } from './messaging/sqs.ts';
import { createRandom, hash } from './random.ts';
import { createS3, type S3 } from './s3/s3.ts';
import type { UserDirectory } from './secrets-manager/secret-policies.ts';
import { createSecretsManager, type SecretsManager } from './secrets-manager/secrets-manager.ts';
import type { Environment, Operations } from './service.ts';
import { createSsm, type Ssm } from './ssm.ts';

/** An account as a member of an organization. */
export interface Membership {
  readonly clock: Clock;
  readonly neighbours: Neighbours;
  /** AWS Organizations, as this account sees it. */
  readonly organizations: Operations;
}

/** Every service of an account. */
export interface Services {
  readonly iam: Iam;
  readonly secrets: SecretsManager;
  readonly sns: Sns;
  readonly sqs: Sqs;
  readonly config: Config;
  readonly cloudTrail: CloudTrail;
  readonly kms: Kms;
  readonly lambda: Lambda;
  readonly cloudWatch: CloudWatch;
  readonly logs: Logs;
  readonly s3: S3;
  readonly ssm: Ssm;
  readonly ecs: Ecs;
}

/** Secrets Manager in the other Regions, each made when it is first asked for. */
export interface Elsewhere {
  readonly regions: ReadonlyMap<string, SecretsManager>;
  readonly disabled: Set<string>;
  in(region: string): SecretsManager;
}

function createElsewhere(environment: Environment, users: UserDirectory): Elsewhere {
  const regions = new Map<string, SecretsManager>();
  return {
    regions,
    disabled: new Set(),
    in(region) {
      const made = regions.get(region) ?? createSecretsManager({ ...environment, region }, users);
      regions.set(region, made);
      return made;
    },
  };
}

/** Those of an empty account. */
export function createServices(
  environment: Environment,
  { propagationMs, seed, membership }: { propagationMs: number; seed: number; membership: Membership | undefined },
) {
  const iam = createIam(environment, propagationMs);
  const users: UserDirectory = {
    userIdOf(arn) {
      const user = iam.state.findUser(arn.split('/').at(-1) ?? '');
      return user?.arn === arn ? user.userId : undefined;
    },
    arnOf: (userId) => iam.state.users.get(userId)?.arn,
  };
  const secrets = createSecretsManager(environment, users);
  const sns = createSns(environment, (queueArn, body) => sqs.deliver(queueArn, body));
  const sqs = createSqs(environment);
  const sts = createSts(environment, iam.state, membership?.neighbours ?? noNeighbours(environment, iam.state));
  const config = createConfig(environment);
  const cloudTrail = createCloudTrail(environment);
  const kms = createKms(environment, users, createRandom(hash(`kms ${seed}`)));
  const lambda = createLambda(environment);
  const cloudWatch = createCloudWatch(environment);
  const logs = createLogs(environment);
  const s3 = createS3(environment, users, seed);
  const ssm = createSsm();
  const ecs = createEcs(environment);
  const operations = {
    iam: iam.operations,
    secretsmanager: secrets.operations,
    sns: sns.operations,
    sqs: sqs.operations,
    sts: sts.operations,
    config: config.operations,
    cloudtrail: cloudTrail.operations,
    kms: kms.operations,
    lambda: lambda.operations,
    cloudwatch: cloudWatch.operations,
    logs: logs.operations,
    s3: s3.operations,
    ssm: ssm.operations,
    ecs: ecs.operations,
    organizations: membership?.organizations ?? {},
  };
  return {
    services: { iam, secrets, sns, sqs, config, cloudTrail, kms, lambda, cloudWatch, logs, s3, ssm, ecs },
    operations,
    elsewhere: createElsewhere(environment, users),
  };
}
