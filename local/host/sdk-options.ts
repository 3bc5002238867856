import type { CloudWatchClientConfig } from '@aws-sdk/client-cloudwatch';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { operatorCredentials } from '../aws/principals.ts';
import { Sha256 } from '../aws/sha256.ts';

/**
 * What the SDK would look for on the machine, in its environment and its files: for each client anew, and an endpoint even
 * for each call. These are its own defaults, so that a call is quick, and the same on every machine.
 */
export const nothingLookedUp = {
  authSchemePreference: [],
  defaultsMode: 'legacy',
  disableRequestCompression: false,
  disableS3ExpressSessionAuth: false,
  ignoreConfiguredEndpointUrls: true,
  requestChecksumCalculation: 'WHEN_SUPPORTED',
  requestMinCompressionSizeBytes: 10_240,
  responseChecksumValidation: 'WHEN_SUPPORTED',
  retryMode: 'standard',
  sha256: Sha256,
  sigv4aSigningRegionSet: async () => undefined,
  useArnRegion: async () => undefined,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: async () => undefined,
} satisfies S3ClientConfig & CloudWatchClientConfig;

/** What every client of the local AWS is made with over HTTP; `endpoint` is the same as AWS_ENDPOINT_URL. */
export function sdkOptions(region: string, endpoint: string, credentials = operatorCredentials) {
  return { ...nothingLookedUp, region, endpoint, credentials };
}
