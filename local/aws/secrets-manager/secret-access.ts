import { AwsError } from '../errors.ts';
import { type Input, tagList, text, textList } from '../input.ts';
import { evaluate } from '../policies/resource-policy.ts';
import { type CallContext, callerArn, type Principal } from '../service.ts';
import { type Secret, type SecretState, settled } from './secret-state.ts';

export const invalidParameter = (message: string) => new AwsError(400, 'InvalidParameterException', message);
export const invalidRequest = (message: string) => new AwsError(400, 'InvalidRequestException', message);
export const notFound = (message: string) => new AwsError(400, 'ResourceNotFoundException', message);

/** The error of a caller whom neither an identity nor a resource policy lets in. */
function accessDenied(principal: Principal, operation: string, resource: string, why: string): AwsError {
  return new AwsError(
    400,
    'AccessDeniedException',
    `User: ${callerArn(principal)} is not authorized to perform: secretsmanager:${operation} on resource: ${resource} ${why}`,
  );
}

const explicitDeny = 'with an explicit deny in a resource-based policy';

/** How operations reach a secret: with the caller's rights checked, and AWS's refusals. */
export interface SecretAccess {
  secretFor(operation: string, input: Input, context: CallContext): Secret;
  usable(operation: string, input: Input, context: CallContext): Secret;
  write(secret: Secret, now: number): Secret;
  /** Refuses what the policy denies to Secrets Manager itself, in the middle of a rotation. */
  checkService(operation: string, secret: Secret, now: number): void;
}

/** What a call adds or takes off. */
function tagKeysOf(input: Input): Readonly<Record<string, readonly string[]>> {
  const keys = [
    ...(input.Tags === undefined ? [] : tagList(input).map(({ Key }) => Key)),
    ...textList(input, 'TagKeys'),
  ];
  return keys.length === 0 ? {} : { 'aws:TagKeys': keys };
}

/** Secrets Manager on nobody's behalf. */
const service: Principal = {
  kind: 'service',
  arn: 'secretsmanager.amazonaws.com',
  userId: 'secretsmanager.amazonaws.com',
};

export function createSecretAccess(state: SecretState): SecretAccess {
  /** The secret, if it exists and the caller may do this to it. Order as in AWS: who may not, learns nothing. */
  function secretFor(operation: string, input: Input, context: CallContext): Secret {
    const secretId = text(input, 'SecretId');
    const secret = state.find(secretId, context.asOf);
    const resource = secret?.arn ?? secretId;
    const action = `secretsmanager:${operation}`;
    const { principal, now } = context;
    const verdict = evaluate(secret?.policy, { principal, action, resource, now, context: tagKeysOf(input) });
    if (verdict === 'denied') throw accessDenied(principal, operation, resource, explicitDeny);
    if (principal.kind === 'user' && verdict !== 'allowed') {
      const why = `because no identity-based policy allows the secretsmanager:${operation} action`;
      throw accessDenied(principal, operation, resource, why);
    }
    if (secret === undefined) throw notFound("Secrets Manager can't find the specified secret.");
    return secret;
  }

  /** The same, for what AWS refuses on a secret that is pending deletion. */
  function usable(operation: string, input: Input, context: CallContext): Secret {
    const secret = secretFor(operation, input, context);
    if (secret.deletedAt !== undefined) {
      throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
    }
    return secret;
  }

  function write(secret: Secret, now: number): Secret {
    const changed = { ...settled(secret, now), changedAt: now };
    state.save(changed);
    return changed;
  }

  function checkService(operation: string, secret: Secret, now: number): void {
    const action = `secretsmanager:${operation}`;
    const verdict = evaluate(secret.policy, { principal: service, action, resource: secret.arn, now });
    if (verdict === 'denied') throw accessDenied(service, operation, secret.arn, explicitDeny);
  }

  return { secretFor, usable, write, checkService };
}
