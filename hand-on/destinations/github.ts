import { createSign } from 'node:crypto';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { type Instant, MINUTE, SECOND } from '../../shared/core/time.ts';
import * as z from '../../shared/core/zod.ts';
import type { GitHubDestination } from '../hand-on-file.ts';
import { fieldValue, jsonOf, type Pair } from '../pair.ts';
import type { HandOnRuntime } from '../runtime.ts';

const API = 'https://api.github.com';
const CALL_MS = 10 * SECOND;
const RETRIES = 2;
/** Left for what comes after: the message, and the end of the function. */
const LEFT = 20 * SECOND;

const app = z.jsonText(z.string(), z.object({ appId: z.string(), installationId: z.string(), privateKey: z.string() }));
const installation = z.object({ token: z.string() });
const publicKey = z.object({ key_id: z.string(), key: z.string() });

/** Some names are written and others are not: a job gets half of a pair. */
export class HalfWritten extends Error {
  override readonly name = 'HalfWritten';
}

interface Access {
  runtime: HandOnRuntime;
  deadlineAt: Instant;
  token: string;
}

/**
 * Every value is encrypted before the first one is sent, so that what can fail by itself fails before anything is half
 * done. Values cannot be read back: 201 and 204 are what is known.
 */
export async function writeGitHub(
  runtime: HandOnRuntime,
  destination: GitHubDestination,
  { pair, deadlineAt }: { pair: Pair; deadlineAt: Instant },
): Promise<void> {
  const { github, environment, secrets } = destination;
  const token = await installationToken(runtime, destination.token, deadlineAt);
  const access = { runtime, deadlineAt, token };
  const place = environment === undefined ? '/actions' : `/environments/${encodeURIComponent(environment)}`;
  const base = `/repos/${github}${place}/secrets`;
  const { key_id, key } = publicKey.parse(await call(access, 'GET', `${base}/public-key`));
  const seal = await sealer(key);
  const sealed = Object.entries(secrets).map(([name, wanted]) => {
    const value = typeof wanted === 'string' ? fieldValue(pair, wanted) : jsonOf(pair, wanted);
    return { name, body: { encrypted_value: seal(value), key_id } };
  });
  for (const [index, { name, body }] of sealed.entries()) {
    if (index === 0) await call(access, 'PUT', `${base}/${name}`, body);
    else await insist(access, `${base}/${name}`, body);
  }
}

/** What follows a first name is tried as long as there is time. */
async function insist(access: Access, path: string, body: object): Promise<void> {
  const { runtime, deadlineAt } = access;
  for (;;) {
    try {
      await call(access, 'PUT', path, body);
      return;
    } catch (error) {
      if (runtime.clock() + CALL_MS > deadlineAt - LEFT) {
        throw new HalfWritten(`${path} was not written, and what was written before it is of the new key.`, {
          cause: error,
        });
      }
      await runtime.sleep(CALL_MS);
    }
  }
}

/** libsodium is half a megabyte, and most users need none of it. */
async function sealer(key: string): Promise<(value: string) => string> {
  const { default: sodium } = await import('libsodium-wrappers');
  await sodium.ready;
  const recipient = sodium.from_base64(key, sodium.base64_variants.ORIGINAL);
  return (value) => sodium.to_base64(sodium.crypto_box_seal(value, recipient), sodium.base64_variants.ORIGINAL);
}

/** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app */
async function installationToken(runtime: HandOnRuntime, secretId: string, deadlineAt: Instant): Promise<string> {
  const answer = await runtime.aws.secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
  const { appId, installationId, privateKey } = app.parse(answer.SecretString);
  const now = Math.floor(runtime.clock() / SECOND);
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  // A minute back: clocks differ, and GitHub refuses a token from its future.
  const claims = { iat: now - MINUTE / SECOND, exp: now + (5 * MINUTE) / SECOND, iss: appId };
  const unsigned = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  const signature = createSign('RSA-SHA256').update(unsigned).sign(privateKey, 'base64url');
  const access = { runtime, deadlineAt, token: `${unsigned}.${signature}` };
  const path = `/app/installations/${encodeURIComponent(installationId)}/access_tokens`;
  return installation.parse(await call(access, 'POST', path)).token;
}

/** Twice again for what passes by itself. The error names the call and the status, and nothing of what it carried. */
async function call(access: Access, method: string, path: string, body?: object): Promise<unknown> {
  const { runtime, token } = access;
  for (let tried = 0; ; tried++) {
    const response = await runtime.fetch(`${API}${path}`, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': 'keyturn-hand-on',
        'x-github-api-version': '2022-11-28',
      },
      signal: AbortSignal.timeout(CALL_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.ok) return response.status === 204 ? undefined : await response.json().catch(() => undefined);
    const passes = response.status === 429 || response.status >= 500;
    const wait = Number(response.headers.get('retry-after') ?? 1) * SECOND;
    if (!passes || tried >= RETRIES || runtime.clock() + wait + CALL_MS > access.deadlineAt - LEFT) {
      throw new Error(`GitHub answered ${response.status} to ${method} ${path}.`);
    }
    await runtime.sleep(wait);
  }
}
