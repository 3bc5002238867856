import { select } from '../../../shared/core/fleet/select.ts';
import { formatDate } from '../../../shared/core/time.ts';
import { DAY } from '../../aws/clock.ts';
import type { Happening } from '../chronicle.ts';
import { byService, type Totals } from '../report.ts';
import { demoLimits } from '../stage.ts';
import { type Member, members } from './members.ts';
import type { OrganizationDays } from './play.ts';
import type { OrganizationStage } from './stage.ts';

export interface AccountRow {
  readonly accountId: string;
  readonly name: string;
  readonly wave: string;
  readonly state: string;
  readonly rotated: number;
  readonly deactivated: number;
  readonly deleted: number;
  /** Users whose key is too old and has no successor. */
  readonly waiting: number;
  /** The kind by which the digest told it last. */
  readonly wrong: string;
}

/** Of a row, what people read. */
const troubles: Readonly<Record<string, string>> = {
  silent: 'did not answer',
  'role-refused': 'refused its role',
  left: 'left the selection',
};

export function troubleOf({ wrong }: AccountRow): string {
  return troubles[wrong] ?? wrong;
}

/** One row for each account, in the order of their waves. */
export function accountRows(act: OrganizationDays): AccountRow[] {
  const { stage } = act;
  return members.map((member) => {
    const { accountId, name } = member;
    const own = happeningsIn(stage, (each) => each === member);
    const count = (...events: string[]) => own.filter(({ event }) => events.includes(event)).length;
    return {
      ...{ accountId, name, ...stateOf(stage, member) },
      ...{ rotated: count('issued'), deactivated: count('deactivated'), deleted: count('deleted') },
      ...{ waiting: waitingIn(stage, accountId), wrong: wrongWith(act, accountId) },
    };
  });
}

/** What the service told of the users of these accounts. */
export function happeningsIn(
  { chronicle, memberOf }: OrganizationStage,
  isMeant: (member: Member) => boolean,
): Happening[] {
  return chronicle.happenings.filter(({ userId = '', actor }) => {
    const member = memberOf.get(userId);
    return actor === 'keyturn' && member !== undefined && isMeant(member);
  });
}

function stateOf({ organization, fleet }: OrganizationStage, { accountId, name }: Member) {
  const { state = '' } = organization.organizations.tree.accounts.get(accountId) ?? {};
  const account = { accountId, name, path: organization.pathOf(accountId), state, isManagement: false };
  const selection = select(fleet, account, organization.clock.now());
  if (!selection.isMember)
    return { wave: '-', state: selection.reason === 'excluded' ? 'excluded' : state.toLowerCase() };
  const { wave = '-', enforceFrom, isDryRun } = selection;
  if (enforceFrom === undefined) return { wave, state: 'dry run' };
  const date = formatDate(enforceFrom);
  return { wave, state: isDryRun ? `dry run until ${date}` : `since ${date}` };
}

function waitingIn({ organization }: OrganizationStage, accountId: string): number {
  const { iam, clock } = organization.account(accountId);
  const since = clock.now() - demoLimits.maxAgeDays * DAY;
  const isOld = ({ createdAt }: { readonly createdAt: number }) => createdAt <= since;
  return iam.users().filter(({ keys }) => keys.length > 0 && keys.every(isOld)).length;
}

/** No trouble of these days ends. */
function wrongWith({ told }: OrganizationDays, accountId: string): string {
  return told.findLast(({ accountIds }) => accountIds.includes(accountId))?.kind ?? '';
}

export function organizationTotals({ stage, days, wallMs }: OrganizationDays): Totals {
  const { organization, checker } = stage;
  const all = happeningsIn(stage, () => true);
  const count = (event: string) => all.filter((happening) => happening.event === event).length;
  const calls = organization.calls.map(({ call }) => call);
  return {
    ...{ runs: days, issued: count('issued'), deactivated: count('deactivated'), deleted: count('deleted') },
    ...{ messages: organization.hub.sns.published.length, deadLetters: stage.deadLetters() },
    ...{ calls: calls.length, callsByService: byService(calls) },
    ...{ mutating: calls.filter(({ mutating }) => mutating).length, wallMs },
    ...{ checkedCalls: checker.checkedCalls, violations: checker.violations },
  };
}
