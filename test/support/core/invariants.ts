import type { Step } from '../../../shared/core/answer.ts';
import type { AccessKey, Request, Secret, UserState } from '../../../shared/core/model.ts';
import type { Settings } from '../../../shared/core/settings.ts';

/*
 * What must be true of every plan, judged from what was observed and what is planned, and from nothing else: no owner
 * is locked out or left untold, and no key of somebody else is touched. It reads tags by itself and shares no code with
 * the planner: only so can it disagree with it.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Judged {
  state: UserState;
  request: Request;
  settings: Settings;
  now: number;
  steps: readonly Step[];
}

/** What the planned steps break, in words; empty if nothing. */
export function violations(judged: Judged): string[] {
  const facts = factsOf(judged);
  const mutating = judged.steps.filter(isMutating);
  const problems = mutating.length > 1 ? ['more than one step that changes something'] : [];
  for (const step of judged.steps) {
    problems.push(...always(facts, step), ...unheard(facts, step));
    if (!isMutating(step)) continue;
    const isPolicy = step.action === 'put-policy';
    problems.push(...(isPolicy ? aboutPolicy(facts) : guards(facts, step)), ...perAction(facts, step));
  }
  return problems;
}

export function isMutating(step: Step): boolean {
  return (
    step.action !== 'none' &&
    step.action !== 'announce-exposed' &&
    (step.action !== 'announce-blocked' || step.isRecordable)
  );
}

interface Stamp {
  at: number;
  id: string;
  grace?: number;
  /** Grace and postponement, or recovery. */
  promised: readonly number[];
}

/** What the owner was told would be taken away, and from when on. */
interface Told {
  at: number;
  id: string;
  kind: string;
  earliest: number;
}

interface Intent {
  verb: string;
  at: number;
  deadline: number;
  ids: string[];
  version: string;
}

interface Exposure {
  at: number;
  ids: string[];
  isActive: boolean;
}

interface Facts extends Judged {
  secret: Secret | undefined;
  keys: readonly AccessKey[];
  intent: Intent | undefined;
  since: Stamp | undefined;
  deactivated: Stamp | undefined;
  seen: Stamp | undefined;
  confirmed: Stamp | undefined;
  announced: { at: number } | undefined;
  told: Told | undefined;
  exposedIds: readonly string[];
  hold: number | undefined;
  exposed: Exposure | undefined;
  /** The key that was carried to all its destinations. */
  handedOnId: string | undefined;
  /** The key ID on AWSCURRENT. */
  currentId: string | undefined;
  graceDays: number;
  maxAgeDays: number;
}

function factsOf(judged: Judged): Facts {
  const { state, settings } = judged;
  const tag = (name: string): string | undefined => state.secret?.tags[`keyturn:${name}`];
  const current = Object.values(state.secret?.versions ?? {}).find((labels) => labels.includes('AWSCURRENT'));
  const own = (name: string, fallback: number): number => Number(state.user.tags[`keyturn:${name}`] ?? fallback);
  const announcedAt = tag('announced')?.split(' ')[1];
  const [at = '', id = '', kind = '', earliest = ''] = tag('notice')?.split(' ') ?? [];
  const hold = tag('hold');
  return {
    ...judged,
    secret: state.secret,
    keys: state.keys,
    intent: intentOf(tag('doing')),
    since: stamp(tag('current-since')),
    deactivated: stamp(tag('deactivated')),
    handedOnId: / done (\S+) /.exec(tag('handed-on') ?? '')?.[1],
    seen: stamp(tag('inactive-seen')),
    confirmed: stamp(tag('confirmed')),
    announced: announcedAt === undefined ? undefined : { at: Date.parse(announcedAt) },
    told: kind === '' ? undefined : { at: Date.parse(at), id, kind, earliest: Date.parse(earliest) },
    exposedIds: tag('exposed')?.split(' ')[1]?.split('/') ?? [],
    hold: hold === undefined ? undefined : Date.parse(hold),
    exposed: exposure(tag('exposed')),
    currentId: current?.find((label) => label.startsWith('AKIA')),
    graceDays: own('grace-days', settings.graceDays),
    maxAgeDays: own('max-age-days', settings.maxAccessKeyAgeDays),
  };
}

