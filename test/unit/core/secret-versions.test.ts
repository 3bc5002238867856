import { describe, expect, it } from 'vitest';
import { keyIdOf, pendingVersion, storedKeyOf } from '../../../shared/core/secret-versions.ts';
import { C, key, P, type SecretOptions, secret, user, versionOf } from '../../support/core/builders.ts';

const TOKEN = 'token-of-the-rotation-0123456789abcdef';
const young = key(P, { ageDays: 0 });

/** C is current, and the rotation's version has these labels. */
const rotating = (labels: readonly string[]): SecretOptions => {
  const versions = { ...secret({ current: C }).versions, [TOKEN]: labels };
  return { current: C, as: { rotationEnabled: true, versions } };
};

const pending = rotating(['AWSPENDING']);
const stored = rotating(['AWSPENDING', P]);

describe('a rotation by Secrets Manager', () => {
  it('its version is pending while AWSPENDING is elsewhere than AWSCURRENT and rotation is enabled', () => {
    expect(pendingVersion(secret(pending))).toBe(TOKEN);
    expect(pendingVersion(secret({ ...pending, as: { ...pending.as, rotationEnabled: false } }))).toBeUndefined();
    expect(pendingVersion(secret({ current: C, as: { rotationEnabled: true } }))).toBeUndefined();
    expect(pendingVersion(undefined)).toBeUndefined();
  });

  it('its key is the one whose label is on its version', () => {
    expect(storedKeyOf(user({ keys: [young], secret: pending }), TOKEN)).toBe('unstored');
    expect(storedKeyOf(user({ keys: [], secret: stored }), TOKEN)).toBe('absent');
    expect(storedKeyOf(user({ keys: [young], secret: stored }), TOKEN)).toEqual(young);
  });
});

describe('the key of a version', () => {
  it('is the one whose label it carries, not the first of the user', () => {
    const state = user({ keys: [key(C), key(P)], secret: { current: C, pending: P } });
    expect(storedKeyOf(state, versionOf(P))).toMatchObject({ accessKeyId: P });
  });
  it('is none without a secret', () => {
    expect(keyIdOf(undefined, versionOf(P))).toBeUndefined();
  });
});
