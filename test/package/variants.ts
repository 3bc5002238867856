import { fileURLToPath } from 'node:url';
import type { SettingName } from '../../shared/core/settings.ts';
import { trailLogGroupName } from '../support/suspicious.ts';

const ACCOUNT = 'arn:aws:iam::111122223333';

/** The hub of a fleet. */
export const FLEET = { fleet: fileURLToPath(new URL('fleet.yml', import.meta.url)) };

/** What the account has already: parameters that do not meet share a stack. */
export const FROM_ELSEWHERE = {
  stateKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/given',
  topicKmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/of-the-topic',
  alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:on-call',
  permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
  configRuleName: 'our-own',
  schedule: 'cron(0 6 ? * MON *)',
  runEveryDays: '7',
};

/** What a second stack of the account, with a rule of its own, is given. */
export const SECOND_STACK = {
  roleSuffix: '-team-a',
  createConfigRule: 'true',
  remediationConcurrency: '2',
  schedule: 'cron(0 6 ? * MON-FRI *)',
  runEveryDays: '3',
};

/** With administrators, a principal that deploys, a reader, and a key of its own. */
export const GOVERNED = {
  administratorArns: JSON.stringify([`${ACCOUNT}:role/security/admin`]),
  deployerArn: `${ACCOUNT}:role/pipeline`,
  readerArns: JSON.stringify([{ arn: `${ACCOUNT}:role/ci-*`, users: ['alice'] }]),
  createKmsKey: 'true',
};

/** Another than the default of each, but for what the schedule says. */
export const GIVEN: Record<SettingName, string> = {
  enforce: 'true',
  secretPrefix: 'other',
  topicArn: 'arn:aws:sns:eu-west-1:111122223333:other',
  queueUrl: 'https://other',
  kmsKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/other',
  readerArns: '[{"arn":"arn:aws:iam::111122223333:role/reader","users":["alice"]}]',
  ownersRead: 'false',
  administratorArns: '["arn:aws:iam::111122223333:role/administrator"]',
  roleSuffix: '-other',
  stateKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/state',
  stateEpoch: '2',
  runEveryDays: '1',
  exemptGroups: '["break,glass"]',
  exemptPaths: '["/legacy/"]',
  userPathPrefix: '/team-a/',
  onBlocked: 'retire-least-used',
  unused: 'retire',
  maxAccessKeyAgeDays: '120',
  rotateAheadDays: '1',
  graceDays: '11',
  quietDays: '3',
  maxPostponeDays: '11',
  recoveryDays: '11',
  unusedDays: '91',
  exactSweepDays: '31',
  freeze: '[["2026-12-20","2027-01-05"]]',
  maxNewRotationsPerDay: '26',
  requireSubscription: 'false',
  replicaRegions: '["us-east-1"]',
  secretTags: '{"team":"a"}',
  cloudtrailLookups: 'true',
  suspectedKeys: 'act',
  switchCommand: '/opt/keyturn/bin/keyturn',
  secretRotationFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:other',
  deadLetterQueueUrl: 'https://other-dead',
  configRuleName: 'other',
};

/** The parameters of each stack that the tests look at besides the default. */
export const VARIANTS = {
  fleet: FLEET,
  fromElsewhere: FROM_ELSEWHERE,
  secondStack: SECOND_STACK,
  governed: GOVERNED,
  given: GIVEN,
  ofOnePath: { userPathPrefix: '/team/', trailLogGroupName },
  contradicted: { schedule: 'cron(0 6 ? * MON-FRI *)' },
  mistaken: { createKmsKey: 'True' },
  // After all others: nothing of them is left in it.
  default: {},
} satisfies Record<string, Readonly<Record<string, string>>>;

export type Variant = keyof typeof VARIANTS;
