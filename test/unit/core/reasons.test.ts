// shared/core/reasons.ts, shared/core/fleet/account-reasons.ts

import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isReason, reasons } from '../../../shared/core/reasons.ts';

it('every reason is a kebab-case word with a sentence and what to do', () => {
  for (const [reason, { says, todo }] of Object.entries(reasons)) {
    expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(says).toMatch(/^[A-Z`].*\.$/);
    expect(todo).toMatch(/^[A-Z`].*\.$/);
  }
});

it('every reason that the code names can be explained', () => {
  // Evidence has reasons of its own, which findings and docs/evidence.md explain.
  const files = globSync(['shared/**/*.ts', 'cli/**/*.ts', 'functions/*.ts']).filter((file) => !/evidence/.test(file));
  const named = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\breason(?:: | = [^;']*\? )'([a-z-]+)'(?: : '([a-z-]+)')?/g)]
      .flatMap(([, one, other]) => [one, other])
      .flatMap((reason) => reason ?? []),
  );
  // What a filter of the topic is asked about; no answer names it.
  const unexplained = new Set(named.filter((reason) => !isReason(reason) && reason !== 'due'));
  expect([...unexplained]).toEqual([]);
  expect(new Set(named).size).toBeGreaterThan(30);
});
