/** Where `local/` and moto do not agree, and why that may stay. */
export interface KnownDifference {
  /** The scenarios, as `service: name`. */
  readonly on: readonly string[];
  /** The places in the outcome; in each of these scenarios each of them differs. */
  readonly at: readonly string[];
  /** `aws`: AWS says so, or was recorded doing so. `unverified`: nobody could be asked; an assumption of that number. */
  readonly stand: 'aws' | 'unverified';
  readonly reason: string;
  /** Where AWS says it. `[model]`: the service model of botocore. `[LS]`: recorded against AWS by LocalStack's tests. */
  readonly source: string;
}

const refused = ['call.error', 'call.result', 'call.status'];
const kmsApi = 'https://docs.aws.amazon.com/kms/latest/APIReference';
const snsGuide = 'https://docs.aws.amazon.com/sns/latest/dg';
const smApi = 'https://docs.aws.amazon.com/secretsmanager/latest/apireference';
const iamGuide = 'https://docs.aws.amazon.com/IAM/latest/UserGuide';
const iamApi = 'https://docs.aws.amazon.com/IAM/latest/APIReference';
const snsPublish = 'https://docs.aws.amazon.com/sns/latest/api/API_Publish.html';
const s3Api = 'https://docs.aws.amazon.com/AmazonS3/latest/API';
const s3Guide = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide';
const localStack = '[LS] localstack/localstack tests/aws/services';

