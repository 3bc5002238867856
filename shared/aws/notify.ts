import { type MessageAttributeValue, PublishCommand } from '@aws-sdk/client-sns';
import type { OutgoingMessage } from '../core/messages/build-message.ts';
import type { Aws } from './clients.ts';

/** Publishes one text for each protocol. Throws RotationError; a repeated call publishes again. */
export async function publish(aws: Pick<Aws, 'sns'>, topicArn: string, message: OutgoingMessage): Promise<void> {
  await aws.sns.send(
    new PublishCommand({
      TopicArn: topicArn,
      Subject: message.subject,
      MessageStructure: 'json',
      Message: JSON.stringify(message.body),
      MessageAttributes: Object.fromEntries(Object.entries(message.attributes).map(attribute)),
    }),
  );
}

function attribute([name, value]: [string, string]): [string, MessageAttributeValue] {
  return [name, { DataType: 'String', StringValue: value }];
}
