import { type ServiceName, speaksJson, type WireRequest } from './call.ts';
import { AwsError } from './errors.ts';
import { roleOfSession } from './iam/assumed-session.ts';
import type { Iam } from './iam/iam.ts';
import type { AssumedSession, UserSession } from './iam/iam-state.ts';
import { optionalText } from './input.ts';
import type { Principal } from './service.ts';
import { hasValidSignature } from './signature.ts';
import type { ParsedRequest } from './wire.ts';

// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
export function rejected(service: ServiceName): AwsError {
  const message = 'The security token included in the request is invalid.';
  return speaksJson(service)
    ? new AwsError(400, 'UnrecognizedClientException', message)
    : new AwsError(403, 'InvalidClientTokenId', message);
}

function expired(service: ServiceName): AwsError {
  const message = 'The security token included in the request is expired';
  return speaksJson(service)
    ? new AwsError(400, 'ExpiredTokenException', message)
    : new AwsError(403, 'ExpiredToken', message);
}

function wrongSignature(service: ServiceName): AwsError {
  const message =
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
  return speaksJson(service)
    ? new AwsError(400, 'InvalidSignatureException', message)
    : new AwsError(403, 'SignatureDoesNotMatch', message);
}

/**
 * Who signed this request. A key ID that no IAM user ever had is a role that the account knows, or else `operator`; one
 * that a user has, or had, must be there, Active, propagated, and have made the signature. A success counts as a use of
 * the key. A session of a user outlives the key that it was made with.
 */
export function authenticate(
  iam: Iam,
  request: WireRequest,
  parsed: ParsedRequest,
  operator: Principal,
  now: number,
): Principal {
  const { accessKeyId, service, region } = parsed;
  if (accessKeyId === undefined) return operator;
  const session = iam.state.sessions.get(accessKeyId);
  if (session !== undefined) return userOfSession(iam, request, parsed, session, now);
  const assumed = iam.state.assumed.get(accessKeyId);
  if (assumed !== undefined) return roleTaken(iam, request, parsed, assumed, now);
  const secret = iam.state.secretAccessKey(accessKeyId);
  if (secret === undefined) return iam.state.roles.get(accessKeyId) ?? operator;
  const found = iam.state.findKey(accessKeyId);
  if (found === undefined || found.key.status !== 'Active' || now < found.key.usableAt) throw rejected(service);
  if (!hasValidSignature(request, secret)) throw wrongSignature(service);
  const { user, key } = found;
  iam.state.replaceKey(user.userId, { ...key, lastUsed: { at: now, service, region: region ?? 'N/A' } });
  return { kind: 'user', arn: user.arn, userId: user.userId, accessKeyId, issuedAt: undefined };
}

function userOfSession(
  iam: Iam,
  request: WireRequest,
  { service, accessKeyId = '' }: ParsedRequest,
  { userId, secretAccessKey, sessionToken, issuedAt, expiresAt }: UserSession,
  now: number,
): Principal {
  const user = iam.state.users.get(userId);
  if (user === undefined || request.headers['x-amz-security-token'] !== sessionToken) throw rejected(service);
  if (!hasValidSignature(request, secretAccessKey)) throw wrongSignature(service);
  if (now >= expiresAt) throw expired(service);
  return { kind: 'user', arn: user.arn, userId, accessKeyId, issuedAt };
}

function roleTaken(
  iam: Iam,
  request: WireRequest,
  { service }: ParsedRequest,
  session: AssumedSession,
  now: number,
): Principal {
  const isThere = roleOfSession(iam.state, session) !== undefined;
  if (!isThere || request.headers['x-amz-security-token'] !== session.sessionToken) throw rejected(service);
  if (!hasValidSignature(request, session.secretAccessKey)) throw wrongSignature(service);
  if (now >= session.expiresAt) throw expired(service);
  return session.principal;
}

const openToUsers: Partial<Record<ServiceName, readonly string[]>> = {
  // Neither needs a permission; GetCallerIdentity not even under an explicit deny.
  sts: ['GetCallerIdentity', 'GetSessionToken'],
  // Left to the secret's resource policy.
  secretsmanager: ['GetSecretValue', 'DescribeSecret', 'ListSecretVersionIds'],
  // Left to the key's policy.
  kms: ['GenerateMac', 'VerifyMac'],
};

/** Users have no identity policies here, so everything but the few operations above is refused. */
export function authorize({ service, operation, input }: ParsedRequest, principal: Principal): void {
  if (principal.kind !== 'user' || openToUsers[service]?.includes(operation)) return;
  const userName = service === 'iam' ? optionalText(input, 'UserName') : undefined;
  const action = `${service}:${operation === 'Invoke' ? 'InvokeFunction' : operation}`;
  const resource = userName === undefined ? '*' : `user ${userName}`;
  const message = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;
  if (speaksJson(service)) throw new AwsError(service === 'lambda' ? 403 : 400, 'AccessDeniedException', message);
  throw new AwsError(403, service === 'sns' ? 'AuthorizationError' : 'AccessDenied', message);
}
