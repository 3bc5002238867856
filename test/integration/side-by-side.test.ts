import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import type { ControlId, Finding } from '../../shared/core/evidence/finding.ts';
import { present } from '../../shared/core/present.ts';
import { collect, createCollectorWorld } from '../support/collector.ts';
import { DAY } from '../support/world.ts';

type Status = 'PASS' | 'FAIL';

/** Made by `npm run prowler`: a run for each variant of the account in account.json. */
const verdicts: {
  runs: readonly { variant: string; verdicts: Readonly<Record<string, Readonly<Record<string, Status>>>> }[];
} = read('verdicts.json');

interface Account {
  root: { hasMfa: boolean; hasKey: boolean };
  users: readonly {
    userName: string;
    ageDays?: number;
    hasPassword: boolean;
    hasMfa: boolean;
    keys: readonly { ageDays: number; usedDaysAgo?: number; isInactive?: boolean }[];
  }[];
  buckets: readonly { name: string; algorithm?: string; keyArn?: string }[];
  trails: readonly { name: string; isValidated: boolean; selector?: object }[];
  variants: readonly ({ name: string; refused?: readonly string[] } & Partial<Pick<Account, 'trails'>>)[];
}

const account: Account = read('account.json');

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

const compared = new Set(Object.values(controlOf));

interface Difference {
  check: string;
  resources: readonly string[];
  prowler: Status | 'none';
  ours: string;
  /** Why it stays. */
  because: string;
}

const PASSWORDLESS = ['forty-five', 'ninety', 'ninety-one', 'quiet', 'retired', 'robot', 'two', 'unfetched'];

/** Where all is answered. All of them: one more fails, and so does one less. */
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
    resources: ['forty-five'],
    prowler: 'PASS',
    ours: 'fail',
    because: 'unused for 45 days or more, as the benchmark says; prowler counts from the 46th',
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

interface Refusal {
  /** Ours of which nothing else is said than that it is not known. */
  unknown: readonly ControlId[];
  /** Every verdict of the checks that ask the same. */
  prowler: Readonly<Record<string, string>>;
}

/** What becomes of each call that is refused. */
const refusals: Readonly<Record<string, Refusal>> = {
  'encryption of buckets': {
    unknown: ['bucket-encryption'],
    prowler: { s3_bucket_default_encryption: 'FAIL', s3_bucket_kms_encryption: 'FAIL' },
  },
  'the list of buckets': {
    unknown: ['bucket-encryption'],
    prowler: { s3_bucket_default_encryption: 'none', s3_bucket_kms_encryption: 'none' },
  },
  'the list of trails': {
    unknown: ['trail-covers-all', 'trail-validation'],
    prowler: {
      cloudtrail_log_file_validation_enabled: 'none',
      cloudtrail_multi_region_enabled: 'none',
      cloudtrail_multi_region_enabled_logging_management_events: 'none',
    },
  },
  'the status of trails': {
    unknown: ['trail-covers-all', 'trail-validation'],
    prowler: {
      cloudtrail_log_file_validation_enabled: 'FAIL, PASS',
      cloudtrail_multi_region_enabled: 'FAIL',
      cloudtrail_multi_region_enabled_logging_management_events: 'FAIL',
    },
  },
  'the selectors of trails': {
    unknown: ['trail-covers-all'],
    prowler: {
      cloudtrail_multi_region_enabled: 'PASS',
      cloudtrail_multi_region_enabled_logging_management_events: 'FAIL',
    },
  },
  'the credential report': {
    unknown: [
      'key-age',
      'mfa-console',
      'one-active-key',
      'unused-credentials',
      'root-keys',
      'root-mfa',
      'root-hardware-mfa',
    ],
    prowler: {
      iam_no_root_access_key: 'none',
      iam_root_hardware_mfa_enabled: 'none',
      iam_root_mfa_enabled: 'none',
      iam_rotate_access_key_90_days: 'none',
      iam_user_accesskey_unused: 'none',
      iam_user_console_access_unused: 'PASS',
      iam_user_mfa_enabled_console_access: 'none',
      iam_user_two_active_access_key: 'none',
    },
  },
  'the list of devices': {
    unknown: ['root-hardware-mfa'],
    prowler: { iam_root_hardware_mfa_enabled: 'PASS' },
  },
};

