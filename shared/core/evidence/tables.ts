import { DAY, formatInstant, type Instant } from '../time.ts';
import { controls } from './controls.ts';
import { type Cell, csvOf } from './csv.ts';
import type { ControlId, Finding } from './finding.ts';
import type { Seen, SeenUser, Snapshot } from './snapshot.ts';
import { summaryOf } from './summary.ts';

// One row a resource, with a status and a reason for each control about it. What is not known is empty.

export interface RunTables {
  snapshot: Snapshot;
  findings: readonly Finding[];
  /** Of users whom Keyturn rotates. */
  userPathPrefix: string;
}

/** By file name. */
export function tablesOf(run: RunTables): Record<string, string> {
  const judged = judgedBy(run.findings);
  return {
    'users.csv': usersTable(run, judged),
    'keys.csv': keysTable(run, judged),
    'buckets.csv': bucketsTable(run, judged),
    'trails.csv': trailsTable(run, judged),
    'controls.csv': controlsTable(run),
    'exceptions.csv': exceptionsTable(run),
  };
}

type Judged = (control: ControlId, resource: string) => Cell[];

function judgedBy(findings: readonly Finding[]): Judged {
  const byResource = new Map(findings.map((finding) => [`${finding.control.id} ${finding.resource.id}`, finding]));
  return (control, resource) => {
    const found = byResource.get(`${control} ${resource}`);
    return [found?.status, found?.reason];
  };
}

function columns(...names: readonly ControlId[]): string[] {
  return names.flatMap((name) => [name, `${name}-reason`]);
}

function valueIn<T>(found: Seen<T>): T | undefined {
  return found.isSeen ? found.value : undefined;
}

function instantOf(at: Instant | undefined): Cell {
  return at === undefined ? undefined : formatInstant(at);
}

function usersTable({ snapshot, userPathPrefix }: RunTables, judged: Judged): string {
  const header = ['userId', 'userName', 'arn', 'path', 'owner', 'createdAt', 'consolePassword', 'passwordLastUsedAt'];
  const more = ['passwordChangedAt', 'mfaActive', 'mfaKind', 'activeKeys', 'managedByKeyturn', 'exempt', 'groups'];
  const own = ['mfa-console', 'one-active-key', 'unused-credentials'] as const;
  const rows = (valueIn(snapshot.users) ?? []).map((seen): Cell[] => {
    const { user, createdAt } = seen;
    const [access, password, keys] = [valueIn(seen.console), valueIn(seen.password), valueIn(seen.keys)];
    return [
      ...[user.userId, user.userName, user.arn, user.path, user.tags['keyturn:owner'], instantOf(createdAt)],
      ...[access?.hasPassword, access?.hasPassword ? instantOf(password?.lastUsedAt) : undefined],
      ...[access?.hasPassword ? instantOf(password?.changedAt) : undefined, access?.hasMfa, seen.mfaKind],
      keys?.keys.filter(({ status }) => status === 'Active').length,
      ...[user.path.startsWith(userPathPrefix), user.tags['keyturn:exempt'], user.groups],
      ...own.flatMap((control) => judged(control, user.userId)),
    ];
  });
  return csvOf([...header, ...more, ...columns(...own)], rows);
}

function keysTable({ snapshot, findings }: RunTables, judged: Judged): string {
  const header = ['accessKeyId', 'userId', 'userName', 'status', 'createdAt', 'ageDays', 'limitDays', 'lastUsedAt'];
  const more = ['service', 'region', 'basis', 'readAt', 'handOverUntil'];
  const ages = new Map(
    findings.filter(({ control }) => control.id === 'key-age').map((finding) => [finding.resource.id, finding]),
  );
  const rowsOf = ({ user, keys }: SeenUser): Cell[][] =>
    (valueIn(keys)?.keys ?? []).map((key): Cell[] => {
      const { accessKeyId, status, createdAt } = key;
      const used = valueIn(key.use)?.lastUsed;
      const age = ages.get(accessKeyId);
      return [
        ...[accessKeyId, user.userId, user.userName, status, formatInstant(createdAt)],
        ...[Math.floor((snapshot.at - createdAt) / DAY), age?.facts.limitDays, instantOf(used?.at)],
        ...[used?.service, used?.region, valueIn(keys)?.basis, instantOf(valueIn(keys)?.readAt), age?.handOver?.until],
        ...judged('key-age', accessKeyId),
        ...judged('unused-credentials', accessKeyId),
      ];
    });
  const rows = (valueIn(snapshot.users) ?? []).flatMap(rowsOf);
  return csvOf([...header, ...more, ...columns('key-age', 'unused-credentials')], rows);
}

