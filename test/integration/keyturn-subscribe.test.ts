// cli/commands/subscribe.ts
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { keyturn } from '../support/terminal.ts';

const aws = createLocalAws();
let server: LocalServer;
beforeAll(async () => {
  server = await startServer(aws);
});
afterAll(() => server.close());

function subscribe(...args: string[]) {
  const environment = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
  };
  return keyturn(['subscribe', ...args], { environment });
}

const alice = ['--user', 'alice', '--email', 'alice@example.com'];

it('subscribes, and says what is left to do on stderr', async () => {
  const topicArn = aws.sns.addTopic('keyturn-prod', []);
  const ran = await subscribe(...alice, '--stage', 'prod');
  expect(ran).toMatchObject({
    code: 0,
    stdout: `alice@example.com is subscribed to the messages about user alice, on ${topicArn}.\n`,
  });
  expect(ran.stderr).toContain('It gets none until it is confirmed');
  expect(aws.sns.subscriptions(topicArn)).toHaveLength(1);
  // The way out is AWS's refusal, read through the clients that make sentences of it.
  const other = await subscribe('--user', 'bob', '--email', 'alice@example.com', '--topic', topicArn);
  expect(other).toMatchObject({ code: 64, stdout: '' });
  expect(other.stderr).toContain('confirm that one, then run this again');
});

it('prints one document with --json', async () => {
  aws.sns.addTopic('keyturn-json', []);
  const { stdout } = await subscribe(
    '--owner',
    'team-a',
    '--email',
    'a@example.com',
    '--stage',
    'json',
    '--json',
    '-q',
  );
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, message: expect.stringContaining('team-a') });
});

it.each([
  [['--user', 'alice'], '--email is missing'],
  [['--email', 'a@example.com'], 'Neither --user nor --owner is given'],
  [[...alice, '--stage', 'nobody'], 'There is no topic'],
  [[...alice, '--profile', 'a', '--profile', 'b'], '--profile: this acts in one account'],
])('%j is refused', async (args, said) => {
  const ran = await subscribe(...args);
  expect(ran).toMatchObject({ code: 64, stdout: '' });
  expect(ran.stderr).toContain(said);
});
