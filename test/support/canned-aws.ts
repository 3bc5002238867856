import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import type { SdkRequest, SdkRequestHandler } from '../../local/aws/connection.ts';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { type Aws, createAws } from '../../shared/aws/clients.ts';

export interface CannedAnswer {
  statusCode?: number;
  headers?: Record<string, string>;
  body: string;
}

/** Clients to which AWS answers what a test tells it to: what the embedded AWS never says. */
export function cannedAws(answer: (request: SdkRequest) => string | CannedAnswer): Aws {
  const requestHandler: SdkRequestHandler = {
    handle: async (request) => {
      const told = answer(request);
      const { statusCode = 200, headers = {}, body } = typeof told === 'string' ? { body: told } : told;
      return { response: { statusCode, headers, body: Buffer.from(body) } };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
    metadata: { handlerProtocol: 'http/1.1' },
  };
  const retryStrategy = new ConfiguredRetryStrategy(1, () => 0);
  return createAws({ region: 'eu-west-1', credentials: operatorCredentials, requestHandler, retryStrategy });
}
