// Tests of shared/aws/state-key.ts.

import { describe, expect, it } from 'vitest';
import { type Call, createLocalAws, type Fault } from '../../local/aws/aws.ts';
import { functionCredentials } from '../../local/aws/principals.ts';
import { createAws } from '../../shared/aws/clients.ts';
import { readStateKey } from '../../shared/aws/state-key.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { environment } from '../support/core/builders.ts';

const KEY = 'arn:aws:kms:us-east-1:123456789012:key/mrk-0';

function container(faults: (call: Call) => Fault | undefined = () => undefined) {
  const local = createLocalAws();
  const hosts: string[] = [];
  const { requestHandler } = local.connect('worker', faults);
  const watching: typeof requestHandler = {
    ...requestHandler,
    handle: (request) => {
      hosts.push(request.headers.host ?? '');
      return requestHandler.handle(request);
    },
  };
  const aws = createAws({
    requestHandler: watching,
    region: local.region,
    credentials: functionCredentials('rotation-worker'),
  });
  const memory = { stateKeys: new Map(), audiences: new Map() };
  const read = (settings: Record<string, string> = {}) =>
    readStateKey({ aws, memory }, parseSettings(environment(settings)));
  return { local, hosts, read };
}

describe('the key that signs the state', () => {
  it('is asked for once in the life of a container', async () => {
    const { local, read } = container();
    const first = await read();
    expect(await read()).toBe(first);
    expect(local.calls.map(({ operation }) => operation)).toEqual(['GenerateMac']);
  });

  it('is asked for again after KMS gave none', async () => {
    let refusals = 1;
    const { local, read } = container(() =>
      refusals-- > 0 ? { kind: 'error', status: 400, code: 'DisabledException' } : undefined,
    );
    await expect(read()).rejects.toMatchObject({ name: 'RotationError' });
    await read();
    expect(local.calls).toHaveLength(2);
  });

  it('of a later epoch brings the one before it, and no other', async () => {
    const { local, read } = container();
    const [first, second] = [await read(), await read({ KEYTURN_STATE_EPOCH: '2' })];
    const third = await read({ KEYTURN_STATE_EPOCH: '3' });
    const mac = first.sign(['a']);
    expect([second, third].map((key) => key.verifies(['a'], mac))).toEqual([true, false]);
    expect(local.calls).toHaveLength(1 + 2 + 2);
  });

  it('is called in the Region of its ARN, wherever the function is', async () => {
    const { hosts, read } = container();
    await expect(read({ KEYTURN_STATE_KEY_ARN: KEY })).rejects.toThrow();
    expect(hosts[0]).toBe('kms.us-east-1.amazonaws.com');
  });

  it('is the key of its role suffix where no ARN is given', async () => {
    const { local, read } = container();
    await expect(read({ KEYTURN_ROLE_SUFFIX: '-b' })).rejects.toThrow('alias/keyturn-state-b');
    expect(local.calls[0]?.input).toMatchObject({ KeyId: 'alias/keyturn-state-b', MacAlgorithm: 'HMAC_SHA_256' });
  });
});
