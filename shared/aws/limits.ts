import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import { isBreakerOpen } from '../core/breaker.ts';
import type { Limits } from '../core/model.ts';
import { parseSecretTags, type SecretTags, userIdOfSecretName } from '../core/secret-tags.ts';
import { formatDate, type Instant } from '../core/time.ts';
import { hasConfirmedSubscription } from './notify.ts';
import { type Reader, secretOf } from './observe.ts';

/**
 * What limits an issue that nobody asked for by hand. From one ListSecrets of today's issue intents: it may be five
 * minutes old, so two workers may overshoot a little.
 */
export async function readLimits(reader: Reader, now: Instant): Promise<Limits> {
  const { aws, settings } = reader;
  const today = formatDate(now);
  const filters = [
    { Key: 'name' as const, Values: [`${settings.secretPrefix}/`] },
    { Key: 'tag-value' as const, Values: [today] },
  ];
  const input = { Filters: filters, IncludePlannedDeletion: true };
  const issued: SecretTags[] = [];
  for await (const page of paginateListSecrets({ client: aws.secrets, pageSize: 100 }, input)) {
    for (const entry of page.SecretList ?? []) {
      const secret = secretOf(reader, entry);
      const isOurs = userIdOfSecretName(settings.secretPrefix, secret.name) !== undefined;
      const { tags } = parseSecretTags(secret.tags, now);
      if (isOurs && tags.issuedOn !== undefined && formatDate(tags.issuedOn) === today) issued.push(tags);
    }
  }
  const hasSubscription = settings.requireSubscription
    ? await hasConfirmedSubscription(aws, settings.topicArn)
    : undefined;
  return { hasSubscription, issuedToday: issued.length, isBreakerOpen: isBreakerOpen(issued, now) };
}
