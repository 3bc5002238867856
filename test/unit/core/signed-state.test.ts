// Tests of shared/core/signed-state.ts and shared/core/signed-message.ts.

import { describe, expect, it } from 'vitest';
import { RotationError } from '../../../shared/core/errors.ts';
import {
  formatAnnounced,
  formatCurrentSince,
  formatDeactivated,
  formatExposed,
  formatIntent,
  formatIssued,
  formatKeyRecord,
  formatNotice,
  formatPolicyPut,
  formatStuck,
} from '../../../shared/core/format-secret-tags.ts';
import { noticeEvents } from '../../../shared/core/messages/notice.ts';
import { requestOrigins, transitionVerbs } from '../../../shared/core/model.ts';
import { reasons } from '../../../shared/core/reasons.ts';
import { causeOf } from '../../../shared/core/refusals.ts';
import { secretTagNames as names, noticeKinds, signedTagNames } from '../../../shared/core/secret-tags.ts';
import {
  keyIdInLabel,
  signLabel,
  signMade,
  signTag,
  verifySecret,
  type WrittenSecret,
} from '../../../shared/core/signed-state.ts';
import { createStateKey, MacKey } from '../../../shared/core/state-key.ts';
import { MINUTE } from '../../../shared/core/time.ts';
import { C, NOW, P } from '../../support/core/builders.ts';

