import { AwsError } from '../errors.ts';
import { flag, type Input, optionalText } from '../input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { invalidRequest, type SecretAccess } from './secret-access.ts';
import { holderOf, moveLabel, type Secret, type SecretState } from './secret-state.ts';
import { versionIdOf } from './secret-versions.ts';

// Rotation by a Lambda function: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type Step = (typeof steps)[number];

/** What Secrets Manager sends to a rotation function. */
export interface RotationEvent {
  readonly Step: Step;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

export type RotationFunction = (event: RotationEvent) => Promise<unknown>;

/** One try of a rotation: the whole of it, up to the first step that failed. */
export interface Attempt {
  readonly secretId: string;
  readonly versionId: string;
  /** The steps that were asked for. */
  readonly steps: readonly Step[];
  /** What the last of them threw. */
  readonly error?: unknown;
  /** AWSCURRENT is on the version: the rotation is over. */
  readonly isComplete: boolean;
}

/** RotateSecret only begins a rotation, as in AWS: the steps run when a test or a demo lets them. */
export interface Rotations {
  /** Lets Secrets Manager invoke the function of that ARN, as a permission of the function does. */
  register(functionArn: string, run: RotationFunction): void;
  /** One attempt at every rotation in progress, from its first step on with the same token, as AWS retries it. */
  attempt(): Promise<Attempt[]>;
  /** Every RotationToken ever handed out. */
  readonly tokens: readonly string[];
}

interface Job {
  readonly secretArn: string;
  readonly versionId: string;
  readonly functionArn: string;
  /** `RotateImmediately: false`: testSecret alone, against a version that is there for no longer than that. */
  readonly isTest: boolean;
  /** Of the attempt under way. */
  rotationToken?: string;
}

/** The rotations of an account, and what they rotate. */
interface Rotator {
  readonly environment: Environment;
  readonly state: SecretState;
  readonly access: SecretAccess;
  /** By ARN. */
  readonly functions: Map<string, RotationFunction>;
  /** Those in progress, by the ARN of the secret. */
  readonly jobs: Map<string, Job>;
  readonly tokens: string[];
}

const operations: OperationsOn<Rotator> = {
  RotateSecret({ environment, access, functions, jobs }, input, context) {
    const secret = access.usable('RotateSecret', input, context);
    const versionId = versionIdOf(input, environment.random.uuid);
    const functionArn = functionOf(functions, optionalText(input, 'RotationLambdaARN') ?? secret.rotationLambdaArn);
    const pending = pendingElsewhere(secret);
    if (pending !== undefined && pending !== versionId) {
      throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
    }
    // A policy that forgets `aws:PrincipalIsAWSService` takes the pending version away from Secrets Manager too.
    access.checkService('UpdateSecretVersionStage', secret, context.now);
    const isTest = 'RotateImmediately' in input && !flag(input, 'RotateImmediately');
    const enabled = { ...secret, rotationEnabled: true, rotationLambdaArn: functionArn };
    const isCurrent = holderOf(secret, 'AWSCURRENT')?.versionId === versionId;
    access.write(isCurrent ? enabled : withPending(enabled, versionId, context.now), context.now);
    if (!isCurrent) jobs.set(secret.arn, { secretArn: secret.arn, versionId, functionArn, isTest });
    return { ARN: secret.arn, Name: secret.name, VersionId: isTest ? undefined : versionId };
  },

  // Labels stay as they are: somebody may have to take AWSPENDING off before the next rotation.
  CancelRotateSecret({ access, jobs }, input, context) {
    const secret = access.usable('CancelRotateSecret', input, context);
    jobs.delete(secret.arn);
    access.write({ ...secret, rotationEnabled: false }, context.now);
    return { ARN: secret.arn, Name: secret.name };
  },
};

function functionOf(functions: Rotator['functions'], functionArn: string | undefined): string {
  if (functionArn === undefined) {
    throw invalidRequest('No Lambda rotation function ARN is associated with this secret.');
  }
  if (functions.has(functionArn)) return functionArn;
  throw new AwsError(
    400,
    'AccessDeniedException',
    'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
  );
}

async function attempt({ environment, state, functions, jobs, tokens }: Rotator, job: Job): Promise<Attempt> {
  const { secretArn, versionId, functionArn, isTest } = job;
  const rotationToken = environment.random.uuid();
  job.rotationToken = rotationToken;
  tokens.push(rotationToken);
  const asked: Step[] = [];
  const about = { secretId: secretArn, versionId, steps: asked };
  try {
    for (const step of isTest ? (['testSecret'] as const) : steps) {
      asked.push(step);
      const event = { Step: step, SecretId: secretArn, ClientRequestToken: versionId, RotationToken: rotationToken };
      await functions.get(functionArn)?.(event);
    }
    const now = state.find(secretArn);
    const isComplete = now !== undefined && holderOf(now, 'AWSCURRENT')?.versionId === versionId;
    if (isComplete) jobs.delete(secretArn);
    return { ...about, isComplete };
  } catch (error) {
    return { ...about, error, isComplete: false };
  } finally {
    delete job.rotationToken;
    if (isTest) {
      jobs.delete(secretArn);
      dropVersion(state, job);
    }
  }
}

function dropVersion(state: SecretState, { secretArn, versionId }: Job): void {
  const secret = state.find(secretArn);
  if (secret === undefined) return;
  state.save({ ...secret, versions: secret.versions.filter((version) => version.versionId !== versionId) });
}

function withPending(secret: Secret, versionId: string, now: number): Secret {
  const isThere = secret.versions.some((version) => version.versionId === versionId);
  const version = { versionId, value: {}, labels: [], createdAt: now, lastAccessedAt: undefined };
  const versions = isThere ? secret.versions : [...secret.versions, version];
  return moveLabel({ ...secret, versions }, 'AWSPENDING', versionId);
}

/** The version that a rotation has left pending: AWSPENDING may stay on the current one after success. */
function pendingElsewhere(secret: Secret): string | undefined {
  const pending = holderOf(secret, 'AWSPENDING')?.versionId;
  return pending === holderOf(secret, 'AWSCURRENT')?.versionId ? undefined : pending;
}

export interface Rotation {
  readonly rotations: Rotations;
  readonly operations: Operations;
  /** A token that belongs to no rotation under way would be refused by AWS, so that a function must pass its own on. */
  checkRotationToken(secretId: string, input: Input): void;
}

export function createRotation(environment: Environment, state: SecretState, access: SecretAccess): Rotation {
  const functions: Rotator['functions'] = new Map();
  const jobs: Rotator['jobs'] = new Map();
  const tokens: string[] = [];
  const rotator: Rotator = { environment, state, access, functions, jobs, tokens };
  return {
    operations: operationsOn(rotator, operations),
    rotations: {
      register: (functionArn, run) => {
        functions.set(functionArn, run);
      },
      async attempt() {
        const attempts: Attempt[] = [];
        for (const job of [...jobs.values()]) attempts.push(await attempt(rotator, job));
        return attempts;
      },
      tokens,
    },
    checkRotationToken(secretId, input) {
      const given = optionalText(input, 'RotationToken');
      if (given === undefined) return;
      const secret = state.find(secretId);
      if (secret !== undefined && jobs.get(secret.arn)?.rotationToken === given) return;
      throw invalidRequest('The RotationToken does not belong to a rotation of this secret.');
    },
  };
}