const iam: readonly KnownDifference[] = [
  {
    on: ['iam: a user ID begins with AIDA'],
    at: ['call.result'],
    stand: 'aws',
    reason: 'moto makes user IDs without the prefix AIDA',
    source: `${iamGuide}/reference_identifiers.html#identifiers-unique-ids`,
  },
  {
    on: ['iam: CreateUser with a name that is taken in another case'],
    at: refused,
    stand: 'aws',
    reason: 'names of users are unique ignoring case',
    source: `${iamGuide}/reference_iam-quotas.html`,
  },
  {
    on: ['iam: GetUser in another case'],
    at: refused,
    stand: 'unverified',
    reason: 'a user is found by a name in another case',
    source: 'A17; reference_iam-quotas.html says names are not distinguished by case, not that look-ups ignore it',
  },
  {
    on: ['iam: CreateUser with a space in the name'],
    at: refused,
    stand: 'aws',
    reason: 'a user name matches [\\w+=,.@-]+',
    source: '[model] iam userNameType',
  },
  {
    on: ['iam: TagUser with a bracket in the value'],
    at: refused,
    stand: 'aws',
    reason: 'a tag value has letters, digits, spaces and _.:/=+-@ only',
    source: '[model] iam tagValueType',
  },
  {
    on: ['iam: TagUser with 51 tags in one call'],
    at: refused,
    stand: 'aws',
    reason: 'a list of tags has at most 50 members',
    source: '[model] iam tagListType',
  },
  {
    on: ['iam: TagUser with a 51st tag'],
    at: refused,
    stand: 'aws',
    reason: 'a user has at most 50 tags',
    source: `${iamGuide}/reference_iam-quotas.html; LimitExceeded: ${iamApi}/API_TagUser.html`,
  },
  {
    on: ['iam: ListUsers by pages'],
    at: ['call.result.IsTruncated', 'call.result.Marker', 'call.result.Users.1'],
    stand: 'aws',
    reason: 'MaxItems limits a page; moto ignores it',
    source: `${iamApi}/API_ListUsers.html`,
  },
  {
    on: ['iam: GetAccountAuthorizationDetails by pages'],
    at: ['call.result.isTruncated', 'call.result.length'],
    stand: 'aws',
    reason: 'MaxItems limits a page; moto ignores it',
    source: `${iamApi}/API_GetAccountAuthorizationDetails.html`,
  },
  {
    on: ['iam: ListAccessKeys by pages'],
    at: ['call.result.AccessKeyMetadata.1', 'call.result.IsTruncated', 'call.result.Marker'],
    stand: 'aws',
    reason: 'MaxItems limits a page; moto ignores it',
    source: `${iamApi}/API_ListAccessKeys.html`,
  },
  {
    on: [
      'iam: CreateAccessKey',
      'iam: CreateAccessKey, a third',
      'iam: UpdateAccessKey to Inactive',
      'iam: UpdateAccessKey to what it is',
      'iam: DeleteAccessKey',
    ],
    at: ['after.result.IsTruncated'],
    stand: 'aws',
    reason: 'ListAccessKeys always says whether it is truncated',
    source: `${iamApi}/API_ListAccessKeys.html (sample response)`,
  },
  {
    on: ['iam: ListAccessKeys of a user without keys'],
    at: ['call.result.IsTruncated'],
    stand: 'aws',
    reason: 'ListAccessKeys always says whether it is truncated',
    source: `${iamApi}/API_ListAccessKeys.html (sample response)`,
  },
  {
    on: ['iam: UpdateUser: a rename'],
    at: ['after.result.0.User.Tags', 'after.result.1.AccessKeyMetadata.0.UserName', 'after.result.1.IsTruncated'],
    stand: 'aws',
    reason: 'a renamed user is the same user, with its keys under the new name; moto loses tags and keeps the old name',
    source: `${iamGuide}/id_users_rename.html; ${localStack}/iam (UpdateUser, recorded 2026)`,
  },
  {
    on: ['iam: UpdateUser to a name that is taken'],
    at: refused,
    stand: 'aws',
    reason: 'EntityAlreadyExists',
    source: `${iamApi}/API_UpdateUser.html`,
  },
  {
    on: ['iam: DeleteUser with an access key'],
    at: refused,
    stand: 'aws',
    reason: 'DeleteConflict while the user has access keys',
    source: `${iamApi}/API_DeleteUser.html`,
  },
  {
    on: ['iam: UpdateAccessKey to Expired, which the model has and the operation does not take'],
    at: refused,
    stand: 'unverified',
    reason: 'an access key cannot be set to Expired',
    source: 'A12; the text of API_UpdateAccessKey names Active and Inactive only, the enum has Expired too',
  },
  {
    on: ['iam: GetAccessKeyLastUsed of a key that is not there'],
    at: ['call.error', 'call.status'],
    stand: 'aws',
    reason: 'AccessDenied 403, not NoSuchEntity',
    source: `${localStack}/iam (recorded 2026-02)`,
  },
  {
    on: ['iam: GetCredentialReport of a user with two keys'],
    at: [
      'call.result.columns.22',
      'call.result.rows.0.additional_credentials_info',
      'call.result.rows.0.access_key_1_last_used_region',
      'call.result.rows.0.access_key_1_last_used_service',
      'call.result.rows.0.access_key_2_last_used_region',
      'call.result.rows.0.access_key_2_last_used_service',
      'call.result.rows.0.password_last_changed',
      'call.result.rows.0.password_last_used',
      'call.result.rows.0.password_next_rotation',
    ],
    stand: 'aws',
    reason: 'N/A where a user has no password or a key was not used; not_supported is for root. A 23rd column',
    source: `${iamGuide}/id_credentials_getting-report.html; ${localStack}/iam (recorded 2026-02-17)`,
  },
  {
    on: ['sts: GetCallerIdentity with an Inactive key', 'sts: GetCallerIdentity with a deleted key'],
    at: refused,
    stand: 'aws',
    reason: 'a key that is not Active signs nothing: InvalidClientTokenId',
    source: `${iamApi}/CommonErrors.html; ${iamGuide}/id_credentials_access-keys-update.html`,
  },
  {
    on: ['sts: GetCallerIdentity with a wrong secret'],
    at: refused,
    stand: 'aws',
    reason: 'moto checks no signatures',
    source: `${iamGuide}/signature-v4-troubleshooting.html`,
  },
  {
    on: ['sts: GetSessionToken with a user’s key'],
    at: ['call.result.prefix'],
    stand: 'aws',
    reason: 'the key IDs of temporary credentials begin with ASIA; moto has one answer for everybody',
    source: `${iamGuide}/reference_identifiers.html#identifiers-unique-ids`,
  },
  {
    on: ['iam: ListVirtualMFADevices with that of the root user'],
    at: ['call.result.VirtualMFADevices.0'],
    stand: 'aws',
    reason: 'an account has a root user, whose virtual device ends in root-account-mfa-device; moto has none',
    source: `${iamGuide}/id_credentials_mfa_enable_virt_assign-root.html; the CIS benchmark's check finds it by that name`,
  },
];

