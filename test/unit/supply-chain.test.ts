// scripts/sbom.ts

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { packagesShipped } from '../../scripts/build.ts';
import { billOfMaterials } from '../../scripts/sbom.ts';

interface Locked {
  version: string;
  integrity?: string;
  dev?: boolean;
  hasInstallScript?: boolean;
  license?: string;
}

const read = (file: string) => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
const manifest = read('package.json');
const lockfile = read('package-lock.json');
const { '': root, ...locked }: Record<string, Locked> = lockfile.packages;
const nameOf = (path: string) => path.split('node_modules/').at(-1) ?? '';
/** What may be passed on without passing on one's own sources. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];

describe('dependencies', () => {
  it('are pinned to one version each', () => {
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies } as Record<string, string>;
    const exact = /^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;
    expect(Object.entries(wanted).filter(([, version]) => !exact.test(version))).toEqual([]);
    expect(root).toMatchObject({ dependencies: manifest.dependencies, devDependencies: manifest.devDependencies });
  });

  it('are locked with a checksum each', () => {
    expect(Object.keys(locked).length).toBeGreaterThan(100);
    expect(Object.entries(locked).filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''))).toEqual([]);
  });

  it('run no install script but those that are named', () => {
    const scripts = Object.entries(locked).filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(scripts.map(([path]) => nameOf(path)).sort()).toEqual(Object.keys(manifest.allowScripts).sort());
  });
});

describe('what ships', () => {
  let shipped: string[];
  beforeAll(async () => {
    shipped = await packagesShipped();
  }, 60_000);

  it('is a dependency, not a development tool', () => {
    expect(shipped).toContain('node_modules/zod');
    expect(shipped.filter((path) => locked[path] === undefined || locked[path].dev)).toEqual([]);
  });

  it('is under a permissive licence, by what each package declares', () => {
    const dependencies = Object.entries(locked).filter(([, { dev }]) => !dev);
    const others = dependencies.filter(([, { license = 'none' }]) => !PERMISSIVE.includes(license));
    expect(others.map(([path, { license }]) => `${nameOf(path)}: ${license}`)).toEqual([]);
  });

  it('is all in the bill of materials, with its version, licence and checksum', () => {
    const { components }: { components: { name: string }[] } = JSON.parse(billOfMaterials());
    for (const path of shipped) {
      expect(components.filter(({ name }) => name === nameOf(path))).toContainEqual(
        expect.objectContaining({
          name: nameOf(path),
          version: locked[path]?.version,
          licenses: [{ license: { id: locked[path]?.license } }],
          hashes: [expect.objectContaining({ alg: 'SHA-512' })],
        }),
      );
    }
  });
});
