import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  LookupEventsCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  GenerateCredentialReportCommand,
  GetAccessKeyLastUsedCommand,
  GetAccountAuthorizationDetailsCommand,
  GetCredentialReportCommand,
  GetLoginProfileCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListMFADevicesCommand,
  ListVirtualMFADevicesCommand,
} from '@aws-sdk/client-iam';
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { isFailure, messageOf } from '../../core/errors.ts';
import type { EvidenceSettings } from '../../core/evidence/evidence-settings.ts';
import { regionOfIamEvents } from '../../core/evidence/key-event.ts';
import type { Aws } from '../clients.ts';
import { required } from '../observe.ts';
import { s3Client } from '../s3.ts';
import { signCommand, signingClient } from './sign.ts';

/** What one permission came to. */
export interface ConnectionCheck {
  permission: string;
  result: 'ok' | 'refused' | 'not-asked';
  /** A sentence; what AWS refused says the way out. */
  says: string;
}

/** Notes each call by the permission that it needs. */
export interface Asking {
  checks: ConnectionCheck[];
  /** `answers`: errors that only somebody is given who may ask. */
  ask<T>(permission: string, call: () => Promise<T>, ...answers: readonly string[]): Promise<T | undefined>;
  skip(permission: string, because: string): void;
}

export function createAsking(): Asking {
  const checks: ConnectionCheck[] = [];
  const note = (permission: string, result: ConnectionCheck['result'], says: string) =>
    void checks.push({ permission, result, says });
  return {
    checks,
    async ask(permission, call, ...answers) {
      try {
        const answer = await call();
        note(permission, 'ok', 'AWS answers.');
        return answer;
      } catch (error) {
        const isAnswer = answers.some((code) => isFailure(error, code));
        note(permission, isAnswer ? 'ok' : 'refused', isAnswer ? 'AWS answers that there is none.' : messageOf(error));
        return undefined;
      }
    },
    skip: (permission, because) => note(permission, 'not-asked', because),
  };
}

/** Each read of a run once, with the smallest page. The credential report is made, if it is four hours old. */
export async function askEverything(aws: Aws, settings: EvidenceSettings, asking: Asking): Promise<void> {
  await askIam(aws, asking);
  await asking.ask('secretsmanager:ListSecrets', () => aws.secrets.send(new ListSecretsCommand({ MaxResults: 1 })));
  await askBuckets(aws, settings, asking);
  await askTrails(aws, asking);
  await askOwnBucket(aws, settings, asking);
  await askSigning(aws, settings, asking);
  asking.skip('sns:Publish', 'A test sends no message: a run fails at its end if what it has to tell is refused.');
}

async function askIam({ iam }: Aws, asking: Asking): Promise<void> {
  const { ask } = asking;
  await ask('iam:GenerateCredentialReport', () => iam.send(new GenerateCredentialReportCommand({})));
  const pending = ['ReportNotPresent', 'ReportInProgress', 'CredentialReportNotPresent', 'CredentialReportNotReady'];
  await ask('iam:GetCredentialReport', () => iam.send(new GetCredentialReportCommand({})), ...pending);
  const page = { Filter: ['User' as const], MaxItems: 1 };
  const details = await ask('iam:GetAccountAuthorizationDetails', () =>
    iam.send(new GetAccountAuthorizationDetailsCommand(page)),
  );
  await ask('iam:ListVirtualMFADevices', () => iam.send(new ListVirtualMFADevicesCommand({ MaxItems: 1 })));
  await askAboutUser(asking, iam, details?.UserDetailList?.[0]?.UserName);
}

async function askAboutUser({ ask, skip }: Asking, iam: Aws['iam'], UserName: string | undefined): Promise<void> {
  if (UserName === undefined) {
    for (const action of ['GetUser', 'GetLoginProfile', 'ListMFADevices', 'ListAccessKeys', 'GetAccessKeyLastUsed']) {
      skip(`iam:${action}`, 'There is no IAM user to ask about.');
    }
    return;
  }
  await ask('iam:GetUser', () => iam.send(new GetUserCommand({ UserName })));
  await ask('iam:GetLoginProfile', () => iam.send(new GetLoginProfileCommand({ UserName })), 'NoSuchEntity');
  await ask('iam:ListMFADevices', () => iam.send(new ListMFADevicesCommand({ UserName })));
  const listed = await ask('iam:ListAccessKeys', () => iam.send(new ListAccessKeysCommand({ UserName })));
  const AccessKeyId = listed?.AccessKeyMetadata?.[0]?.AccessKeyId;
  if (AccessKeyId === undefined)
    skip('iam:GetAccessKeyLastUsed', `There is no access key of ${UserName} to ask about.`);
  else await ask('iam:GetAccessKeyLastUsed', () => iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId })));
}