function stamp(text: string | undefined): Stamp | undefined {
  if (text === undefined) return undefined;
  const [at = '', id = ''] = text.split(' ');
  const grace = / grace=(\S+)/.exec(text)?.[1];
  const promised = / (?:promised|recovery)=(\S+)/.exec(text)?.[1]?.split('/').map(Number) ?? [];
  return { at: Date.parse(at), id, promised, ...(grace === undefined ? {} : { grace: Number(grace) }) };
}

function exposure(text: string | undefined): Exposure | undefined {
  if (text === undefined) return undefined;
  const [at = '', ids = '', active] = text.split(' ');
  return { at: Date.parse(at), ids: ids.split('/'), isActive: active === 'active' };
}

function intentOf(text: string | undefined): Intent | undefined {
  if (text === undefined) return undefined;
  const [verb = '', at = '', deadline = '', , ids = '', version = ''] = text.split(' ');
  return { verb, at: Date.parse(at), deadline: Date.parse(deadline), ids: ids.split('/'), version };
}

const say = (...claims: readonly (readonly [boolean, string])[]): string[] =>
  claims.flatMap(([holds, otherwise]) => (holds ? [] : [otherwise]));

function always({ now, state }: Facts, step: Step): string[] {
  const finite = step.notBefore === undefined || Number.isFinite(step.notBefore);
  return say(
    [step.message.length > 0 && !/undefined|NaN|Infinity/.test(step.message), `a message that reads "${step.message}"`],
    [finite, 'a notBefore that is no instant'],
    [step.action !== 'remind' || step.earliestAt > now, 'a reminder of something past'],
    [step.action !== 'postpone' || step.earliestAt > now, 'a postponement to something past'],
    [isNamed(step, state), 'a step on a key that is not there'],
  );
}

function isNamed(step: Step, { keys }: UserState): boolean {
  if (!('accessKeyId' in step) || step.accessKeyId === undefined) return true;
  if (step.action === 'forget' || step.action === 'finish') return true;
  return keys.some(({ accessKeyId }) => accessKeyId === step.accessKeyId);
}

/** Who may read follows the settings, for exempt and held users too; no key and no record of one is touched. */
function aboutPolicy(facts: Facts): string[] {
  const { secret, state, settings } = facts;
  const isOurs = secret?.isMade === true && secret.tags['keyturn:user-id'] === state.user.userId;
  return say(
    [facts.intent === undefined || facts.intent.deadline <= facts.now, 'a policy put during the lease of another run'],
    [isOurs && secret?.deletedAt === undefined, 'a policy put on a secret that is not ours'],
    [secret?.kmsKeyId === undefined || secret.kmsKeyId === settings.kmsKeyId, 'a policy put under another KMS key'],
  );
}

const orphanActions = ['deactivate-orphan', 'deactivate-unrecorded', 'record-orphan', 'delete-orphan'];
const frozenActions = ['issue', 'deactivate', 'delete', 'retire', 'move-forward'];

