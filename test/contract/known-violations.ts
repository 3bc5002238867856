import type { Violation } from './exchange.ts';

/** What `local/` sends against the letter of a service model, and why that is right. */
export interface KnownViolation {
  readonly operations: readonly string[];
  readonly path: string;
  readonly problem: string;
  readonly reason: string;
  readonly source: string;
}

const sqsErrors =
  'localstack/localstack tests/aws/services/sqs test_posting_to_fifo_requires_deduplicationid_group_id (recorded against AWS 2023-11-14)';

export const knownViolations: readonly KnownViolation[] = [
  ...['SendMessageBatch', 'ChangeMessageVisibilityBatch', 'DeleteMessageBatch'].map((operation) => ({
    operations: [`sqs:${operation}`],
    path: `${operation}Result`,
    problem: 'lacks the required member Failed',
    reason: 'AWS leaves out what is empty; the SQS team knows that its model says otherwise',
    source: 'https://github.com/aws/aws-sdk/issues/536 and 657',
  })),
  {
    operations: ['sqs:CreateQueue', 'sqs:SendMessage', 'sqs:SendMessageBatch'],
    path: 'error',
    problem: 'InvalidParameterValueException is neither declared for the operation nor common to all',
    reason: 'the code that AWS answers with, which the model does not declare',
    source: sqsErrors,
  },
  {
    operations: ['sqs:SendMessage'],
    path: 'error',
    problem: 'MissingRequiredParameterException is neither declared for the operation nor common to all',
    reason: 'the code that AWS answers with, which the model does not declare',
    source: sqsErrors,
  },
  {
    operations: ['config:BatchGetResourceConfig'],
    path: 'BatchGetResourceConfigResponse.unprocessedResourceKeys',
    problem: 'has 0 members, at least 1 are needed',
    reason: 'AWS answers with an empty list where all keys were processed',
    source: 'https://docs.aws.amazon.com/config/latest/developerguide/customresources-cli.html (sample output)',
  },
  {
    operations: ['iam:ListVirtualMFADevices'],
    path: 'ListVirtualMFADevicesResponse.VirtualMFADevices[0].User.UserId',
    problem: 'has 12 characters, at least 16 are needed',
    reason: "the root user's ID is that of the account",
    source: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (aws:userid)',
  },
];

export function isKnown({ service, operation, side, path, problem }: Violation): boolean {
  return knownViolations.some(
    (known) =>
      side === 'response' &&
      known.operations.includes(`${service}:${operation}`) &&
      known.path === path &&
      known.problem === problem,
  );
}
