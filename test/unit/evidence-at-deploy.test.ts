// scripts/evidence.ts
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bucketPolicyElsewhere, evidenceNotes } from '../../scripts/evidence.ts';
import { computed } from '../../scripts/parameters.ts';
import { policyProblems } from '../../shared/core/evidence/bucket-policy.ts';

const lock = { mode: 'governance' as const, days: 400 };
const asked = { bucket: 'log-archive', roleSuffix: '-a', lock };

/** As `Fn::Sub` has it. */
function deployed(text: string): string {
  return text.replaceAll(`\${AWS::Partition}`, 'aws').replaceAll(`\${AWS::AccountId}`, '111122223333');
}

describe('the policy for a bucket of another account', () => {
  it('has every denial that the collector will look for, and lets the two roles in', () => {
    const document = deployed(bucketPolicyElsewhere(asked));
    const home = { partition: 'aws', homeAccountId: '111122223333', expireDays: 0 };
    expect(policyProblems(document, { ...asked, ...home })).toEqual([]);
    const { Statement } = JSON.parse(document);
    const allowed = Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    const role = (name: string) => `arn:aws:iam::111122223333:role/keyturn/keyturn-evidence-${name}-a`;
    expect(allowed.map(({ Principal }: { Principal: { AWS: string } }) => Principal.AWS)).toEqual([
      role('recorder'),
      ...Array(3).fill(role('collector')),
    ]);
    expect(document).not.toContain('${');
    // As much as S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
    expect(document.length).toBeLessThan(20_480);
  });

  it('lets the collector ask what its role may ask', () => {
    const yaml = readFileSync(new URL('../../resources/evidence.yml', import.meta.url), 'utf8');
    const [, actions = ''] = /Sid: SeeOwnBucket[\s\S]*?Action:\n((?: +- s3:\w+\n)+)/.exec(yaml) ?? [];
    const { Statement } = JSON.parse(deployed(bucketPolicyElsewhere(asked)));
    expect(Statement.at(-1).Action).toEqual(actions.match(/s3:\w+/g));
  });

  it('is made of the parameters', async () => {
    const parameters: Record<string, string> = {
      evidenceBucket: 'log-archive',
      roleSuffix: '-a',
      evidenceLockMode: 'governance',
      evidenceLockDays: '400',
    };
    const made = await computed.evidenceBucketPolicy?.(async (name) => parameters[name] ?? '');
    expect(made).toEqual({ 'Fn::Sub': bucketPolicyElsewhere(asked) });
  });
});

describe('whoever deploys is told', () => {
  it.each([
    ['nothing while evidence is off', { evidenceLockMode: 'compliance', evidenceBucketOwner: '444455556666' }, []],
    ['nothing of a lock that can be undone', { keepEvidence: 'true', evidenceLockMode: 'governance' }, []],
    [
      'that nobody undoes a lock for compliance',
      { keepEvidence: true, evidenceLockMode: 'compliance', evidenceLockDays: '400' },
      [/for 400 days no one can delete/],
    ],
    [
      'to put the policy in another account',
      { keepEvidence: 'true', evidenceBucket: 'log-archive', evidenceBucketOwner: '444455556666' },
      [/log-archive is of 444455556666: .* EvidenceBucketPolicyToPut\.$/],
    ],
  ])('%s', (_, stack, notes) => {
    expect(evidenceNotes(stack)).toEqual(notes.map((note) => expect.stringMatching(note)));
  });
});
