// Tests of shared/core/smtp.ts against Python, the language in which AWS gives the algorithm.

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { smtpPassword } from '../../shared/core/smtp.ts';
import { regionNames, secretAccessKeys } from '../support/smtp.ts';

const COUNT = 10_000;

/** One password a line, of one secret and one Region a line. */
const PYTHON = `
import base64, functools, hmac, sys

for line in sys.stdin:
    secret, region = line.split()
    steps = ("11111111", region, "ses", "aws4_request", "SendRawEmail")
    key = functools.reduce(lambda key, step: hmac.digest(key, step.encode(), "sha256"), steps, b"AWS4" + secret.encode())
    print(base64.b64encode(b"\\x04" + key).decode())
`;

const hasPython = spawnSync('python3', ['--version']).status === 0;

it.skipIf(!hasPython)(`${COUNT} SMTP passwords of SES are those of Python`, () => {
  const pairs = fc.sample(fc.tuple(secretAccessKeys, regionNames), { numRuns: COUNT, seed: 13 });
  const input = pairs.map((pair) => `${pair.join(' ')}\n`).join('');
  const { stdout, stderr } = spawnSync('python3', ['-c', PYTHON], { input, encoding: 'utf8', maxBuffer: 2 ** 24 });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual(pairs.map(([secret, region]) => smtpPassword(secret, region)));
});
