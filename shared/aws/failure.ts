import { RotationError } from '../core/errors.ts';

/** The call that failed, as AWS names it. */
export interface FailedCall {
  /** `iam:GetUser`: also the permission it needs. */
  permission: string;
  input: object;
  /** A try of it was never answered. */
  isUncertain?: boolean;
  /** Who calls, as a sentence calls them; "this function's role" by default. */
  caller?: string;
}

/** A response or request of these holds a secret access key; an error of theirs is passed on without its cause. */
const CARRY_SECRETS = new Set([
  'iam:CreateAccessKey',
  'secretsmanager:PutSecretValue',
  'secretsmanager:CreateSecret',
  'sts:AssumeRole',
]);

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
  'RoleArn',
  'RoleName',
  'AccountId',
  'Key',
  'Bucket',
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
    ...(isDenied(code) && organizationPolicyIn(message) !== undefined ? { isDeniedByOrganization: true } : {}),
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

const FUNCTION = "this function's role";

/**
 * Who can help, by the kind of policy that AWS names in its refusal: only what the role itself lacks is mended in its
 * own policy. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
function wayOut(code: string, message: string, { permission, caller = FUNCTION }: FailedCall): string {
  if (/throttl/i.test(code)) return '';
  const isKms = isKmsRefusal(code, message) && !permission.startsWith('kms:');
  if (!isKms && !isDenied(code)) return '';
  const [service = ''] = permission.split(':');
  const noun = resourceNouns[service] ?? 'resource';
  // A call may need an action of another service too, and that one is named.
  const action = /to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1] ?? permission;
  const ofOrganization = organizationPolicyIn(message);
  if (ofOrganization !== undefined) return organizationDenies(ofOrganization, action, caller);
  if (/permissions boundary/i.test(message)) {
    return `. A permissions boundary denies it, even if other policies allow it: allow ${action} in the boundary of ${caller}.`;
  }
  if (/VPC endpoint policy/i.test(message)) {
    return `. The policy of a VPC endpoint denies it: allow ${action} in the endpoint's policy for ${caller}.`;
  }
  if (/session policy/i.test(message)) {
    return `. A session policy denies ${action}: the role was taken with fewer permissions than it has.`;
  }
  if (isKms) return kmsWayOut(code, noun, caller);
  if (/explicit deny in a resource-based policy/i.test(message)) {
    return `. The policy of the ${noun} denies it: except ${caller} from its Deny statement.`;
  }
  if (/no resource-based policy allows/i.test(message)) {
    return `. The policy of the ${noun} does not allow it: allow ${action} there for ${caller}.`;
  }
  if (/explicit deny/i.test(message))
    return `. A policy denies it explicitly: find the Deny statement and except ${caller}.`;
  return `. Add ${action} on that resource to the policy of ${caller}.`;
}

function isDenied(code: string): boolean {
  return /AccessDenied|UnauthorizedOperation|AuthorizationError/i.test(code);
}

/** AWS says of a denial which kind of policy it is by. */
function organizationPolicyIn(message: string): string | undefined {
  return ['service control policy', 'resource control policy'].find((kind) => message.toLowerCase().includes(kind));
}

const resourceNouns: Readonly<Record<string, string>> = {
  kms: 'KMS key',
  s3: 'bucket',
  secretsmanager: 'secret',
  sns: 'topic',
  sqs: 'queue',
};

/** Only administrators of the organization can lift it. */
function organizationDenies(kind: string, action: string, caller: string): string {
  return `. A ${kind} of the organization denies it: its administrators can allow ${action} for ${caller}.`;
}

/** The permission is missing on the key, not on what it encrypts; or the key itself is out of use. */
function kmsWayOut(code: string, noun: string, caller: string): string {
  if (/disabled|notfound|invalidstate|invalidkeyusage|optinrequired/i.test(code)) {
    return `. The ${noun}'s KMS key is not usable: see that it is there, enabled and not pending deletion.`;
  }
  return `. The ${noun}'s KMS key refuses it: allow ${caller} kms:GenerateDataKey and kms:Decrypt on that key, and see that it is enabled.`;
}

/** Services pass on what KMS refused to them. */
function isKmsRefusal(code: string, message: string): boolean {
  return /^(En|De)cryptionFailure|^KMS/i.test(code) || /\bKMS\b|\bkms:/.test(message);
}