/** What forbids every change, or every change but one. */
function guards(facts: Facts, step: Step): string[] {
  const { now, intent, state, settings, request } = facts;
  const isOrphan = step.action === 'deactivate-orphan' || step.action === 'deactivate-unrecorded';
  const isAboutExposed = state.keys.some(({ accessKeyId }) => accessKeyId === exposedIdOf(facts)) || isOwed(facts);
  const isExposed = step.action === 'deactivate-exposed';
  const asked = request.asked?.action;
  const isOwn = isOwnRotation(facts) && (step.action === 'finish' || step.action === 'clear-intent');
  const isCommand = asked !== undefined && asked !== 'plan' && asked !== 'status';
  const isFrozen = settings.freeze.some(([from, to]) => from <= now && now < to);
  const mayIgnoreHold =
    isExposed ||
    isAboutExposed ||
    request.asked?.force === true ||
    request.asked?.compromised === true ||
    asked === 'hold' ||
    asked === 'adopt' ||
    (intent?.verb === 'roll-back' && (step.action === 'finish' || step.action === 'clear-intent'));
  const isUnknown = state.keys.some(({ status }) => status !== 'Active' && status !== 'Inactive');
  const isAdopting = step.action === 'adopt-secret' && asked === 'adopt' && request.asked?.force === true;
  const finishes = ['finish', 'clear-intent', 'announce-blocked', 'restore-secret', 'drop-tags', ...orphanActions];
  return say(
    [intent === undefined || intent.deadline <= now || isOwn || isExposed, 'a change during the lease of another run'],
    [
      isExposed || !isFresh(isOwn ? { ...facts, intent: undefined } : facts),
      'a change on a record less than a minute old',
    ],
    [!isExempt(facts) || isOrphan || isAdopting, 'a change for an exempt user'],
    [facts.hold === undefined || facts.hold <= now || mayIgnoreHold || isOrphan, 'a change for a held user'],
    [!isMalformed(facts) || isOrphan || isExposed || isAdopting, 'a change for a user whose tags do not parse'],
    [
      isVerified(facts) || isOrphan || isExposed || isAdopting || step.action === 'restore-secret',
      'a change on a secret that is not ours',
    ],
    [
      !isUnknown || isOrphan || isExposed || isAdopting || step.action === 'restore-secret',
      'a change beside an unknown status',
    ],
    [!isFrozen || isCommand || isAboutExposed || !frozenActions.includes(step.action), 'in a freeze'],
    [
      intent === undefined || isExposed || isAdopting || finishes.includes(step.action),
      'a change before the unfinished one',
    ],
  );
}

const recordsOf = ({
  intent,
  since,
  deactivated,
  seen,
  confirmed,
  announced,
  told,
  exposed,
}: Facts): { at: number }[] =>
  [intent, since, deactivated, seen, confirmed, announced, told, exposed].filter((record) => record !== undefined);

function exposedIdOf({ request, keys }: Facts): string | undefined {
  if (request.origin === 'exposed') return request.accessKeyId;
  if (!request.asked?.compromised) return undefined;
  return request.asked.accessKeyId ?? (keys.length === 1 ? keys[0]?.accessKeyId : undefined);
}

/** Named by the request or by the tag; or stored while one of those was not known to be Inactive. */
function isKnownToOthers(facts: Facts, id: string): boolean {
  const { keys, exposed, secret, now } = facts;
  const named = [exposedIdOf(facts), ...(exposed?.ids ?? [])];
  if (named.includes(id)) return true;
  const others = keys.filter(({ accessKeyId }) => named.includes(accessKeyId));
  const label = Object.values(secret?.versions ?? {}).some((labels) => labels.includes(id));
  const ends = others.map((key) => {
    const record = [facts.deactivated, facts.seen].find((candidate) => candidate?.id === key.accessKeyId);
    if (exposed?.ids.includes(key.accessKeyId)) return key.status !== 'Inactive' || exposed.isActive ? now : exposed.at;
    const isRecorded = key.status === 'Inactive' && record && (key.lastUsed?.at ?? 0) <= record.at + MINUTE;
    return isRecorded ? record.at : now;
  });
  const until = Math.max(exposed?.at ?? 0, ...ends);
  return label && (find(facts, id)?.createdAt ?? now) < until + 5 * SECOND;
}

/** A key was taken away as exposed, and the user has not been given another one since. */
function isOwed(facts: Facts): boolean {
  const { exposed, since, seen, keys, request } = facts;
  if (exposed === undefined || (since !== undefined && since.at > exposed.at)) return false;
  if (request.asked?.compromised) return true;
  const isLeft = keys.some(({ accessKeyId, status }) => status === 'Active' && !isKnownToOthers(facts, accessKeyId));
  return !exposed.ids.every((id) => id === seen?.id) && !isLeft;
}

