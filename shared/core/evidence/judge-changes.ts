import { present } from '../present.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { FindingFacts, FindingResource, Verdict } from './finding.ts';
import { shortKey } from './judge-keys.ts';
import { accountResource } from './judge-root.ts';
import { type Judgement, notKnown } from './judgement.ts';
import type { ChangeLine, KeyEvent } from './reconcile.ts';
import type { Unseen } from './snapshot.ts';
import type { RecordedTransition } from './transitions.ts';

/** What both sides told of the days that are looked at. */
export interface ChangesSeen {
  accountId: string;
  at: Instant;
  /** What CloudTrail did not answer, or no longer can, and records that could not be read. */
  unknown: readonly Unseen[];
  /** Where records could not be read: what needs none to be judged. */
  lines: readonly ChangeLine[];
}

/** One answer for the account, whether both sides were told whole; and one for each change of a key. */
export function judgeChanges(seen: ChangesSeen): Judgement[] {
  return [ofAccount(seen), ...seen.lines.map((line) => ofLine(line, seen))];
}

/** Without an answer of CloudTrail no change is known, and none is green. */
function ofAccount({ accountId, at, unknown, lines }: ChangesSeen): Judgement {
  const parts = [accountId];
  const of = { control: 'changes-reconciled' as const, parts, resource: accountResource(accountId), asOf: at };
  const [first, ...others] = unknown;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` And ${others.length} more: see the problems of the manifest.`;
    return { ...of, verdict: notKnown({ ...first, sentence: `${first.sentence}${more}` }) };
  }
  const sentence = `CloudTrail and the records have told all; changes of access keys: ${lines.length}.`;
  return { ...of, verdict: { status: 'pass', reason: 'reconciled', sentence, facts: { changes: lines.length } } };
}

const done: Readonly<Record<string, string>> = {
  CreateAccessKey: 'made',
  UpdateAccessKey: 'changed',
  DeleteAccessKey: 'deleted',
};

function ofLine(line: ChangeLine, { accountId, at }: ChangesSeen): Judgement {
  const event = 'event' in line ? line.event : undefined;
  const record = 'record' in line ? line.record : undefined;
  const verdict = verdictOf(line.is, { event, record });
  const id = event?.eventId ?? record?.key ?? '';
  const named = event === undefined && record !== undefined ? [record.transitionId, record.event] : [id];
  const userName = event?.userName;
  const resource: FindingResource = {
    ...{ type: 'key-change', id, accountId, region: 'global' },
    ...present({ userName }),
  };
  return { control: 'changes-reconciled', parts: named, resource, verdict, asOf: at };
}

interface Sides {
  event: KeyEvent | undefined;
  record: RecordedTransition | undefined;
}

function verdictOf(is: ChangeLine['is'], sides: Sides): Verdict {
  const what = inWords(sides);
  const facts = factsOf(is, sides);
  switch (is) {
    case 'confirmed':
      return { status: 'pass', reason: 'reconciled', sentence: `${what}: told by a record, and by CloudTrail.`, facts };
    case 'outside':
      return { status: 'pass', reason: 'outside-keyturn', sentence: `${what}: not by Keyturn.`, facts };
    case 'taken-back':
      return {
        status: 'pass',
        reason: 'taken-back',
        sentence: `${what}: a leftover of Keyturn's own, taken back.`,
        facts,
      };
    case 'pending':
      return {
        status: 'not-applicable',
        reason: 'pending',
        sentence: `${what}: the other side may still come.`,
        facts,
      };
    case 'unrecorded':
      return {
        status: 'fail',
        reason: 'unrecorded',
        sentence: `${what}: by a role of Keyturn, without a record.`,
        facts,
      };
    case 'unwitnessed':
      return { status: 'fail', reason: 'unwitnessed', sentence: `${what}: CloudTrail knows nothing of it.`, facts };
  }
}

function inWords({ event, record }: Sides): string {
  const keyId = event?.accessKeyId ?? record?.record.newAccessKeyId ?? record?.record.accessKeyId;
  const key = keyId === undefined ? 'Access key' : `Access key ${shortKey(keyId)}`;
  if (event === undefined) return `${key} is recorded as ${record?.event}`;
  const { name, caller, userName, status } = event;
  const set = status === undefined || name === 'DeleteAccessKey' ? '' : ` (${status})`;
  return `${key}${userName === undefined ? '' : ` of ${userName}`} was ${done[name] ?? name}${set} by ${caller}`;
}

function factsOf(is: ChangeLine['is'], { event, record }: Sides): FindingFacts {
  const ofEvent = event && {
    ...{ eventId: event.eventId, eventName: event.name, at: formatInstant(event.at), caller: event.caller },
    ...present({ accessKeyId: event.accessKeyId, keyStatus: event.status, callerType: event.callerType }),
    ...present({ sourceAddress: event.sourceAddress, userAgent: event.userAgent, invokedBy: event.invokedBy }),
  };
  const ofRecord = record && {
    ...{ record: record.key, recordedEvent: record.event, transitionId: record.transitionId },
    ...{ recordedAt: formatInstant(record.at), repeats: record.repeats, contradictions: record.contradictions },
  };
  return { is, ...ofEvent, ...ofRecord };
}
