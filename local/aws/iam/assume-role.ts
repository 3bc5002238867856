import { isoSeconds } from '../clock.ts';
import { AwsError, constraintError, validationError } from '../errors.ts';
import { type Input, optionalInteger, optionalText, text } from '../input.ts';
import { decide, parseStatements, type Request, type Statement } from '../policies/policy.ts';
import { accountOf, type ContextValue, contextOf } from '../policies/policy-conditions.ts';
import { type CallContext, callerArn, type Environment, type Principal } from '../service.ts';
import { principalTags } from './assumed-session.ts';
import type { AssumedSession, IamRole, IamState } from './iam-state.ts';

/** What STS knows beyond its own account; one that is alone knows itself. */
export interface Neighbours {
  /** Undefined: there is no such account. */
  iamOf(accountId: string): IamState | undefined;
  /** The account of an access key ID, whoever has it or had it. */
  accountOfKey(accessKeyId: string): string | undefined;
  /** What conditions know of a caller and of what it calls, as members of an organization. */
  organizationKeys(callerAccountId: string, resourceAccountId: string): Readonly<Record<string, ContextValue>>;
  /** The function that calls as this role. */
  sourceFunctionOf(roleArn: string): string | undefined;
  /** Told of each session, so that its calls find their account. */
  onSession(accessKeyId: string, accountId: string): void;
}

export function noNeighbours({ accountId }: Environment, own: IamState): Neighbours {
  return {
    iamOf: (id) => (id === accountId ? own : undefined),
    accountOfKey: () => accountId,
    organizationKeys: () => ({}),
    sourceFunctionOf: () => undefined,
    onSession: () => {},
  };
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const shortestSeconds = 900;
const longestSeconds = 43_200;
const chainedSeconds = 3_600;
const longestPolicy = 2_048;

interface Asked {
  readonly role: IamRole;
  readonly roleState: IamState;
  readonly accountId: string;
}

/**
 * AssumeRole. For a role of another account both must allow it: the policies of the caller, if it has any, and the
 * role's trust policy. Who may not does not learn whether the role is there.
 */
export function assumeRole(
  { environment, state, neighbours }: { environment: Environment; state: IamState; neighbours: Neighbours },
  input: Input,
  { principal, now }: CallContext,
) {
  const roleArn = text(input, 'RoleArn');
  const sessionName = text(input, 'RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw constraintError('roleSessionName', 'satisfy regular expression pattern: [\\w+=,.@-]*');
  }
  const seconds = optionalInteger(input, 'DurationSeconds', shortestSeconds, longestSeconds) ?? chainedSeconds;
  const policy = sessionPolicyOf(optionalText(input, 'Policy'));
  const accountId = accountOf(roleArn);
  const roleState = neighbours.iamOf(accountId);
  const role = roleState === undefined ? undefined : roleOf(roleState, roleArn);
  if (role === undefined || roleState === undefined) throw refused(principal, roleArn);
  const asked = { role, roleState, accountId };
  const request = requestOf({ environment, state, neighbours }, asked, { input, principal, now, sessionName });
  const own = state.rolePolicies.get(principal.arn);
  if (own !== undefined && decide(own, request) !== 'allowed') throw refused(principal, roleArn);
  const isCaller = (named: string): boolean => isTrusted(named, principal);
  if (decide(role.trust.statements, request, isCaller) !== 'allowed') throw refused(principal, roleArn);
  checkDuration(seconds, role, principal);
  const { session, answer } = newSession(environment, asked, { sessionName, seconds, policy, now });
  roleState.assumed.set(answer.Credentials.AccessKeyId, session);
  neighbours.onSession(answer.Credentials.AccessKeyId, accountId);
  return answer;
}

function sessionPolicyOf(document: string | undefined): { text: string; statements: Statement[] } | undefined {
  if (document === undefined) return undefined;
  if (document.length > longestPolicy) {
    throw constraintError('policy', `have length less than or equal to ${longestPolicy}`);
  }
  try {
    return { text: document, statements: parseStatements(JSON.parse(document)) };
  } catch {
    throw new AwsError(400, 'MalformedPolicyDocument', 'The policy is not in the valid JSON format.');
  }
}

function roleOf({ namedRoles }: IamState, arn: string): IamRole | undefined {
  const role = namedRoles.get((arn.split('/').at(-1) ?? '').toLowerCase());
  return role?.arn === arn ? role : undefined;
}

/** Whether a trust policy that names this means the caller. The account hands on to the policies of its own. */
function isTrusted(named: string, principal: Principal): boolean {
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(named)?.[1];
  if (account !== undefined) return account === accountOf(principal.arn);
  return named === principal.arn || named === callerArn(principal);
}

interface Call {
  readonly input: Input;
  readonly principal: Principal;
  readonly now: number;
  readonly sessionName: string;
}

function requestOf(
  { state, neighbours }: { environment: Environment; state: IamState; neighbours: Neighbours },
  { role, accountId }: Asked,
  { input, principal, now, sessionName }: Call,
): Request {
  const externalId = optionalText(input, 'ExternalId');
  const sourceFunction = neighbours.sourceFunctionOf(principal.arn);
  const callerRole = state.namedRoles.get((principal.arn.split('/').at(-1) ?? '').toLowerCase());
  const tags = role.tags.map(({ Key, Value }) => [`aws:ResourceTag/${Key}`, Value]);
  const context: Record<string, ContextValue> = {
    ...contextOf(principal, now),
    ...principalTags(callerRole),
    ...neighbours.organizationKeys(accountOf(principal.arn), accountId),
    ...Object.fromEntries(tags),
    'aws:ResourceAccount': accountId,
    'sts:RoleSessionName': sessionName,
    ...(externalId !== undefined && { 'sts:ExternalId': externalId }),
    ...(sourceFunction !== undefined && { 'lambda:SourceFunctionArn': sourceFunction }),
  };
  return { action: 'sts:AssumeRole', resource: role.arn, context };
}

function checkDuration(seconds: number, { maxSessionSeconds }: IamRole, principal: Principal): void {
  if (principal.kind === 'role' && seconds > chainedSeconds) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  if (seconds > maxSessionSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
}

function newSession(
  { random }: Environment,
  { role, accountId }: Asked,
  asked: { sessionName: string; seconds: number; policy: ReturnType<typeof sessionPolicyOf>; now: number },
) {
  const { sessionName, seconds, policy, now } = asked;
  const sessionArn = `arn:aws:sts::${accountId}:assumed-role/${role.roleName}/${sessionName}`;
  const userId = `${role.roleId}:${sessionName}`;
  const session: AssumedSession = {
    principal: { kind: 'role', arn: role.arn, sessionArn, userId, issuedAt: now },
    roleName: role.roleName,
    roleId: role.roleId,
    secretAccessKey: random.text(40),
    sessionToken: random.text(128),
    expiresAt: now + seconds * 1000,
    policy: policy?.statements,
  };
  const answer = {
    Credentials: {
      AccessKeyId: `ASIA${random.text(16)}`,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: isoSeconds(session.expiresAt),
    },
    AssumedRoleUser: { AssumedRoleId: userId, Arn: sessionArn },
    PackedPolicySize: policy === undefined ? undefined : Math.ceil((policy.text.length / longestPolicy) * 100),
  };
  return { session, answer };
}

function refused(principal: Principal, roleArn: string): AwsError {
  const message = `User: ${callerArn(principal)} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
  return new AwsError(403, 'AccessDenied', message);
}
