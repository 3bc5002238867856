import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Manifest {
  devDependencies?: Record<string, string>;
}
interface Lockfile {
  packages: Record<string, Manifest & { dev?: boolean }>;
}
interface Bom {
  components: { name: string; version: string }[];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as T;
}

/**
 * The bill of materials of what is deployed, in CycloneDX, by npm itself. Made from a copy of package.json and the
 * lockfile without what is for development: `npm sbom --omit dev` leaves out whatever a development tool uses too.
 */
export function billOfMaterials(): string {
  const { devDependencies: _, ...manifest } = read<Manifest>('package.json');
  const lockfile = read<Lockfile>('package-lock.json');
  const kept = Object.entries(lockfile.packages).filter(([, { dev }]) => !dev);
  const packages = Object.fromEntries(kept.map(([path, { devDependencies: __, ...entry }]) => [path, entry]));
  const scratch = mkdtempSync(join(tmpdir(), 'keyturn-sbom-'));
  // npm calls the product after its directory.
  const directory = join(scratch, 'keyturn');
  try {
    mkdirSync(directory);
    writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(directory, 'package-lock.json'), JSON.stringify({ ...lockfile, packages }));
    const options = ['--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
    // npm is a script of its own on Windows, which only a shell starts.
    const shell = process.platform === 'win32';
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return execFileSync('npm', ['sbom', ...options], { cwd: directory, encoding: 'utf8', shell, stdio: [...stdio] });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const file = join(ROOT, 'dist', 'sbom.cdx.json');
  const text = billOfMaterials();
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(file, text);
  const { components } = JSON.parse(text) as Bom;
  console.log(`${components.length} packages: ${file}`);
}
