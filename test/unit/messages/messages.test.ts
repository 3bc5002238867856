// Tests of shared/core/messages/build-message.ts, shared/core/digest.ts, shared/core/messages/notice.ts,
// shared/core/messages/attributes.ts, shared/core/messages/emails.ts and shared/core/messages/text.ts.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildDigestMessage } from '../../../shared/core/digest.ts';
import {
  buildMessage,
  keyNoticeEvents,
  type Notice,
  type OutgoingMessage,
} from '../../../shared/core/messages/build-message.ts';
import { digests, messages, notices } from './notices.ts';

const everyNotice: readonly Notice[] = Object.values(notices);
const all: OutgoingMessage[] = messages.map(([, message]) => message);
const published = z
  .record(z.string(), z.unknown())
  .parse(JSON.parse(readFileSync(new URL('../../../docs/message.schema.json', import.meta.url), 'utf8')));

/** Consumers must accept new fields; we must not publish one that is not described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === 'additionalProperties' && value === true ? false : closed(value),
    ]),
  );
}

const asPublished = z.fromJSONSchema(z.record(z.string(), z.json()).parse(published));
const asStrict = z.fromJSONSchema(z.record(z.string(), z.json()).parse(closed(published)));

const anyNotice = fc.constantFrom(...everyNotice);
const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 64, size: 'max' }),
  fc.string({ unit: fc.constantFrom(...'aZ09_+=,.@-'), minLength: 50, maxLength: 64 }),
);

/** Everything that SNS counts against its 262,144 bytes. */
function sizeOf({ subject, body, attributes }: OutgoingMessage): number {
  return Buffer.byteLength(subject + JSON.stringify(body) + JSON.stringify(attributes));
}

describe('the JSON document', () => {
  it.each(all)('of $subject conforms to the published schema, with no field beside', ({ body }) => {
    const document: unknown = JSON.parse(body.default);

    expect(asStrict.parse(document)).toEqual(document);
    expect(asPublished.safeParse(document).success).toBe(true);
  });

  it('may get new fields, but loses none and changes none', () => {
    const document = z.record(z.string(), z.unknown()).parse(JSON.parse(buildMessage(notices.issued).body.default));

    expect(asPublished.safeParse({ ...document, later: 1 }).success).toBe(true);
    expect(asStrict.safeParse({ ...document, later: 1 }).success).toBe(false);
    expect(asPublished.safeParse({ ...document, transitionId: undefined }).success).toBe(false);
    expect(asPublished.safeParse({ ...document, event: 'renamed' }).success).toBe(false);
    expect(asPublished.safeParse({ ...document, at: '2026-04-01' }).success).toBe(false);
  });

  it('has the events of the code', () => {
    const events = z
      .object({ $defs: z.object({ notice: z.object({ properties: z.object({ event: z.json() }) }) }) })
      .parse(published).$defs.notice.properties.event;

    expect(events).toEqual({ enum: [...keyNoticeEvents] });
  });

  it('holds nothing but what was published on purpose', () => {
    const extended = { ...notices.issued, secretAccessKey: 'never' };

    expect(JSON.stringify(buildMessage(extended))).not.toContain('never');
  });
});

describe('the name of an account', () => {
  it('is on one line and short, whatever somebody chose, and stands beside the ID', () => {
    fc.assert(
      fc.property(anyName, (accountName) => {
        const { body } = buildMessage({ ...notices.issued, accountName: `x${accountName}\n\n    rm -rf ~` });
        const name: unknown = JSON.parse(body.default).accountName;

        expect(name).toMatch(/^[^\p{C}\u2028\u2029]{1,50}$/u);
        expect(body.email).not.toMatch(/^ {4}rm/m);
      }),
    );
    const named = buildMessage({ ...notices['exposed-of-nobody'], accountName: 'lab' });
    expect(named.body.email.replace(/\s+/g, ' ')).toContain(`AWS account ${notices.issued.accountId} (lab) has it.`);
  });

  it('is absent where there is none to tell', () => {
    for (const accountName of [undefined, '', ' \n'])
      expect(JSON.parse(buildMessage({ ...notices.issued, accountName }).body.default)).not.toHaveProperty(
        'accountName',
      );
  });
});

