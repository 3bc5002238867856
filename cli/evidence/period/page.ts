import { controls } from '../../../shared/core/evidence/controls.ts';
import { escaped, framed, section, status, table } from '../../../shared/core/evidence/page-parts.ts';
import type { KeyChange } from './key-lives.ts';
import { mfa, states } from './page-days.ts';
import { listed, rowsOf, type Text } from './page-rows.ts';
import type { Ages, PeriodReport } from './report.ts';

/** A report for a person: gaps first, and nothing from elsewhere. */
export function periodPage(report: PeriodReport): string {
  const { accountId, period, isPreliminary, days } = report;
  const title = `Access keys from ${period.firstDay} to ${period.lastDay}`;
  const preliminary = isPreliminary ? ': PRELIMINARY' : '';
  return framed(
    { title: `${title}, account ${accountId}`, foot: `account ${accountId}, ${period.firstDay} to ${period.lastDay}` },
    `<h1>${escaped(title)}${preliminary}</h1>
<p>Account ${escaped(accountId)}. Evidence of ${days.withEvidence} of ${days.expected} days: ${days.bySchedule} by schedule, ${days.byHand} by hand; ${days.incomplete} incomplete.</p>
${isPreliminary ? '<p>No digest was made at least four days after the end: what comes later may change this report.</p>' : ''}
${chain(report)}
${section('1 Gaps and outages', gaps(report))}
${section('2 Age of keys', ages(report))}
${section('3 Where keys stood, in days', states(report))}
${section('4 Keys due in the period', due(report))}
${section('5 Rotations', rotations(report))}
${section('6 Exposed keys', exposures(report))}
${section('7 Controls', controlsTable(report))}
${section('8 Findings, from the first day to the last', findings(report))}
${section('9 Exceptions', exceptions(report))}
${section('10 MFA of people with a password', mfa(report))}
${section('11 Changes of keys outside Keyturn', outside(report))}
${section('12 The life of every key', lives(report))}
${section('13 How to check it', check(report))}`,
  );
}

function chain({ chain: { result, digests, first, last } }: PeriodReport): string {
  const looks = { valid: 'pass', invalid: 'fail', 'not-checked': 'error' } as const;
  const says = {
    valid: 'the chain of digests and everything that it names are as they were written',
    invalid: 'the chain of digests, or what it names, has been changed: see the gaps',
    'not-checked': 'a part of what the chain names could not be read: see the gaps',
  };
  const ends = [first, last].map((head) => (head === null ? '' : `${head.sequence}:${head.sha256} of ${head.madeAt}`));
  return `<p>${status(looks[result])} ${says[result]}. ${digests} digests, from ${escaped(ends[0] ?? '')} to ${escaped(ends[1] ?? '')}.</p>`;
}

function gaps({ gaps: found, records }: PeriodReport): string {
  const rows = found.map(({ kind, from, to, what, reference }) => [kind, from, to, what, reference]);
  return `${listed(['What', 'From', 'To', 'How', 'Where'], rows, 'gaps.csv')}
<p>${records.transitions} transitions were recorded; ${records.repeats} messages told of one again.</p>`;
}

function ages({ keyAge }: PeriodReport): string {
  const { activeKeyDays, overLimitKeyDays, overLimitPercent, ended, active, oldest } = keyAge;
  const share = overLimitPercent === null ? '' : `, ${overLimitPercent} % of ${activeKeyDays}`;
  const rows = oldest.map(({ accessKeyId, userName, ageDays, isActive }) => [
    ...[accessKeyId, userName, ageDays],
    isActive ? 'active at the end' : 'ended',
  ]);
  return `<p>Days with evidence on which a key was active: ${activeKeyDays}. At or over its limit: ${overLimitKeyDays}${share}.</p>
${table(
  ['Age in days', 'Keys', 'p50', 'p90', 'p99', 'Oldest'],
  rowsOf([spread('when it was deactivated or deleted', ended), spread('still active at the end', active)]),
)}
<p>The oldest:</p>
${listed(['Key', 'User', 'Age in days', ''], rows, 'keys.csv')}`;
}

function spread(name: string, { count, p50, p90, p99, max }: Ages): Text[] {
  return [name, count, p50, p90, p99, max];
}

function due({ due: { onTime, late, notDone, keys, daysLate, notDoneBy } }: PeriodReport): string {
  const rows = keys
    .filter(({ outcome }) => outcome !== 'on-time')
    .map(({ accessKeyId, userName, limitAt, outcome, daysLate, reason }) => [
      accessKeyId,
      userName,
      limitAt,
      outcome,
      daysLate,
      reason,
    ]);
  return `<p>${onTime + late + notDone} keys reached their limit in the period, or would have: ${onTime} on time, ${late} late, ${notDone} not done. On time means: the key was inactive or gone before it reached its limit.</p>
${table(['', 'Keys', 'p50', 'p90', 'p99', 'Longest'], rowsOf([spread('Days late', daysLate)]))}
${listed(['Why it was not done', 'Keys'], Object.entries(notDoneBy), 'report.json')}
${listed(['Key', 'User', 'Limit reached', 'Outcome', 'Days late', 'Why'], rows, 'report.json')}`;
}