async function askBuckets(aws: Aws, { bucket }: EvidenceSettings, { ask, skip }: Asking): Promise<void> {
  // The own bucket and one more at most.
  const page = { MaxBuckets: 2 };
  const listed = await ask('s3:ListAllMyBuckets', () => s3Client(aws.clientOf).send(new ListBucketsCommand(page)));
  const other = listed?.Buckets?.find(({ Name }) => Name !== bucket);
  const permission = 's3:GetEncryptionConfiguration';
  if (other === undefined) {
    skip(permission, 'There is no other bucket to ask about.');
    return;
  }
  const { Name, BucketRegion: region = 'us-east-1' } = other;
  const s3 = s3Client(aws.clientOf, { region });
  const none = 'ServerSideEncryptionConfigurationNotFoundError';
  await ask(permission, () => s3.send(new GetBucketEncryptionCommand({ Bucket: Name })), none);
}

async function askTrails({ clientOf, iam }: Aws, { ask, skip }: Asking): Promise<void> {
  const trailsIn = (region: string) => clientOf((options) => new CloudTrailClient({ ...options, region }));
  const here = await iam.config.region();
  const events = trailsIn(regionOfIamEvents(here));
  await ask('cloudtrail:LookupEvents', () => events.send(new LookupEventsCommand({ MaxResults: 1 })));
  const described = await ask('cloudtrail:DescribeTrails', () => trailsIn(here).send(new DescribeTrailsCommand({})));
  const [trail] = described?.trailList ?? [];
  if (trail === undefined) {
    for (const action of ['GetTrailStatus', 'GetEventSelectors'])
      skip(`cloudtrail:${action}`, 'There is no trail to ask about.');
    return;
  }
  const { TrailARN } = trail;
  const atHome = trailsIn(required(trail.HomeRegion, 'cloudtrail:DescribeTrails', 'HomeRegion'));
  await ask('cloudtrail:GetTrailStatus', () => atHome.send(new GetTrailStatusCommand({ Name: TrailARN })));
  await ask('cloudtrail:GetEventSelectors', () => atHome.send(new GetEventSelectorsCommand({ TrailName: TrailARN })));
}

/** Where the runs write, `tests/` apart, since a test writes no evidence. */
export function connectionKey({ accountId }: EvidenceSettings): string {
  return `${accountId}/tests/connection.json`;
}

async function askOwnBucket({ homeClientOf }: Aws, settings: EvidenceSettings, { ask }: Asking): Promise<void> {
  const s3 = s3Client(homeClientOf);
  const { bucket, owner, accountId } = settings;
  const at = { Bucket: bucket, ExpectedBucketOwner: owner };
  const page = { ...at, Prefix: `${accountId}/`, MaxKeys: 1 };
  const object = { ...at, Key: connectionKey(settings) };
  await ask('s3:ListBucket', () => s3.send(new ListObjectsV2Command(page)));
  await ask('s3:ListBucketVersions', () => s3.send(new ListObjectVersionsCommand(page)));
  await ask('s3:GetObject', () => s3.send(new GetObjectCommand(object)), 'NoSuchKey');
  await ask('s3:GetBucketVersioning', () => s3.send(new GetBucketVersioningCommand(at)));
  const noPolicy = 'NoSuchBucketPolicy';
  await ask('s3:GetBucketPolicy', () => s3.send(new GetBucketPolicyCommand(at)), noPolicy);
  const noRules = 'NoSuchLifecycleConfiguration';
  await ask('s3:GetLifecycleConfiguration', () => s3.send(new GetBucketLifecycleConfigurationCommand(at)), noRules);
  await ask('s3:GetBucketPolicyStatus', () => s3.send(new GetBucketPolicyStatusCommand(at)), noPolicy);
  const noBlock = 'NoSuchPublicAccessBlockConfiguration';
  await ask('s3:GetBucketPublicAccessBlock', () => s3.send(new GetPublicAccessBlockCommand(at)), noBlock);
  const noLock = 'ObjectLockConfigurationNotFoundError';
  const lock = 's3:GetBucketObjectLockConfiguration';
  await ask(lock, () => s3.send(new GetObjectLockConfigurationCommand(at)), noLock);
}

/** Nothing is signed: with `DryRun` KMS only says whether it would. */
async function askSigning({ homeClientOf }: Aws, { signingKeyArn }: EvidenceSettings, { ask }: Asking): Promise<void> {
  if (signingKeyArn === '') return;
  const command = signCommand(signingKeyArn, 'connection', { DryRun: true });
  await ask('kms:Sign', () => signingClient({ homeClientOf }, signingKeyArn).send(command), 'DryRunOperation');
}
