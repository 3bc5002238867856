import { describe, expect, it } from 'vitest';
import { asRotationError, isRefusal } from '../../shared/aws/failure.ts';
import { RotationError } from '../../shared/core/errors.ts';

const call = { permission: 'iam:GetUser', input: { UserName: 'alice' } };

function thrown(name: string, status: unknown, message = 'no'): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

describe('what the SDK throws', () => {
  it('stays what it is once it is a RotationError', () => {
    const error = new RotationError('Cannot.');
    expect(asRotationError(error, call)).toBe(error);
  });

  it('is unknown, and may pass, where it is no error', () => {
    const { message, code, isTransient } = asRotationError('a text', call);
    expect({ message, code, isTransient }).toEqual({
      message: 'Cannot call iam:GetUser on alice: UnknownError: unknown',
      code: 'UnknownError',
      isTransient: true,
    });
  });

  it.each([
    [400, true],
    [499, true],
    [500, false],
    [399, false],
    ['404', false],
    [undefined, false],
  ])('is definite with status %s: %s', (status, isDefinite) => {
    expect(isRefusal(thrown('NoSuchEntity', status))).toBe(isDefinite);
    expect(asRotationError(thrown('NoSuchEntity', status), call)).toMatchObject({
      isDefinite,
      isTransient: !isDefinite,
    });
  });

  it('is not definite after a try without an answer, nor is a throttle final', () => {
    const uncertain = asRotationError(thrown('NoSuchEntity', 404), { ...call, isUncertain: true });
    expect(uncertain).toMatchObject({ isDefinite: false, isTransient: true });
    expect(asRotationError(thrown('Throttling', 400), call)).toMatchObject({ isDefinite: true, isTransient: true });
  });
});
