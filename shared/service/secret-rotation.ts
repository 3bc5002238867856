import { openPass, type Pass } from '../apply/pass.ts';
import { STALE_READS } from '../apply/secret.ts';
import { observeByUserId } from '../aws/config.ts';
import { accountIdOf, describeSecret, type Reader } from '../aws/observe.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { guardStep, isOwnIntent } from '../core/checks/secrets-manager.ts';
import { ConflictError, EventError, isFailure, RotationError, SettingsError } from '../core/errors.ts';
import type { RotationStep, Secret, UserState } from '../core/model.ts';
import { present } from '../core/present.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { describedUserName, userIdOfSecretName } from '../core/secret-name.ts';
import type { RotationEvent } from '../core/secret-rotation-events.ts';
import { keyIdOf, storedKeyOf } from '../core/secret-versions.ts';
import { environmentName, parseSettings } from '../core/settings.ts';
import { SECOND } from '../core/time.ts';
import { secretProblem } from '../core/verify-secret.ts';
import { type Reconciled, reconcile } from './reconcile.ts';

/** What became of one step. Secrets Manager only asks whether it threw. */
export interface RotationStepAnswer {
  schemaVersion: 1;
  step: RotationStep;
  status: 'changed' | 'unchanged';
  message: string;
  secretName: string;
  userName?: string;
  accessKeyId?: string;
}

/** A step whose secret and user are known to belong together, and to us. */
interface Context {
  pass: Pass;
  event: RotationEvent;
  secret: Secret;
  state: UserState;
  isCurrent: boolean;
}

type Done = Pick<RotationStepAnswer, 'status' | 'message'> & { accessKeyId?: string | undefined };

/**
 * One of the four steps of Secrets Manager's own rotation; each may be repeated. Throws an EventError for a token that
 * is not pending, a ConflictError with the planner's sentence where nothing may be changed now, and a SettingsError in a
 * dry run: Secrets Manager then shows the rotation as failed, and tries all steps again.
 */
export async function runRotationStep(
  runtime: Runtime,
  invocation: Invocation,
  event: RotationEvent,
): Promise<RotationStepAnswer> {
  const settings = parseSettings(runtime.environment);
  const { step, versionId, rotationToken } = event;
  const asks = { origin: 'managed', rotation: { step, versionId }, isQueued: false } as const;
  const pass = {
    ...(await openPass(runtime, settings, invocation, asks)),
    ...present({ rotationToken }),
  };
  const secret = await describe(pass, event);
  const userId = userIdOfSecretName(settings.secretPrefix, secret.name);
  if (userId === undefined) throw badField('SecretId', `${secret.name} is not the secret of an IAM user`);
  const guarded = guardStep(secret, event.versionId);
  if (typeof guarded === 'object') throw badField(guarded.field, guarded.problem);
  const state = await stateOf(pass, secret, userId);
  const done = await perform({ pass, event, secret, state, isCurrent: guarded === 'current' });
  return report(pass, { step, secretName: secret.name, userName: state.user.userName }, done);
}

function badField(field: 'SecretId' | 'ClientRequestToken', problem: string): EventError {
  return new EventError(`Cannot run the rotation step: ${field}: ${problem}.`);
}

/** What the step before has just written may not be seen yet by the first reads. */
async function describe({ reader, runtime }: Pass, { step, secretId, versionId }: RotationEvent): Promise<Secret> {
  const { clock, sleep } = runtime;
  const isAsLeft = (secret: Secret): boolean => {
    const labels = secret.versions[versionId];
    if (step === 'createSecret' || step === 'testSecret') return labels !== undefined;
    return keyIdOf(secret, versionId) !== undefined;
  };
  for (const endsAt = clock() + STALE_READS; ; await sleep(2 * SECOND)) {
    const secret = await describeGiven(reader, secretId);
    if (isAsLeft(secret) || clock() >= endsAt) return secret;
  }
}

