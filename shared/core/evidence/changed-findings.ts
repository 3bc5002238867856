import * as z from '../zod.ts';
import { type Finding, type FindingResource, findingStatuses } from './finding.ts';
import { shortKey } from './judge-keys.ts';

// What became different between two runs, for whoever has it sent to them. What somebody has accepted, and what Keyturn is
// about to end, is no news: the messages about the key tell of the latter.

const status = z.enum([...findingStatuses, 'none']);
export const changedFinding = z.object({
  control: z.string(),
  /** As a person calls it. Of an access key the last four characters. */
  resource: z.string(),
  /** `none`: there was, or is, no such finding. */
  from: status,
  to: status,
  /** It fails, or is not known, and neither was so before. Otherwise it has settled. */
  isWorse: z.boolean(),
  sentence: z.string(),
});
export type ChangedFinding = z.infer<typeof changedFinding>;

/** What got worse first. */
export function changedSince(before: readonly Finding[], now: readonly Finding[]): ChangedFinding[] {
  const old = new Map(before.map((finding) => [finding.id, finding]));
  const there = new Set(now.map(({ id }) => id));
  const changed = now.flatMap((finding): ChangedFinding[] => {
    const was = old.get(finding.id);
    const state = stateOf(finding);
    if (state === (was === undefined ? 'calm' : stateOf(was))) return [];
    const { status: to, sentence } = finding;
    return [{ ...namesOf(finding), from: was?.status ?? 'none', to, isWorse: state !== 'calm', sentence }];
  });
  // A control of which the whole population could not be read has lost its findings, and nothing has settled.
  const blind = new Set(now.filter(isBlind).map(({ control }) => control.id));
  const gone = before.filter((finding) => stateOf(finding) !== 'calm' && !there.has(finding.id) && hasEnd(finding));
  const settled = gone
    .filter(({ control }) => !blind.has(control.id))
    .map((finding): ChangedFinding => {
      const sentence = isBlind(finding) ? 'It is known again.' : 'It is gone.';
      return { ...namesOf(finding), from: finding.status, to: 'none', isWorse: false, sentence };
    });
  return [...changed.filter(({ isWorse }) => isWorse), ...changed.filter(({ isWorse }) => !isWorse), ...settled];
}

/** Both, where the earlier were perhaps never told of: what has changed again since is told as it is now. */
export function alsoChanged(earlier: readonly ChangedFinding[], now: readonly ChangedFinding[]): ChangedFinding[] {
  const nameOf = ({ control, resource }: ChangedFinding): string => JSON.stringify([control, resource]);
  const again = new Set(now.map(nameOf));
  const all = [...now, ...earlier.filter((change) => !again.has(nameOf(change)))];
  return [...all.filter(({ isWorse }) => isWorse), ...all.filter(({ isWorse }) => !isWorse)];
}

/** What asks for somebody: nobody has accepted it, and Keyturn does not end it. */
export function isOpen({ status: is, accepted, handOver }: Finding): boolean {
  return (is === 'fail' || is === 'error') && accepted === null && handOver === null;
}

function stateOf(finding: Finding): 'calm' | 'fail' | 'error' {
  if (!isOpen(finding)) return 'calm';
  return finding.status === 'error' ? 'error' : 'fail';
}

function isBlind({ status: is, resource }: Pick<Finding, 'status' | 'resource'>): boolean {
  return is === 'error' && resource.type === 'account';
}

/** A change of a key is looked at for some days, and neither it nor its failure ends with them. */
function hasEnd({ resource }: Finding): boolean {
  return resource.type !== 'key-change';
}

function namesOf({ control, resource }: Finding): Pick<ChangedFinding, 'control' | 'resource'> {
  return { control: control.id, resource: nameOf(resource) };
}

function nameOf({ type, id, userName }: FindingResource): string {
  if (type === 'iam-access-key') return `${userName ?? ''} ${shortKey(id)}`.trim();
  return userName ?? id;
}
