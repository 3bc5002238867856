import type { ChainFile } from './chain.ts';
import { controls } from './controls.ts';
import type { Finding } from './finding.ts';
import type { Manifest } from './manifest.ts';
import { escaped, framed, nameOf, section, status, table } from './page-parts.ts';
import { sinceTable } from './page-since.ts';
import { type ControlSummary, percentOf, summaryOf } from './summary.ts';

export interface PageInput {
  /** With every file but the page itself. */
  manifest: Manifest;
  findings: readonly Finding[];
  /** What the run before found, and the end of the chain that this run goes on from. */
  before?: { findings: readonly Finding[]; head: Pick<ChainFile, 'key' | 'number' | 'sha256'> | undefined };
}

/** Of a first run. */
const nothing = { findings: [], head: undefined };

/** One page for a person: no script, nothing from elsewhere, and what is not known before anything else. */
export function pageOf({ manifest, findings, before = nothing }: PageInput): string {
  const { accountId, startedAt, endedAt, runId, trigger, version } = manifest;
  const unknown = findings.filter(({ status }) => status === 'error');
  const title = `Evidence of ${startedAt.slice(0, 10)}`;
  const by = trigger === 'schedule' ? 'by schedule' : 'by hand';
  const complete = unknown.length === 0 ? 'Complete' : `INCOMPLETE: ${unknown.length} of ${findings.length} not known`;
  return framed(
    { title: `${title}, account ${accountId}`, foot: `account ${accountId}, run ${runId}` },
    `<h1>${escaped(title)}: ${escaped(complete)}</h1>
<p>Account ${escaped(accountId)}, ${escaped(startedAt)} to ${escaped(endedAt)}, ${by}, run ${escaped(runId)}; Keyturn ${escaped(version)}.</p>
${section('1 What was not known', `${unknownTable(unknown)}${problemsOf(manifest)}`)}
${section('2 Controls', controlsTable(summaryOf(findings)))}
${section('3 Failures', failures(findings))}
${section('4 Accepted', acceptedTable(findings))}
${section('5 Changes since the run before', sinceTable(findings, before.findings))}
${section('6 Changes of access keys, and who saw them', changesTable(findings))}
${section('7 Population', population(manifest))}
${section('8 How this was made', made(manifest))}
${section('9 How to check it', check(manifest, before.head))}`,
  );
}

function unknownTable(unknown: readonly Finding[]): string {
  if (unknown.length === 0) return '<p>Nothing: everything that was asked for was answered.</p>';
  const rows = unknown.map((finding) => [
    status('error'),
    escaped(finding.control.id),
    nameOf(finding),
    escaped(finding.sentence),
    escaped(lastKnown(finding)),
  ]);
  return table(['', 'Control', 'Of', 'Why', 'Known last'], rows, ' in findings.json.gz');
}

function lastKnown({ lastKnown: known }: Finding): string {
  return known === null ? '' : `${known.status}, since ${sinceIn(known)}`;
}

function sinceIn({ since, isSinceKnown }: Pick<Finding, 'since' | 'isSinceKnown'>): string {
  return isSinceKnown ? since : `${since}, not known before`;
}

function controlsTable(summaries: readonly ControlSummary[]): string {
  const rows = summaries.map((summary) => {
    const { control, title, pass, fail, accepted, handOver, error, notApplicable, failSince } = summary;
    const counts = [
      ...(fail > 0 ? [status('fail', fail)] : []),
      ...(accepted > 0 ? [status('accepted', accepted)] : []),
      ...(error > 0 ? [status('error', error)] : []),
      ...(pass > 0 ? [status('pass', pass)] : []),
      ...(notApplicable > 0 ? [status('not-applicable', notApplicable)] : []),
    ];
    const references = controls[control].references
      .map(({ framework, requirement }) => `${framework} ${requirement}`)
      .join(', ');
    const note = handOver > 0 ? `, of which Keyturn is about to end ${handOver}` : '';
    return [
      escaped(`${title}${note}`),
      counts.join(' '),
      escaped(shareOf(summary)),
      escaped(failSince ?? ''),
      `<span class="faint">${escaped(references)}</span>`,
    ];
  });
  const onlyHandOvers = summaries.find(
    ({ control, fail, handOver }) => control === 'key-age' && fail > 0 && fail === handOver,
  );
  const hint =
    onlyHandOvers === undefined
      ? ''
      : '<p>Every key that is too old has been replaced already: with rotateAheadDays = 22 none would be.</p>';
  return `${table(['Control', 'Findings', 'Pass', 'Fails since', 'References'], rows)}${hint}`;
}

/** With its denominator always; of MFA with the one that others take, too. */
function shareOf({ control, percent, pass, denominator, population: all }: ControlSummary): string {
  if (percent === null) return '';
  if (control !== 'mfa-console') return `${percent} % (${pass} of ${denominator})`;
  const of = (count: number): string => `${percentOf(count, all)} % (${count} of ${all})`;
  return `${percent} % of users with a password (${pass} of ${denominator}). Of all users ${of(denominator)} have a password, and ${of(pass)} a password and MFA.`;
}