/** A later step of Secrets Manager's own rotation goes on with what its first one stored. */
function isOwnRotation({ request: { rotation }, intent, secret }: Facts): boolean {
  const id = secret?.versions[rotation?.versionId ?? '']?.find((label) => label.startsWith('AKIA'));
  return intent?.verb === 'issue' && id !== undefined && !intent.ids.includes(id);
}

function isFresh(facts: Facts): boolean {
  const { now, request } = facts;
  return recordsOf(facts).some(({ at }) => now - at < MINUTE && at <= now + DAY && !request.wroteAt.has(at));
}

function isExempt({ state: { user }, settings, now }: Facts): boolean {
  const tag = user.tags['keyturn:exempt'];
  const byTag = tag === 'true' || (tag !== undefined && now < Date.parse(`${tag}T00:00:00Z`));
  const byGroup = user.groups.some((group) => settings.exemptGroups.includes(group));
  return byTag || byGroup || settings.exemptPaths.some((path) => user.path.startsWith(path));
}

const stampShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z [A-Z0-9]{16,}( (grace|promised|recovery)=\d[\d./]*)*$/;

/** Coarse on purpose: only what cannot be right by any reading. */
function isMalformed(facts: Facts): boolean {
  const { state, secret, settings, graceDays, maxAgeDays, now } = facts;
  const { tags } = state.user;
  const stamps = ['current-since', 'deactivated', 'inactive-seen', 'confirmed'].map(
    (n) => secret?.tags[`keyturn:${n}`],
  );
  const needed = graceDays + settings.maxPostponeDays + settings.recoveryDays + 2 * settings.runEveryDays;
  const exempt = tags['keyturn:exempt'];
  return (
    recordsOf(facts).some(({ at }) => at > now + DAY) ||
    stamps.some((text) => text !== undefined && !stampShape.test(text)) ||
    (exempt !== undefined && exempt !== 'true' && !/^\d{4}-\d\d-\d\d$/.test(exempt)) ||
    !(maxAgeDays - settings.rotateAheadDays >= needed)
  );
}

function isVerified({ secret, state, settings }: Facts): boolean {
  if (secret === undefined) return true;
  const current = Object.values(secret.versions).filter((labels) => labels.includes('AWSCURRENT'));
  return (
    secret.deletedAt === undefined &&
    secret.name === `${settings.secretPrefix}/${state.user.userId}/access-key` &&
    secret.tags['keyturn:user-id'] === state.user.userId &&
    secret.owningService === undefined &&
    (secret.kmsKeyId ?? '') === settings.kmsKeyId &&
    current.every((labels) => labels.filter((label) => label.startsWith('AKIA')).length === 1)
  );
}

function perAction(facts: Facts, step: Step): string[] {
  switch (step.action) {
    case 'deactivate':
      return deactivation(facts, step.accessKeyId, step.reason);
    case 'retire':
      return retirement(facts, step.accessKeyId, step.reason);
    case 'delete':
      return deletion(facts, step.accessKeyId);
    case 'deactivate-exposed':
      return say([isKnownToOthers(facts, step.accessKeyId), 'nobody has exposed that key']);
    case 'deactivate-orphan':
    case 'deactivate-unrecorded':
      return [...orphanhood(facts, step.accessKeyId), ...isStatus(facts, step.accessKeyId, 'Active')];
    case 'record-orphan':
      return [...orphanhood(facts, step.accessKeyId), ...isStatus(facts, step.accessKeyId, 'Inactive')];
    case 'delete-orphan':
      return [...orphanhood(facts, step.accessKeyId), ...recorded(facts, step.accessKeyId, 12 * HOUR)];
    case 'issue':
      return issue(facts);
    case 'move-forward':
      return forward(facts, step.accessKeyId);
    case 'roll-back':
      return say([facts.request.asked?.action === 'rollback', 'a rollback that nobody asked for']);
    case 'record-inactive':
      return isStatus(facts, step.accessKeyId, 'Inactive');
    case 'start-grace':
      return isStatus(facts, step.accessKeyId, 'Active');
    case 'forget':
      return forgetting(facts, step.accessKeyId);
    case 'finish':
      return finishing(facts, step.verb, step.accessKeyId);
    case 'remind':
      return isStatus(facts, step.accessKeyId, step.kind === 'deletion' ? 'Inactive' : 'Active');
    case 'postpone':
      return isStatus(facts, step.accessKeyId, 'Active');
    default:
      return [];
  }
}

