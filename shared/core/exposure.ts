import type { AccessKey, Request, Role } from './model.ts';
import type { SecretTags } from './secret-tags.ts';
import { type Instant, SECOND } from './time.ts';

/*
 * Exposure is a state: the tag `keyturn:exposed` names the keys that others know, and since when they are seen Inactive.
 * The planner goes on from there, whoever asks, until the user has a key that nobody else could read:
 *
 *   named       by AWS Health, by hand (`compromised`), or by the tag   → deactivated before anything else
 *   readable    stored while a named key could read it                  → the same
 *   recorded    the tag, and a policy that keeps their sessions out     → replaced
 *   gone        from IAM, and their sessions at an end                  → the tag comes off, and the policy's text with it
 */

/** The key that this request says others know, if it can be told which that is. */
export function namedByRequest(
  { origin, accessKeyId, asked }: Request,
  keys: readonly AccessKey[],
): string | undefined {
  if (origin === 'exposed') return accessKeyId;
  if (!asked?.compromised) return undefined;
  const [only, second] = keys;
  return asked.accessKeyId ?? (second === undefined ? only?.accessKeyId : undefined);
}

/** Somebody, or AWS, has said that others know a key. */
export function isAboutExposure({ origin, asked }: Request): boolean {
  return origin === 'exposed' || asked?.compromised === true;
}

interface About {
  request: Request;
  keys: readonly AccessKey[];
  tags: SecretTags;
}

/** This pass is about an exposed key that the user has, or had. */
export function isAboutExposed({ request, keys, tags }: About): boolean {
  if (request.asked?.compromised && request.completed !== undefined) return true;
  const id = namedByRequest(request, keys);
  if (id === undefined) return false;
  return keys.some(({ accessKeyId }) => accessKeyId === id) || (tags.exposed?.accessKeyIds.includes(id) ?? false);
}

/** The key that its owner has left; not an orphan, whose secret access key is nowhere. */
export function workingKey<Key extends { isActive: boolean; isExposed: boolean; role: Role }>(
  keys: readonly Key[],
): Key | undefined {
  return keys.find(({ isActive, isExposed, role }) => isActive && !isExposed && role !== 'orphan');
}

/** IAM's clock may be a little behind ours, and CreateDate is cut to whole seconds. */
const CREATED_EARLIER = 5 * SECOND;
/** A replacement is made so long after the exposed key was seen Inactive that it is later by every clock. */
export const REPLACED_LATER = 2 * CREATED_EARLIER;

/** What is asked about a key here. */
interface Candidate extends AccessKey {
  versionId?: string;
  inactiveSince?: Instant;
}

/** What beside the keys decides which of them others know. */
interface ExposureFacts {
  tags: Pick<SecretTags, 'exposed'>;
  request: Request;
  settings: { ownersRead: boolean };
  now: Instant;
}

/** The IDs of all keys that others know, or could have read with one that they know. */
export function exposedKeyIds(
  keys: readonly Candidate[],
  { tags: { exposed }, request, settings: { ownersRead }, now }: ExposureFacts,
): ReadonlySet<string> {
  const named = new Set(exposed?.accessKeyIds);
  const asked = namedByRequest(request, keys);
  if (asked !== undefined) named.add(asked);
  const known = keys.filter(({ accessKeyId }) => named.has(accessKeyId));
  const couldRead = known.map(({ accessKeyId, status, inactiveSince }) => {
    if (status !== 'Inactive') return now;
    if (!exposed?.accessKeyIds.includes(accessKeyId)) return inactiveSince ?? now;
    return exposed.isStillActive ? now : exposed.at;
  });
  const readUntil = Math.max(exposed?.at ?? 0, ...couldRead);
  const readable = keys.filter(
    ({ versionId, createdAt }) => ownersRead && versionId !== undefined && createdAt < readUntil + CREATED_EARLIER,
  );
  return new Set([...known, ...(named.size === 0 ? [] : readable)].map(({ accessKeyId }) => accessKeyId));
}