const stateKey = createStateKey({ epoch: 1, key: new MacKey(Buffer.alloc(32, 7).toString('base64')) });
const OWNER = { accountId: '123456789012', userId: 'AIDAALICEALICEALICE00' };
const NAME = `keyturn/${OWNER.userId}/access-key`;
const ARN = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`;
const VERSION = '11111111-2222-4333-8444-555555555555';

function written(more: Partial<WrittenSecret> = {}): WrittenSecret {
  return {
    arn: ARN,
    name: NAME,
    createdAt: NOW,
    rotationEnabled: false,
    replicas: [],
    tags: {},
    versions: {},
    ...more,
  };
}

const verified = (more: Partial<WrittenSecret>, owner = OWNER) => verifySecret(written(more), owner, stateKey);
const sign = (name: string, value: string, arn = ARN, userId = OWNER.userId) =>
  signTag(stateKey, { arn }, userId, { name, value });

describe('a tag of state', () => {
  const value = '2027-01-01';

  it('that we wrote is what we wrote', () => {
    const { tags, voidTags } = verified({ tags: { [names.hold]: sign(names.hold, value) } });
    expect({ tags, voidTags }).toEqual({ tags: { [names.hold]: value }, voidTags: {} });
  });

  it.each<[string, string]>([
    ['without a MAC', value],
    ['with a made up MAC', `${value} 1AAAAAAAAAAAAAAAAAAAAAA`],
    ['of another value', sign(names.hold, value).replace('2027', '2028')],
    ['of another tag', sign(names.policy, value)],
    [
      'of another secret, also one made anew under the same name',
      sign(names.hold, value, ARN.replace('AbCdEf', 'GhIjKl')),
    ],
    ['of another user', sign(names.hold, value, ARN, 'AIDABOBBOBBOBBOBBOB00')],
    ['that is empty', ''],
    ['that is a MAC alone', sign(names.hold, value).split(' ')[1] ?? ''],
  ])('%s is void', (_, text) => {
    const { tags, voidTags } = verified({ tags: { [names.hold]: text } });
    expect({ tags, voidTags }).toEqual({ tags: {}, voidTags: { [names.hold]: text } });
  });

  it('is void in a secret that is nobody’s', () => {
    const secret = verifySecret(written({ tags: { [names.hold]: sign(names.hold, value) } }), undefined, stateKey);
    expect(secret.tags).toEqual({});
  });

  it('is every tag of ours but those that IAM or AWS can tell from false ones, and another role’s', () => {
    const unsigned = Object.values(names).filter((name) => !signedTagNames.includes(name));
    expect(unsigned.toSorted()).toEqual([names.handedOn, names.made, names.userId, names.userName].toSorted());
  });

  it('leaves other people’s tags as they are', () => {
    const tags = { team: 'shop', [names.userId]: OWNER.userId };
    expect(verified({ tags }).tags).toEqual(tags);
  });
});

describe('a label', () => {
  const label = signLabel(stateKey, { arn: ARN }, { accessKeyId: C, versionId: VERSION });
  const labelsOf = (labels: string[], versionId = VERSION, arn = ARN) =>
    verified({ arn, versions: { [versionId]: labels } }).versions[versionId];

  it('that we put on a version names its key', () => {
    expect(labelsOf(['AWSCURRENT', label])).toEqual(['AWSCURRENT', C]);
    expect(label).toMatch(new RegExp(`^${C}\\.1[\\w-]{22}$`));
  });

  it.each([
    ['an access key ID alone', C],
    ['sixteen capitals and digits of an operator', 'RELEASE2026Q4BLUE'],
    ['another key under the same MAC', label.replace(C, P)],
    ['a made up MAC', `${C}.1AAAAAAAAAAAAAAAAAAAAAA`],
  ])('%s names none', (_, odd) => {
    expect(labelsOf(['AWSCURRENT', odd])).toEqual(['AWSCURRENT']);
  });

  it('moved to another version names none', () => {
    expect(labelsOf([label], 'another-version')).toEqual([]);
  });

  it('copied into a secret made anew names none', () => {
    expect(labelsOf([label], VERSION, ARN.replace('AbCdEf', 'GhIjKl'))).toEqual([]);
  });

  it('of somebody else, of any other form, stays', () => {
    expect(labelsOf(['blue', 'app.v2', 'AWSPREVIOUS'])).toEqual(['blue', 'app.v2', 'AWSPREVIOUS']);
  });

  it('is shown as AWS shows it too', () => {
    expect(verified({ versions: { [VERSION]: [label, C] } }).writtenLabels).toEqual({ [VERSION]: [label, C] });
  });

  it('tells which key it claims to name', () => {
    expect([label, C, 'AWSCURRENT', 'app.v2'].map(keyIdInLabel)).toEqual([C, C, undefined, undefined]);
  });
});

describe('who made a secret', () => {
  const made = (at: number, name = NAME, owner = OWNER) => ({ [names.made]: signMade(stateKey, name, owner, at) });

  it.each([
    ['at once', NOW, true],
    ['5 minutes before AWS says so', NOW - 5 * MINUTE, true],
    ['5 minutes after', NOW + 5 * MINUTE, true],
    ['earlier: copied from a secret that is gone', NOW - 5 * MINUTE - 1, false],
    ['later', NOW + 5 * MINUTE + 1, false],
  ])('is told by the tag and by AWS: %s', (_, at, expected) => {
    expect(verified({ tags: made(at) }).isMade).toBe(expected);
  });

  it.each<[string, Record<string, string>]>([
    ['no tag', {}],
    ['a tag without a MAC', { [names.made]: new Date(NOW).toISOString() }],
    ['a tag of another secret', made(NOW, 'keyturn/AIDABOBBOBBOBBOBBOB00/access-key')],
    ['a tag of another user', made(NOW, NAME, { ...OWNER, userId: 'AIDABOBBOBBOBBOBBOB00' })],
    ['a tag of another account', made(NOW, NAME, { ...OWNER, accountId: '999999999999' })],
  ])('is not known by %s', (_, tags) => {
    expect(verified({ tags }).isMade).toBe(false);
  });
});

describe('the longest value of each tag fits into the 256 characters of AWS', () => {
  const at = Date.UTC(2026, 11, 31, 23, 59, 59, 999);
  const [graceDays, postponeDays, recoveryDays] = [3649.9994, 3649.9994, 3649.9994];
  const uuid = VERSION;
  const [longestReason = ''] = Object.keys(reasons).toSorted((a, b) => b.length - a.length);
  const cause = causeOf(
    new RotationError('-', { action: `iam:${'C'.repeat(100)}`, code: 'AccessDenied', isDefinite: true }),
  );
  const longest: Record<string, string[]> = {
    [names.doing]: transitionVerbs.map((verb) =>
      formatIntent({
        verb,
        at,
        deadlineAt: at,
        runId: uuid,
        accessKeyIds: [C, P],
        versionId: 'v'.repeat(64),
        graceDays,
      }),
    ),
    [names.currentSince]: [
      formatCurrentSince({ at, accessKeyId: C, graceDays, promised: { graceDays, postponeDays } }),
    ],
    [names.issuedOn]: requestOrigins.map((origin) => formatIssued({ day: at, origin })),
    [names.deactivated]: [formatDeactivated({ at, accessKeyId: C, recoveryDays })],
    [names.inactiveSeen]: [formatDeactivated({ at, accessKeyId: C, recoveryDays })],
    [names.confirmed]: [formatKeyRecord({ at, accessKeyId: C })],
    [names.announced]: noticeEvents.map((event) =>
      formatAnnounced({ event, at, accessKeyId: C, reason: longestReason, cause: cause ?? '', toldAt: at }),
    ),
    [names.hold]: ['2026-12-31'],
    [names.stuck]: [formatStuck({ at, versionId: 'v'.repeat(64) })],
    [names.notice]: noticeKinds.map((kind) => formatNotice({ at, accessKeyId: C, kind, earliestAt: at })),
    [names.exposed]: [formatExposed({ at, accessKeyIds: [C, P], isStillActive: true })],
    [names.policy]: [formatPolicyPut({ hash: '0'.repeat(32), triedAt: at, toldAt: at })],
  };

  it('is tried for every tag', () => {
    expect(Object.keys(longest).toSorted()).toEqual([...signedTagNames].toSorted());
  });

  it.each(Object.entries(longest))('%s', (name, values) => {
    for (const value of values) {
      const signed = sign(name, value);
      expect(signed.length).toBeLessThanOrEqual(256);
      expect(signed).toMatch(/^[\w+=.:/@ -]*$/);
      expect(verified({ tags: { [name]: signed } }).tags).toEqual({ [name]: value });
    }
  });

  it('and a longer one is an error before the call, which names the tag', () => {
    expect(() => sign(names.doing, 'x'.repeat(233))).toThrow(
      'Cannot write keyturn:doing: its value has 257 characters, and a tag takes 256.',
    );
  });
});
