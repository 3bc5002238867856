import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import type { SdkRequest, SdkRequestHandler } from '../../local/aws/connection.ts';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { type Aws, createAws } from '../../shared/aws/clients.ts';

/** Clients to which AWS answers what a test tells it to: what the embedded AWS never says. */
export function toldAws(answer: (request: SdkRequest) => string): Aws {
  const requestHandler: SdkRequestHandler = {
    handle: async (request) => ({ response: { statusCode: 200, headers: {}, body: Buffer.from(answer(request)) } }),
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
    metadata: { handlerProtocol: 'http/1.1' },
  };
  const retryStrategy = new ConfiguredRetryStrategy(1, () => 0);
  return createAws({ region: 'eu-west-1', credentials: operatorCredentials, requestHandler, retryStrategy });
}
