import { globSync, readFileSync } from 'node:fs';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { parse } from '@cdktf/hcl2json';
import { beforeAll, describe, expect, it } from 'vitest';
import { decide, parseStatements } from '../../local/aws/policies/policy.ts';
import { type Json, type JsonObject, list, object } from '../package/template.ts';
import { secretNameOf, thrownBy } from '../support/life.ts';
import { expectNoSecret } from '../support/no-secret.ts';
import { createWorld, rotateUser } from '../support/world.ts';
import { yamlDocuments } from '../support/yaml.ts';
import { clientsOf } from '../unit/local/clients.ts';

const root = new URL('../../', import.meta.url);
const written = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const example = (file: string): string => written(`examples/service-user/${file}`);
const page = written('docs/service-users.md');

const template = object(yamlDocuments(example('template.yml'))[0]);
const resources = object(template.Resources);
let terraform: JsonObject;

beforeAll(async () => {
  terraform = object(await parse('main.tf', example('main.tf')));
});

/** A resource of the Terraform example, by its address. */
function resource(type: string, name: string): JsonObject {
  return object(list(object(object(terraform.resource)[type])[name])[0]);
}

/** What an example would leave a secret by: a resource that makes one, or something that prints one. */
const TELLTALES: readonly RegExp[] = [
  /AWS::IAM::AccessKey/,
  /aws_iam_access_key/,
  /SecretAccessKey/,
  /resolve:(secretsmanager|ssm-secure)/,
  /data\s+"aws_secretsmanager_secret_version"/,
];

const telltalesIn = (text: string): string[] => TELLTALES.map((one) => one.exec(text)?.[0] ?? '').filter(Boolean);

describe('no example makes an access key, or prints a secret', () => {
  it.each(globSync('examples/**/*.{yml,tf}', { cwd: root }))('%s', (file) => {
    expect(telltalesIn(written(file))).toEqual([]);
  });

  it.each([
    'Type: AWS::IAM::AccessKey',
    'resource "aws_iam_access_key" "key" {}',
    'Value: !GetAtt Key.SecretAccessKey',
    "Value: '{{resolve:secretsmanager:keyturn/x:SecretString:SecretAccessKey}}'",
    'data "aws_secretsmanager_secret_version" "key" {}',
  ])('which would be found: %s', (line) => {
    expect(telltalesIn(line)).not.toEqual([]);
  });

  it('and the resources of both are the ones of a user, and a call', () => {
    expect(Object.values(resources).map((one) => object(one).Type)).toEqual(['AWS::IAM::Group', 'AWS::IAM::User']);
    expect(Object.keys(object(terraform.resource)).sort()).toEqual([
      'aws_iam_group',
      'aws_iam_group_policy_attachment',
      'aws_iam_user',
      'aws_iam_user_group_membership',
      'aws_lambda_invocation',
    ]);
    expect(Object.keys(terraform).sort()).toEqual(['output', 'resource', 'terraform']);
  });
});

describe('the outputs', () => {
  it('of the stack are a command', () => {
    const { Outputs } = template;
    expect(Object.keys(object(Outputs))).toEqual(['FirstKey']);
    const { Value } = object(object(Outputs).FirstKey);
    expect(Value).toEqual({ 'Fn::Sub': `npm run keyturn -- rotate \${User} --stage prod --region \${AWS::Region}` });
  });

  it('of Terraform are the name of the secret', () => {
    const value = `\${jsondecode(aws_lambda_invocation.first_key.result).secret.name}`;
    expect(terraform.output).toEqual({ secret_name: [{ value }] });
  });
});

