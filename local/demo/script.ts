import { IAMClient, UpdateUserCommand } from '@aws-sdk/client-iam';
import { HOUR } from '../aws/clock.ts';
import type { FaultRule } from '../aws/faults.ts';
import type { Command } from '../checker/expectations.ts';
import { sdkOptions } from '../host/sdk-options.ts';
import type { Stage } from './stage.ts';

/** Something that people or AWS do on one day of the year, by plan. */
export interface Act {
  /** Days since the first run. */
  readonly day: number;
  readonly at: 'before the run' | 'after the scan' | 'in the afternoon';
  does(stage: Stage): Promise<void> | void;
}

/** No issues, deactivations or deletions over the end of the year; the second date is exclusive. */
export const freeze = ['2026-12-19', '2027-01-04'] as const;

/** IAM answers "Rate exceeded" to every call that lists keys, until the faults are cleared. */
const throttle: FaultRule = {
  service: 'iam',
  operation: 'ListAccessKeys',
  times: 1_000_000,
  fault: { kind: 'throttle' },
};
const crash: FaultRule = { service: 'iam', operation: 'CreateAccessKey', fault: { kind: 'crash-after' } };

export const script: readonly Act[] = [
  {
    day: 8,
    at: 'before the run',
    async does(stage) {
      await stage.orderFaults([crash]);
      stage.narrate('world', 'etl-nightly', 'fault', 'today the worker is killed right after CreateAccessKey');
    },
  },
  {
    day: 12,
    at: 'in the afternoon',
    async does(stage) {
      const old = stage.keysOf('olivia').toSorted((a, b) => a.createdAt - b.createdAt)[0]?.accessKeyId ?? '';
      const event = { userName: 'olivia', action: 'rotate', accessKeyId: old };
      await command(stage, event, `decides to give up the older key, ${old}`);
    },
  },
  {
    day: 20,
    at: 'after the scan',
    async does(stage) {
      await stage.orderFaults([throttle], stage.aws.clock.now() + HOUR);
      stage.narrate('world', undefined, 'fault', 'for an hour IAM answers every ListAccessKeys with "Rate exceeded"');
    },
  },
  {
    day: 22,
    at: 'in the afternoon',
    does(stage) {
      const old = stage.keysOf('frank').find(({ status }) => status === 'Inactive');
      if (old === undefined) return;
      stage.aws.iam.setKeyStatus(old.accessKeyId, 'Active');
      stage.narrate('operator', 'frank', 'console', `reactivates ${old.accessKeyId} in the console`);
    },
  },
  {
    day: 30,
    at: 'in the afternoon',
    does: (stage) =>
      command(
        stage,
        { userName: 'mona', action: 'hold', holdUntil: '2026-05-01' },
        'puts everything on hold until 1 May, for an audit',
      ),
  },
  {
    day: 42,
    at: 'before the run',
    does: (stage) => stage.narrate('world', 'judy', 'date', 'the exemption ends today'),
  },
  {
    day: 43,
    at: 'in the afternoon',
    does(stage) {
      stage.narrate('operator', 'sybil', 'console', 'deletes the user, in the middle of a rotation');
      stage.aws.iam.deleteUser('sybil');
    },
  },
  {
    day: 45,
    at: 'in the afternoon',
    does(stage) {
      stage.hire('sybil');
      stage.narrate('operator', 'sybil', 'console', 'creates another user of the same name, with a new key');
    },
  },
  {
    day: 80,
    at: 'in the afternoon',
    does(stage) {
      // Not where he is in the middle of a rotation: IAM allows two.
      if (stage.keysOf('trent').length === 2) return;
      const key = stage.aws.iam.addKey('trent');
      stage.owner('trent').take(key);
      stage.narrate('owner', 'trent', 'console', `makes a key by hand, ${key.accessKeyId}`);
    },
  },
  {
    day: 89,
    at: 'before the run',
    does: (stage) => stage.narrate('world', 'mona', 'date', 'the hold ends today'),
  },
  {
    day: 97,
    at: 'in the afternoon',
    does: (stage) =>
      command(
        stage,
        { userName: 'nils', action: 'rollback' },
        'goes back to the old key: an appliance refuses the new one',
      ),
  },
  {
    day: 100,
    at: 'in the afternoon',
    async does(stage) {
      const client = new IAMClient(sdkOptions(stage.aws.region, stage.endpoint));
      await client.send(new UpdateUserCommand({ UserName: 'rupert', NewUserName: 'rupert.smith' }));
      client.destroy();
      stage.narrate('operator', 'rupert.smith', 'console', 'renames the user rupert to rupert.smith');
    },
  },
  {
    day: 112,
    at: 'in the afternoon',
    does(stage) {
      if (stage.keysOf('trent').length < 2) return;
      const newest = stage.keysOf('trent').toSorted((a, b) => b.createdAt - a.createdAt)[0]?.accessKeyId ?? '';
      stage.aws.iam.deleteKey(newest);
      stage.narrate('owner', 'trent', 'console', `deletes the key made by hand, ${newest}`);
    },
  },
  {
    day: 321,
    at: 'before the run',
    does: (stage) =>
      stage.narrate('world', undefined, 'freeze', `the freeze over the end of the year begins (until ${freeze[1]})`),
  },
  {
    day: 337,
    at: 'before the run',
    does: (stage) => stage.narrate('world', undefined, 'freeze', 'the freeze is over'),
  },
];

async function command(stage: Stage, event: Command, words: string): Promise<void> {
  stage.narrate('operator', event.userName, 'command', words);
  await stage.rotateUser(event);
}
