import { AwsError } from '../errors.ts';
import { type Input, isRecord, text } from '../input.ts';
import type { Environment } from '../service.ts';
import type { Queue } from './queue.ts';

/** SQS takes messages of up to 1 MiB. */
export const sizeLimit = 1_048_576;

const defaults: Readonly<Record<string, string>> = {
  VisibilityTimeout: '30',
  MaximumMessageSize: String(sizeLimit),
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};

const fifoDefaults: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/** A parameter has a value that SQS refuses. */
export function invalidValue(message: string): AwsError {
  return new AwsError(400, 'InvalidParameterValueException', message, 'InvalidParameterValue');
}

/** A parameter that must be there is not. */
export function missing(name: string): AwsError {
  const message = `The request must contain the parameter ${name}.`;
  return new AwsError(400, 'MissingRequiredParameterException', message, 'MissingParameter');
}

/** The queues of the account, by name and by URL. */
export interface Queues {
  named(name: string | undefined): Queue;
  byUrl(url: string): Queue;
  /** Undefined if it is none of this account. */
  byArn(arn: string): Queue | undefined;
  urlOf(queue: Queue, endpoint?: string): string;
  redriveOf(queue: Queue): { readonly target: Queue; readonly maxReceiveCount: number } | undefined;
  create(name: string, attributes: Readonly<Record<string, string>>): Queue;
}

/** What the operations of SQS work on. */
export interface SqsAccount {
  readonly environment: Environment;
  readonly queues: Queues;
  readonly senderId: string;
  /** Of the latest message; they grow over all queues. */
  sequence: bigint;
}

/** The queue that a request names, or AWS's refusal. */
export function queueOf({ queues }: SqsAccount, input: Input): Queue {
  if (input.QueueUrl === undefined) throw missing('QueueUrl');
  return queues.byUrl(text(input, 'QueueUrl'));
}

function checkName(name: string, attributes: Readonly<Record<string, string>>): void {
  if (!/^[\w-]{1,80}$/.test(name.replace(/\.fifo$/, ''))) {
    throw invalidValue('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
  }
  if ((attributes.FifoQueue === 'true') !== isFifoName(name)) {
    throw invalidValue(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
    );
  }
}

const isFifoName = (name: string) => name.endsWith('.fifo');

export function createQueues({ accountId, region, clock }: Environment): Queues {
  const queues = new Map<string, Queue>();

  function named(name: string | undefined): Queue {
    const queue = queues.get(name ?? '');
    if (queue !== undefined) return queue;
    throw new AwsError(
      400,
      'QueueDoesNotExist',
      'The specified queue does not exist.',
      'AWS.SimpleQueueService.NonExistentQueue',
    );
  }

  // Only account and name of a queue URL count: the host differs between the socket and the request handler.
  const byUrl = (url: string) => named(url.split('/').at(-1));
  const urlOf = (queue: Queue, endpoint = awsEndpoint) => `${endpoint}/${accountId}/${queue.name}`;
  const awsEndpoint = `https://sqs.${region}.amazonaws.com`;

  function redriveOf(queue: Queue) {
    const policy: unknown = JSON.parse(queue.attributes.RedrivePolicy ?? 'null');
    if (!isRecord(policy)) return undefined;
    const target = queues.get(String(policy.deadLetterTargetArn).split(':').at(-1) ?? '');
    return target === undefined ? undefined : { target, maxReceiveCount: Number(policy.maxReceiveCount) };
  }

  function create(name: string, attributes: Readonly<Record<string, string>>): Queue {
    checkName(name, attributes);
    const isFifo = isFifoName(name);
    const existing = queues.get(name);
    if (existing !== undefined) {
      const differs = Object.entries(attributes).some(([key, value]) => existing.attributes[key] !== value);
      if (!differs) return existing;
      const message = 'A queue already exists with the same name and a different value for attribute';
      throw new AwsError(400, 'QueueNameExists', message, 'QueueAlreadyExists');
    }
    const queue: Queue = {
      name,
      arn: `arn:aws:sqs:${region}:${accountId}:${name}`,
      isFifo,
      createdAt: clock.now(),
      attributes: { ...defaults, ...(isFifo ? fifoDefaults : {}), ...attributes },
      tags: {},
      messages: [],
      accepted: new Map(),
    };
    const redrive = redriveOf(queue);
    if (attributes.RedrivePolicy !== undefined && redrive?.target.isFifo !== isFifo) {
      throw invalidValue(
        `Value ${attributes.RedrivePolicy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist, or is of the other type.`,
      );
    }
    queues.set(name, queue);
    return queue;
  }

  const byArn = (arn: string) => [...queues.values()].find((queue) => queue.arn === arn);
  return { named, byUrl, byArn, urlOf, redriveOf, create };
}
