import { describe, expect, it } from 'vitest';
import type { Secret } from '../../../shared/core/model.ts';
import { outdatedParts, replicaNews, settingsDue, settingsHash } from '../../../shared/core/secret-settings.ts';
import type { PolicyPut } from '../../../shared/core/secret-tags.ts';
import type { Settings } from '../../../shared/core/settings.ts';
import { HOUR } from '../../../shared/core/time.ts';
import { C, daysAgo, NOW, secret, settings, USER } from '../../support/core/builders.ts';

const HERE = { region: 'us-east-1', status: 'InSync' };
const FAILED = { region: 'us-east-1', status: 'Failed', because: 'in the way' };
const wanted = { replicaRegions: ['us-east-1'] };

interface Given {
  as?: Partial<Secret>;
  settings?: Partial<Settings>;
  put?: Partial<PolicyPut>;
  problems?: readonly string[];
}

function kept(given: Given) {
  const { as = {}, put = {}, problems = [] } = given;
  const all = settings(given.settings);
  const policy = { hash: settingsHash(USER, all), ...put };
  return { secret: secret({ current: C, as }), user: USER, settings: all, tags: { policy }, problems, now: NOW };
}

describe('the hash of what is put', () => {
  it.each<[string, Partial<Settings>]>([
    ['a reader', { readerArns: [{ arn: 'arn:aws:iam::123456789012:role/a', users: [], paths: [], handOn: false }] }],
    ['the KMS key', { kmsKeyId: 'alias/ours' }],
    ['a Region', wanted],
    ['a tag', { secretTags: { team: 'a' } }],
  ])('changes with %s', (_, more) => {
    expect(settingsHash(USER, settings(more))).not.toBe(settingsHash(USER, settings()));
  });

  it('changes with no order', () => {
    const one = settings({ replicaRegions: ['a', 'b'], secretTags: { a: '1', b: '2' } });
    const other = settings({ replicaRegions: ['b', 'a'], secretTags: { b: '2', a: '1' } });
    expect(settingsHash(USER, one)).toBe(settingsHash(USER, other));
  });
});

describe('what is not as the settings want it', () => {
  it.each<[string, Given, string[]]>([
    ['nothing', {}, []],
    ['what was put by other settings', { put: { hash: '0'.repeat(32) } }, ['policy']],
    ['another KMS key', { as: { kmsKeyId: 'alias/theirs' } }, ['KMS key']],
    ['not the default key by its alias', { as: { kmsKeyId: 'alias/aws/secretsmanager' } }, []],
    ['a replica too many', { as: { replicas: [HERE] } }, ['replicas']],
    ['a replica too few', { settings: wanted }, ['replicas']],
    ['not a replica that no list shows', { settings: wanted, as: { replicas: undefined } as never }, []],
    ['not a replica that was ordered', { settings: wanted, put: { triedAt: daysAgo(2) } }, []],
    ['a tag of the operator', { settings: { secretTags: { team: 'a' } } }, ['tags']],
    ['a signature of the epoch before', { as: { isSignedBefore: true } }, ['signatures']],
    [
      'only signatures, while a tag of the user does not parse',
      { as: { isSignedBefore: true, kmsKeyId: 'alias/theirs' }, problems: ['a tag'] },
      ['signatures'],
    ],
    [
      'not what AWS did not do half a day ago',
      { as: { kmsKeyId: 'alias/theirs', replicas: [HERE] }, put: { triedAt: NOW - 12 * HOUR + 1 } },
      [],
    ],
    [
      'what AWS did not do, from half a day on',
      { as: { kmsKeyId: 'alias/theirs', replicas: [HERE] }, put: { triedAt: NOW - 12 * HOUR } },
      ['KMS key', 'replicas'],
    ],
  ])('%s', (_, given, parts) => {
    expect(outdatedParts(kept(given))).toEqual(parts);
  });
});

describe('replicas that were ordered', () => {
  const tried = { triedAt: daysAgo(1) };
  it.each<[string, Given, unknown]>([
    ['are in step', { settings: wanted, as: { replicas: [HERE] }, put: tried }, { kind: 'in-step' }],
    ['are in step, as is known', { settings: wanted, as: { replicas: [HERE] } }, undefined],
    [
      'are under way',
      { settings: wanted, as: { replicas: [{ region: 'us-east-1', status: 'InProgress' }] }, put: tried },
      undefined,
    ],
    [
      'failed',
      { settings: wanted, as: { replicas: [FAILED] }, put: tried },
      { kind: 'failed', failed: [{ region: 'us-east-1', because: 'in the way' }], isTold: false },
    ],
    [
      'failed later',
      { settings: wanted, as: { replicas: [FAILED] } },
      { kind: 'failed', failed: [{ region: 'us-east-1', because: 'in the way' }], isTold: false },
    ],
    [
      'failed, as was told this week',
      { settings: wanted, as: { replicas: [FAILED] }, put: { ...tried, toldAt: daysAgo(6.4) } },
      { kind: 'failed', failed: [{ region: 'us-east-1', because: 'in the way' }], isTold: true },
    ],
    [
      'failed, as was told a week ago',
      { settings: wanted, as: { replicas: [FAILED] }, put: { ...tried, toldAt: daysAgo(6.5) } },
      { kind: 'failed', failed: [{ region: 'us-east-1', because: 'in the way' }], isTold: false },
    ],
    [
      'never came',
      { settings: wanted, put: tried },
      { kind: 'failed', failed: [{ region: 'us-east-1', because: 'AWS shows no replica there' }], isTold: false },
    ],
    ['were ordered again just now', { settings: wanted, as: { replicas: [FAILED] }, put: { triedAt: NOW } }, undefined],
    ['are in no list', { settings: wanted, as: { replicas: undefined } as never, put: tried }, undefined],
  ])('%s', (_, given, news) => {
    expect(replicaNews(kept(given))).toEqual(news);
  });
});

describe('who has read a list of secrets', () => {
  const listed = { replicas: undefined } as never;
  it.each<[string, Given, string | undefined]>([
    ['sees that nothing is to be done', { as: listed }, undefined],
    ['sees what was put', { as: listed, put: { hash: '0'.repeat(32) } }, 'policy-put'],
    ['sees that something was ordered', { as: listed, put: { triedAt: daysAgo(1) } }, 'policy-put'],
    ['sees that it was ordered just now', { as: listed, put: { triedAt: NOW - HOUR } }, undefined],
    ['sees that it failed', { as: listed, put: { triedAt: daysAgo(1), toldAt: daysAgo(3) } }, 'replica-failed'],
    ['waits for the tags of the user', { as: listed, put: { triedAt: daysAgo(1) }, problems: ['a tag'] }, undefined],
  ])('%s', (_, given, reason) => {
    expect(settingsDue(kept(given))).toBe(reason);
  });
});
