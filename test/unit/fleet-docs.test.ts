// Tests that docs/fleet.md says what the schema of fleet.yml does.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseFleetYaml } from '../../scripts/fleet.ts';
import { overridableSettings } from '../../shared/core/fleet/overridable.ts';
import { POLICIES_MAX, POLICY_CHARACTERS } from '../../shared/core/fleet/policy.ts';
import { notSelectedReasons } from '../../shared/core/fleet/select.ts';

const page = readFileSync(new URL('../../docs/fleet.md', import.meta.url), 'utf8');

function section(title: string): string {
  return page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
}

/** The first cells of the rows of a table, without their backticks, and the second ones. */
function rows(title: string): [string, string][] {
  return [...section(title).matchAll(/^\| `(\w[\w-]*)` \| (.*?) \|/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}

const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';

it('its example is a fleet, and shows every field', () => {
  const { fleet } = parseFleetYaml(example, 'fleet.yml');
  expect(fleet.waves.map(({ name, enforceFrom }) => [name, enforceFrom])).toEqual([
    ['canary', Date.UTC(2026, 11, 1)],
    ['platform', Date.UTC(2026, 11, 10)],
    ['workload', undefined],
  ]);
  for (const value of Object.values(fleet)) expect(value).not.toEqual([]);
  expect(fleet.select.tags).toEqual({ keyturn: 'on' });
});

it('it names every reason for which an account is left alone, in their order', () => {
  expect(rows('Who belongs').map(([name]) => name)).toEqual([...notSelectedReasons]);
});

it('it names every setting in which accounts may differ', () => {
  const named = [...section('Settings').matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  expect(named.slice(0, overridableSettings.length)).toEqual([...overridableSettings]);
  expect(rows('Settings').map(([name]) => name)).toEqual(['region', 'expectUsers', 'formerStateKeyArn']);
});

it('it has the limits that hold where none are given', () => {
  const least = parseFleetYaml(example.replace(/^limits:[\s\S]*/m, ''), 'fleet.yml').fleet;
  expect(Object.fromEntries(rows('Limits'))).toEqual(
    Object.fromEntries(Object.entries(least.limits).map(([name, value]) => [name, String(value)])),
  );
});

it('it has the figures of IAM', () => {
  const characters = POLICY_CHARACTERS.toLocaleString('en');
  expect(section('What IAM holds to')).toContain(`at most four managed policies of ${characters} characters`);
  expect(POLICIES_MAX).toBe(4);
});