describe('the subject', () => {
  it('is printable ASCII below 100 characters, whatever the name', () => {
    fc.assert(
      fc.property(anyNotice, anyName, (notice, userName) => {
        const { subject } = buildMessage({ ...notice, userName });

        expect(subject.length).toBeLessThan(100);
        expect(subject).toMatch(/^\[Keyturn\] [\x20-\x7e]+$/);
        expect(subject).toContain(notice.accountId);
      }),
    );
  });

  it('names a user of up to 30 characters in full, for every event', () => {
    const userName = 'deploy-bot.of+the=shop@example';

    for (const notice of everyNotice)
      expect(buildMessage({ ...notice, userName }).subject).toContain(`: ${userName} (`);
  });
});

describe('the attributes', () => {
  it('let a subscription filter by user, account, event, severity and owner', () => {
    expect(buildMessage(notices.reminder).attributes).toEqual({
      userName: 'deploy-bot',
      accountId: '111122223333',
      event: 'reminder',
      severity: 'warning',
      owner: 'team-shop',
    });
  });

  it('are never empty, since SNS refuses that', () => {
    const { attributes } = buildMessage({ ...notices.reminder, owner: '' });

    expect(Object.keys(attributes)).not.toContain('owner');
    for (const { attributes: each } of all) expect(Object.values(each)).not.toContain('');
  });

  it('of a digest name no user', () => {
    const { attributes } = buildDigestMessage(digests.digest);

    expect(attributes).toEqual({ accountId: '111122223333', event: 'digest', severity: 'warning' });
  });

  it('tell a digest with errors from one without', () => {
    expect(buildDigestMessage(digests['digest-quiet']).attributes.severity).toBe('info');
    expect(buildDigestMessage({ ...digests['digest-quiet'], errors: ['x'] }).attributes.severity).toBe('warning');
  });

  it.each(['failed', 'exposed'] as const)('make %s critical', (event) => {
    expect(buildMessage(notices[event]).attributes.severity).toBe('critical');
  });
});

describe('the email', () => {
  it('names the key, the user and the account of every transition', () => {
    for (const notice of everyNotice) {
      const { email } = buildMessage(notice).body;

      for (const fact of [notice.userName, notice.accountId, notice.accessKeyId ?? '', notice.newAccessKeyId ?? '']) {
        expect(email).toContain(fact);
      }
    }
  });

  it('wraps text at 76 columns and leaves commands alone', () => {
    const text = all.flatMap(({ body }) => body.email.split('\n')).filter((line) => !/^ {4,6}\S/.test(line));

    expect(text.filter((line) => line.length > 76)).toEqual([]);
  });

  it('lets no given text start a line that looks like a command', () => {
    const message = 'broken\n\n    curl https://example.com | sh\n\u001b[2J\u202e';
    const { email } = buildMessage({ ...notices.failed, message }).body;

    expect(email).not.toMatch(/^ {4}curl/m);
    expect(email).not.toMatch(/[^\n\P{C}]/u);
  });
});

describe('the size', () => {
  const long = '"\\é😀'.repeat(100_000);

  it('stays below 256 KiB with a long sentence', () => {
    for (const notice of everyNotice) {
      const message = buildMessage({ ...notice, message: long, owner: long, secretName: 'x'.repeat(512) });

      expect(sizeOf(message)).toBeLessThan(262_144);
      expect(JSON.stringify(message)).not.toMatch(/\\ud[89a-f]/);
    }
  });

  it('stays below 256 KiB with a digest of a thousand errors, and counts them all', () => {
    const many = Array.from({ length: 1_000 }, () => long);
    const needsDecision = many.map(() => ({
      userName: 'u'.repeat(64),
      reason: 'tags-invalid' as const,
      message: long,
    }));
    const lists = { errors: many, findings: many, secretsWithoutUser: many, needsDecision };
    const message = buildDigestMessage({ ...digests.digest, ...lists, note: long });

    expect(sizeOf(message)).toBeLessThan(262_144);
    expect(JSON.parse(message.body.default)).toMatchObject({
      errorCount: 1_000,
      findingCount: 1_000,
      secretsWithoutUserCount: 1_000,
      needsDecisionCount: 1_000,
    });
    expect(message.body.email).toContain('and 950 more');
  });
});
