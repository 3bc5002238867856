import { type ServiceName, speaksJson } from '../call.ts';
import { AwsError } from '../errors.ts';
import { type Decision, decide, type Request, type Statement } from '../policies/policy.ts';
import { contextOf } from '../policies/policy-conditions.ts';
import { callerArn, type Principal } from '../service.ts';
import type { AssumedSession, IamRole, IamState } from './iam-state.ts';

/** The role behind a session, if it is still there. */
export function roleOfSession({ namedRoles }: IamState, session: AssumedSession): IamRole | undefined {
  const role = namedRoles.get(session.roleName.toLowerCase());
  return role?.roleId === session.roleId ? role : undefined;
}

/** The tags of a role, as conditions about whoever has taken it see them. */
export function principalTags(role: IamRole | undefined): Record<string, string> {
  return Object.fromEntries((role?.tags ?? []).map(({ Key, Value }) => [`aws:PrincipalTag/${Key}`, Value]));
}

/**
 * Refuses what a session may not do: the role's policies and the session's own must both allow it. What the policy of a
 * secret or key denies is for its service to say.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
 */
export function authorizeSession(
  state: IamState,
  session: AssumedSession,
  { service, requests, now }: { service: ServiceName; requests: readonly Request[]; now: number },
): void {
  const { principal, policy } = session;
  const common = { ...contextOf(principal, now), ...principalTags(roleOfSession(state, session)) };
  const kinds: [string, readonly Statement[] | undefined][] = [
    ['identity-based', state.rolePolicies.get(principal.arn)],
    ['session', policy],
  ];
  for (const { context = {}, ...request } of requests) {
    for (const [kind, statements] of kinds) {
      // A role without a policy of its own may do everything here, as all others.
      if (statements === undefined) continue;
      const decision = decide(statements, { ...request, context: { ...common, ...context } });
      if (decision !== 'allowed') throw denied(principal, { service, request, kind, decision });
    }
  }
}

function denied(
  principal: Principal,
  asked: { service: ServiceName; request: Request; kind: string; decision: Decision },
): AwsError {
  const { service, request, kind, decision } = asked;
  const why =
    decision === 'denied'
      ? `with an explicit deny in ${kind === 'session' ? 'a session' : 'an identity-based'} policy`
      : `because no ${kind} policy allows the ${request.action} action`;
  const message = `User: ${callerArn(principal)} is not authorized to perform: ${request.action} on resource: ${request.resource} ${why}`;
  return speaksJson(service)
    ? new AwsError(400, 'AccessDeniedException', message)
    : new AwsError(403, 'AccessDenied', message);
}
