import { createPublicKey, verify as isSignedBy } from 'node:crypto';
import {
  GenerateMacCommand,
  type GenerateMacCommandInput,
  GetPublicKeyCommand,
  SignCommand,
  type SignCommandInput,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const alias = 'alias/contract';
const Message = Buffer.from('keyturn');
const enabled = (side: Side) => side.hmacKey(alias, 'Enabled');

const generate = ({ kms }: Side, more: Partial<GenerateMacCommandInput> = {}) =>
  kms.send(new GenerateMacCommand({ KeyId: alias, Message, MacAlgorithm: 'HMAC_SHA_256', ...more }));

/** A key is random, and so are its MACs and its ID: what they look like. */
async function shapeOf(side: Side, more: Partial<GenerateMacCommandInput> = {}): Promise<unknown> {
  const { Mac, MacAlgorithm, KeyId = '' } = await generate(side, more);
  return { length: Mac?.length, MacAlgorithm, KeyId: KeyId.replace(/[^/]+$/, '') };
}

async function verify(side: Side, forge: (mac: Uint8Array) => Uint8Array): Promise<unknown> {
  const { Mac = new Uint8Array() } = await generate(side);
  const command = new VerifyMacCommand({ KeyId: alias, Message, MacAlgorithm: 'HMAC_SHA_256', Mac: forge(Mac) });
  const { MacValid, MacAlgorithm } = await side.kms.send(command);
  return { MacValid, MacAlgorithm };
}

const signs = (side: Side) => side.signingKey(alias);

const sign = ({ kms }: Side, more: Partial<SignCommandInput> = {}) => {
  const signing = { KeyId: alias, Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' } as const;
  return kms.send(new SignCommand({ ...signing, ...more }));
};

/** Keys and signatures are random: whether the one is the other's. */
async function signed(side: Side): Promise<unknown> {
  const { Signature = new Uint8Array(), SigningAlgorithm, KeyId = '' } = await sign(side);
  const { PublicKey = new Uint8Array() } = await side.kms.send(new GetPublicKeyCommand({ KeyId: alias }));
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  return {
    isOurs: isSignedBy('sha256', Message, key, Signature),
    SigningAlgorithm,
    KeyId: KeyId.replace(/[^/]+$/, ''),
  };
}

export const kmsScenarios = [
  scenario('Sign, and the public key of it', { given: signs, call: signed }),
  scenario('GetPublicKey', {
    given: signs,
    async call({ kms }) {
      const { PublicKey, KeyUsage } = await kms.send(new GetPublicKeyCommand({ KeyId: alias }));
      return { length: PublicKey?.length, KeyUsage };
    },
  }),
  scenario('Sign with an alias that is not there', { call: (side) => sign(side) }),
  scenario('GenerateMac', { given: enabled, call: (side) => shapeOf(side) }),
  scenario('GenerateMac twice is the same', {
    given: enabled,
    call: async (side) => {
      const [first, second] = [await generate(side), await generate(side)];
      return Buffer.from(first.Mac ?? []).equals(second.Mac ?? new Uint8Array());
    },
  }),
  scenario('GenerateMac by ARN of the alias', {
    given: enabled,
    call: (side) => shapeOf(side, { KeyId: `arn:aws:kms:eu-west-1:111122223333:${alias}` }),
  }),
  scenario('GenerateMac with an alias that is not there', { call: (side) => generate(side) }),
  scenario('GenerateMac with a key that is not there', {
    call: (side) => generate(side, { KeyId: '00000000-0000-4000-8000-000000000000' }),
  }),
  scenario('GenerateMac with a key that is disabled', {
    given: (side) => side.hmacKey(alias, 'Disabled'),
    call: (side) => generate(side),
  }),
  scenario('GenerateMac with a key pending deletion', {
    given: (side) => side.hmacKey(alias, 'PendingDeletion'),
    call: (side) => generate(side),
  }),
  scenario('GenerateMac with an algorithm that the key does not have', {
    given: enabled,
    call: (side) => shapeOf(side, { MacAlgorithm: 'HMAC_SHA_512' }),
  }),
  scenario('GenerateMac of 4,097 bytes', {
    given: enabled,
    call: (side) => shapeOf(side, { Message: new Uint8Array(4_097) }),
  }),
  scenario('VerifyMac', { given: enabled, call: (side) => verify(side, (mac) => mac) }),
  scenario('VerifyMac of another message', { given: enabled, call: (side) => verify(side, () => new Uint8Array(32)) }),
];
