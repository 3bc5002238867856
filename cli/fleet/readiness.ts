import type { AccountReason } from '../../shared/core/fleet/account-reasons.ts';
import type { OrganizationAccount } from '../../shared/core/fleet/select.ts';
import type { TrustFindingKind } from '../../shared/core/fleet/trust.ts';
import { isReason } from '../../shared/core/reasons.ts';
import type { Asked } from './hub.ts';

/** What of the answer of `{"check": true, "accountId"}` is read here; docs/reference.md explains each field. */
export interface CheckAnswer {
  wave?: string;
  dryRun: boolean;
  status: 'ready' | 'not-selected' | 'refused';
  findings: readonly Answered[];
}

interface Answered {
  /** What exactly was found, where several things are counted as one reason. */
  kind?: string;
  reason: string;
  message: string;
}

/** Something about an account that somebody may put right, and how. */
export interface Finding {
  reason: string;
  message: string;
  /** A command, or a sentence where there is none. */
  todo: string;
}

export interface CheckedAccount {
  account: OrganizationAccount;
  wave?: string;
  /** `failed`: the hub's function could not say. */
  status: CheckAnswer['status'] | 'failed';
  /** Nothing would be changed there yet. */
  isDryRun: boolean;
  findings: readonly Finding[];
}

/** What commands need to be ready to be typed. */
export interface Ways {
  hubAccount: string;
  file: string;
  suffix: string;
  /** The account's, which is where its secrets are. */
  region: string;
  /** The fleet's: each account asks for it with its own ID behind. */
  externalId: string;
}

interface Meaning {
  called: string;
  todo: (accountId: string, ways: Ways) => string;
}

/** What each finding is counted as, and what puts it right. */
export const meanings: Readonly<Record<string, Meaning>> = {
  'role-refused': {
    called: 'no role',
    todo: (accountId, ways) => `${deployRoles(accountId, ways)}. ${lookAtTrust(ways)}`,
  },
  joining: { called: 'joining', todo: () => 'Nothing: the StackSet brings the roles within the day.' },
  'trust-changed': { called: 'trust changed', todo: deployRoles },
  'own-deployment': {
    called: 'has a Keyturn of its own',
    todo: (accountId) => `keyturn fleet adopt --account ${accountId}, then remove that stack`,
  },
  'second-hub': {
    called: 'has a second hub',
    todo: () => 'Give each hub a userPathPrefix of its own, or remove the roles of one.',
  },
  paused: {
    called: 'paused',
    todo: (_, { suffix }) =>
      `In that account: aws iam untag-role --role-name keyturn-rotate${suffix} --tag-keys keyturn:paused`,
  },
  'looks-only': {
    called: 'looks only',
    todo: () => 'Nothing, while nothing should be changed there; then deploy its roles with Rotates=true.',
  },
  'template-outdated': { called: 'older template', todo: deployRoles },
  'parameters-differ': { called: 'other parameters', todo: deployRoles },
  'denied-by-organization': {
    called: 'denied by the organization',
    todo: (accountId) =>
      `In the management account: aws organizations list-policies-for-target --target-id ${accountId} --filter SERVICE_CONTROL_POLICY`,
  },
  'denied-in-account': { called: 'denied in the account', todo: deployRoles },
  'not-simulated': { called: 'not known', todo: () => 'Begin with this account in a wave of its own.' },
  'region-not-enabled': {
    called: 'Region not enabled',
    todo: (accountId, { region }) =>
      `aws account enable-region --account-id ${accountId} --region-name ${region}, or set \`region\` for it in fleet.yml`,
  },
  'not-tagged': {
    called: 'not tagged',
    todo: () => 'Nothing, unless it should belong: tag the account in AWS Organizations.',
  },
  failed: { called: 'failed', todo: (accountId) => `keyturn fleet check --account ${accountId}` },
} satisfies Partial<Record<AccountReason | TrustFindingKind, Meaning>>;

function deployRoles(_: string, { hubAccount, file, suffix }: Ways): string {
  const named = suffix === '' ? '' : ` --suffix=${suffix}`;
  return `keyturn fleet members --hub-account ${hubAccount} --fleet ${file}${named} --profile <management account>`;
}

/** Nobody who is not let in can see why, so the account itself is asked. */
function lookAtTrust({ suffix, externalId }: Ways): string {
  const command = `aws iam get-role --role-name keyturn-observe${suffix} --query Role.AssumeRolePolicyDocument`;
  return `If its stack is there, another hub may have made it. In that account: ${command} should say "sts:ExternalId": "${externalId}/<account>"`;
}

const deployHub = (file: string): string => `npx sls deploy --param="fleet=${file}"`;

/** The account as the hub sees it. Of one that the deployed fleet does not know, this fleet.yml is not deployed yet. */
export function judge(
  { account, answered, failure }: Asked<CheckAnswer>,
  isDryRun: boolean,
  ways: Ways,
): CheckedAccount {
  const { accountId } = account;
  if (answered === undefined) {
    const message = failure?.message ?? 'the function gave no answer';
    return {
      account,
      status: 'failed',
      isDryRun,
      findings: [findingOf({ reason: 'failed', message }, accountId, ways)],
    };
  }
  const findings = answered.findings.map((each) => {
    const found = findingOf(each, accountId, ways);
    const isUndeployed = answered.status === 'not-selected' && each.reason !== 'not-tagged';
    return isUndeployed ? { ...found, todo: deployHub(ways.file) } : found;
  });
  const wave = answered.wave === undefined ? {} : { wave: answered.wave };
  return { account, ...wave, status: answered.status, isDryRun: answered.dryRun, findings };
}

function findingOf({ kind, reason, message }: Answered, accountId: string, ways: Ways): Finding {
  const meaning = meanings[kind ?? reason] ?? meanings[reason];
  const explain = isReason(reason) ? `keyturn explain ${reason}` : 'docs/fleet.md says what it means.';
  return { reason, message, todo: meaning?.todo(accountId, ways) ?? explain };
}

/** A tag of its account keeps it out, as fleet.yml says: nobody has to do anything. */
export function isLeftOut({ status, findings }: CheckedAccount): boolean {
  return status === 'not-selected' && findings.every(({ reason }) => reason === 'not-tagged');
}

export function isReady(checked: CheckedAccount): boolean {
  return checked.status === 'ready' || isLeftOut(checked);
}

/** `998 ready · 2 no role · 1 trust changed`: each account by the first thing that keeps it from being ready. */
export function summaryOf(checked: readonly CheckedAccount[]): string {
  const counts = new Map<string, number>([['ready', 0]]);
  for (const each of checked) {
    const called = each.status === 'ready' ? 'ready' : calledBy(each);
    counts.set(called, (counts.get(called) ?? 0) + 1);
  }
  return [...counts].map(([called, count]) => `${count} ${called}`).join(' · ');
}

/** `no role`. */
export function calledBy({ status, findings: [first] }: CheckedAccount): string {
  if (first === undefined) return status;
  if (status === 'not-selected' && first.reason !== 'not-tagged') return 'not deployed yet';
  return meanings[first.reason]?.called ?? first.reason;
}
