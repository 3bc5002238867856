import { beforeAll, describe, expect, it } from 'vitest';
import { type Decision, decide, parseStatements, type Statement } from '../../local/aws/policies/policy.ts';
import { secretPolicy } from '../../shared/core/secret-policy.ts';
import { packageVariant } from './package-stack.ts';
import { deploy, object, statementsOf } from './template.ts';

const ACCOUNT = 'arn:aws:iam::111122223333';
const ALICE = { userId: 'AIDAALICE00000000000', userName: 'alice', path: '/', arn: `${ACCOUNT}:user/alice` };
const SECRET = `arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyturn/${ALICE.userId}/access-key-abcdef`;
const READER = `${ACCOUNT}:role/deployer`;

const policySettings = (arns: string[]) => ({
  readerArns: arns.map((arn) => ({ arn, users: [], paths: [], handOn: false })),
  ownersRead: true,
  administratorArns: [],
  roleSuffix: '',
});

/** As the statement of AdministratorAccess. */
const everything: Statement[] = [
  { sid: 'Everything', effect: 'Allow', actions: ['*'], resources: ['*'], principals: undefined, conditions: [] },
];
let ownerPolicyOfStack: Statement[];
let worker: Statement[];

beforeAll(async () => {
  const stack = deploy((await packageVariant('default')).template);
  ownerPolicyOfStack = parseStatements(object(stack.properties('OwnerPolicy')?.PolicyDocument));
  worker = statementsOf(stack, 'RotationWorkerRole');
}, 120_000);

interface Caller {
  userId: string;
  arn: string;
  policies: Statement[];
}

/**
 * What IAM answers in one account, where an allow of either policy is enough. AWS keeps the unique ID of a principal in
 * a resource policy, not its ARN, so that a namesake gets nothing.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
function ask(caller: Caller, action: string, { resource = SECRET, readers = [] as string[] } = {}): Decision {
  const document = JSON.parse(
    JSON.stringify(secretPolicy(ALICE, policySettings(readers))).replaceAll(ALICE.arn, ALICE.userId),
  );
  const resourcePolicy = resource === SECRET ? parseStatements(document) : [];
  const context = { 'aws:userid': caller.userId, 'aws:PrincipalArn': caller.arn };
  const request = { action: `secretsmanager:${action}`, resource, context };
  return decide([...caller.policies, ...resourcePolicy], request, (named) => named === caller.userId);
}

const read = (caller: Caller, readers: string[] = []) => ask(caller, 'GetSecretValue', { readers });

describe("the secret's resource policy", () => {
  const role = (arn: string, policies: Statement[]): Caller => ({
    userId: 'AROAROLE000000000000:session',
    arn,
    policies,
  });

  it('lets the owner read, and see labels, without any policy of their own', () => {
    const alice = { ...ALICE, policies: [] };
    expect(['GetSecretValue', 'DescribeSecret', 'ListSecretVersionIds'].map((action) => ask(alice, action))).toEqual([
      'allowed',
      'allowed',
      'allowed',
    ]);
  });

  it('lets the owner read after a rename', () => {
    expect(read({ ...ALICE, arn: `${ACCOUNT}:user/alice.smith`, policies: [] })).toBe('allowed');
  });

  it('refuses a namesake made later, even an administrator', () => {
    expect(read({ ...ALICE, userId: 'AIDANAMESAKE00000000', policies: [] })).not.toBe('allowed');
    expect(read({ ...ALICE, userId: 'AIDANAMESAKE00000000', policies: everything })).toBe('denied');
  });

  it('leaves a listed reader to their own policies, and refuses an unlisted one', () => {
    expect(read(role(READER, everything), [READER])).toBe('allowed');
    expect(read(role(READER, []), [READER])).toBe('not allowed');
    expect(read(role(READER, everything))).toBe('denied');
  });

  it.each([
    ['an administrator', { userId: 'AIDAADMIN00000000000', arn: `${ACCOUNT}:user/admin`, policies: everything }],
    ['root', { userId: '111122223333', arn: `${ACCOUNT}:root`, policies: everything }],
    ['an assumed role', role(`${ACCOUNT}:role/admin`, everything)],
  ])('refuses %s the value but not the policy', (_, caller) => {
    expect(read(caller)).toBe('denied');
    expect(ask(caller, 'PutResourcePolicy')).toBe('allowed');
  });

  it('refuses the worker, which put it there', () => {
    const arn = `${ACCOUNT}:role/keyturn/keyturn-rotation-worker`;
    expect(read(role(arn, worker))).toBe('denied');
    expect(read(role(arn, worker), [arn])).toBe('denied');
  });
});

describe('the policy for owners', () => {
  const withPolicy = (userId: string): Caller => ({
    userId,
    arn: `${ACCOUNT}:user/somebody`,
    policies: ownerPolicyOfStack,
  });
  const other = SECRET.replace(ALICE.userId, 'AIDABOB0000000000000');

  it("opens the bearer's own secret, in any Region", () => {
    expect(read(withPolicy(ALICE.userId))).toBe('allowed');
    const replica = SECRET.replace('eu-west-1', 'us-east-1');
    expect(ask(withPolicy(ALICE.userId), 'GetSecretValue', { resource: replica })).toBe('allowed');
  });

  it("opens nobody else's, and no other secret", () => {
    expect(ask(withPolicy(ALICE.userId), 'GetSecretValue', { resource: other })).toBe('not allowed');
    const longer = SECRET.replace('/access-key', '/access-key/more');
    expect(ask(withPolicy(ALICE.userId), 'GetSecretValue', { resource: longer })).toBe('not allowed');
    expect(ask(withPolicy('AROAROLE000000000000:AIDABOB0000000000000'), 'GetSecretValue', { resource: other })).toBe(
      'not allowed',
    );
  });

  it('writes nothing', () => {
    for (const action of ['PutSecretValue', 'DeleteSecret', 'PutResourcePolicy']) {
      expect(ask(withPolicy(ALICE.userId), action)).not.toBe('allowed');
    }
  });
});
