// cli/commands/hand-on.ts

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { EventError, RotationError } from '../../shared/core/errors.ts';
import { keyturn, type Typing } from '../support/terminal.ts';

const aws = createLocalAws({ now: Date.UTC(2026, 10, 29), ticking: true });
let server: LocalServer;
let asked: unknown[];

beforeAll(async () => {
  server = await startServer(aws);
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  answers('handed-on');
});

/** What the deployed function says; an error is thrown by it. */
function answers(said: string | Error): void {
  aws.lambda.deploy({
    functionName: 'keyturn-hand-on-shop',
    roleArn: 'arn:aws:iam::111122223333:role/keyturn-hand-on-shop',
    environment: {},
    handler: async (event) => {
      asked.push(event);
      if (typeof said !== 'string') throw said;
      return { schemaVersion: 1, users: [{ userName: 'ci-shop', outcome: said }], notTried: [] };
    },
  });
}

function run(args: readonly string[], typing: Typing = {}) {
  const environment = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
  };
  return keyturn(['hand-on', ...args], { environment, now: aws.clock.now(), ...typing });
}

describe('keyturn hand-on', () => {
  it('asks by which function and where, and then asks the function once', async () => {
    const ran = await run(['ci-shop', '--domain', 'shop'], {
      answers: [{ to: /Write the current key of ci-shop/, keys: 'y' }],
    });
    expect(ran.stderr.replace(/\s+/g, ' ')).toContain('keyturn-hand-on-shop in account 111122223333');
    expect(ran.stdout).toBe('The key of ci-shop is at all its destinations.\n');
    expect(ran.code).toBe(0);
    expect(asked).toEqual([{ userName: 'ci-shop', force: true }]);
  });

  it('does nothing without a yes', async () => {
    const ran = await run(['ci-shop', '--domain', 'shop'], {
      answers: [{ to: /Write the current key of ci-shop/, keys: 'n' }],
    });
    expect([ran.code, asked]).toEqual([1, []]);
    expect((await run(['ci-shop', '--domain', 'shop'])).code).toBe(64);
    expect(asked).toEqual([]);
  });

  it('prints what the function answers with --json', async () => {
    answers('later');
    const ran = await run(['ci-shop', '--domain', 'shop', '--yes', '--json']);
    expect(JSON.parse(ran.stdout).users).toEqual([{ userName: 'ci-shop', outcome: 'later' }]);
    expect(ran.code).toBe(75);
  });

  it.each<[string, Error, number]>([
    ['a failure', new RotationError('Not handed on: ci-shop: not-a-reader.'), 1],
    ['a user whom it does not know', new EventError('userName: ci-shop is not in hand-on.yml.'), 64],
  ])('says %s in its words', async (_, error, code) => {
    answers(error);
    const ran = await run(['ci-shop', '--domain', 'shop', '--yes']);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(error.message)]);
  });

  it.each([[['ci-shop']], [['ci-shop', '--domain', 'Shop']], [['a b', '--domain', 'shop', '--yes']]])(
    'refuses %j with 64',
    async (args) => {
      expect((await run(args)).code).toBe(64);
      expect(asked).toEqual([]);
    },
  );

  it('a domain that is not deployed is said, with 64', async () => {
    const ran = await run(['ci-shop', '--domain', 'other', '--yes']);
    expect(ran.code).toBe(64);
    expect(ran.stderr).toContain('keyturn-hand-on-other');
  });
});
