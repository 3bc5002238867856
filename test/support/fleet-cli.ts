import { functionRoleArn } from '../../local/aws/principals.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';
import { HUB } from './organization.ts';

export const FLEET_STAGE = 'test';

type Answers = (event: Record<string, unknown>) => unknown;

/** A function of the hub that answers as it is told. Returns what it was asked, oldest first. */
export function answering(
  { hub }: LocalOrganization,
  name: 'scheduled-rotation' | 'rotate-user',
  answer: Answers,
): Record<string, unknown>[] {
  const asked: Record<string, unknown>[] = [];
  hub.lambda.deploy({
    functionName: `keyturn-${FLEET_STAGE}-${name}`,
    roleArn: functionRoleArn(HUB, name),
    environment: {},
    async handler(event) {
      const given = event as Record<string, unknown>;
      asked.push(given);
      return answer(given);
    },
  });
  return asked;
}

/** As a function throws it: Lambda answers the name and the message. */
export function failing(name: string, message: string): never {
  throw Object.assign(new Error(message), { name });
}
