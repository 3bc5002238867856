import { GetUserCommand, TagUserCommand } from '@aws-sdk/client-iam';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PublishCommand } from '@aws-sdk/client-sns';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { createLife, live, newKeyOf, use } from '../support/life.ts';
import { rotateUser } from '../support/world.ts';
import { checkExchange, describeViolation, type Exchange } from './exchange.ts';
import { isKnown } from './known-violations.ts';
import { parseXml } from './query-form.ts';
import { recordConnections } from './recording.ts';
import { loadModels, type ServiceModels } from './service-model.ts';
import { localSide, type Side } from './side.ts';

let models: ServiceModels;

beforeAll(() => {
  models = loadModels(inject('modelsPath'));
});

const check = (exchange: Exchange): string[] => checkExchange(models, exchange).violations.map(describeViolation);

/** The exchange of one call with the local AWS; the call may be refused. */
async function exchangeOf(call: (side: Side) => Promise<unknown>): Promise<Exchange> {
  const { side, aws, exchanges } = localSide();
  aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }], tags: { owner: 'ops' } });
  aws.sns.addTopic('t');
  await call(side).catch(() => {});
  const exchange = exchanges.at(-1);
  if (exchange === undefined) throw new Error('Nothing was recorded.');
  return exchange;
}

const getUser = (): Promise<Exchange> => exchangeOf(({ iam }) => iam.send(new GetUserCommand({ UserName: 'alice' })));
const putSecret = (): Promise<Exchange> =>
  exchangeOf(({ secrets }) => secrets.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'top secret' })));

function withRequest(exchange: Exchange, change: (body: string) => string): Exchange {
  return { ...exchange, request: { ...exchange.request, body: change(exchange.request.body) } };
}

function withResponse(exchange: Exchange, change: (body: string) => string): Exchange {
  if (exchange.response === undefined) throw new Error('There was no response.');
  return { ...exchange, response: { ...exchange.response, body: change(exchange.response.body) } };
}

describe('a whole life of a key', () => {
  it('sends and gets nothing that AWS’s service models do not allow', async () => {
    const life = createLife({ ageDays: 89, environment: { KEYTURN_EXEMPT_GROUPS: '["robots"]' } });
    const exchanges: Exchange[] = [];
    recordConnections(life.aws, exchanges);
    await live(life, { from: 89, to: 92 });
    const second = newKeyOf(life, [life.oldKey]);
    use(life, second);
    await live(life, { from: 93, to: 111 });
    await rotateUser(life, { userName: 'alice', action: 'rotate' });
    life.aws.clock.advance(60_000);
    await rotateUser(life, { userName: 'alice', action: 'rollback' });
    const verdicts = exchanges.map((exchange) => checkExchange(models, exchange));
    const violations = verdicts.flatMap((verdict) => verdict.violations).filter((violation) => !isKnown(violation));
    expect(violations.map(describeViolation)).toEqual([]);
    const operations = new Set(verdicts.map(({ service, operation }) => `${service}:${operation}`));
    expect([...operations]).toEqual(
      expect.arrayContaining([
        'iam:CreateAccessKey',
        'iam:UpdateAccessKey',
        'iam:DeleteAccessKey',
        'iam:GetAccessKeyLastUsed',
        'secretsmanager:CreateSecret',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
        'secretsmanager:TagResource',
        'secretsmanager:UntagResource',
        'secretsmanager:PutResourcePolicy',
        'sns:Publish',
        'sts:GetCallerIdentity',
      ]),
    );
    console.log(`A whole life of a key: ${exchanges.length} requests and responses, ${operations.size} operations.`);
  });
});