function find({ keys }: Facts, id: string): AccessKey | undefined {
  return keys.find(({ accessKeyId }) => accessKeyId === id);
}

function isStatus(facts: Facts, id: string, status: string): string[] {
  return say([find(facts, id)?.status === status, `a key that is not ${status}`]);
}

const quietSince = (key: AccessKey): number => Math.max(key.createdAt, key.lastUsed?.at ?? 0);

/** Another key is Active, and the grace period of this one is over; or somebody asked. */
function deactivation(facts: Facts, id: string, reason: string): string[] {
  const old = find(facts, id);
  const other = facts.keys.find((key) => key.accessKeyId !== id && key.status === 'Active');
  if (old?.status !== 'Active') return ['the deactivation of a key that is not Active'];
  if (other === undefined) return ['the deactivation of the only Active key'];
  if (reason === 'given-up') return say([facts.request.asked?.accessKeyId === id, 'nobody gave that key up']);
  const isStored = facts.secret?.deletedAt === undefined && facts.currentId === other.accessKeyId;
  const isBlocked = facts.settings.onBlocked === 'retire-least-used';
  return [
    ...say([
      isStored || (isBlocked && reason === 'least-used'),
      'a deactivation while the other key is not the stored, current one',
    ]),
    ...gracePeriod(facts, old, other, reason),
  ];
}

function gracePeriod(facts: Facts, old: AccessKey, stays: AccessKey, reason: string): string[] {
  const { now, since, settings, confirmed } = facts;
  if (since?.id !== stays.accessKeyId) return ['a deactivation before the announcement'];
  const [promisedGrace = 0, promisedPostponement = 0] = since.promised;
  const graceDays = since.grace ?? Math.max(facts.graceDays, promisedGrace);
  const isConfirmed = confirmed?.id === stays.accessKeyId && confirmed.at >= since.at;
  const end = since.at + graceDays * DAY;
  if (graceDays === 0) return say([now >= since.at, 'a deactivation before its announcement']);
  const isUnused = now - quietSince(old) >= settings.unusedDays * DAY;
  const isUsed = (stays.lastUsed?.at ?? 0) > since.at + 15 * MINUTE;
  const isExpected = settings.readerArns.some(({ handOn }) => handOn);
  const isThere = isExpected ? facts.handedOnId === stays.accessKeyId : isUsed;
  const hasSwitched = isConfirmed || isUnused || isThere;
  const isForced = now >= end + Math.max(settings.maxPostponeDays, promisedPostponement) * DAY;
  return say(
    [isNoticed(facts, old.accessKeyId, 'deactivation', since.at), 'a deactivation without a notice in force'],
    [now >= end || isConfirmed, 'a deactivation within the grace period'],
    [isForced || now - quietSince(old) >= settings.quietDays * DAY, 'the deactivation of a key in use'],
    [isForced || hasSwitched, 'a deactivation before the owner has switched, or before the key was handed on'],
    [reason !== 'postponed-to-limit' || isForced, 'the hard limit is not reached'],
    [old.createdAt <= since.at, 'a deactivation by an announcement older than its key'],
  );
}

/** Told of it half a day before at least, not too long ago, and of a day that has come. */
function isNoticed({ now, told, settings }: Facts, id: string, kind: string, after: number): boolean {
  if (told?.id !== id || told.kind !== kind || told.at <= after) return false;
  const longest = Math.max(4, 2 * settings.runEveryDays + 2) * DAY;
  return now - told.at >= 12 * HOUR && now - told.at <= longest && told.earliest <= now;
}

const heardAs = new Map([
  ['issue', 'issued'],
  ['remind', 'reminder'],
  ['postpone', 'postponed'],
  ['deactivate', 'deactivated'],
  ['retire', 'retired'],
  ['delete', 'deleted'],
  ['record-inactive', 'inactive-seen'],
]);

