import { createEvidenceCollector } from '../../functions/evidence-collector.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { lambdaRuntime } from '../../shared/lambda/lambda-runtime.ts';

/** One run of the named function against AWS_ENDPOINT_URL in this process, and how much memory it took at most. */
const functions = { 'evidence-collector': createEvidenceCollector, 'scheduled-rotation': createScheduledRotation };
const name = process.argv[2] === 'evidence-collector' ? 'evidence-collector' : 'scheduled-rotation';
const endsAt = Date.now() + 900_000;
const context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: `keyturn-bench-${name}`,
  functionVersion: '$LATEST',
  invokedFunctionArn: `arn:aws:lambda:eu-west-1:111122223333:function:keyturn-bench-${name}`,
  memoryLimitInMB: '256',
  awsRequestId: 'bench',
  logGroupName: 'bench',
  logStreamName: 'bench',
  getRemainingTimeInMillis: () => endsAt - Date.now(),
  done: () => {},
  fail: () => {},
  succeed: () => {},
};
await functions[name](lambdaRuntime())({}, context);
console.log(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
