import {
  type Filter,
  paginateListSecrets,
  type SecretListEntry,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { RotationError } from '../core/errors.ts';
import { listed } from '../core/present.ts';

/** Twice as many as an account has users: whoever plants more in a member costs the hub no more than this. */
const MOST_SECRETS = 10_000;

/** What is listed: names that begin so, those pending deletion too if told; of which account, in a fleet. */
interface Asked {
  secretPrefix: string;
  withDeleted: boolean;
  accountId?: string | undefined;
}

/** Secrets below the prefix, one by one. The filter matches the beginning of a name: whose it is, the name itself says. */
export async function* secretsBelow(
  client: SecretsManagerClient,
  { secretPrefix, withDeleted, accountId }: Asked,
): AsyncGenerator<SecretListEntry> {
  const Filters = [{ Key: 'name', Values: [`${secretPrefix}/`] } satisfies Filter];
  const input = { Filters, ...(withDeleted ? { IncludePlannedDeletion: true } : {}) };
  let count = 0;
  for await (const page of paginateListSecrets({ client, pageSize: 100 }, input)) {
    count += listed(page.SecretList).length;
    if (accountId !== undefined && count > MOST_SECRETS) {
      const message = `Account ${accountId} has more than ${MOST_SECRETS} secrets below ${secretPrefix}/, and 5,000 users at most; find out who makes them.`;
      throw new RotationError(message, { accountId });
    }
    yield* listed(page.SecretList);
  }
}
