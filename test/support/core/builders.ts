import {
  formatAnnounced,
  formatCurrentSince,
  formatDeactivated,
  formatExposed,
  formatIntent,
  formatIssued,
  formatKeyRecord,
  formatNotice,
} from '../../../shared/core/format-secret-tags.ts';
import { formatHandedOn, type HandedOn } from '../../../shared/core/hand-on.ts';
import type { AccessKey, Asked, Request, Secret, User, UserState } from '../../../shared/core/model.ts';
import { secretNameOf } from '../../../shared/core/secret-name.ts';
import { settingsHash } from '../../../shared/core/secret-settings.ts';
import {
  type Announced,
  type CurrentSince,
  type DeactivatedRecord,
  type Exposed,
  type Intent,
  type KeyRecord,
  type NoticeGiven,
  type NoticeKind,
  secretTagNames,
} from '../../../shared/core/secret-tags.ts';
import { parseSettings, type Settings } from '../../../shared/core/settings.ts';
import { DAY, formatDate, type Instant, MINUTE } from '../../../shared/core/time.ts';

/** A Tuesday noon, so that dates and instants differ. */
export const NOW: Instant = Date.UTC(2026, 2, 10, 12);

/** Key IDs; the fifth letter is the role: current, previous, stranger, orphan. */
export const C = 'AKIACCCCCCCCCCCCCCCC';
export const P = 'AKIAPPPPPPPPPPPPPPPP';
export const S = 'AKIASSSSSSSSSSSSSSSS';
export const O = 'AKIAOOOOOOOOOOOOOOOO';
/** A key that is in no list of keys. */
export const G = 'AKIAGGGGGGGGGGGGGGGG';

export const RUN = '11111111-1111-4111-8111-111111111111';
export const OTHER_RUN = '22222222-2222-4222-8222-222222222222';

export const daysAgo = (days: number): Instant => NOW - days * DAY;
export const minutesAgo = (minutes: number): Instant => NOW - minutes * MINUTE;

interface KeyOptions {
  ageDays?: number;
  createdAt?: Instant;
  status?: string;
  usedDaysAgo?: number;
  usedAt?: Instant;
  usedBy?: string;
}

export function key(accessKeyId: string, options: KeyOptions = {}): AccessKey {
  const { ageDays = 10, status = 'Active', usedDaysAgo, usedBy = 's3' } = options;
  const at = options.usedAt ?? (usedDaysAgo === undefined ? undefined : daysAgo(usedDaysAgo));
  return {
    accessKeyId,
    status,
    createdAt: options.createdAt ?? daysAgo(ageDays),
    ...(at === undefined ? {} : { lastUsed: { at, service: usedBy, region: 'eu-west-1' } }),
  };
}

export interface TagOptions {
  intent?: Partial<Intent>;
  currentSince?: CurrentSince;
  issuedOn?: Instant;
  deactivated?: DeactivatedRecord;
  inactiveSeen?: DeactivatedRecord;
  confirmed?: KeyRecord;
  announced?: Announced;
  notice?: NoticeGiven;
  exposed?: Exposed;
  hold?: Instant;
  handedOn?: HandedOn;
  raw?: Record<string, string>;
}

export const record = (accessKeyId: string, days: number): KeyRecord => ({ accessKeyId, at: daysAgo(days) });

/** Told so many days ago of what was to come half a day later, or on the day named. */
export function notice(kind: NoticeKind, accessKeyId: string, days: number, earliestAt?: Instant): NoticeGiven {
  const at = daysAgo(days);
  return { kind, accessKeyId, at, earliestAt: earliestAt ?? at + DAY / 2 };
}

/** An intent of another run; past its deadline unless told otherwise. */
export function intent(options: Partial<Intent> = {}): Intent {
  const { verb = 'issue', at = minutesAgo(60) } = options;
  const accessKeyIds = verb === 'issue' ? [] : [C];
  return { verb, at, deadlineAt: at + 15 * MINUTE, runId: OTHER_RUN, accessKeyIds, ...options };
}

