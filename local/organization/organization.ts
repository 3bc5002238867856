import { createLocalAws, type LocalAws, type LocalAwsOptions } from '../aws/aws.ts';
import type { BeforeCall, Call, WireRequest, WireResponse } from '../aws/call.ts';
import { type Clock, createClock, DAY } from '../aws/clock.ts';
import { type Connection, createConnection } from '../aws/connection.ts';
import type { Neighbours } from '../aws/iam/assume-role.ts';
import type { IamState } from '../aws/iam/iam-state.ts';
import { parseStatements } from '../aws/policies/policy.ts';
import { functionNameOf } from '../aws/principals.ts';
import { hash } from '../aws/random.ts';
import { delegationTo, type Organizations, organizationsOperations, type Ways } from './organizations-service.ts';
import { type AccountState, type MemberAccount, organizationKeys, pathOf, type Tree, type Unit } from './tree.ts';
import { presentWork } from './work.ts';

export interface NewAccount {
  readonly accountId: string;
  readonly name?: string;
  /** The unit that it is in; the root unless told. */
  readonly parent?: string;
  readonly state?: AccountState;
  readonly joinedAt?: number;
  /** In AWS Organizations. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Where its secrets are; the hub's Region unless told. */
  readonly region?: string;
}

export interface LocalOrganizationOptions
  extends Pick<
    LocalAwsOptions,
    'now' | 'ticking' | 'region' | 'roleSuffix' | 'seed' | 'latencyMs' | 'propagationMs' | 'pageSize'
  > {
  readonly organizationId?: string;
  /** The account whose functions work in the others. What is signed with no key of anybody is its. */
  readonly hub: string;
  readonly management: string;
  readonly tree: Unit;
  /** With the hub and the management account, or they are in the root. */
  readonly accounts: readonly NewAccount[];
  readonly ways?: Ways;
  /** What the names of the hub's functions begin with: `keyturn-test`. */
  readonly stack?: string;
}

/** A call of one account. */
export interface AccountCall {
  /** Whose credentials made it, and who answered. */
  readonly accountId: string;
  /** Of everything that it named by ARN or address. */
  readonly named: readonly string[];
  /** Of which accounts the invocation is that made it; undefined: it was made in none. */
  readonly about: readonly string[] | undefined;
  readonly call: Call;
}

/** An organization of accounts behind one door, on one clock: a request goes to the account of its access key. */
export interface LocalOrganization {
  readonly organizationId: string;
  readonly region: string;
  readonly clock: Clock;
  readonly hub: LocalAws;
  readonly accountIds: readonly string[];
  readonly organizations: Organizations;
  /** Every call of every account, oldest first. */
  readonly calls: readonly AccountCall[];
  account(accountId: string): LocalAws;
  /** `o-…/r-…/ou-…/`, where the account is now. */
  pathOf(accountId: string): string;
  /** Answers one request, as `LocalAws.handle` does. */
  handle(request: WireRequest, connection: Connection): Promise<WireResponse>;
  /** A caller of its own, in whichever account its credentials are. */
  connect(name: string, before?: BeforeCall): Connection;
  /** What an operator of that account signs with. */
  operatorOf(accountId: string): { accessKeyId: string; secretAccessKey: string };
  /** Runs after every call, with the account whose it was. Returns how to stop. */
  onCall(listener: (call: AccountCall) => void): () => void;
  move(accountId: string, parent: string): void;
  setState(accountId: string, state: AccountState): void;
  setTags(accountId: string, tags: Readonly<Record<string, string>>): void;
  /** It stays as it is, and is no member any more. */
  leave(accountId: string): void;
}

/** What the hub reads of the organization, so far as the management account lets it. */
const delegated = ['ListAccounts', 'DescribeAccount', 'ListTagsForResource', 'ListParents'];

