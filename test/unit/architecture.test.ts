import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAst } from 'vitest/node';

const outsideTests = '{shared,functions,local,cli,hand-on,picture,scripts}/**/*.ts';
const root = fileURLToPath(new URL('../..', import.meta.url));

interface Source {
  file: string;
  text: string;
  /** Packages as they are named, own files relative to the root. */
  imports: string[];
}

function sources(pattern: string): Source[] {
  return globSync(pattern, { cwd: root }).map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const names = [
      ...text.matchAll(/^(?:import|export) (?:type )?(?:\{[^}]*\}|\*(?: as \w+)?|\w+) from '([^']+)'/gm),
      // What is loaded only where it is asked for.
      ...text.matchAll(/\bimport\('([^']+)'\)/g),
    ].map(([, name]) => name ?? '');
    const imports = names.map((name) =>
      name.startsWith('.') ? relative(root, join(root, dirname(file), name)) : name,
    );
    return { file, text, imports };
  });
}

/** Whether a function has more lines, also one inside another. */
function hasFunctionOver(lines: number, text: string): boolean {
  const isLong = (from: number, to: number): boolean => text.slice(from, to).split('\n').length > lines;
  const visit = (node: unknown): boolean => {
    if (typeof node !== 'object' || node === null) return false;
    if ('type' in node && 'start' in node && 'end' in node) {
      // Nor has anything inside it.
      if (!isLong(Number(node.start), Number(node.end))) return false;
      if (/Function/.test(String(node.type))) return true;
    }
    return Object.values(node).some(visit);
  };
  return isLong(0, text.length) && visit(parseAst(text, { lang: 'ts' }));
}

function offenders(pattern: string, isWrong: (source: Source) => boolean): string[] {
  const found = sources(pattern);
  expect(found.length).toBeGreaterThan(0);
  return found.filter(isWrong).map(({ file }) => file);
}

