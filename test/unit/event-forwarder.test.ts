// resources/forwarder/event-forwarder.yml and docs/event.schema.json

import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { decide } from '../../local/aws/policies/policy.ts';
import * as z from '../../shared/core/zod.ts';
import { deploy, type JsonObject, list, object, statementsOf } from '../package/template.ts';
import { matches } from '../support/event-pattern.ts';
import { templateOf } from '../support/member-roles.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:keyturn-prod';
const BUS = 'arn:aws:events:eu-west-1:111122223333:event-bus/default';
const stack = deploy(templateOf('resources/forwarder/event-forwarder.yml'), {}, { TopicArn: TOPIC });
const code = String(object(stack.properties('Function')?.Code).ZipFile);
const goldenOf = (name: string) => readFileSync(new URL(`messages/golden/${name}.json`, import.meta.url), 'utf8');
/** What SNS hands to a Lambda function: the `default` part. */
const documentOf = (name: string) => JSON.stringify(object(JSON.parse(goldenOf(name))).default);
const published = z.object({ properties: z.record(z.string(), z.unknown()), required: z.array(z.string()) });
const schema = published.parse(JSON.parse(readFileSync('docs/event.schema.json', 'utf8')));

/** As PutEvents takes it. */
interface Entry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Resources: string[];
  Time: Date;
  Detail: string;
}

/** The function as Lambda runs it, and what it puts on the bus. */
function start(refusal?: string) {
  const entries: Entry[] = [];
  class EventBridgeClient {
    async send({ input }: PutEventsCommand) {
      entries.push(...input.Entries);
      return { FailedEntryCount: refusal === undefined ? 0 : 1, Entries: [{ ErrorCode: refusal }] };
    }
  }
  class PutEventsCommand {
    readonly input: { Entries: Entry[] };
    constructor(input: { Entries: Entry[] }) {
      this.input = input;
    }
  }
  const exported: { handler?: (event: unknown) => Promise<void> } = {};
  const variables = object(object(stack.properties('Function')?.Environment).Variables);
  runInNewContext(code, {
    require: () => ({ EventBridgeClient, PutEventsCommand }),
    process: { env: variables },
    exports: exported,
    Date,
  });
  return { entries, handle: (Message: string) => exported.handler?.({ Records: [{ Sns: { Message } }] }) };
}

async function eventOf(message: string): Promise<JsonObject> {
  const { entries, handle } = start();
  await handle(message);
  const [entry] = entries;
  return {
    source: entry?.Source ?? '',
    'detail-type': entry?.DetailType ?? '',
    account: '111122223333',
    region: 'eu-west-1',
    time: entry?.Time?.toISOString() ?? '',
    resources: entry?.Resources ?? [],
    detail: JSON.parse(entry?.Detail ?? ''),
  };
}

describe('the event forwarder', () => {
  it('makes an event of a message: the detail is the document, byte for byte', async () => {
    const { entries, handle } = start();
    await handle(documentOf('deactivated'));
    expect(entries).toEqual([
      {
        EventBusName: 'default',
        Source: 'keyturn',
        DetailType: 'Keyturn Access Key Event',
        Resources: ['arn:aws:iam::111122223333:user/alice'],
        Time: expect.any(Date),
        Detail: documentOf('deactivated'),
      },
    ]);
    const event = await eventOf(documentOf('deactivated'));
    expect(event.time).toBe(object(event.detail).at);
    const pattern = { source: ['keyturn'], detail: { event: ['deactivated'], severity: ['warning', 'info'] } };
    expect(matches(pattern, event)).toBe(true);
    expect(matches(pattern, await eventOf(documentOf('reminder')))).toBe(false);
  });

  it('a digest is about no user', async () => {
    const { resources, detail } = await eventOf(documentOf('digest'));
    expect(resources).toEqual([]);
    expect(detail).toMatchObject({ event: 'digest' });
  });

  it.each(['digest', 'issued', 'exposed-of-nobody', 'blocked'])(
    'of %s has the fields of the published schema',
    async (name) => {
      const event = await eventOf(documentOf(name));
      expect(Object.keys(event).toSorted()).toEqual(Object.keys(schema.properties).toSorted());
      expect(schema.required.toSorted()).toEqual(Object.keys(schema.properties).toSorted());
      expect(schema.properties).toMatchObject({
        source: { const: event.source ?? null },
        'detail-type': { const: event['detail-type'] ?? null },
        detail: { $ref: 'message.schema.json' },
      });
    },
  );

  it.each(['no JSON', '{"schemaVersion":2,"event":"issued"}', '{"schemaVersion":1}'])(
    'throws for %s, so that it shows in the queue of failures',
    async (message) => {
      const { entries, handle } = start();
      await expect(handle(message)).rejects.toThrow();
      expect(entries).toEqual([]);
    },
  );

  it('throws when EventBridge refuses the entry, so that Lambda tries again', async () => {
    await expect(start('ThrottlingException').handle(documentOf('issued'))).rejects.toThrow('ThrottlingException');
  });

  it('may put events of ours on that bus, and nothing else', () => {
    const statements = statementsOf(stack, 'Role');
    const put = (resource: string, source: string, type = 'Keyturn Access Key Event') =>
      decide(statements, {
        action: 'events:PutEvents',
        resource,
        context: { 'events:source': source, 'events:detail-type': type },
      });
    expect(put(BUS, 'keyturn')).toBe('allowed');
    expect([put(BUS, 'aws.health'), put(BUS, 'keyturn', 'Other'), put(`${BUS}-2`, 'keyturn')]).toEqual(
      Array(3).fill('not allowed'),
    );
    expect(statements.flatMap(({ actions }) => actions).toSorted()).toEqual([
      'events:PutEvents',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'sqs:SendMessage',
    ]);
  });

  it('hears the topic without a filter, by a name that never counts as somebody who hears', () => {
    const name = String(stack.properties('Function')?.FunctionName);
    expect(name).toBe('keyturn-prod-event-forwarder');
    expect(stack.properties('Subscription')).toEqual({
      TopicArn: TOPIC,
      Protocol: 'lambda',
      Endpoint: `arn:aws:lambda:eu-west-1:111122223333:function:${name}`,
    });
    expect(stack.properties('Permission')).toMatchObject({ Principal: 'sns.amazonaws.com', SourceArn: TOPIC });
  });

  it('gives up after two retries to a queue with an alarm', () => {
    expect(stack.properties('OnFailure')).toMatchObject({ MaximumRetryAttempts: 2 });
    expect(list(stack.properties('FailuresAlarm')?.Dimensions)).toMatchObject([
      { Value: 'keyturn-prod-event-forwarder-failures' },
    ]);
    expect(code.length).toBeLessThan(4096);
  });
});
