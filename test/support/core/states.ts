import type { AccessKey, Secret, UserState } from '../../../shared/core/model.ts';
import { transitionVerbs } from '../../../shared/core/model.ts';
import type { NoticeGiven } from '../../../shared/core/secret-tags.ts';
import { DAY, HOUR } from '../../../shared/core/time.ts';
import {
  C,
  daysAgo,
  G,
  handedOn,
  handOnPolicy,
  key,
  minutesAgo,
  NOW,
  notice,
  P,
  record,
  secret,
  type TagOptions,
  tagsOf,
  USER,
  versionOf,
} from './builders.ts';

/** One key slot of the enumeration. */
interface Slot {
  status: string;
  label: 'current' | 'previous' | 'pending' | 'none';
  isDue: boolean;
  use: 'used' | 'quiet' | 'never';
}

const labels = ['current', 'previous', 'pending', 'none'] as const;
/** An unknown status stops everything in one check, whatever the age and the use. */
const slots: readonly Slot[] = [
  ...['Active', 'Inactive'].flatMap((status) =>
    labels.flatMap((label) =>
      [true, false].flatMap((isDue) =>
        (['used', 'quiet', 'never'] as const).map((use): Slot => ({ status, label, isDue, use })),
      ),
    ),
  ),
  ...labels.map((label): Slot => ({ status: 'Expired', label, isDue: false, use: 'never' })),
];

/** The first key is the older one; of two due keys, and of two young ones, it is so by a day. */
function keyOf(accessKeyId: string, { status, isDue, use }: Slot, isFirst: boolean): AccessKey {
  const ageDays = (isDue ? 95 : 5) + (isFirst ? 1 : 0);
  const used = use === 'never' ? {} : { usedDaysAgo: use === 'used' ? 0 : Math.min(ageDays, 30) };
  return key(accessKeyId, { ageDays, status, ...used });
}

export interface KeysAndLabels {
  keys: readonly AccessKey[];
  versions: Secret['versions'];
  hasSecret: boolean;
}

/** All pairs of slots, the current version being one's, a gone key's, or nobody's. */
export function* keyStates(): Generator<KeysAndLabels> {
  const combinations = [[], ...slots.map((slot) => [slot]), ...slots.flatMap((a) => slots.map((b) => [a, b]))];
  for (const pair of combinations) {
    const currents = pair.filter(({ label }) => label === 'current').length;
    if (currents > 1) continue;
    const keys = pair.map((slot, index) => keyOf(index === 0 ? P : C, slot, index === 0));
    const labelled = pair.flatMap((slot, index): [string, string[]][] => versionsOf(index === 0 ? P : C, slot));
    yield { keys, versions: Object.fromEntries(labelled), hasSecret: true };
    if (currents > 0) continue;
    yield { keys, versions: Object.fromEntries([...labelled, [versionOf(G), [G, 'AWSCURRENT']]]), hasSecret: true };
    if (labelled.length === 0) yield { keys, versions: {}, hasSecret: false };
  }
}

function versionsOf(id: string, { label }: Slot): [string, string[]][] {
  if (label === 'none') return [];
  return [[versionOf(id), [id, { current: 'AWSCURRENT', previous: 'AWSPREVIOUS', pending: 'AWSPENDING' }[label]]]];
}

const ids = [P, C] as const;

/** Intents: none, live, and of each verb past its deadline, about either key; the keys are days old, so no orphans. */
export const intents: readonly TagOptions[] = [
  {},
  { intent: { at: minutesAgo(5), deadlineAt: NOW + HOUR } },
  ...transitionVerbs.flatMap((verb) =>
    ids.map((id) => ({ intent: { verb, accessKeyIds: verb === 'issue' ? [] : [id], versionId: versionOf(id) } })),
  ),
  // An issue on the second of either key, when it was a day or days old: orphans where no label names the key.
  ...[5, 6, 95].map((days) => ({ intent: { at: daysAgo(days) - HOUR / 60, accessKeyIds: [] } })),
];

/** What is on record about a key being Inactive. */
export const records: readonly TagOptions[] = [
  {},
  { deactivated: record(P, 40), notice: notice('deletion', P, 1) },
  { deactivated: record(P, 40) },
  { inactiveSeen: record(C, 40), notice: notice('deletion', C, 1) },
  { deactivated: record(P, 3) },
  { deactivated: record(C, 40), notice: notice('deletion', C, 1) },
  { deactivated: { ...record(P, 40), recoveryDays: 60 }, notice: notice('deletion', P, 1) },
  { deactivated: record(C, 3) },
  { inactiveSeen: record(P, 40) },
  { deactivated: record(G, 3) },
];

/** Keys that others know: of either of two, of one that is gone, some of them replaced since. */
export const exposures: readonly TagOptions[] = [
  { exposed: { at: daysAgo(2), accessKeyIds: [P] } },
  { exposed: { at: daysAgo(2), accessKeyIds: [C] } },
  { exposed: { at: daysAgo(2), accessKeyIds: [G] } },
  { exposed: { at: daysAgo(2), accessKeyIds: [P, C] } },
  { exposed: { at: daysAgo(2), accessKeyIds: [P], isStillActive: true } },
  { exposed: { at: daysAgo(20), accessKeyIds: [P] }, currentSince: record(C, 10) },
  { exposed: { at: daysAgo(20), accessKeyIds: [G] }, currentSince: record(C, 10) },
];

const notices: readonly (NoticeGiven | undefined)[] = [
  undefined,
  notice('deactivation', P, 1),
  notice('deactivation', P, 0.1),
  notice('deactivation', P, 1, NOW + DAY),
  notice('deactivation', C, 1),
  notice('retirement', P, 1),
];

/** The grace clock, the word of the owner and what they were last told of. */
export const clocks: readonly TagOptions[] = [
  { currentSince: undefined },
  { currentSince: record(C, 3) },
  { currentSince: record(C, 11) },
  { currentSince: record(C, 25) },
  { currentSince: record(P, 11) },
  { currentSince: record(G, 11) },
].flatMap(({ currentSince }) =>
  [undefined, record(C, 2)].flatMap((confirmed) =>
    notices.map((given) => ({
      ...(currentSince && { currentSince }),
      ...(confirmed && { confirmed }),
      ...(given && { notice: given }),
    })),
  ),
);

/** The raw tags of every combination, made once. */
export function tagSets(...dimensions: readonly (readonly TagOptions[])[]): Record<string, string>[] {
  const combined = dimensions.reduce<TagOptions[]>(
    (sets, options) => sets.flatMap((set) => options.map((option) => ({ ...set, ...option }))),
    [{}],
  );
  // Only the policy of an exposure is another one.
  const bare = secret().tags;
  return combined.map((options) => (options.exposed ? secret(options).tags : { ...bare, ...tagsOf(options) }));
}

const bare = secret();

export function stateOf(
  { keys, versions, hasSecret }: KeysAndLabels,
  tags: Record<string, string>,
  as: Partial<Secret> = {},
): UserState {
  return { user: USER, keys, ...(hasSecret ? { secret: { ...bare, ...as, versions, tags } } : {}) };
}

/** What the hand-on has come to, where somebody hands keys on. */
export const handOns: readonly TagOptions[] = [
  {},
  { handedOn: handedOn(C, 'done') },
  { handedOn: handedOn(C, 'writing') },
  { handedOn: handedOn(P, 'done') },
].map((options) => ({ ...options, raw: handOnPolicy() }));

export const holds: readonly TagOptions[] = [{}, { hold: NOW + 5 * DAY }];
