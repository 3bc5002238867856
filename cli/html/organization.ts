import { escapeHtml } from '../../shared/core/html.ts';
import { formatDate, type Instant } from '../../shared/core/time.ts';
import { actionsOf, type Departure, type ForeseenAccount, usersIn, type Wave } from '../fleet/foreseen.ts';
import { plain } from '../ui/table.ts';
import { htmlPage, htmlTable } from './skeleton.ts';

/** What a run would do in a whole organization. */
export interface OrganizationPlan {
  organizationId: string;
  at: Instant;
  waves: readonly Wave[];
  accounts: readonly ForeseenAccount[];
  departures: readonly Departure[];
}

/** One page for all accounts: waves, who leaves, every account, and every step with its sentence. */
export function organizationPage({ organizationId, at, waves, accounts, departures }: OrganizationPlan): string {
  const users = accounts.reduce((sum, { usersScanned }) => sum + usersScanned, 0);
  const actions = actionsOf(accounts);
  const facts =
    `${formatDate(at)}: ${accounts.length} accounts, ${users} IAM users. Nothing was changed. ` +
    `A run in all of them would ${actions === '' ? 'change nothing' : `take these steps: ${actions}`}.`;
  return htmlPage(
    `Keyturn: organization ${organizationId}`,
    [
      `<h1>Access keys in organization ${escapeHtml(plain(organizationId))}</h1>`,
      `<p>${escapeHtml(plain(facts))}</p>`,
      '<h2>Waves</h2>',
      htmlTable(
        ['Wave', 'Begins', 'Accounts', 'IAM users', 'Users with a step'],
        waves.map((each) => [each.name, each.begins, String(each.accounts), String(each.users), String(each.changed)]),
      ),
      ...leaving(departures),
      '<h2>Accounts</h2>',
      htmlTable(
        ['Account', 'Name', 'Wave', 'IAM users', 'Users with a step', 'Left alone', 'Notes'],
        accounts.map(rowOf),
      ),
      ...accounts.filter(({ steps }) => steps.length > 0).map(sectionOf),
    ].join('\n'),
  );
}

function leaving(departures: readonly Departure[]): string[] {
  if (departures.length === 0) return [];
  const rows = departures.map(({ account, because }) => {
    return [account.accountId, account.name, because, `keyturn fleet leave --account ${account.accountId}`];
  });
  return ['<h2>Leave the fleet with the next deployment</h2>', htmlTable(['Account', 'Name', 'Why', 'First'], rows)];
}

function rowOf(each: ForeseenAccount): string[] {
  const { account, wave = '–', status, usersScanned, skipped, errors } = each;
  const leftAlone = Object.entries(skipped).map(([reason, count]) => `${reason} ${count}`);
  const notes = [...(status === 'planned' ? [] : [status.replace('-', ' ')]), ...errors];
  return [
    ...[account.accountId, account.name, wave, String(usersScanned), String(usersIn(each))],
    ...[leftAlone.join(', '), notes.join(' ')],
  ];
}

function sectionOf({ account, steps }: ForeseenAccount): string {
  const rows = steps.map(({ userName, accessKeyId = '–', action, reason, message }) => {
    return [userName, accessKeyId, action, reason, message];
  });
  return `<h2>Account ${escapeHtml(plain(`${account.accountId} ${account.name}`))}</h2>
${htmlTable(['User', 'Key', 'Step', 'Reason', 'Why'], rows)}`;
}
