import type { ChangeLine } from '../../../shared/core/evidence/reconcile.ts';
import type { RecordedTransition } from '../../../shared/core/evidence/transitions.ts';
import { worst } from '../../../shared/core/evidence/verdict.ts';
import { jsonOf } from '../../../shared/core/json.ts';
import { DAY, formatDate, formatInstant } from '../../../shared/core/time.ts';
import * as z from '../../../shared/core/zod.ts';
import { instantOf, type PeriodInput } from './input.ts';
import { daysOf, isWithin } from './period.ts';

export const gapKinds = [
  'chain',
  'no-evidence',
  'not-used',
  'not-known',
  'by-hand',
  'unfinished',
  'no-scan',
  'alarm',
  'failed',
  'stuck',
  'unrecorded',
  'unwitnessed',
  'pending',
  'contradiction',
] as const;

/** What the evidence of a period does not show, and what went wrong in it. */
export interface Gap {
  kind: (typeof gapKinds)[number];
  /** A day, or an instant; empty where it is about no time. */
  from: string;
  to: string;
  what: string;
  reference: string;
}

export function gapsOf(
  input: PeriodInput,
  { records, lines }: { records: readonly RecordedTransition[]; lines: readonly ChangeLine[] },
): Gap[] {
  return [
    ...chainGaps(input),
    ...dayGaps(input),
    ...scanGaps(input),
    ...alarms(input),
    ...records.filter(({ at }) => isWithin(input.period, at)).flatMap(recordGaps),
    ...lines.flatMap(changeGaps),
  ];
}

function chainGaps({ verdicts, chained, period }: PeriodInput): Gap[] {
  const wrong = verdicts.filter((verdict) => worst([verdict]) !== 'true');
  const unfinished = chained.filter(({ digest }) => isWithin(period, instantOf(digest.madeAt)));
  return [
    ...wrong.map(({ word, key, why }): Gap => {
      const day = dayIn(key);
      return { kind: 'chain', from: day, to: day, what: `${word}: ${why}`, reference: key };
    }),
    ...unfinished.flatMap(({ digest }) =>
      [...new Set(digest.unfinished.map(({ key }) => key.replace(/[^/]+$/, '')))].map((folder): Gap => {
        const day = dayIn(folder);
        return {
          kind: 'unfinished',
          from: day,
          to: day,
          what: 'a run ended before it was finished',
          reference: folder,
        };
      }),
    ),
  ];
}

/** The day that a key is about, as far as its name says. */
function dayIn(key: string): string {
  const [, year, month, day] = /\/(?:records\/|runs\/)(\d{4})\/?(\d{2})\/?(\d{2})/.exec(key) ?? [];
  return day === undefined ? '' : [year, month, day].join('-');
}

/** The day of the first digest that is there: of nothing older can anything be said. */
export function firstDayOf(chained: PeriodInput['chained']): string | undefined {
  return chained[0]?.digest.madeAt.slice(0, 10);
}

function dayGaps({ days, unusable, period, now, chained }: PeriodInput): Gap[] {
  const there = new Set(days.map(({ date }) => date));
  const missing = daysOf(period, now).filter((day) => !there.has(day));
  const begins = firstDayOf(chained) ?? '';
  const without = (dates: readonly string[], what: string): Gap[] =>
    runsOfDays(dates).map(([from, to]) => ({ kind: 'no-evidence', from, to, what, reference: '' }));
  return [
    ...without(
      missing.filter((day) => day < begins),
      `evidence begins on ${begins}`,
    ),
    ...without(
      missing.filter((day) => day >= begins),
      'no finished run that can be used',
    ),
    ...unusable.map(
      ({ date, folder, why }): Gap => ({ kind: 'not-used', from: date, to: date, what: why, reference: folder }),
    ),
    ...days.flatMap(({ date, open, trigger, folder }): Gap[] => {
      const unknown = open.filter(({ status }) => status === 'error').length;
      const about = { from: date, to: date, reference: folder };
      return [
        ...(trigger === 'hand' ? [{ kind: 'by-hand' as const, what: 'only a run by hand', ...about }] : []),
        ...(unknown > 0 ? [{ kind: 'not-known' as const, what: `INCOMPLETE: ${unknown} not known`, ...about }] : []),
      ];
    }),
  ];
}