/** Of audiences whose filters name events alone. */
function unheard({ request: { limits, origin }, exposedIds }: Facts, step: Step): string[] {
  const event = heardAs.get(step.action);
  const audience = limits?.audience;
  if (audience === undefined || event === undefined || (origin !== 'schedule' && origin !== 'config')) return [];
  if (step.reason === 'exposed' || step.reason === 'exposed-slot') return [];
  if ('accessKeyId' in step && exposedIds.includes(step.accessKeyId ?? '-')) return [];
  const isHeard =
    audience.kind === 'everything' ||
    (audience.kind === 'counted' && audience.confirmed > 0) ||
    (audience.kind === 'filtered' && audience.subscriptions.some(({ filter }) => filter.policy.includes(`"${event}"`)));
  return say([isHeard, 'something is given or taken away, and nobody would hear of it']);
}

function retirement(facts: Facts, id: string, reason: string): string[] {
  const key = find(facts, id);
  if (key?.status !== 'Active') return ['the retirement of a key that is not Active'];
  if (reason === 'retired-by-hand') return say([facts.request.asked?.action === 'retire', 'nobody asked for it']);
  const wanted = facts.state.user.tags['keyturn:unused'] ?? facts.settings.unused;
  const isUnused = facts.now - quietSince(key) >= facts.settings.unusedDays * DAY;
  return say(
    [wanted === 'retire', 'nobody wants unused keys retired'],
    [isNoticed(facts, id, 'retirement', quietSince(key)), 'a retirement without a notice in force'],
    [!isDayFull(facts), 'a retirement beyond the daily limit'],
    [isUnused, 'the retirement of a key in use'],
    [isDue(facts, key), 'the retirement of a young key'],
  );
}

function isDayFull({ request: { limits, mayIssue }, settings }: Facts): boolean {
  return mayIssue === undefined ? (limits?.issuedToday ?? 0) >= settings.maxNewRotationsPerDay : !mayIssue;
}

function isDue({ now, maxAgeDays, settings }: Facts, key: AccessKey): boolean {
  return key.status === 'Active' && now - key.createdAt >= (maxAgeDays - settings.rotateAheadDays) * DAY;
}

/** Nothing is deleted that somebody may still want back. */
function deletion(facts: Facts, id: string): string[] {
  const isSlotNeeded =
    isOwed(facts) || facts.request.asked?.action === 'rotate' || facts.keys.some((k) => isDue(facts, k));
  if (isKnownToOthers(facts, id) && isSlotNeeded) return isStatus(facts, id, 'Inactive');
  const isLast = facts.keys.length === 1;
  const isOurs = id !== facts.currentId || facts.deactivated?.id === id || facts.exposedIds.includes(id);
  const record = [facts.deactivated, facts.seen].find((candidate) => candidate?.id === id);
  const days = Math.max(facts.settings.recoveryDays, ...(record?.promised ?? []));
  const needsNotice = !facts.exposedIds.includes(id);
  return [
    ...recorded(facts, id, days * DAY),
    ...say(
      [!needsNotice || isNoticed(facts, id, 'deletion', record?.at ?? 0), 'a deletion without a notice in force'],
      [isLast || facts.keys.some(({ status }) => status === 'Active'), 'a deletion beside Inactive keys only'],
      [isOurs, 'the deletion of a current key that somebody else deactivated'],
    ),
  ];
}

function recorded(facts: Facts, id: string, ms: number): string[] {
  const key = find(facts, id);
  const { exposed } = facts;
  const ofExposed = exposed?.ids.includes(id) ? { at: exposed.at } : undefined;
  const record = [facts.deactivated, facts.seen].find((candidate) => candidate?.id === id) ?? ofExposed;
  const isUsedSince = ofExposed === undefined && (key?.lastUsed?.at ?? 0) > (record?.at ?? 0) + MINUTE;
  return say(
    [key?.status === 'Inactive', 'the deletion of a key that is not Inactive'],
    [record !== undefined && facts.now - record.at >= ms, 'a deletion before the end of the recovery period'],
    [!isUsedSince, 'the deletion of a key that was used since'],
  );
}

