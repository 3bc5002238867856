import type { User } from './model.ts';
import { secretNameOf } from './secret-name.ts';
import { secretTagNames } from './secret-tags.ts';
import type { Settings } from './settings.ts';

/** What a secret in another Region says of itself. */
export interface SeenElsewhere {
  isDeleted: boolean;
  /** Of a copy: where its secret is. */
  primaryRegion?: string | undefined;
  tagNames: readonly string[];
  versions: readonly string[];
}

/**
 * Whether a key of the user is kept in it, or is about to be. A copy of the secret at home is that secret; nobody reads
 * one that is to be deleted; and one that only remembers something has no key.
 */
export function keepsKey({ isDeleted, primaryRegion, tagNames, versions }: SeenElsewhere, home: string): boolean {
  if (isDeleted || primaryRegion === home) return false;
  return versions.length > 0 || tagNames.includes(secretTagNames.doing);
}

/** Why no key is issued, and what helps. */
export function inAnotherRegion(
  { accountId, userId, userName }: User,
  { secretPrefix }: Pick<Settings, 'secretPrefix'>,
  regions: readonly string[],
): string {
  const name = secretNameOf(secretPrefix, userId);
  return (
    `User ${userName} has the secret ${name} in ${regions.join(' and ')}, but fleet.yml has the secrets of account ` +
    `${accountId} in another Region: no key is issued. Set \`region\` of the account back, or move that secret, or ` +
    'delete it if it is no longer used.'
  );
}
