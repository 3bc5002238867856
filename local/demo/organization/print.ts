import { DAY } from '../../aws/clock.ts';
import type { Happening } from '../chronicle.ts';
import { type Column, type Output, paint, printColumns, printTimeline, printTotals } from '../print.ts';
import type { Line } from '../timeline.ts';
import { members, organizationStart, waveDays } from './members.ts';
import type { OrganizationDays } from './play.ts';
import { type AccountRow, accountRows, happeningsIn, organizationTotals, troubleOf } from './report.ts';

/** What happened, wave by wave; each trouble once; and how every account stands. */
export function printOrganization(act: OrganizationDays, out: Output): void {
  out.write(
    `${paint('bold', `An organization of ${members.length} accounts, ${act.days} days.`, out)} One hub takes roles in them: a dry run everywhere, then wave by wave.\n` +
      'Which accounts may be changed, and from when, is compiled into IAM; the digest names those that do not answer.\n\n',
  );
  printTimeline(organizationTimeline(act), organizationStart, out);
  out.write('\n');
  printColumns(columns, accountRows(act), out);
  out.write('waiting: users whose only keys are 90 days and more.\n\n');
  const totals = organizationTotals(act);
  printTotals(totals, out, { runs: `daily runs over ${members.length} accounts`, calls: 'calls to AWS' });
  if (totals.violations.length > 0) return;
  const verdict =
    'Nothing was changed in an account before its wave or in trouble, and no session of one named a resource of another.';
  out.write(`${paint('green', verdict, out)}\n`);
}

const columns: readonly Column<AccountRow>[] = [
  ['account', ({ accountId }) => accountId, true],
  ['name', ({ name }) => name, true],
  ['wave', ({ wave }) => wave, true],
  ['state', ({ state }) => state, true],
  ['rotated', ({ rotated }) => rotated || '-'],
  ['deactivated', ({ deactivated }) => deactivated || '-'],
  ['deleted', ({ deleted }) => deleted || '-'],
  ['waiting', ({ waiting }) => waiting || '-'],
  ['what is wrong', (row) => troubleOf(row) || '-', true],
];

/** What is told of keys, in the words of the first act. */
const told = { issued: 'issued', deactivated: 'deactivated', deleted: 'deleted' };

function organizationTimeline(act: OrganizationDays): Line[] {
  const { stage } = act;
  const around = stage.chronicle.happenings.filter(({ userId, event }) => userId === undefined || event === 'outage');
  const nameOf = (accountId: string) => members.find((member) => member.accountId === accountId)?.name ?? '';
  const asked = act.told.map(({ at, message, accountIds }): Line => {
    const names = accountIds.map((accountId) => `${accountId} ${nameOf(accountId)}`).join(', ');
    return { at, userName: 'digest', text: `${message}: ${names}`, tone: 'warning' };
  });
  const lines = [...around.map(lineOf), ...waveDays.flatMap(([wave]) => daysOf(act, wave)), ...asked];
  return lines.toSorted((a, b) => a.at - b.at);
}

function lineOf({ at, event, userName = event, text }: Happening): Line {
  const [first = ''] = text.split('. ');
  return { at, userName, text: first, tone: event === 'wave' ? 'plain' : 'faint' };
}

/** One line for each day of a wave on which keys changed. */
function daysOf({ stage }: OrganizationDays, wave: string): Line[] {
  const own = happeningsIn(stage, ({ unit }) => unit === wave).filter(({ event }) => Object.hasOwn(told, event));
  const days = Map.groupBy(own, ({ at }) => Math.floor((at - organizationStart) / DAY));
  return [...days.values()].flatMap((day) => {
    const [first] = day;
    const parts = Object.entries(told).flatMap(([event, word]) => {
      const keys = day.filter((happening) => happening.event === event);
      const names = keys.map(({ userId = '', userName }) => `${userName} in ${stage.memberOf.get(userId)?.name}`);
      return keys.length === 0 ? [] : [`${keys.length} ${word} (${names.join(', ')})`];
    });
    const tone = day.some(({ event }) => event === 'issued') ? 'good' : 'plain';
    return first === undefined ? [] : [{ at: first.at, userName: wave, text: `keys: ${parts.join('; ')}`, tone }];
  });
}
