// shared/aws/scan.ts
import { expect, it } from 'vitest';
import { scanAccount } from '../../shared/aws/scan.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { asRecorded } from '../../shared/core/state-key.ts';
import { cannedAws } from '../support/canned-aws.ts';
import { createWorld } from '../support/world.ts';

/** So many pages of a hundred secrets, each of a user of its own. */
function scanWith(pages: number, expected?: string) {
  const world = createWorld();
  const runtime = world.runtime('scan');
  let page = 0;
  const { secrets } = cannedAws(() => {
    page++;
    const SecretList = Array.from({ length: 100 }, (_, n) => {
      const Name = `keyturn/AIDA${String(page * 100 + n).padStart(17, '0')}/access-key`;
      return { Name, ARN: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${Name}-AbCdEf`, CreatedDate: 1 };
    });
    return JSON.stringify({ SecretList, ...(page < pages && { NextToken: String(page) }) });
  });
  const settings = parseSettings(world.environment);
  return scanAccount(
    { aws: { ...runtime.aws, secrets }, settings, verifier: asRecorded },
    runtime,
    undefined,
    expected,
  );
}

it('secrets of a member are read up to a bound: whoever plants more ends the scan of their account alone', async () => {
  await expect(scanWith(101, '111122223333')).rejects.toThrow(
    'Account 111122223333 has more than 10000 secrets below keyturn/',
  );
  expect((await scanWith(100, '111122223333')).secretsWithoutUser).toHaveLength(10_000);
});

it('secrets of the own account are all read', async () => {
  expect((await scanWith(101)).secretsWithoutUser).toHaveLength(10_100);
});
