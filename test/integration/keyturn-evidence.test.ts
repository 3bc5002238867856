// cli/commands/evidence.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { operatorCredentials } from '../../local/aws/principals.ts';
import type { LocalServer } from '../../local/aws/server.ts';
import { startLocal } from '../../local/main.ts';
import { keyturn } from '../support/terminal.ts';

let server: LocalServer;

beforeAll(async () => {
  server = await startLocal({ port: 0, print: () => {} });
});
afterAll(() => server.close());
beforeEach(async () => {
  await control('faults', []);
  await control('reset');
});

function control(route: string, body: unknown = {}): Promise<Response> {
  return fetch(`${server.url}/_local/${route}`, { method: 'POST', body: JSON.stringify(body) });
}

const refuse = (service: string, operation: string) =>
  control('faults', [
    { service, operation, times: 99, fault: { kind: 'error', status: 403, code: 'AccessDeniedException' } },
  ]);

function evidence(...args: string[]) {
  const environment = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
  };
  return keyturn(['evidence', ...args, '--stage', 'local'], { environment });
}

describe('run', () => {
  it('collects once more, and says where it lies and which head to keep', async () => {
    const { code, stdout, stderr } = await evidence('run');
    expect(stdout).toMatch(
      /^\d+ pass, \d+ fail, \d+ not applicable\.\nFiles {3}111122223333\/runs\/\S+\/\nDigest {2}111122223333\/chain\/0{9}1\.jsonl\nHead {4}1:[0-9a-f]{64}\n$/,
    );
    expect(stderr).toContain('keyturn-local-evidence-collector in account 111122223333');
    expect(code).toBe(0);
  });

  it('prints the answer as it is with --json', async () => {
    const { code, stdout } = await evidence('run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ isComplete: true, head: { sequence: 1 } });
    expect(code).toBe(0);
  });

  it('ends with 1 if something is not known, whoever refused it', async () => {
    await refuse('cloudtrail', 'DescribeTrails');
    const { code, stderr } = await evidence('run');
    expect(stderr).toContain('is incomplete');
    expect(stderr).toContain('cloudtrail:DescribeTrails');
    expect(code).toBe(1);
  });

  it('ends with 77 where the bucket may not be written to', async () => {
    await refuse('s3', 'PutObject');
    const { code, stderr } = await evidence('run');
    expect(stderr).toContain('s3:PutObject');
    expect(code).toBe(77);
  });

  it('prints the command of the AWS CLI, and asks nothing', async () => {
    const { code, stdout, stderr } = await evidence('run', '--print');
    expect(stdout).toBe(
      "printf %s '{}' | aws lambda invoke --function-name keyturn-local-evidence-collector --region eu-west-1 " +
        '--cli-read-timeout 910 --payload fileb:///dev/stdin /dev/stdout\n',
    );
    expect([code, stderr]).toEqual([0, '']);
    const inMember = await evidence('run', '--print', '--account', '444455556666');
    expect(inMember.stdout).toContain(`printf %s '{"accountId":"444455556666"}' | aws lambda invoke`);
  });
});

describe('test', () => {
  it('has a line for each permission', async () => {
    const { code, stdout } = await evidence('test');
    expect(stdout).toMatch(/^✔ ok {8}iam:GenerateCredentialReport\n/);
    expect(stdout).toMatch(/^– not asked s3:GetEncryptionConfiguration {2}There is no other bucket/m);
    expect(stdout).toMatch(/^✔ ok {8}s3:PutObject$/m);
    expect(code).toBe(0);
  });

  it('ends with 3 if one is refused, and says the way out', async () => {
    await refuse('iam', 'ListVirtualMFADevices');
    const { code, stdout } = await evidence('test');
    expect(stdout).toMatch(/^✖ refused {3}iam:ListVirtualMFADevices {2}Cannot call .* Add iam:ListVirtualMFADevices/m);
    expect(code).toBe(3);
    expect(JSON.parse((await evidence('test', '--json')).stdout)).toMatchObject({ isConnected: false });
  });

  it('prints the command of the AWS CLI', async () => {
    expect((await evidence('test', '--print')).stdout).toContain(`printf %s '{"action":"test"}' | aws lambda invoke`);
  });
});
