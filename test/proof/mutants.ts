import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mutant, mutants, type Test } from '../support/proof/mutants.ts';

// node test/proof/mutants.ts [part of a name]: each deliberate defect, one at a time, in a copy of the tree, must make
// its named test fail.

const root = join(import.meta.dirname, '../..');
/** Not part of the tree under test, like everything that begins with a dot; the modules are linked to. */
const left = new Set(['node_modules', 'coverage', 'dist']);
const together = 2;
const timeoutMs = 900_000;

/** The proof suites, cut down to what is enough for a deliberate defect. */
const brief = {
  KEYTURN_PROOF_FAULTS: 'crash after|lost response|no answer|lost, then throttled',
  KEYTURN_PROOF_SCHEDULES: '0',
  KEYTURN_PROOF_STRIDE: '40',
};

type Verdict = 'caught' | 'SURVIVED' | 'NOT APPLIED' | 'BASELINE FAILS';

async function copyTree(): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'keyturn-mutants-'));
  for (const name of await readdir(root)) {
    if (!left.has(name) && !name.startsWith('.')) await cp(join(root, name), join(tree, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

const keyOf = ({ file, name }: Test): string => `${file} "${name}"`;
const running = new Set<ChildProcess>();

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** What became of the tests of those names in a file; undefined if the run did not end. */
async function run(tree: string, file: string, names: readonly string[]): Promise<Map<string, string> | undefined> {
  const report = join(tree, 'mutants.json');
  await rm(report, { force: true });
  const config = file.startsWith('test/proof/') ? ['--config', 'vitest.proof.config.ts'] : [];
  const only = ['-t', names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')];
  const reporter = ['--bail', '1', '--reporter', 'json', '--outputFile', report];
  const vitest = join(tree, 'node_modules/vitest/vitest.mjs');
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [vitest, 'run', file, ...only, ...config, ...reporter], {
      cwd: tree,
      stdio: 'ignore',
      timeout: timeoutMs,
      env: { ...process.env, ...brief },
    });
    running.add(child);
    child.on('close', (status) => {
      running.delete(child);
      resolve(status);
    });
  });
  if (code !== 0) return undefined;
  const { testResults }: Report = JSON.parse(await readFile(report, 'utf8'));
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  return new Map(all.map(({ fullName, status }) => [fullName, status]));
}

async function tryMutant(tree: string, { file, find, replace, caughtBy }: Mutant): Promise<Verdict> {
  const path = join(tree, file);
  const original = await readFile(path, 'utf8');
  // A defect that fits nowhere, or in two places, would prove nothing.
  if (original.split(find).length !== 2) return 'NOT APPLIED';
  const mutated = original.replace(find, () => replace);
  await writeFile(path, mutated);
  try {
    return (await run(tree, caughtBy.file, [caughtBy.name])) === undefined ? 'caught' : 'SURVIVED';
  } finally {
    await writeFile(path, original);
  }
}

/** A test that fails without any defect would catch everything, and one that is not there catches nothing. */
async function useless(trees: readonly string[], tests: readonly Test[]): Promise<Set<string>> {
  const found = new Set(tests.map(keyOf));
  await inParallel(trees, [...new Set(tests.map(({ file }) => file))], async (tree, file) => {
    const named = tests.filter((test) => test.file === file);
    const results = await run(
      tree,
      file,
      named.map(({ name }) => name),
    );
    const passed = [...(results ?? [])].filter(([, status]) => status === 'passed').map(([fullName]) => fullName);
    for (const test of named) if (passed.some((fullName) => fullName.includes(test.name))) found.delete(keyOf(test));
  });
  return found;
}

async function inParallel<T>(
  trees: readonly string[],
  items: readonly T[],
  work: (tree: string, item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    trees.map(async (tree) => {
      for (const item of queue) await work(tree, item);
    }),
  );
}

const [, , wanted = ''] = process.argv;
const chosen = mutants.filter(({ name }) => name.includes(wanted));
const begun = performance.now();
const trees = await Promise.all(Array.from({ length: together }, copyTree));
const uncaught: string[] = [];
try {
  const failing = await useless(
    trees,
    chosen.map(({ caughtBy }) => caughtBy),
  );
  await inParallel(trees, chosen, async (tree, mutant) => {
    const by = keyOf(mutant.caughtBy);
    const verdict = failing.has(by) ? 'BASELINE FAILS' : await tryMutant(tree, mutant);
    if (verdict !== 'caught') uncaught.push(mutant.name);
    console.log(`${verdict.padEnd(14)} ${mutant.name.padEnd(52)} ${by}`);
  });
} finally {
  for (const child of running) child.kill();
  for (const tree of trees) await rm(tree, { recursive: true, force: true });
}
const seconds = Math.round((performance.now() - begun) / 1_000);
console.log(`\n${chosen.length - uncaught.length} of ${chosen.length} mutants were caught, in ${seconds} s.`);
if (uncaught.length > 0 || chosen.length === 0) {
  console.log(`Not caught: ${uncaught.join('; ')}.`);
  process.exitCode = 1;
}
