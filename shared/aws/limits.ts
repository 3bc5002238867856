import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import type { Audience } from '../core/audience.ts';
import { isBreakerOpen } from '../core/breaker.ts';
import type { Limits } from '../core/model.ts';
import { listed } from '../core/present.ts';
import { parseSecretTags } from '../core/read-secret-tags.ts';
import { commonRefusal } from '../core/refusals.ts';
import { userIdOfSecretName } from '../core/secret-name.ts';
import { type SecretTags, secretTagNames } from '../core/secret-tags.ts';
import type { Settings } from '../core/settings.ts';
import { formatDate, type Instant } from '../core/time.ts';
import { rememberedAudience } from './audience.ts';
import { type Reader, secretOf } from './observe.ts';
import type { Runtime } from './runtime.ts';

/** Who is told what is done; undefined if no one has to be. */
export async function readListeners(
  { aws, memory, clock }: Pick<Runtime, 'aws' | 'memory' | 'clock'>,
  { requireSubscription, topicArn }: Pick<Settings, 'requireSubscription' | 'topicArn'>,
): Promise<Audience | undefined> {
  return requireSubscription ? rememberedAudience(aws, topicArn, { memory: memory.audiences, clock }) : undefined;
}

/**
 * What limits new keys that nobody asked for by hand. From one ListSecrets of what was begun today, and of what never
 * worked: it may be five minutes old, so two workers may overshoot a little.
 */
export async function readLimits(reader: Reader, audience: Audience | undefined, now: Instant): Promise<Limits> {
  const { aws, settings } = reader;
  const today = formatDate(now);
  const filters = [
    { Key: 'name' as const, Values: [`${settings.secretPrefix}/`] },
    // Beginnings of values: of `issued-on`, and of `announced`.
    { Key: 'tag-value' as const, Values: [today, `failed ${today}`] },
  ];
  const input = { Filters: filters, IncludePlannedDeletion: true };
  const found: { userName: string; tags: SecretTags }[] = [];
  for await (const page of paginateListSecrets({ client: aws.secrets, pageSize: 100 }, input)) {
    for (const entry of listed(page.SecretList)) {
      const secret = secretOf(reader, entry);
      const isOurs = userIdOfSecretName(settings.secretPrefix, secret.name) !== undefined;
      if (!isOurs) continue;
      const userName = secret.tags[secretTagNames.userName] ?? secret.name;
      found.push({ userName, tags: parseSecretTags(secret.tags, now).tags });
    }
  }
  const refusal = commonRefusal(
    found.filter(({ tags }) => isOfToday(tags, today)),
    now,
  );
  const tags = found.map((user) => user.tags);
  return {
    audience,
    ...(refusal === undefined ? {} : { refusal }),
    issuedToday: tags.filter((each) => isCounted(each, today)).length,
    isBreakerOpen: isBreakerOpen(tags, now),
  };
}

/** What an operator asks for by hand is not limited. */
function isCounted({ issuedOn, issuedFor }: SecretTags, today: string): boolean {
  if (issuedOn === undefined || formatDate(issuedOn) !== today) return false;
  return issuedFor === 'schedule' || issuedFor === 'config';
}

function isOfToday({ announced, issuedOn }: SecretTags, today: string): boolean {
  return [announced?.at, issuedOn].some((at) => at !== undefined && formatDate(at) === today);
}
