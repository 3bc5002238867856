// Tests of shared/core/events.ts: what AWS Health says of exposed keys.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EventError } from '../../../shared/core/errors.ts';
import { parseExposureEvent } from '../../../shared/core/events.ts';

const KEY = 'AKIAIOSFODNN7EXAMPLE';
const OTHER = 'AKIAI44QH8DHBEXAMPLE';

function sample(name: string): { id: string; detail: Record<string, unknown> } {
  return JSON.parse(readFileSync(new URL(`../../../events/${name}.json`, import.meta.url), 'utf8'));
}

const health = sample('exposed-key-health');
const parse = (detail: Record<string, unknown>) =>
  parseExposureEvent({ ...health, detail: { ...health.detail, ...detail } });
const entities = (...values: unknown[]) => parse({ affectedEntities: values });

describe('how sure AWS is', () => {
  it.each([
    ['exposed-key-health', 'AWS_RISK_CREDENTIALS_EXPOSED', 'confirmed'],
    ['exposed-key-compromised', 'AWS_RISK_CREDENTIALS_COMPROMISED', 'confirmed'],
    ['exposed-key-suspected', 'AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED', 'suspected'],
  ])('%s', (name, code, certainty) => {
    expect(parseExposureEvent(sample(name))).toMatchObject({
      eventId: sample(name).id,
      code,
      certainty,
      accessKeyIds: [KEY],
      unreadable: [],
    });
  });

  it.each(['AWS_RISK_CREDENTIALS_COMPROMISE_SUSPECTED', 'AWS_RISK_CREDENTIALS_NEW_WORD', 'AWS_RISK_CREDENTIALS_'])(
    'is a suspicion for every other code of the family: %s',
    (eventTypeCode) => {
      expect(parse({ eventTypeCode })).toMatchObject({ code: eventTypeCode, certainty: 'suspected' });
    },
  );

  it.each(['AWS_RISK_IAM_QUARANTINE', 'AWS_EC2_ISSUE', 'X_AWS_RISK_CREDENTIALS_EXPOSED', '', undefined])(
    'is not asked of another code: %s',
    (eventTypeCode) => {
      expect(() => parse({ eventTypeCode })).toThrow(EventError);
    },
  );
});

describe('when it was reported', () => {
  it('is the time of the event', () => {
    expect(parseExposureEvent({ ...health, time: '2026-03-05T08:11:42Z' }).reportedAt).toBe(
      Date.parse('2026-03-05T08:11:42Z'),
    );
  });

  it.each([undefined, null, 7, 'yesterday', {}])('is not known by %s, which refuses no key', (time) => {
    const parsed = parseExposureEvent({ ...health, time });
    expect(parsed).not.toHaveProperty('reportedAt');
    expect(parsed.accessKeyIds).toEqual([KEY]);
  });
});

describe('the affected entities', () => {
  it('are keys, each once', () => {
    const { accessKeyIds } = entities({ entityValue: KEY }, { entityValue: OTHER }, { entityValue: KEY });
    expect(accessKeyIds).toEqual([KEY, OTHER]);
  });

  it.each([
    [{ entityValue: 'arn:aws:iam::123456789012:user/alice' }, 'arn:aws:iam::123456789012:user/alice'],
    [{ entityValue: 'AIDAIOSFODNN7EXAMPLE' }, 'AIDAIOSFODNN7EXAMPLE'],
    [{ entityValue: '123456789012' }, '123456789012'],
    [{ entityValue: `${KEY} (alice)` }, `${KEY} (alice)`],
    [{ entityValue: '' }, '{"entityValue":""}'],
    [{ entityValue: 5 }, '{"entityValue":5}'],
    [{ status: 'IMPAIRED' }, '{"status":"IMPAIRED"}'],
    [null, 'null'],
    ['text', '"text"'],
  ])('of another kind stop no key: %j', (entity, unreadable) => {
    expect(entities(entity, { entityValue: KEY })).toMatchObject({ accessKeyIds: [KEY], unreadable: [unreadable] });
  });

  it('may all be unreadable: that is an event, too', () => {
    expect(entities({ entityValue: 'x' })).toMatchObject({ accessKeyIds: [], unreadable: ['x'] });
  });

  it('fit into a message however long they are', () => {
    expect(entities({ entityValue: 'x'.repeat(300) }).unreadable).toEqual(['x'.repeat(200)]);
  });

  it('may be of another account of the organization', () => {
    expect(parse({ affectedAccount: '210987654321' }).accountId).toBe('210987654321');
    expect(parse({ affectedAccount: null }).accountId).toBeUndefined();
  });

  it('are missing: that is no event', () => {
    expect(() => entities()).toThrow('affectedEntities: must name at least one access key');
  });
});
