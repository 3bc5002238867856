import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { isFailure } from '../../core/errors.ts';
import { type AskedOfBucket, lifecycleProblems, policyProblems } from '../../core/evidence/bucket-policy.ts';
import type { EvidenceSettings } from '../../core/evidence/evidence-settings.ts';
import { accountResource } from '../../core/evidence/judge-root.ts';
import { type Judgement, notKnown } from '../../core/evidence/judgement.ts';
import { listed } from '../../core/present.ts';
import { type EvidenceReader, placeOf } from './bucket.ts';
import { type Inspection, tryRead } from './try-read.ts';

type Check = (reader: EvidenceReader, asked: AskedOfBucket) => Promise<string | readonly string[] | undefined>;

/** Each says what is not as it should be. */
const checks: readonly Check[] = [
  async (reader) => {
    const { Status } = await reader.s3.send(new GetBucketVersioningCommand(placeOf(reader)));
    return Status === 'Enabled' ? undefined : 'it is not versioned';
  },
  async (reader) => {
    const { ServerSideEncryptionConfiguration: found } = await reader.s3.send(
      new GetBucketEncryptionCommand(placeOf(reader)),
    );
    return found?.Rules?.length ? undefined : 'it has no default encryption';
  },
  async (reader) => {
    const { PublicAccessBlockConfiguration: found } = await reader.s3.send(
      new GetPublicAccessBlockCommand(placeOf(reader)),
    );
    const acls = [found?.BlockPublicAcls, found?.IgnorePublicAcls];
    const policies = [found?.BlockPublicPolicy, found?.RestrictPublicBuckets];
    return [...acls, ...policies].every((isSet) => isSet === true) ? undefined : 'public access to it is not blocked';
  },
  async (reader) => {
    const { PolicyStatus } = await reader.s3.send(new GetBucketPolicyStatusCommand(placeOf(reader)));
    return PolicyStatus?.IsPublic ? 'its policy makes it public' : undefined;
  },
  async (reader, asked) => {
    const { Policy } = await reader.s3.send(new GetBucketPolicyCommand(placeOf(reader)));
    return policyProblems(Policy, asked);
  },
  async (reader, asked) => {
    const { Rules } = await reader.s3.send(new GetBucketLifecycleConfigurationCommand(placeOf(reader)));
    return lifecycleProblems(listed(Rules), asked);
  },
  async (reader, { lock }) => {
    if (lock.mode === 'none') return undefined;
    const { ObjectLockConfiguration } = await reader.s3.send(new GetObjectLockConfigurationCommand(placeOf(reader)));
    const { Mode, Days = 0, Years = 0 } = ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
    if (Mode === undefined) return 'nothing in it is locked';
    const days = Days + Years * 365;
    if (days < lock.days) return `it is locked for ${days} days, not for ${lock.days}`;
    return lock.mode === 'compliance' && Mode !== 'COMPLIANCE'
      ? 'its lock can be passed, against compliance'
      : undefined;
  },
];

/** What a setting that is not there comes to. */
const absent: Readonly<Record<string, string>> = {
  NoSuchBucketPolicy: 'it has no policy',
  NoSuchLifecycleConfiguration: 'it has no lifecycle',
  NoSuchPublicAccessBlockConfiguration: 'public access to it is not blocked',
  ObjectLockConfigurationNotFoundError: 'it has no Object Lock',
  ServerSideEncryptionConfigurationNotFoundError: 'it has no default encryption',
};

async function problemsOf(check: Check, reader: EvidenceReader, asked: AskedOfBucket): Promise<readonly string[]> {
  try {
    return [(await check(reader, asked)) ?? []].flat();
  } catch (error) {
    const [, says] = Object.entries(absent).find(([code]) => isFailure(error, code)) ?? [];
    if (says === undefined) throw error;
    return [says];
  }
}

/**
 * Whether the evidence itself is kept as it should be.
 *
 * @param problems What is known to be wrong with what was kept before.
 */
export async function judgeOwnBucket(
  inspection: Inspection,
  reader: EvidenceReader,
  { settings, problems }: { settings: EvidenceSettings; problems: readonly string[] },
): Promise<Judgement> {
  const { accountId } = settings;
  const { roleSuffix } = inspection.settings;
  const [, partition = 'aws'] = inspection.settings.topicArn.split(':');
  const asked: AskedOfBucket = { ...settings, partition, roleSuffix };
  const found = await Promise.all(checks.map((check) => tryRead(inspection, () => problemsOf(check, reader, asked))));
  // Two questions may have one answer.
  const wrong = [...new Set([...problems, ...found.flatMap((each) => (each.isSeen ? each.value : []))])];
  const unknown = found.find((each) => !each.isSeen);
  const { bucket } = reader;
  const resource = { ...accountResource(accountId), type: 's3-bucket' as const, id: bucket };
  const of = { control: 'evidence-bucket' as const, parts: [bucket], resource, asOf: inspection.clock() };
  const facts = { bucket, problems: wrong };
  if (wrong.length > 0) {
    const sentence = `Evidence in bucket ${bucket} is not as it should be: ${wrong.join('; ')}.`;
    return { ...of, verdict: { status: 'fail', reason: 'not-as-asked', sentence, facts } };
  }
  if (unknown?.isSeen === false) return { ...of, verdict: notKnown(unknown) };
  const sentence = `Bucket ${bucket} is versioned, encrypted, not public, and kept as it was deployed.`;
  return { ...of, verdict: { status: 'pass', reason: 'as-asked', sentence, facts } };
}
