import { createVerify, generateKeyPairSync } from 'node:crypto';
import sodium from 'libsodium-wrappers';

/** GitHub as a hand-on speaks to it: an App's token, a public key, and secrets that only GitHub can open. */
export interface FakeGitHub {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** What the secret of the App holds. */
  appSecret: string;
  /** `repository/environment NAME` → the value, opened. */
  secrets: Map<string, string>;
  /** Statuses to answer instead, in turn: to a PUT of this name, or `token`. */
  failures: { of: string; status: number; headers?: Record<string, string> }[];
}

const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

function isSigned(authorization: string): boolean {
  const [head = '', claims = '', signature = ''] = authorization.replace('Bearer ', '').split('.');
  const { iss, exp, iat } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const isOurs = createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(pair.publicKey, signature, 'base64url');
  return isOurs && iss === '12' && exp - iat <= 600;
}

export async function createFakeGitHub(): Promise<FakeGitHub> {
  await sodium.ready;
  const box = sodium.crypto_box_keypair();
  const github: FakeGitHub = {
    appSecret: JSON.stringify({ appId: '12', installationId: '34', privateKey: pair.privateKey }),
    secrets: new Map(),
    failures: [],
    async fetch(url, init) {
      const { pathname } = new URL(url);
      const authorization = new Headers(init.headers).get('authorization') ?? '';
      const name = pathname.endsWith('/access_tokens') ? 'token' : (pathname.split('/').at(-1) ?? '');
      const failing = github.failures.findIndex(({ of }) => of === name);
      if (failing >= 0) {
        const [{ status, headers = {} } = { status: 500 }] = github.failures.splice(failing, 1);
        return new Response('no', { status, headers });
      }
      if (name === 'token') {
        return isSigned(authorization) ? json(201, { token: 'installation-token' }) : json(401, {});
      }
      if (authorization !== 'Bearer installation-token') return json(401, {});
      const [, place] = /^\/repos\/(.+)\/secrets\/[^/]+$/.exec(pathname) ?? [];
      if (place === undefined) return json(404, {});
      if (name === 'public-key') return json(200, { key_id: 'k1', key: Buffer.from(box.publicKey).toString('base64') });
      const { encrypted_value, key_id } = JSON.parse(String(init.body));
      if (key_id !== 'k1') return json(422, {});
      const sealed = Buffer.from(encrypted_value, 'base64');
      const opened = sodium.crypto_box_seal_open(sealed, box.publicKey, box.privateKey);
      github.secrets.set(`${place} ${name}`, Buffer.from(opened).toString());
      return new Response(null, { status: 204 });
    },
  };
  return github;
}
