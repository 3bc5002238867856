import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  ConflictError,
  EventError,
  IncompleteEvidenceError,
  isFailure,
  messageOf,
  RotationError,
} from '../shared/core/errors.ts';
import { functionNameOf } from '../shared/core/function-name.ts';
import { shellQuote } from '../shared/core/messages/commands.ts';
import type { Context } from './context.ts';
import type { Deployed } from './deployed.ts';

/** A function of the deployment, and what it is asked. */
export interface Invocation {
  /** After `keyturn-<stage>-`. */
  name: 'rotate-user' | 'scheduled-rotation' | 'evidence-collector';
  event: Readonly<Record<string, unknown>>;
  /** Nothing is changed, so that a call without an answer may be made again. */
  isReading?: boolean;
}

/** What a function threw. Errors about the function itself are thrown, since they would be the same for every event. */
export class Thrown {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** Throws what Lambda says of the invocation; returns what the function answered, or what it threw by its class. */
export async function invoke(deployed: Deployed, { name, ...asked }: Invocation): Promise<unknown> {
  return invokeNamed(deployed, { functionName: functionNameOf(deployed.stage, name), ...asked });
}

/** The same of a function of another stack. */
export async function invokeNamed(
  { aws, region, accountId }: Pick<Deployed, 'aws' | 'region' | 'accountId'>,
  { functionName, event, isReading = false }: Omit<Invocation, 'name'> & { functionName: string },
): Promise<unknown> {
  const attempts = isReading ? {} : { maxAttempts: 1 };
  const lambda = aws.clientOf((options) => new LambdaClient({ ...options, ...attempts }));
  const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
  try {
    const { Payload, FunctionError } = await lambda.send(command);
    const answered: unknown = JSON.parse(Payload?.transformToString() || 'null');
    return FunctionError === undefined ? answered : new Thrown(failureOf(functionName, answered, isReading));
  } catch (error) {
    if (isFailure(error, 'ResourceNotFound')) {
      const where = `in ${region} of account ${accountId}`;
      throw new EventError(
        `There is no function ${functionName} ${where}: give --stage and --region of the deployment, or deploy first.`,
      );
    }
    if (!isReading && error instanceof RotationError && !error.isDefinite) throw unanswered(functionName, error);
    throw error;
  }
}

/** The deployment that a printed command is for, as far as it is known without asking AWS. */
export function whereOf({ options, shell: { environment } }: Context): { stage: string; region: string | undefined } {
  const region = options.region ?? (environment.KEYTURN_REGION || environment.AWS_REGION || undefined);
  return { stage: options.stage, region };
}

/** In seconds, a little longer than the function may take. Left to itself, the AWS CLI gives up after a minute and asks again. */
const READ_TIMEOUT: Readonly<Record<Invocation['name'], number>> = {
  'evidence-collector': 910,
  'rotate-user': 310,
  'scheduled-rotation': 910,
};

/** The same by the AWS CLI. Version 2 takes a payload that is no file for base64, version 1 does not. */
export function invokeCommand(
  { name, event }: Invocation,
  { stage, region }: { stage: string; region: string | undefined },
): string {
  return `printf %s ${shellQuote(JSON.stringify(event))} | ${invokeStdin(name, { stage, region })}`;
}

/** It reads the payload from its stdin. */
export function invokeStdin(
  name: Invocation['name'],
  { stage, region }: { stage: string; region: string | undefined },
): string {
  const where = region === undefined ? '' : ` --region ${region}`;
  const options = `--cli-read-timeout ${READ_TIMEOUT[name]} --payload fileb:///dev/stdin /dev/stdout`;
  return `aws lambda invoke --function-name ${functionNameOf(stage, name)}${where} ${options}`;
}

function unanswered(functionName: string, error: Error): RotationError {
  const text = `${functionName} did not answer, and may have acted: ${error.message}. \`keyturn status\` shows what became of it.`;
  return new RotationError(text, { isTransient: true, cause: error });
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function failureOf(functionName: string, answered: unknown, isReading: boolean): Error {
  const { errorType, errorMessage } = answered as { errorType?: string; errorMessage?: string };
  const said = errorMessage ?? 'it failed without a message';
  if (errorType === 'EventError') return new EventError(said);
  if (errorType === 'ConflictError') return new ConflictError(said);
  if (errorType === 'IncompleteEvidenceError') return new IncompleteEvidenceError(said);
  if (errorType === 'RotationError' || errorType === 'SettingsError') return new RotationError(said, refusalIn(said));
  // Lambda itself ended it: out of time, out of memory, or it could not start.
  const ended = `${errorType ?? 'Error'}: ${messageOf(said)}`;
  return isReading ? new RotationError(`${functionName}: ${ended}`) : unanswered(functionName, new Error(ended));
}

/** An error of a function is its name and its sentence; AWS's own code stands in the sentence. */
function refusalIn(sentence: string): { code?: string; isTransient?: boolean } {
  const [refused] = /\b(AccessDenied|UnauthorizedOperation|AuthorizationError)(Exception)?\b/.exec(sentence) ?? [];
  if (refused !== undefined) return { code: refused };
  return /\b(Throttling|TooManyRequests)(Exception)?\b/.test(sentence) ? { isTransient: true } : {};
}
