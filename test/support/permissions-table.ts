import { readdirSync, readFileSync } from 'node:fs';
import type { Statement } from '../../local/aws/policies/policy.ts';

/** One row of the permissions table in docs/security.md. */
export interface Permission extends Omit<Statement, 'principals'> {
  /** Functions, and `the schedule`, `the automation`, `owners`. */
  who: string[];
  /** The words that the table uses; what they stand for is in its legend. */
  on: string;
  why: string;
}

/** What the `<…>` of the legend stand for, but for `<function>`. */
export interface Deployment {
  account: string;
  region: string;
  stage: string;
  userPathPrefix: string;
  secretPrefix: string;
  /** With a fleet. */
  organizationId?: string;
  /** Where its alarms for the use of IAM look. */
  trailLogGroupName?: string;
}

const ALL = readdirSync(new URL('../../functions/', import.meta.url)).map((file) => file.replace(/\.ts$/, ''));
const LINES = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8').split('\n');

/** The cells of each row of the table whose first column has this title. */
function rowsOf(title: string): string[][] {
  const start = LINES.findIndex((line) => line.startsWith(`| ${title} |`));
  const rows = LINES.slice(start + 2);
  return rows.slice(0, rows.indexOf('')).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const LEGEND = new Map(
  rowsOf('in the table').map(([word = '', meaning = '']) => [word, /^`(.*?)`/.exec(meaning)?.[1]]),
);

const TABLES = { statement: rowsOf('statement'), 'with a fleet': rowsOf('with a fleet') };

/** Code between backticks, or all of a cell that has none. */
function words(cell: string): string[] {
  return cell.split(', ').map((word) => word.replaceAll('`', ''));
}

/**
 * The rows as they hold for one deployment; `<function>` is left, since a row can be about several. What a fleet has
 * besides is a table of its own.
 */
export function readPermissions(deployment: Deployment, title: keyof typeof TABLES = 'statement'): Permission[] {
  const names: Record<string, string> = {
    partition: 'aws',
    suffix: 'amazonaws.com',
    key: 'KmsKey',
    stateKey: 'StateKey',
    signingKey: 'EvidenceSigningKey',
    roleSuffix: '',
    kmsAlias: 'alias/keyturn',
    trailLogGroupName: 'aws-cloudtrail-logs',
    ...deployment,
  };
  const meaning = (word: string): string =>
    (LEGEND.get(word) ?? word.replaceAll('`', '')).replace(/<(\w+)>/g, (text, name: string) => names[name] ?? text);
  return TABLES[title].map(([sid = '', who = '', may = '', on = '', onlyIf = '', why = '']) => ({
    sid,
    effect: may.startsWith('**never** ') ? 'Deny' : 'Allow',
    who: words(who).flatMap((name) => (name === 'all functions' ? ALL : name)),
    actions: words(may.replace('**never** ', '')),
    on,
    resources: [meaning(on)],
    // The operator is the template's concern: for the values written here each of them comes to the same.
    conditions: (onlyIf === '' ? [] : onlyIf.split(' and ')).map((condition) => {
      const [key = '', values = ''] = condition.split(' = ');
      return { operator: 'StringLike', key: key.replaceAll('`', ''), values: values.split(' or ').map(meaning) };
    }),
    why,
  }));
}

/** The statements of one function. */
export function statementsOfFunction(permissions: readonly Permission[], name: string): Statement[] {
  const own = (text: string): string => text.replaceAll('<function>', name);
  return permissions
    .filter(({ who }) => who.includes(name))
    .map(({ sid, effect, actions, resources, conditions }) => {
      return { sid, effect, actions, resources: resources.map(own), principals: undefined, conditions };
    });
}

/** Statements as they can be compared with those of another source: the order of statements, and of lists, means nothing. */
export function comparable(given: readonly Statement[]) {
  return given
    .map(({ sid, effect, actions, resources, conditions }) => {
      const sorted = conditions.map(({ key, values }) => [key, values.toSorted()] as const).toSorted();
      return { sid, effect, actions: actions.toSorted(), resources: resources.toSorted(), conditions: sorted };
    })
    .toSorted((a, b) => a.sid.localeCompare(b.sid));
}
