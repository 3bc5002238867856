import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import { secretOf } from '../aws/observe.ts';
import type { Memory } from '../aws/runtime.ts';
import { RotationError } from '../core/errors.ts';
import type { CommonRefusal, User } from '../core/model.ts';
import { listed } from '../core/present.ts';
import { parseSecretTags } from '../core/read-secret-tags.ts';
import { commonRefusal, type Tried } from '../core/refusals.ts';
import { WEEKLY_DAYS } from '../core/runs.ts';
import { userIdOfSecretName } from '../core/secret-name.ts';
import { type Announced, secretTagNames } from '../core/secret-tags.ts';
import { formatDate, hasPassed, type Instant } from '../core/time.ts';
import type { Pass } from './pass.ts';

export function rememberRefusal(
  memory: Memory,
  { userId, userName }: Pick<User, 'userId' | 'userName'>,
  announced: Announced,
): void {
  memory.refusals ??= new Map();
  memory.refusals.set(userId, { userName, announced });
}

/** What this container knows to be refused to all users today, if anything. */
export function refusedHere({ refusals }: Memory, now: Instant): CommonRefusal | undefined {
  const today = formatDate(now);
  const known = [...(refusals?.values() ?? [])].filter(({ announced }) => formatDate(announced.at) === today);
  return commonRefusal(
    known.map(({ userName, announced }) => ({ userName, tags: { announced } })),
    now,
  );
}

export interface CommonlyRefused {
  refusal: CommonRefusal;
  /** About another user, in the last week. */
  isTold: boolean;
}

/** Whether what AWS has just refused one user is refused to all users, and whether that was reported this week. */
export async function commonRefusalOf(
  pass: Pass,
  user: Pick<User, 'userId' | 'userName'>,
  announced: Announced,
): Promise<CommonlyRefused | undefined> {
  const { userId, userName } = user;
  const listed = await listTried(pass, announced.at).catch((error: unknown): [string, Tried][] => {
    // It may be this very call that is refused: then only this container knows of others.
    if (!(error instanceof RotationError)) throw error;
    return [];
  });
  const others = new Map([...listed, ...rememberedAs(pass.runtime.memory)]);
  others.delete(userId);
  const refusal = commonRefusal([...others.values(), { userName, tags: { announced } }], announced.at);
  if (refusal === undefined || refusal.cause !== announced.cause) return undefined;
  const isTold = [...others.values()].some(({ tags }) => toldAsCommonAt(tags.announced, announced) !== undefined);
  return { refusal, isTold };
}

/** When this failure was reported as one of all users, if that is less than a week ago. */
export function toldAsCommonAt(before: Announced | undefined, { cause, at }: Announced): Instant | undefined {
  if (before?.reason !== 'refused-everywhere' || before.cause !== cause || before.toldAt === undefined)
    return undefined;
  return hasPassed(before.toldAt, WEEKLY_DAYS, at) ? undefined : before.toldAt;
}

function rememberedAs({ refusals }: Memory): [string, Tried][] {
  return [...(refusals ?? [])].map(([userId, { userName, announced }]) => [userId, { userName, tags: { announced } }]);
}

/** Who has a failure that is remembered, and who was tried today: one ListSecrets, up to five minutes old. */
async function listTried({ reader }: Pass, now: Instant): Promise<[string, Tried][]> {
  const { aws, settings } = reader;
  const tried: [string, Tried][] = [];
  const Filters = [
    { Key: 'name' as const, Values: [`${settings.secretPrefix}/`] },
    // Beginnings of values: of `announced`, and of `issued-on`.
    { Key: 'tag-value' as const, Values: ['failed ', formatDate(now)] },
  ];
  for await (const page of paginateListSecrets({ client: aws.secrets, pageSize: 100 }, { Filters })) {
    for (const entry of listed(page.SecretList)) {
      const { name, tags } = secretOf(reader, entry);
      const userId = userIdOfSecretName(settings.secretPrefix, name);
      const userName = tags[secretTagNames.userName];
      if (userId === undefined || userName === undefined) continue;
      tried.push([userId, { userName, tags: parseSecretTags(tags, now).tags }]);
    }
  }
  return tried;
}
