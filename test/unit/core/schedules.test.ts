// Tests of shared/core/plan.ts: a year of days, with every rhythm of the schedule.

import { describe, expect, it } from 'vitest';
import type { Step } from '../../../shared/core/answer.ts';
import { formatCurrentSince, formatDeactivated, formatNotice } from '../../../shared/core/format-secret-tags.ts';
import type { AccessKey, Secret } from '../../../shared/core/model.ts';
import { plan } from '../../../shared/core/plan.ts';
import { secretTagNames } from '../../../shared/core/secret-tags.ts';
import type { Settings } from '../../../shared/core/settings.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../../shared/core/time.ts';
import { C, key, NOW, request, secret, settings, USER, versionOf } from '../../support/core/builders.ts';
import { violations } from '../../support/core/invariants.ts';

/** Keys, labels and tags of one user, which each step changes as its write would. */
interface Life {
  keys: AccessKey[];
  secret: Secret;
  timeline: { day: number; step: Step }[];
  made: number;
}

type Owner = 'switches' | 'never-switches' | 'uses-both' | 'uses-none';

/** What a step leaves behind in AWS, `now` being when it is written. */
function apply(life: Life, step: Step, { graceDays, maxPostponeDays, recoveryDays }: Settings, now: Instant): void {
  const names = secretTagNames;
  const tag = (name: string, value: string | undefined): void => {
    const { [name]: _, ...tags } = life.secret.tags;
    life.secret = { ...life.secret, tags: value === undefined ? tags : { ...tags, [name]: value } };
  };
  switch (step.action) {
    case 'issue': {
      const accessKeyId = `AKIA${String(life.made++).padStart(16, 'N')}`;
      life.keys.push({ accessKeyId, status: 'Active', createdAt: now - SECOND });
      const versions = Object.fromEntries(
        Object.entries(life.secret.versions).map(([id, labels]) => [id, labels.filter((l) => !l.startsWith('AWS'))]),
      );
      life.secret = {
        ...life.secret,
        versions: { ...versions, [versionOf(accessKeyId)]: [accessKeyId, 'AWSCURRENT'] },
      };
      const promised = { graceDays, postponeDays: maxPostponeDays };
      tag(names.currentSince, formatCurrentSince({ at: now, accessKeyId, promised }));
      break;
    }
    case 'remind':
    case 'postpone': {
      const { accessKeyId, earliestAt } = step;
      const kind = step.action === 'remind' ? step.kind : 'deactivation';
      tag(names.notice, formatNotice({ at: now, accessKeyId, kind, earliestAt }));
      break;
    }
    case 'deactivate':
    case 'retire':
      life.keys = life.keys.map((k) => (k.accessKeyId === step.accessKeyId ? { ...k, status: 'Inactive' } : k));
      tag(names.deactivated, formatDeactivated({ at: now, accessKeyId: step.accessKeyId, recoveryDays }));
      break;
    case 'delete':
      life.keys = life.keys.filter((k) => k.accessKeyId !== step.accessKeyId);
      life.secret = {
        ...life.secret,
        versions: Object.fromEntries(
          Object.entries(life.secret.versions).filter(([, labels]) => !labels.includes(step.accessKeyId)),
        ),
      };
      tag(names.deactivated, undefined);
      break;
    default:
      throw new Error(`${step.action} is no part of an undisturbed life.`);
  }
}

/** Runs every `runEveryDays` days for a year and more, each at about the same time of day. */
function live(given: Partial<Settings>, owner: Owner, drift: number): Life {
  const all = settings(given);
  const life: Life = {
    keys: [key(C, { ageDays: 80, usedDaysAgo: 10 })],
    secret: secret({ current: C }),
    timeline: [],
    made: 0,
  };
  for (let run = 0; run * all.runEveryDays <= 400; run++) {
    const start = NOW + run * all.runEveryDays * DAY + ((run * 7919) % 3) * drift;
    life.keys = life.keys.map((k): AccessKey => {
      const isNewest = k === life.keys.at(-1);
      const isOldest = k === life.keys[0];
      const used = { switches: isNewest, 'never-switches': isOldest, 'uses-both': true, 'uses-none': false };
      const isUsed = used[owner];
      if (k.status !== 'Active' || !isUsed) return k;
      return { ...k, lastUsed: { at: Math.max(k.createdAt, start - HOUR), service: 's3', region: 'eu-west-1' } };
    });
    const state = { user: USER, keys: life.keys, secret: life.secret };
    const answer = plan(state, request(), all, start);
    const judged = { state, request: request(), settings: all, now: start, steps: answer.steps };
    expect(violations(judged)).toEqual([]);
    for (const step of answer.steps.filter(({ action }) => action !== 'none')) {
      life.timeline.push({ day: (start - NOW) / DAY, step });
      apply(life, step, all, start + MINUTE);
    }
  }
  return life;
}

