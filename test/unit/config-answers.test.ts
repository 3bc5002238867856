// Tests of shared/aws/config.ts: what it makes of half an answer.

import { describe, expect, it } from 'vitest';
import { createAws } from '../../shared/aws/clients.ts';
import { formerResults, putEvaluations, recordedItem, userNameInConfig } from '../../shared/aws/config.ts';

const AT = Date.UTC(2026, 2, 10);
const USER = { resourceType: 'AWS::IAM::User', resourceId: 'AIDAEXAMPLEEXAMPLE00', status: 'OK' };

/** AWS Config that gives these answers, one after the other: what the types allow it to leave out is left out. */
function answering(...answers: object[]) {
  const handle = async () => {
    const body = Buffer.from(JSON.stringify(answers.shift() ?? {}));
    return { response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body } };
  };
  return createAws({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: { handle, destroy() {}, updateHttpClientConfig() {}, httpHandlerConfigs: () => ({}) },
  });
}

describe('answers of AWS Config that leave something out', () => {
  it('no FailedEvaluations: all were taken', async () => {
    const judged = { ...USER, complianceType: 'COMPLIANT', annotation: 'Young.' } as const;
    const event = { resultToken: 'token', isTest: false, orderingAt: AT };
    expect(await putEvaluations(answering({}), event, [judged])).toEqual([]);
  });

  it('no results: the rule has said nothing yet', async () => {
    expect(await formerResults(answering({}), 'rule')).toEqual([]);
  });

  it('a result without its resource is no result to guess about', async () => {
    const results = answering({ EvaluationResults: [{ ComplianceType: 'COMPLIANT' }] });
    await expect(formerResults(results, 'rule')).rejects.toThrow('ResourceType');
  });

  it('an empty page of the history: the item is on the next one', async () => {
    const item = { configurationItemStatus: 'OK', resourceName: 'alice' };
    const pages = answering({ nextToken: 'more' }, { configurationItems: [item] });
    expect(await recordedItem(pages, USER, AT)).toEqual({ ...USER, resourceName: 'alice' });
  });

  it('of another resource the recorder is not asked', async () => {
    const bucket = { ...USER, resourceType: 'AWS::S3::Bucket' };
    await expect(recordedItem(answering(), bucket, AT)).rejects.toThrow('not asked about AWS::S3::Bucket');
  });

  it('neither list nor item: no name', async () => {
    expect(await userNameInConfig(answering({}, {}), USER.resourceId)).toBeUndefined();
  });

  it('a name that only the item knows is found there', async () => {
    const item = { resourceId: USER.resourceId, resourceName: 'alice' };
    const answers = answering({}, { baseConfigurationItems: [item] });
    expect(await userNameInConfig(answers, USER.resourceId)).toBe('alice');
  });
});
