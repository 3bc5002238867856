import { describe, expect, it } from 'vitest';
import { matchNobody, parseUserSettings, userTagNames } from '../../../shared/core/user-settings.ts';
import { NOW, settings, USER } from '../../support/core/builders.ts';

const parse = (tags: Record<string, string>, user: { groups?: string[]; path?: string } = {}, more = {}) =>
  parseUserSettings({ ...USER, tags, ...user }, settings(more), NOW);

it('without tags the settings are the function’s own', () => {
  expect(parse({ team: 'x', exempt: 'true' })).toEqual({ settings: settings(), problems: [] });
});

describe('a tag overrides', () => {
  it.each([
    [userTagNames.maxAgeDays, '45.5', { maxAccessKeyAgeDays: 45.5 }],
    [userTagNames.graceDays, '0', { graceDays: 0 }],
    [userTagNames.graceDays, '1', { graceDays: 1 }],
    [userTagNames.unused, 'retire', { unused: 'retire' }],
    [userTagNames.owner, 'team a@example.com', { owner: 'team a@example.com' }],
    [userTagNames.exempt, 'true', { exemption: { because: 'tag keyturn:exempt' } }],
    [userTagNames.exempt, '2026-03-11', { exemption: { because: 'tag keyturn:exempt', until: Date.UTC(2026, 2, 11) } }],
    // IAM compares tag keys without case: these are the same tags.
    ['Keyturn:Exempt', 'true', { exemption: { because: 'tag Keyturn:Exempt' } }],
    ['keyturn:exempt', 'TRUE', { exemption: { because: 'tag keyturn:exempt' } }],
    ['KEYTURN:EXEMPT', '2026-03-11', { exemption: { because: 'tag KEYTURN:EXEMPT', until: Date.UTC(2026, 2, 11) } }],
    ['KEYTURN:MAX-AGE-DAYS', '400', { maxAccessKeyAgeDays: 400 }],
    ['KeyTurn:Grace-Days', '5', { graceDays: 5 }],
    ['Keyturn:Unused', 'retire', { unused: 'retire' }],
    ['Keyturn:Owner', 'Team A', { owner: 'Team A' }],
    [userTagNames.exemptReason, 'break-glass', { exemptReason: 'break-glass' }],
    [userTagNames.ownersRead, 'true', { ownersRead: true }],
    [userTagNames.sesSmtpRegions, 'eu-west-1 eusc-de-east-1', { sesSmtpRegions: ['eu-west-1', 'eusc-de-east-1'] }],
  ])('%s = %s', (tag, value, expected) => {
    const { settings: parsed, problems } = parse({ [tag]: value });
    expect(problems).toEqual([]);
    expect(parsed).toMatchObject(expected);
  });

  it('rotate where the operator retires', () => {
    expect(parse({ [userTagNames.unused]: 'rotate' }, {}, { unused: 'retire' }).settings.unused).toBe('rotate');
  });

  it.each(['false', 'False'])('exempt = %s is no exemption', (value) => {
    const { settings: parsed, problems } = parse({ [userTagNames.exempt]: value });
    expect({ exemption: parsed.exemption, problems }).toEqual({ exemption: undefined, problems: [] });
  });

  it('an exemption until today is over', () => {
    expect(parse({ [userTagNames.exempt]: '2026-03-10' }).settings.exemption).toBeUndefined();
  });
});

