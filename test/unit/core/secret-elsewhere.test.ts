// Tests of shared/core/secret-elsewhere.ts and shared/core/checks/secret-elsewhere.ts, and of triage that knows of it.

import { describe, expect, it } from 'vitest';
import type { Request } from '../../../shared/core/model.ts';
import { plan } from '../../../shared/core/plan.ts';
import { keepsKey, type SeenElsewhere } from '../../../shared/core/secret-elsewhere.ts';
import type { ScannedUser } from '../../../shared/core/triage/facts.ts';
import { triage } from '../../../shared/core/triage/triage.ts';
import { byHand, C, daysAgo, key, NOW, P, request, settings, USER, user } from '../../support/core/builders.ts';
import { inShort } from '../../support/core/cases.ts';

const stored: SeenElsewhere = { isDeleted: false, tagNames: [], versions: ['v1'] };

describe('a secret in another Region', () => {
  it.each<[string, Partial<SeenElsewhere>, boolean]>([
    ['holds a value', {}, true],
    ['holds none', { versions: [] }, false],
    ['holds none yet, and is worked on', { versions: [], tagNames: ['keyturn:doing'] }, true],
    ['is to be deleted', { isDeleted: true, tagNames: ['keyturn:doing'] }, false],
    ['is the copy of the one at home', { primaryRegion: 'eu-west-1' }, false],
    ['is the copy of one in a third Region', { primaryRegion: 'us-east-1' }, true],
    ['has copies', { primaryRegion: 'eu-central-1' }, true],
  ])('that %s', (_, as, expected) => {
    expect(keepsKey({ ...stored, ...as }, 'eu-west-1')).toBe(expected);
  });
});

const elsewhere = ['eu-central-1', 'us-east-1'];

describe('a user whose secret is in another Region', () => {
  const due = user({ keys: [key(P, { ageDays: 95 })] });
  const answer = (asked: Request, state = due, given = settings()) => inShort(plan(state, asked, given, NOW));

  it.each<[string, Request, string]>([
    ['by schedule', request({ elsewhere, mayRepeat: false }), 'blocked secret-elsewhere: none'],
    ['in the run of the week', request({ elsewhere, mayRepeat: true }), 'blocked secret-elsewhere: announce-blocked'],
    ['by hand', byHand({ action: 'rotate', force: true }, { elsewhere }), 'blocked secret-elsewhere: none'],
    ['by nobody there', request({ elsewhere: [] }), 'act due: issue'],
  ])('is not issued to: %s', (_, asked, expected) => {
    expect(answer(asked)).toBe(expected);
  });

  it('is told where the secret is, and what helps', () => {
    const { message, steps } = plan(due, request({ elsewhere, mayRepeat: true }), settings(), NOW);
    expect(message).toContain(`keyturn/${USER.userId}/access-key in eu-central-1 and us-east-1`);
    expect(message).toContain('Set `region` of the account back');
    // A record of it would be a secret here.
    expect(steps).toMatchObject([{ action: 'announce-blocked', isRecordable: false }]);
  });

  it('is treated as ever in all else', () => {
    const two = user({ keys: [key(P, { ageDays: 95 }), key(C, { ageDays: 94 })] });
    expect(answer(request({ elsewhere }), two)).toBe(answer(request(), two));
    const young = user({ keys: [key(P, { ageDays: 5 })] });
    expect(answer(request({ elsewhere }), young)).toBe(answer(request(), young));
    const unused = settings({ unused: 'retire', unusedDays: 20 });
    expect(answer(request({ elsewhere }), due, unused)).toBe(answer(request(), due, unused));
  });
});

describe('the scan', () => {
  const seen = { user: USER, elsewhere, keys: [key(P, { ageDays: 95 })] };
  const soon = { previousAt: NOW - 1, scheduledAt: NOW };
  const week = { previousAt: NOW - 7 * 86_400_000, scheduledAt: NOW };

  it('leaves such a user alone, and says why', () => {
    expect(triage(seen, settings(), NOW, soon)).toMatchObject({
      isDue: false,
      reason: 'secret-elsewhere',
      because: expect.stringContaining('in eu-central-1 and us-east-1'),
    });
  });

  const reported = (ageDays: number): ScannedUser => {
    const keys = [{ isActive: true, rotatedAt: daysAgo(ageDays) }, { isActive: false }] as const;
    const { userName, arn } = USER;
    return { user: USER, elsewhere, report: { userName, arn, userCreatedAt: daysAgo(900), reportedAt: NOW, keys } };
  };

  it.each<[string, ScannedUser]>([
    ['by exact keys', seen],
    ['by the report', reported(95)],
  ])('has them looked at once a week, with a share of the day, since only who is issued to is told: %s', (_, user) => {
    const reason = 'secret-elsewhere';
    expect(triage(user, settings(), NOW, soon)).toMatchObject({ isDue: false, reason });
    expect(triage(user, settings(), NOW, week)).toMatchObject({ isDue: true, reason, isLimited: true });
  });

  it('has everybody looked at of whom something else is wanted', () => {
    expect(triage(reported(95), settings({ unused: 'retire' }), NOW, soon)).toMatchObject({
      isDue: true,
      reason: 'due',
    });
    expect(triage(reported(5), settings(), NOW, soon).reason).toBe('nothing-due');
  });
});
