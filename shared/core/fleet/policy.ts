import { SettingsError } from '../errors.ts';
import { formatDate } from '../time.ts';
import type { Fleet, Units } from './fleet.ts';
import { type MemberRole, memberRoleName, ROLE_PATH } from './member-roles.ts';

/** A statement of an IAM policy, as JSON has it. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: 'sts:AssumeRole';
  readonly Resource: string | readonly string[];
  readonly Condition?: Conditions;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

/** Which of them each function of the hub takes. The trust policies of the members say the same. */
export const rolesTaken = {
  'scheduled-rotation': ['observe'],
  'rotation-worker': ['rotate'],
  'rotate-user': ['observe', 'rotate'],
  'exposed-key': ['observe', 'rotate'],
  'config-rule': ['observe'],
  'config-remediation': ['observe'],
} as const satisfies Record<string, readonly MemberRole[]>;

/** The same with evidence, which only looks: without it the function is never started, and takes none. */
export const rolesTakenWithEvidence = { ...rolesTaken, 'evidence-collector': ['observe'] } as const;

/** Functions that know the fleet: the recorder takes no role, and keeps what is told of members. */
export const knowFleet = [...Object.keys(rolesTakenWithEvidence), 'evidence-recorder'];

/** Where the policies are deployed. */
export interface Hub {
  readonly partition: string;
  readonly roleSuffix: string;
}

/** A role in any member. */
function roleAnywhere(role: MemberRole, { partition, roleSuffix }: Hub): string {
  return `arn:${partition}:iam::*:role${ROLE_PATH}${memberRoleName(role, roleSuffix)}`;
}

/** One function of the hub. */
export interface Taker extends Hub {
  readonly roles: readonly MemberRole[];
  readonly functionArn: string;
}

/**
 * Whose roles one function of the hub may take: the fleet of `fleet.yml` as IAM understands it, so that a wrong message,
 * a mistake or a forged event is refused the session that it would need. It says what `select` says, but for State, tags
 * and the management account, of which IAM knows nothing.
 */
export function assumeRoleStatements(fleet: Fleet, taker: Taker): PolicyStatement[] {
  return [...denials(fleet, taker), ...grants(fleet, taker)];
}

/** Who is of the fleet: the ceiling. For one function, since a session of its role is worth nothing elsewhere. */
export function grants({ organizationId, select }: Fleet, taker: Taker): PolicyStatement[] {
  const { roles, functionArn } = taker;
  const grant = (sid: string, where: Conditions): PolicyStatement => ({
    Sid: sid,
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Resource: roles.map((role) => roleAnywhere(role, taker)),
    Condition: joined({ StringEquals: { 'aws:ResourceOrgID': organizationId } }, where, {
      ArnEquals: { 'lambda:SourceFunctionArn': functionArn },
    }),
  });
  const { organizationalUnits, accounts } = select;
  return [
    ...(organizationalUnits.length > 0 ? [grant('Fleet', inUnits(organizationId, organizationalUnits))] : []),
    // Without a path no Deny by organizational unit would bind.
    ...(accounts.length > 0
      ? [grant('FleetAccounts', joined(inAccounts(accounts), { Null: { 'aws:ResourceOrgPaths': 'false' } }))]
      : []),
  ];
}

/** Who is not, and where nothing may change yet. The same for every function. */
export function denials({ organizationId, exclude, waves }: Fleet, hub: Hub): PolicyStatement[] {
  const deny = (Sid: string, Resource: string | readonly string[], Condition?: Conditions): PolicyStatement => ({
    Sid,
    Effect: 'Deny',
    Action: 'sts:AssumeRole',
    Resource,
    ...(Condition !== undefined && Object.keys(Condition).length > 0 ? { Condition } : {}),
  });
  const roleOf = (accountId: string): string => `arn:${hub.partition}:iam::${accountId}:role/*`;
  const rotate = roleAnywhere('rotate', hub);
  return [
    ...(exclude.accounts.length > 0 ? [deny('ExcludedAccounts', exclude.accounts.map(roleOf))] : []),
    ...(exclude.organizationalUnits.length > 0
      ? [deny('ExcludedUnits', roleOf('*'), inUnits(organizationId, exclude.organizationalUnits))]
      : []),
    // Members say so too. Here it spares them the call.
    deny('Paused', rotate, { StringEqualsIgnoreCase: { 'aws:ResourceTag/keyturn:paused': 'true' } }),
    ...waves.flatMap(({ organizationalUnits, accounts, enforceFrom }, index) => {
      const notYet: Conditions =
        enforceFrom === undefined
          ? {}
          : { DateLessThan: { 'aws:CurrentTime': `${formatDate(enforceFrom)}T00:00:00Z` } };
      // An account is in the first wave that names it.
      const elsewhere = joined(notIn(organizationId, waves.slice(0, index)), notYet);
      return [
        ...(organizationalUnits.length > 0
          ? [deny(`Wave${index}Units`, rotate, joined(inUnits(organizationId, organizationalUnits), elsewhere))]
          : []),
        ...(accounts.length > 0 ? [deny(`Wave${index}Accounts`, rotate, joined(inAccounts(accounts), elsewhere))] : []),
      ];
    }),
    deny('NoWave', rotate, notIn(organizationId, waves)),
  ];
}