async function describeGiven(reader: Reader, secretId: string): Promise<Secret> {
  const secret = await describeSecret(reader, secretId).catch((error: unknown) => {
    // AWS's answer to an ID that is not one at all.
    if (isFailure(error, 'Validation') || isFailure(error, 'InvalidParameter')) return undefined;
    throw error;
  });
  if (secret === undefined) throw badField('SecretId', `there is no secret ${secretId}`);
  return secret;
}

/**
 * The confused deputy: whoever can name a secret must not make us write another user's key into it, or into a secret of
 * their own. So the secret has to be the one that we would make for that very user, and to name us as its rotator.
 */
async function stateOf({ reader, settings }: Pass, secret: Secret, userId: string): Promise<UserState> {
  if (settings.secretRotationFunctionArn === '') {
    const variable = environmentName('secretRotationFunctionArn');
    throw new SettingsError(`Cannot rotate ${secret.name}: ${variable} is not set, so no secret may name a rotator.`);
  }
  const hint = describedUserName(secret.description);
  const known = { userId, ...present({ userName: hint }) };
  const state = await observeByUserId(reader, known);
  if (state === undefined || state.user.accountId !== accountIdOf(secret.arn)) {
    const account = accountIdOf(secret.arn);
    throw new ConflictError(`Cannot rotate ${secret.name}: account ${account} has no IAM user ${userId}.`);
  }
  const problem = secretProblem(secret, state.user, settings)?.message ?? rotatorProblem(secret);
  if (problem === undefined) return state;
  const { userName, accountId } = state.user;
  throw new ConflictError(`Cannot rotate ${secret.name}: ${problem}`, { userName, accountId });
}

function rotatorProblem({ rotationLambdaArn }: Secret): string | undefined {
  return rotationLambdaArn === undefined ? 'it is rotated by no Lambda function.' : undefined;
}

async function perform(context: Context): Promise<Done> {
  const { pass, event, secret } = context;
  const { step, versionId } = event;
  if (!pass.settings.enforce) throw await dryRun(context);
  if (context.isCurrent && (step !== 'finishSecret' || !isUnrecorded(context))) {
    return { status: 'unchanged', message: `Version ${versionId} of secret ${secret.name} is already current.` };
  }
  switch (step) {
    case 'createSecret':
      return create(context);
    case 'setSecret':
      return check(context);
    case 'testSecret':
      return test(context);
    case 'finishSecret':
      return finish(context);
  }
}

/** The rotation made its version current, and died before its owner was told. */
function isUnrecorded({ pass, secret }: Context): boolean {
  return isOwnIntent({ request: pass.request, tags: parseSecretTags(secret.tags, ANY_TIME).tags, secret });
}

async function dryRun({ pass, event, state }: Context): Promise<SettingsError> {
  const isPlanned = event.step === 'createSecret' || event.step === 'finishSecret';
  const planned = isPlanned ? `${(await reconcile(pass, state.user, { isDryRun: true })).message} ` : '';
  const { userName, accountId } = state.user;
  const message = `${planned}This is a dry run, so ${event.step} changes nothing for ${userName}: set ${environmentName('enforce')} to true.`;
  return new SettingsError(message, { userName, accountId });
}

/** An issue as far as the key is stored, under the token as the version ID. */
async function create(context: Context): Promise<Done> {
  const { event, secret, state } = context;
  const accessKeyId = keyIdOf(secret, event.versionId);
  if (accessKeyId !== undefined) {
    const message = `Key ${accessKeyId} of ${state.user.userName} is already stored.`;
    return { status: 'unchanged', message, accessKeyId };
  }
  return reach(context, ['rotation-asked', 'rotation-stored']);
}

/** The rest of the issue. AWSPENDING stays where it is: AWS asks not to take it off. */
function finish(context: Context): Promise<Done> {
  return reach(context, ['rotation-finished']);
}

