import type { Call, LocalAws } from '../aws/aws.ts';
import { DAY } from '../aws/clock.ts';
import { changesOf, currentKeyOf, parseValue, secretOf, tagsOf, userOfCall } from '../checker/key-state.ts';
import { createSecrecy } from '../checker/secrecy.ts';
import { keyIdOfLabel, unsigned } from '../checker/unsigned.ts';
import { createAnnouncements } from './announcements.ts';
import { type Asked, createRules, type Expectations } from './key-rules.ts';

/** Something that may never be, and was. */
export interface Violation {
  readonly at: number;
  readonly userName: string;
  readonly what: string;
  /** The call after which it was so, or where it was found. */
  readonly where: string;
}

export interface Checker {
  readonly violations: readonly Violation[];
  /** Calls after which everything was checked. */
  readonly checkedCalls: number;
  /** While true, no call may change anything. */
  isDryRun: boolean;
  /** Notes what is asked for by hand, before it is carried out. */
  asked(userId: string, what: Asked): void;
  /** Looks for secrets in a log line, an error or what a handler returned. */
  readText(where: string, text: string): void;
  /** Between two runs: whatever changed more than a day ago, at the end whatever changed, must have been announced. */
  atRest(isLast?: boolean): void;
  stop(): void;
}

/** A command that was given by hand is carried out within this. */
const commandMs = 15 * 60_000;

/**
 * Watches an embedded AWS and judges it after every single call, from its own state alone: design section 5. Shares no
 * code with the service, so that a mistake there is not repeated here.
 */
export function createChecker(aws: LocalAws, expected: Expectations): Checker {
  const violations: Violation[] = [];
  const secrecy = createSecrecy(aws);
  const told = createAnnouncements(aws);
  const requests: { userId: string; what: Asked; at: number; currentId: string | undefined }[] = [];
  const rules = createRules(aws, { told, expected, wasAsked });
  const verified = new Set<string>();
  let checkedCalls = 0;
  let isDryRun = false;

  function wasAsked(userId: string, at: number, ...what: Asked[]): boolean {
    return requests.some((request) => {
      if (request.userId !== userId || !what.includes(request.what)) return false;
      // A confirmation holds until another key is the current one; everything else is done at once.
      if (request.what === 'confirm') return request.currentId === currentKeyOf(aws, userId)?.accessKeyId;
      return at - request.at < commandMs;
    });
  }

  function report(call: Call, userName: string, what: string): void {
    const where = `${call.service}:${call.operation}, call ${call.n} of ${call.caller}, answered ${call.outcome}`;
    violations.push({ at: call.at, userName, what, where });
  }

  function judgeKeys(call: Call): void {
    for (const { kind, key } of changesOf(aws, call.at)) {
      const { userName, userId, accessKeyId } = key;
      told.expect(kind, key, call.at);
      const fault = {
        made: () => rules.creationFault(key, call.at),
        deactivated: () => rules.deactivationFault(key, call.at),
        deleted: () => rules.deletionFault(key, call.at),
        reactivated: () => (wasAsked(userId, call.at, 'rollback') ? undefined : 'was reactivated and nobody had asked'),
      }[kind]();
      if (fault !== undefined) report(call, userName, `${accessKeyId} ${fault}.`);
    }
  }

  /** A dry run changes nothing; exempt and held users are not touched unless somebody asks by hand. */
  function judgeWrite(call: Call): void {
    const user = userOfCall(aws, call);
    const userName = user?.userName ?? '-';
    if (isDryRun) report(call, userName, 'A dry run changed something.');
    if (user === undefined || call.operation === 'UpdateUser' || isAboutPolicy(call)) return;
    const isBefore = (date: string | undefined) =>
      date !== undefined && (date === 'true' || call.at < Date.parse(date));
    if (isBefore(tagsOf(user)['keyturn:exempt'])) report(call, userName, 'An exempt user was touched.');
    const hold = secretOf(aws, user.userId)?.tags['keyturn:hold'];
    const isHeld = hold !== undefined && isBefore(unsigned(hold));
    if (isHeld && !wasAsked(user.userId, call.at, 'hold', 'rollback'))
      report(call, userName, 'A held user was touched.');
  }

  /** A label that is a key ID means: this key is stored here, its owner alone may read it, and it works. */
  function judgeLabels(call: Call): void {
    for (const { name, versions, policy } of aws.secrets.all()) {
      const [, userId = name] = name.split('/');
      for (const { versionId, labels, value } of versions) {
        for (const label of labels.map(keyIdOfLabel).filter((id) => id !== undefined)) {
          if (verified.has(`${versionId} ${label}`)) continue;
          verified.add(`${versionId} ${label}`);
          const stored = parseValue(value ?? '');
          const isRight = stored?.accessKeyId === label && stored.secretAccessKey === aws.iam.secretAccessKeyOf(label);
          if (!isRight) report(call, name, `The version labelled ${label} does not hold that key.`);
          if (aws.iam.state.findKey(label)?.key.lastUsed === undefined) {
            report(call, name, `${label} was stored before it was proven to work.`);
          }
          if (!policy?.includes(userId))
            report(call, name, `${label} was stored without a policy that names its owner.`);
        }
      }
    }
  }

  /** Nobody's time runs before they are told. */
  function judgeGrace(call: Call): void {
    const user = userOfCall(aws, call);
    const [, accessKeyId] = secretOf(aws, user?.userId ?? '')?.tags['keyturn:current-since']?.split(' ') ?? [];
    if (user === undefined || accessKeyId === undefined || verified.has(`grace ${accessKeyId}`)) return;
    verified.add(`grace ${accessKeyId}`);
    const events = ['issued', 'grace-restarted', 'moved-forward', 'reactivated'];
    const isTold = told.latest(user.userId, events, [accessKeyId]) !== undefined;
    if (!isTold) report(call, user.userName, `The grace period of ${accessKeyId} began before its owner was told.`);
  }

  const stop = aws.onCall((call) => {
    checkedCalls++;
    if (secrecy.leaks(JSON.stringify(call.input))) report(call, '-', 'A secret access key was sent in the open.');
    told.read();
    if (!call.mutating || call.outcome !== 'ok') return;
    judgeWrite(call);
    if (call.service === 'iam') judgeKeys(call);
    if (call.service !== 'secretsmanager') return;
    judgeLabels(call);
    judgeGrace(call);
  });

  return {
    violations,
    get checkedCalls() {
      return checkedCalls;
    },
    get isDryRun() {
      return isDryRun;
    },
    set isDryRun(value) {
      isDryRun = value;
    },
    asked(userId, what) {
      requests.push({ userId, what, at: aws.clock.now(), currentId: currentKeyOf(aws, userId)?.accessKeyId });
    },
    readText(where, text) {
      if (!secrecy.leaks(text)) return;
      violations.push({ at: aws.clock.now(), userName: '-', what: 'A secret access key was written down.', where });
    },
    atRest(isLast = false) {
      const now = aws.clock.now();
      for (const { userName, what } of told.overdue(isLast ? now : now - DAY)) {
        violations.push({ at: now, userName, what: `${what} was not announced.`, where: 'between two runs' });
      }
    },
    stop,
  };
}

/** Who may read and write a secret follows the settings of today, whoever is held. */
function isAboutPolicy({ operation, input }: Call): boolean {
  if (operation === 'PutResourcePolicy') return true;
  return (
    operation === 'TagResource' &&
    JSON.stringify(input.Tags).match(/"Key":/g)?.length === 1 &&
    JSON.stringify(input.Tags).includes('keyturn:policy')
  );
}
