import type { Finding } from './finding.ts';
import { escaped, nameOf, status, table } from './page-parts.ts';
import { type SinceBefore, sinceBefore } from './since-before.ts';

/** Each line is in findings.json.gz of one of both runs. */
const MOST_ROWS = 200;

const words: Readonly<Record<keyof SinceBefore, string>> = {
  newFailures: 'New failure',
  settled: 'Settled',
  newUsers: 'New user',
  goneUsers: 'User gone',
  newKeys: 'New access key',
  goneKeys: 'Access key gone',
};

/** New failures first, then what settled, then who and what came or went. */
export function sinceTable(findings: readonly Finding[], before: readonly Finding[]): string {
  if (before.length === 0) return '<p>There is no run before this one that can be compared with.</p>';
  const since = sinceBefore(findings, before);
  const of = (what: keyof SinceBefore): string[][] =>
    since[what].map((finding) => {
      const isFailure = what === 'newFailures' || what === 'settled';
      const look = what === 'newFailures' ? status('fail') : '';
      return [
        look,
        words[what],
        nameOf(finding),
        isFailure ? escaped(`${finding.control.id}: ${finding.sentence}`) : '',
      ];
    });
  const rows = [
    ...of('newFailures'),
    ...of('settled'),
    ...of('newUsers'),
    ...of('goneUsers'),
    ...of('newKeys'),
    ...of('goneKeys'),
  ];
  if (rows.length === 0) return '<p>None.</p>';
  const rest =
    rows.length > MOST_ROWS ? `<p>And ${rows.length - MOST_ROWS} more in findings.json.gz of both runs.</p>` : '';
  return `${table(['', 'What', 'Of', 'Which'], rows.slice(0, MOST_ROWS))}${rest}`;
}
