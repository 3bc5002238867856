import { gzipSync } from 'node:zlib';
import { putEvidence } from '../apply/put-evidence.ts';
import { evidenceReader } from '../aws/evidence/bucket.ts';
import { reconcileChanges } from '../aws/evidence/changes.ts';
import { type KeyEventsSeen, seeKeyEvents } from '../aws/evidence/key-events.ts';
import { judgeOwnBucket } from '../aws/evidence/own-bucket.ts';
import { type Collected, seeAccount } from '../aws/evidence/snapshot.ts';
import type { Inspection } from '../aws/evidence/try-read.ts';
import { unfinishedRuns } from '../aws/evidence/unfinished.ts';
import { type Yesterday, yesterdayOrNothing } from '../aws/evidence/yesterday.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { IncompleteEvidenceError, messageOf } from '../core/errors.ts';
import { type Hashed, hashOf } from '../core/evidence/chain.ts';
import { isOpen } from '../core/evidence/changed-findings.ts';
import type { CollectorRequest } from '../core/evidence/collector-event.ts';
import type { Collecting } from '../core/evidence/evidence-settings.ts';
import type { Finding, FindingStatus } from '../core/evidence/finding.ts';
import { judgeEvidence } from '../core/evidence/judge.ts';
import { type CarriedChanges, exemptedBy, historyOf } from '../core/evidence/key-changes.ts';
import { keyChangesFile } from '../core/evidence/key-event.ts';
import type { Manifest } from '../core/evidence/manifest.ts';
import { pageOf } from '../core/evidence/page.ts';
import type { Seen } from '../core/evidence/snapshot.ts';
import { tablesOf } from '../core/evidence/tables.ts';
import { type Telling, whatToTell } from '../core/evidence/what-to-tell.ts';
import { parseSettings, type Settings } from '../core/settings.ts';
import { formatInstant, MINUTE } from '../core/time.ts';
import { type Appended, appendDigest } from './append-digest.ts';
import { judgeAskedAlarms } from './evidence-alarms.ts';
import { tellOfEvidence, tellOfMfa, untoldError } from './evidence-messages.ts';

export interface CollectorAnswer {
  schemaVersion: 1;
  runId: string;
  accountId: string;
  /** Everything was known. */
  isComplete: boolean;
  counts: Readonly<Record<FindingStatus, number>>;
  /** Below it are the files of this run. */
  folder: string;
  head: Pick<Appended, 'key' | 'sequence' | 'sha256'>;
}

/** For what is written after everything was read. */
const TO_WRITE = MINUTE;

/**
 * One run: sees the account, judges it, keeps what it found, appends it to the chain, and tells of it where there is
 * something to tell. What could not be read is in the findings; the run fails for it after everything is written.
 */
export async function collectEvidence(
  runtime: Runtime,
  invocation: Invocation,
  request: CollectorRequest,
  collecting: Collecting,
): Promise<CollectorAnswer> {
  const { settings } = collecting;
  const { accountId } = settings;
  const counted = { calls: new Map(runtime.aws.counts), errors: new Map(runtime.aws.errors) };
  const seen = await see(runtime, invocation, collecting);
  const { reader, rotation, yesterday: before, findings, collected, keyEvents, recorded } = seen;
  const about = { settings: rotation, snapshot: collected.snapshot, findings, before };
  const mfa = collecting.mfaMessages ? await tellOfMfa(runtime, about) : { left: [], untold: [] };
  const { startedAt, runId } = invocation;
  const toTell = whatToTell({ accountId, startedAt, before, findings, recorded, left: mfa.left });
  const telling = { changes: toTell.changes, untold: mfa.untold };
  const { counts: called, errors } = runtime.aws;
  const asked = { calls: since(counted.calls, called), errors: since(counted.errors, errors) };
  const run: Run = { ...seen, ...asked, invocation, request, collecting, telling, endedAt: runtime.clock() };
  const { manifest, folder } = await write(runtime, run);
  const unfinished = await unfinishedRuns(reader, accountId, before.head, startedAt);
  const more = { unfinished, eventsUntil: keyEvents.eventsUntil, version: collecting.version };
  const { problems, ...appended } = await appendDigest(runtime, settings, { manifest, ...more });
  const head = { key: appended.key, sequence: appended.sequence, sha256: appended.sha256 };
  const counts = countsOf(findings);
  runtime.log.info('Collected', { ...counts, folder, sequence: head.sequence, sha256: head.sha256 });
  const unknown = whyUnknown(findings);
  const inChain = [...new Set([...before.problems, ...problems])];
  const says = { ...toTell, unknown: unknown.reasons, problems: inChain, withoutMfa: mfa.left, folder, head };
  const notice = { ...says, settings: rotation, accountId, bucket: settings.bucket, findings, counts };
  const failures = 'failure' in mfa ? [mfa.failure] : [];
  await tellOfEvidence(runtime, invocation, notice).catch((failure: unknown) => void failures.unshift(failure));
  for (const failure of failures) runtime.log.error('Not told', { reason: messageOf(failure) });
  if (unknown.count > 0) throw incomplete(unknown, folder);
  if (failures.length > 0) throw untoldError(failures[0]);
  return { schemaVersion: 1, runId, accountId, isComplete: counts.error === 0, counts, folder, head };
}