describe('the validator finds', () => {
  it('nothing wrong with what is right', async () => {
    expect(check(await getUser())).toEqual([]);
    expect(check(await putSecret())).toEqual([]);
  });

  it('an operation that does not exist', async () => {
    const wrong = withRequest(await getUser(), (body) => body.replace('GetUser', 'GetUserr'));
    expect(check(wrong)).toEqual(['iam:GetUserr request operation: does not exist']);
  });

  it('a pattern that does not match, in a form body', async () => {
    const wrong = withRequest(await getUser(), (body) => body.replace('alice', 'a%20b'));
    expect(check(wrong)).toEqual(['iam:GetUser request GetUserRequest.UserName: "a b" does not match [\\w+=,.@-]+']);
  });

  it('a member that the model does not know, in a form body', async () => {
    const wrong = withRequest(await getUser(), (body) => `${body}&Nonsense=1`);
    expect(check(wrong)).toEqual([
      'iam:GetUser request GetUserRequest: has a member Nonsense that the model does not know',
    ]);
  });

  it('a list that is too long', async () => {
    const Tags = Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
    const wrong = await exchangeOf(({ iam }) => iam.send(new TagUserCommand({ UserName: 'alice', Tags })));
    expect(check(wrong)).toEqual(['iam:TagUser request TagUserRequest.Tags: has 51 members, at most 50 are allowed']);
  });

  it('a list whose members are not numbered from 1', async () => {
    const right = await exchangeOf(({ iam }) =>
      iam.send(new TagUserCommand({ UserName: 'alice', Tags: [{ Key: 'k', Value: 'v' }] })),
    );
    expect(check(right)).toEqual([]);
    const wrong = withRequest(right, (body) => body.replaceAll('member.1', 'member.2'));
    expect(check(wrong)).toEqual(['iam:TagUser request TagUserRequest.Tags: is numbered 2 where 1 belongs']);
  });

  it('a required member that is missing, in JSON and inside a list', async () => {
    const wrong = await exchangeOf(({ sqs }) =>
      sqs.send(
        new SendMessageBatchCommand({ QueueUrl: 'https://sqs/1/q', Entries: [{ Id: '1', MessageBody: undefined }] }),
      ),
    );
    expect(check(wrong)).toContain(
      'sqs:SendMessageBatch request SendMessageBatchRequest.Entries[0]: lacks the required member MessageBody',
    );
  });

  it('a length, a type and an unknown member, in JSON', async () => {
    const wrong = withRequest(await putSecret(), (body) =>
      JSON.stringify({ ...JSON.parse(body), ClientRequestToken: 'short', VersionStages: 'AWSCURRENT', More: 1 }),
    );
    expect(check(wrong)).toEqual([
      'secretsmanager:PutSecretValue request PutSecretValueRequest.ClientRequestToken: has 5 characters, at least 32 are needed',
      'secretsmanager:PutSecretValue request PutSecretValueRequest.VersionStages: is "AWSCURRENT", not a list',
      'secretsmanager:PutSecretValue request PutSecretValueRequest: has a member More that the model does not know',
    ]);
  });

  it('a wrong value without showing it where the model calls it sensitive', async () => {
    const wrong = withRequest(await putSecret(), (body) => body.replace('"top secret"', '["top secret"]'));
    expect(check(wrong).join()).toContain('is a sensitive value, not a string');
    expect(check(wrong).join()).not.toContain('top secret');
  });

  it('a map entry by another name than the model’s, and a message attribute without its type', async () => {
    const right = await exchangeOf(({ sns }) =>
      sns.send(
        new PublishCommand({
          TopicArn: 'arn:aws:sns:eu-west-1:111122223333:t',
          Message: 'x',
          MessageAttributes: { event: { DataType: 'String', StringValue: 'issued' } },
        }),
      ),
    );
    expect(check(right)).toEqual([]);
    expect(check(withRequest(right, (body) => body.replace('entry.1.Name', 'entry.1.key')))).toContain(
      'sns:Publish request PublishInput.MessageAttributes: has an entry without Name or Value',
    );
    expect(check(withRequest(right, (body) => body.replace(/&[^&]*DataType=String/, '')))).toContain(
      'sns:Publish request PublishInput.MessageAttributes{event}: lacks the required member DataType',
    );
  });

  it('what is wrong with a response in XML', async () => {
    const right = await getUser();
    const changed = (from: string | RegExp, to: string) => check(withResponse(right, (body) => body.replace(from, to)));
    expect(changed(/<UserId>.*<\/UserId>/, '')).toEqual([
      'iam:GetUser response GetUserResponse.User: lacks the required member UserId',
    ]);
    expect(changed(/<CreateDate>.*<\/CreateDate>/, '<CreateDate>1767225600</CreateDate>')).toHaveLength(1);
    expect(changed('</Path>', '</Path><Nonsense>1</Nonsense>')).toHaveLength(1);
    expect(changed(/(<\/?)member>/g, '$1item>')).toEqual([
      'iam:GetUser response GetUserResponse.User.Tags: has an element item where member belongs',
    ]);
    expect(changed('2010-05-08', '2011-05-08')).toEqual([
      'iam:GetUser response xmlns: is https://iam.amazonaws.com/doc/2011-05-08/',
    ]);
  });

  it('an error that the operation does not have, and a status that the error does not have', async () => {
    const right = await exchangeOf(({ iam }) => iam.send(new GetUserCommand({ UserName: 'nobody' })));
    expect(check(right)).toEqual([]);
    expect(check(withResponse(right, (body) => body.replace('NoSuchEntity', 'DeleteConflict')))).toEqual([
      'iam:GetUser response error: DeleteConflict is neither declared for the operation nor common to all',
    ]);
    const { response } = right;
    const other = { ...right, response: response && { ...response, statusCode: 400 } };
    expect(check(other)).toEqual(['iam:GetUser response error: NoSuchEntity has the HTTP status 400, not 404']);
  });

  it('XML that is not well-formed', () => {
    expect(() => parseXml('<a><b>1</a></b>')).toThrow('The element b ends as a.');
    expect(() => parseXml('<a>1</a><b>2</b>')).toThrow('This is not one XML element.');
  });
});
