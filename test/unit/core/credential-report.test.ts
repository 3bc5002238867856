import { describe, expect, test } from 'vitest';
import { isSameCreation, parseCredentialReport } from '../../../shared/core/credential-report.ts';

/** Recorded from AWS on 2026-02-17. */
const recorded =
  'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,' +
  'mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,' +
  'access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,' +
  'access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,' +
  'cert_1_last_rotated,cert_2_active,cert_2_last_rotated';
const at = Date.UTC(2026, 2, 10);
const created = '2025-01-02T03:04:05+00:00';
const noSlot = 'false,N/A,N/A,N/A,N/A';
const certificates = 'false,N/A,false,N/A';

function line(user: string, arn: string, one = noSlot, two = noSlot): string {
  return `${user},${arn},${created},false,N/A,N/A,N/A,false,${one},${two},${certificates}`;
}

const root = line('<root_account>', 'arn:aws:iam::111122223333:root');
const arnOf = (name: string) => `arn:aws:iam::111122223333:user/${name}`;
const active = 'true,2026-01-01T00:00:00+00:00,2026-03-09T12:15:00+00:00,eu-west-1,s3';
const inactive = 'false,2025-06-01T00:00:00+00:00,N/A,N/A,N/A';
const parse = (...lines: string[]) => parseCredentialReport([recorded, root, ...lines].join('\n'), at);

describe('the credential report', () => {
  test('has one row for each user, with both slots', () => {
    const { users, rootActiveKeys, reportedAt } = parse(line('alice', arnOf('alice'), inactive, active));
    expect(rootActiveKeys).toBe(0);
    expect(reportedAt).toBe(at);
    expect([...users]).toEqual([
      [
        arnOf('alice'),
        {
          userName: 'alice',
          arn: arnOf('alice'),
          userCreatedAt: Date.UTC(2025, 0, 2, 3, 4, 5),
          reportedAt: at,
          keys: [
            { isActive: false, rotatedAt: Date.UTC(2025, 5, 1) },
            {
              isActive: true,
              rotatedAt: Date.UTC(2026, 0, 1),
              lastUsedAt: Date.UTC(2026, 2, 9, 12, 15),
              lastUsedService: 's3',
              lastUsedRegion: 'eu-west-1',
            },
          ],
          hasPassword: false,
          hasMfa: false,
        },
      ],
    ]);
  });

  test('may have the 23rd column of the guide, and its capital letters', () => {
    const lines = [
      `${recorded},additional_credentials_info`,
      `${root},N/A`,
      `${line('alice', arnOf('alice'), active.replace('true', 'TRUE'))},N/A`,
    ];
    const { users } = parseCredentialReport(lines.join('\r\n'), at);
    expect(users.get(arnOf('alice'))?.keys.map(({ isActive }) => isActive)).toEqual([true, false]);
  });

  test('is read by the names of its columns, wherever they are', () => {
    const order = [...recorded.split(',').keys()].toReversed();
    const reversed = [recorded, root, line('alice', arnOf('alice'), active)].map((text) => {
      const fields = text.split(',');
      return order.map((index) => fields[index]).join(',');
    });
    expect(parseCredentialReport(reversed.join('\n'), at)).toEqual(parse(line('alice', arnOf('alice'), active)));
  });

  test('may quote fields, with commas, quotes and line breaks inside', () => {
    const { users } = parse(
      line('"ci,build=1"', `"${arnOf('ci,build=1')}"`, active),
      line('"a""b\nc"', arnOf('odd')),
      '',
    );
    expect([...users.values()].map(({ userName }) => userName)).toEqual(['ci,build=1', 'a"b\nc']);
  });

  test.each([
    ['an unquoted comma in the name', line('ci,build=1', arnOf('ci,build=1'))],
    ['an activity that is neither', line('eve', arnOf('eve'), 'perhaps,N/A,N/A,N/A,N/A')],
    ['an active key without a date', line('eve', arnOf('eve'), 'true,N/A,N/A,N/A,N/A')],
    ['a creation time that is no date', line('eve', arnOf('eve')).replace(created, 'no_information')],
    ['no name', line('', arnOf('eve'))],
    ['no ARN', line('eve', '')],
    ['fewer fields', 'eve,x'],
  ])('leaves out a row with %s, so that its user is looked at exactly', (_, odd) => {
    expect([...parse(odd, line('alice', arnOf('alice'))).users.keys()]).toEqual([arnOf('alice')]);
  });

  test('ends where it is no CSV any more', () => {
    const { users } = parse(line('alice', arnOf('alice')), line('b"ob', arnOf('bob')), line('carol', arnOf('carol')));
    expect([...users.keys()]).toEqual([arnOf('alice')]);
  });

  test.each([
    [0, noSlot, noSlot],
    [1, noSlot, active],
    [2, active, 'true,N/A,N/A,N/A,N/A'],
  ])('counts %i active keys of the root user', (count, one, two) => {
    const text = [recorded, line('<root_account>', 'arn:aws:iam::111122223333:root', one, two)].join('\n');
    expect(parseCredentialReport(text, at).rootActiveKeys).toBe(count);
  });

  test('without a column that is needed is refused by its name', () => {
    const text = recorded.replace(',access_key_2_active,', ',renamed,');
    expect(() => parseCredentialReport(text, at)).toThrow(
      'Cannot read the credential report: it has no column access_key_2_active. AWS may have changed its format.',
    );
  });

  test.each(['', recorded, [recorded, line('alice', arnOf('alice'))].join('\n')])(
    'without the root user is refused',
    (text) => {
      expect(() => parseCredentialReport(text, at)).toThrow(/^Cannot read the credential report: it has no /);
    },
  );
});

describe('a row is of the user who was created at', () => {
  const row = [...parse(line('alice', arnOf('alice'))).users.values()][0];
  test.each([
    [0, true],
    [1, true],
    [999, true],
    [1_000, false],
    [-1, true],
    [-999, true],
    [-1_000, false],
  ])('its own time and %i ms: %s', (ms, isSame) => {
    expect(row && isSameCreation(row, row.userCreatedAt + ms)).toBe(isSame);
  });
});

describe('what evidence reads of the report', () => {
  const person = `eve,${arnOf('eve')},${created},true,2026-03-01T08:00:00+00:00,2025-05-05T00:00:00+00:00,N/A,true,${noSlot},${noSlot},${certificates}`;

  test('is when a password was changed, and used last', () => {
    expect(parse(person).users.get(arnOf('eve'))).toMatchObject({
      hasPassword: true,
      hasMfa: true,
      passwordLastUsedAt: Date.UTC(2026, 2, 1, 8),
      passwordChangedAt: Date.UTC(2025, 4, 5),
    });
  });

  test.each([
    ['not_supported', 'true', { mayHavePassword: true, hasMfa: true, activeKeys: 0 }],
    ['FALSE', 'false', { mayHavePassword: false, hasMfa: false, activeKeys: 0 }],
  ])('is whether root may have a password (%s) and has MFA (%s)', (password, mfa, expected) => {
    const row = `<root_account>,arn:aws:iam::111122223333:root,${created},${password},N/A,N/A,N/A,${mfa},${noSlot},${noSlot},${certificates}`;
    expect(parseCredentialReport([recorded, row].join('\n'), at).root).toEqual(expected);
  });
});
