import { type ControlId, controlIds } from '../../../shared/core/evidence/finding.ts';
import { DAY } from '../../../shared/core/time.ts';
import type { Day, OpenFinding } from './day.ts';

// Findings over days. A day on which something was not known, and a day without a run, end nothing.

/** From the first day on which something failed to the first on which it no longer did. */
export interface Spell {
  control: ControlId;
  resource: string;
  reason: string;
  sentence: string;
  firstDay: string;
  /** The last day on which it was seen to fail. */
  lastDay: string;
  /** The first day on which it no longer failed, or was gone; null: still open. */
  settledDay: string | null;
  /** Days with evidence on which it failed. */
  days: number;
  /** Of those, days of a hand-over, and days on which it was accepted. */
  handOverDays: number;
  acceptedDays: number;
}

export function spellsOf(days: readonly Day[]): Spell[] {
  const done: Spell[] = [];
  const running = new Map<string, Spell>();
  for (const { date, open } of days) {
    const byId = new Map(open.map((finding) => [finding.id, finding]));
    for (const [id, spell] of running) {
      if (byId.has(id)) continue;
      done.push({ ...spell, settledDay: date });
      running.delete(id);
    }
    for (const finding of open) {
      if (finding.status !== 'fail') continue;
      running.set(finding.id, oneDayMore(running.get(finding.id) ?? begun(finding, date), finding, date));
    }
  }
  const order = (spell: Spell): string => [spell.control, spell.resource, spell.firstDay].join(' ');
  return [...done, ...running.values()].toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}

function begun({ control, resource, reason, sentence }: OpenFinding, date: string): Spell {
  const none = { settledDay: null, days: 0, handOverDays: 0, acceptedDays: 0 };
  return { control, resource, reason, sentence, firstDay: date, lastDay: date, ...none };
}

function oneDayMore(spell: Spell, { isHandOver, accepted, sentence, reason }: OpenFinding, date: string): Spell {
  return {
    ...spell,
    ...{ sentence, reason, lastDay: date, days: spell.days + 1 },
    handOverDays: spell.handOverDays + (isHandOver ? 1 : 0),
    acceptedDays: spell.acceptedDays + (accepted === null ? 0 : 1),
  };
}

/** One control over the period, in days with evidence. */
export interface ControlOverPeriod {
  control: ControlId;
  /** Everything passed; something failed; nothing failed, but something was not known. */
  passDays: number;
  failDays: number;
  errorDays: number;
  spells: number;
  openAtEnd: number;
  meanDaysToSettle: number | null;
  maxDaysToSettle: number | null;
}

export function controlsOver(days: readonly Day[], spells: readonly Spell[]): ControlOverPeriod[] {
  return controlIds.flatMap((control): ControlOverPeriod[] => {
    const counts = days.flatMap(({ controls }) => controls.get(control) ?? []);
    if (counts.length === 0) return [];
    const own = spells.filter((spell) => spell.control === control);
    const settled = own.flatMap(({ firstDay, settledDay }) =>
      settledDay === null ? [] : [Math.round((Date.parse(settledDay) - Date.parse(firstDay)) / DAY)],
    );
    return [
      {
        control,
        passDays: counts.filter(({ fail, error }) => fail === 0 && error === 0).length,
        failDays: counts.filter(({ fail }) => fail > 0).length,
        errorDays: counts.filter(({ fail, error }) => fail === 0 && error > 0).length,
        spells: own.length,
        openAtEnd: own.filter(({ settledDay }) => settledDay === null).length,
        meanDaysToSettle:
          settled.length === 0 ? null : Math.round((settled.reduce((a, b) => a + b, 0) / settled.length) * 10) / 10,
        maxDaysToSettle: settled.length === 0 ? null : Math.max(...settled),
      },
    ];
  });
}
