import { describe, expect, it } from 'vitest';
import { depthOf, isBelow, isOfOrganization } from '../../../../shared/core/fleet/path.ts';

const PATH = 'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/';

describe.each([PATH, `${PATH}111122223333`, `${PATH}111122223333/`])('the path %s', (path) => {
  it.each(['r-ab12', 'ou-ab12-11111111', 'ou-ab12-22222222'])('is below %s', (unit) => {
    expect(isBelow(path, unit)).toBe(true);
  });

  it.each(['r-ab1', 'ou-ab12-1111111', 'ou-ab12-111111111', 'ou-ab12-33333333'])('is not below %s', (unit) => {
    expect(isBelow(path, unit)).toBe(false);
  });

  it('is deeper in the inner unit', () => {
    expect(depthOf(path, 'ou-ab12-22222222')).toBeGreaterThan(depthOf(path, 'ou-ab12-11111111'));
    expect(depthOf(path, 'ou-ab12-33333333')).toBe(-1);
  });

  it('is of its organization only', () => {
    expect(isOfOrganization(path, 'o-a1b2c3d4e5')).toBe(true);
    expect(isOfOrganization(path, 'o-a1b2c3d4e')).toBe(false);
    expect(isOfOrganization(path, 'r-ab12')).toBe(false);
  });
});

it('no path is below nothing', () => {
  expect(isBelow('', 'r-ab12')).toBe(false);
  expect(isOfOrganization('', 'o-a1b2c3d4e5')).toBe(false);
});
