// Tests that docs/fleet.md says what the schema of fleet.yml does.
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { everyCommand } from '../../cli/command-tree.ts';
import { meanings } from '../../cli/fleet/readiness.ts';
import { createProgram } from '../../cli/program.ts';
import { parseFleetYaml } from '../../scripts/fleet.ts';
import { fleetMetricNames, metricNames } from '../../shared/aws/runtime.ts';
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
  expect(rows('Settings').map(([name]) => name)).toEqual(['region', 'expectUsers']);
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

it('its steps are commands that there are, with options that they have', () => {
  const stream = new PassThrough();
  const shell = { stdin: stream, stdout: stream, stderr: stream, workingDirectory: '', platform: process.platform };
  const program = createProgram({ ...shell, environment: {}, clock: () => 0, sleep: async () => {} }, () => {});
  const known = new Map(
    everyCommand(program).map(({ name, command }) => [name, [...command.options, ...program.options]]),
  );
  const typed = [...page.matchAll(/keyturn (?:-- )?(fleet \w+|rotate)((?: [^`\n|]*)?)/g)];
  expect(typed.length).toBeGreaterThan(7);
  for (const [, name = '', rest = ''] of typed) {
    const options = [...rest.matchAll(/ (--[\w-]+)/g)].map(([, option]) => option);
    expect([name, options.filter((option) => !known.get(name)?.some(({ long }) => long === option))]).toEqual([
      name,
      [],
    ]);
  }
});

it('it says what each finding of check means', () => {
  const said = section('What `check` says');
  expect(Object.keys(meanings).filter((reason) => !said.includes(`\`${reason}\``))).toEqual([]);
  expect(Object.values(meanings).filter(({ called }) => !said.includes(`\n| ${called} |`))).toEqual([]);
});

it('the other pages know its messages, fields, metrics and alarms', () => {
  const of = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const operations = of('operations.md');
  expect(fleetMetricNames.filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
  const resources = readFileSync(new URL('../../resources/fleet.yml', import.meta.url), 'utf8');
  const alarms = [...resources.matchAll(/AlarmName: keyturn-\$\{sls:stage\}-([\w-]+)/g)].map(([, name]) => name);
  expect(alarms).toHaveLength(3);
  expect(alarms.filter((name) => !operations.includes(`\n| \`${name}\` |`))).toEqual([]);
  const monitoring = readFileSync(new URL('../../resources/monitoring.yml', import.meta.url), 'utf8');
  const all = alarms.length + (monitoring.match(/AlarmName:/g) ?? []).length;
  expect(page).toContain(`\n| alarms | ${all} × $0.10 |`);
  expect(page).toContain(`\n| metrics | ${metricNames.length + fleetMetricNames.length} × $0.30;`);
  const reference = of('reference.md');
  for (const field of ['path', 'notAfter', 'accountName', 'accountId'])
    expect(reference).toContain(`\n| \`${field}\` |`);
  for (const input of ['"accountId"}', '{"check": true', '{"digest": true']) expect(reference).toContain(input);
  expect(of('messages.md')).toContain('`scope` =\n`fleet`');
});

it('its costs are the sums that stand beside them', () => {
  const [, ...table] = section('What a fleet costs').matchAll(/^\| (.*?) \| (.*?) \| (.*) \|$/gm);
  const figures = (cells = ''): number[] =>
    [...cells.matchAll(/\$([\d,.]+)/g)].map(([, text = '']) => Number(text.replaceAll(',', '')));
  for (const [, name, sum = '', cells] of table.filter(([, , sum]) => sum !== 'together')) {
    const [words = ''] = sum.replace(' / GB', ' / 1,000,000').split(';');
    const formula = words.replaceAll(/[$,]| (?:s|GB|KB)\b/g, '').replaceAll('×', '*');
    const cents = [100, 1_000, 10_000].map((accounts) => {
      const text = formula.replaceAll('accounts', String(accounts)).replaceAll('users', String(accounts * 10));
      return Math.round(Number(runInNewContext(text)) * 100 + 1e-6);
    });
    expect([name, figures(cells).map((figure) => Math.round(figure * 100))]).toEqual([name, cents]);
  }
  const hub = table.findIndex(([, name]) => name === '**the hub**');
  const sums = [0, 1, 2].map((column) =>
    table
      .slice(0, hub)
      .reduce((all, [, , , cells]) => all + (figures(cells)[column] ?? 0), 0)
      .toFixed(2),
  );
  expect(figures(table[hub]?.[3]).map((figure) => figure.toFixed(2))).toEqual(sums);
});