describe('the layout', () => {
  it('keeps the pure core free of the SDK, the clock, the environment and the logger', () => {
    const allowed = ['zod/mini', 'zod/v4/locales/en.js', 'node:util', 'node:crypto'];
    const isImpure = ({ imports, text }: Source): boolean =>
      imports.some((name) => !name.startsWith('shared/core/') && !allowed.includes(name)) ||
      /\bDate\.now\b|new Date\(\)|process\.env|console\.\w+\(|setTimeout|Math\.random|randomUUID|randomBytes/.test(
        text,
      );
    expect(offenders('shared/core/**/*.ts', isImpure)).toEqual([]);
  });

  it('has floors, and nothing imports from above its own, not even a type', () => {
    const floors = ['functions/', 'shared/service/', 'shared/apply/', 'shared/aws/', 'shared/core/'];
    // Beside the service: what makes a handler of a function, and the runtime of Lambda.
    const floorOf = (file: string): number =>
      floors.findIndex((floor) => file.replace('shared/lambda/', 'shared/service/').startsWith(floor));
    const known = sources('{shared,functions}/**/*.ts');
    expect(known.filter(({ file }) => floorOf(file) === -1)).toEqual([]);
    const isUpward = ({ file, imports }: Source): boolean =>
      imports.some((name) => /^(shared|functions)\//.test(name) && floorOf(name) < floorOf(file));
    expect(offenders('{shared,functions}/**/*.ts', isUpward)).toEqual([]);
    const isBeside = ({ imports }: Source): boolean => imports.some((name) => /^shared\/(service|apply)\//.test(name));
    expect(offenders('shared/lambda/*.ts', isBeside)).toEqual([]);
    expect(
      offenders('shared/service/*.ts', ({ imports }) => imports.some((n) => n.startsWith('shared/lambda/'))),
    ).toEqual([]);
  });

  it('has no circle of files, not even of types', () => {
    const importsOf = new Map(sources(outsideTests).map(({ file, imports }) => [file, imports]));
    const isSettled = new Map<string, boolean>();
    // What is met again before it is settled leads back to itself.
    const circleFrom = (file: string, way: readonly string[]): readonly string[] | undefined => {
      if (isSettled.get(file) === false) return [...way.slice(way.indexOf(file)), file];
      if (isSettled.has(file)) return undefined;
      isSettled.set(file, false);
      for (const name of importsOf.get(file) ?? []) {
        const circle = circleFrom(name, [...way, file]);
        if (circle !== undefined) return circle;
      }
      isSettled.set(file, true);
      return undefined;
    };
    for (const file of importsOf.keys()) expect(circleFrom(file, []) ?? []).toEqual([]);
  });

  it('keeps the checks to the chain: in the core nothing else imports one', () => {
    const isReaching = ({ file, imports }: Source): boolean =>
      file !== 'shared/core/plan.ts' && imports.some((name) => name.startsWith('shared/core/checks/'));
    expect(offenders('shared/core/{*,messages/*}.ts', isReaching)).toEqual([]);
  });

  it('lets no function import another', () => {
    expect(offenders('functions/*.ts', ({ imports }) => imports.some((name) => name.startsWith('functions/')))).toEqual(
      [],
    );
  });

  it('makes calls in the adapters and the writer only', () => {
    const isCalling = ({ file, imports }: Source): boolean =>
      !/^shared\/(aws|apply)\//.test(file) && imports.some((name) => /^@(aws-sdk|smithy)\//.test(name));
    expect(offenders('{shared,functions}/**/*.ts', isCalling)).toEqual([]);
  });

  it('makes mutating calls in shared/apply only', () => {
    const mutating =
      /\b(Create|Update|Delete|Put|Tag|Untag|Restore|Attach|Detach|Rotate|Cancel)\w*Command\b|\bUpdateSecretVersionStage\b/;
    const isMutating = ({ file, text }: Source): boolean => {
      const named = text.replace(/PutEvaluationsCommand|DeleteMessage(Batch)?Command/g, '');
      // The policy denies these calls to others.
      const isAllowed = file.startsWith('shared/apply/') || file === 'shared/core/secret-policy.ts';
      return !isAllowed && mutating.test(named);
    };
    expect(offenders('{shared,functions}/**/*.ts', isMutating)).toEqual([]);
  });

  it('never reads a secret', () => {
    const reads = /GetSecretValue|BatchGetSecretValue/;
    const isReader = ({ file, text }: Source): boolean => file !== 'shared/core/secret-policy.ts' && reads.test(text);
    expect(offenders('{shared,functions}/**/*.ts', isReader)).toEqual([]);
  });

  it('reveals a secret access key to the proof and the store only', () => {
    const isRevealed = ({ text }: Source): boolean => text.includes('.reveal()');
    expect(offenders('{shared,functions}/**/*.ts', isRevealed).toSorted()).toEqual([
      'shared/apply/secret-value.ts',
      'shared/aws/clients.ts',
      'shared/core/state-key.ts',
    ]);
  });

  /** What a file imports, by whatever way, and what that imports. */
  function reachableFrom(start: string): string[] {
    const dynamic = /\bimport\('(\.[^']+)'\)/g;
    const reachable = new Set([start]);
    for (const file of reachable) {
      for (const { imports, text } of sources(file)) {
        const later = [...text.matchAll(dynamic)].map(([, name = '']) =>
          relative(root, join(root, dirname(file), name)),
        );
        for (const name of [...imports, ...later]) if (name.endsWith('.ts')) reachable.add(name);
      }
    }
    return [...reachable];
  }

  it('lets the worker reach no list of accounts: where a user is stands in the message', () => {
    const reachable = reachableFrom('functions/rotation-worker.ts');
    expect(reachable).toContain('shared/aws/member-session.ts');
    expect(reachable).not.toContain('shared/aws/organization.ts');
  });

  it('lets the command line reach nothing that writes, by whatever way, and nothing else reach it', () => {
    const reachable = reachableFrom('cli/keyturn.ts');
    expect(reachable).toContain('shared/aws/plan-users.ts');
    expect(reachable.filter((name) => /^(shared\/(apply|service|lambda)|functions|local)\//.test(name))).toEqual([]);
    const isCli = ({ imports }: Source): boolean => imports.some((name) => name.startsWith('cli/'));
    expect(offenders('{shared,functions}/**/*.ts', isCli)).toEqual([]);
  });

  it('lets nothing deployed depend on the embedded AWS', () => {
    expect(
      offenders('{shared,functions}/**/*.ts', ({ imports }) => imports.some((name) => name.startsWith('local/'))),
    ).toEqual([]);
  });

  it('lets the checker know nothing of the service: a mistake there is not repeated here', () => {
    const isOurs = (name: string): boolean => /^(shared|functions)\//.test(name);
    expect(offenders('local/checker/*.ts', ({ imports }) => imports.some(isOurs))).toEqual([]);
    // Nor by way of what it imports.
    const reachable = new Set(sources('local/checker/*.ts').map(({ file }) => file));
    for (const file of reachable)
      for (const { imports } of sources(file))
        for (const name of imports) if (name.endsWith('.ts')) reachable.add(name);
    expect([...reachable].filter(isOurs)).toEqual([]);
  });
});

it('no file of the service has more than 250 lines', () => {
  expect(offenders('shared/**/*.ts', ({ text }) => text.split('\n').length > 251)).toEqual([]);
});

it('no function has more than 60 lines, with its head, its comments and its blank lines', () => {
  const isLong = (text: string): boolean => hasFunctionOver(60, text);
  expect(isLong(`const f = () => {${'\n'.repeat(59)}};`)).toBe(false);
  expect(isLong(`const f = () => {${'\n'.repeat(60)}};`)).toBe(true);
  expect(isLong(`export const o = { async f(\n  a: string,\n) {${'\n'.repeat(58)}} };`)).toBe(true);
  expect(offenders(outsideTests, ({ text }) => isLong(text))).toEqual([]);
});

describe('tests', () => {
  /** What a test says in its first lines that it tests. */
  const headOf = (text: string): string => /^(?:\/\/.*\n)*/.exec(text)?.[0] ?? '';

  it('are found by what they test: the name of a module, or its path in the first line', () => {
    const modules = sources(outsideTests).map(({ file }) => file);
    const tests = sources('test/**/*.test.ts');
    const heads = tests.map(({ text }) => headOf(text)).join('');
    const isAlone = (name: string): boolean => modules.filter((file) => basename(file) === name).length === 1;
    // Of modules with one name a test of that name is the one's that it imports.
    const isFound = (file: string): boolean => {
      const name = basename(file);
      const ofItsName = tests.filter((test) => basename(test.file) === name.replace('.ts', '.test.ts'));
      return heads.includes(file) || ofItsName.some(({ imports }) => isAlone(name) || imports.includes(file));
    };
    expect(modules.filter((file) => !isFound(file))).toEqual([]);
  });

  it('name no module that is not there', () => {
    const paths = /\b(?:shared|functions|local|cli|hand-on|picture|scripts)\/[\w/-]+\.ts/g;
    const named = sources('test/**/*.test.ts').flatMap(({ text }) => headOf(text).match(paths) ?? []);
    expect(named.filter((file) => globSync(file, { cwd: root }).length === 0)).toEqual([]);
  });
});
