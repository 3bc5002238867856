import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, build } from '../../scripts/build.ts';
import { readFleetFile } from '../../scripts/fleet.ts';
import { billOfMaterials } from '../../scripts/sbom.ts';
import { knowFleet } from '../../shared/core/fleet/policy.ts';

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
  let directory: string;
  let bundles: Bundle[];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'keyturn-ships-'));
    bundles = await build(directory, await readFleetFile(join('test', 'package', 'fleet.yml')));
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const shipped = () => [...new Set(bundles.flatMap(({ packages }) => packages))];

  it('has the fleet beside the functions that work in its accounts', () => {
    const having = bundles.map(({ name }) => name).filter((name) => existsSync(join(directory, name, 'fleet.json')));
    expect(having).toEqual(knowFleet.toSorted());
  });

  it('is a dependency, not a development tool', () => {
    expect(shipped()).toContain('node_modules/zod');
    expect(shipped().filter((path) => locked[path] === undefined || locked[path].dev)).toEqual([]);
  });

  it('is under a permissive licence, by what each package declares', () => {
    const dependencies = Object.entries(locked).filter(([, { dev }]) => !dev);
    const others = dependencies.filter(([, { license = 'none' }]) => !PERMISSIVE.includes(license));
    expect(others.map(([path, { license }]) => `${nameOf(path)}: ${license}`)).toEqual([]);
  });

  it('is all in the bill of materials, with its version, licence and checksum', () => {
    const { components } = JSON.parse(billOfMaterials());
    for (const path of shipped()) {
      expect(components).toContainEqual(
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
