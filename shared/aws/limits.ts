import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import type { Limits } from '../core/model.ts';
import { parseSecretTags, type SecretTags, secretTagNames, userIdOfSecretName } from '../core/secret-tags.ts';
import type { Settings } from '../core/settings.ts';
import { formatDate, type Instant } from '../core/time.ts';
import type { Aws } from './clients.ts';
import { hasConfirmedSubscription } from './notify.ts';
import { secretOf } from './observe.ts';

/** Failed proofs in a row after which no more is issued that day. */
const BREAKER = 3;

/**
 * What limits an issue that nobody asked for by hand. From one ListSecrets of today's issue intents: it may be five
 * minutes old, so two workers may overshoot a little.
 */
export async function readLimits(aws: Aws, settings: Settings, now: Instant): Promise<Limits> {
  const today = formatDate(now);
  const issued: SecretTags[] = [];
  const input = {
    Filters: [
      { Key: 'name' as const, Values: [`${settings.secretPrefix}/`] },
      { Key: 'tag-value' as const, Values: [today] },
    ],
  };
  for await (const page of paginateListSecrets({ client: aws.secrets, pageSize: 100 }, input)) {
    for (const entry of page.SecretList ?? []) {
      const secret = secretOf(entry);
      const isOurs = userIdOfSecretName(settings.secretPrefix, secret.name) !== undefined;
      if (isOurs && secret.tags[secretTagNames.issuedOn] === today) issued.push(parseSecretTags(secret.tags, now).tags);
    }
  }
  const hasSubscription = settings.requireSubscription
    ? await hasConfirmedSubscription(aws, settings.topicArn)
    : undefined;
  return { hasSubscription, issuedToday: issued.length, isBreakerOpen: isBreakerOpen(issued) };
}

/** The newest issues of the day, by the message each ended in, all failed. */
function isBreakerOpen(issued: readonly SecretTags[]): boolean {
  const newest = issued
    .flatMap(({ announced }) => (announced === undefined ? [] : [announced]))
    .toSorted((a, b) => b.at - a.at)
    .slice(0, BREAKER);
  return newest.length === BREAKER && newest.every(({ event }) => event === 'failed');
}
