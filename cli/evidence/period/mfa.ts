import type { Day, DayOfPerson } from './day.ts';

/** People with a password on one day. */
export interface MfaOnDay {
  date: string;
  with: number;
  without: number;
  notKnown: number;
  /** All users, with a password or not; null where they were not known. */
  users: number | null;
  /** Of people with a password, and of all users: those who have a device. Null while anything is not known, or of nobody. */
  percentOfConsoleUsers: number | null;
  percentOfUsers: number | null;
}

/** One person's days of the period with evidence. */
export interface MfaOfPerson {
  userId: string;
  userName: string;
  daysWith: number;
  daysWithout: number;
  daysNotKnown: number;
  firstDayWithout: string | null;
  lastDayWithout: string | null;
}

export interface MfaInPeriod {
  byDay: MfaOnDay[];
  /** Everybody who had a password on some day, or of whom it was not known. */
  people: MfaOfPerson[];
}

export function mfaOf(days: readonly Day[]): MfaInPeriod {
  return { byDay: days.flatMap(onDay), people: peopleIn(days) };
}

function onDay({ date, people, controls }: Day): MfaOnDay[] {
  const counts = controls.get('mfa-console');
  if (counts === undefined && people.length === 0) return [];
  const { pass = 0, fail = 0, error = 0 } = counts ?? {};
  const users = people.length === 0 ? null : people.length;
  const share = (of: number): number | null => (error > 0 || of === 0 ? null : Math.round((pass / of) * 1_000) / 10);
  return [
    {
      ...{ date, with: pass, without: fail, notKnown: error, users },
      ...{ percentOfConsoleUsers: share(pass + fail), percentOfUsers: share(users ?? 0) },
    },
  ];
}

function peopleIn(days: readonly Day[]): MfaOfPerson[] {
  const found = new Map<string, MfaOfPerson>();
  for (const { date, people } of days) {
    for (const person of people) {
      if (person.mfa !== 'none') found.set(person.userId, oneDayMore(found.get(person.userId), person, date));
    }
  }
  return [...found.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
}

function oneDayMore(
  before: MfaOfPerson | undefined,
  { userId, userName, mfa }: DayOfPerson,
  date: string,
): MfaOfPerson {
  const none = { daysWith: 0, daysWithout: 0, daysNotKnown: 0, firstDayWithout: null, lastDayWithout: null };
  const { daysWith, daysWithout, daysNotKnown, firstDayWithout, lastDayWithout } = before ?? none;
  const isWithout = mfa === 'without';
  return {
    ...{ userId, userName },
    daysWith: daysWith + (mfa === 'with' ? 1 : 0),
    daysWithout: daysWithout + (isWithout ? 1 : 0),
    daysNotKnown: daysNotKnown + (mfa === 'not-known' ? 1 : 0),
    firstDayWithout: isWithout ? (firstDayWithout ?? date) : firstDayWithout,
    lastDayWithout: isWithout ? date : lastDayWithout,
  };
}