/** Made by an issue that died. An old intent may be one that was put back. */
function orphanhood({ intent, secret, keys, settings, now }: Facts, id: string): string[] {
  const labels = Object.values(secret?.versions ?? {}).flat();
  const candidate = (key: AccessKey): boolean =>
    intent?.verb === 'issue' &&
    now - intent.at < Math.max(3, 2 * settings.runEveryDays + 1) * DAY &&
    !labels.includes(key.accessKeyId) &&
    !intent.ids.includes(key.accessKeyId) &&
    key.createdAt >= intent.at - (intent.at % SECOND) - 5 * SECOND &&
    key.createdAt <= intent.at + 60 * SECOND &&
    (key.lastUsed === undefined || (key.lastUsed.service === 'sts' && key.lastUsed.at <= intent.at + 16 * MINUTE));
  const key = keys.find(({ accessKeyId }) => accessKeyId === id);
  return say([key !== undefined && candidate(key), 'the removal of a key that is no orphan']);
}

function issue(facts: Facts): string[] {
  const { keys, request, secret } = facts;
  const { limits, asked, elsewhere = [] } = request;
  const room = say(
    [keys.length < 2, 'an issue without a free slot'],
    [elsewhere.length === 0, 'an issue to somebody whose secret is in another Region'],
  );
  const isSafe = keys.every(({ accessKeyId, status }) => status === 'Inactive' || !isKnownToOthers(facts, accessKeyId));
  const safe = say([isSafe, 'an issue that an exposed key could read']);
  if (asked?.action === 'rotate' || isOwed(facts)) return [...room, ...safe];
  if (request.rotation !== undefined) {
    const isAsked = request.rotation.step === 'createSecret' && keys.every(({ status }) => status === 'Active');
    return [...room, ...say([isAsked, 'an issue that no rotation asked for'])];
  }
  const stops = limits?.isBreakerOpen === true || isDayFull(facts);
  return [
    ...room,
    ...say(
      [keys.some((key) => isDue(facts, key)), 'an issue although no key is due'],
      [!stops, 'an issue beyond the limits on harm'],
      [secret?.rotationEnabled !== true, 'an issue beside managed rotation'],
    ),
  ];
}

function forward(facts: Facts, id: string): string[] {
  const key = find(facts, id);
  const current = find(facts, facts.currentId ?? '-');
  const labels = Object.values(facts.secret?.versions ?? {}).flat();
  return say(
    [key?.status === 'Active' && labels.includes(id), 'a move to a key that is not stored and Active'],
    [current !== undefined && key !== undefined && key.createdAt > current.createdAt, 'a move to an older key'],
  );
}

function forgetting(facts: Facts, id: string): string[] {
  const records = [facts.deactivated?.id, facts.seen?.id];
  const isLabel =
    id !== facts.currentId &&
    Object.values(facts.secret?.versions ?? {})
      .flat()
      .includes(id);
  return say(
    [find(facts, id) === undefined, 'a key that is there is forgotten'],
    [isLabel || records.includes(id), 'something is forgotten that is not remembered'],
  );
}

function finishing(facts: Facts, verb: string, id: string): string[] {
  const { intent, secret } = facts;
  const key = find(facts, id);
  const version = Object.entries(secret?.versions ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0];
  const isFirst = version === undefined && intent?.version === '-' && isOwnRotation(facts);
  const isPromotable = facts.currentId === id || isFirst || (version !== undefined && version === intent?.version);
  return say(
    [intent?.verb === verb, 'something is finished that was not begun'],
    [verb === 'issue' || intent?.ids[0] === id, 'something is finished on another key'],
    [
      verb !== 'issue' || (key?.status === 'Active' && isPromotable),
      'an issue is finished on a key that is not usable',
    ],
    [verb !== 'delete' || key === undefined, 'a deletion is finished of a key that is there'],
    [
      !['deactivate', 'retire'].includes(verb) || key?.status !== 'Active',
      'a deactivation is finished of an Active key',
    ],
  );
}
