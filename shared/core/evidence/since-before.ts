import type { Finding } from './finding.ts';

/** What is otherwise than in the run before. What is not known on one of the two days is not among it. */
export interface SinceBefore {
  /** Of today. */
  newFailures: readonly Finding[];
  /** As they were. */
  settled: readonly Finding[];
  newUsers: readonly Finding[];
  goneUsers: readonly Finding[];
  newKeys: readonly Finding[];
  goneKeys: readonly Finding[];
}

export function sinceBefore(findings: readonly Finding[], before: readonly Finding[]): SinceBefore {
  const [today, yesterday] = [byId(findings), byId(before)];
  const came = (isOne: IsOne) =>
    findings.filter((each) => isOne(each) && !yesterday.has(each.id) && !hides(before, each));
  const gone = (isOne: IsOne) => before.filter((each) => isOne(each) && !today.has(each.id) && !hides(findings, each));
  // A failure that was not known in between goes on from when it was.
  const wasFailure = ({ status, lastKnown }: Finding) => (lastKnown?.status ?? status) === 'fail';
  return {
    newFailures: findings.filter((each) => {
      const old = yesterday.get(each.id);
      return each.status === 'fail' && (old === undefined || !wasFailure(old));
    }),
    settled: before.filter((each) => {
      const now = today.get(each.id);
      // Changes of keys are shown for some days, and each of them is told of by itself.
      if (!wasFailure(each) || each.resource.type === 'key-change') return false;
      return now === undefined ? !hides(findings, each) : now.status === 'pass' || now.status === 'not-applicable';
    }),
    ...{ newUsers: came(isUser), goneUsers: gone(isUser), newKeys: came(isKey), goneKeys: gone(isKey) },
  };
}

type IsOne = (finding: Finding) => boolean;

const isUser: IsOne = ({ control, resource }) => control.id === 'mfa-console' && resource.type === 'iam-user';
const isKey: IsOne = ({ control, resource }) => control.id === 'key-age' && resource.type === 'iam-access-key';

/** A list that was not read stands as one error: of the account, or of the user whose keys it has. */
function hides(findings: readonly Finding[], { control, resource }: Finding): boolean {
  return findings.some(
    (each) =>
      each.status === 'error' &&
      each.control.id === control.id &&
      (each.resource.type === 'account' || (each.resource.id !== resource.id && each.resource.id === resource.userId)),
  );
}

function byId(findings: readonly Finding[]): Map<string, Finding> {
  return new Map(findings.map((finding) => [finding.id, finding]));
}
