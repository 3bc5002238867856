import { malformedPolicy } from '../errors.ts';
import { jsonOf } from '../input.ts';
import type { Principal } from '../service.ts';
import { type Decision, decide, parseStatements, type Request, type Statement } from './policy.ts';
import { accountOf, contextOf, narrows } from './policy-conditions.ts';

interface ResourceStatement extends Statement {
  readonly principals: readonly string[];
}

/** A resource policy, parsed once when it is put. */
export interface ResourcePolicy {
  readonly document: string;
  readonly statements: readonly ResourceStatement[];
  /**
   * User ARN to the UserId it stood for when the policy was put: AWS keeps the unique ID, so that a re-created
   * namesake does not inherit access, and a renamed user keeps it.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
   */
  readonly userIds: ReadonlyMap<string, string>;
}

/** What a policy decides about: `resource` is the ARN that it belongs to, `context` that of the service itself. */
export interface PolicyRequest extends Request {
  readonly principal: Principal;
  readonly now: number;
}

/** What the local AWS knows of a request; a condition about another key would be passed over. */
const knownKeys = [
  'aws:userid',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalisawsservice',
  'aws:currenttime',
  'aws:tokenissuetime',
  'aws:tagkeys',
  'kms:calleraccount',
  'kms:macalgorithm',
  'aws:securetransport',
  's3:if-none-match',
  's3:objectcreationoperation',
];

/** Parses a policy document; `userIdOf` resolves a user's ARN, and a user who does not exist is refused as by AWS. */
export function parsePolicy(document: string, userIdOf: (arn: string) => string | undefined): ResourcePolicy {
  const statements = parseStatements(jsonOf(document, invalidJson)).map(ofResource);
  const userIds = new Map<string, string>();
  for (const { principals, conditions } of statements) {
    const unknown = conditions.find(({ key }) => !knownKeys.includes(key.toLowerCase()));
    if (unknown) throw malformedPolicy(`The local AWS does not evaluate the condition key ${unknown.key}.`);
    for (const arn of principals) {
      if (!/^arn:aws:iam::\d+:user\//.test(arn)) continue;
      const userId = userIdOf(arn);
      if (userId === undefined) throw unsupportedPrincipal();
      userIds.set(arn, userId);
    }
  }
  return { document, statements, userIds };
}

function ofResource({ principals, ...statement }: Statement): ResourceStatement {
  if (principals === undefined) throw unsupportedPrincipal();
  return { ...statement, principals };
}

function invalidJson() {
  return malformedPolicy('This resource policy contains invalid JSON.');
}

function unsupportedPrincipal() {
  return malformedPolicy('This resource policy contains an unsupported principal.');
}

/** Whether the policy lets the whole world in, which BlockPublicPolicy refuses. */
export function isPublic(policy: ResourcePolicy): boolean {
  return policy.statements.some(
    ({ effect, principals, conditions }) => effect === 'Allow' && principals.includes('*') && !conditions.some(narrows),
  );
}

/** Whether a statement that names this one is about the caller. */
function isNamed(policy: ResourcePolicy, principal: Principal, named: string, effect: Statement['effect']): boolean {
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(named)?.[1];
  if (account !== undefined) {
    // The account stands for everybody in it; but an Allow only hands on to their own policies, and users have none.
    return account === accountOf(principal.arn) && (effect === 'Deny' || principal.kind !== 'user');
  }
  const userId = policy.userIds.get(named);
  if (userId !== undefined) return principal.userId === userId;
  return named === principal.arn || (principal.kind === 'role' && named === principal.sessionArn);
}

/** What the policy says about one action of one caller. */
export function evaluate(policy: ResourcePolicy | undefined, request: PolicyRequest): Decision {
  if (policy === undefined) return 'not allowed';
  const { principal, now, context } = request;
  return decide(
    policy.statements,
    { ...request, context: { ...contextOf(principal, now), ...context } },
    (named, effect) => isNamed(policy, principal, named, effect),
  );
}