/** What is seen of the account and of the evidence itself, and what the controls say of both. */
async function see(runtime: Runtime, { deadlineAt }: Invocation, collecting: Collecting) {
  const { settings, limits } = collecting;
  const { accountId } = settings;
  const rotation = parseSettings(runtime.environment);
  const { aws, clock, sleep } = runtime;
  const inspection: Inspection = { aws, clock, sleep, settings: rotation, readUntil: deadlineAt - TO_WRITE };
  const reader = evidenceReader(aws, settings);
  const yesterday = await yesterdayOrNothing(inspection, reader, accountId);
  // First of all: whom the history names is asked about exactly, whatever an older report says.
  const keyEvents = await seeKeyEvents(inspection, yesterday.head?.digest.eventsUntil ?? {});
  const history = historyOf(yesterday.changes, keyEvents, clock());
  const isWitnessed = keyEvents.unknown.length === 0;
  const { carried } = yesterday;
  const { unusedCredentialDays } = limits;
  const known = { carried, unusedCredentialDays, events: history.events, isWitnessed };
  const collected = await seeAccount(inspection, accountId, known);
  const ownBucket = await judgeOwnBucket(inspection, reader, { settings, problems: yesterday.problems });
  const alarms = await judgeAskedAlarms(runtime, inspection, settings);
  const { snapshot } = collected;
  const decided = { exceptions: collecting.exceptions ?? [], exemptedBy: exemptedBy(history.events) };
  const measures = { settings: rotation, limits, ...decided, now: snapshot.at };
  const about = { accountId, history, keyEvents, before: yesterday.changes, users: snapshot.users };
  const { judgements, changes, recorded } = await reconcileChanges(inspection, reader, about);
  const findings = judgeEvidence(snapshot, yesterday.findings, measures, [...alarms, ownBucket, ...judgements]);
  runtime.log.info('Judged', inShort(findings, yesterday.head));
  return { reader, rotation, yesterday, keyEvents, collected, changes, recorded, findings };
}

interface Unknown {
  count: number;
  /** Each once. */
  reasons: readonly string[];
}

/** What somebody has accepted as not known is no alarm of every day. */
function whyUnknown(findings: readonly Finding[]): Unknown {
  const unknown = findings.filter((finding) => finding.status === 'error' && isOpen(finding));
  const reasons = new Set(unknown.map(({ control, sentence }) => `${control.id}: ${sentence}`));
  return { count: unknown.length, reasons: [...reasons] };
}

/** Of a run that may still be refused to keep anything. */
const MOST_LOGGED = 100;

/** What was found, before the bucket is asked to keep it: then it is in the log at least. */
function inShort(findings: readonly Finding[], head: Yesterday['head']) {
  const failures = findings.filter(({ status }) => status === 'fail').map(({ id }) => id);
  const shown = { failures: failures.slice(0, MOST_LOGGED), moreFailures: Math.max(0, failures.length - MOST_LOGGED) };
  return { ...countsOf(findings), ...shown, headBefore: head?.key ?? 'none' };
}

/** Everything is written by then: the alarm rings, and nothing is done again. */
function incomplete({ count, reasons }: Unknown, folder: string): IncompleteEvidenceError {
  const shown = reasons.slice(0, 5).join(' ');
  const more = reasons.length > 5 ? ` And ${reasons.length - 5} more.` : '';
  return new IncompleteEvidenceError(
    `The evidence below ${folder} is incomplete: ${count} findings are not known. ${shown}${more}`,
  );
}

