import { RotationError } from '../core/errors.ts';

/** The call that failed, as AWS names it. */
export interface FailedCall {
  /** `iam:GetUser`: also the permission it needs. */
  permission: string;
  input: object;
  /** A try of it was never answered. */
  isUncertain?: boolean;
}

/** A response or request of these holds a secret access key; an error of theirs is passed on without its cause. */
const CARRY_SECRETS = new Set(['iam:CreateAccessKey', 'secretsmanager:PutSecretValue', 'secretsmanager:CreateSecret']);

/** Input members that say what a call was about. */
const RESOURCE_MEMBERS = [
  'UserName',
  'AccessKeyId',
  'SecretId',
  'Name',
  'TopicArn',
  'SubscriptionArn',
  'QueueUrl',
  'AccessKeyIds',
] as const;

/** Turns whatever the SDK threw into a sentence: what was attempted, on what, and the permission to add if one lacks. */
export function asRotationError(thrown: unknown, call: FailedCall): RotationError {
  if (thrown instanceof RotationError) return thrown;
  const { code, message } = read(thrown);
  const isDefinite = isRefusal(thrown) && !call.isUncertain;
  const isThrottle = /throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i.test(code);
  const carriesSecret = CARRY_SECRETS.has(call.permission);
  const said = carriesSecret ? '' : `: ${message}`;
  const text = `Cannot call ${call.permission} on ${resourceOf(call.input)}: ${code}${said}${wayOut(code, message, call)}`;
  return new RotationError(text, {
    code,
    isDefinite,
    isTransient: isThrottle || !isDefinite,
    action: call.permission,
    ...(carriesSecret ? {} : { cause: thrown }),
  });
}

/** AWS answered 4xx: this try had no effect. */
export function isRefusal(thrown: unknown): boolean {
  const { status } = read(thrown);
  return status !== undefined && status >= 400 && status < 500;
}

function read(thrown: unknown): { code: string; status: number | undefined; message: string } {
  if (!(thrown instanceof Error)) return { code: 'UnknownError', status: undefined, message: 'unknown' };
  const metadata = '$metadata' in thrown ? thrown.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined;
  const code =
    'code' in thrown && typeof thrown.code === 'string' && thrown.name === 'Error' ? thrown.code : thrown.name;
  return { code, status: typeof status === 'number' ? status : undefined, message: thrown.message };
}

function resourceOf(input: object): string {
  for (const member of RESOURCE_MEMBERS) {
    const value: unknown = Object.entries(input).find(([name]) => name === member)?.[1];
    if (typeof value === 'string') return value;
  }
  return 'the account';
}

/** AWS names the kind of policy that denies: only an administrator of the organization can lift an SCP. */
function wayOut(code: string, message: string, { permission }: FailedCall): string {
  const isKms = permission.startsWith('secretsmanager:') && isKmsRefusal(code, message);
  if (!isKms && !/AccessDenied|UnauthorizedOperation|AuthorizationError/i.test(code)) return '';
  if (/service control policy/i.test(message)) {
    return `. A service control policy of the organization denies it: except this function's role from that policy.`;
  }
  if (isKms) {
    return ". The secret's KMS key refuses it: allow this function's role kms:GenerateDataKey and kms:Decrypt on that key, and see that it is enabled.";
  }
  if (/explicit deny/i.test(message))
    return '. A policy denies it explicitly: find the Deny statement and except this role.';
  return `. Add ${permission} on that resource to the policy of this function's role.`;
}

/** Secrets Manager passes on what KMS refused: then the permission is missing on the key, not on the secret. */
function isKmsRefusal(code: string, message: string): boolean {
  return /^(En|De)cryptionFailure/.test(code) || /\bKMS\b|\bkms:/.test(message);
}
