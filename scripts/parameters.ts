import type { Fleet } from '../shared/core/fleet/fleet.ts';
import { type SettingName, type Settings, settingSpecs } from '../shared/core/settings.ts';
import { bucketPolicyElsewhere } from './evidence.ts';
import { fleetPolicies, readFleetFile } from './fleet.ts';
import { longestGapDays } from './schedule.ts';

/** The value of a stack parameter, as text; or of `sls:stage`. */
export type Read = (name: string) => Promise<string>;

/**
 * What the templates need of a parameter and plain YAML cannot make of it: `${keyturn:<name>}`. Each throws an Error that
 * names the parameter, its value and the right form, which ends `sls package` and `sls deploy`.
 */
export const computed: Readonly<Record<string, (read: Read) => Promise<unknown>>> = {
  /** Principals that may read secrets; which of them, the secrets' own policies say. */
  readers: async (read) => (await readSetting(read, 'readerArns')).map(({ arn }) => arn),

  hasReaders: async (read) => String((await readSetting(read, 'readerArns')).length > 0),

  hasAdministrators: async (read) => String((await readSetting(read, 'administratorArns')).length > 0),

  /** Who governs the keys once administrators are named: they, the deployer, and root, so that someone always can. */
  governors: async (read) => {
    const deployer = await read('deployerArn');
    const root = { 'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:root` };
    return [...(await readSetting(read, 'administratorArns')), ...(deployer === '' ? [] : [deployer]), root];
  },

  /** A parameter is text, and CloudWatch counts in numbers. */
  daysBetweenRuns: runEveryDays,

  /** Two hours late is late; but an alarm looks back a week at most, and then a weekly run is missed at once. */
  hoursWithoutRun: async (read) => Math.min(24 * (await runEveryDays(read)) + 2, 7 * 24),

  /** Below it a deadline is overdue: both the issue and the deactivation may be as late as the gap between two runs. */
  overdueDays: async (read) => -2 * (await runEveryDays(read)),

  hasFleet: async (read) => String((await readFleet(read)) !== undefined),

  fleetOrganizationId: async (read) => (await readFleet(read))?.organizationId ?? '',

  fleetExternalId: async (read) => (await readFleet(read))?.externalId ?? '',

  /** By their numbers: AWS Config cannot leave out an organizational unit. */
  fleetExcludedAccounts: async (read) => (await readFleet(read))?.exclude.accounts ?? [],

  /** Resources of the template: whose roles each function may take. */
  fleetPolicies: async (read) => {
    const fleet = await readFleet(read);
    if (fleet === undefined) return {};
    return fleetPolicies(fleet, {
      stage: await read('sls:stage'),
      roleSuffix: await read('roleSuffix'),
      keepsEvidence: (await read('keepEvidence')) === 'true',
    });
  },

  /** Of a bucket that the stack does not make, and cannot put a policy on. */
  evidenceBucketPolicy: async (read) => ({
    'Fn::Sub': bucketPolicyElsewhere({
      bucket: await read('evidenceBucket'),
      roleSuffix: await read('roleSuffix'),
      lock: { mode: (await read('evidenceLockMode')) === 'none' ? 'none' : 'governance', days: 0 },
    }),
  }),

  /** Passes at once. */
  workerConcurrency: async (read) => (await readFleet(read))?.limits.workerConcurrency ?? 2,

  /** Accounts scanned at once. */
  scanConcurrency: async (read) => (await readFleet(read))?.limits.scanConcurrency ?? 20,
};

/** Undefined where the stack looks after its own account alone. */
async function readFleet(read: Read): Promise<Fleet | undefined> {
  const path = await read('fleet');
  return path === '' ? undefined : (await readFleetFile(path)).fleet;
}

/** As the functions would read it. */
async function readSetting<Name extends SettingName>(read: Read, name: Name): Promise<Settings[Name]> {
  const text = await read(name);
  const result = settingSpecs[name].schema.safeParse(text);
  if (result.success) return result.data as Settings[Name];
  throw new Error(`${name} is ${text}: ${result.error.issues.map(({ message }) => message).join('; ')}`);
}

/** Held to the schedule, as far as that can be judged. */
async function runEveryDays(read: Read): Promise<number> {
  const days = await readSetting(read, 'runEveryDays');
  const schedule = await read('schedule');
  const gap = longestGapDays(schedule);
  if (gap === undefined) {
    console.error(`Note: whether runEveryDays ${days} fits schedule ${schedule} cannot be judged.`);
    return days;
  }
  if (gap === Number.POSITIVE_INFINITY) {
    throw new Error(
      `schedule is ${schedule}: it runs once, and at most 7 days may lie between two runs (runEveryDays)`,
    );
  }
  if (gap > 7) {
    throw new Error(
      `schedule is ${schedule}: up to ${gap} days lie between two runs, and at most 7 may (runEveryDays)`,
    );
  }
  if (gap !== days) {
    const lie = gap === 1 ? 'a day lies' : `${gap} days lie`;
    throw new Error(`runEveryDays is ${days}, but up to ${lie} between two runs of schedule ${schedule}: give ${gap}`);
  }
  return gap;
}
