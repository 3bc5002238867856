import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { type Connection, createLocalAws, type LocalAws, type LocalAwsOptions } from '../../../local/aws/aws.ts';
import { operatorCredentials } from '../../../local/aws/principals.ts';
import { nothingLookedUp } from '../../../local/host/sdk-options.ts';

/** With a token where they are those of a session. */
interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** The real SDK clients over one connection, one attempt a call. */
export function clientsOf(connection: Connection, credentials: Credentials = operatorCredentials) {
  const config = {
    ...nothingLookedUp,
    region: 'eu-west-1',
    requestHandler: connection.requestHandler,
    maxAttempts: 1,
    credentials,
  };
  return {
    iam: new IAMClient(config),
    secrets: new SecretsManagerClient(config),
    sns: new SNSClient(config),
    sqs: new SQSClient(config),
    sts: new STSClient(config),
    kms: new KMSClient(config),
  };
}

/** A local AWS and clients of an operator. */
export function setUp(options: LocalAwsOptions = {}): { aws: LocalAws } & ReturnType<typeof clientsOf> {
  const aws = createLocalAws(options);
  return { aws, ...clientsOf(aws.connect('test')) };
}

/** What a refused call threw: class, name and text. */
export async function refusal(call: Promise<unknown>): Promise<{ type: string; name: string; message: string }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return { type: error.constructor.name, name: error.name, message: error.message };
  }
  throw new Error('The call was not refused.');
}