const roles: readonly KnownDifference[] = [
  {
    on: ['iam: ListRoles by path'],
    at: ['call.result.Roles.0.AssumeRolePolicyDocument'],
    stand: 'aws',
    reason: 'the trust policy is encoded as in addresses, in lists too',
    source: `${iamApi}/API_Role.html`,
  },
  {
    on: [
      'sts: AssumeRole without the external ID that is asked for',
      'sts: AssumeRole with another external ID',
      'sts: AssumeRole that is not there',
    ],
    at: refused,
    stand: 'aws',
    reason: 'moto gives every role to everybody, whatever its trust policy says and whether it is there',
    source: `${iamGuide}/id_roles_common-scenarios_third-party.html`,
  },
  {
    on: ['sts: AssumeRole for longer than whoever has a role already gets'],
    at: refused,
    stand: 'aws',
    reason: 'role chaining: an hour at most',
    source: 'https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html',
  },
  {
    on: ['sts: AssumeRole with a session policy that is too long'],
    at: refused,
    stand: 'aws',
    reason: 'a session policy has at most 2,048 characters',
    source: '[model] sts unrestrictedSessionPolicyDocumentType; API_AssumeRole.html',
  },
];

const organizations: readonly KnownDifference[] = [
  {
    on: ['organizations: the path of an account'],
    at: ['call.result'],
    stand: 'aws',
    reason: 'accounts have Paths, which moto does not know yet',
    source: 'https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html',
  },
  {
    on: ['organizations: ListParents of nobody'],
    at: ['call.error'],
    stand: 'aws',
    reason: 'ChildNotFoundException; the model of ListParents has no AccountNotFoundException',
    source: '[model] organizations ListParents',
  },
];