function rotations({ rotations: all, rolledBack, handOverDays }: PeriodReport): string {
  const rows = all.map(({ userName, oldAccessKeyId, newAccessKeyId, issuedAt, ...rest }) => [
    userName,
    `${oldAccessKeyId ?? 'none'} → ${newAccessKeyId}`,
    issuedAt,
    rest.deactivatedAt,
    rest.onTime === null ? '' : rest.onTime ? 'on time' : 'late',
    rest.handOverDays,
    rest.eventIds.join(' ') || 'no event',
  ]);
  const head = ['User', 'Keys', 'Issued', 'Old key deactivated', '', 'Days of hand-over', 'CloudTrail'];
  return `<p>${all.length} keys were issued; ${rolledBack} rotations were rolled back. This list is the population to sample from.</p>
${table(['', 'Rotations', 'p50', 'p90', 'p99', 'Longest'], rowsOf([spread('Days of hand-over', handOverDays)]))}
${listed(head, rows, 'rotations.csv')}`;
}

function exposures({ exposures: all, exposedMinutes }: PeriodReport): string {
  const rows = all.map(({ accessKeyId, userName, reason, reportedAt, deactivatedAt, source, minutes }) => [
    ...[accessKeyId, userName, reason, reportedAt ?? 'not known', deactivatedAt ?? 'not known', source, minutes],
  ]);
  const head = ['Key', 'User', 'Why', 'Reported', 'Deactivated', 'Source', 'Minutes'];
  if (rows.length === 0) return '<p>None.</p>';
  return `${table(['', 'Keys', 'p50', 'p90', 'p99', 'Longest'], rowsOf([spread('Minutes', exposedMinutes)]))}
${listed(head, rows, 'report.json')}`;
}

function controlsTable({ controls: all }: PeriodReport): string {
  const rows = all.map(({ control, passDays, failDays, errorDays, ...rest }) => [
    escaped(controls[control].title),
    [
      ...(failDays > 0 ? [status('fail', failDays)] : []),
      ...(errorDays > 0 ? [status('error', errorDays)] : []),
      ...(passDays > 0 ? [status('pass', passDays)] : []),
    ].join(' '),
    ...[rest.spells, rest.openAtEnd, rest.meanDaysToSettle ?? '', rest.maxDaysToSettle ?? ''].map(String),
  ]);
  return table(['Control', 'Days', 'Failures', 'Open at the end', 'Mean days to settle', 'Longest'], rows);
}

function findings({ findings: all }: PeriodReport): string {
  const rows = all.map(({ control, resource, sentence, firstDay, settledDay, lastDay, days }) => [
    control,
    resource,
    sentence,
    firstDay,
    settledDay ?? `open on ${lastDay}`,
    days,
  ]);
  return listed(['Control', 'Of', 'What', 'First seen', 'Settled', 'Days'], rows, 'findings.csv');
}

function exceptions({ exceptions: all }: PeriodReport): string {
  const rows = all.map(({ control, resource, because, until, firstDay, lastDay, days, ended, ...rest }) => [
    ...[control, resource, because, rest.approvedBy ?? 'not known', rest.approvedAt ?? 'not known'],
    [rest.source, ...(rest.eventId === null ? [] : [rest.eventId])].join(': '),
    until ?? 'without an end',
    `${firstDay} to ${lastDay}, ${days} days`,
    ended,
  ]);
  const head = ['Control', 'Of', 'Because', 'Approved by', 'At', 'Recorded in', 'Until', 'Used', 'Ended'];
  return listed(head, rows, 'exceptions.csv');
}

function outside({ outside: all }: PeriodReport): string {
  const rows = all.map(({ at, name, accessKeyId, userName, by, eventId }) => [
    at,
    name,
    accessKeyId,
    userName,
    by,
    eventId,
  ]);
  return listed(['When', 'What', 'Key', 'User', 'By', 'CloudTrail'], rows, 'report.json');
}

function lives({ keys }: PeriodReport): string {
  const rows = keys.map(({ accessKeyId, userName, changes, activeDays, overDays }) => [
    accessKeyId,
    userName,
    changes.map(inShort).join(' '),
    activeDays,
    overDays,
  ]);
  return listed(['Key', 'User', 'What happened, and who says so', 'Days active', 'Days over limit'], rows, 'keys.csv');
}

function inShort({ what, told, disagree }: KeyChange): string {
  const shown = disagree ? told : told.slice(0, 1);
  const said = shown.map(({ at, after, source, reference, by }) => {
    const when = after === null ? at : `between ${after} and ${at}`;
    return `${when} (${source}: ${reference}${by === null ? '' : `, by ${by}`})`;
  });
  return `${what} ${said.join(' or ')}${disagree ? ': they disagree' : ''};`;
}

function check({ chain: { last } }: PeriodReport): string {
  const head = last === null ? 'HEAD' : `${last.sequence}:${last.sha256}`;
  return `<pre>${escaped(`keyturn verify s3://BUCKET --head ${head}
keyturn evidence report s3://BUCKET --period PERIOD --json | sha256sum    # the hash of report.json
keyturn sample s3://BUCKET --period PERIOD --seed YOURS --size 25`)}</pre>
<p>Compare the head with one that was published outside of the bucket. Not proven by this: that what was collected was true at the time.</p>`;
}
