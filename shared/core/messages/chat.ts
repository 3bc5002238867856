import { clamp } from './text.ts';

/** Of a description Amazon Q Developer shows so much; the fence around it is on top. */
const DESCRIPTION_MAX = 8_000;
const FENCE = '```';

export interface ChatContent {
  /** The message's own ID: the same for a repeated one. */
  id: string;
  title: string;
  /** Plain text, as in an email. */
  text: string;
  /** The message attributes, for webhooks of one's own. */
  attributes: Readonly<Record<string, string>>;
}

/**
 * A custom notification of Amazon Q Developer in chat applications, which drops everything else; it subscribes to a
 * topic as an HTTPS endpoint. The text stands in a fence: nothing in it is markup, nobody is mentioned, and a command
 * can be copied as it stands. https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
export function chatNotification({ id, title, text, attributes }: ChatContent): object {
  const room = DESCRIPTION_MAX - 2 * FENCE.length - 2;
  const description = `${FENCE}\n${clamp(text.trimEnd().replaceAll(FENCE, "'''"), room)}\n${FENCE}`;
  return {
    version: '1.0',
    source: 'custom',
    id,
    content: {
      textType: 'client-markdown',
      title,
      description,
      keywords: [attributes.event, attributes.severity],
    },
    metadata: { additionalContext: attributes },
  };
}
