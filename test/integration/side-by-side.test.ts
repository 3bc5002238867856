import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ControlId, Finding } from '../../shared/core/evidence/finding.ts';
import { collect, createCollectorWorld } from '../support/collector.ts';
import { DAY } from '../support/world.ts';

/** Made by `npm run prowler`, of the account in account.json. */
const verdicts: { verdicts: readonly { check: string; resource: string; status: 'PASS' | 'FAIL' }[] } =
  read('verdicts.json');

interface Account {
  root: { hasMfa: boolean; hasKey: boolean };
  users: readonly {
    userName: string;
    ageDays?: number;
    hasPassword: boolean;
    hasMfa: boolean;
    keys: readonly { ageDays: number; usedDaysAgo?: number; isInactive?: boolean }[];
  }[];
  buckets: readonly { name: string; algorithm: string }[];
  trails: readonly { name: string; isValidated: boolean }[];
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../prowler/${name}`, import.meta.url), 'utf8'));
}

/** Our control for each check, of which it asks the same. */
const controlOf: Readonly<Record<string, ControlId>> = {
  cloudtrail_log_file_validation_enabled: 'trail-validation',
  cloudtrail_multi_region_enabled: 'trail-covers-all',
  cloudtrail_multi_region_enabled_logging_management_events: 'trail-covers-all',
  iam_no_root_access_key: 'root-keys',
  iam_root_hardware_mfa_enabled: 'root-hardware-mfa',
  iam_root_mfa_enabled: 'root-mfa',
  iam_rotate_access_key_90_days: 'key-age',
  iam_user_accesskey_unused: 'unused-credentials',
  iam_user_console_access_unused: 'unused-credentials',
  iam_user_mfa_enabled_console_access: 'mfa-console',
  iam_user_two_active_access_key: 'one-active-key',
  s3_bucket_default_encryption: 'bucket-encryption',
  s3_bucket_kms_encryption: 'bucket-encryption',
};

interface Difference {
  check: string;
  resources: readonly string[];
  prowler: 'PASS' | 'FAIL';
  ours: string;
  /** Why it stays. */
  because: string;
}

const PASSWORDLESS = ['ninety', 'ninety-one', 'quiet', 'retired', 'robot', 'two', 'unfetched'];

/** All of them: one more fails, and so does one less. */
const differences: readonly Difference[] = [
  {
    check: 'iam_rotate_access_key_90_days',
    resources: ['ninety'],
    prowler: 'PASS',
    ours: 'fail',
    because: 'the limit is reached at 90 days, as AWS Config and Security Hub have it; prowler counts from the 91st',
  },
  {
    check: 'iam_rotate_access_key_90_days',
    resources: ['root'],
    prowler: 'FAIL',
    ours: 'none',
    because: 'a key of the root user is a failure at any age: root-keys',
  },
  {
    check: 'iam_rotate_access_key_90_days',
    resources: ['bob', 'never-signed-in'],
    prowler: 'PASS',
    ours: 'none',
    because: 'without a key there is none to judge; prowler has a row for each user',
  },
  {
    check: 'iam_rotate_access_key_90_days',
    resources: ['retired'],
    prowler: 'PASS',
    ours: 'not-applicable',
    because: 'its only key is not active',
  },
  {
    check: 'iam_user_accesskey_unused',
    resources: ['unfetched'],
    prowler: 'PASS',
    ours: 'fail',
    because:
      'a key that was never used counts from its creation, as the benchmark says; prowler lets it pass at any age',
  },
  {
    check: 'iam_user_accesskey_unused',
    resources: ['root'],
    prowler: 'PASS',
    ours: 'none',
    because: 'the root user is judged by root-keys',
  },
  {
    check: 'iam_user_accesskey_unused',
    resources: ['bob', 'never-signed-in', 'retired'],
    prowler: 'PASS',
    ours: 'none',
    because: 'without an active key there is none to judge',
  },
  {
    check: 'iam_user_console_access_unused',
    resources: ['bob', 'never-signed-in'],
    prowler: 'PASS',
    ours: 'fail',
    because: 'a password with which nobody ever signed in counts from when it was set; prowler lets it pass at any age',
  },
  {
    check: 'iam_user_console_access_unused',
    resources: PASSWORDLESS,
    prowler: 'PASS',
    ours: 'not-applicable',
    because: 'without a password there is none to judge',
  },
  {
    check: 'iam_user_mfa_enabled_console_access',
    resources: PASSWORDLESS,
    prowler: 'PASS',
    ours: 'not-applicable',
    because: 'people without a password are not counted, so that they make no percentage look better',
  },
  {
    check: 'iam_user_two_active_access_key',
    resources: ['root'],
    prowler: 'PASS',
    ours: 'none',
    because: 'the root user is judged by root-keys',
  },
  {
    check: 'iam_user_two_active_access_key',
    resources: ['bob', 'never-signed-in'],
    prowler: 'PASS',
    ours: 'not-applicable',
    because: 'without a key there is none to judge',
  },
];

/** With the policy `kms` for buckets where that is the question. */
async function findingsOf(account: Account, bucketEncryption: 'any' | 'kms'): Promise<readonly Finding[]> {
  const collector = createCollectorWorld();
  const { aws } = collector.world;
  const now = aws.clock.now();
  aws.cloudTrail.removeTrail('all');
  aws.iam.setRootKey(account.root.hasKey);
  aws.iam.setRootMfa(account.root.hasMfa ? 'hardware' : 'none');
  for (const { userName, ageDays = 400, hasPassword, hasMfa, keys } of account.users) {
    aws.iam.addUser({
      userName,
      createdAt: now - ageDays * DAY,
      passwordEnabled: hasPassword,
      mfaActive: hasMfa,
      keys: keys.map(({ ageDays: age, usedDaysAgo, isInactive = false }) => ({
        ageDays: age,
        status: isInactive ? 'Inactive' : 'Active',
        ...(usedDaysAgo !== undefined && {
          lastUsed: { at: now - usedDaysAgo * DAY, service: 's3', region: aws.region },
        }),
      })),
    });
  }
  for (const { name, algorithm } of account.buckets) {
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: algorithm } };
    aws.s3.addBucket({ name, settings: { encryption: { Rule: [rule] } } });
  }
  for (const trail of account.trails) aws.cloudTrail.addTrail(trail);
  return (await collect(collector, undefined, { bucketEncryption })).findings;
}

const nameOf = (resource: string) => resource.replace(/^(user|trail)\//, '');

/** The same question, of the same resource: the worst of our answers, or `none`. */
function ours(findings: readonly Finding[], check: string, resource: string): string {
  const control = controlOf[check];
  const isOfAccount = ['root', 'mfa'].includes(resource) && control?.startsWith('root-');
  const statuses = findings
    .filter((finding) => finding.control.id === control)
    .filter(({ resource: { type } }) => {
      if (control !== 'unused-credentials') return true;
      return type === (check === 'iam_user_accesskey_unused' ? 'iam-access-key' : 'iam-user');
    })
    .filter(({ resource: { type, id, userName } }) => {
      const isAbout = userName ?? (type === 'cloudtrail-trail' ? nameOf(id.split(':').at(-1) ?? '') : id);
      return isOfAccount || control === 'trail-covers-all' || isAbout === nameOf(resource);
    })
    .map(({ status }) => status);
  return ['error', 'fail', 'pass', 'not-applicable'].find((status) => statuses.some((s) => s === status)) ?? 'none';
}

describe('beside prowler, on the same account', () => {
  let findings: Readonly<Record<'any' | 'kms', readonly Finding[]>>;
  beforeAll(async () => {
    const account = read<Account>('account.json');
    findings = { any: await findingsOf(account, 'any'), kms: await findingsOf(account, 'kms') };
  });

  test('every check that has a control is among its verdicts', () => {
    expect([...new Set(verdicts.verdicts.map(({ check }) => check))].toSorted()).toEqual(
      Object.keys(controlOf).toSorted(),
    );
  });

  test('the verdicts are equal, but for those that are listed with their reason', () => {
    const found = verdicts.verdicts
      .map(({ check, resource, status }) => {
        const judged = findings[check === 's3_bucket_kms_encryption' ? 'kms' : 'any'];
        return { check, resource, status, ours: ours(judged, check, resource) };
      })
      .filter(({ status, ours: answer }) => answer !== status.toLowerCase())
      .map(({ check, resource, status, ours: answer }) => `${check} ${nameOf(resource)}: ${status}, ${answer}`);
    const listed = differences.flatMap(({ check, resources, prowler, ours: answer }) =>
      resources.map((resource) => `${check} ${resource}: ${prowler}, ${answer}`),
    );
    expect(found.toSorted()).toEqual(listed.toSorted());
  });
});
