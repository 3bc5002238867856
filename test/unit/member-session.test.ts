// Tests of shared/aws/member-session.ts, shared/aws/clients.ts and shared/core/fleet/member-roles.ts.

import { globSync, readFileSync } from 'node:fs';
import { GetUserCommand } from '@aws-sdk/client-iam';
import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { PublishCommand } from '@aws-sdk/client-sns';
import { GetAccessKeyInfoCommand } from '@aws-sdk/client-sts';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { describe, expect, it } from 'vitest';
import type { SdkRequest, SdkRequestHandler } from '../../local/aws/connection.ts';
import { createAws } from '../../shared/aws/clients.ts';
import { type InAccount, isRefusedRole, takeRole } from '../../shared/aws/member-session.ts';
import { aboutUser } from '../../shared/core/errors.ts';

const MEMBER = '444455556666';
const SESSION = { accessKeyId: 'ASIAMEMBER', secretAccessKey: 'of-the-member', sessionToken: 'token' };
const target: InAccount = {
  ...{ accountId: MEMBER, region: 'eu-central-1', role: 'rotate', roleSuffix: '-a', externalId: 'c0ffee' },
  ...{ sessionName: 'keyturn-rotation-worker-1', durationSeconds: 900, policy: '{}' },
};

interface Seen {
  host: string | undefined;
  accessKeyId: string | undefined;
  token: string | undefined;
  body: string;
}

type Answer = (input: URLSearchParams) => { status: number; body: string };

const session: Answer = (input) => ({
  status: 200,
  body: `<AssumeRoleResponse><AssumeRoleResult>
    <Credentials><AccessKeyId>${SESSION.accessKeyId}</AccessKeyId><SecretAccessKey>${SESSION.secretAccessKey}</SecretAccessKey>
    <SessionToken>${SESSION.sessionToken}</SessionToken><Expiration>2026-01-01T00:15:00Z</Expiration></Credentials>
    <AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::${MEMBER}:assumed-role/keyturn-rotate-a/${input.get('RoleSessionName')}</Arn></AssumedRoleUser>
  </AssumeRoleResult></AssumeRoleResponse>`,
});

const error =
  (status: number, code: string): Answer =>
  () => ({ status, body: `<ErrorResponse><Error><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>` });

/** The hub's clients, and what went over the wire; AWS answers AssumeRole as told, the last answer again and again. */
function hub(...answers: Answer[]) {
  const seen: Seen[] = [];
  const asked: URLSearchParams[] = [];
  const answerTo = (body: string): { status: number; body: string } => {
    const input = new URLSearchParams(body);
    if (input.get('Action') !== 'AssumeRole')
      return { status: 200, body: '<r><GetUserResult><User/></GetUserResult></r>' };
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? session;
    asked.push(input);
    return answer(input);
  };
  const requestHandler: SdkRequestHandler = {
    async handle({ headers, body }: SdkRequest) {
      const isJson = headers['x-amz-target'] !== undefined;
      const text = typeof body === 'string' ? body : body instanceof Uint8Array ? new TextDecoder().decode(body) : '';
      const accessKeyId = /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1];
      seen.push({ host: headers.host, accessKeyId, token: headers['x-amz-security-token'], body: text });
      const answer = isJson ? { status: 200, body: '{}' } : answerTo(text);
      return { response: { statusCode: answer.status, headers: {}, body: Buffer.from(answer.body) } };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
    metadata: { handlerProtocol: 'http/1.1' },
  };
  const retryStrategy = new ConfiguredRetryStrategy(3, () => 0);
  const credentials = { accessKeyId: 'ASIAHUB', secretAccessKey: 'of-the-hub' };
  return { seen, asked, aws: createAws({ requestHandler, region: 'eu-west-1', credentials, retryStrategy }) };
}

const alice = new GetUserCommand({ UserName: 'alice' });
const mac = new GenerateMacCommand({ KeyId: 'alias/x', MacAlgorithm: 'HMAC_SHA_256', Message: new Uint8Array([1]) });

