import { describe, expect, it } from 'vitest';
import {
  ConflictError,
  EventError,
  isFailure,
  messageOf,
  RotationError,
  SettingsError,
} from '../../../shared/core/errors.ts';

describe('errors', () => {
  it.each([SettingsError, EventError, ConflictError, RotationError])('%o says its name and keeps its cause', (Kind) => {
    const cause = new Error('why');
    const error = new Kind('what', { cause, userName: 'alice', accountId: '1' });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(Kind.name);
    expect(error.cause).toBe(cause);
    expect(error.facts).toEqual({ userName: 'alice', accountId: '1' });
    expect(new Kind('what')).not.toHaveProperty('cause');
  });
  it('AWS’s names match with and without their ending', () => {
    const refused = new RotationError('no', { code: 'NoSuchEntityException' });
    expect(isFailure(refused, 'NoSuchEntity')).toBe(true);
    expect(isFailure(refused, 'NoSuchEntityException')).toBe(true);
    expect(isFailure(refused, 'NoSuch')).toBe(false);
    expect(isFailure(new Error('NoSuchEntity'), 'NoSuchEntity')).toBe(false);
  });
  it('AWS’s refusal is definite and lasting unless told otherwise', () => {
    expect(new RotationError('no')).toMatchObject({ isDefinite: true, isTransient: false, code: 'RotationFailed' });
    expect(new RotationError('no', { isDefinite: false, isTransient: true })).toMatchObject({
      isDefinite: false,
      isTransient: true,
    });
  });
  it('anything thrown has a sentence', () => {
    expect([new Error('a'), 'b', 3].map(messageOf)).toEqual(['a', 'b', '3']);
  });
});