/** Each run of the rotation's own schedule ends with a digest, and each digest is a record. */
function scanGaps({ records, chained, period, now }: PeriodInput): Gap[] {
  const scanned = new Set(
    records.flatMap(({ key }) => {
      const [, year, month, day] = /\/digest_account_(\d{4})(\d{2})(\d{2})T/.exec(key) ?? [];
      return day === undefined ? [] : [[year, month, day].join('-')];
    }),
  );
  // Of a day that no digest has closed, records may still come, or evidence had not begun.
  const closed = new Set(chained.flatMap(({ digest }) => digest.closedDays));
  const without = daysOf(period, now).filter((day) => closed.has(day) && !scanned.has(day));
  return runsOfDays(without).map(
    ([from, to]): Gap => ({ kind: 'no-scan', from, to, what: 'no digest of a scheduled rotation', reference: '' }),
  );
}

/** Days that follow each other become one line. */
function runsOfDays(days: readonly string[]): [string, string][] {
  const runs: [string, string][] = [];
  for (const day of days) {
    const last = runs.at(-1);
    if (last !== undefined && formatDate(Date.parse(last[1]) + DAY) === day) last[1] = day;
    else runs.push([day, day]);
  }
  return runs;
}

const alarmSchema = z.looseObject({ AlarmName: z.string(), NewStateValue: z.string(), StateChangeTime: z.string() });

/** Keyturn's alarms, each from when it rang to when it was over. */
function alarms({ records, period }: PeriodInput): Gap[] {
  const rung = records
    .flatMap(({ key, body }) => {
      const parsed = alarmSchema.safeParse(jsonOf(body));
      if (!parsed.success) return [];
      const { AlarmName, NewStateValue, StateChangeTime } = parsed.data;
      const at = Date.parse(StateChangeTime.replace(/\+0000$/, 'Z'));
      return Number.isNaN(at) ? [] : [{ name: AlarmName, state: NewStateValue, at, key }];
    })
    .toSorted((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  return rung.flatMap(({ name, state, at, key }, index): Gap[] => {
    if (state !== 'ALARM' || !isWithin(period, at)) return [];
    const over = rung.slice(index + 1).find((later) => later.name === name && later.state !== 'ALARM');
    const to = over === undefined ? '' : formatInstant(over.at);
    return [{ kind: 'alarm', from: formatInstant(at), to, what: name, reference: key }];
  });
}

function recordGaps({ event, at, key, record, contradictions }: RecordedTransition): Gap[] {
  const when = { from: formatInstant(at), to: formatInstant(at), reference: key };
  const about = [record.userName, record.message].filter((text) => typeof text === 'string').join(': ');
  return [
    ...(event === 'failed' || event === 'stuck' ? [{ kind: event, what: about, ...when } as const] : []),
    ...(contradictions.length > 0
      ? [{ kind: 'contradiction' as const, what: `messages differ in ${contradictions.join(', ')}`, ...when }]
      : []),
  ];
}

function changeGaps(line: ChangeLine): Gap[] {
  if (line.is !== 'unrecorded' && line.is !== 'unwitnessed' && line.is !== 'pending') return [];
  const [event, record] =
    'event' in line ? [line.event, undefined] : [undefined, 'record' in line ? line.record : undefined];
  const at = formatInstant(event?.at ?? record?.at ?? 0);
  const sentences = {
    unrecorded: 'a change by Keyturn, and no record of it',
    unwitnessed: 'a record, and no event in CloudTrail that confirms it',
    pending: 'the other side may still have come after the last digest',
  };
  const name = event?.name ?? record?.event ?? '';
  const key = event?.accessKeyId ?? record?.record.accessKeyId ?? record?.record.newAccessKeyId ?? '';
  const reference = event?.eventId ?? record?.key ?? '';
  return [{ kind: line.is, from: at, to: at, what: `${name} ${key}: ${sentences[line.is]}`, reference }];
}
