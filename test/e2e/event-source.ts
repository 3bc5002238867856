import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Account } from './account.ts';
import { type Emulator, REGION } from './emulator.ts';

export interface Mapping {
  queueUrl: string;
  queueArn: string;
  workerName: string;
  workerRoleArn: string;
}

/**
 * The event source mapping, with the permissions of the worker's role as on AWS: one message at a time, deleted when the
 * worker neither fails nor names it as failed. Answers how many it delivered. Throws if a message failed.
 */
export async function drain(emulator: Emulator, account: Account, mapping: Mapping): Promise<number> {
  const { queueUrl: QueueUrl } = mapping;
  const credentials = await account.assume(mapping.workerRoleArn);
  const sqs = new SQSClient({ endpoint: emulator.endpoint, region: REGION, credentials, useQueueUrlAsEndpoint: false });
  try {
    await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    for (let delivered = 0; ; delivered++) {
      const { Messages: [message] = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, MessageSystemAttributeNames: ['All'] }),
      );
      if (message === undefined) return delivered;
      const answer = await emulator.invoke(mapping.workerName, { Records: [recordOf(message, mapping)] });
      const { batchItemFailures } = answer as { batchItemFailures: unknown[] };
      if (batchItemFailures.length > 0) throw new Error(`The worker failed on ${message.Body}`);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    }
  } finally {
    sqs.destroy();
  }
}

function recordOf(message: Message, { queueArn }: Mapping): object {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes,
    messageAttributes: {},
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: REGION,
  };
}
