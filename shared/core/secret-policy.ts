import { rotatingFunctions } from './function-name.ts';
import type { User } from './model.ts';
import { secretTagNames } from './secret-tags.ts';
import type { SecretReader } from './setting-schemas.ts';
import type { Settings } from './settings.ts';
import { formatInstant, HOUR, type Instant, MINUTE } from './time.ts';

interface Statement {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Principal: { AWS: string } | '*';
  Action: string[];
  Resource: '*';
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: Statement[];
}

export type PolicySettings = Pick<
  Settings,
  'readerArns' | 'ownersRead' | 'administratorArns' | 'roleSuffix' | 'memberRegion'
>;

/** In a member of a fleet all rotating functions write as one role there. */
const memberWriters = ['rotate'] as const;

/** A deactivated key may work for seconds more, and make sessions in them. */
export const EXPOSED_FOR = 15 * MINUTE;
/** Sessions of a user last 36 hours at most. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
export const EXPOSED_SESSIONS_END = 37 * HOUR;

/**
 * The resource policy of one user's secret. The owner may read, and the readers of that user; nobody else, whatever
 * their own policies say. Only the functions write: a tag, a label or a value of somebody else would be state that
 * others must tell from ours. `aws:userid` of an IAM user is its UserId: a namesake made later does not match, and a
 * rename changes nothing.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-infotouse
 *
 * @param exposedAt When a key of the owner that others know was last seen Inactive: until a little later nothing is
 * read with it, and never with a session that it made.
 */
export function secretPolicy(
  user: Pick<User, 'arn' | 'userId' | 'userName' | 'path'>,
  settings: PolicySettings,
  exposedAt?: Instant,
): PolicyDocument {
  const { ownersRead, administratorArns } = settings;
  const readers = readersOf(user, settings.readerArns);
  const handOn = readers.filter((reader) => reader.handOn).map(({ arn }) => arn);
  const roles = (settings.memberRegion === undefined ? rotatingFunctions : memberWriters).map((name) =>
    roleArn(user.arn, name, settings.roleSuffix),
  );
  return {
    Version: '2012-10-17',
    Statement: [
      ...(ownersRead ? [ownerReads(user)] : []),
      nobodyElseReads(
        ownersRead ? user.userId : undefined,
        readers.map(({ arn }) => arn),
      ),
      ...(exposedAt === undefined ? [] : exposedWait(user, exposedAt + EXPOSED_FOR)),
      onlyKeyturn('OnlyKeyturnTags', ['secretsmanager:TagResource'], [...roles, ...handOn]),
      ...(handOn.length === 0 ? [] : [onlyHandedOn(handOn)]),
      onlyKeyturn('OnlyKeyturnWrites', writes, roles),
      ...(administratorArns.length === 0
        ? []
        : [
            onlyKeyturn('OnlyAdministratorsAdminister', administration, [
              ...roles,
              ...administratorsOf(user, settings),
            ]),
          ]),
    ],
  };
}

const writes = [
  'secretsmanager:PutSecretValue',
  'secretsmanager:UntagResource',
  'secretsmanager:UpdateSecret',
  'secretsmanager:UpdateSecretVersionStage',
];

const administration = [
  'secretsmanager:CancelRotateSecret',
  'secretsmanager:DeleteResourcePolicy',
  'secretsmanager:DeleteSecret',
  'secretsmanager:PutResourcePolicy',
  'secretsmanager:RemoveRegionsFromReplication',
  'secretsmanager:ReplicateSecretToRegions',
  'secretsmanager:RotateSecret',
  'secretsmanager:StopReplicationToReplica',
];

function ownerReads({ arn }: Pick<User, 'arn'>): Statement {
  return {
    Sid: 'OwnerReads',
    Effect: 'Allow',
    Principal: { AWS: arn },
    Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret', 'secretsmanager:ListSecretVersionIds'],
    Resource: '*',
  };
}

const reads = ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'];

function nobodyElseReads(userId: string | undefined, readerArns: readonly string[]): Statement {
  const condition = {
    ...(userId === undefined ? {} : { StringNotEquals: { 'aws:userid': userId } }),
    ...(readerArns.length === 0 ? {} : { ArnNotLike: { 'aws:PrincipalArn': [...readerArns] } }),
  };
  return deny('NobodyElseReads', reads, condition);
}

/** A long-term key has no time of issue, so the second statement never meets one. */
function exposedWait({ userId }: Pick<User, 'userId'>, until: Instant): Statement[] {
  const owner = { StringEquals: { 'aws:userid': userId } };
  const before = formatInstant(until);
  return [
    deny('OwnerWaits', reads, { ...owner, DateLessThan: { 'aws:CurrentTime': before } }),
    deny('OlderSessionsNeverRead', reads, { ...owner, DateLessThan: { 'aws:TokenIssueTime': before } }),
  ];
}

/** Secrets Manager's own rotation and replication come as a service, not as a role. */
function onlyKeyturn(sid: string, actions: string[], arns: readonly string[]): Statement {
  return deny(sid, actions, {
    ArnNotEquals: { 'aws:PrincipalArn': [...arns] },
    BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
  });
}

function onlyHandedOn(arns: readonly string[]): Statement {
  return deny('HandOnTagsOneTag', ['secretsmanager:TagResource'], {
    ArnEquals: { 'aws:PrincipalArn': [...arns] },
    'ForAnyValue:StringNotEquals': { 'aws:TagKeys': [secretTagNames.handedOn] },
  });
}

function deny(Sid: string, Action: string[], Condition: NonNullable<Statement['Condition']>): Statement {
  return { Sid, Effect: 'Deny', Principal: '*', Action, Resource: '*', Condition };
}

/** The account's root user always: a policy that nobody can change would keep the secret for ever. */
function administratorsOf({ arn }: Pick<User, 'arn'>, { administratorArns }: PolicySettings): string[] {
  const [, partition, , , accountId] = arn.split(':');
  return [`arn:${partition}:iam::${accountId}:root`, ...administratorArns];
}

/** `arn:aws:iam::111122223333:role/keyturn/keyturn-rotation-worker`. */
export function roleArn(accountsArn: string, functionName: string, roleSuffix: string): string {
  const [, partition, , , accountId] = accountsArn.split(':');
  return `arn:${partition}:iam::${accountId}:role/keyturn/keyturn-${functionName}${roleSuffix}`;
}

/** Who may read this user's secret beside its owner. IAM's own conditions heed case, and so does this. */
export function readersOf(
  { userName, path }: Pick<User, 'userName' | 'path'>,
  readers: readonly SecretReader[],
): SecretReader[] {
  return readers.filter(({ users, paths }) => {
    if (users.length === 0 && paths.length === 0) return true;
    return users.some((pattern) => isLike(userName, pattern)) || paths.some((prefix) => path.startsWith(prefix));
  });
}

function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}
