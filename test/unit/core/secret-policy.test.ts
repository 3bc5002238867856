import { describe, expect, it } from 'vitest';
import { decide, parseStatements, type Request, type Statement } from '../../../local/aws/policies/policy.ts';
import { EXPOSED_FOR, secretPolicy } from '../../../shared/core/secret-policy.ts';
import { parseSettings } from '../../../shared/core/settings.ts';
import { formatInstant, HOUR, MINUTE } from '../../../shared/core/time.ts';
import { environment, NOW, USER } from '../../support/core/builders.ts';

const ACCOUNT = 'arn:aws:iam::123456789012';
const role = (name: string): string => `${ACCOUNT}:role/${name}`;
const own = (name: string): string => role(`keyturn/keyturn-${name}`);
const HAND_ON = role('hand-on');
const ADMIN = role('admin');
const ROOT = `${ACCOUNT}:root`;

/** As the statement of AdministratorAccess. */
const everything: Statement[] = [
  { sid: 'Everything', effect: 'Allow', actions: ['*'], resources: ['*'], principals: undefined, conditions: [] },
];

interface Given {
  settings?: Record<string, string>;
  exposedAt?: number;
  context?: Request['context'];
}

/** Whether a principal whom IAM lets do everything may do this to alice's secret. */
function may(arn: string, action: string, { settings = {}, exposedAt, context = {} }: Given = {}): boolean {
  const document = secretPolicy(USER, parseSettings(environment(settings)), exposedAt);
  const caller = { 'aws:PrincipalArn': arn, 'aws:PrincipalIsAWSService': 'false', 'aws:userid': 'AROA:session' };
  const request = { action: `secretsmanager:${action}`, resource: 'secret', context: { ...caller, ...context } };
  return decide([...everything, ...parseStatements(JSON.parse(JSON.stringify(document)))], request) === 'allowed';
}

const administered = { settings: { KEYTURN_ADMINISTRATOR_ARNS: JSON.stringify([ADMIN]) } };
const people = [
  role('power-user'),
  ADMIN,
  ROOT,
  `${ACCOUNT}:user/alice`,
  own('scheduled-rotation'),
  own('config-rule'),
];
const writers = ['rotation-worker', 'rotate-user', 'exposed-key', 'secret-rotation'].map(own);

describe.each([{}, administered])('with %j, nobody but the functions that write', (given) => {
  it.each(['TagResource', 'UntagResource', 'PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage'])(
    '%s',
    (action) => {
      expect(people.filter((arn) => may(arn, action, given))).toEqual([]);
      expect(writers.filter((arn) => may(arn, action, given))).toEqual(writers);
      const service = { ...given, context: { 'aws:PrincipalIsAWSService': 'true' } };
      expect(may('arn:aws:iam::secretsmanager', action, service)).toBe(true);
    },
  );
});

describe('in a member of a fleet', () => {
  const member = { settings: { KEYTURN_MEMBER_REGION: 'eu-west-1', KEYTURN_ROLE_SUFFIX: '-x' } };
  it('only the role that the hub takes there writes', () => {
    const rotate = own('rotate-x');
    expect(may(rotate, 'PutSecretValue', member)).toBe(true);
    const others = [own('rotate'), own('observe-x'), own('rotation-worker-x'), ...people, ...writers];
    expect(others.filter((arn) => may(arn, 'PutSecretValue', member))).toEqual([]);
    expect(may(rotate, 'GetSecretValue', member)).toBe(false);
  });
});

describe('the policy and the life of the secret', () => {
  const administration = [
    'PutResourcePolicy',
    'DeleteResourcePolicy',
    'DeleteSecret',
    'RotateSecret',
    'CancelRotateSecret',
    'ReplicateSecretToRegions',
    'RemoveRegionsFromReplication',
    'StopReplicationToReplica',
  ];

  it.each(administration)('%s is in the open without administrators', (action) => {
    expect(may(role('power-user'), action)).toBe(true);
  });

  it.each(administration)('%s is for administrators, root and the functions that write', (action) => {
    const allowed = [...people, ...writers].filter((arn) => may(arn, action, administered));
    expect(allowed).toEqual([ADMIN, ROOT, ...writers]);
  });

  it('are those of the roles of another suffix where it is given', () => {
    const settings = { KEYTURN_ROLE_SUFFIX: '-b' };
    expect(may(own('rotate-user'), 'TagResource', { settings })).toBe(false);
    expect(may(`${own('rotate-user')}-b`, 'TagResource', { settings })).toBe(true);
  });
});

describe('a reader with handOn', () => {
  const settings = { KEYTURN_READER_ARNS: JSON.stringify([{ arn: HAND_ON, handOn: true }]) };
  const tagging = (...keys: string[]) => may(HAND_ON, 'TagResource', { settings, context: { 'aws:TagKeys': keys } });

  it('writes the one tag, and no other beside it', () => {
    expect(tagging('keyturn:handed-on')).toBe(true);
    expect(tagging('keyturn:hold')).toBe(false);
    expect(tagging('keyturn:handed-on', 'keyturn:hold')).toBe(false);
  });

  it('takes none off, and writes no value', () => {
    for (const action of ['UntagResource', 'PutSecretValue', 'UpdateSecretVersionStage']) {
      expect(may(HAND_ON, action, { settings })).toBe(false);
    }
  });

  it('does not keep the functions from their tags', () => {
    expect(may(own('rotation-worker'), 'TagResource', { settings, context: { 'aws:TagKeys': 'keyturn:hold' } })).toBe(
      true,
    );
  });
});

describe('after an exposure', () => {
  const until = NOW + EXPOSED_FOR;
  const reads = (at: number, issuedAt?: number) =>
    may(USER.arn, 'GetSecretValue', {
      exposedAt: NOW,
      context: {
        'aws:userid': USER.userId,
        'aws:CurrentTime': formatInstant(at),
        ...(issuedAt === undefined ? {} : { 'aws:TokenIssueTime': formatInstant(issuedAt) }),
      },
    });

  it('the owner waits a quarter of an hour, whatever they read with', () => {
    expect([until - 1, until].map((at) => reads(at))).toEqual([false, true]);
    expect(reads(NOW + MINUTE, NOW + MINUTE)).toBe(false);
  });

  it('a session from before that never reads, one from after it does', () => {
    expect([until - 1, until].map((issuedAt) => reads(NOW + 30 * HOUR, issuedAt))).toEqual([false, true]);
  });
});

it('an owner who is not to read does not, and the readers do', () => {
  const settings = { KEYTURN_OWNERS_READ: 'false', KEYTURN_READER_ARNS: JSON.stringify([HAND_ON]) };
  const owner = { settings, context: { 'aws:userid': USER.userId } };
  for (const action of ['GetSecretValue', 'BatchGetSecretValue']) {
    expect(may(USER.arn, action, owner)).toBe(false);
    expect(may(HAND_ON, action, { settings })).toBe(true);
  }
});
