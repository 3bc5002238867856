import { readFileSync } from 'node:fs';
import type { Context } from 'aws-lambda';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { parseHandOnFile } from './hand-on-file.ts';
import { type HandOnAnswer, handle } from './handler.ts';

const secretPrefix = process.env.KEYTURN_SECRET_PREFIX ?? 'keyturn';
const runtime = {
  ...lambdaRuntime(),
  // Beside the bundle, where the packaging puts it.
  file: parseHandOnFile(JSON.parse(readFileSync(new URL('hand-on.json', import.meta.url), 'utf8')), secretPrefix),
  secretPrefix,
  topicArn: process.env.KEYTURN_TOPIC_ARN ?? '',
  region: process.env.AWS_REGION ?? '',
  fetch,
};

/** A label that moved, the schedule, or a person. */
export async function handler(event: unknown, context: Context): Promise<HandOnAnswer> {
  return handle(runtime, event, Date.now() + context.getRemainingTimeInMillis());
}