/** What an interrupted transition left, what was asked for, and once more for a lease that was taken off meanwhile. */
const MOST_PASSES = 3;

/** Reconciles until the planner gives one of these reasons for what it did; throws its sentence where it does not. */
async function reach(context: Context, goals: readonly ReasonCode[]): Promise<Done> {
  const { pass, event, state, isCurrent } = context;
  for (let left = MOST_PASSES; ; left--) {
    const result = await reconcile(pass, state.user, { isDryRun: false });
    const { status, message } = result;
    const isDone = status === 'changed' || status === 'unchanged';
    if (isDone && goals.includes(result.reason)) {
      return { status, message, accessKeyId: keyIdOf(result.state?.secret, event.versionId) ?? issuedBy(result) };
    }
    if (status === 'changed' && left > 1) continue;
    // The version is current and the owner must not be told now (a hold): then the rotation itself is over.
    if (isCurrent && status !== 'busy') return { status: 'unchanged', message };
    throw refusal(context, result);
  }
}

function issuedBy({ outcomes }: Reconciled): string | undefined {
  return outcomes.find(({ action }) => action === 'issue')?.accessKeyId;
}

function refusal({ event, secret, state }: Context, { status, message }: Reconciled): ConflictError | RotationError {
  const { userName, accountId } = state.user;
  const text = `Cannot rotate ${secret.name} (${event.step}): ${message}`;
  const facts = { userName, accountId, action: event.step };
  return status === 'failed' ? new RotationError(text, facts) : new ConflictError(text, facts);
}

/** An access key needs no setting anywhere: it works since it was made. What is left is whose it is. */
function check(context: Context): Done {
  const { event, secret, state } = context;
  const { userName } = state.user;
  const stored = storedKeyOf({ ...state, secret }, event.versionId);
  if (stored === 'unstored') throw unusable(context, 'createSecret has stored no access key there');
  if (stored === 'absent') throw unusable(context, `the key that is stored there is no access key of ${userName}`);
  const message = `Key ${stored.accessKeyId} belongs to ${userName}.`;
  return { status: 'unchanged', message, accessKeyId: stored.accessKeyId };
}

/**
 * A labelled key was proven before it was stored, and its secret access key cannot be read again; so what is tested is
 * that it still is there and active. Without a label it is a test of the configuration (`RotateImmediately: false`).
 */
function test(context: Context): Done {
  const { event, secret, state } = context;
  const stored = storedKeyOf({ ...state, secret }, event.versionId);
  if (stored === 'unstored') {
    const message = `Version ${event.versionId} of secret ${secret.name} holds no access key, so there is nothing to test.`;
    return { status: 'unchanged', message };
  }
  if (stored === 'absent') throw unusable(context, 'the key that is stored there is not in IAM');
  if (stored.status !== 'Active')
    throw unusable(context, `key ${stored.accessKeyId} is ${stored.status.toLowerCase()}`);
  const message = `Key ${stored.accessKeyId} of ${state.user.userName} is active, and was proven when it was made.`;
  return { status: 'unchanged', message, accessKeyId: stored.accessKeyId };
}

function unusable({ event, secret, state }: Context, why: string): ConflictError {
  const { userName, accountId } = state.user;
  const message = `Cannot rotate ${secret.name} (${event.step}): version ${event.versionId} cannot be used, ${why}.`;
  return new ConflictError(message, { userName, accountId, action: event.step });
}

/** Only what is named here: the event holds the RotationToken. */
function report(
  { runtime, request }: Pass,
  about: Pick<RotationStepAnswer, 'step' | 'secretName'> & { userName: string },
  { accessKeyId, ...done }: Done,
): RotationStepAnswer {
  const answer = { ...about, ...done, ...present({ accessKeyId }) };
  const { message: because, ...facts } = answer;
  runtime.log.info('Rotation step', { runId: request.runId, ...facts, because });
  return { schemaVersion: 1, ...answer };
}
