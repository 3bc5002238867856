import { describe, expect, it } from 'vitest';
import { parseFleet } from '../../../../shared/core/fleet/fleet.ts';
import {
  checkOverrides,
  environmentFor,
  expectsUsers,
  regionFor,
  regionsOf,
} from '../../../../shared/core/fleet/settings-for.ts';
import { parseSettings } from '../../../../shared/core/settings.ts';

const [OUTER, INNER] = ['ou-ab12-outer000', 'ou-ab12-inner000'];
const [ACCOUNT, OTHER] = ['111122223333', '444455556666'];
const PATH = `o-a1b2c3d4e5/r-ab12/${OUTER}/${INNER}/`;

const withSettings = (...settings: unknown[]) =>
  parseFleet({
    organizationId: 'o-a1b2c3d4e5',
    externalId: 'f00d',
    select: { organizationalUnits: [OUTER] },
    settings,
  });

// The deepest first: which one wins is no matter of their order.
const fleet = withSettings(
  {
    accounts: [ACCOUNT],
    graceDays: 7,
    region: 'eu-central-1',
    kmsKeyId: 'arn:aws:kms:{region}:{accountId}:alias/keyturn',
  },
  { organizationalUnits: [INNER], graceDays: 14, quietDays: 5, expectUsers: false },
  {
    organizationalUnits: [OUTER],
    graceDays: 21,
    quietDays: 6,
    unusedDays: 30,
    readerArns: ['arn:aws:iam::{accountId}:role/x'],
  },
);
const hub = {
  KEYTURN_TOPIC_ARN: 'arn:aws:sns:eu-west-1:999900001111:keyturn',
  KEYTURN_QUEUE_URL: 'https://queue',
  KEYTURN_GRACE_DAYS: '10',
  KEYTURN_RECOVERY_DAYS: '11',
};
const place = (accountId: string, path = PATH) => ({ accountId, path, region: 'eu-west-1' });
const settingsFor = (accountId: string, path?: string) =>
  parseSettings(environmentFor(hub, fleet, place(accountId, path)));

describe('the settings of an account', () => {
  it('are the hub’s where nothing names it', () => {
    expect(environmentFor(hub, fleet, place(OTHER, 'o-a1b2c3d4e5/r-ab12/'))).toEqual(hub);
  });

  it('are those of the deepest unit that names it, each setting by itself', () => {
    expect(settingsFor(OTHER)).toMatchObject({ graceDays: 14, quietDays: 5, unusedDays: 30, recoveryDays: 11 });
    expect(settingsFor(OTHER, `o-a1b2c3d4e5/r-ab12/${OUTER}/`)).toMatchObject({ graceDays: 21, quietDays: 6 });
  });

  it('are its own over all', () => {
    expect(settingsFor(ACCOUNT)).toMatchObject({ graceDays: 7, quietDays: 5, unusedDays: 30 });
  });

  it('name the account and its Region where they say {accountId} and {region}', () => {
    expect(settingsFor(ACCOUNT).kmsKeyId).toBe(`arn:aws:kms:eu-central-1:${ACCOUNT}:alias/keyturn`);
    expect(settingsFor(OTHER).readerArns).toMatchObject([{ arn: `arn:aws:iam::${OTHER}:role/x` }]);
  });
});

it('an account has its secrets in its own Region, or in the hub’s', () => {
  expect(regionFor(fleet, place(ACCOUNT))).toBe('eu-central-1');
  expect(regionFor(fleet, place(OTHER))).toBe('eu-west-1');
  expect(regionsOf(fleet, 'eu-west-1')).toEqual(['eu-west-1', 'eu-central-1']);
  expect(regionsOf(fleet, 'eu-central-1')).toEqual(['eu-central-1']);
  const former = { ...fleet, formerRegions: ['eu-west-1', 'us-east-1'] };
  expect(regionsOf(former, 'eu-west-1')).toEqual(['eu-west-1', 'eu-central-1', 'us-east-1']);
});

it('users are expected unless said otherwise', () => {
  expect(expectsUsers(fleet, place(OTHER))).toBe(false);
  expect(expectsUsers(fleet, place(OTHER, `o-a1b2c3d4e5/r-ab12/${OUTER}/`))).toBe(true);
});

describe('an override with which no account could be worked on is refused before a deployment', () => {
  const given = (setting: string): string | undefined =>
    ({ topicArn: hub.KEYTURN_TOPIC_ARN, queueUrl: hub.KEYTURN_QUEUE_URL, maxAccessKeyAgeDays: '60' })[setting];

  it('none, if all are in order', () => {
    expect(() => checkOverrides(fleet, given)).not.toThrow();
  });

  it('with the unit, both sides of the sum and what they come to', () => {
    const long = withSettings(
      { organizationalUnits: [INNER], graceDays: 14 },
      { organizationalUnits: [OUTER], graceDays: 40 },
    );
    expect(() => checkOverrides(long, given)).toThrow(
      `Cannot deploy the fleet: settings.1 (${OUTER}): maxAccessKeyAgeDays - rotateAheadDays is 60 days, but graceDays + ` +
        'maxPostponeDays + recoveryDays + 2 is 62: raise the first or lower the second.',
    );
  });
});
