import { describe, expect, it } from 'vitest';
import type { Call } from '../../local/aws/aws.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { createWorld, DAY, pass, published, rotateUser, type World } from '../support/world.ts';

searchForSecretsAfterEach();

describe('the Config rule', () => {
  async function deactivation(world: World): Promise<boolean> {
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    await rotateUser(world, { userName: 'alice', action: 'rotate' });
    world.aws.clock.advance(20.5 * DAY);
    await pass(world, 'alice');
    world.aws.clock.advance(DAY);
    return pass(world, 'alice');
  }

  const evaluations = ({ aws }: World): Call[] =>
    aws.calls.filter(({ operation }) => operation === 'StartConfigRulesEvaluation');

  it('is evaluated again after a deactivation, and only then', async () => {
    const world = createWorld({ environment: { KEYTURN_CONFIG_RULE_NAME: 'keyturn-test' } });
    world.aws.config.addRule('keyturn-test');
    await deactivation(world);
    expect(published(world)).toContain('deactivated');
    expect(evaluations(world).map(({ outcome }) => outcome)).toEqual(['ok']);
  });

  it('that cannot be evaluated is a warning, not a failed pass', async () => {
    const world = createWorld({ environment: { KEYTURN_CONFIG_RULE_NAME: 'not-there' } });
    expect(await deactivation(world)).toBe(true);
    expect(published(world)).not.toContain('failed');
    expect(world.logged.some((line) => line.includes('Cannot have the Config rule evaluated again'))).toBe(true);
  });

  it('that is not configured costs nothing', async () => {
    const world = createWorld();
    await deactivation(world);
    expect(evaluations(world)).toEqual([]);
  });
});
