// Also shared/core/fleet/overridable.ts
import { describe, expect, it } from 'vitest';
import { parseFleet } from '../../../../shared/core/fleet/fleet.ts';

const ORGANIZATION = 'o-a1b2c3d4e5';
const [OU, OTHER] = ['ou-ab12-11111111', 'ou-ab12-22222222'];
const [ACCOUNT, SECOND] = ['111122223333', '444455556666'];

const least = { organizationId: ORGANIZATION, externalId: 'f00dfeed', select: { organizationalUnits: [OU] } };

describe('fleet.yml', () => {
  it('needs an organization, an external ID and somebody in it; all else has a default', () => {
    expect(parseFleet(least)).toEqual({
      organizationId: ORGANIZATION,
      externalId: 'f00dfeed',
      select: { organizationalUnits: [OU], accounts: [] },
      exclude: { organizationalUnits: [], accounts: [] },
      waves: [],
      settings: [],
      limits: { maxNewRotationsPerDay: 250, accountConcurrency: 2, scanConcurrency: 20, workerConcurrency: 50 },
    });
  });

  it('may say everything', () => {
    const fleet = parseFleet({
      ...least,
      select: { organizationalUnits: ['r-ab12'], accounts: [ACCOUNT], tags: { keyturn: 'on' } },
      exclude: { organizationalUnits: [OTHER] },
      waves: [
        { name: 'canary', accounts: [ACCOUNT], enforceFrom: '2026-12-01' },
        { name: 'prod', organizationalUnits: [OU] },
      ],
      settings: [
        { organizationalUnits: [OU], graceDays: 14, onBlocked: 'report', freeze: [['2026-12-20', '2027-01-05']] },
        { accounts: [ACCOUNT], region: 'eu-central-1', kmsKeyId: 'arn:aws:kms:{region}:{accountId}:alias/keyturn' },
        { accounts: [SECOND], expectUsers: false, cloudtrailLookups: true },
      ],
      formerRegions: ['us-east-1'],
      limits: { accountConcurrency: 4 },
    });
    expect(fleet.formerRegions).toEqual(['us-east-1']);
    expect(fleet.select).toEqual({ organizationalUnits: ['r-ab12'], accounts: [ACCOUNT], tags: { keyturn: 'on' } });
    expect(fleet.exclude).toEqual({ organizationalUnits: [OTHER], accounts: [] });
    expect(fleet.waves).toEqual([
      { name: 'canary', organizationalUnits: [], accounts: [ACCOUNT], enforceFrom: Date.UTC(2026, 11, 1) },
      { name: 'prod', organizationalUnits: [OU], accounts: [] },
    ]);
    const freeze = '[["2026-12-20","2027-01-05"]]';
    expect(fleet.settings).toEqual([
      { organizationalUnits: [OU], accounts: [], settings: { graceDays: '14', onBlocked: 'report', freeze } },
      {
        organizationalUnits: [],
        accounts: [ACCOUNT],
        region: 'eu-central-1',
        settings: { kmsKeyId: 'arn:aws:kms:{region}:{accountId}:alias/keyturn' },
      },
      { organizationalUnits: [], accounts: [SECOND], expectUsers: false, settings: { cloudtrailLookups: 'true' } },
    ]);
    expect(fleet.limits).toMatchObject({ accountConcurrency: 4, scanConcurrency: 20 });
  });
});

