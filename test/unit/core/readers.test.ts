// Tests of shared/core/secret-policy.ts: who may read which secret.

import { describe, expect, it } from 'vitest';
import { readersOf, secretPolicy } from '../../../shared/core/secret-policy.ts';
import { parseSettings } from '../../../shared/core/settings.ts';
import { environment, USER } from '../../support/core/builders.ts';

const arn = 'arn:aws:iam::123456789012:role/eso';

const settingsWith = (entry: unknown) => parseSettings(environment({ KEYTURN_READER_ARNS: JSON.stringify([entry]) }));

describe('an entry of readerArns reads the secret of', () => {
  it.each<[unknown, string, string, boolean]>([
    [arn, 'alice', '/', true],
    [{ arn }, 'alice', '/', true],
    [{ arn, users: ['ci-shop'] }, 'ci-shop', '/', true],
    [{ arn, users: ['ci-shop'] }, 'ci-shop-2', '/', false],
    [{ arn, users: ['ci-shop'] }, 'CI-shop', '/', false],
    [{ arn, users: ['mail-*'] }, 'mail-in', '/', true],
    [{ arn, users: ['mail-*'] }, 'a-mail-in', '/', false],
    [{ arn, users: ['a.c'] }, 'abc', '/', false],
    [{ arn, users: ['a+*@x'] }, 'a+b@x', '/', true],
    [{ arn, paths: ['/shop/'] }, 'alice', '/shop/de/', true],
    [{ arn, paths: ['/shop/'] }, 'alice', '/workshop/', false],
    [{ arn, paths: ['/shop/'] }, 'alice', '/', false],
    [{ arn, users: ['alice'], paths: ['/shop/'] }, 'alice', '/', true],
    [{ arn, users: ['alice'], paths: ['/shop/'] }, 'bob', '/shop/', true],
    [{ arn, users: ['alice'], paths: ['/shop/'] }, 'bob', '/', false],
  ])('%j: %s below %s, %s', (entry, userName, path, reads) => {
    const user = { ...USER, userName, path };
    const settings = settingsWith(entry);
    expect(readersOf(user, settings.readerArns)).toHaveLength(reads ? 1 : 0);
    expect(JSON.stringify(secretPolicy(user, settings)).includes(arn)).toBe(reads);
  });
});
