import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ConflictError, EventError, isFailure, messageOf, RotationError } from '../shared/core/errors.ts';
import type { ReasonCode } from '../shared/core/reasons.ts';
import type { ShownStep } from '../shared/core/shown-step.ts';
import type { Deployed } from './deployed.ts';

/** What of the answer of the function `rotate-user` is read here; docs/reference.md explains each field. */
export interface Answer {
  accountId: string;
  userName: string;
  dryRun: boolean;
  status: 'planned' | 'changed' | 'unchanged' | 'blocked' | 'busy' | 'failed';
  reason: ReasonCode;
  message: string;
  plan: readonly ShownStep[];
  keys: readonly ShownKey[];
  secret?: { name: string };
}

export interface ShownKey {
  accessKeyId: string;
  status: string;
  role: string;
  lastUsed?: { at: string; service: string; region: string };
}

/**
 * Asks the deployed function, once: a retry could ask for the same again after it was done. What it throws is thrown
 * here, with its sentence and by its class; if it may have acted without an answer, the error says so.
 */
export async function invokeRotateUser(deployed: Deployed, event: Readonly<Record<string, unknown>>): Promise<Answer> {
  const { aws, region, accountId, stage } = deployed;
  const functionName = `keyturn-${stage}-rotate-user`;
  const lambda = aws.clientOf((options) => new LambdaClient({ ...options, maxAttempts: 1 }));
  const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
  try {
    const { Payload, FunctionError } = await lambda.send(command);
    const answered: unknown = JSON.parse(Payload?.transformToString() || 'null');
    if (FunctionError !== undefined) throw failureOf(functionName, answered);
    return answered as Answer;
  } catch (error) {
    if (isFailure(error, 'ResourceNotFound')) {
      const where = `in ${region} of account ${accountId}`;
      throw new EventError(
        `There is no function ${functionName} ${where}: give --stage and --region of the deployment, or deploy first.`,
      );
    }
    if (error instanceof RotationError && !error.isDefinite) throw unanswered(functionName, error);
    throw error;
  }
}

function unanswered(functionName: string, error: Error): RotationError {
  const text = `${functionName} did not answer, and may have acted: ${error.message}. \`keyturn status\` shows what became of it.`;
  return new RotationError(text, { isTransient: true, cause: error });
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function failureOf(functionName: string, answered: unknown): Error {
  const { errorType, errorMessage } = answered as { errorType?: string; errorMessage?: string };
  const said = errorMessage ?? 'it failed without a message';
  if (errorType === 'EventError') return new EventError(said);
  if (errorType === 'ConflictError') return new ConflictError(said);
  if (errorType === 'RotationError' || errorType === 'SettingsError') return new RotationError(said, refusalIn(said));
  // Lambda itself ended it: out of time, out of memory, or it could not start.
  return unanswered(functionName, new Error(`${errorType ?? 'Error'}: ${messageOf(said)}`));
}

/** An error of a function is its name and its sentence; AWS's own code stands in the sentence. */
function refusalIn(sentence: string): { code?: string; isTransient?: boolean } {
  const [refused] = /\b(AccessDenied|UnauthorizedOperation|AuthorizationError)(Exception)?\b/.exec(sentence) ?? [];
  if (refused !== undefined) return { code: refused };
  return /\b(Throttling|TooManyRequests)(Exception)?\b/.test(sentence) ? { isTransient: true } : {};
}
