// cli/advise/rules.ts, cli/advise/signs.ts, cli/advise/addresses.ts

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPrivate, onlyOne } from '../../../cli/advise/addresses.ts';
import { advise, confidences, rules } from '../../../cli/advise/rules.ts';
import type { Evidence, UseEvidence } from '../../../cli/advise/signs.ts';
import { DAY } from '../../../shared/core/time.ts';

const now = Date.UTC(2026, 10, 29);
const key = { accessKeyId: 'AKIAEXAMPLE000000001', createdAt: now - 30 * DAY };
const usedBy = (service: string, days = 1) => ({
  ...key,
  lastUsed: { at: now - days * DAY, service, region: 'eu-west-1' },
});
const use = (change: Partial<UseEvidence> = {}): UseEvidence => ({
  sourceIp: '203.0.113.7',
  userAgent: 'Boto3/1.43',
  eventName: 'ListBuckets',
  eventSource: 's3.amazonaws.com',
  at: now - DAY,
  ...change,
});
const agent = (userAgent: string) => ({ uses: [use({ userAgent })] });

function evidence(change: Partial<Evidence> = {}): Evidence {
  return {
    now,
    userName: 'alice',
    isRoot: false,
    keys: [usedBy('s3')],
    hasPassword: false,
    hasMfa: false,
    policies: [],
    ...change,
  };
}

const firstOf = (change: Partial<Evidence>) => advise(evidence(change))[0];
const aroundTheClock = [1, 7, 13].map((hour) => use({ at: now - DAY + hour * 3_600_000 }));

/** One that fits for each rule, and one that lies beside it. */
const cases: [rule: string, fits: Partial<Evidence>, because: string, beside: Partial<Evidence>][] = [
  ['root-key', { isRoot: true, keys: [] }, 'the root user has an active access key', { keys: [] }],
  [
    'unused',
    { keys: [{ ...key, createdAt: now - 640 * DAY }] },
    'never used in 640 days',
    { keys: [{ ...key, createdAt: now - 90 * DAY }] },
  ],
  [
    'unused',
    { keys: [{ ...usedBy('s3', 91), createdAt: now - 300 * DAY }] },
    'not used for 91 days',
    { keys: [{ ...usedBy('s3', 91), createdAt: now - 300 * DAY }, usedBy('s3')] },
  ],
  ['mail-sender', { keys: [usedBy('ses-smtp')] }, 'last used with ses-smtp', { keys: [usedBy('ses')] }],
  [
    'mail-sender',
    { allowedActions: ['ses:SendRawEmail'] },
    'may do nothing but ses:SendRawEmail',
    { allowedActions: ['ses:SendRawEmail', 's3:*'] },
  ],
  [
    'in-lambda-or-ecs',
    agent('Boto3/1.43 exec-env/AWS_Lambda_python3.13'),
    'user agent exec-env/AWS_Lambda_, 1 call',
    agent('Boto3/1.43 exec-env/AWS_Cloud9'),
  ],
  ['in-cloudshell', agent('aws-cli/2.32 exec-env/CloudShell'), 'user agent exec-env/CloudShell, 1 call', agent('x')],
  ['in-vpc', { uses: [use({ sourceIp: '10.1.2.3' })] }, 'called from 10.1.2.3', { uses: [use()] }],
  [
    'in-vpc',
    { uses: [use({ vpcEndpointId: 'vpce-1' })] },
    'called from 203.0.113.7 through vpce-1',
    { uses: [use({ sourceIp: '100.128.0.1' })] },
  ],
  [
    'github-actions',
    agent('configure-aws-credentials-for-github-actions'),
    'user agent configure-aws-credentials-for-github-actions, 1 call',
    agent('configure-aws'),
  ],
  [
    'terraform',
    agent('APN/1.0 HashiCorp/1.0 Terraform/1.14.0 (+https://www.terraform.io)'),
    'user agent HashiCorp/1.0 Terraform/, 1 call',
    agent('Terraform'),
  ],
  ['person', { hasPassword: true, hasMfa: true }, 'has a password and MFA', { hasPassword: true }],
  [
    'person',
    { hasPassword: true, hasMfa: true, ...agent('aws-cli/2.32') },
    'has a password and MFA, used from 1 address',
    { hasPassword: true, hasMfa: true, ...agent('Boto3/1 exec-env/EKS') },
  ],
  [
    'assumes-roles',
    { allowedActions: ['sts:AssumeRole'] },
    'may do nothing but sts:AssumeRole',
    { allowedActions: [] },
  ],
  [
    'assumes-roles',
    { uses: [use({ eventName: 'AssumeRole' })] },
    'only sts:AssumeRole, used from 1 address',
    { uses: [use({ eventName: 'AssumeRole' }), use()] },
  ],
  ['kubernetes', agent('external-dns/0.19 aws-sdk-go'), 'user agent external-dns, 1 call', agent('externaldnsx')],
  [
    'vendor',
    { policies: ['SecurityAudit'], uses: [use(), use()] },
    'may read by SecurityAudit, and one program uses it from outside: Boto3/1.43',
    { policies: ['SecurityAudit'], uses: [use(), use({ userAgent: 'other' })] },
  ],
  [
    'machine-outside',
    { uses: aroundTheClock },
    'from 203.0.113.7 alone, day and night',
    { uses: aroundTheClock.slice(1) },
  ],
  [
    'listed-use-case',
    { keys: [usedBy('codecommit')] },
    'last used with codecommit',
    { uses: [use({ eventSource: 'codecommit.amazonaws.com' })] },
  ],
  [
    'devices',
    { keys: [usedBy('iot')], uses: ['1', '2', '3'].map((last) => use({ sourceIp: `203.0.113.${last}` })) },
    'last used with iot, from 3 addresses',
    { keys: [usedBy('iot')], uses: [use()] },
  ],
  [
    'devices',
    { uses: ['1', '2', '3'].map((last) => use({ sourceIp: `203.0.113.${last}`, eventSource: 'iot.amazonaws.com' })) },
    'CloudTrail has calls of iot, from 3 addresses',
    { uses: ['1', '2', '3'].map((last) => use({ sourceIp: `203.0.113.${last}` })) },
  ],
  [
    'plug-in',
    agent('WordPress/6.9; aws-sdk-php'),
    'user agent WordPress, 1 call',
    { keys: [usedBy('ec2')], uses: [use({ userAgent: 'WordPress', eventSource: 'ec2.amazonaws.com' })] },
  ],
  [
    'break-glass',
    { exemptReason: 'Break glass, see runbook' },
    'exempt: Break glass, see runbook',
    { exemptReason: 'vendor' },
  ],
  ['none-of-these', {}, 'nothing else fits', {}],
];