const secretsManager: readonly KnownDifference[] = [
  {
    on: [
      'secretsmanager: DescribeSecret that is not there',
      'secretsmanager: GetSecretValue without a value',
      'secretsmanager: GetSecretValue by a label that is not there',
      'secretsmanager: GetSecretValue by a version that is not there',
      'secretsmanager: GetSecretValue by a label and a version that do not agree',
      'secretsmanager: PutSecretValue into a secret that is not there',
    ],
    at: ['call.status'],
    stand: 'aws',
    reason: 'HTTP 400; moto says 404',
    source: `${smApi}/API_GetSecretValue.html#API_GetSecretValue_Errors`,
  },
  {
    on: ['secretsmanager: DeleteSecret without recovery'],
    at: ['after.status'],
    stand: 'aws',
    reason: 'HTTP 400; moto says 404',
    source: `${smApi}/API_DescribeSecret.html#API_DescribeSecret_Errors`,
  },
  {
    on: ['secretsmanager: CreateSecret with a name that is pending deletion'],
    at: ['call.error'],
    stand: 'aws',
    reason: 'InvalidRequestException, not ResourceExistsException',
    source: `${localStack}/secretsmanager test_exp_raised_on_creation_of_secret_scheduled_for_deletion (recorded 2022-09-28)`,
  },
  {
    on: ['secretsmanager: CreateSecret with a comma in the name'],
    at: refused,
    stand: 'aws',
    reason: 'ASCII letters, numbers and /_+=.@- only',
    source: `${smApi}/API_CreateSecret.html; ${localStack}/secretsmanager (recorded 2022)`,
  },
  {
    on: ['secretsmanager: CreateSecret with both kinds of value'],
    at: refused,
    stand: 'aws',
    reason: 'SecretString or SecretBinary, but not both',
    source: `${smApi}/API_CreateSecret.html`,
  },
  {
    on: ['secretsmanager: GetSecretValue by default, after AWSCURRENT was moved'],
    at: [
      'call.result.SecretString',
      'call.result.VersionId',
      'call.result.VersionStages.0',
      'call.result.VersionStages.1',
      'call.result.VersionStages.2',
    ],
    stand: 'aws',
    reason: 'without a label the version under AWSCURRENT; moto gives the one that was current',
    source: `${smApi}/API_GetSecretValue.html (VersionStage)`,
  },
  {
    on: ['secretsmanager: PutSecretValue without labels'],
    at: [
      'after.result.version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa.0',
      'after.result.version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa.1',
      'after.result.version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa.2',
    ],
    stand: 'aws',
    reason: 'AWSCURRENT leaves the old version and AWSPREVIOUS comes to it; moto takes its other labels off too',
    source: `${smApi}/API_PutSecretValue.html`,
  },
  {
    on: ['secretsmanager: PutSecretValue with a used token and another value'],
    at: [...refused, 'after.result.SecretString'],
    stand: 'aws',
    reason: 'the operation fails, because a version cannot be changed; moto overwrites it. (Which error: A6)',
    source: `${smApi}/API_PutSecretValue.html (ClientRequestToken)`,
  },
  {
    on: ['secretsmanager: PutSecretValue with 65,537 bytes'],
    at: refused,
    stand: 'aws',
    reason: 'a value has at most 65,536 bytes',
    source: '[model] secretsmanager SecretStringType',
  },
  {
    on: ['secretsmanager: PutSecretValue without a value'],
    at: ['call.error'],
    stand: 'unverified',
    reason: 'InvalidParameterException; moto says InvalidRequestException',
    source: 'A18; the model declares both',
  },
  {
    on: [
      'secretsmanager: PutSecretValue pending deletion',
      'secretsmanager: UpdateSecretVersionStage pending deletion',
      'secretsmanager: TagResource pending deletion',
      'secretsmanager: PutResourcePolicy pending deletion',
    ],
    at: refused,
    stand: 'aws',
    reason: 'InvalidRequestException on a secret pending deletion; moto writes to it',
    source: '[model] secretsmanager InvalidRequestException: "The secret is scheduled for deletion."',
  },
  {
    on: ['secretsmanager: UpdateSecretVersionStage takes AWSCURRENT off'],
    at: [...refused, 'after.result.version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa.1'],
    stand: 'aws',
    reason: 'AWSCURRENT can only be moved, never taken off',
    source: 'AWS’s own error, quoted in hashicorp/terraform-provider-aws resource aws_secretsmanager_secret_version',
  },
  {
    on: ['secretsmanager: UpdateSecretVersionStage to a version that is not there'],
    at: ['call.error'],
    stand: 'unverified',
    reason: 'ResourceNotFoundException; moto says InvalidParameterException',
    source: 'A18; the model declares both',
  },
  {
    on: ['secretsmanager: UpdateSecretVersionStage with a 21st label'],
    at: refused,
    stand: 'aws',
    reason: 'a secret has at most 20 labels',
    source: 'https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html',
  },
  {
    on: ['secretsmanager: ListSecretVersionIds'],
    at: [
      'call.result.ARN',
      'call.result.NextToken',
      'call.result.Versions.0.LastAccessedDate',
      'call.result.Versions.1.LastAccessedDate',
    ],
    stand: 'aws',
    reason: 'the ARN and no token on a last page; no date of access before one. moto repeats what was asked for',
    source: `${smApi}/API_ListSecretVersionIds.html`,
  },
  {
    on: ['secretsmanager: ListSecretVersionIds after the labels of a version were taken off'],
    at: [
      'after.result.ARN',
      'after.result.NextToken',
      'after.result.Versions.0.LastAccessedDate',
      'after.result.Versions.1.LastAccessedDate',
      'after.result.Versions.1.VersionStages',
      'call.result.ARN',
      'call.result.NextToken',
      'call.result.Versions.0.LastAccessedDate',
      'call.result.Versions.1',
    ],
    stand: 'aws',
    reason: 'as above; and a version without labels is deprecated, listed only with IncludeDeprecated',
    source: `${smApi}/API_ListSecretVersionIds.html (IncludeDeprecated)`,
  },
  {
    on: ['secretsmanager: TagResource with a 51st tag', 'secretsmanager: TagResource with a reserved key'],
    at: refused,
    stand: 'aws',
    reason: 'at most 50 tags, no keys that begin with aws:. (Which error: A18)',
    source: `${smApi}/API_TagResource.html; https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html`,
  },
  {
    on: ['secretsmanager: TagResource with a value of 257 characters'],
    at: refused,
    stand: 'aws',
    reason: 'a tag value has at most 256 characters',
    source: '[model] secretsmanager TagValueType',
  },
  {
    on: ['secretsmanager: PutResourcePolicy for everybody, with BlockPublicPolicy'],
    at: refused,
    stand: 'aws',
    reason: 'PublicPolicyException',
    source: `${smApi}/API_PutResourcePolicy.html (BlockPublicPolicy)`,
  },
  {
    on: ['secretsmanager: PutResourcePolicy that is no JSON'],
    at: refused,
    stand: 'aws',
    reason: 'MalformedPolicyDocumentException',
    source: `${smApi}/API_PutResourcePolicy.html#API_PutResourcePolicy_Errors`,
  },
  {
    on: ['secretsmanager: CancelRotateSecret of a secret that never rotated'],
    at: refused,
    stand: 'unverified',
    reason: 'a success that changes nothing; moto says InvalidRequestException',
    source: 'A18; API_CancelRotateSecret lists the error with the text of RotateSecret',
  },
  {
    on: ['secretsmanager: RotateSecret without a function'],
    at: refused,
    stand: 'aws',
    reason: 'InvalidRequestException: no Lambda function ARN is associated with the secret',
    source: `${localStack}/secretsmanager (recorded); aws-facts 3.2`,
  },
];

