import { AwsError } from '../errors.ts';
import { text, textList } from '../input.ts';
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

/** What the policies of a role alone decide: those of resources, boundaries and the organization are not asked. */
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
      const context = contextOf(principal, now);
      const resources = textList(input, 'ResourceArns');
      const EvaluationResults = textList(input, 'ActionNames').flatMap((action) =>
        (resources.length === 0 ? ['*'] : resources).map((resource) => ({
          EvalActionName: action,
          EvalResourceName: resource,
          EvalDecision: decisions[decide(statements, { action, resource, context })],
        })),
      );
      return { EvaluationResults, IsTruncated: false };
    },
  };
}
