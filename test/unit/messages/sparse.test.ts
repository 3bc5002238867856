// Tests of shared/core/messages/parts.ts and shared/core/messages/mail-senders.ts.

import { describe, expect, it } from 'vitest';
import { buildMessage, keyNoticeEvents, type Notice } from '../../../shared/core/messages/build-message.ts';
import type { ReasonCode } from '../../../shared/core/reasons.ts';
import { DAY } from '../../../shared/core/time.ts';
import { notices } from './notices.ts';

const optional = ['owner', 'accessKeyId', 'newAccessKeyId', 'secretName', 'next', 'lastUsed', 'usedBy'] as const;
const smtpRegions = ['eu-west-1', 'us-east-1'];
const everything: Notice = { ...notices['reminder-used-by'], owner: 'team-shop', smtpRegions };
const reasons: ReasonCode[] = [
  ...([
    'due',
    'not-switched',
    'not-handed-on',
    'still-in-use',
    'key-gone',
    'slots-taken',
    'current-inactive',
    'exempt',
  ] as const),
  ...(['secret-pending-deletion', 'hold-lifted', 'unused', 'orphan-deleted', 'tags-invalid'] as const),
];
const laters = [0, DAY / 2, 9 * DAY];

/** The notice without some of its optional fields: one bit each, and one for both of the user's tags. */
function without(notice: Notice, bits: number): Notice {
  const left = { ...notice };
  for (const [index, name] of optional.entries()) if (bits & (1 << index)) delete left[name];
  if (left.owner === undefined) delete left.smtpRegions;
  return left;
}

/** Which of them to leave out: none to any two, and all but one or none. No sentence depends on more of them. */
const gaps = [...Array(1 << optional.length).keys()].filter((bits) => {
  const left = bits.toString(2).replaceAll('0', '').length;
  return left <= 2 || left >= optional.length - 1;
});

/** Each reason with each gap, and either with each of what comes next. */
function* variants(event: Notice['event']): Generator<Notice> {
  for (const [row, bits] of gaps.entries()) {
    for (const [column, reason] of reasons.entries()) {
      const index = (row + column) % laters.length;
      const action = index % 2 === 0 ? 'delete' : 'deactivate';
      const notBefore = everything.at + (laters[index] ?? 0);
      yield without({ ...everything, event, reason, next: { action, notBefore } }, bits);
    }
  }
}

describe('a notice with whatever it lacks', () => {
  const readers = ['arn:aws:iam::111122223333:role/vault-sync'];

  it.each(keyNoticeEvents)('reads without a gap, and says what to do: %s', (event) => {
    const gap = /undefined|NaN|\[object|\n\n\n| {2}\n|WHAT TO DO\n\n([A-Z ]+\n|--)/;
    const broken = [...variants(event)].filter((notice) => {
      const { subject, body } = buildMessage(notice);
      return gap.test(`${subject}\n${body.default}\n${body.email}`);
    });

    expect(broken).toEqual([]);
  });

  it.each(keyNoticeEvents)(
    'says nothing about a next step that there is none of, nor offers what only owners may read: %s',
    (event) => {
      const { next: _, ...last } = everything;
      const { body } = buildMessage({ ...last, event, readers });
      expect(body.email).not.toMatch(/undefined|NaN/);
      expect(body.email).not.toContain('get-secret-value');
    },
  );
});

describe('what depends on the reason', () => {
  const emailOf = (notice: Notice): string => buildMessage(notice).body.email;

  it('a lifted hold asks for nothing and offers nothing', () => {
    const email = emailOf({ ...notices.held, reason: 'hold-lifted' });

    expect(email).toContain('was lifted');
    expect(email).not.toContain('npx sls');
  });

  it('a secret pending deletion is restored by hand', () => {
    expect(emailOf({ ...notices.blocked, reason: 'secret-pending-deletion' })).toContain('"restoreSecret":true');
  });

  it('an exposed key of an exempt user is to be deactivated by hand', () => {
    expect(emailOf(notices['exposed-exempt'])).toContain('--status Inactive');
    expect(emailOf(notices.exposed)).not.toContain('--status');
  });

  it('a key that sends mail is an SMTP password, too', () => {
    const { secretName: _, ...unstored } = notices.reminder;
    const events = [notices.issued, notices.reminder, notices['issued-without-grace'], notices['issued-for-readers']];
    for (const notice of [...events, unstored]) {
      for (const service of ['ses', 'email', 'ses-smtp']) {
        const lastUsed = { at: notice.at, service, region: 'eu-west-1' };
        expect(emailOf({ ...notice, lastUsed })).toContain('SMTP password');
      }
      expect(emailOf(notice)).not.toContain('SMTP');
    }
  });

  it('a user who is tagged as one who sends mail reads where the passwords are, at a rollback too', () => {
    const { issued, reminder, exposed } = notices;
    for (const notice of [issued, reminder, exposed, notices['issued-for-readers'], notices['rolled-back']]) {
      const email = emailOf({ ...notice, smtpRegions });
      expect(email).toContain('- SmtpPassword_eu-west-1\n- SmtpPassword_us-east-1\n');
      expect(email).not.toContain('derived again');
      expect(emailOf({ ...notice, smtpRegions: [] })).not.toContain('SMTP');
    }
  });

  it('a new key that the secret does not hold has no field there: its password is derived', () => {
    const { secretName: _, ...unstored } = notices.reminder;
    const email = emailOf({ ...unstored, smtpRegions });
    expect(email).toContain('derived again');
    expect(email).not.toContain('SmtpPassword_');
  });

  it('a hint fits the last use of the key', () => {
    expect(emailOf(notices.reminder)).toContain('OIDC federation. If a person uses this');
    expect(emailOf(notices.issued)).toContain('If you use this key yourself');
    expect(emailOf(notices['grace-restarted'])).toContain('no record of any use');
  });
});