function inAccounts(accounts: readonly string[]): Conditions {
  return { StringEquals: { 'aws:ResourceAccount': accounts } };
}

function inUnits(organizationId: string, units: readonly string[]): Conditions {
  return { 'ForAnyValue:StringLike': { 'aws:ResourceOrgPaths': paths(organizationId, units) } };
}

/** In none of them. Both hold where AWS says neither path nor account, so a Deny does. */
function notIn(organizationId: string, all: readonly Units[]): Conditions {
  const units = all.flatMap(({ organizationalUnits }) => organizationalUnits);
  const accounts = all.flatMap((each) => each.accounts);
  return {
    ...(units.length > 0
      ? { 'ForAllValues:StringNotLike': { 'aws:ResourceOrgPaths': paths(organizationId, units) } }
      : {}),
    ...(accounts.length > 0 ? { StringNotEquals: { 'aws:ResourceAccount': accounts } } : {}),
  };
}

/** A path begins with organization and root; a unit is somewhere behind them, so that nobody has to look up where. */
function paths(organizationId: string, units: readonly string[]): string[] {
  return units.map((unit) => `${organizationId}/${unit.startsWith('r-') ? '' : '*/'}${unit}/*`);
}

/** All of them hold; of one operator, for each of its keys. */
function joined(...all: readonly Conditions[]): Conditions {
  const operators = [...new Set(all.flatMap((each) => Object.keys(each)))];
  return Object.fromEntries(
    operators.map((operator) => [
      operator,
      Object.fromEntries(all.flatMap((each) => Object.entries(each[operator] ?? {}))),
    ]),
  );
}

/** Of a managed policy, without blanks. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const POLICY_CHARACTERS = 6_144;
/** Of the ten that a role may have, four are the fleet's. */
export const POLICIES_MAX = 4;

/**
 * The statements as managed policies, in their order: who puts them in place one after the other has every Deny before
 * the first Allow. A statement is never split, because a condition in two halves says something else. Throws a
 * SettingsError for what IAM would not take.
 */
export function managedPolicies(statements: readonly PolicyStatement[]): PolicyDocument[] {
  const documents: PolicyStatement[][] = [];
  for (const statement of statements) {
    const size = lengthOf([statement]);
    if (size > POLICY_CHARACTERS) {
      throw new SettingsError(
        `fleet.yml makes a statement of ${figure(size)} characters (${statement.Sid}), and IAM takes ` +
          `${figure(POLICY_CHARACTERS)}: use organizational units instead of accounts, and one unit above many`,
      );
    }
    const last = documents.at(-1);
    if (last !== undefined && lengthOf([...last, statement]) <= POLICY_CHARACTERS) last.push(statement);
    else documents.push([statement]);
  }
  return documents.map(documentOf);
}

/** Throws a SettingsError if a role would have more of them than are kept free for the fleet. */
export function checkPolicies(documents: readonly PolicyDocument[]): void {
  if (documents.length <= POLICIES_MAX) return;
  const size = documents.reduce((sum, { Statement }) => sum + lengthOf(Statement), 0);
  throw new SettingsError(
    `fleet.yml makes ${figure(size)} characters of policy, in ${documents.length} policies of at most ` +
      `${figure(POLICY_CHARACTERS)}, and IAM takes ${POLICIES_MAX}: use organizational units instead of accounts`,
  );
}

function documentOf(statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements };
}

function lengthOf(statements: readonly PolicyStatement[]): number {
  return JSON.stringify(documentOf(statements)).length;
}

/** With commas: `6,144`. */
function figure(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
