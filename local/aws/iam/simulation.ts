import { AwsError } from '../errors.ts';
import { type Input, isRecord, list, text, textList } from '../input.ts';
import { type Decision, decide } from '../policies/policy.ts';
import { contextOf } from '../policies/policy-conditions.ts';
import type { Operations, Principal } from '../service.ts';
import type { IamState } from './iam-state.ts';

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html

const decisions: Readonly<Record<Decision, string>> = {
  allowed: 'allowed',
  denied: 'explicitDeny',
  'not allowed': 'implicitDeny',
};

function given(input: Input): Record<string, string[]> {
  const entries = list(input, 'ContextEntries').filter(isRecord);
  return Object.fromEntries(
    entries.map((entry) => [text(entry, 'ContextKeyName'), textList(entry, 'ContextKeyValues')]),
  );
}

/** `isDenied` by the organization; undefined in an account that is in none. */
function decided(decision: Decision, isDenied: boolean | undefined) {
  if (isDenied === undefined) return { EvalDecision: decisions[decision] };
  const EvalDecision = decisions[isDenied && decision === 'allowed' ? 'not allowed' : decision];
  return { EvalDecision, OrganizationsDecisionDetail: { AllowedByOrganizations: !isDenied } };
}

/** What the policies of a role decide, and what is told of the organization: those of resources and boundaries are not asked. */
export function createSimulation(state: IamState): Operations {
  function roleOf(arn: string): Principal {
    const role = [...state.roles.values()].find((known) => known.kind === 'role' && known.arn === arn);
    if (role !== undefined) return role;
    const named = [...state.namedRoles.values()].find((known) => known.arn === arn);
    if (named !== undefined) {
      return { kind: 'role', arn, sessionArn: arn, userId: `${named.roleId}:simulated`, issuedAt: undefined };
    }
    throw new AwsError(404, 'NoSuchEntity', `The role with name ${arn.split('/').at(-1)} cannot be found.`);
  }

  return {
    SimulatePrincipalPolicy(input, { now }) {
      const principal = roleOf(text(input, 'PolicySourceArn'));
      const statements = state.rolePolicies.get(principal.arn) ?? [];
      const context = { ...contextOf(principal, now), ...given(input) };
      const denied = state.deniedByOrganization;
      const resources = textList(input, 'ResourceArns');
      const EvaluationResults = textList(input, 'ActionNames').flatMap((action) =>
        (resources.length === 0 ? ['*'] : resources).map((resource) => ({
          EvalActionName: action,
          EvalResourceName: resource,
          ...decided(decide(statements, { action, resource, context }), denied?.includes(action)),
        })),
      );
      return { EvaluationResults, IsTruncated: false };
    },
  };
}
