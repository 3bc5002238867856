import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { publish } from '../../../shared/aws/notify.ts';
import { buildMessage, type OutgoingMessage } from '../../../shared/core/messages/build-message.ts';
import { setUp } from '../local/clients.ts';
import { messages, notices } from './notices.ts';

/** The event format of https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html, as far as it is used. */
const customNotification = z.strictObject({
  version: z.literal('1.0'),
  source: z.literal('custom'),
  id: z.string().min(1),
  content: z.strictObject({
    textType: z.literal('client-markdown'),
    title: z.string().min(1).max(250),
    description: z.string().min(1).max(8_000),
    keywords: z.array(z.string().min(1).max(75)),
  }),
  metadata: z.strictObject({ additionalContext: z.record(z.string(), z.string()) }),
});

function chatOf({ body }: OutgoingMessage): z.output<typeof customNotification> {
  return customNotification.parse(JSON.parse(body.https));
}

describe('the notification for a chat', () => {
  it.each(messages)('has the format of Amazon Q Developer, and nothing beside: %s', (_, message) => {
    const { id, content, metadata } = chatOf(message);
    expect(id).toBe(z.object({ transitionId: z.string() }).parse(JSON.parse(message.body.default)).transitionId);
    expect(content.title).toBe(message.subject);
    expect(content.keywords).toEqual([message.attributes.event, message.attributes.severity]);
    expect(metadata.additionalContext).toEqual(message.attributes);
  });

  it.each(messages)('says what the email says, up to what happens next: %s', (_, message) => {
    const text = chatOf(message).content.description.slice(4, -4);
    expect(message.body.email.startsWith(text)).toBe(true);
    expect(text).not.toMatch(/FOR ADMINISTRATORS|A HINT/);
    if (message.body.email.includes('WHAT HAPPENS NEXT')) expect(text).toContain('WHAT HAPPENS NEXT');
  });

  it('lets nothing out of its fence, and stays below the limit', () => {
    const nasty = fc.string({
      unit: fc.constantFrom('`', '\n', ' ', '<@U1>', '*', 'é', '😀', '```'),
      maxLength: 9_000,
    });
    fc.assert(
      fc.property(nasty, (said) => {
        const usedBy = { sentence: said, callers: [] };
        const { description } = chatOf(
          buildMessage({ ...notices.reminder, message: said, owner: said, usedBy }),
        ).content;
        expect(description.split('```')).toHaveLength(3);
        expect(description.isWellFormed()).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('SNS', () => {
  it('hands it to HTTPS endpoints, the email to addresses, and the document to all others', async () => {
    const { aws, sns } = setUp();
    const topicArn = aws.sns.addTopic('keyturn', []);
    const endpoints = {
      https: 'https://global.sns-api.chatbot.amazonaws.com',
      http: 'http://example.com',
      email: 'alice@example.com',
      sqs: 'arn:aws:sqs:eu-west-1:111122223333:q',
      lambda: 'arn:aws:lambda:eu-west-1:111122223333:function:f',
    };
    for (const [protocol, endpoint] of Object.entries(endpoints)) aws.sns.subscribe(topicArn, protocol, endpoint);
    const message = buildMessage(notices.reminder);
    await publish({ sns }, topicArn, message);
    const delivered = Object.fromEntries(aws.sns.delivered.map(({ protocol, text }) => [protocol, text]));
    const { default: document, email, https } = message.body;
    expect(delivered).toEqual({ https, email, http: document, sqs: document, lambda: document });
  });
});
