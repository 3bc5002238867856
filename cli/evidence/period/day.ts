import type { ControlId, Finding } from '../../../shared/core/evidence/finding.ts';
import { type KeyState, keyStates } from '../../../shared/core/evidence/key-state.ts';
import type { Manifest } from '../../../shared/core/evidence/manifest.ts';
import { type Instant, parseInstant } from '../../../shared/core/time.ts';

// What a report keeps of one day: a quarter of findings is too much to hold at once.

export interface DayOfControl {
  pass: number;
  fail: number;
  error: number;
}

/** What failed, or was not known, on a day. */
export interface OpenFinding {
  id: string;
  control: ControlId;
  status: 'fail' | 'error';
  reason: string;
  sentence: string;
  resource: string;
  userName: string | undefined;
  isHandOver: boolean;
  accepted: Finding['accepted'];
}

export interface DayOfKey {
  accessKeyId: string;
  userId: string;
  userName: string;
  status: string;
  createdAt: string;
  limitDays: number;
  isOver: boolean;
  /** Where it stood, and what Keyturn answered about its user; undefined: the run does not say it. */
  state: KeyState | undefined;
  answer: string | undefined;
}

/** A user, as to MFA: `none` has no password, and needs no device. */
export interface DayOfPerson {
  userId: string;
  userName: string;
  mfa: 'with' | 'without' | 'not-known' | 'none';
}

export interface Day {
  date: string;
  /** When its run began. */
  at: Instant;
  folder: string;
  trigger: Manifest['trigger'];
  controls: ReadonlyMap<ControlId, DayOfControl>;
  open: readonly OpenFinding[];
  keys: readonly DayOfKey[];
  /** Every user; none where they were not known. */
  people: readonly DayOfPerson[];
  /** Whether the users were known: otherwise it says of no key that it is gone. */
  isListed: boolean;
  /** Users whose keys could not be listed: whether one is there is not known. */
  unlisted: ReadonlySet<string>;
}

export function dayOf({ startedAt, trigger }: Manifest, folder: string, findings: readonly Finding[]): Day {
  const controls = new Map<ControlId, DayOfControl>();
  const open: OpenFinding[] = [];
  for (const finding of findings) {
    const { status, control } = finding;
    if (status === 'not-applicable') continue;
    const counts = controls.get(control.id) ?? { pass: 0, fail: 0, error: 0 };
    counts[status]++;
    controls.set(control.id, counts);
    if (status !== 'pass') open.push(openFinding(finding, status));
  }
  const ages = findings.filter(({ control }) => control.id === 'key-age');
  const ofUsers = ages.filter(({ resource, status }) => resource.type !== 'iam-access-key' && status === 'error');
  return {
    ...{ date: startedAt.slice(0, 10), at: parseInstant(startedAt) ?? 0, folder, trigger, controls, open },
    keys: ages.filter(({ resource }) => resource.type === 'iam-access-key').map(dayOfKey),
    people: findings
      .filter(({ control, resource }) => control.id === 'mfa-console' && resource.type === 'iam-user')
      .map(dayOfPerson),
    isListed: ofUsers.every(({ resource }) => resource.type !== 'account'),
    unlisted: new Set(ofUsers.map(({ resource }) => resource.id)),
  };
}

function openFinding(finding: Finding, status: OpenFinding['status']): OpenFinding {
  const { id, control, reason, sentence, resource, accepted } = finding;
  const name = resource.userName === undefined || resource.type === 'iam-user' ? '' : ` ${resource.id}`;
  return {
    ...{ id, control: control.id, status, reason, sentence, accepted },
    resource: resource.userName === undefined ? resource.id : `${resource.userName}${name}`,
    userName: resource.userName,
    isHandOver: finding.handOver !== null,
  };
}

function dayOfKey({ resource, facts, status }: Finding): DayOfKey {
  return {
    accessKeyId: resource.id,
    userId: resource.userId ?? '',
    userName: resource.userName ?? '',
    status: String(facts.keyStatus),
    createdAt: String(facts.createdAt),
    limitDays: Number(facts.limitDays),
    isOver: status === 'fail',
    state: keyStates.find((state) => state === facts.state),
    answer: typeof facts.answer === 'string' ? facts.answer : undefined,
  };
}

const mfaByStatus = { pass: 'with', fail: 'without', error: 'not-known', 'not-applicable': 'none' } as const;

function dayOfPerson({ resource, status }: Finding): DayOfPerson {
  return { userId: resource.id, userName: resource.userName ?? '', mfa: mfaByStatus[status] };
}
