// Tests of shared/core/smtp.ts and shared/core/messages/mail-senders.ts: users who send mail by SMTP of SES.

import { describe, expect, it } from 'vitest';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { smtpPassword } from '../../shared/core/smtp.ts';
import { createLife, createStored, type Life, live, newKeyOf, secretNameOf, writes } from '../support/life.ts';
import { expectNoSecret, searchForSecretsAfterEach } from '../support/no-secret.ts';
import { createWorld, DAY, invoke, pass, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

const TAG = 'keyturn:ses-smtp-regions';
const mailer = { [TAG]: 'eu-west-1 us-east-1' };

/** The fields of the current version. */
function stored({ aws, userId }: Life): Record<string, unknown> {
  const { versions } = aws.secrets.find(secretNameOf(userId)) ?? { versions: [] };
  return JSON.parse(versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.value ?? '{}');
}

function retag({ aws }: Life, tags: Record<string, string>): void {
  const { state } = aws.iam;
  state.save({ ...state.user('alice'), tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) });
}

describe('a user with the tag', () => {
  it('has an SMTP password for each Region in the secret, beside what everybody has', async () => {
    const life = createLife({ tags: mailer });
    await pass(life, 'alice');
    const accessKeyId = newKeyOf(life, [life.oldKey]);
    const secretAccessKey = life.aws.iam.secretAccessKeyOf(accessKeyId);
    expect(stored(life)).toEqual({
      Version: 1,
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      UserName: 'alice',
      AccountId: life.aws.accountId,
      CreatedAt: expect.any(String),
      'SmtpPassword_eu-west-1': smtpPassword(secretAccessKey, 'eu-west-1'),
      'SmtpPassword_us-east-1': smtpPassword(secretAccessKey, 'us-east-1'),
    });
  });

  it('is told in every email about the new key which fields those are', async () => {
    const life = createLife({ tags: mailer });
    await live(life, { from: 90, to: 97 });
    const emails = life.aws.sns.published.map(({ message }) => message.email ?? '');
    expect(emails.length).toBeGreaterThan(1);
    for (const email of emails) expect(email).toContain('- SmtpPassword_eu-west-1\n- SmtpPassword_us-east-1\n');
  });

  it('has them also where another pass finishes the issue, and for a Region that nobody knows', async () => {
    const life = createLife({ tags: { [TAG]: 'xx-moon-1' } });
    const crash = { kind: 'crash-after' } as const;
    await pass(life, 'alice', ({ operation }) => (operation === 'PutSecretValue' ? crash : undefined));
    life.aws.clock.advance(DAY);
    await pass(life, 'alice');
    expect(stored(life)).toHaveProperty('SmtpPassword_xx-moon-1');
  });

  it('is shown by status what the tag does, and that an older key lacks it', async () => {
    const life = createLife({ tags: mailer });
    for (const action of ['plan', 'status']) {
      const { message } = await rotateUser(life, { userName: 'alice', action });
      expect(message).toMatch(
        /a replacement is issued\. Each new key of alice is stored with SmtpPassword_eu-west-1, /,
      );
      expect(message).toContain('comes with the next rotation');
    }
    expect((await rotateUser(life, { userName: 'alice', action: 'rotate' })).message).not.toContain('SmtpPassword');
  });
});

describe('a user without the tag', () => {
  it('has what everybody has, and reads of no field', async () => {
    const life = createLife();
    await pass(life, 'alice');
    const names = ['Version', 'AccessKeyId', 'SecretAccessKey', 'UserName', 'AccountId', 'CreatedAt'];
    expect(Object.keys(stored(life))).toEqual(names);
    expect(JSON.stringify(life.aws.sns.published)).not.toMatch(/smtp/i);
    expect((await rotateUser(life, { userName: 'alice' })).message).not.toMatch(/smtp/i);
  });

  it('gets the fields with the next rotation once the tag is there, and nothing before', async () => {
    const life = await createStored();
    const from = life.aws.calls.length;
    retag(life, mailer);
    await pass(life, 'alice');
    expect([writes(life, from), Object.keys(stored(life)).length]).toEqual([[], 6]);
    life.aws.clock.advance(DAY);
    await rotateUser(life, { userName: 'alice', action: 'rotate' });
    expect(Object.keys(stored(life)).slice(6)).toEqual(['SmtpPassword_eu-west-1', 'SmtpPassword_us-east-1']);
  });
});

it('a Region where AWS publishes no endpoint is in the digest, and its user is rotated all the same', async () => {
  const world = createWorld();
  world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }], tags: { [TAG]: 'eu-west-1 eu-south-1' } });
  world.aws.iam.addUser({ userName: 'bob', keys: [{ ageDays: 5 }], tags: { [TAG]: 'eu-west-1' } });
  const handler = createScheduledRotation(world.runtime('scheduled-rotation'));
  expect(await invoke(world, 'scheduled-rotation', handler, {})).toMatchObject({ enqueued: 1, errors: [] });
  const digest = JSON.parse(world.aws.sns.published.at(-1)?.message.default ?? '{}');
  expect(digest.findings).toEqual([
    `Tag ${TAG} of alice: AWS publishes no SMTP endpoint in eu-south-1. A password is stored all the same.`,
  ]);
});

it('a password that is logged would be found', async () => {
  const life = createLife({ tags: mailer });
  await pass(life, 'alice');
  life.logged.push(`password=${stored(life)['SmtpPassword_eu-west-1']}`);
  expect(() => expectNoSecret(life)).toThrow('a log line');
  life.logged.pop();
});