export function createLocalOrganization(options: LocalOrganizationOptions): LocalOrganization {
  const { organizationId = 'o-a1b2c3d4e5', region = 'eu-west-1', now = Date.UTC(2026, 0, 1) } = options;
  const clock = createClock(now, options.ticking);
  const tree = treeOf({ ...options, organizationId, now });
  const organizations: Organizations = { tree, ways: options.ways ?? {}, delegation: undefined, trusted: new Set() };
  const operations = organizationsOperations(organizations);
  const accounts = new Map<string, LocalAws>();
  const sessions = new Map<string, string>();
  const neighbours = neighboursOf({ ...options, region }, { tree, accounts, sessions });
  const regions = new Map(options.accounts.map((account) => [account.accountId, account.region ?? region]));
  for (const accountId of tree.accounts.keys()) {
    const own = { ...options, now, region: regions.get(accountId) ?? region };
    accounts.set(accountId, accountOf(accountId, own, { clock, neighbours, organizations: operations }));
  }
  const account = (accountId: string): LocalAws => {
    const found = accounts.get(accountId);
    if (found === undefined) throw new Error(`There is no account ${accountId} here.`);
    return found;
  };
  const calls: AccountCall[] = [];
  const listeners = new Set<(call: AccountCall) => void>();
  for (const [accountId, aws] of accounts) {
    aws.onCall((call) => {
      const made = { accountId, named: namedAccounts(call), about: presentWork(), call };
      calls.push(made);
      for (const listener of listeners) listener(made);
    });
  }
  for (const { iam } of accounts.values()) iam.simulateOrganization([]);
  const hub = account(options.hub);
  organizations.delegation = delegationOf(options.hub);
  const route = (request: WireRequest, connection: Connection): Promise<WireResponse> =>
    account(ownerOf(accessKeyOf(request), { accounts, sessions, hub: options.hub })).handle(request, connection);
  const change = (accountId: string, changed: Partial<MemberAccount>): void => {
    const member = tree.accounts.get(accountId);
    if (member === undefined) throw new Error(`${accountId} is no member.`);
    tree.accounts.set(accountId, { ...member, ...changed });
  };
  return {
    ...{ organizationId, region, clock, hub, accountIds: [...accounts.keys()], organizations, calls, account },
    pathOf: (accountId) => pathOf(tree, accountId) ?? '',
    handle: route,
    connect: (name, before) => createConnection(name, before, route),
    operatorOf: (accountId) => ({ accessKeyId: operatorKey(accountId), secretAccessKey: 'not-verified' }),
    onCall(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    move: (accountId, parent) => change(accountId, { parent }),
    setState: (accountId, state) => change(accountId, { state }),
    setTags: (accountId, tags) => change(accountId, { tags }),
    leave: (accountId) => void tree.accounts.delete(accountId),
  };
}

function treeOf({
  organizationId,
  management,
  hub,
  tree,
  accounts,
  now,
}: LocalOrganizationOptions & { organizationId: string; now: number }): Tree {
  const given = [...accounts.map(({ accountId }) => accountId)];
  const more = [...new Set([management, hub])].filter((id) => !given.includes(id)).map((accountId) => ({ accountId }));
  const members = [...more, ...accounts].map(({ accountId, ...account }: NewAccount): [string, MemberAccount] => [
    accountId,
    {
      ...{ accountId, name: account.name ?? `account-${accountId}`, parent: account.parent ?? tree.id },
      ...{ state: account.state ?? 'ACTIVE', joinedAt: account.joinedAt ?? now - 400 * DAY, tags: account.tags ?? {} },
    },
  ]);
  return { organizationId, managementId: management, root: tree, accounts: new Map(members) };
}

/** No two accounts make the same IDs. */
function accountOf(
  accountId: string,
  options: LocalOrganizationOptions & { now: number; region: string },
  membership: NonNullable<LocalAwsOptions['membership']>,
): LocalAws {
  const { now, region, roleSuffix, seed = 1, latencyMs, propagationMs, pageSize } = options;
  return createLocalAws({
    ...{ accountId, now, region, membership, seed: hash(`${seed} ${accountId}`) },
    ...(roleSuffix !== undefined && { roleSuffix }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(propagationMs !== undefined && { propagationMs }),
    ...(pageSize !== undefined && { pageSize }),
  });
}

interface Known {
  readonly tree: Tree;
  readonly accounts: ReadonlyMap<string, LocalAws>;
  readonly sessions: Map<string, string>;
}

function neighboursOf(
  { hub, region, roleSuffix = '', stack = 'keyturn-test' }: LocalOrganizationOptions & { region: string },
  { tree, accounts, sessions }: Known,
): Neighbours {
  return {
    iamOf: (accountId) => accounts.get(accountId)?.iam.state,
    accountOfKey: (accessKeyId) => sessions.get(accessKeyId) ?? issuerOf(accessKeyId, accounts),
    organizationKeys: (caller, resource) => organizationKeys(tree, caller, resource),
    sourceFunctionOf(roleArn) {
      const name = functionNameOf(roleArn, hub, roleSuffix);
      return name === undefined ? undefined : `arn:aws:lambda:${region}:${hub}:function:${stack}-${name}`;
    },
    onSession: (accessKeyId, accountId) => void sessions.set(accessKeyId, accountId),
  };
}

function delegationOf(hub: string): NonNullable<Organizations['delegation']> {
  const document = delegationTo(
    hub,
    delegated.map((name) => `organizations:${name}`),
  );
  return { document, statements: parseStatements(JSON.parse(document)) };
}

const isIn = (state: IamState, accessKeyId: string): boolean =>
  state.secretAccessKey(accessKeyId) !== undefined || state.sessions.has(accessKeyId);

function issuerOf(accessKeyId: string, accounts: ReadonlyMap<string, LocalAws>): string | undefined {
  for (const [accountId, { iam }] of accounts) if (isIn(iam.state, accessKeyId)) return accountId;
  return undefined;
}

function ownerOf(
  accessKeyId: string,
  { accounts, sessions, hub }: Pick<Known, 'accounts' | 'sessions'> & { hub: string },
): string {
  const operator = /^ASIAOPERATOR(\d{12})$/.exec(accessKeyId)?.[1];
  const taken = operator ?? sessions.get(accessKeyId);
  if (taken !== undefined) return taken;
  // Roles of functions have the same keys in every account: here they are the hub's.
  if (accounts.get(hub)?.iam.state.roles.has(accessKeyId)) return hub;
  return issuerOf(accessKeyId, accounts) ?? hub;
}

function operatorKey(accountId: string): string {
  return `ASIAOPERATOR${accountId}`;
}

function accessKeyOf({ headers }: WireRequest): string {
  return /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** Of resources that a call is about. Documents and messages may name whom they like. */
function namedAccounts({ service, input }: Call): string[] {
  const named = Object.values(input).flatMap((value) => {
    if (typeof value !== 'string') return [];
    if (service === 'organizations' && /^\d{12}$/.test(value)) return value;
    const inArn = /^arn:[\w-]+:[\w-]+:[\w-]*:(\d{12}):\S*$/.exec(value)?.[1];
    return inArn ?? /^https?:\/\/[^/]+\/(\d{12})\/\S+$/.exec(value)?.[1] ?? [];
  });
  return [...new Set(named)];
}
