import { AwsError } from '../errors.ts';
import { isRecord, text, textList } from '../input.ts';
import { evaluate, parsePolicy, type ResourcePolicy } from '../policies/resource-policy.ts';
import type { Operations, Principal } from '../service.ts';
import type { IamState } from './iam-state.ts';

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html

/** A policy of an identity says the same as one of a resource that names everybody. */
export function parseIdentityPolicy(document: unknown): ResourcePolicy {
  const policy = isRecord(document) ? document : {};
  const statements: unknown[] = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement];
  const named = statements.map((statement) => ({ ...(isRecord(statement) ? statement : {}), Principal: '*' }));
  return parsePolicy(JSON.stringify({ ...policy, Statement: named }), () => undefined);
}

/** What the policies of a role alone decide: those of resources, boundaries and the organization are not asked. */
export function createSimulation(state: IamState): Operations {
  function roleOf(arn: string): Principal {
    const role = [...state.roles.values()].find((known) => known.kind === 'role' && known.arn === arn);
    if (role !== undefined) return role;
    throw new AwsError(404, 'NoSuchEntity', `The role with name ${arn.split('/').at(-1)} cannot be found.`);
  }

  return {
    SimulatePrincipalPolicy(input, { now }) {
      const principal = roleOf(text(input, 'PolicySourceArn'));
      const policies = state.rolePolicies.get(principal.arn) ?? [];
      const resources = textList(input, 'ResourceArns');
      const decisionOf = (action: string, resource: string): string => {
        const said = policies.map((policy) => evaluate(policy, { principal, action, resource, now }));
        if (said.includes('deny')) return 'explicitDeny';
        return said.includes('allow') ? 'allowed' : 'implicitDeny';
      };
      const EvaluationResults = textList(input, 'ActionNames').flatMap((action) =>
        (resources.length === 0 ? ['*'] : resources).map((resource) => ({
          EvalActionName: action,
          EvalResourceName: resource,
          EvalDecision: decisionOf(action, resource),
        })),
      );
      return { EvaluationResults, IsTruncated: false };
    },
  };
}
