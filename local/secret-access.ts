import { AwsError } from './errors.ts';
import { type Input, text } from './input.ts';
import { evaluate } from './resource-policy.ts';
import { type Secret, type SecretState, settled } from './secret-state.ts';
import { type CallContext, callerArn } from './service.ts';

export const invalidParameter = (message: string) => new AwsError(400, 'InvalidParameterException', message);
export const invalidRequest = (message: string) => new AwsError(400, 'InvalidRequestException', message);
export const notFound = (message: string) => new AwsError(400, 'ResourceNotFoundException', message);

/** The error of a caller whom neither an identity nor a resource policy lets in. */
function accessDenied(context: CallContext, operation: string, resource: string, why: string): AwsError {
  return new AwsError(
    400,
    'AccessDeniedException',
    `User: ${callerArn(context.principal)} is not authorized to perform: secretsmanager:${operation} on resource: ${resource} ${why}`,
  );
}

/** How operations reach a secret: with the caller's rights checked, and AWS's refusals. */
export interface SecretAccess {
  secretFor(operation: string, input: Input, context: CallContext): Secret;
  usable(operation: string, input: Input, context: CallContext): Secret;
  write(secret: Secret, now: number): Secret;
}

export function createSecretAccess(state: SecretState): SecretAccess {
  /** The secret, if it exists and the caller may do this to it. Order as in AWS: who may not, learns nothing. */
  function secretFor(operation: string, input: Input, context: CallContext): Secret {
    const secretId = text(input, 'SecretId');
    const secret = state.find(secretId, context.asOf);
    const resource = secret?.arn ?? secretId;
    const verdict = evaluate(secret?.policy, context.principal, `secretsmanager:${operation}`);
    if (verdict === 'deny') {
      throw accessDenied(context, operation, resource, 'with an explicit deny in a resource-based policy');
    }
    if (context.principal.kind === 'user' && verdict !== 'allow') {
      const why = `because no identity-based policy allows the secretsmanager:${operation} action`;
      throw accessDenied(context, operation, resource, why);
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

  return { secretFor, usable, write };
}
