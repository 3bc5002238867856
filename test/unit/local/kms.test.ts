// local/aws/kms.ts, local/aws/kms-keys.ts, local/aws/kms-signing.ts, local/aws/state-key.ts

import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  GenerateMacCommand,
  type GenerateMacCommandInput,
  GetPublicKeyCommand,
  SignCommand,
  type SignCommandInput,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { type FunctionName, functionCredentials, rootCredentials } from '../../../local/aws/principals.ts';
import { stateKeyAlias } from '../../../local/aws/state-key.ts';
import { clientsOf, refusal, setUp } from './clients.ts';

const alias = 'alias/keyturn-state';
const Message = Buffer.from('keyturn');
const generate = (KeyId: string, more: Partial<GenerateMacCommandInput> = {}) =>
  new GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256', ...more });

function setUpKms(options: Parameters<typeof setUp>[0] = {}) {
  const local = setUp(options);
  const as = (credentials: Parameters<typeof clientsOf>[1]) => clientsOf(local.aws.connect('x'), credentials).kms;
  const worker = as(functionCredentials('rotation-worker'));
  const macOf = async (KeyId = alias) => Buffer.from((await worker.send(generate(KeyId))).Mac ?? []).toString('base64');
  return { ...local, as, worker, macOf, key: local.aws.kms.find(alias) };
}

