// hand-on/hand-on-file.ts, hand-on/policy.ts, hand-on/template.ts

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hashOf, parseHandOnFile } from '../../hand-on/hand-on-file.ts';
import { handOnReasons } from '../../hand-on/messages.ts';
import { roleStatements } from '../../hand-on/policy.ts';
import { handOnTemplate } from '../../hand-on/template.ts';
import { decide, parseStatements } from '../../local/aws/policies/policy.ts';
import * as z from '../../shared/core/zod.ts';
import { ACCOUNT, deploy, type Json, list, object, REGION, type Template } from '../package/template.ts';

const example = parse(readFileSync('hand-on/hand-on.example.yml', 'utf8'));
const fileOf = (users: object, more: object = {}) => ({ schemaVersion: 1, domain: 'shop', users, ...more });
const one = { secret: 'shop/prod', fields: { A: 'accessKeyId' } };

describe('hand-on.yml', () => {
  it('the example is one', () => {
    expect(Object.keys(parseHandOnFile(example, 'keyturn').users)).toEqual(['ci-shop', 'mail-shop', 'legacy-report']);
  });

  it.each<[string, unknown, RegExp]>([
    ['a wildcard', fileOf({ 'ci-*': [one] }), /users/],
    ['no user', fileOf({}), /must name a user/],
    ['a user without a destination', fileOf({ a: [] }), /users\.a/],
    ['a field that there is not', fileOf({ a: [{ ...one, fields: { A: 'password' } }] }), /users\.a\.0/],
    ['an expression', fileOf({ a: [{ ...one, fields: { A: `\${accessKeyId}` } }] }), /users\.a\.0/],
    ['no field', fileOf({ a: [{ ...one, fields: {} }] }), /users\.a\.0/],
    ['an ARN', fileOf({ a: [{ ...one, secret: 'arn:aws:secretsmanager:x' }] }), /users\.a\.0/],
    ['a secret of Keyturn', fileOf({ a: [{ ...one, secret: 'keyturn/AIDAX/access-key' }] }), /below keyturn\//],
    [
      'a token of Keyturn',
      fileOf({ a: [{ github: 'a/b', token: 'keyturn/x', secrets: { A: 'accessKeyId' } }] }),
      /below/,
    ],
    ['one place for two users', fileOf({ a: [one], b: [one] }), /secret shop\/prod is written for a already/],
    [
      'one parameter twice',
      fileOf({ a: [{ parameters: { '/x': 'accessKeyId' } }, { parameter: '/x', fields: { A: 'accessKeyId' } }] }),
      /parameter \/x is written for a already/,
    ],
    [
      'a repository without its owner',
      fileOf({ a: [{ github: 'shop', token: 't', secrets: { A: 'accessKeyId' } }] }),
      /0/,
    ],
    ['a name of GitHub', fileOf({ a: [{ github: 'a/b', token: 't', secrets: { GITHUB_X: 'accessKeyId' } }] }), /0/],
    ['a domain with a capital', fileOf({ a: [one] }, { domain: 'Shop' }), /domain/],
    ['another version', fileOf({ a: [one] }, { schemaVersion: 2 }), /schemaVersion/],
  ])('with %s is refused, and the place is named', (_, value, message) => {
    expect(() => parseHandOnFile(value, 'keyturn')).toThrow(message);
  });

  it('another list of destinations has another hash', () => {
    const { users } = parseHandOnFile(example, 'keyturn');
    expect(new Set(Object.values(users).map(hashOf)).size).toBe(3);
  });
});

const arn = (rest: string) => rest.replace('REGION', REGION).replace('ACCOUNT', ACCOUNT);
const secretArn = (name: string) => arn(`arn:aws:secretsmanager:REGION:ACCOUNT:secret:${name}-AbCdEf`);

/** The role of a packaged file, with the parameters of its stack. */
function roleOf(value: unknown, parameters: Record<string, string> = {}) {
  const template = handOnTemplate(parseHandOnFile(value, 'keyturn'), 'keyturn') as unknown as Template;
  const TopicArn = arn('arn:aws:sns:REGION:ACCOUNT:keyturn-prod');
  const stack = deploy(template, {}, { TopicArn, ...parameters });
  const policies = list(stack.properties('Role')?.Policies);
  const statements = policies.flatMap((policy) => parseStatements(object(policy).PolicyDocument));
  const may = (action: string, resource: string, context: Record<string, string | string[]> = {}) =>
    decide(statements, { action, resource, context }) === 'allowed';
  return { stack, statements, may };
}

const ours = secretArn('keyturn/AIDAX/access-key');
const of = (userName: string) => ({ 'aws:ResourceTag/keyturn:user-name': userName });
const current = { 'secretsmanager:VersionStage': 'AWSCURRENT' };

describe('the role', () => {
  const { may, statements } = roleOf(example);

  it('reads the current value of its users, and nothing else', () => {
    const read = 'secretsmanager:GetSecretValue';
    expect(may(read, ours, { ...of('ci-shop'), ...current })).toBe(true);
    expect(may(read, ours, { ...of('bob'), ...current })).toBe(false);
    expect(may(read, ours, { ...of('ci-shop'), 'secretsmanager:VersionStage': 'AWSPREVIOUS' })).toBe(false);
    expect(may(read, ours, of('ci-shop'))).toBe(false);
    expect(may(read, secretArn('shop/prod/smtp'))).toBe(false);
    expect(may(read, secretArn('shop/github-app'))).toBe(true);
  });

  it('writes one tag on them', () => {
    const tag = (...keys: string[]) =>
      may('secretsmanager:TagResource', ours, { ...of('ci-shop'), ...(keys.length > 0 && { 'aws:TagKeys': keys }) });
    expect(tag('keyturn:handed-on')).toBe(true);
    expect([tag('keyturn:hold'), tag('keyturn:handed-on', 'keyturn:hold'), tag()]).toEqual([false, false, false]);
    const by = { ...of('bob'), 'aws:TagKeys': ['keyturn:handed-on'] };
    expect(may('secretsmanager:TagResource', ours, by)).toBe(false);
    expect(may('secretsmanager:UntagResource', ours, of('ci-shop'))).toBe(false);
  });

  it('writes exactly the destinations of the file', () => {
    const parameter = (name: string) => may('ssm:PutParameter', arn(`arn:aws:ssm:REGION:ACCOUNT:parameter${name}`));
    const service = (name: string) => may('ecs:UpdateService', arn(`arn:aws:ecs:REGION:ACCOUNT:service/${name}`));
    expect(may('secretsmanager:PutSecretValue', secretArn('shop/prod/smtp'))).toBe(true);
    expect(may('secretsmanager:PutSecretValue', secretArn('shop/prod/smtp-2'))).toBe(false);
    expect(may('secretsmanager:PutSecretValue', ours, of('ci-shop'))).toBe(false);
    expect([parameter('/report/aws'), parameter('/report/aws2'), parameter('/other')]).toEqual([true, false, false]);
    expect([service('shop/mailer'), service('shop/other')]).toEqual([true, false]);
  });

  it('reads a destination only to keep its other fields', () => {
    const read = (merge: object) =>
      roleOf(fileOf({ a: [{ ...one, ...merge }] })).may('secretsmanager:GetSecretValue', secretArn('shop/prod'));
    expect([read({}), read({ merge: false }), read({ merge: true })]).toEqual([false, false, true]);
  });

  it.each<[string, object, string[]]>([
    ['a secret', fileOf({ a: [one] }), ['secretsmanager:PutSecretValue']],
    ['a secret with other fields', fileOf({ a: [{ ...one, merge: true }] }), ['secretsmanager:PutSecretValue']],
    ['a parameter', fileOf({ a: [{ parameter: '/x', fields: { A: 'accessKeyId' } }] }), ['ssm:PutParameter']],
    [
      'keys of their own',
      fileOf({
        a: [
          { ...one, kmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/a' },
          { parameter: '/x', fields: { A: 'accessKeyId' }, kmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/b' },
        ],
      }),
      ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'secretsmanager:PutSecretValue', 'ssm:PutParameter'],
    ],
  ])('for %s has these actions beside its own, and no more', (_, file, actions) => {
    const always = ['DescribeSecret', 'GetSecretValue', 'ListSecrets', 'TagResource'].map(
      (name) => `secretsmanager:${name}`,
    );
    const own = [...always, 'logs:CreateLogStream', 'logs:PutLogEvents', 'sns:Publish', 'sqs:SendMessage'];
    const found = roleOf(file).statements.flatMap((statement) => statement.actions);
    expect([...new Set(found)].toSorted()).toEqual([...own, ...actions].toSorted());
  });

  it('has a star for the list of secrets alone', () => {
    expect(statements.filter(({ resources }) => resources.includes('*')).map(({ actions }) => actions)).toEqual([
      ['secretsmanager:ListSecrets'],
    ]);
    expect(
      roleStatements(parseHandOnFile(example, 'keyturn'), 'keyturn').every(({ Effect }) => Effect === 'Allow'),
    ).toBe(true);
  });
});

describe('the stack', () => {
  const { stack } = roleOf(example, { AlarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:on-call' });

  it('runs one at a time, by the label and every quarter of an hour', () => {
    expect(stack.properties('Function')).toMatchObject({ ReservedConcurrentExecutions: 1, Timeout: 180 });
    expect(stack.properties('ScheduleRule')).toMatchObject({ ScheduleExpression: 'rate(15 minutes)' });
    expect(object(stack.properties('LabelRule')?.EventPattern).detail).toEqual({
      name: [{ prefix: 'keyturn/' }],
      labelUpdated: ['AWSCURRENT'],
    });
  });

  it('has names that never count as somebody who hears', () => {
    const names: Json[] = [
      stack.properties('Function')?.FunctionName ?? '',
      stack.properties('Failures')?.QueueName ?? '',
      stack.properties('FailuresAlarm')?.AlarmName ?? '',
      stack.properties('ErrorsAlarm')?.AlarmName ?? '',
      stack.properties('Role')?.RoleName ?? '',
    ];
    expect(names.filter((name) => !/^keyturn-hand-on-shop(-|$)/.test(String(name)))).toEqual([]);
  });
});

it('the published schema of messages has both events and every reason', () => {
  const published = z
    .object({ $defs: z.object({ handOn: z.object({ properties: z.record(z.string(), z.json()) }) }) })
    .parse(JSON.parse(readFileSync('docs/message.schema.json', 'utf8')));
  expect(published.$defs.handOn.properties).toMatchObject({
    event: { enum: ['handed-on', 'hand-on-failed'] },
    reason: { enum: Object.keys(handOnReasons) },
  });
});

it('docs/hand-on.md has every reason, with what it says', () => {
  const page = readFileSync('docs/hand-on.md', 'utf8');
  for (const [reason, { says, todo }] of Object.entries(handOnReasons)) {
    expect(page).toContain(`| \`${reason}\` | ${says} | ${todo} |`);
  }
});
