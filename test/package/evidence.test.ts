import { beforeAll, describe, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { like } from '../../local/aws/policies/policy-conditions.ts';
import manifest from '../../package.json' with { type: 'json' };
import { isOwnMachine } from '../../shared/core/audience.ts';
import { denialsAsked, policyProblems } from '../../shared/core/evidence/bucket-policy.ts';
import { parseCollectorEvent } from '../../shared/core/evidence/collector-event.ts';
import { parseCollecting } from '../../shared/core/evidence/evidence-settings.ts';
import { packageVariant } from './package-stack.ts';
import { deploy, list, object, type Stack, statementsOf, type Template } from './template.ts';

// resources/evidence.yml, without another package: its conditions are set here.

const BUCKET = 'keyturn-dev-evidence-111122223333-eu-west-1';
const ROLE = 'arn:aws:iam::111122223333:role/keyturn/keyturn-evidence';
/** What must not be lost with the stack, nor when evidence is switched off. */
const OUTLIVING = [
  'EvidenceBucket',
  'EvidenceBucketPolicy',
  'EvidenceDeadLetterQueue',
  'EvidenceQueue',
  'EvidenceSigningKey',
  'EvidenceUndeliveredQueue',
];

let template: Template;
let off: Stack;
let kept: Stack;

beforeAll(async () => {
  ({ template } = await packageVariant('default'));
  off = deploy(template);
  kept = deploy(template, { KeepEvidence: true });
}, 120_000);

const evidenceResources = (): string[] => Object.keys(template.Resources).filter((id) => id.startsWith('Evidence'));

describe('while evidence is off', () => {
  it('there is nothing of it but functions that are never started, their logs and their alarms', () => {
    const there = evidenceResources().filter((id) => off.properties(id) !== undefined);
    expect(there.toSorted()).toEqual([
      'EvidenceCollectorErrors',
      'EvidenceCollectorRole',
      'EvidenceDashcollectorLambdaEvConf',
      'EvidenceDashcollectorLambdaFunction',
      'EvidenceDashcollectorLogGroup',
      'EvidenceDashrecorderLambdaFunction',
      'EvidenceDashrecorderLogGroup',
      'EvidenceRecorderErrors',
      'EvidenceRecorderRole',
    ]);
    expect(off.properties('NoEvidenceCollected')).toBeUndefined();
    expect(
      Object.keys(template.Outputs)
        .filter((name) => name.startsWith('Evidence'))
        .flatMap(off.output),
    ).toEqual(Array(7).fill(undefined));
  });

  it('no function hears of it, nobody may start the collector, and the roles may do nothing', () => {
    for (const id of off.ofType('AWS::Lambda::Function')) {
      expect(JSON.stringify(off.properties(id))).not.toMatch(/KEYTURN_(EVIDENCE|BUCKET_ENC|UNUSED_CRED|VERSION)/);
    }
    for (const role of ['EvidenceRecorderRole', 'EvidenceCollectorRole']) {
      const allowed = statementsOf(off, role).filter(({ effect }) => effect === 'Allow');
      expect(allowed.map(({ sid }) => sid)).toEqual(['WriteLogs']);
    }
    expect(JSON.stringify(off.properties('ScheduleRole'))).not.toContain('evidence-collector');
  });
});

describe('with evidence', () => {
  it('bucket, its policy, signing key and every queue outlive the stack, and are not taken away when it is switched off', () => {
    const queues = Object.keys(template.Resources).filter((id) => /^Evidence\w*Queue$/.test(id));
    expect(OUTLIVING).toEqual(expect.arrayContaining(queues));
    for (const id of OUTLIVING) {
      expect([id, template.Resources[id]]).toMatchObject([
        id,
        { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' },
      ]);
    }
    // A retained queue's name would be taken.
    for (const id of OUTLIVING.filter((name) => name.endsWith('Queue'))) {
      expect(kept.properties(id)).not.toHaveProperty('QueueName');
    }
  });

  it('the bucket has versions, a lock, no public access and S3’s own encryption, whatever key the stack makes', () => {
    const made = deploy(template, { KeepEvidence: true, CreateKmsKey: true }).properties('EvidenceBucket');
    expect(made).toMatchObject({
      BucketName: BUCKET,
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: '400' } } },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
    const rules = list(object(made?.LifecycleConfiguration).Rules).map(object);
    expect(rules).toMatchObject([{}, { ExpirationInDays: '1100', NoncurrentVersionExpiration: { NoncurrentDays: 1 } }]);
    for (const id of ['EvidenceQueue', 'EvidenceDeadLetterQueue', 'EvidenceUndeliveredQueue']) {
      expect(kept.properties(id)).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
    }
  });

  it('the lock may be for good, or none, which then lets go of what it kept', () => {
    const mode = (conditions: Record<string, boolean>) =>
      JSON.stringify(deploy(template, { KeepEvidence: true, ...conditions }).properties('EvidenceBucket'));
    expect(mode({ LocksForGood: true })).toContain('COMPLIANCE');
    expect(mode({ LocksEvidence: false })).not.toContain('DefaultRetention');
    const policy = deploy(template, { KeepEvidence: true, LocksEvidence: false }).properties('EvidenceBucketPolicy');
    expect(JSON.stringify(policy)).not.toContain('NeverDelete');
  });

  it('the policy of the bucket is what the collector compares it with, locked and not', () => {
    for (const [LocksEvidence, mode, count] of [
      [true, 'governance', 7],
      [false, 'none', 6],
    ] as const) {
      const stack = deploy(template, { KeepEvidence: true, LocksEvidence });
      const document = JSON.stringify(stack.properties('EvidenceBucketPolicy')?.PolicyDocument);
      const own = { bucket: BUCKET, partition: 'aws', homeAccountId: '111122223333', roleSuffix: '' };
      const asked = { ...own, lock: { mode, days: 400 }, expireDays: 1_100 };
      expect(policyProblems(document, asked)).toEqual([]);
      expect(denialsAsked(asked)).toHaveLength(count);
    }
  });

  it('a bucket of another account is told what policy it is to have', () => {
    expect(kept.output('EvidenceBucketPolicyToPut')).toBeUndefined();
    const text = deploy(template, { KeepEvidence: true, EvidenceElsewhere: true }).output('EvidenceBucketPolicyToPut');
    expect(JSON.parse(String(text))).toMatchObject({ Version: '2012-10-17' });
    expect(text).toContain(`${ROLE}-collector`);
  });

  it('the topic delivers every message as it is, nobody else sends, and what SNS gives up has a queue of its own', () => {
    const queue = 'arn:aws:sqs:eu-west-1:111122223333:EvidenceQueue';
    const topic = 'arn:aws:sns:eu-west-1:111122223333:keyturn-dev';
    expect(kept.properties('EvidenceSubscription')).toEqual({
      TopicArn: topic,
      Protocol: 'sqs',
      Endpoint: queue,
      RawMessageDelivery: true,
      RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:111122223333:EvidenceUndeliveredQueue' },
    });
    const policy = object(kept.properties('EvidenceQueuePolicy')?.PolicyDocument);
    const allowed = list(policy.Statement)
      .map(object)
      .filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toMatchObject([
      { Principal: { Service: 'sns.amazonaws.com' }, Condition: { ArnEquals: { 'aws:SourceArn': topic } } },
    ]);
    // Its name is made of the stack's, and so counts for nobody who hears.
    expect(isOwnMachine('arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-EvidenceQueue-1ABC2DEF3GHI')).toBe(true);
  });

  it('the queue is read ten at a time, and gives up after a thousand tries, about as long as it keeps', () => {
    expect(kept.properties('EvidenceQueue')).toMatchObject({
      VisibilityTimeout: 900,
      RedrivePolicy: { maxReceiveCount: 1_000 },
    });
    expect(kept.properties('EvidenceMapping')).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  it('a message that waits, one that is lost soon and one that was given up each ring', () => {
    const about = (id: string) => {
      const { MetricName, Threshold, Dimensions } = kept.properties(id) ?? {};
      return [MetricName, Threshold, object(list(Dimensions)[0] ?? null).Value];
    };
    expect(about('EvidenceWaits')).toEqual(['ApproximateAgeOfOldestMessage', 3_600, 'EvidenceQueue']);
    expect(about('EvidenceIsLostSoon')).toEqual(['ApproximateAgeOfOldestMessage', 7 * 86_400, 'EvidenceQueue']);
    expect(about('EvidenceDeadLetters')).toEqual(['ApproximateNumberOfMessagesVisible', 0, 'EvidenceDeadLetterQueue']);
    expect(about('EvidenceUndelivered')).toEqual(['ApproximateNumberOfMessagesVisible', 0, 'EvidenceUndeliveredQueue']);
  });

  it('the recorder is told the bucket, its owner and the account', () => {
    const { Variables } = object(kept.properties('EvidenceDashrecorderLambdaFunction')?.Environment);
    expect(Variables).toMatchObject({
      KEYTURN_EVIDENCE_BUCKET: BUCKET,
      KEYTURN_EVIDENCE_BUCKET_OWNER: '111122223333',
      KEYTURN_EVIDENCE_ACCOUNT_ID: '111122223333',
    });
  });
});

describe('the collector', () => {
  it('is told the bucket, how to judge and its own version', () => {
    const { Variables } = object(kept.properties('EvidenceDashcollectorLambdaFunction')?.Environment);
    expect(Variables).toMatchObject({
      KEYTURN_EVIDENCE_BUCKET: BUCKET,
      KEYTURN_EVIDENCE_BUCKET_OWNER: '111122223333',
      KEYTURN_EVIDENCE_ACCOUNT_ID: '111122223333',
      KEYTURN_EVIDENCE_EXPIRE_DAYS: '1100',
      KEYTURN_BUCKET_ENCRYPTION: 'any',
      KEYTURN_UNUSED_CREDENTIAL_DAYS: '45',
      KEYTURN_VERSION: manifest.version,
    });
    expect(parseCollecting(Object.fromEntries(Object.entries(object(Variables ?? null)).map(textual)))).toMatchObject({
      settings: { bucket: BUCKET, expireDays: 1_100 },
    });
  });

  it('signs only if that is asked for, with a key that nobody else signs with, or with one that is given', () => {
    const keyOf = (stack: Stack) =>
      object(object(stack.properties('EvidenceDashcollectorLambdaFunction')?.Environment).Variables)
        .KEYTURN_EVIDENCE_SIGNING_KEY_ARN;
    const isAllowed = (stack: Stack) =>
      statementsOf(stack, 'EvidenceCollectorRole').some(({ actions }) => actions.includes('kms:Sign'));
    expect([keyOf(kept), isAllowed(kept), kept.properties('EvidenceSigningKey')]).toEqual([
      undefined,
      false,
      undefined,
    ]);
    expect(kept.output('EvidenceSigningKeyArn')).toBeUndefined();
    const own = deploy(template, { KeepEvidence: true, SignsEvidence: true, OwnEvidenceKey: true });
    const arn = 'arn:aws:kms:eu-west-1:111122223333:key/EvidenceSigningKey';
    expect([keyOf(own), isAllowed(own), own.output('EvidenceSigningKeyArn')]).toEqual([arn, true, arn]);
    expect(own.properties('EvidenceSigningKey')).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const given = deploy(template, { KeepEvidence: true, SignsEvidence: true });
    expect([given.properties('EvidenceSigningKey'), isAllowed(given)]).toEqual([undefined, true]);
  });

  it('runs at 02:00 UTC, is started again for six hours, and never by itself', () => {
    expect(kept.properties('EvidenceSchedule')).toMatchObject({
      ScheduleExpression: 'cron(0 2 * * ? *)',
      ScheduleExpressionTimezone: 'UTC',
      Target: {
        Arn: 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-dev-evidence-collector',
        RoleArn: expect.stringContaining('ScheduleRole'),
        Input: '{"scheduledAt":"<aws.scheduler.scheduled-time>"}',
        RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 21_600 },
        DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-west-1:111122223333:keyturn-dev-failures' },
      },
    });
    expect(parseCollectorEvent({ scheduledAt: '2026-11-28T02:00:00Z' })).toMatchObject({ trigger: 'schedule' });
    expect(kept.properties('EvidenceDashcollectorLambdaEvConf')).toMatchObject({ MaximumRetryAttempts: 0 });
    const starting = statementsOf(kept, 'ScheduleRole').filter(({ sid }) => sid === 'StartTheCollector');
    expect(starting.map(({ actions }) => actions)).toEqual([['lambda:InvokeFunction']]);
  });

  it('is missed after 26 hours', () => {
    const { Metrics, EvaluationPeriods, Threshold, ComparisonOperator, TreatMissingData } =
      kept.properties('NoEvidenceCollected') ?? {};
    expect(JSON.stringify(Metrics)).toContain('keyturn-dev-evidence-collector');
    expect([EvaluationPeriods, Threshold, ComparisonOperator, TreatMissingData]).toEqual([
      26,
      1,
      'LessThanThreshold',
      'breaching',
    ]);
  });
});

function textual([name, value]: [string, unknown]): [string, string] {
  return [name, String(value)];
}

describe('alarms of suspicious use', () => {
  const about = (stack: Stack) => ({
    group: object(object(stack.properties('EvidenceDashcollectorLambdaFunction')?.Environment).Variables)
      .KEYTURN_EVIDENCE_TRAIL_LOG_GROUP,
    sids: statementsOf(stack, 'EvidenceCollectorRole')
      .map(({ sid }) => sid)
      .filter((sid) => /Alarms|MetricFilters/.test(sid)),
  });

  it('are looked at where a log group is told, and nobody may look at them elsewhere', () => {
    expect(about(kept)).toEqual({ group: undefined, sids: [] });
    const told = about(deploy(template, { KeepEvidence: true, WatchesAlarms: true }));
    expect(told).toEqual({ group: '', sids: ['SeeMetricFilters', 'SeeAlarms', 'SeeWhoHearsAlarms'] });
  });
});

describe('the policy of the bucket', () => {
  const put = (more: object = {}) => ({ 'aws:SecureTransport': 'true', ...more });
  const conditional = put({ 's3:ObjectCreationOperation': 'true', 's3:if-none-match': '*' });
  let statements: ReturnType<typeof readStatements>;
  beforeAll(() => {
    statements = readStatements();
  });

  function readStatements() {
    const document = object(kept.properties('EvidenceBucketPolicy')?.PolicyDocument);
    // As S3 itself takes it.
    const aws = createLocalAws();
    aws.s3.addBucket({ name: BUCKET, isVersioned: true, policy: document });
    return list(document.Statement).map(object);
  }

  /** The Sids that deny a call. */
  function denials(action: string, key: string, context: Record<string, string>): string[] {
    return statements
      .filter((statement) => {
        const resource = `arn:aws:s3:::${BUCKET}/${key}`;
        const among = (value: unknown) => [value].flat().some((pattern) => like(resource, String(pattern)));
        const isAbout = statement.NotResource === undefined ? among(statement.Resource) : !among(statement.NotResource);
        const isAction = list(statement.Action)
          .concat(statement.Action ?? null)
          .some((each) => like(action, String(each)));
        const conditions = Object.entries(object(statement.Condition ?? {}));
        return isAbout && isAction && conditions.every(([operator, keys]) => holdsFor(operator, object(keys), context));
      })
      .map(({ Sid }) => String(Sid));
  }

  function holdsFor(operator: string, keys: Record<string, unknown>, context: Record<string, string>): boolean {
    return Object.entries(keys).every(([key, wanted]) => {
      const actual = context[key];
      if (operator === 'Null') return String(actual === undefined) === wanted;
      return operator === 'ArnNotEquals' ? actual !== wanted : actual === wanted;
    });
  }

  const by = (role: string) => ({ ...conditional, 'aws:PrincipalArn': `${ROLE}-${role}` });

  it.each([
    ['recorder', 'records', []],
    ['recorder', 'chain', ['OnlyTheCollector']],
    ['recorder', 'elsewhere', ['NowhereElse']],
    ['collector', 'records', ['OnlyTheRecorder']],
    ['collector', 'chain', []],
    ['collector', 'runs', []],
    ['collector', 'reports', []],
    ['collector', 'tests', []],
    ['administrator', 'records', ['OnlyTheRecorder']],
    ['administrator', 'runs', ['OnlyTheCollector']],
  ])('%s puts below %s: denied by %j', (role, folder, sids) => {
    expect(denials('s3:PutObject', `111122223333/${folder}/x`, by(role))).toEqual(sids);
  });

  it('denies what would overwrite, delete, pass the lock or go without TLS, to everybody', () => {
    const root = by('recorder');
    const key = '111122223333/records/x';
    const unconditional = put({ 's3:ObjectCreationOperation': 'true', 'aws:PrincipalArn': `${ROLE}-recorder` });
    expect(denials('s3:PutObject', key, unconditional)).toEqual(['NeverOverwrite']);
    expect(denials('s3:DeleteObject', key, root)).toEqual(['NeverDelete']);
    expect(denials('s3:DeleteObjectVersion', key, root)).toEqual(['NeverDelete']);
    expect(denials('s3:BypassGovernanceRetention', key, root)).toEqual(['NeverPassTheLock']);
    expect(denials('s3:GetObject', key, { ...root, 'aws:SecureTransport': 'false' })).toEqual(['OnlyTls']);
    expect(denials('s3:GetObject', key, root)).toEqual([]);
  });
});
