import { DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { isFailure } from '../shared/core/errors.ts';
import { type HandedOn, parseHandedOn } from '../shared/core/hand-on.ts';
import { SecretAccessKey } from '../shared/core/redacted.ts';
import { userIdOfSecretName } from '../shared/core/secret-name.ts';
import { EXPOSED_FOR } from '../shared/core/secret-policy.ts';
import { isKeyLabel, secretTagNames } from '../shared/core/secret-tags.ts';
import { type Instant, parseInstant } from '../shared/core/time.ts';
import * as z from '../shared/core/zod.ts';
import type { Pair } from './pair.ts';
import type { HandOnRuntime } from './runtime.ts';

/** The secret of one user as its metadata tell of it; its value is not read for that. */
export interface Source {
  arn: string;
  name: string;
  accountId: string;
  userId: string;
  userName: string;
  /** When anything of it changed last. */
  changedAt: Instant;
  /** Absent while nothing is current. */
  current?: { versionId: string; accessKeyId: string };
  handedOn?: HandedOn;
  /** While a key that others know was just taken away, nothing is read: sessions of it may still work. */
  waitsUntil?: Instant;
}

/** Undefined if there is no such secret, or it is not one of a user. */
export async function describe({ aws, secretPrefix }: HandOnRuntime, secretId: string): Promise<Source | undefined> {
  try {
    const answer = await aws.secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
    const { ARN: arn = '', Name: name = '', Tags = [], VersionIdsToStages = {} } = answer;
    const userId = userIdOfSecretName(secretPrefix, name);
    const tag = (key: string): string | undefined => Tags.find(({ Key }) => Key === key)?.Value;
    const userName = tag(secretTagNames.userName);
    if (userId === undefined || userName === undefined || answer.DeletedDate !== undefined) return undefined;
    const current = currentOf(VersionIdsToStages);
    const handedOn = parseHandedOn(tag(secretTagNames.handedOn));
    const exposedAt = parseInstant(tag(secretTagNames.exposed)?.split(' ')[0] ?? '');
    return {
      arn,
      name,
      accountId: arn.split(':')[4] ?? '',
      userId,
      userName,
      changedAt: (answer.LastChangedDate ?? answer.CreatedDate)?.getTime() ?? 0,
      ...(current === undefined ? {} : { current }),
      ...(handedOn === undefined ? {} : { handedOn }),
      ...(exposedAt === undefined ? {} : { waitsUntil: exposedAt + EXPOSED_FOR }),
    };
  } catch (error) {
    // The role may describe the secrets of its own users only.
    if (isFailure(error, 'ResourceNotFound') || isFailure(error, 'AccessDenied')) return undefined;
    throw error;
  }
}

/** A key label is `<access key ID>.<MAC>`; whoever cannot verify the MAC compares what stands before the dot. */
function currentOf(versions: Readonly<Record<string, string[]>>): Source['current'] {
  const [versionId, labels = []] = Object.entries(versions).find(([, stages]) => stages.includes('AWSCURRENT')) ?? [];
  const [accessKeyId, ...more] = labels.map((label) => label.split('.')[0] ?? '').filter(isKeyLabel);
  if (versionId === undefined || accessKeyId === undefined || more.length > 0) return undefined;
  return { versionId, accessKeyId };
}

const stored = z.object({
  AccessKeyId: z.string().check(z.regex(/^AKIA[A-Z2-7]{12,124}$/)),
  SecretAccessKey: z.string().check(z.regex(/^[A-Za-z0-9/+=]{16,128}$/)),
  UserName: z.string(),
  AccountId: z.string(),
});

/** `moved`: AWSCURRENT is elsewhere by now. `denied`: not (yet) a reader. `differs`: not the key that it should be. */
export type Read = Pair | 'moved' | 'denied' | 'differs';

/** The current key, proven by a call of its own to be this user's: of this name, this ID and this account. */
export async function readPair(runtime: HandOnRuntime, source: Source): Promise<Read> {
  const { current } = source;
  if (current === undefined) return 'moved';
  let text: string | undefined;
  try {
    const asked = { SecretId: source.arn, VersionId: current.versionId, VersionStage: 'AWSCURRENT' };
    text = (await runtime.aws.secrets.send(new GetSecretValueCommand(asked))).SecretString;
  } catch (error) {
    if (isFailure(error, 'AccessDenied')) return 'denied';
    if (isFailure(error, 'InvalidRequest') || isFailure(error, 'ResourceNotFound')) return 'moved';
    throw error;
  }
  const value = z.jsonText(z.string(), stored).safeParse(text);
  if (!value.success) return 'differs';
  const { AccessKeyId: accessKeyId, SecretAccessKey: key, UserName: userName, AccountId: accountId } = value.data;
  const isMeant = accessKeyId === current.accessKeyId && userName === source.userName && accountId === source.accountId;
  const pair = { accessKeyId, secret: new SecretAccessKey(key), userName, accountId };
  return isMeant && (await isTheirs(runtime, source, pair)) ? pair : 'differs';
}

/** Whoever made the secret may have put another's key into it. */
async function isTheirs({ aws }: HandOnRuntime, source: Source, pair: Pair): Promise<boolean> {
  try {
    const who = await aws.stsAs(pair.accessKeyId, pair.secret).send(new GetCallerIdentityCommand({}));
    const userName = /:user\/(?:.*\/)?([^/]+)$/.exec(who.Arn ?? '')?.[1];
    return who.Account === source.accountId && who.UserId === source.userId && userName === source.userName;
  } catch (error) {
    const isRefused = ['InvalidClientTokenId', 'SignatureDoesNotMatch', 'AccessDenied'].some((code) =>
      isFailure(error, code),
    );
    if (isRefused) return false;
    throw error;
  }
}
