import { callerArn, type Environment, type Operations } from './service.ts';

/** STS as this service uses it. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function createSts({ accountId }: Environment): { readonly operations: Operations } {
  return {
    operations: {
      GetCallerIdentity: (_input, { principal }) => ({
        Arn: callerArn(principal),
        UserId: principal.userId,
        Account: accountId,
      }),
    },
  };
}