const replication: KnownDifference = {
  on: ['secretsmanager: ReplicateSecretToRegions', 'secretsmanager: RemoveRegionsFromReplication'],
  at: ['call.result.ARN'],
  stand: 'aws',
  reason: 'the ARN of the secret; moto repeats what was asked for',
  source: `${smApi}/API_ReplicateSecretToRegions.html (ARN)`,
};

const kms: readonly KnownDifference[] = [
  {
    on: ['kms: GenerateMac', 'kms: GenerateMac by ARN of the alias'],
    at: ['call.result.KeyId'],
    stand: 'aws',
    reason: 'the ARN of the key; moto gives its ID',
    source: `${kmsApi}/API_GenerateMac.html (example)`,
  },
  {
    on: ['kms: GenerateMac with a key that is disabled', 'kms: GenerateMac with a key pending deletion'],
    at: refused,
    stand: 'aws',
    reason: 'DisabledException, KMSInvalidStateException; moto makes MACs with keys of any state',
    source: `https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html; ${kmsApi}/API_GenerateMac.html`,
  },
  {
    on: ['kms: GenerateMac with an algorithm that the key does not have'],
    at: refused,
    stand: 'aws',
    reason: 'the algorithm must be the one that the key supports',
    source: `${kmsApi}/API_GenerateMac.html (MacAlgorithm, InvalidKeyUsageException)`,
  },
  {
    on: ['kms: GenerateMac of 4,097 bytes'],
    at: refused,
    stand: 'aws',
    reason: 'a message has at most 4,096 bytes',
    source: '[model] kms PlaintextType',
  },
];

const messaging: readonly KnownDifference[] = [
  {
    on: ['sqs: ListQueueTags of a queue without tags'],
    at: ['call.result.Tags'],
    stand: 'aws',
    reason: 'without tags there is no Tags',
    source: `${localStack}/sqs/test_sqs.py (test_tag_untag_queue)`,
  },
  {
    on: ['sns: Publish through {"a":[true,null]} of MessageAttributes'],
    at: refused,
    stand: 'aws',
    reason: 'a filter may hold true, false and null; moto breaks on null',
    source: `${snsGuide}/subscription-filter-policy-constraints.html`,
  },
  {
    on: ['sns: Publish through {"a":[{"equals-ignore-case":"Bob"}]} of MessageAttributes'],
    at: ['call.result.0'],
    stand: 'aws',
    reason: 'case is ignored on both sides; moto ignores it in the message only',
    source: `${snsGuide}/string-value-matching.html#string-equals-ignore`,
  },
  {
    on: ['sns: SetSubscriptionAttributes with a scope that there is not'],
    at: refused,
    stand: 'aws',
    reason: 'MessageAttributes or MessageBody',
    source: 'https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html (FilterPolicyScope)',
  },
  {
    on: ['sns: GetTopicAttributes of a topic with a queue'],
    at: ['call.result.SubscriptionsConfirmed'],
    stand: 'aws',
    reason: 'the number of confirmed subscriptions; moto always says 0',
    source: 'https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html',
  },
  {
    on: ['sns: GetTopicAttributes of a topic with an address that has not confirmed'],
    at: ['call.result.SubscriptionsPending'],
    stand: 'aws',
    reason: 'the number of subscriptions that wait for confirmation; moto always says 0',
    source: 'https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html',
  },
  {
    on: ['sns: Subscribe an address'],
    at: ['call.result.SubscriptionArn', 'after.result.Subscriptions.0.SubscriptionArn'],
    stand: 'aws',
    reason: 'an address has no ARN before it has confirmed; moto confirms for it',
    source: 'https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html',
  },
  {
    on: ['sns: Subscribe a queue with another filter'],
    at: refused,
    stand: 'aws',
    reason: 'an endpoint has one subscription to a topic, and is not subscribed again with other attributes',
    source: `${localStack}/sns test_subscribe_idempotency (recorded)`,
  },
  {
    on: ['sns: Subscribe with a filter that is no JSON'],
    at: ['call.error', 'call.status'],
    stand: 'aws',
    reason: 'InvalidParameter; moto breaks',
    source: `${localStack}/sns invalid-json-filter-policy (recorded)`,
  },
  {
    on: ['sns: ConfirmSubscription with a wrong token'],
    at: refused,
    stand: 'aws',
    reason: 'the token is checked',
    source: 'https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html',
  },
  {
    on: [
      'sns: Publish by protocol without a default',
      'sns: Publish by protocol what is no JSON',
      'sns: Publish with a line break in the subject',
      'sns: Publish without text',
    ],
    at: refused,
    stand: 'aws',
    reason: 'a JSON object with a default; a subject without line breaks; a text',
    source: `${snsPublish} (Message, MessageStructure, Subject)`,
  },
  {
    on: ['sns: Publish with an empty attribute'],
    at: ['call.error'],
    stand: 'aws',
    reason: 'ParameterValueInvalid, the code of InvalidParameterValueException',
    source: `${localStack}/sns; https://github.com/localstack/localstack/pull/11857`,
  },
  {
    on: [
      'sqs: SendMessageBatch',
      'sqs: ChangeMessageVisibilityBatch to 0 brings messages back',
      'sqs: DeleteMessageBatch',
    ],
    at: ['call.result.Failed'],
    stand: 'aws',
    reason: 'no Failed where none has failed, although the model requires it',
    source: 'https://github.com/aws/aws-sdk/issues/657 and 536',
  },
  {
    on: ['sqs: SendMessageBatch with one entry without a group'],
    at: ['call.error'],
    stand: 'aws',
    reason: 'of a batch AWS names a missing group InvalidParameterValue, of a single message MissingParameter',
    source: `${localStack}/sqs test_send_batch_missing_message_group_id_for_fifo_queue (recorded 2023-08-02)`,
  },
  {
    on: ['config: PutEvaluations with 101'],
    at: refused,
    stand: 'aws',
    reason: 'at most 100 evaluations a call',
    source: '[model] config Evaluations',
  },
];

