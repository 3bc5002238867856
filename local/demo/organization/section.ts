import { escapeHtml } from '../../../shared/core/html.ts';
import { members } from './members.ts';
import type { OrganizationDays } from './play.ts';
import { type AccountRow, accountRows, organizationTotals, troubleOf } from './report.ts';

/** Of the page, beside what its picture needs. */
export const sectionStyle = `
h2 { font-size: 1.15rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; margin: .6rem 0; font-size: 13px; }
th, td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ccc; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; }
`;

interface Cell {
  readonly title: string;
  readonly isNumber?: boolean;
  of(row: AccountRow): string | number;
}

const cells: readonly Cell[] = [
  { title: 'account', of: ({ accountId }) => accountId },
  { title: 'name', of: ({ name }) => name },
  { title: 'wave', of: ({ wave }) => wave },
  { title: 'state', of: ({ state }) => state },
  { title: 'rotated', isNumber: true, of: ({ rotated }) => rotated },
  { title: 'waiting', isNumber: true, of: ({ waiting }) => waiting },
  { title: 'what is wrong', of: troubleOf },
];

/** The organization as a table, with nothing that moves: one row for each account. */
export function organizationSection(act: OrganizationDays): string {
  const head = cells.map((cell) => `<th scope="col"${classOf(cell)}>${escapeHtml(cell.title)}</th>`).join('');
  const rows = accountRows(act).map(
    (row) => `<tr>${cells.map((cell) => `<td${classOf(cell)}>${escapeHtml(String(cell.of(row)))}</td>`).join('')}</tr>`,
  );
  return `<section>
<h2>${act.days} days of an organization</h2>
<p>${introOf(act)}</p>
<table>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</section>`;
}

function classOf({ isNumber }: Cell): string {
  return isNumber ? ' class="number"' : '';
}

function introOf(act: OrganizationDays): string {
  const { issued, deactivated, deleted, calls, violations } = organizationTotals(act);
  const verdict =
    violations.length === 0 ? 'nothing that must always hold was broken' : `${violations.length} VIOLATIONS`;
  return escapeHtml(
    `One hub and ${members.length} accounts: a dry run everywhere, then wave by wave. Waiting are users whose only keys ` +
      `are 90 days old and more. ${issued} keys were issued, ${deactivated} deactivated, ${deleted} deleted with ` +
      `${calls.toLocaleString('en')} calls to the embedded AWS; after each of them ${verdict}.`,
  );
}