export function tagsOf(options: TagOptions): Record<string, string> {
  const names = secretTagNames;
  const { raw = {} } = options;
  return {
    ...(options.intent === undefined ? {} : { [names.doing]: formatIntent(intent(options.intent)) }),
    ...(options.currentSince === undefined ? {} : { [names.currentSince]: formatCurrentSince(options.currentSince) }),
    ...(options.issuedOn === undefined
      ? {}
      : { [names.issuedOn]: formatIssued({ day: options.issuedOn, origin: 'schedule' }) }),
    ...(options.deactivated === undefined ? {} : { [names.deactivated]: formatDeactivated(options.deactivated) }),
    ...(options.inactiveSeen === undefined ? {} : { [names.inactiveSeen]: formatDeactivated(options.inactiveSeen) }),
    ...(options.confirmed === undefined ? {} : { [names.confirmed]: formatKeyRecord(options.confirmed) }),
    ...(options.announced === undefined ? {} : { [names.announced]: formatAnnounced(options.announced) }),
    ...(options.notice === undefined ? {} : { [names.notice]: formatNotice(options.notice) }),
    ...(options.exposed === undefined ? {} : { [names.exposed]: formatExposed(options.exposed) }),
    ...(options.hold === undefined ? {} : { [names.hold]: formatDate(options.hold) }),
    ...(options.handedOn === undefined ? {} : { [names.handedOn]: formatHandedOn(options.handedOn) }),
    ...raw,
  };
}

export interface SecretOptions extends TagOptions {
  current?: string;
  previous?: string;
  pending?: string;
  /** More labels without a stage. */
  stored?: readonly string[];
  /** Anything else about the secret, as AWS shows it. */
  as?: Partial<Secret>;
}

export const versionOf = (accessKeyId: string): string => `version-${accessKeyId.toLowerCase()}-0123456789`;

export function secret(options: SecretOptions = {}, userId = USER.userId): Secret {
  const versions: Record<string, string[]> = {};
  const label = (id: string | undefined, ...stages: string[]): void => {
    if (id !== undefined) versions[versionOf(id)] = [...(versions[versionOf(id)] ?? [id]), ...stages];
  };
  label(options.current, 'AWSCURRENT');
  label(options.previous, 'AWSPREVIOUS');
  label(options.pending, 'AWSPENDING');
  for (const id of options.stored ?? []) label(id);
  const name = secretNameOf('keyturn', userId);
  const policy = settingsHash({ ...USER, userId }, DEFAULTS, options.exposed?.at);
  return {
    arn: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-AbCdEf`,
    name,
    rotationEnabled: false,
    replicas: [],
    createdAt: daysAgo(200),
    isMade: true,
    isSignedBefore: false,
    tags: {
      [secretTagNames.userId]: userId,
      [secretTagNames.userName]: USER.userName,
      [secretTagNames.policy]: policy,
      ...tagsOf(options),
    },
    voidTags: {},
    versions,
    writtenLabels: versions,
    ...options.as,
  };
}

export const USER: User = {
  accountId: '123456789012',
  userId: 'AIDAALICEALICEALICE00',
  userName: 'alice',
  arn: 'arn:aws:iam::123456789012:user/alice',
  path: '/',
  tags: {},
  groups: [],
};

interface StateOptions {
  keys?: readonly AccessKey[];
  secret?: SecretOptions | undefined;
  user?: Partial<User> | undefined;
}

export function user(options: StateOptions = {}): UserState {
  return {
    user: { ...USER, ...options.user },
    keys: options.keys ?? [],
    ...(options.secret === undefined ? {} : { secret: secret(options.secret) }),
  };
}

export function request(options: Partial<Request> = {}): Request {
  return { origin: 'schedule', runId: RUN, wroteAt: new Set(), ...options };
}

export function byHand(asked: Asked, options: Partial<Request> = {}): Request {
  return request({ origin: 'manual', asked, ...options });
}

const REQUIRED = {
  KEYTURN_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:keyturn',
  KEYTURN_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/keyturn.fifo',
};

export const environment = (more: Record<string, string> = {}): Record<string, string> => ({ ...REQUIRED, ...more });

export const DEFAULTS = parseSettings(REQUIRED);

/** The settings where somebody hands every user's key on, and the tag of a secret whose policy knows of it. */
export const HAND_ON: Partial<Settings> = {
  readerArns: [{ arn: 'arn:aws:iam::123456789012:role/hand-on', users: [], paths: [], handOn: true }],
};
export const handOnPolicy = (): Record<string, string> => ({
  [secretTagNames.policy]: settingsHash(USER, { ...DEFAULTS, ...HAND_ON }),
});

export const handedOn = (accessKeyId: string, state: HandedOn['state']): HandedOn => ({
  at: daysAgo(1),
  state,
  accessKeyId,
  hash: '0123456789abcdef',
  stack: 'shop',
});

export const settings = (options: Partial<Settings> = {}): Settings => ({ ...DEFAULTS, ...options });