interface Run {
  invocation: Invocation;
  request: CollectorRequest;
  collecting: Collecting;
  collected: Collected;
  keyEvents: KeyEventsSeen;
  changes: CarriedChanges;
  rotation: Settings;
  findings: readonly Finding[];
  yesterday: Yesterday;
  telling: Telling;
  calls: Readonly<Record<string, number>>;
  errors: Readonly<Record<string, number>>;
  endedAt: number;
}

async function write({ aws }: Pick<Runtime, 'aws'>, run: Run): Promise<{ manifest: Hashed; folder: string }> {
  const { invocation, collecting, collected, changes, findings, telling, yesterday } = run;
  const { settings } = collecting;
  const { userPathPrefix } = run.rotation;
  const { snapshot, carried } = collected;
  const at = formatInstant(invocation.startedAt)
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  const folder = `${settings.accountId}/runs/${at}_${invocation.runId.slice(0, 8)}/`;
  const contents: Record<string, string | Uint8Array> = {
    'findings.json.gz': gzipSync(JSON.stringify({ schemaVersion: 1, findings, carried, changes, telling }), {
      level: 9,
    }),
    ...tablesOf({ snapshot, findings, userPathPrefix }),
    'key-changes.jsonl': keyChangesFile(run.keyEvents.events),
  };
  const files = Object.entries(contents).map(([name, content]) => fileOf(name, content));
  const { head } = yesterday;
  const page = pageOf({ manifest: manifestOf(run, files), findings, before: { findings: yesterday.findings, head } });
  const all = { ...contents, 'index.html': page };
  for (const [name, content] of Object.entries(all)) {
    await putEvidence(aws, settings, { key: `${folder}${name}`, body: content });
  }
  const body = JSON.stringify(manifestOf(run, [...files, fileOf('index.html', page)]), undefined, 1);
  const sha256 = hashOf(body);
  const key = `${folder}manifest.${sha256}.json`;
  await putEvidence(aws, settings, { key, body });
  return { manifest: { key, sha256 }, folder };
}

function fileOf(name: string, body: string | Uint8Array): Manifest['files'][number] {
  return { name, sha256: hashOf(body), bytes: Buffer.byteLength(body) };
}

function manifestOf({ invocation, request, collecting, collected, ...run }: Run, files: Manifest['files']): Manifest {
  const { snapshot, problems, usersInReport, usersSinceReport } = collected;
  const { lock, expireDays } = collecting.settings;
  const { maxAccessKeyAgeDays, roleSuffix } = run.rotation;
  const size = (found: Seen<readonly unknown[]>): number | null => (found.isSeen ? found.value.length : null);
  return {
    schemaVersion: 1,
    runId: invocation.runId,
    accountId: snapshot.accountId,
    trigger: request.trigger,
    function: invocation.functionName,
    role: `keyturn-evidence-collector${roleSuffix}`,
    version: collecting.version,
    startedAt: formatInstant(invocation.startedAt),
    endedAt: formatInstant(run.endedAt),
    isComplete: run.findings.every(({ status }) => status !== 'error'),
    parameters: {
      ...collecting.limits,
      ...{ maxAccessKeyAgeDays, lockMode: lock.mode, lockDays: lock.days, expireDays },
    },
    calls: { ...run.calls },
    errors: { ...run.errors },
    population: {
      users: size(snapshot.users),
      usersInReport,
      usersMadeSinceReport: usersSinceReport?.made ?? null,
      usersGoneSinceReport: usersSinceReport?.gone ?? null,
      buckets: size(snapshot.buckets),
      trails: size(snapshot.trails),
    },
    counts: { ...countsOf(run.findings) },
    problems: [...problems, ...run.keyEvents.unknown.map(({ sentence }) => sentence)],
    files,
  };
}

function countsOf(findings: readonly Finding[]): Record<FindingStatus, number> {
  const counts = { pass: 0, fail: 0, error: 0, 'not-applicable': 0 };
  for (const { status } of findings) counts[status]++;
  return counts;
}

function since(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): Record<string, number> {
  const made = [...now].map(([name, count]): [string, number] => [name, count - (before.get(name) ?? 0)]);
  return Object.fromEntries(made.filter(([, count]) => count > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
