import { describe, expect, it } from 'vitest';
import { parseRotationEvent } from '../../../shared/core/secret-rotation-events.ts';

describe('the event of a step', () => {
  const given = { Step: 'createSecret', SecretId: 'arn:x', ClientRequestToken: 'a'.repeat(32) };

  it.each(['createSecret', 'create_secret'])('%s is the same step', (Step) => {
    expect(parseRotationEvent({ ...given, Step })).toEqual({
      step: 'createSecret',
      secretId: 'arn:x',
      versionId: 'a'.repeat(32),
    });
  });

  it('keeps the RotationToken to itself', () => {
    const RotationToken = 'b'.repeat(36);
    const { rotationToken } = parseRotationEvent({ ...given, RotationToken });
    expect(rotationToken?.reveal()).toBe(RotationToken);
    expect(`${rotationToken} ${JSON.stringify({ rotationToken })}`).not.toContain('b');
  });

  it.each([
    [{ Step: 'rotate' }, 'Step: must be one of createSecret, setSecret, testSecret, finishSecret'],
    [{ Step: 'toString' }, 'Step: '],
    [{ SecretId: '' }, 'SecretId: '],
    [{ SecretId: 5 }, 'SecretId: '],
    [{ ClientRequestToken: 'a'.repeat(31) }, 'ClientRequestToken: '],
    [{ ClientRequestToken: 'a'.repeat(65) }, 'ClientRequestToken: '],
    [{ RotationToken: 'c'.repeat(35) }, 'RotationToken: '],
    [{ RotationToken: 'c'.repeat(257) }, 'RotationToken: '],
    [{ RotationToken: 7 }, 'RotationToken: '],
  ])('names the field that is wrong, and not what is in it: %j', (wrong, message) => {
    expect(() => parseRotationEvent({ ...given, ...wrong })).toThrow(message);
    expect(() => parseRotationEvent({ ...given, ...wrong })).not.toThrow(/ccc/);
  });

  it('names every field that is missing', () => {
    expect(() => parseRotationEvent({})).toThrow(/Step: .*SecretId: .*ClientRequestToken: /);
  });
});
