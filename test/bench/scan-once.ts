import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { lambdaRuntime } from '../../shared/lambda/lambda-runtime.ts';

/** One scheduled run against AWS_ENDPOINT_URL in this process, and how much memory it took at most. */
const endsAt = Date.now() + 900_000;
const context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'keyturn-bench-scheduled-rotation',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-bench-scheduled-rotation',
  memoryLimitInMB: '256',
  awsRequestId: 'bench',
  logGroupName: 'bench',
  logStreamName: 'bench',
  getRemainingTimeInMillis: () => endsAt - Date.now(),
  done: () => {},
  fail: () => {},
  succeed: () => {},
};
await createScheduledRotation(lambdaRuntime())({}, context);
console.log(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
