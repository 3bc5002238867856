// Tests of cli/owner/credentials-file.ts and cli/owner/ini.ts.

import { describe, expect, it } from 'vitest';
import { decode, replaceKey } from '../../../../cli/owner/credentials-file.ts';
import { SecretAccessKey } from '../../../../shared/core/redacted.ts';
import { editGenerated } from '../../../support/shared-files.ts';

const OLD = 'AKIAIOSFODNN7EXAMPLE';
const NEW = 'AKIAI44QH8DHBEXAMPLE';
const PAIR = `aws_access_key_id = ${OLD}\naws_secret_access_key = old/secret\n`;
const edit = (text: string, only?: string, kind: 'credentials' | 'config' = 'credentials') =>
  replaceKey(text, {
    ...{ kind, path: '/c', oldId: OLD, to: { accessKeyId: NEW, secret: new SecretAccessKey('new/secret') } },
    ...(only === undefined ? {} : { only }),
  });

describe('the editor', () => {
  it('changes the two values, and keeps blanks, comments and line endings', async () => {
    const text = `# mine\r\n[alice] ; a\r\n\t aws_secret_access_key=old/secret # s\r\n  aws_access_key_id  =\t${OLD}  \r\nregion=x`;

    expect((await edit(text)).text).toBe(text.replace(OLD, NEW).replace('old/secret', 'new/secret'));
  });

  it('changes every section that holds the key, and no other', async () => {
    const text = `[a]\n${PAIR}[b]\naws_access_key_id = AKIAOTHEROTHEROTHER2\naws_secret_access_key = old/secret\n[c]\n${PAIR}`;
    const { sections, text: edited } = await edit(text);

    expect(sections).toEqual(['a', 'c']);
    expect(edited).toContain('AKIAOTHEROTHEROTHER2\naws_secret_access_key = old/secret');
    expect((await edit(text, 'c')).sections).toEqual(['c']);
  });

  it('changes a section of the config file, where settings may be nested', async () => {
    const text = `[profile a]\ns3 =\n  max_concurrent_requests = 20\n${PAIR}region = x\n`;

    expect((await edit(text, undefined, 'config')).text).toBe(text.replace(OLD, NEW).replace('old/', 'new/'));
  });

  it.each([
    ['the key is not there', '[a]\nregion = x\n', /no section holds/],
    [
      'the ID is in a comment',
      `[a]\n#aws_access_key_id = ${OLD}\naws_secret_access_key = old/secret\n`,
      /no section holds/,
    ],
    ['a session token beside it', `[a]\n${PAIR}aws_session_token = t\n`, /line 4: beside aws_session_token/],
    ['a session token by its older name', `[a]\n${PAIR}AWS_SECURITY_TOKEN = t\n`, /line 4/],
    [
      'the secret is elsewhere',
      `[a]\naws_access_key_id = ${OLD}\n[b]\naws_secret_access_key = x\n`,
      /line 2: .*not in the same/,
    ],
    [
      'the secret is nested',
      `[a]\naws_access_key_id = ${OLD}\nx =\n  aws_secret_access_key = y\n`,
      /line 2: .*not in the same/,
    ],
    ['the section twice', `[a]\n${PAIR}[b]\n[a]\nregion = x\n`, /line 5: the section \[a\] is there twice/],
    ['the ID twice', `[a]\n${PAIR}aws_access_key_id = ${OLD}\n`, /line 4: aws_access_key_id is there twice/],
    [
      'the secret twice, in capitals',
      `[a]\n${PAIR}AWS_SECRET_ACCESS_KEY = x\n`,
      /line 4: AWS_SECRET_ACCESS_KEY is there twice/,
    ],
    ['a continuation line', `[a]\n${PAIR}  more = x\n`, /line 4: it is indented/],
    [
      'a continuation line without a name',
      `[a]\naws_secret_access_key = s\naws_access_key_id = ${OLD}\n\tmore\n`,
      /line 4: it is indented/,
    ],
  ])('refuses, and names the line: %s', async (_, text, said) => {
    await expect(edit(text)).rejects.toThrow(said);
    await expect(edit(text)).rejects.not.toThrow(/old\/secret|new\/secret/);
  });

  it('judges only the section that is asked for', async () => {
    const text = `[a]\n${PAIR}[b]\n${PAIR}aws_session_token = t\n`;

    await expect(edit(text)).rejects.toThrow(/line 7/);
    expect((await edit(text, 'a')).sections).toEqual(['a']);
  });

  it('refuses a name that the SDK does not read', async () => {
    await expect(edit(`[a]\nAWS_ACCESS_KEY_ID = ${OLD}\naws_secret_access_key = x\n`)).rejects.toThrow(
      /as the AWS SDK reads/,
    );
  });

  it('changes nothing else in a thousand files of every form', async () => {
    const { edited, refused } = await editGenerated(1_000, 20260101);

    expect(edited).toBeGreaterThan(400);
    expect(refused).toBeGreaterThan(50);
  });
});

describe('the encoding', () => {
  it('is UTF-8', () => expect(decode(Buffer.from('ü ✔\n'), '/c')).toBe('ü ✔\n'));

  it.each([
    ['UTF-8 with a mark', [0xef, 0xbb, 0xbf, 0x5b]],
    ['UTF-16', [0xff, 0xfe, 0x5b, 0x00]],
    ['UTF-16, big endian', [0xfe, 0xff, 0x00, 0x5b]],
    ['UTF-16 without a mark', [0x5b, 0x00, 0x61, 0x00]],
    ['Latin 1', [0x5b, 0xfc, 0x5d]],
  ])('is refused otherwise: %s', (_, bytes) => {
    expect(() => decode(Uint8Array.from(bytes), '/c')).toThrow('/c is not plain UTF-8');
  });
});
