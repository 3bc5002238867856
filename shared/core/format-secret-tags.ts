import type {
  Announced,
  CurrentSince,
  DeactivatedRecord,
  Exposed,
  Intent,
  Issued,
  KeyRecord,
  NoticeGiven,
  PolicyPut,
  Stuck,
} from './secret-tags.ts';
import { formatDate, formatInstant } from './time.ts';

/** A tag has room for a few digits, and a tenth of a second more or less is no promise. */
function daysField(days: number): string {
  return String(Number(days.toFixed(3)));
}

function graceField(graceDays: number | undefined): string {
  return graceDays === undefined ? '' : ` grace=${daysField(graceDays)}`;
}

export function formatKeyRecord(record: KeyRecord): string {
  return `${formatInstant(record.at)} ${record.accessKeyId}`;
}

export function formatCurrentSince({ promised, ...record }: CurrentSince): string {
  const promise =
    promised === undefined ? '' : ` promised=${daysField(promised.graceDays)}/${daysField(promised.postponeDays)}`;
  return formatKeyRecord(record) + graceField(record.graceDays) + promise;
}

export function formatDeactivated(record: DeactivatedRecord): string {
  const { recoveryDays } = record;
  return formatKeyRecord(record) + (recoveryDays === undefined ? '' : ` recovery=${daysField(recoveryDays)}`);
}

export function formatNotice({ kind, earliestAt, ...record }: NoticeGiven): string {
  return `${formatKeyRecord(record)} ${kind} ${formatInstant(earliestAt)}`;
}

export function formatExposed({ at, accessKeyIds, isStillActive }: Exposed): string {
  return `${formatInstant(at)} ${accessKeyIds.join('/')}${isStillActive ? ' active' : ''}`;
}

export function formatPolicyPut({ hash, triedAt, toldAt }: PolicyPut): string {
  const tried = triedAt === undefined ? '' : ` tried=${formatInstant(triedAt)}`;
  return hash + tried + (toldAt === undefined ? '' : ` told=${formatInstant(toldAt)}`);
}

export function formatIssued({ day, origin }: Issued): string {
  return `${formatDate(day)} ${origin}`;
}

export function formatAnnounced({ event, at, accessKeyId, reason, cause, toldAt }: Announced): string {
  const options = [
    ...(reason === undefined ? [] : [reason]),
    ...(cause === undefined ? [] : [`cause=${cause}`]),
    ...(toldAt === undefined ? [] : [`told=${formatInstant(toldAt)}`]),
  ];
  return [event, formatInstant(at), accessKeyId ?? '-', ...options].join(' ');
}

export function formatStuck({ at, versionId }: Stuck): string {
  return `${formatInstant(at)} ${versionId}`;
}

/** At most 256 characters (AWS's limit for a tag value): two 20-character key IDs and two UUIDs make about 200. */
export function formatIntent(intent: Intent): string {
  const ids = intent.accessKeyIds.length === 0 ? '-' : intent.accessKeyIds.join('/');
  return (
    `${intent.verb} ${formatInstant(intent.at)} ${formatInstant(intent.deadlineAt)} ${intent.runId} ${ids} ` +
    `${intent.versionId ?? '-'}${graceField(intent.graceDays)}`
  );
}