describe('a key that signs', () => {
  const signing = 'alias/evidence';
  const signed = (more: Partial<SignCommandInput> = {}) =>
    new SignCommand({ KeyId: signing, Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256', ...more });

  test('signs what its public key verifies, and nothing else', async () => {
    const { aws, kms } = setUpKms();
    const { arn } = aws.kms.addSigningKey({ alias: signing });
    const { Signature = new Uint8Array(), KeyId } = await kms.send(signed());
    expect(KeyId).toBe(arn);
    const { PublicKey = new Uint8Array(), KeySpec } = await kms.send(new GetPublicKeyCommand({ KeyId: signing }));
    expect(KeySpec).toBe('ECC_NIST_P256');
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
    expect(verify('sha256', Message, key, Signature)).toBe(true);
    expect(verify('sha256', Buffer.from('other'), key, Signature)).toBe(false);
  });

  test('with DryRun only says that it would', async () => {
    const { aws, kms } = setUpKms();
    aws.kms.addSigningKey({ alias: signing });
    expect(await refusal(kms.send(signed({ DryRun: true })))).toMatchObject({ name: 'DryRunOperationException' });
  });

  test('makes no MAC, and a key of MACs does not sign', async () => {
    const { aws, kms, worker } = setUpKms();
    aws.kms.addSigningKey({ alias: signing });
    const usage = { name: 'InvalidKeyUsageException' };
    expect(await refusal(kms.send(generate(signing)))).toMatchObject(usage);
    aws.kms.addHmacKey({ alias: 'alias/mac' });
    expect(await refusal(kms.send(signed({ KeyId: 'alias/mac' })))).toMatchObject(usage);
    expect(await refusal(kms.send(signed({ MessageType: 'DIGEST' })))).toMatchObject({ name: 'ValidationException' });
    expect(await refusal(worker.send(signed({ KeyId: alias })))).toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('the key of the state', () => {
  test.each<FunctionName>([
    'rotation-worker',
    'rotate-user',
    'exposed-key',
    'secret-rotation',
    'scheduled-rotation',
    'config-rule',
  ])('makes MACs for %s', async (name) => {
    const { as, key } = setUpKms();
    const answer = await as(functionCredentials(name)).send(generate(alias));
    expect(answer).toMatchObject({ KeyId: key?.arn, MacAlgorithm: 'HMAC_SHA_256' });
    expect(answer.Mac).toHaveLength(32);
  });

  test('makes none for config-remediation, people, look-alikes and root', async () => {
    const { aws, as, kms } = setUpKms();
    const [user = { accessKeyId: '', secretAccessKey: '' }] = aws.iam.addUser({ userName: 'alice', keys: [{}] }).keys;
    const others = [
      kms,
      as(functionCredentials('config-remediation')),
      as(aws.iam.addRole({ name: 'keyturn-rotation-worker' })),
      as(user),
      as(rootCredentials),
    ];
    for (const other of others) {
      expect(await refusal(other.send(generate(alias)))).toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('because no resource-based policy allows the kms:GenerateMac action'),
      });
    }
    expect(aws.kms.macs).toEqual([]);
  });

  test('is the same by ID, ARN and alias, and differs by message and by seed', async () => {
    const { macOf, key, aws, worker } = setUpKms();
    const mac = await macOf();
    expect(await macOf(key?.keyId)).toBe(mac);
    expect(await macOf(key?.arn)).toBe(mac);
    expect(await macOf(`arn:aws:kms:eu-west-1:111122223333:${alias}`)).toBe(mac);
    expect(await setUpKms().macOf()).toBe(mac);
    expect(await setUpKms({ seed: 2 }).macOf()).not.toBe(mac);
    await worker.send(generate(alias, { Message: createHash('sha256').digest() }));
    expect(new Set(aws.kms.macs).size).toBe(2);
  });

  test('is verified by whom its policy lets', async () => {
    const { aws, kms } = setUpKms();
    aws.kms.addHmacKey({ alias: 'alias/open' });
    const { Mac } = await kms.send(generate('alias/open'));
    const verify = (bytes: Uint8Array | undefined) =>
      kms.send(new VerifyMacCommand({ KeyId: 'alias/open', Message, MacAlgorithm: 'HMAC_SHA_256', Mac: bytes }));
    expect((await verify(Mac)).MacValid).toBe(true);
    expect((await refusal(verify(new Uint8Array(32)))).type).toBe('KMSInvalidMacException');
  });

  test('of a deployment with a suffix is another one', async () => {
    const { as, aws } = setUpKms({ roleSuffix: '-b' });
    expect(aws.kms.find(alias)).toBeUndefined();
    await as(functionCredentials('rotate-user')).send(generate(stateKeyAlias('-b')));
  });
});

describe('a key that cannot be used', () => {
  test.each([
    ['Disabled', 'DisabledException', 'is disabled.'],
    ['PendingDeletion', 'KMSInvalidStateException', 'is pending deletion.'],
  ] as const)('because it is %s', async (state, type, text) => {
    const { aws, worker, macOf, kms, key } = setUpKms();
    const before = await macOf();
    aws.kms.setState(alias, state);
    expect(await refusal(worker.send(generate(alias)))).toMatchObject({ type, message: `${key?.arn} ${text}` });
    // Who has no right to it does not learn its state.
    expect((await refusal(kms.send(generate(alias)))).name).toBe('AccessDeniedException');
    aws.kms.setState(alias, 'Enabled');
    expect(await macOf()).toBe(before);
  });

  test('because it is gone, and a new one under its alias makes other MACs', async () => {
    const { aws, worker, macOf, key } = setUpKms();
    const before = await macOf();
    aws.kms.deleteKey(alias);
    const gone = await refusal(worker.send(generate(alias)));
    expect(gone.type).toBe('NotFoundException');
    expect(gone.message).toBe(`Alias arn:aws:kms:eu-west-1:111122223333:${alias} is not found.`);
    expect((await refusal(worker.send(generate(key?.arn ?? '')))).message).toBe(`Key '${key?.arn}' does not exist`);
    aws.kms.addHmacKey({ alias });
    expect(await macOf()).not.toBe(before);
  });

  test('because its policy says so, and again when it says otherwise', async () => {
    const { aws, worker, macOf } = setUpKms();
    const before = await macOf();
    const { policy = '' } = aws.kms.find(alias) ?? {};
    aws.kms.setPolicy(alias, { Version: '2012-10-17', Statement: [] });
    expect((await refusal(worker.send(generate(alias)))).name).toBe('AccessDeniedException');
    aws.kms.setPolicy(alias, policy);
    expect(await macOf()).toBe(before);
  });

  test('because of a Deny, whatever allows it', async () => {
    const { aws, kms } = setUpKms();
    const all = { Principal: '*', Action: 'kms:*', Resource: '*' };
    const Statement = [
      { ...all, Effect: 'Allow' },
      { ...all, Effect: 'Deny', Condition: { StringNotEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_512' } } },
    ];
    aws.kms.addHmacKey({ alias: 'alias/denied', policy: { Version: '2012-10-17', Statement } });
    expect((await refusal(kms.send(generate('alias/denied')))).message).toContain('with an explicit deny');
  });
});

test.each<[string, Partial<GenerateMacCommandInput>, string]>([
  ['another algorithm', { MacAlgorithm: 'HMAC_SHA_512' }, 'InvalidKeyUsageException'],
  ['an empty message', { Message: new Uint8Array() }, 'ValidationException'],
  ['a message of 4,097 bytes', { Message: new Uint8Array(4_097) }, 'ValidationException'],
])('%s is refused', async (_name, more, name) => {
  const { aws, kms } = setUpKms();
  aws.kms.addHmacKey({ alias: 'alias/open' });
  expect((await refusal(kms.send(generate('alias/open', more)))).name).toBe(name);
});
