// The hub's package: what a fleet adds, and that it adds nothing to a stack without one.
import { beforeAll, describe, expect, it } from 'vitest';
import { parseFleet } from '../../shared/core/fleet/fleet.ts';
import { rolesTaken } from '../../shared/core/fleet/policy.ts';
import { FLEET, type Packaged, packageStack } from './package-stack.ts';
import { unzip } from './zip.ts';

let alone: Packaged;
let hub: Packaged;

beforeAll(async () => {
  [alone, hub] = await Promise.all([packageStack(), packageStack(FLEET)]);
}, 120_000);

const filesOf = ({ zips }: Packaged, name: string) => unzip(zips.get(name) ?? Buffer.alloc(0));

describe('fleet.json', () => {
  it('lies beside the code of the functions that take roles of members', () => {
    const having = [...hub.zips.keys()].filter((name) => filesOf(hub, name).has(`dist/${name}/fleet.json`));
    expect(having.toSorted()).toEqual(Object.keys(rolesTaken).toSorted());
    const text = String(filesOf(hub, 'rotation-worker').get('dist/rotation-worker/fleet.json'));
    expect(parseFleet(JSON.parse(text))).toMatchObject({
      organizationId: 'o-a1b2c3d4e5',
      waves: [{ name: 'canary' }, {}],
    });
  });

  it('is all that changes in a package', () => {
    for (const name of Object.keys(rolesTaken)) {
      const [before, after] = [filesOf(alone, name), filesOf(hub, name)];
      after.delete(`dist/${name}/fleet.json`);
      expect([...after].map(([file, content]) => [file, String(content)])).toEqual(
        [...before].map(([file, content]) => [file, String(content)]),
      );
    }
  });
});

it('without a fleet no policy of one is there, and two passes run at once', () => {
  const idsOf = ({ template }: Packaged) => Object.keys(template.Resources).filter((id) => /^Fleet/.test(id));
  const passesOf = ({ template }: Packaged) =>
    Object.values(template.Resources).flatMap(({ Type, Properties }) =>
      Type === 'AWS::Lambda::EventSourceMapping' && JSON.stringify(Properties).includes('RotationQueue')
        ? Properties.ScalingConfig
        : [],
    );
  expect(idsOf(alone)).toEqual([]);
  expect(idsOf(hub)).toHaveLength(1 + Object.keys(rolesTaken).length);
  expect([passesOf(alone), passesOf(hub)]).toEqual([[{ MaximumConcurrency: 2 }], [{ MaximumConcurrency: 50 }]]);
});