describe('a tag that does not parse is a problem that names it and its value', () => {
  it.each([
    [userTagNames.exempt, 'yes', 'neither true, false nor a date YYYY-MM-DD'],
    [userTagNames.exempt, '', 'neither true, false nor a date YYYY-MM-DD'],
    [userTagNames.exempt, '2026-02-30', 'neither true, false nor a date YYYY-MM-DD'],
    ['Keyturn:Exemt', 'true', 'unknown'],
    [userTagNames.maxAgeDays, '0', 'at least 1 day'],
    [userTagNames.maxAgeDays, 'never', 'must be a number'],
    [userTagNames.graceDays, '0.5', 'must be 0 or at least 1'],
    [userTagNames.graceDays, '', 'must be a number'],
    [userTagNames.unused, 'delete', 'neither rotate nor retire'],
    [userTagNames.ownersRead, 'no', 'neither true nor false'],
    [userTagNames.ownersRead, 'false', 'no reader may read'],
    [userTagNames.sesSmtpRegions, 'eu-west-1,eu-west-2', 'is no Region; separate Regions by spaces'],
    ['keyturn:hold', '2026-05-01', 'unknown'],
  ])('%s = "%s"', (tag, value, wayOut) => {
    const { problems } = parse({ [tag]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`tag ${tag}`);
    expect(problems[0]).toContain(wayOut);
  });
});

describe('the timeline with the tags of the user', () => {
  it('fits, and does not', () => {
    expect(parse({ [userTagNames.maxAgeDays]: '32' }).problems).toEqual([]);
    expect(parse({ [userTagNames.maxAgeDays]: '31' }).problems[0]).toContain('is 31 days');
    expect(parse({ [userTagNames.graceDays]: '68' }).problems).toEqual([]);
    expect(parse({ [userTagNames.graceDays]: '69' }).problems[0]).toContain('is 91');
    const both = { [userTagNames.graceDays]: '69', [userTagNames.maxAgeDays]: '91' };
    expect(parse(both).problems).toEqual([]);
  });
});

describe('exempt by membership', () => {
  const exempt = { exemptGroups: ['admins', 'break,glass'], exemptPaths: ['/legacy/'] };
  it.each([
    [{ groups: ['dev', 'break,glass'] }, 'member of the group break,glass'],
    [{ path: '/legacy/' }, 'below the path /legacy/'],
    [{ path: '/legacy/ftp/' }, 'below the path /legacy/'],
    [{ groups: ['Admins'] }, 'member of the group Admins'],
    [{ path: '/Legacy/FTP/' }, 'below the path /legacy/'],
  ])('%j', (user, because) => {
    expect(parse({}, user, exempt).settings.exemption).toEqual({ because });
  });
  it.each([[{ groups: ['admin'] }], [{ path: '/legacy2/' }], [{ path: '/a/legacy/' }]])('not %j', (user) => {
    expect(parse({}, user, exempt).settings.exemption).toBeUndefined();
  });
  it('whatever the case in the setting', () => {
    const given = { exemptGroups: ['ADMINS'], exemptPaths: ['/LEGACY/'] };
    expect(parse({}, { groups: ['admins'] }, given).settings.exemption).toBeDefined();
    expect(parse({}, { path: '/legacy/' }, given).settings.exemption).toBeDefined();
  });
  it('but within reach only if the path is exactly below the prefix, as IAM’s own policies have it', () => {
    const given = { userPathPrefix: '/team-a/' };
    expect(parse({}, { path: '/team-a/' }, given).settings.exemption).toBeUndefined();
    expect(parse({}, { path: '/Team-A/' }, given).settings.exemption).toBeDefined();
  });
  it.each(['2026-03-10', 'false'])('goes on when the exemption by tag is over: %s', (value) => {
    const tags = { [userTagNames.exempt]: value };
    expect(parse(tags, { groups: ['admins'] }, exempt).settings.exemption).toBeDefined();
  });
});

it('never changes the settings it was given', () => {
  const given = Object.freeze(settings());
  parseUserSettings({ ...USER, tags: { [userTagNames.graceDays]: '5' } }, given, NOW);
  expect(given.graceDays).toBe(10);
});

describe('a name in the settings that matches nobody', () => {
  const users = [
    { userName: 'ftp-1', groups: ['Admins', 'dev'], path: '/Team-A/ftp/' },
    { userName: 'alice', groups: [], path: '/' },
  ];
  const found = (more: Parameters<typeof settings>[0], among = users) => matchNobody(among, settings(more));

  it('is said', () => {
    expect(found({ exemptGroups: ['admin', 'dev'], exemptPaths: ['/team/', '/team-a/'] })).toEqual([
      'exemptGroups: no user is in the group admin, so it exempts no one.',
      'exemptPaths: no user is below the path /team/, so it exempts no one.',
    ]);
  });
  it('is none that differs in case only, as an exemption', () => {
    expect(found({ exemptGroups: ['ADMINS'], exemptPaths: ['/TEAM-A/FTP/'] })).toEqual([]);
  });
  it('is one that differs in case only, as the path of everybody', () => {
    const sentence = 'userPathPrefix: no user is below the path /team-a/, which is compared letter by letter.';
    expect(found({ userPathPrefix: '/team-a/' })).toEqual([sentence]);
    expect(found({ userPathPrefix: '/Team-A/' })).toEqual([]);
  });
  it('is one of a reader, whose users and paths are compared letter by letter', () => {
    const arn = 'arn:aws:iam::123456789012:role/eso';
    const reader = (of: { users?: string[]; paths?: string[] }) => ({
      arn,
      users: [],
      paths: [],
      handOn: false,
      ...of,
    });
    const readerArns = [
      reader({}),
      reader({ users: ['ftp-*', 'alice'], paths: ['/Team-A/'] }),
      reader({ users: ['Alice', 'ftp'], paths: ['/team-a/'] }),
    ];
    expect(found({ readerArns })).toEqual([
      `readerArns: no user is called Alice, which is compared letter by letter, so ${arn} reads nothing by it.`,
      `readerArns: no user is called ftp, which is compared letter by letter, so ${arn} reads nothing by it.`,
      `readerArns: no user is below the path /team-a/, which is compared letter by letter, so ${arn} reads nothing by it.`,
    ]);
  });
  it('is no path of everybody in an empty account', () => {
    expect(found({ userPathPrefix: '/team-a/', exemptGroups: ['dev'] }, [])).toEqual([
      'exemptGroups: no user is in the group dev, so it exempts no one.',
    ]);
  });
});
