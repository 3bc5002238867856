// Tests of shared/core/messages/life-cycle.ts, shared/core/messages/exposures.ts, shared/core/messages/interventions.ts
// and shared/core/messages/event-text.ts.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildDigestMessage } from '../../../shared/core/digest.ts';
import { buildMessage, noticeEvents, type OutgoingMessage } from '../../../shared/core/messages.ts';
import { digests, notices } from './notices.ts';

const folder = join(import.meta.dirname, 'golden');
const messages: [string, OutgoingMessage][] = [
  ...Object.entries(notices).map(([name, notice]): [string, OutgoingMessage] => [name, buildMessage(notice)]),
  ...Object.entries(digests).map(([name, digest]): [string, OutgoingMessage] => [name, buildDigestMessage(digest)]),
];

/** `UPDATE_GOLDEN=1 npx vitest run test/unit/messages` writes them anew; then format them, and read the difference. */
function golden(file: string, content: string): string {
  const path = join(folder, file);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, content);
  }
  return readFileSync(path, 'utf8');
}

describe('golden messages', () => {
  it.each(messages)('%s reads as in its golden file', (name, { subject, body, attributes }) => {
    const text = `Subject: ${subject}\n\n${body.email}`;
    const json = { attributes, default: JSON.parse(body.default) };

    expect(text).toBe(golden(`${name}.txt`, text));
    expect(json).toEqual(JSON.parse(golden(`${name}.json`, `${JSON.stringify(json, null, 2)}\n`)));
  });

  it('there is one for each event', () => {
    const covered = new Set(messages.map(([, { attributes }]) => attributes.event));

    expect([...covered].toSorted()).toEqual(noticeEvents.toSorted());
  });
});
