import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { results } from '../../shared/apply/pass.ts';
import { actionNames } from '../../shared/core/answer.ts';
import { rotateUserActions } from '../../shared/core/model.ts';
import { reasons } from '../../shared/core/reasons.ts';
import { environmentName, settingSpecs } from '../../shared/core/settings.ts';
import { userTagNames } from '../../shared/core/user-settings.ts';

const readme = fileOf('README.md');
const reference = fileOf('docs/reference.md');

/** The rows of the table below a heading, as cells. */
function rowsBelow(heading: string): string[][] {
  const section = reference.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]?.split(/^#/m)[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The lines of the README's only code block in that language. */
function blockOf(language: string): string[] {
  return readme.split(`\`\`\`${language}\n`)[1]?.split('\n```')[0]?.split('\n') ?? [];
}

function fileOf(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

describe('docs/reference.md', () => {
  it('lists every setting with its variable, its default and its meaning', () => {
    const expected = Object.entries(settingSpecs).map(([name, { default: fallback, describes }]) => {
      const shown = fallback === undefined ? 'required' : fallback === '' ? 'empty' : `\`${fallback}\``;
      return [`\`${name}\``, `\`${environmentName(name)}\``, shown, describes];
    });
    expect(rowsBelow('Settings').slice(0, expected.length)).toEqual(expected);
  });

  it('lists every parameter of the stack with its default', () => {
    const [, defaults = ''] = /^params:\n {2}default:\n([\s\S]*?)^\w/m.exec(fileOf('serverless.yml')) ?? [];
    const parameters = [...defaults.matchAll(/^ {4}(\w+): '?(.*?)'?(?: #.*)?$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    const expected = parameters
      .filter(([name = '']) => !(name in settingSpecs))
      .map(([name, value]) => [`\`${name}\``, value === '' ? 'empty' : `\`${value}\``]);
    expect(expected.length).toBeGreaterThan(5);
    const listed = rowsBelow('Settings').slice(Object.keys(settingSpecs).length);
    expect(listed.map(([name, value]) => [name, value])).toEqual(expected);
  });

  it('names every output of the stack', () => {
    const names = [...fileOf('resources/outputs.yml').matchAll(/^ {2}(\w+):$/gm)].map(([, name = '']) => name);
    expect(names).toContain('TopicArn');
    expect(names.filter((name) => !reference.includes(`\`${name}\``))).toEqual([]);
  });

  it('lists every reason code with its sentence and what to do', () => {
    const expected = Object.entries(reasons).map(([code, { says, todo }]) => [`\`${code}\``, says, todo]);
    expect(rowsBelow('Reason codes')).toEqual(expected);
  });

  it('names every action, result and tag', () => {
    const names = [...actionNames, ...results, ...rotateUserActions, ...Object.values(userTagNames)];
    expect(names.filter((name) => !reference.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the README', () => {
  it('is read in five minutes', () => {
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(12_288);
  });

  it('shows a plan and an email as they are sent', () => {
    const email = fileOf('test/unit/messages/golden/issued.txt').split('\n');
    let from = 0;
    for (const line of blockOf('text')) {
      const found = email.slice(from).findIndex((written) => written === line || written.startsWith(`${line} `));
      expect(found, line).toBeGreaterThanOrEqual(0);
      from += found + 1;
    }
    const { default: sent } = JSON.parse(fileOf('test/unit/messages/golden/issued.json'));
    const plan = JSON.parse(blockOf('json').join('\n'));
    expect([plan.reason, plan.message]).toEqual([sent.reason, sent.message]);
    expect(plan.keys[0].accessKeyId).toBe(sent.accessKeyId);
  });

  it('links only to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([]);
  });
});

it('the form for bugs lets every function be chosen', () => {
  const form = fileOf('.github/ISSUE_TEMPLATE/bug.yml');
  const functions = readdirSync(new URL('../../functions', import.meta.url)).map((file) => file.replace('.ts', ''));
  expect(functions.filter((name) => !form.includes(`- ${name}\n`))).toEqual([]);
});
