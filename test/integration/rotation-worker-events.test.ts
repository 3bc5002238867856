import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { parseWorkMessage } from '../../shared/core/events.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { createWorld, invoke } from '../support/world.ts';

searchForSecretsAfterEach();

const names = readdirSync('events').filter((name) => name.startsWith('rotation-worker-'));
const read = (name: string) => JSON.parse(readFileSync(`events/${name}`, 'utf8'));

describe('the sample events of rotation-worker', () => {
  it('have one for each origin', () => {
    const origins = names.map((name) => parseWorkMessage(read(name).Records[0].body).origin);
    expect(origins.toSorted()).toEqual(['config', 'exposed', 'schedule']);
  });

  it.each(names)('%s is read, and a user who is not there is no failure', async (name) => {
    const world = createWorld();
    const handler = createRotationWorker(world.runtime('worker'));
    expect(await invoke(world, 'rotation-worker', handler, read(name))).toEqual({ batchItemFailures: [] });
    expect(world.logged.join('\n')).toContain('user-changed');
    expect(world.aws.calls.filter(({ mutating }) => mutating)).toEqual([]);
  });
});