describe('the clients of a member', () => {
  it('are the member’s for IAM and secrets, there where its secrets are, and one session serves them all', async () => {
    const { aws, seen, asked } = hub();
    const member = aws.inAccount(target);
    await Promise.all([
      member.iam.send(alice),
      member.iamOnce.send(alice),
      member.secrets.send(new ListSecretsCommand()),
    ]);
    expect(asked).toHaveLength(1);
    const calls = seen.filter(({ accessKeyId }) => accessKeyId === SESSION.accessKeyId);
    expect(calls.map(({ token }) => token)).toEqual(['token', 'token', 'token']);
    expect(calls.map(({ host }) => host)).toContain('secretsmanager.eu-central-1.amazonaws.com');
  });

  it('are the hub’s for topics, queues, keys and STS', async () => {
    const { aws, seen } = hub();
    const member = aws.inAccount(target);
    await member.sns.send(new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:1:t', Message: 'x' }));
    await member.sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: 'AKIA0000000000000000' }));
    await member.homeClientOf((options) => new KMSClient(options)).send(mac);
    expect(seen.map(({ accessKeyId }) => accessKeyId)).toEqual(['ASIAHUB', 'ASIAHUB', 'ASIAHUB']);
    expect(seen.map(({ host }) => host?.split('.')[1])).toEqual(['eu-west-1', 'eu-west-1', 'eu-west-1']);
  });

  it('are the member’s for whatever else belongs to an account', async () => {
    const { aws, seen } = hub();
    await aws
      .inAccount(target)
      .clientOf((options) => new KMSClient(options))
      .send(mac);
    expect(seen.at(-1)).toMatchObject({ accessKeyId: SESSION.accessKeyId, host: 'kms.eu-central-1.amazonaws.com' });
  });

  it('count their calls with the hub’s', async () => {
    const { aws } = hub();
    await aws.inAccount(target).iam.send(alice);
    expect([...aws.counts]).toEqual([
      ['iam:GetUser', 1],
      ['sts:AssumeRole', 1],
    ]);
  });

  it('lead to other members as the hub’s do', async () => {
    const { aws, seen } = hub();
    await aws.inAccount(target).inAccount(target).iam.send(alice);
    expect(seen[0]).toMatchObject({ accessKeyId: 'ASIAHUB' });
  });
});

describe('a session', () => {
  it('is asked for by role, external ID of the account, name, policy and duration', async () => {
    const { aws, asked } = hub();
    await aws.inAccount(target).iam.send(alice);
    const { Action: _, Version: _version, ...input } = Object.fromEntries(asked[0] ?? []);
    expect(input).toEqual({
      RoleArn: `arn:aws:iam::${MEMBER}:role/keyturn/keyturn-rotate-a`,
      RoleSessionName: 'keyturn-rotation-worker-1',
      ExternalId: `c0ffee/${MEMBER}`,
      DurationSeconds: '900',
      Policy: '{}',
    });
  });

  it('is never renewed, however old it is', async () => {
    const { aws, asked } = hub();
    const { iam } = aws.inAccount(target);
    // It ended long ago by the machine's clock.
    for (let i = 0; i < 3; i++) await iam.send(alice);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['account', `arn:aws:sts::111122223333:assumed-role/keyturn-rotate-a/keyturn-rotation-worker-1`],
    ['role', `arn:aws:sts::${MEMBER}:assumed-role/admin/keyturn-rotation-worker-1`],
    ['name', `arn:aws:sts::${MEMBER}:assumed-role/keyturn-rotate-a/another`],
    ['partition', `arn:aws-cn:sts::${MEMBER}:assumed-role/keyturn-rotate-a/keyturn-rotation-worker-1`],
  ])('of another %s is not used', async (_, arn) => {
    const { aws, seen } = hub((input) => {
      const answer = session(input);
      return { ...answer, body: answer.body.replace(/<Arn>.*<\/Arn>/, `<Arn>${arn}</Arn>`) };
    });
    const call = aws.inAccount(target).iam.send(alice);
    await expect(call).rejects.toMatchObject({
      name: 'RotationError',
      message: `Cannot use keyturn-rotate-a in ${MEMBER}: the session is of ${arn}.`,
      facts: { accountId: MEMBER, action: 'sts:AssumeRole' },
    });
    expect(seen.filter(({ accessKeyId }) => accessKeyId === SESSION.accessKeyId)).toEqual([]);
  });

  it('without credentials is none', async () => {
    const { aws } = hub((input) => {
      const answer = session(input);
      return { ...answer, body: answer.body.replace(/<SessionToken>.*<\/SessionToken>/, '') };
    });
    await expect(aws.inAccount(target).iam.send(alice)).rejects.toThrow('AWS gave no credentials');
  });

  it('is asked for without an external ID where the refusal is what is wanted', async () => {
    const { aws, asked } = hub(error(403, 'AccessDenied'));
    const { externalId: _, ...without } = target;
    await expect(takeRole(aws.sts, without)).rejects.toSatisfy(isRefusedRole);
    expect(asked[0]?.has('ExternalId')).toBe(false);
  });
});

