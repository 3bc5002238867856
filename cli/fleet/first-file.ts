import { plain } from '../ui/table.ts';
import { accountsBelow, type OrganizationTree, type TreeUnit } from './tree.ts';

/**
 * The first `fleet.yml`: the whole organization in a dry run, and its tree as comments, so that waves can be written without
 * looking up an ID. Names come from whoever administers the accounts: each stays within its comment.
 */
export function firstFile(
  { organizationId, managementAccountId, roots }: OrganizationTree,
  externalId: string,
): string {
  return [
    '# Which accounts one Keyturn deployment looks after, from when, and with which settings: docs/fleet.md.',
    '# As written, every account is in a dry run: nothing is changed anywhere before a wave has a date.',
    '',
    `organizationId: ${organizationId}`,
    '',
    '# Random, and the same in every member: it tells two hubs apart. Never change it once members are deployed.',
    `externalId: ${externalId}`,
    '',
    'select: # Each unit with all units below it.',
    `  organizationalUnits: [${roots.map(({ id }) => id).join(', ')}]`,
    '',
    '# Wins over everything. Quote account IDs: YAML drops the zeros of numbers.',
    '# exclude:',
    '#   organizationalUnits: [ou-…]',
    "#   accounts: ['777788889999']",
    '',
    '# An account is in the first wave that names it; in none, or before the date: a dry run. From midnight UTC.',
    '# waves:',
    "#   - { name: canary, accounts: ['444455556666'], enforceFrom: 2026-12-01 }",
    '#   - { name: dev, organizationalUnits: [ou-…], enforceFrom: 2026-12-10 }',
    '#   - { name: prod, organizationalUnits: [ou-…] }',
    '',
    '# Over the settings of the stack: the deepest unit wins, an account wins over all.',
    '# settings:',
    '#   - { organizationalUnits: [ou-…], graceDays: 14, maxPostponeDays: 14 }',
    '',
    `# The organization. The management account, ${managementAccountId}, is left out unless select.accounts names it.`,
    ...roots.flatMap((root) => tree(root, 0)),
    '',
  ].join('\n');
}

/** Of a unit with more accounts than these only the number stands there. */
const ACCOUNTS_SHOWN = 20;

function tree(unit: TreeUnit, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const { accounts, units } = unit;
  const below = accountsBelow(unit).length;
  const shown = accounts.slice(0, ACCOUNTS_SHOWN).map(({ accountId, name, state }) => {
    return `# ${indent}  '${accountId}' ${plain(name)}${state === 'ACTIVE' ? '' : ` (${plain(state)})`}`;
  });
  const rest = accounts.length - shown.length;
  return [
    `# ${indent}${unit.id} ${plain(unit.name)}, ${below} account${below === 1 ? '' : 's'}`,
    ...shown,
    ...(rest > 0 ? [`# ${indent}  and ${rest} more`] : []),
    ...units.flatMap((each) => tree(each, depth + 1)),
  ];
}