/** With the policy `kms` for buckets where that is the question. */
async function findingsOf(variant: string, bucketEncryption: 'any' | 'kms' = 'any'): Promise<readonly Finding[]> {
  const { refused = [], ...own } = account.variants.find(({ name }) => name === variant) ?? {};
  const { root, users, buckets, trails } = { ...account, ...own };
  const collector = createCollectorWorld();
  const { aws } = collector.world;
  const now = aws.clock.now();
  aws.cloudTrail.removeTrail('all');
  aws.iam.setRootKey(root.hasKey);
  aws.iam.setRootMfa(root.hasMfa ? 'hardware' : 'none');
  for (const { userName, ageDays = 400, hasPassword, hasMfa, keys } of users) {
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
  for (const { name, algorithm, keyArn } of buckets) {
    const byDefault = { SSEAlgorithm: algorithm, ...present({ KMSMasterKeyID: keyArn }) };
    const rules = algorithm === undefined ? {} : { Rule: [{ ApplyServerSideEncryptionByDefault: byDefault }] };
    aws.s3.addBucket({ name, settings: { encryption: rules } });
  }
  for (const { selector, ...trail } of trails) {
    aws.cloudTrail.addTrail({ ...trail, ...(selector && { advancedEventSelectors: [selector] }) });
  }
  const refuse: BeforeCall = ({ operation }) =>
    refused.includes(operation) ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
  return (await collect(collector, refuse, { bucketEncryption })).findings;
}

const nameOf = (resource: string) => resource.replace(/^(user|trail)\//, '');

/** The same question, of the same resource: the worst of our answers, or `none`. */
function ours(findings: readonly Finding[], check: string, resource: string): string {
  const control = controlOf[check];
  const own = findings
    .filter((finding) => finding.control.id === control)
    .filter(({ resource: { type } }) => {
      if (control !== 'unused-credentials' || type === 'account') return true;
      return type === (check === 'iam_user_accesskey_unused' ? 'iam-access-key' : 'iam-user');
    });
  const isOfAccount = control === 'trail-covers-all' || control?.startsWith('root-') === true;
  const statuses = own
    .filter(({ resource: { type, id, userName } }) => {
      const isAbout = userName ?? (type === 'cloudtrail-trail' ? nameOf(id.split(':').at(-1) ?? '') : id);
      return isOfAccount || isAbout === nameOf(resource);
    })
    .map(({ status }) => status);
  return ['error', 'fail', 'pass', 'not-applicable'].find((status) => statuses.some((s) => s === status)) ?? 'none';
}

const verdictsOf = (variant: string) => verdicts.runs.find((run) => run.variant === variant)?.verdicts ?? {};
const statusesOf = (found: Readonly<Record<string, Status>> = {}) =>
  [...new Set(Object.values(found))].toSorted().join(', ') || 'none';

describe('beside prowler, on the same account', () => {
  const whole = 'all is answered';
  let findings: Readonly<Record<'any' | 'kms', readonly Finding[]>>;
  beforeAll(async () => {
    findings = { any: await findingsOf(whole), kms: await findingsOf(whole, 'kms') };
  });

  test('every variant of the account was asked of, and every check that has a control is among the verdicts', () => {
    expect(verdicts.runs.map(({ variant }) => variant)).toEqual(account.variants.map(({ name }) => name));
    expect(Object.keys(verdictsOf(whole)).toSorted()).toEqual(Object.keys(controlOf).toSorted());
  });

  test('the verdicts are equal, but for those that are listed with their reason', () => {
    const found = Object.entries(verdictsOf(whole))
      .flatMap(([check, each]) => Object.entries(each).map(([resource, status]) => ({ check, resource, status })))
      .map((one) => ({
        ...one,
        ours: ours(findings[one.check === 's3_bucket_kms_encryption' ? 'kms' : 'any'], one.check, one.resource),
      }))
      .filter(({ status, ours: answer }) => answer !== status.toLowerCase())
      .map(({ check, resource, status, ours: answer }) => `${check} ${nameOf(resource)}: ${status}, ${answer}`);
    const listed = differences.flatMap(({ check, resources, prowler, ours: answer }) =>
      resources.map((resource) => `${check} ${resource}: ${prowler}, ${answer}`),
    );
    expect(found.toSorted()).toEqual(listed.toSorted());
  });

  test('an advanced selector counts by its fields; prowler wants one name', async () => {
    const variant = "an advanced selector by a name of one's own";
    const check = 'cloudtrail_multi_region_enabled_logging_management_events';
    expect(statusesOf(verdictsOf(variant)[check])).toBe('FAIL');
    expect(ours(await findingsOf(variant), check, 'trail')).toBe('pass');
  });

  test('every call that was refused is listed', () => {
    const refused = account.variants.filter((variant) => variant.refused !== undefined).map(({ name }) => name);
    expect(Object.keys(refusals)).toEqual(refused);
  });

  test.each(Object.entries(refusals))(
    'where %s is refused it is not known, and the rest is judged; prowler fails, passes or is silent',
    async (variant, { unknown, prowler }) => {
      const isUnknown = ({ control }: Finding) => unknown.includes(control.id);
      const judged = await findingsOf(variant);
      const statuses = unknown.map((control) => [
        control,
        ...new Set(judged.filter((finding) => finding.control.id === control).map(({ status }) => status)),
      ]);
      expect(statuses).toEqual(unknown.map((control) => [control, 'error']));
      // What is not asked about by prowler may need the same call.
      const rest = (of: readonly Finding[]) =>
        of
          .filter((finding) => !isUnknown(finding) && compared.has(finding.control.id))
          .map(({ id, status, reason }) => `${id} ${status} ${reason}`);
      expect(rest(judged)).toEqual(rest(findings.any));
      const asked = Object.keys(controlOf).filter((check) => unknown.some((control) => control === controlOf[check]));
      const said = asked.map((check): [string, string] => [check, statusesOf(verdictsOf(variant)[check])]);
      expect(Object.fromEntries(said)).toEqual(prowler);
    },
  );
});