describe('a role that AWS refuses', () => {
  const start = 1_000_000;
  const remembering = () => {
    const until = new Map<string, number>();
    const clock = { now: start };
    return { clock, of: { ...target, refused: { until, clock: () => clock.now } } };
  };

  it('is told from every other failure, and says what to do', async () => {
    const { aws } = hub(error(403, 'AccessDenied'));
    const call = aws.inAccount(target).iam.send(alice);
    await expect(call).rejects.toSatisfy(isRefusedRole);
    await expect(call).rejects.toMatchObject({ isDefinite: true, isTransient: false, facts: { accountId: MEMBER } });
    await expect(call).rejects.toThrow(
      `Cannot take keyturn-rotate-a in ${MEMBER}: AWS refuses. The role is not there yet, its trust was changed, or a policy denies it. \`keyturn fleet check --account ${MEMBER}\` says what to do.`,
    );
    expect(isRefusedRole(aboutUser(await call.catch((e: unknown) => e), 'Cannot rotate alice', {}))).toBe(true);
  });

  it('is named with the account as people know it, in one line', async () => {
    const { aws } = hub(error(403, 'AccessDenied'));
    const call = aws.inAccount({ ...target, accountName: 'payments\n  prod' }).iam.send(alice);
    await expect(call).rejects.toThrow(`in ${MEMBER} (payments prod): AWS refuses.`);
  });

  it('is not asked for again for a minute, in the whole container', async () => {
    const { aws, asked } = hub(error(403, 'AccessDenied'), session);
    const { clock, of } = remembering();
    await expect(aws.inAccount(of).iam.send(alice)).rejects.toSatisfy(isRefusedRole);
    clock.now = start + 59_999;
    await expect(aws.inAccount(of).iam.send(alice)).rejects.toSatisfy(isRefusedRole);
    expect(asked).toHaveLength(1);
    clock.now = start + 60_000;
    await aws.inAccount(of).iam.send(alice);
    expect(asked).toHaveLength(2);
  });

  it('refuses neither the account’s other role nor another account’s', async () => {
    const { aws, asked } = hub(error(403, 'AccessDenied'));
    const { of } = remembering();
    await expect(aws.inAccount(of).iam.send(alice)).rejects.toSatisfy(isRefusedRole);
    await expect(aws.inAccount({ ...of, role: 'observe' }).iam.send(alice)).rejects.toSatisfy(isRefusedRole);
    await expect(aws.inAccount({ ...of, accountId: '777788889999' }).iam.send(alice)).rejects.toSatisfy(isRefusedRole);
    expect(asked).toHaveLength(3);
  });

  it('is not one that AWS did not answer, or was too busy to give', async () => {
    for (const answer of [error(400, 'Throttling'), error(500, 'InternalFailure')]) {
      const { aws, asked } = hub(answer, answer, session);
      await aws.inAccount(remembering().of).iam.send(alice);
      expect(asked).toHaveLength(3);
    }
  });

  it('is not one whose request was wrong', async () => {
    const { aws, asked } = hub(error(400, 'PackedPolicyTooLarge'));
    const { of } = remembering();
    for (let i = 0; i < 2; i++) {
      const call = aws.inAccount(of).iam.send(alice);
      await expect(call).rejects.toMatchObject({ code: 'PackedPolicyTooLargeException', isTransient: false });
      await expect(call).rejects.not.toSatisfy(isRefusedRole);
    }
    expect(asked).toHaveLength(2);
  });
});

it('one file takes roles', () => {
  const taking = globSync('{shared,functions,cli}/**/*.ts').filter((file) =>
    readFileSync(file, 'utf8').includes('AssumeRoleCommand'),
  );
  expect(taking.sort()).toEqual(['shared/aws/member-session.ts']);
});
