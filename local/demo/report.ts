import type { Call } from '../aws/aws.ts';
import { DAY } from '../aws/clock.ts';
import type { Violation } from '../checker/expectations.ts';
import { currentKeyId, keyOf, lookAt, tag } from '../checker/look.ts';
import type { Happening } from './chronicle.ts';
import type { Owner } from './owners.ts';
import type { Stage } from './stage.ts';
import type { Year } from './year.ts';

export interface Row {
  readonly userName: string;
  readonly about: string;
  readonly rotations: number;
  readonly deactivated: number;
  readonly deleted: number;
  readonly postponed: number;
  readonly blocked: number;
  readonly outageDays: number;
  /** Of the oldest Active key on the last day; undefined without one. */
  readonly oldestDays: number | undefined;
  readonly state: string;
}

export interface Totals {
  readonly runs: number;
  readonly issued: number;
  readonly deactivated: number;
  readonly deleted: number;
  readonly messages: number;
  readonly deadLetters: number;
  readonly calls: number;
  readonly callsByService: Readonly<Record<string, number>>;
  readonly mutating: number;
  readonly checkedCalls: number;
  readonly wallMs: number;
  readonly violations: readonly Violation[];
}

/** One row for each user there ever was, in order of appearance. */
export function rowsOf({ stage, happenings }: Year): Row[] {
  return [...stage.owners.values()].map((owner) => rowOf(owner, stage, happenings));
}

function rowOf({ userId, character, outageDays }: Owner, stage: Stage, happenings: readonly Happening[]): Row {
  const own = happenings.filter((happening) => happening.userId === userId && happening.actor === 'keyturn');
  const count = (...events: string[]) => own.filter(({ event }) => events.includes(event)).length;
  const user = stage.aws.iam.state.users.get(userId);
  const active = user?.keys.filter(({ status }) => status === 'Active') ?? [];
  const ages = active.map(({ createdAt }) => (stage.aws.clock.now() - createdAt) / DAY);
  return {
    userName: user?.userName ?? `${character.userName} (first)`,
    about: character.about,
    rotations: count('issued'),
    deactivated: count('deactivated', 'retired'),
    deleted: count('deleted'),
    postponed: count('postponed'),
    blocked: count('blocked'),
    outageDays,
    oldestDays: ages.length === 0 ? undefined : Math.floor(Math.max(...ages)),
    state: stateOf(stage, userId),
  };
}

/** In a few words how the user stands on the last day. */
function stateOf(stage: Stage, userId: string): string {
  const { aws } = stage;
  const user = aws.iam.state.users.get(userId);
  if (user === undefined) return 'deleted';
  const exempt = user.tags.find(({ Key }) => Key === 'keyturn:exempt')?.Value;
  if (exempt === 'true') return 'exempt';
  const { keys } = user;
  if (keys.length === 0) return 'no key';
  const look = lookAt(aws, userId);
  const current = keyOf(look, currentKeyId(look));
  if (current === undefined) return 'untouched';
  const other = keys.find(({ accessKeyId }) => accessKeyId !== current.accessKeyId);
  if (other === undefined) return 'one key';
  if (other.status === 'Inactive') return 'recovery';
  return tag(look, 'current-since')?.includes(current.accessKeyId) ? 'grace' : 'two keys';
}

export function totalsOf(year: Year): Totals {
  const { stage, happenings } = year;
  const { calls } = stage.aws;
  const count = (...events: string[]) => happenings.filter(({ event }) => events.includes(event)).length;
  return {
    runs: year.days,
    issued: count('issued'),
    deactivated: count('deactivated', 'retired'),
    deleted: count('deleted'),
    messages: stage.aws.sns.published.length,
    deadLetters: stage.aws.sqs.messages(stage.resources.deadLetterQueueUrl).length,
    calls: calls.length,
    callsByService: byService(calls),
    mutating: calls.filter(({ mutating }) => mutating).length,
    checkedCalls: stage.checker.checkedCalls,
    wallMs: year.wallMs,
    violations: stage.checker.violations,
  };
}

/** What `npm run demo` ends with. */
export function exitCodeOf({ violations }: Pick<Totals, 'violations'>): 0 | 1 {
  return violations.length === 0 ? 0 : 1;
}

/** How many calls each service was asked. */
export function byService(calls: readonly Call[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { service } of calls) counts[service] = (counts[service] ?? 0) + 1;
  return counts;
}