const s3: readonly KnownDifference[] = [
  {
    on: ['s3: PutObject with the checksum of something else', 's3: PutObject into the bucket of another account'],
    at: [...refused, 'after.result.versions.0'],
    stand: 'aws',
    reason: 'a checksum is compared with the body, and the expected owner with the account of the bucket',
    source: `${s3Guide}/checking-object-integrity.html (BadDigest); ${s3Guide}/bucket-owner-condition.html (403)`,
  },
  {
    on: ['s3: GetObject, a delete marker'],
    at: ['call.error', 'call.status'],
    stand: 'aws',
    reason: 'a delete marker that is asked for by its version is not allowed to be read: 405',
    source: `${s3Guide}/DeleteMarker.html`,
  },
  {
    on: ['s3: ListBuckets'],
    at: ['call.result.0.BucketRegion'],
    stand: 'aws',
    reason: 'a list by pages tells the Region of each bucket',
    source: `${s3Api}/API_ListBuckets.html, API_Bucket.html`,
  },
  {
    on: ['s3: GetBucketEncryption of a new bucket', 's3: GetPublicAccessBlock of a new bucket'],
    at: refused,
    stand: 'aws',
    reason: 'every new bucket is encrypted (since 2023-01-05) and blocks public access (since April 2023)',
    source: `${s3Guide}/default-encryption-faq.html; ${s3Guide}/access-control-block-public-access.html`,
  },
  {
    on: ['s3: GetBucketPolicyStatus of a bucket without a policy'],
    at: refused,
    stand: 'unverified',
    reason: 'without a policy there is no status of one: NoSuchBucketPolicy',
    source: 'A78; API_GetBucketPolicyStatus names no error',
  },
  {
    on: ['s3: GetObjectLockConfiguration'],
    at: ['call.result.ObjectLockConfiguration.Rule.DefaultRetention.Years'],
    stand: 'aws',
    reason: 'a default retention is in days or in years, not in both',
    source: `${s3Api}/API_DefaultRetention.html`,
  },
];

export const knownDifferences: readonly KnownDifference[] = [
  ...iam,
  ...roles,
  ...organizations,
  ...secretsManager,
  replication,
  ...kms,
  ...messaging,
  ...s3,
];