function bucketsTable({ snapshot }: RunTables, judged: Judged): string {
  const header = ['bucket', 'region', 'createdAt', 'algorithm', 'kmsKeyId', 'bucketKey', 'blockedTypes', 'error'];
  const rows = (valueIn(snapshot.buckets) ?? []).map(({ name, region, createdAt, encryption }): Cell[] => {
    const value = valueIn(encryption);
    const found = typeof value === 'object' ? value : undefined;
    const error = encryption.isSeen ? undefined : encryption.sentence;
    return [
      ...[name, region, formatInstant(createdAt), found?.algorithm, found?.kmsKeyId, found?.bucketKey],
      ...[found?.blockedTypes, error, ...judged('bucket-encryption', name)],
    ];
  });
  return csvOf([...header, ...columns('bucket-encryption')], rows);
}

function trailsTable({ snapshot }: RunTables, judged: Judged): string {
  const header = ['arn', 'homeRegion', 'multiRegion', 'organization', 'logging', 'reads', 'writes', 'excludedSources'];
  const more = ['validation', 'kmsKeyId', 'lastDeliveryAt', 'lastErrors'];
  const rows = (valueIn(snapshot.trails) ?? []).map((trail): Cell[] => {
    const [delivery, management] = [valueIn(trail.delivery), valueIn(trail.management)];
    return [
      ...[trail.arn, trail.homeRegion, trail.isMultiRegion, trail.isOrganization, delivery?.isLogging],
      ...[management?.reads, management?.writes, management?.excludedSources, trail.isValidated, trail.kmsKeyId],
      ...[instantOf(delivery?.deliveredAt), delivery?.errors.join('; ')],
      // One trail that proves it is enough, so the answer is of the account.
      ...judged('trail-covers-all', snapshot.accountId),
      ...judged('trail-validation', trail.arn),
      ...judged('trail-delivering', trail.arn),
    ];
  });
  return csvOf([...header, ...more, ...columns('trail-covers-all', 'trail-validation', 'trail-delivering')], rows);
}

function controlsTable({ findings }: RunTables): string {
  const header = ['control', 'title', 'references', 'population', 'pass', 'fail', 'accepted', 'error', 'notApplicable'];
  const rows = summaryOf(findings).map((summary): Cell[] => {
    const references = controls[summary.control].references.map(
      ({ framework, requirement, basis }) => `${framework} ${requirement} (${basis})`,
    );
    const { control, title, population, pass, fail, accepted, error, notApplicable } = summary;
    return [
      ...[control, title, references.join('; '), population, pass, fail, accepted, error, notApplicable],
      ...[summary.percent, summary.denominator, summary.failSince],
    ];
  });
  return csvOf([...header, 'percent', 'denominator', 'failSince'], rows);
}

function exceptionsTable({ findings }: RunTables): string {
  const header = ['control', 'resource', 'because', 'approvedBy', 'approvedAt', 'source', 'eventId', 'until'];
  const rows = findings.flatMap(({ control, resource, accepted }): Cell[][] => {
    if (accepted === null) return [];
    const { because, approvedBy, approvedAt, source, eventId, until } = accepted;
    return [[control.id, resource.id, because, approvedBy, approvedAt, source, eventId, until]];
  });
  return csvOf(header, rows);
}