function failures(findings: readonly Finding[]): string {
  const failed = findings.filter(({ status: each, accepted }) => each === 'fail' && accepted === null);
  if (failed.length === 0) return '<p>None.</p>';
  const byControl = Map.groupBy(failed, ({ control }) => control.id);
  return [...byControl]
    .map(([control, own]) => {
      const rows = own.map((finding) => [
        status('fail'),
        nameOf(finding),
        escaped(finding.sentence),
        escaped(sinceIn(finding)),
        escaped(finding.handOver?.sentence ?? finding.remediation),
      ]);
      const head = ['', 'Of', 'What', 'Since', 'What next'];
      return `<h3>${escaped(controls[control].title)}</h3>${table(head, rows, ' in the CSV files')}`;
    })
    .join('\n');
}

function acceptedTable(findings: readonly Finding[]): string {
  const rows = findings.flatMap((finding) => {
    const { accepted, control, sentence } = finding;
    if (accepted === null) return [];
    const { until, because, approvedBy, approvedAt, source, eventId } = accepted;
    const by = [approvedBy ?? 'not known', approvedAt ?? ''];
    const recorded = eventId === null ? source : `${source}, event ${eventId}`;
    const cells = [control.id, sentence, because, until ?? 'without an end', ...by, recorded];
    return [[status('accepted'), nameOf(finding), ...cells.map(escaped)]];
  });
  if (rows.length === 0) return '<p>None. An accepted failure stays a failure.</p>';
  return table(['', 'Of', 'Control', 'What', 'Because', 'Until', 'Approved by', 'At', 'Recorded in'], rows);
}

const sides: Readonly<Record<string, string>> = {
  confirmed: 'by Keyturn',
  outside: 'by others',
  'taken-back': 'by Keyturn, taken back',
  pending: 'not yet told by both sides',
  unrecorded: 'unexplained: without a record',
  unwitnessed: 'unexplained: without a witness',
};

/** What is unexplained comes first. */
function changesTable(findings: readonly Finding[]): string {
  const changes = findings.filter(({ resource }) => resource.type === 'key-change');
  if (changes.length === 0) return '<p>None, as far as is known.</p>';
  const isFine = ({ status: each }: Finding): number => Number(each !== 'fail');
  const rows = changes
    .toSorted((a, b) => isFine(a) - isFine(b))
    .map(({ status: each, sentence, facts }) => [
      status(each),
      escaped(sides[String(facts.is)] ?? ''),
      escaped(String(facts.at ?? facts.recordedAt)),
      escaped(sentence),
      escaped(String(facts.sourceAddress ?? '')),
      escaped([facts.eventId, facts.record].filter((part) => part !== undefined).join(', ')),
    ]);
  return table(['', 'Who', 'When', 'What', 'From', 'Event, record'], rows, ' in findings.json.gz');
}

/** What AWS did not tell, and what makes its answers worth less. */
function problemsOf({ problems }: Manifest): string {
  return problems.map((problem) => `<p>${escaped(problem)}</p>`).join('');
}

function population({ population: found }: Manifest): string {
  const { users, usersInReport, usersMadeSinceReport, usersGoneSinceReport } = found;
  const isCompared = [users, usersInReport, usersMadeSinceReport, usersGoneSinceReport].every(
    (count) => typeof count === 'number',
  );
  const compared = `Users: ${usersInReport} in the credential report, ${users} in IAM, ${users} rows in users.csv; made since the report: ${usersMadeSinceReport}, gone since: ${usersGoneSinceReport}.`;
  const rows = Object.entries(found).map(([name, count]) => [
    escaped(name),
    count === null ? status('error') : String(count),
  ]);
  const said = isCompared ? compared : 'What IAM and its credential report say of users cannot be compared.';
  return `${table(['What', 'How many'], rows)}<p>${escaped(said)}</p><p>Not looked at: directory, table and vector buckets; other accounts.</p>`;
}

function made({ calls, errors = {}, parameters, function: name, role }: Manifest): string {
  const asked = Object.entries(calls).map(([call, count]) => [escaped(call), String(count), String(errors[call] ?? 0)]);
  const limits = Object.entries(parameters).map(([parameter, value]) => `${parameter} = ${value}`);
  return `<p>By function ${escaped(role === undefined ? name : `${name}, role ${role}`)}, with ${escaped(limits.join(', '))}. Calls until this page was written:</p>
${table(['Call', 'How often', 'Of those with an error'], asked)}`;
}

function check({ files }: Manifest, head: NonNullable<PageInput['before']>['head']): string {
  const rows = files.map(({ name, sha256, bytes }) => [escaped(name), sha256, String(bytes)]);
  const before =
    head === undefined
      ? 'It is the first of its chain.'
      : `It follows ${head.key}, whose SHA-256 is ${head.sha256}, or a run that came between.`;
  const digest = `${String((head?.number ?? 0) + 1).padStart(10, '0')}.jsonl`;
  return `${table(['File', 'SHA-256', 'Bytes'], rows)}
<p>The manifest beside this page has these hashes, and that of this page. Its own hash is in its name, and in the digest of this run. ${escaped(before)} By hand:</p>
<pre>${escaped(`sha256sum manifest.*.json                                  # equals the name
head -1 ${digest} | tr -d '\\n' | sha256sum          # H
printf '%s\\n%s/%s\\n%s\\n%s' MADE_AT BUCKET KEY H PREVIOUS_SIGNATURE_OR_null > text
openssl dgst -sha256 -verify public.pem -signature <(tail -1 ${digest} | sed 's/.*"signature":"\\([^"]*\\)".*/\\1/' | base64 -d) text`)}</pre>
<p>Not proven by this: that what was collected was true at the time.</p>`;
}
