import { AwsError, constraintError } from '../errors.ts';
import { flag, text } from '../input.ts';
import { isPublic, parsePolicy } from '../policies/resource-policy.ts';
import type { Operations } from '../service.ts';
import type { SecretAccess } from './secret-access.ts';

/** Where the IAM user with this ARN is now (for policies, which keep the unique ID). */
export interface UserDirectory {
  userIdOf(arn: string): string | undefined;
  arnOf(userId: string): string | undefined;
}

const longestPolicy = 20_480;

/** The operations on the resource policy of a secret. The policy in force decides also about its own replacement. */
export function createPolicyOperations({ usable, write }: SecretAccess, users: UserDirectory): Operations {
  return {
    PutResourcePolicy(input, context) {
      const secret = usable('PutResourcePolicy', input, context);
      const document = text(input, 'ResourcePolicy');
      if (document.length > longestPolicy) {
        throw constraintError('resourcePolicy', `have length less than or equal to ${longestPolicy}`);
      }
      const policy = parsePolicy(document, users.userIdOf);
      if (flag(input, 'BlockPublicPolicy') && isPublic(policy)) {
        throw new AwsError(
          400,
          'PublicPolicyException',
          'The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.',
        );
      }
      write({ ...secret, policy }, context.now);
      return { ARN: secret.arn, Name: secret.name };
    },

    GetResourcePolicy(input, context) {
      const secret = usable('GetResourcePolicy', input, context);
      let document = secret.policy?.document;
      // The ID kept inside is shown as the user's ARN of today, or as the bare ID where the user is gone.
      for (const [arn, userId] of secret.policy?.userIds ?? []) {
        document = document?.replaceAll(JSON.stringify(arn), JSON.stringify(users.arnOf(userId) ?? userId));
      }
      return { ARN: secret.arn, Name: secret.name, ResourcePolicy: document };
    },

    DeleteResourcePolicy(input, context) {
      const secret = usable('DeleteResourcePolicy', input, context);
      write({ ...secret, policy: undefined }, context.now);
      return { ARN: secret.arn, Name: secret.name };
    },
  };
}
