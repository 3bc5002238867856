import { status, table } from '../../../shared/core/evidence/page-parts.ts';
import { listed, rowsOf } from './page-rows.ts';
import type { PeriodReport } from './report.ts';
import { type StateOfDay, statesOfDays } from './states.ts';

const inStates: Readonly<Record<StateOfDay, string>> = {
  'before-due': 'Active, and not due',
  'hand-over': 'Active beside its replacement',
  due: 'Active and due',
  inactive: 'Inactive',
  held: 'On hold',
  exempt: 'Exempt',
  frozen: 'Stopped by a freeze',
  blocked: 'Waiting for a decision',
  'not-managed': 'Of a user whom Keyturn leaves out',
  'not-known': 'Not known',
};

/** Whoever was always before due is left out: the file has them. */
export function states({ keys, timeInState }: PeriodReport): string {
  const all = statesOfDays.map((state) => [inStates[state], timeInState[state]]);
  const rows = keys.flatMap(({ accessKeyId, userName, states: spells }) =>
    spells
      .filter(({ state }) => state !== 'before-due')
      .map(({ state, firstDay, lastDay, days, source, because }) => [
        ...[accessKeyId, userName, inStates[state], firstDay, lastDay, days],
        source ?? because,
      ]),
  );
  return `${table(['Each day of each key', 'Days'], rowsOf(all))}
<p>A key has one of these on each day that it was there, as the run of that day saw it. Days before it was due are not listed here.</p>
${listed(['Key', 'User', 'Where', 'From', 'To', 'Days', 'Source'], rows, 'states.csv')}`;
}

/** Days that follow each other and say the same are one row. */
export function mfa({ mfa: byDay, people }: PeriodReport): string {
  const rows: { from: string; to: string; says: string[] }[] = [];
  for (const { date, with: protectedBy, without, notKnown, ...shares } of byDay) {
    const says = [
      [
        ...(without > 0 ? [status('fail', without)] : []),
        ...(notKnown > 0 ? [status('error', notKnown)] : []),
        ...(protectedBy > 0 ? [status('pass', protectedBy)] : []),
      ].join(' '),
      percent(shares.percentOfConsoleUsers, protectedBy + without),
      percent(shares.percentOfUsers, shares.users ?? 0),
    ];
    const last = rows.at(-1);
    if (last?.says.join() === says.join()) last.to = date;
    else rows.push({ from: date, to: date, says });
  }
  const days = rows.map(({ from, to, says }) => [from === to ? from : `${from} to ${to}`, ...says]);
  const without = people.filter(({ daysWithout, daysNotKnown }) => daysWithout + daysNotKnown > 0);
  const each = without.map(({ userName, daysWith, daysWithout, daysNotKnown, firstDayWithout, lastDayWithout }) => [
    ...[userName, daysWith, daysWithout, daysNotKnown],
    firstDayWithout === null ? '' : `${firstDayWithout} to ${lastDayWithout}`,
  ]);
  const head = [
    'Days',
    'People with a password: with and without a device',
    'Of them with one',
    'Of all users with one',
  ];
  return `${days.length === 0 ? '<p>None.</p>' : table(head, days, ' in report.json')}
<p>Who was without a device, or of whom it was not known:</p>
${listed(['User', 'Days with', 'Days without', 'Days not known', 'Without from the first to the last'], each, 'mfa.csv')}`;
}

/** Never without its denominator, and not while something is not known. */
function percent(share: number | null, of: number): string {
  return share === null ? '' : `${share} % of ${of}`;
}
