import { describe, expect, it } from 'vitest';
import { createLocalAws } from '../../../local/aws/aws.ts';
import { createAws } from '../../../shared/aws/clients.ts';
import { publish } from '../../../shared/aws/notify.ts';
import { buildMessage } from '../../../shared/core/messages/build-message.ts';
import { notices } from './notices.ts';

function account() {
  const local = createLocalAws();
  const { requestHandler } = local.connect('test');
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { local, aws: createAws({ requestHandler, region: local.region, credentials }) };
}

describe('publish', () => {
  it.each(Object.entries(notices))('hands SNS a message that it takes: %s', async (_, notice) => {
    const { local, aws } = account();
    const topicArn = local.sns.addTopic('keyturn');
    const message = buildMessage(notice);

    await publish(aws, topicArn, message);

    expect(local.sns.published).toMatchObject([
      { topicArn, subject: message.subject, message: message.body, attributes: message.attributes },
    ]);
  });
});
