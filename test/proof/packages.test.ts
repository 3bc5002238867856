// scripts/build.ts: bundled and packaged again by osls as a user runs it, once more as it is and once with a fleet.
import { beforeAll, describe, expect, it } from 'vitest';
import { functionNames } from '../../scripts/build.ts';
import { readFleetFile } from '../../scripts/fleet.ts';
import { knowFleet } from '../../shared/core/fleet/policy.ts';
import { type Packaged, packageAgain, packageStack } from '../package/package-stack.ts';
import { FLEET } from '../package/variants.ts';
import { unzip } from '../package/zip.ts';

const names = await functionNames();
let first: Packaged;
let second: Packaged;
let hub: Packaged;

beforeAll(async () => {
  [first, second, hub] = await Promise.all([packageStack(), packageAgain(), packageAgain(FLEET)]);
}, 300_000);

const zipOf = ({ zips }: Packaged, name: string): Buffer => zips.get(name) ?? Buffer.alloc(0);

describe.each(names)('the package of %s', (name) => {
  it('is made twice with the same bytes', () => {
    expect(zipOf(first, name).length).toBeGreaterThan(0);
    expect(zipOf(second, name).equals(zipOf(first, name))).toBe(true);
  });

  it('has the fleet beside the same code, where the function knows it', async () => {
    const [before, after] = [unzip(zipOf(first, name)), unzip(zipOf(hub, name))];
    const { json } = await readFleetFile(FLEET.fleet);
    const knows = knowFleet.some((each) => each === name);
    expect(String(after.get(`dist/${name}/fleet.json`))).toBe(knows ? json : 'undefined');
    after.delete(`dist/${name}/fleet.json`);
    expect([...after].map(([file, content]) => [file, String(content)])).toEqual(
      [...before].map(([file, content]) => [file, String(content)]),
    );
  });
});
