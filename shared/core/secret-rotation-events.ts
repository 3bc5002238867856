import { EventError } from './errors.ts';
import { type RotationStep, rotationSteps } from './model.ts';
import { Redacted } from './redacted.ts';
import * as z from './zod.ts';

/** What proves to Secrets Manager that a call belongs to the rotation it began: as sensitive as a password. */
export class RotationToken extends Redacted {
  readonly kind = 'rotation-token';
}

/** One step of a rotation, as Secrets Manager asks for it. */
export interface RotationEvent {
  step: RotationStep;
  /** ARN of the secret. */
  secretId: string;
  /** The ClientRequestToken: the ID of the version that the rotation makes. */
  versionId: string;
  rotationToken?: RotationToken;
}

const steps = rotationSteps.join(', ');

/** AWS's guide prints the steps as create_secret and so on; its templates get createSecret. Both are the same step. */
function stepOf(text: string): RotationStep | undefined {
  const camelCase = text.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return rotationSteps.find((step) => step === camelCase);
}

// Members that AWS may add later are none of our business, so they are no error.
const rotationEvent = z.object({
  Step: z.pipe(
    z.string(`must be one of ${steps}`),
    z.transform((input: string, { issues }): RotationStep => {
      const step = stepOf(input);
      if (step === undefined) issues.push({ code: 'custom', input, message: `must be one of ${steps}` });
      return step ?? z.NEVER;
    }),
  ),
  SecretId: z
    .string('must be the ARN of a secret')
    .check(z.minLength(1, 'must be the ARN of a secret'), z.maxLength(2_048, 'is too long')),
  ClientRequestToken: z
    .string('must be the ID of a version')
    .check(z.regex(/^[\w+=.@:/-]{32,64}$/, 'must be the ID of a version, of 32 to 64 characters')),
  RotationToken: z.optional(
    z.pipe(
      z
        .string('must be text')
        .check(z.regex(/^[a-zA-Z0-9-]{36,256}$/, 'must be 36 to 256 letters, digits and hyphens')),
      z.transform((value: string) => new RotationToken(value)),
    ),
  ),
});

/** Throws an EventError that names each wrong field, and never what was in it. */
export function parseRotationEvent(event: unknown): RotationEvent {
  const result = rotationEvent.safeParse(event ?? {});
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) =>
      path.length === 0 ? 'must be an object' : `${path.join('.')}: ${message}`,
    );
    throw new EventError(`Cannot read the secret-rotation event: ${problems.join('; ')}.`);
  }
  const { Step, SecretId, ClientRequestToken, RotationToken: rotationToken } = result.data;
  return {
    step: Step,
    secretId: SecretId,
    versionId: ClientRequestToken,
    ...(rotationToken === undefined ? {} : { rotationToken }),
  };
}
