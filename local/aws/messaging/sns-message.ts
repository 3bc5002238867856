import { AwsError } from '../errors.ts';
import { type Input, isRecord, optionalText, record, text } from '../input.ts';

export const invalid = (message: string) => new AwsError(400, 'InvalidParameter', `Invalid parameter: ${message}`);

/** A message attribute as it was sent. */
export interface MessageAttribute {
  readonly type: string;
  readonly value: string;
}

/** The text for each protocol; a message without structure has the default alone. */
export function messageByProtocol(input: Input): Record<string, string> {
  const message = text(input, 'Message');
  if (message === '') throw invalid('Empty message');
  if (optionalText(input, 'MessageStructure') !== 'json') return { default: message };
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  if (!isRecord(parsed) || typeof parsed.default !== 'string') {
    throw invalid('Message Structure - No default entry in JSON message body');
  }
  // Values that are not text are ignored, as AWS does for unknown protocols.
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([protocol, value]) => (typeof value === 'string' ? [[protocol, value]] : [])),
  );
}

export function checkSubject(subject: string | undefined): void {
  // "UTF-8 text with no line breaks or control characters, and less than 100 characters long".
  // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
  if (subject !== undefined && (subject === '' || subject.length > 99 || /\p{Cc}/u.test(subject))) {
    throw invalid('Subject');
  }
}

export function attributesOf(input: Input): Record<string, MessageAttribute> {
  const result: Record<string, MessageAttribute> = {};
  for (const [name, value] of Object.entries(record(input, 'MessageAttributes'))) {
    const type = isRecord(value) ? value.DataType : undefined;
    const content = isRecord(value) ? (value.StringValue ?? value.BinaryValue) : undefined;
    if (typeof type !== 'string' || !/^(String|String\.Array|Number|Binary)(\..+)?$/.test(type)) {
      throw new AwsError(400, 'ParameterValueInvalid', `The message attribute '${name}' has an invalid type.`);
    }
    if (typeof content !== 'string' || content === '') {
      throw new AwsError(
        400,
        'ParameterValueInvalid',
        `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
      );
    }
    result[name] = { type, value: content };
  }
  return result;
}

/**
 * What filters see of attributes: texts, numbers, and the lists of `String.Array`. Of other types nothing.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html#SNSMessageAttributes.DataTypes
 */
export function filterable(attributes: Readonly<Record<string, MessageAttribute>>): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const [name, { type, value }] of Object.entries(attributes)) {
    if (/^String(\.(?!Array$).+)?$/.test(type)) facts[name] = value;
    else if (/^Number/.test(type)) facts[name] = Number(value);
    else if (type === 'String.Array') facts[name] = arrayIn(value);
  }
  return facts;
}

function arrayIn(value: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
