import {
  DescribeSecretCommand,
  type SecretListEntry,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { aboutUser, collect, type Failures, isFailure, messageOf } from '../core/errors.ts';
import type { User } from '../core/model.ts';
import { keepsKey, type SeenElsewhere } from '../core/secret-elsewhere.ts';
import { secretNameOf, userIdOfSecretName } from '../core/secret-name.ts';
import type { Settings } from '../core/settings.ts';
import type { Aws } from './clients.ts';
import { secretsBelow } from './list-secrets.ts';
import { required, tagsOf } from './observe.ts';

/*
 * Secrets in the other Regions of a fleet. Whoever changes the Region of an account leaves its secrets where they are:
 * without a look there, each user would be given a key that Keyturn does not know to be their second.
 */

type Reader = { aws: Aws; settings: Pick<Settings, 'secretPrefix'> };

/**
 * Other Regions in which a key of the user is kept, as of now. Throws where one of them does not answer: a key must not be
 * issued then. Without a fleet, and in one of a single Region, there is nothing to ask.
 */
export async function regionsWithSecret({ aws, settings }: Reader, user: User): Promise<readonly string[]> {
  const { userId, userName, accountId } = user;
  const found: string[] = [];
  for (const [region, secrets] of aws.elsewhere) {
    try {
      const home = await aws.secrets.config.region();
      const seen = await seenIn(secrets, secretNameOf(settings.secretPrefix, userId));
      if (seen !== undefined && keepsKey(seen, home)) found.push(region);
    } catch (error) {
      throw aboutUser(error, `Cannot see whether ${userName} has a secret in ${region}`, { userName, accountId });
    }
  }
  return found;
}

async function seenIn(secrets: SecretsManagerClient, SecretId: string): Promise<SeenElsewhere | undefined> {
  try {
    const { VersionIdsToStages, ...described } = await secrets.send(new DescribeSecretCommand({ SecretId }));
    return asSeen({ ...described, SecretVersionsToStages: VersionIdsToStages });
  } catch (error) {
    if (isFailure(error, 'ResourceNotFound') || isNotEnabled(error)) return undefined;
    throw error;
  }
}

/**
 * Whose key is kept in which other Regions, by UserId: one call for each Region, however many users there are. What
 * cannot be seen is an error beside the others, since each pass looks again before it issues.
 */
export async function listElsewhere(
  { aws, settings }: Reader,
  accountId: string | undefined,
  failures: Failures,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const [region, secrets] of aws.elsewhere) {
    try {
      const home = await aws.secrets.config.region();
      const asked = { secretPrefix: settings.secretPrefix, withDeleted: false, accountId };
      for await (const entry of secretsBelow(secrets, asked)) {
        const userId = userIdOfSecretName(
          settings.secretPrefix,
          required(entry.Name, 'secretsmanager:ListSecrets', 'Name'),
        );
        if (userId === undefined || !keepsKey(asSeen(entry), home)) continue;
        found.set(userId, [...(found.get(userId) ?? []), region]);
      }
    } catch (error) {
      if (!isNotEnabled(error)) {
        collect(failures, error, `Cannot see who has a secret in ${region}: ${messageOf(error)}`);
      }
    }
  }
  return found;
}

function asSeen({
  DeletedDate,
  PrimaryRegion,
  Tags,
  SecretVersionsToStages,
}: Pick<SecretListEntry, 'DeletedDate' | 'PrimaryRegion' | 'Tags' | 'SecretVersionsToStages'>): SeenElsewhere {
  return {
    isDeleted: DeletedDate !== undefined,
    primaryRegion: PrimaryRegion,
    tagNames: Object.keys(tagsOf(Tags)),
    versions: Object.keys(SecretVersionsToStages ?? {}),
  };
}

/**
 * In a Region that is not enabled AWS knows no session, which is another answer than a denial; and no secret can be there.
 * The same session has just been known at home.
 */
export function isNotEnabled(error: unknown): boolean {
  return ['UnrecognizedClient', 'InvalidClientTokenId'].some((name) => isFailure(error, name));
}
