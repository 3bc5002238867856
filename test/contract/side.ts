import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { IAMClient } from '@aws-sdk/client-iam';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { createLocalAws, type LocalAws } from '../../local/aws.ts';
import type { Exchange } from './exchange.ts';
import { recordConnections } from './recording.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Clients of one emulator; a scenario cannot tell which. */
export interface Side {
  readonly iam: IAMClient;
  readonly sts: STSClient;
  readonly secrets: SecretsManagerClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly config: ConfigServiceClient;
  /** The same account, called with other keys. */
  as(credentials: Credentials): Side;
  /** Time that AWS needs: of the local clock only, since moto has no delays. */
  wait(ms: number): void;
}

/** What makes the difference between the two: a handler without a socket, or an address. */
type Options = Pick<NonNullable<ConstructorParameters<typeof IAMClient>[0]>, 'requestHandler' | 'endpoint'>;

const operator: Credentials = { accessKeyId: 'ASIAOPERATOR00000000', secretAccessKey: 'not-verified' };

function createSide(options: Options, wait: (ms: number) => void, credentials = operator): Side {
  const config = { region: 'eu-west-1', maxAttempts: 1, ...options, credentials };
  return {
    iam: new IAMClient(config),
    sts: new STSClient(config),
    secrets: new SecretsManagerClient(config),
    sns: new SNSClient(config),
    sqs: new SQSClient({ ...config, useQueueUrlAsEndpoint: false }),
    config: new ConfigServiceClient(config),
    as: (other) => createSide(options, wait, other),
    wait,
  };
}

/** A new, empty local AWS, with everything recorded that goes over its wire. */
export function localSide(): { side: Side; aws: LocalAws; exchanges: Exchange[] } {
  const aws = createLocalAws();
  const exchanges: Exchange[] = [];
  recordConnections(aws, exchanges);
  const { requestHandler } = aws.connect('contract');
  return { side: createSide({ requestHandler }, aws.clock.advance), aws, exchanges };
}

/** moto, emptied. */
export async function motoSide(url: string): Promise<Side> {
  const answer = await fetch(`${url}/moto-api/reset`, { method: 'POST' });
  if (!answer.ok) throw new Error(`moto could not be reset: HTTP ${answer.status}`);
  return createSide({ endpoint: url }, () => {});
}
