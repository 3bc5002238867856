import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Aws } from './clients.ts';

/** Starts runs of one function, each with an event of its own, and waits for none of them. */
export function invoker(
  { homeClientOf }: Pick<Aws, 'homeClientOf'>,
  functionName: string,
): (event: Readonly<Record<string, unknown>>) => Promise<void> {
  const lambda = homeClientOf((options) => new LambdaClient(options));
  return async (event) => {
    const Payload = JSON.stringify(event);
    await lambda.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload }));
  };
}