describe('the rules', () => {
  it.each(cases)('%s fits for its evidence: %j', (rule, fits, because, beside) => {
    expect(firstOf(fits)).toMatchObject({ rule, because });
    if (rule !== 'none-of-these') expect(advise(evidence(beside)).map((advice) => advice.rule)).not.toContain(rule);
  });

  it('are eighteen, each with a case here and a page of AWS behind it', () => {
    expect(rules.map(({ id }) => id)).toEqual([...new Set(cases.map(([rule]) => rule))]);
    expect(rules).toHaveLength(18);
    expect(rules.filter(({ source }) => !source.startsWith('https://docs.aws.amazon.com/'))).toEqual([]);
  });

  it('say all that fits, in their order, and the last one always does', () => {
    const many = {
      hasPassword: true,
      hasMfa: true,
      ...agent('HashiCorp/1.0 Terraform/1 exec-env/AWS_ECS_FARGATE aws-cli/2'),
    };
    expect(advise(evidence(many)).map(({ rule }) => rule)).toEqual([
      'in-lambda-or-ecs',
      'terraform',
      'person',
      'none-of-these',
    ]);
  });

  it('name the Region of the mail sender, and the key to retire', () => {
    expect(firstOf({ keys: [usedBy('ses-smtp')] })?.doInstead).toContain('keyturn:ses-smtp-regions=eu-west-1;');
    expect(firstOf({ keys: [{ ...key, createdAt: 0 }] })?.doInstead).toBe(
      'keyturn retire alice --access-key-id AKIAEXAMPLE000000001',
    );
  });

  it('never take a key for emergencies for one that is not needed', () => {
    const { rule } = firstOf({ keys: [{ ...key, createdAt: 0 }], exemptReason: 'emergency access' }) ?? {};
    expect(rule).toBe('break-glass');
  });
});

describe('a hostile user agent', () => {
  const words = [
    'exec-env/AWS_Lambda_x',
    'configure-aws-credentials-for-github-actions',
    'WordPress',
    'velero',
    'aws-cli/2',
  ];
  const text = fc.oneof(
    fc.constantFrom(...words),
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.tuple(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 500 })).map((parts) => parts.join(' ')),
  );

  it('makes nothing sure, takes nothing away, and does not fill the answer', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), fc.boolean(), (agents, isPerson) => {
        const before = advise(evidence({ hasPassword: isPerson, hasMfa: isPerson }));
        const uses = agents.map((userAgent) => use({ userAgent }));
        const after = advise(evidence({ hasPassword: isPerson, hasMfa: isPerson, uses }));
        const isSure = (advice: (typeof after)[number]) => advice.confidence === 'sure';
        expect(after.filter(isSure)).toEqual(before.filter(isSure));
        for (const { because, doInstead } of after) {
          expect(because.length).toBeLessThan(160);
          expect(doInstead).not.toMatch(/^keyturn/);
        }
      }),
      { seed: 16 },
    );
  });

  it('costs no time', () => {
    const started = performance.now();
    advise(evidence(agent(`${'exec-env/'.repeat(60_000)}HashiCorp/1.0 Terraform`)));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

it('addresses of a network of one own are told from all others', () => {
  const own = ['10.0.0.1', '172.16.0.1', '172.31.9.9', '192.168.1.1', '100.64.0.1', '100.127.255.1', 'fd00:ec2::1'];
  const others = [
    '11.0.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '2001:db8::1',
    'AWS Internal',
    '10.example.com',
  ];
  expect(own.filter((address) => !isPrivate(address))).toEqual([]);
  expect(others.filter(isPrivate)).toEqual([]);
  expect([onlyOne([]), onlyOne(['a', 'a']), onlyOne(['a', 'b'])]).toEqual([undefined, 'a', undefined]);
  expect(confidences).toEqual(['sure', 'likely', 'guess']);
});