const schedules = [1, 2, 3, 4, 5, 6, 7].flatMap((runEveryDays) =>
  (['switches', 'never-switches', 'uses-both'] as const).flatMap((owner) =>
    [0, 20 * MINUTE].map((drift) => ({ runEveryDays, owner, drift })),
  ),
);

describe('a year of any schedule', () => {
  it.each(schedules)(
    'every $runEveryDays days, the owner $owner, $drift ms of drift',
    ({ runEveryDays, owner, drift }) => {
      const { timeline } = live({ runEveryDays }, owner, drift);
      const of = (action: Step['action']) => timeline.filter(({ step }) => step.action === action);
      expect(of('issue').length).toBeGreaterThanOrEqual(3);
      for (const { day: issuedOn } of of('issue').slice(0, 3)) {
        const daysTo = (action: Step['action']): number =>
          (timeline.find(({ day, step }) => day > issuedOn && step.action === action)?.day ?? 0) - issuedOn;
        const promised = owner === 'switches' ? 10 : 20;
        expect(daysTo('deactivate')).toBeGreaterThanOrEqual(promised);
        // In the first run after it, and never a second one later: the notice was given in time.
        expect(daysTo('deactivate')).toBeLessThanOrEqual(promised + runEveryDays + 0.1);
        const recovered = daysTo('deactivate') + 10;
        expect(daysTo('delete')).toBeGreaterThanOrEqual(recovered);
        expect(daysTo('delete')).toBeLessThanOrEqual(recovered + runEveryDays + 0.1);
      }
      for (const { day, step } of timeline) {
        if (step.action !== 'deactivate' && step.action !== 'delete') continue;
        const told = timeline.filter(
          (other) =>
            ['remind', 'postpone'].includes(other.step.action) &&
            'accessKeyId' in other.step &&
            other.step.accessKeyId === step.accessKeyId &&
            other.day <= day - 0.5,
        );
        expect(told).not.toEqual([]);
        expect(day - (told.at(-1)?.day ?? 0)).toBeLessThanOrEqual(Math.max(4, 2 * runEveryDays + 2));
      }
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7])('every %d days, no email is repeated while nothing changes', (runEveryDays) => {
    const { timeline } = live({ runEveryDays }, 'switches', 0);
    const reminders = timeline.filter(({ step }) => step.action === 'remind' && step.kind === 'deactivation');
    const issues = timeline.filter(({ step }) => step.action === 'issue');
    expect(reminders.length).toBeLessThanOrEqual(3 * issues.length);
    const deletions = timeline.filter(({ step }) => step.action === 'remind' && step.kind === 'deletion');
    // The last one may be given, and its day not have come.
    const deleted = timeline.filter(({ step }) => step.action === 'delete').length;
    expect([deleted, deleted + 1]).toContain(deletions.length);
  });

  it.each([1, 3, 7])('every %d days, an unused key is retired and deleted', (runEveryDays) => {
    const { timeline, keys } = live({ runEveryDays, unused: 'retire' }, 'uses-none', 0);
    const taken = timeline.filter(({ step: { action, reason } }) => action !== 'postpone' && reason !== 'reminder-due');
    expect(taken.map(({ step: { action, reason } }) => `${action} ${reason}`)).toEqual([
      'issue due',
      'deactivate postponed-to-limit',
      'remind deletion-soon',
      'delete recovery-over',
      'remind retirement-soon',
      'retire unused',
      'remind deletion-soon',
      'delete recovery-over',
    ]);
    expect(keys).toEqual([]);
  });
});
