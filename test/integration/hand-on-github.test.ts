// hand-on/destinations/github.ts: the sealed box is opened by libsodium with GitHub's private key.

import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { createFakeGitHub } from '../support/fake-github.ts';
import { createHandOnWorld } from '../support/hand-on.ts';

const JSON_FIELDS = { AWS_ACCESS_KEY_ID: 'accessKeyId', AWS_SECRET_ACCESS_KEY: 'secretAccessKey' };

async function start(secrets: object, more: object = {}) {
  const github = await createFakeGitHub();
  const destinations = [{ github: 'acme/shop', token: 'shop/github-app', secrets, ...more }];
  const made = await createHandOnWorld({ destinations, fetch: github.fetch });
  const { secrets: client } = made.world.runtime('operator').aws;
  await client.send(new CreateSecretCommand({ Name: 'shop/github-app', SecretString: github.appSecret }));
  const key = () => made.world.aws.iam.secretAccessKeyOf(made.currentKeyId());
  return { github, made, key };
}

describe('GitHub Actions', () => {
  it('gets one secret with JSON, sealed for it alone', async () => {
    const { github, made, key } = await start({ AWS_ACCESS_KEY: JSON_FIELDS });
    await made.invoke();
    const value = { AWS_ACCESS_KEY_ID: made.currentKeyId(), AWS_SECRET_ACCESS_KEY: key() };
    expect([...github.secrets]).toEqual([['acme/shop/actions AWS_ACCESS_KEY', JSON.stringify(value)]]);
    const sent = JSON.stringify(made.asked);
    expect(sent).not.toContain(key());
    expect(made.tag()).toContain(' done ');
  });

  it('gets two secrets, those of an environment too', async () => {
    const { github, made, key } = await start(JSON_FIELDS, { environment: 'prod eu' });
    await made.invoke();
    expect([...github.secrets]).toEqual([
      ['acme/shop/environments/prod%20eu AWS_ACCESS_KEY_ID', made.currentKeyId()],
      ['acme/shop/environments/prod%20eu AWS_SECRET_ACCESS_KEY', key()],
    ]);
  });

  it('is asked twice again for what passes by itself, as long as it says', async () => {
    const { github, made } = await start({ AWS_ACCESS_KEY: JSON_FIELDS });
    github.failures.push({ of: 'token', status: 429, headers: { 'retry-after': '7' } }, { of: 'token', status: 502 });
    const from = made.world.aws.clock.now();
    await made.invoke();
    expect(made.world.aws.clock.now() - from).toBeGreaterThan(8_000);
    expect(github.secrets.size).toBe(1);
  });

  it.each([401, 404, 422])('that answers %i: told of, with the call and without a value', async (status) => {
    const { github, made, key } = await start(JSON_FIELDS);
    github.failures.push({ of: 'public-key', status });
    await expect(made.invoke()).rejects.toThrow('destination-failed');
    const said = JSON.stringify(made.world.aws.sns.published);
    expect(said).toContain(`GitHub answered ${status} to GET /repos/acme/shop/actions/secrets/public-key`);
    expect(said).not.toContain(key());
    expect(said).not.toContain('installation-token');
    expect(github.secrets.size).toBe(0);
  });

  it('whose second name fails is tried until the time is up; then it is critical, since it has half of a pair', async () => {
    const { github, made } = await start(JSON_FIELDS);
    github.failures.push(...Array.from({ length: 99 }, () => ({ of: 'AWS_SECRET_ACCESS_KEY', status: 500 })));
    await expect(made.invoke()).rejects.toThrow('handed-on-half');
    const told = made.world.aws.sns.published.at(-1)?.message.default;
    expect(JSON.parse(told ?? '{}')).toMatchObject({ severity: 'critical', reason: 'handed-on-half' });
    expect(github.failures.length).toBeLessThan(90);
    github.failures.length = 0;
    made.world.aws.clock.advance(15 * 60_000);
    await made.invoke();
    expect(github.secrets.size).toBe(2);
  });

  it('whose second name fails once is written in the end', async () => {
    const { github, made } = await start(JSON_FIELDS);
    github.failures.push({ of: 'AWS_SECRET_ACCESS_KEY', status: 404 });
    await made.invoke();
    expect(github.secrets.size).toBe(2);
  });
});