describe('is refused, and the refusal names the field and what it may be', () => {
  it.each<[string, unknown, string]>([
    ['nothing', null, 'expected object'],
    ['no organizationId', { ...least, organizationId: undefined }, 'organizationId: is missing'],
    ['an organizationId that is none', { ...least, organizationId: 'o-1' }, 'organizationId: must be the ID of an'],
    ['no externalId', { ...least, externalId: undefined }, 'externalId: is missing'],
    ['no select', { ...least, select: undefined }, 'select: is missing'],
    ['an unknown field', { ...least, wave: [] }, 'wave is unknown: the fields are organizationId, externalId, select,'],
    [
      'one deeper',
      { ...least, exclude: { ous: [] } },
      'exclude: ous is unknown: the fields are organizationalUnits, acc',
    ],
    [
      'an OU that is none',
      selecting({ organizationalUnits: ['ou-x'] }),
      'select.organizationalUnits.0: must be the ID',
    ],
    [
      'the same OU twice',
      selecting({ organizationalUnits: [OU, OU] }),
      `select.organizationalUnits.1: ${OU} is here twice`,
    ],
    [
      'a short account ID',
      selecting({ accounts: ['11112222333'] }),
      'select.accounts.0: must be an account ID of 12 digi',
    ],
    [
      'one without quotes',
      selecting({ accounts: [12345678901] }),
      'select.accounts.0: must be text: quote account IDs',
    ],
    [
      'a former Region that is none',
      { ...least, formerRegions: ['Frankfurt'] },
      'formerRegions.0: must be the name of a Region',
    ],
    ['a former Region twice', { ...least, formerRegions: ['eu-west-1', 'eu-west-1'] }, 'formerRegions.1: eu-west-1 is'],
    ['an empty select', selecting({}), 'select: must name organizationalUnits or accounts'],
    [
      'tags alone',
      selecting({ tags: { a: 'b' } }),
      'select: tags narrow a selection; say of which organizationalUnits or',
    ],
    ['a tag that is no text', selecting({ accounts: [ACCOUNT], tags: { on: true } }), 'select.tags.on: must be text'],
    ['a wave of nobody', waves({ name: 'a' }), 'waves.0: must name organizationalUnits or accounts'],
    ['a wave without a name', waves({ accounts: [ACCOUNT] }), 'waves.0.name: is missing'],
    [
      'an account in two waves',
      waves({ name: 'a', accounts: [ACCOUNT] }, { name: 'b', accounts: [SECOND, ACCOUNT] }),
      `waves.1.accounts: ${ACCOUNT} is named by entry 0 already`,
    ],
    [
      'an OU in two waves',
      waves({ name: 'a', organizationalUnits: [OU] }, { name: 'b', organizationalUnits: [OU] }),
      `waves.1.organizationalUnits: ${OU} is named by entry 0 already`,
    ],
    [
      'two waves of one name',
      waves({ name: 'a', accounts: [ACCOUNT] }, { name: 'a', accounts: [SECOND] }),
      'waves: must have names of their own',
    ],
    [
      'a day that is none',
      waves({ name: 'a', accounts: [ACCOUNT], enforceFrom: '2026-02-30' }),
      'waves.0.enforceFrom: must be a date YYYY-MM-DD',
    ],
    [
      'a year',
      waves({ name: 'a', accounts: [ACCOUNT], enforceFrom: 2026 }),
      'waves.0.enforceFrom: must be a date YYYY-MM-DD',
    ],
    ['a setting of nobody', overriding({ graceDays: 3 }), 'settings.0: must name organizationalUnits or accounts'],
    [
      'a region by OU',
      overriding({ organizationalUnits: [OU], region: 'eu-west-1' }),
      'settings.0.region: goes with accounts only',
    ],
    [
      'a region that is none',
      overriding({ accounts: [ACCOUNT], region: 'Paris' }),
      'settings.0.region: must be the name of a Region',
    ],
    [
      'a setting of the hub alone',
      overriding({ accounts: [ACCOUNT], enforce: true }),
      'settings.0.enforce: is no setting of an account: they are',
    ],
    [
      'a topic of its own, to which no role of the hub may publish',
      overriding({ accounts: [ACCOUNT], topicArn: 'arn:aws:sns:eu-west-1:{accountId}:keyturn' }),
      'settings.0.topicArn: is no setting of an account',
    ],
    [
      'one that does not parse',
      overriding({ accounts: [ACCOUNT], graceDays: 'ten' }),
      'settings.0.graceDays: is "ten": must be a number',
    ],
    ['null', overriding({ accounts: [ACCOUNT], graceDays: null }), 'settings.0.graceDays: is "null": must be a number'],
    [
      'a placeholder that is none',
      overriding({ accounts: [ACCOUNT], readerArns: ['arn:aws:iam::{accountId}:role/{account}'] }),
      'settings.0.readerArns: {account} is unknown: {accountId} and {region} are filled in',
    ],
    [
      'an account in two entries of settings',
      {
        ...least,
        settings: [
          { accounts: [ACCOUNT], graceDays: 3 },
          { accounts: [ACCOUNT], quietDays: 3 },
        ],
      },
      `settings.1.accounts: ${ACCOUNT} is named by entry 0 already`,
    ],
    [
      'half an account at once',
      limiting({ accountConcurrency: 1.5 }),
      'limits.accountConcurrency: must be a whole number from 1',
    ],
    [
      'more than Lambda takes',
      limiting({ workerConcurrency: 1001 }),
      'limits.workerConcurrency: must be a whole number from 2 to 1000',
    ],
  ])('%s', (_, value, expected) => {
    expect(() => parseFleet(value)).toThrow(expected);
    expect(() => parseFleet(value)).toThrow(/^Cannot read the fleet: /);
  });

  it('all at once', () => {
    expect(() => parseFleet({ ...least, externalId: '', limits: { scanConcurrency: 0 }, waves: {} })).toThrow(
      /externalId: .*waves: .*limits\.scanConcurrency: /,
    );
  });
});

function selecting(select: unknown): unknown {
  return { ...least, select };
}

function waves(...all: unknown[]): unknown {
  return { ...least, waves: all };
}

function overriding(override: unknown): unknown {
  return { ...least, settings: [override] };
}

function limiting(limits: unknown): unknown {
  return { ...least, limits };
}