describe('the user', () => {
  const properties = object(object(resources.User).Properties);

  it('is the same by both', () => {
    const { Properties: group } = object(resources.Group);
    const user = resource('aws_iam_user', 'cloudpeek');
    expect([user.name, user.path]).toEqual([properties.UserName, properties.Path]);
    const tags = list(properties.Tags).map(object);
    expect(user.tags).toEqual(Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));
    expect(resource('aws_iam_group', 'cloudpeek').name).toBe(object(group).GroupName);
    const attached = resource('aws_iam_group_policy_attachment', 'audit').policy_arn;
    const [policy] = list(object(group).ManagedPolicyArns).map(object);
    expect(String(policy?.['Fn::Sub']).replace(`\${AWS::Partition}`, 'aws')).toBe(attached);
  });

  it('has the first key put straight into the secret by the call that Terraform makes, and the answer has none', async () => {
    const world = createWorld({ environment: { KEYTURN_READER_ARNS: example('reader-arns.json') } });
    const { name, path, tags } = resource('aws_iam_user', 'cloudpeek');
    const given = { userName: String(name), path: String(path), tags: object(tags ?? {}) as Record<string, string> };
    const { userId } = world.aws.iam.addUser({ ...given, keys: [] });
    const call = resource('aws_lambda_invocation', 'first_key');
    expect(call.input).toBe(`\${jsonencode({ userName = aws_iam_user.cloudpeek.name, action = "rotate" })}`);
    const answer = await rotateUser(world, { userName: name, action: 'rotate' });
    // What the postcondition and the output read.
    expect([answer.status, answer.secret?.name]).toEqual(['changed', secretNameOf(userId)]);
    const [key] = world.aws.iam.keysOf(given.userName);
    const lead = clientsOf(world.aws.connect('somebody'), world.aws.iam.addRole({ name: 'security-lead' })).secrets;
    const { SecretString = '{}' } = await lead.send(new GetSecretValueCommand({ SecretId: secretNameOf(userId) }));
    expect(JSON.parse(SecretString).AccessKeyId).toBe(key?.accessKeyId);
    expectNoSecret(world);
    // The reader of one user reads no other.
    const other = world.aws.iam.addUser({ userName: 'other', keys: [] }).userId;
    await rotateUser(world, { userName: 'other', action: 'rotate' });
    const read = lead.send(new GetSecretValueCommand({ SecretId: secretNameOf(other) }));
    expect((await thrownBy(read)).name).toBe('AccessDeniedException');
  });
});

describe('the role, which comes first', () => {
  const role = object(object(object(yamlDocuments(example('role.yml'))[0]).Resources).Role);
  const trust = JSON.stringify(object(role.Properties).AssumeRolePolicyDocument)
    .replace('{"Ref":"ExternalId"}', '"ours-a1b2c3"')
    .replace(
      /\{"Fn::Sub":"arn:\$\{AWS::Partition\}:iam::\$\{VendorAccountId\}:root"\}/,
      '"arn:aws:iam::444455556666:root"',
    );

  it('lets the vendor in with our external ID, and nobody else', () => {
    const document: Json = JSON.parse(trust);
    const [statement] = list(object(document).Statement).map(object);
    // A trust policy is about the role that it belongs to.
    const statements = parseStatements({ Statement: [{ ...statement, Resource: '*' }] });
    const ask = (account: string, externalId?: string) =>
      decide(
        statements,
        {
          action: 'sts:AssumeRole',
          resource: 'role',
          context: externalId === undefined ? {} : { 'sts:ExternalId': externalId },
        },
        (named) => named === `arn:aws:iam::${account}:root`,
      );
    expect(ask('444455556666', 'ours-a1b2c3')).toBe('allowed');
    expect([ask('444455556666'), ask('444455556666', 'theirs'), ask('777788889999', 'ours-a1b2c3')]).toEqual([
      'not allowed',
      'not allowed',
      'not allowed',
    ]);
  });

  it('stands before the key in the page, which quotes every example', () => {
    for (const file of globSync('examples/service-user/*', { cwd: root })) {
      expect(page.replaceAll(/^ {3}/gm, ''), file).toContain(`\n${written(file).replaceAll(/^ {3}/gm, '')}\`\`\``);
    }
    expect(page.indexOf('external ID')).toBeLessThan(page.indexOf('AWS::IAM::AccessKey'));
    expect(page.indexOf(example('role.yml'))).toBeLessThan(page.indexOf(example('template.yml')));
  });
});
