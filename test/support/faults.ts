import type { Call, Fault, LocalAws } from '../../local/aws/aws.ts';

/** Everything that can go wrong with one call, by name. */
export const faults: Readonly<Record<string, Fault>> = {
  'crash before': { kind: 'crash-before' },
  'crash after': { kind: 'crash-after' },
  'lost response': { kind: 'lost-response' },
  throttle: { kind: 'throttle' },
  'error 500': { kind: 'error', status: 500, code: 'InternalFailure', message: 'We encountered an internal error.' },
  'stale read': { kind: 'stale', ms: 10_000 },
};

/** Orders the fault for the n-th call of a connection, and for its retries, which are further calls of the same kind. */
export function faultAt(n: number, fault: Fault): (call: Call) => Fault | undefined {
  let ordered: Call | undefined;
  return (call) => {
    if (call.n === n) ordered = call;
    if (ordered === undefined) return undefined;
    const isRetry = call.operation === ordered.operation && call.n < n + 3 && fault.kind !== 'lost-response';
    return call.n === n || isRetry ? fault : undefined;
  };
}

/** What the owner of a secret would find in it, and whether AWS would accept it. */
export function currentKey(aws: LocalAws, userId: string): { accessKeyId: string; works: boolean } | undefined {
  const value = aws.secrets.find(`keyturn/${userId}/access-key`)?.currentValue;
  if (value === undefined) return undefined;
  const { AccessKeyId: accessKeyId, SecretAccessKey: secret }: { AccessKeyId: string; SecretAccessKey: string } =
    JSON.parse(value);
  const key = aws.iam
    .users()
    .flatMap(({ userName }) => aws.iam.keysOf(userName))
    .find((candidate) => candidate.accessKeyId === accessKeyId);
  return { accessKeyId, works: key?.status === 'Active' && aws.iam.secretAccessKeyOf(accessKeyId) === secret };
}
