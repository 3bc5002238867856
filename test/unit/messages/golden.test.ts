// Tests of shared/core/messages/life-cycle.ts, shared/core/messages/exposures.ts, shared/core/messages/interventions.ts
// and shared/core/messages/event-text.ts.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noticeEvents } from '../../../shared/core/messages/build-message.ts';
import { golden } from '../../support/golden.ts';
import { messages } from './notices.ts';

const folder = join(import.meta.dirname, 'golden');
describe('golden messages', () => {
  it.each(messages)('%s reads as in its golden file', (name, { subject, body, attributes }) => {
    const text = `Subject: ${subject}\n\n${body.email}`;
    const json = { attributes, default: JSON.parse(body.default) };

    expect(text).toBe(golden(join(folder, `${name}.txt`), text));
    expect(json).toEqual(JSON.parse(golden(join(folder, `${name}.json`), `${JSON.stringify(json, null, 2)}\n`)));
  });

  it('there is one for each event', () => {
    const covered = new Set(messages.map(([, { attributes }]) => attributes.event));

    expect([...covered].toSorted()).toEqual(noticeEvents.toSorted());
  });
});
